//! The same files and states give the same bytes on any machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::Project;

/// Everything that `rev` says of our own project without a database: each form of
/// a plan, a saved one, and the snapshots.
fn said(project: &Project, variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    let run = |words: &str| {
        let words: Vec<&str> = words.split_whitespace().collect();
        let answer = project.rev_with(&words, variables);
        assert_eq!(answer.exit, Some(0), "{answer}");
        answer.out
    };
    let mut said = BTreeMap::new();
    for plan in [
        "plan db1@head db2@head --from base",
        "plan switch db1@missions@head db2@e48f --from db1=b6e1 --from db2=86b0",
    ] {
        for format in ["text", "text -v", "json", "sql", "mermaid", "markdown"] {
            let words = format!("{plan} --format {format}");
            said.insert(words.clone(), run(&words));
        }
        run(&format!("{plan} -q --save plan.yaml"));
        said.insert(format!("{plan} --save"), read(project, "plan.yaml"));
    }
    for words in ["history --format json", "heads --format json", "graph"] {
        // Where files lie is theirs to say.
        let answer = run(words);
        let lines = answer.lines().filter(|line| !line.contains("\"path\""));
        said.insert(words.to_owned(), lines.collect::<Vec<_>>().join("\n"));
    }
    run("snapshot --update");
    for name in ["fresh", "from-the-merge"] {
        said.insert(
            name.to_owned(),
            read(project, &format!("snapshots/{name}.txt")),
        );
    }
    said
}

fn read(project: &Project, name: &str) -> String {
    std::fs::read_to_string(project.path().join(name)).expect("a file")
}

fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

fn own_text(name: &str) -> String {
    std::fs::read_to_string(own(name)).expect("a file")
}

/// Our own revision files, in the order of their names.
fn own_revisions() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(own("revisions")).expect("listed");
    let mut files: Vec<(String, String)> = entries
        .map(|entry| {
            let name = entry.expect("an entry").file_name();
            let name = name.into_string().expect("a name in UTF-8");
            let text = own_text(&format!("revisions/{name}"));
            (name, text)
        })
        .collect();
    files.sort();
    files
}

fn as_it_is() -> Project {
    let project = Project::empty();
    project.write("rev.yaml", &own_text("rev.yaml"));
    for (name, text) in own_revisions() {
        project.write(&format!("revisions/{name}"), &text);
    }
    project
}

#[track_caller]
fn same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) {
    for (words, bytes) in one {
        assert_eq!(bytes, &other[words], "{words}");
    }
}

#[test]
fn files_in_another_order_under_other_names_elsewhere_give_the_same_bytes() {
    let shuffled = Project::empty();
    for (number, (_, text)) in own_revisions().into_iter().rev().enumerate() {
        let name = format!("revisions/part {}/{:02}.yml", number % 3, 50 - number);
        shuffled.write(&name, &text.replace('\n', "\r\n"));
    }
    let settings = own_text("rev.yaml");
    let (head, databases) = settings.split_once("databases:").expect("databases");
    let (databases, snapshots) = databases.split_once("\n#").expect("snapshots");
    let turned = format!("#{snapshots}\ndatabases:{databases}\n{head}");
    shuffled.write("rev.yaml", &turned);
    same(&said(&as_it_is(), &[]), &said(&shuffled, &[]));
}

#[test]
fn another_locale_time_zone_and_home_give_the_same_bytes() {
    let elsewhere = [
        ("LC_ALL", "tr_TR.UTF-8"),
        ("LANG", "de_DE.UTF-8"),
        ("TZ", "Asia/Kathmandu"),
        ("HOME", "/nonexistent"),
        ("USER", "somebody"),
        ("COLUMNS", "20"),
        ("TERM", "xterm-256color"),
    ];
    let project = as_it_is();
    let here = said(&project, &[("LC_ALL", "C"), ("TZ", "UTC")]);
    same(&here, &said(&project, &elsewhere));
}

#[test]
fn two_clones_give_the_same_bytes() {
    let origin = as_it_is();
    origin.write("revisions/.gitkeep", "");
    git(origin.path(), &["init", "-q"]);
    git(origin.path(), &["add", "."]);
    git(origin.path(), &["commit", "-q", "-m", "all"]);
    let clone = |settings: &[&str]| {
        let project = Project::empty();
        let from = origin.path().to_str().expect("a path in UTF-8");
        let words = [&["clone", "-q"], settings, &[from, "."]].concat();
        git(project.path(), &words);
        said(&project, &[])
    };
    let (one, other) = (clone(&[]), clone(&["-c", "core.autocrlf=true"]));
    same(&one, &other);
    same(&said(&origin, &[]), &one);
    assert_eq!(one["fresh"], own_text("snapshots/fresh.txt"));
}

#[track_caller]
fn git(folder: &Path, words: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
        .args(words)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {words:?}: {errors}");
}
