//! Completion as one types: what a real bash makes of it, and what the other shells are told.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Project, table};
use crate::terminal::Sitting;

fn project() -> Project {
    let billing = table("cccc1111", "aaaa1111", "invoice") + "branch_labels: [billing]\n";
    Project::with(&[
        ("aaaa1111_add_hero", table("aaaa1111", "null", "hero")),
        ("cccc1111_add_invoice", billing),
    ])
}

/// What a shell's script is answered for these words, a line each.
fn answers(project: &Project, shell: &str, words: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_rev"))
        .arg("--")
        .args(words)
        .current_dir(project.path())
        .env_clear()
        .env("_REV_COMPLETE", shell)
        .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string())
        .env("_CLAP_IFS", "\n")
        .stdin(Stdio::null())
        .output()
        .expect("rev starts");
    assert!(output.status.success());
    assert!(output.stderr.is_empty(), "{:?}", output.stderr);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn what_can_follow_is_named_to_every_shell() {
    let project = project();
    for shell in ["bash", "zsh", "fish"] {
        // Behind a word there may be what is said of it, each shell in its own way.
        let word = |it: &String| it.split(['\t', ':']).next().unwrap_or_default().to_owned();
        let asked = |words: &[&str]| -> Vec<String> {
            answers(&project, shell, words).iter().map(word).collect()
        };
        for (words, expected) in [
            (&["rev", "upgrade", "db"][..], &["db1@", "db2@"][..]),
            (&["rev", "upgrade", "db1@he"], &["db1@head", "db1@heads"]),
            (&["rev", "downgrade", "db1@bil"], &["db1@billing"]),
            (
                &["rev", "switch", "db2@billing@b"],
                &["db2@billing@base", "db2@billing@billing"],
            ),
            (&["rev", "show", "cc"], &["cccc1111"]),
            (&["rev", "plan", "aa"], &["aaaa1111"]),
            (&["rev", "new", "--head", "cc"], &["cccc1111"]),
            (&["rev", "status", "rep"], &["reporting"]),
            (&["rev", "drop", "d"], &["db1", "db2"]),
            (&["rev", "edit", "d"], &[]),
            (&["rev", "new", "--head", "d"], &[]),
            (&["rev", "rebase", "cccc1111", "--onto", "d"], &[]),
            (&["rev", "repair", "db1", "--redo", "aa"], &["aaaa1111"]),
            (&["rev", "repair", "db1", "--accept", "cc"], &["cccc1111"]),
            (&["rev", "new", "--depends-on", "db1@cc"], &["db1@cccc1111"]),
            (&["rev", "plan", "--from", "ba"], &["base"]),
            (&["rev", "plan", "--from", "db"], &["db1=", "db2="]),
            (
                &["rev", "plan", "--from", "db1=aaaa1111,cc"],
                &["db1=aaaa1111,cccc1111"],
            ),
            (&["rev", "adopt", "--at", "aa"], &["aaaa1111"]),
            (&["rev", "upg"], &["upgrade"]),
        ] {
            assert_eq!(asked(words), expected, "{shell}: {words:?}");
        }
    }
}

#[test]
fn a_range_is_completed_at_both_ends() {
    let project = project();
    // Zsh writes a colon of a value by a stroke before it.
    for shell in ["bash", "fish"] {
        for (words, expected) in [
            (&["rev", "squash", "aaaa1111:cc"][..], "aaaa1111:cccc1111"),
            (&["rev", "history", "-r", ":bil"], ":billing"),
            (&["rev", "test", "db1@aaaa1111:cc"], "db1@aaaa1111:cccc1111"),
        ] {
            let told = answers(&project, shell, words);
            let words: Vec<&str> = told.iter().filter_map(|it| it.split('\t').next()).collect();
            assert_eq!(words, [expected], "{shell}: {words:?}");
        }
    }
}

#[test]
fn the_settings_that_a_line_names_are_read_however_they_are_named() {
    let (here, there) = (Project::empty(), project());
    let path = there.path().display().to_string();
    for words in [
        vec!["rev".to_owned(), "-c".to_owned(), path.clone()],
        vec!["rev".to_owned(), format!("-c{path}")],
        vec!["rev".to_owned(), format!("--config={path}")],
    ] {
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.extend(["status", "rep"]);
        assert_eq!(answers(&here, "bash", &words), ["reporting"], "{words:?}");
    }
}

#[test]
fn who_presses_tab_in_a_broken_project_hears_nothing() {
    let project = project();
    project.write("rev.yaml", "databases: [");
    assert_eq!(
        answers(&project, "bash", &["rev", "upgrade", "db"]),
        [""; 0]
    );
    assert_eq!(
        answers(&Project::empty(), "fish", &["rev", "status", "d"]),
        [""; 0]
    );
    assert_eq!(answers(&project, "bash", &["rev", "upg"]), ["upgrade"]);
}

#[test]
fn tab_in_a_real_bash_completes_behind_an_at_sign() {
    let project = project();
    let folder = Path::new(env!("CARGO_BIN_EXE_rev"))
        .parent()
        .expect("a folder");
    project.write("schema.sql", "edargpu\n");
    // What is typed is found, and where that is a path, no other `rev` is asked.
    let home = Project::empty();
    std::os::unix::fs::symlink(folder.join("rev"), home.path().join("rev")).expect("a link");
    let home = home.path().display().to_string();
    let variables = [
        ("PATH", "/usr/bin:/bin"),
        ("HOME", home.as_str()),
        ("PS1", "ready> "),
        ("INPUTRC", "/dev/null"),
    ];
    let words = ["--norc", "--noprofile", "-i"];
    let mut bash = Sitting::of("bash", &project, &words, 120, &variables);
    bash.until(|shown| shown.contains("ready>"));
    // What is typed before the prompt is there, is shown before it.
    bash.press("source <(~/rev completions bash); echo so\"\"urced\n");
    bash.until(|shown| shown.contains("\nsourced") && shown.ends_with("ready>"));
    tabs(
        &mut bash,
        &[
            ("~/rev upgrade db1@bas\t", "~/rev upgrade db1@base"),
            // Another `rev` may be there, and prints each line of the files that it is given turned round.
            ("rev schema.sql up\t-", "rev schema.sql up-"),
        ],
    );
    bash.press("PATH=$HOME:$PATH; echo fo\"\"und\n");
    bash.until(|shown| shown.contains("\nfound") && shown.ends_with("ready>"));
    tabs(
        &mut bash,
        &[
            ("rev upgrade db1@bas\t", "rev upgrade db1@base"),
            ("rev upgrade db1@cc\t", "rev upgrade db1@cccc1111"),
            (
                "rev upgrade db1@head db2@billing@ba\t",
                "rev upgrade db1@head db2@billing@base",
            ),
            ("rev status rep\t", "rev status reporting"),
            ("rev downg\t", "rev downgrade"),
            ("rev -C . show aa\t", "rev -C . show aaaa1111"),
            ("rev squash aaaa1111:cc\t", "rev squash aaaa1111:cccc1111"),
            ("rev plan --from db1=aa\t", "rev plan --from db1=aaaa1111"),
            ("rev dump db1 > sch\t", "rev dump db1 > schema.sql"),
            ("rev dump db1 >sch\t", "rev dump db1 >schema.sql"),
            ("rev dump db1 2>> sch\t", "rev dump db1 2>> schema.sql"),
        ],
    );
    bash.press("exit\n");
    bash.end();
}

/// Types each line on a prompt, and waits for what Tab makes of it.
fn tabs(bash: &mut Sitting, lines: &[(&str, &str)]) {
    for (typed, completed) in lines {
        bash.press(typed);
        let line = format!("ready> {completed}");
        bash.until(|shown| shown.lines().any(|it| it.trim_end() == line));
        // The line is taken back, and a new one begins.
        bash.press("\u{15}");
        bash.until(|shown| shown.ends_with("ready>"));
    }
}
