//! The pages for those who begin: each command that stands there is run.

use std::path::Path;

use rev_testkit::hints::words;

use crate::harness::{Project, table};

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    std::fs::read_to_string(&path).expect(name)
}

/// The commands of the console blocks of a text, in their order.
fn commands(text: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("$ rev "));
    let bare = lines.map(|line| line.split("   #").next().unwrap_or_default().trim());
    bare.map(str::to_owned).collect()
}

/// Writes both ways where a new file has only comments.
const EDITOR: &str = "sh edit.sh";
const EDIT: &str = "\
name=$(basename \"$1\" .yaml | tr -c 'a-zA-Z0-9\\n' '_')
sed -i \"s/-- write the way up here/CREATE TABLE t_$name (id INTEGER PRIMARY KEY);/
s/-- write the way down here/DROP TABLE t_$name;/\" \"$1\"
";

#[track_caller]
fn run(project: &Project, command: &str, exits: &[i32]) {
    project.write("edit.sh", EDIT);
    let path = std::env::var("PATH").expect("a path");
    let words = words(command);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let answer = project.rev_unfollowed(&words, &[("EDITOR", EDITOR), ("PATH", &path)]);
    let is_due = answer.exit.is_some_and(|exit| exits.contains(&exit));
    assert!(is_due, "rev {command}\n{answer}");
}

#[test]
fn a_project_of_ones_own_is_five_commands() {
    let readme = page("README.md");
    let section = readme
        .split_once("## Your own project")
        .expect("a section")
        .1;
    let section = section.split_once("\n## ").expect("another").0;
    assert!(readme.find("## Your own project") < readme.find("## Beside others"));
    let commands = commands(section);
    assert_eq!(commands.len(), 5, "{commands:?}");
    let project = Project::empty();
    for command in &commands {
        run(&project, command, &[0]);
    }
    let stand = project.rev("status --check");
    assert_eq!(stand.exit, Some(0), "{stand}");
}

#[test]
fn getting_started_leads_to_its_end() {
    let commands = commands(&page("docs/getting-started.md"));
    assert!(commands.len() > 18, "{commands:?}");
    let project = Project::empty();
    for command in &commands {
        run(&project, command, &[0]);
    }
    let stand = project.rev("status --check");
    assert_eq!(stand.exit, Some(0), "{stand}");
    assert!(
        project
            .rev("heads")
            .out
            .contains("join villains and counts")
    );
}

/// The commands in the quotes of a text.
fn quoted(text: &str) -> Vec<String> {
    let parts = text.split('`').skip(1).step_by(2);
    let commands = parts.filter_map(|it| it.strip_prefix("rev "));
    commands.map(str::to_owned).collect()
}

/// A project with two databases, one step behind the head or at it.
fn project(target: &str) -> Project {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", table("bbbb", "aaaa", "fight")),
        ("cccc", table("cccc", "bbbb", "mission")),
    ]);
    project.write(
        "rev.yaml",
        "databases:\n  app: {url: 'sqlite://app.sqlite', models: schema.sql}\n  \
         stats: {url: 'sqlite://stats.sqlite', models: schema.sql}\n",
    );
    let tables = ["hero", "fight", "mission", "villain"];
    let tables = tables.map(|it| format!("CREATE TABLE {it} (id INTEGER PRIMARY KEY);\n"));
    project.write("schema.sql", &tables.concat());
    assert_eq!(project.rev(&format!("upgrade {target}")).exit, Some(0));
    project
}

#[test]
fn each_command_for_who_comes_from_another_tool_is_one() {
    let commands = quoted(&page("docs/coming-from.md"));
    assert!(commands.len() > 40, "{commands:?}");
    for command in &commands {
        let project = match command.as_str() {
            it if it.starts_with("init --add") => {
                let project = Project::empty();
                project.write("rev.yaml", "databases: {app: sqlite://app.sqlite}\n");
                project
            }
            it if it.starts_with("init") => Project::empty(),
            "merge" => Project::fork(),
            it if it.contains("--autogenerate") || it == "diff" => project("head"),
            "upgrade app@heads" | "upgrade" => project("bbbb"),
            _ => project("bbbb"),
        };
        let command = match command.as_str() {
            "init --template sqlalchemy" => "init --template sqlalchemy -d app=sqlite://a",
            other => other,
        };
        run(&project, command, &[0, 4]);
    }
}

#[test]
fn the_readme_shows_the_models_that_are_there() {
    let readme = page("README.md");
    let shown = readme.split_once("```python\n").expect("models").1;
    let shown = shown.split_once("```").expect("an end").0;
    let models = page("fixtures/sqlalchemy-heroes/heroes/models.py");
    for line in shown.lines() {
        assert!(models.lines().any(|it| it == line), "{line}");
    }
}
