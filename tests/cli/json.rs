//! `--format json`: stdout holds one JSON value, whatever the command and its end.

use crate::harness::{Project, table};

#[test]
fn every_command_answers_json_also_where_there_is_nothing_to_do() {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", table("bbbb", "aaaa", "mission")),
        ("cccc", table("cccc", "aaaa", "fight")),
    ]);
    assert_eq!(project.rev("upgrade heads -q").exit, Some(0));
    for (words, exit) in [
        ("rebase cccc --onto aaaa --offline", 0),
        ("rebase", 2),
        ("repair", 0),
        ("repair --resume", 0),
        ("repair --applied", 0),
        ("repair --not-applied", 0),
        ("repair --accept bbbb", 0),
        ("repair --redo bbbb", 0),
        ("status --check", 4),
        ("status nope", 1),
        ("check", 4),
        ("current", 0),
        ("heads", 0),
        ("branches", 0),
        ("graph", 0),
        ("history", 0),
        ("show heads", 0),
        ("log", 0),
        ("wait", 0),
        ("doctor", 4),
        ("plan switch db1@aaaa", 0),
        ("plan stamp", 2),
        ("upgrade --dry-run", 1),
        ("upgrade heads --dry-run", 0),
        ("upgrade heads", 0),
        ("upgrade heads --sql", 2),
        ("upgrade nope", 1),
        ("stamp db1@aaaa", 0),
        ("switch db1@base", 0),
        ("downgrade", 2),
        ("completions bash", 2),
        ("edit heads", 1),
        ("init", 1),
        ("init new -d db1=sqlite://db1.sqlite", 0),
        ("init --git-hook post-checkout", 1),
        ("--nope", 2),
        ("squash", 2),
        ("squash base:bbbb --id ssss", 0),
        ("squash --finish", 1),
        ("revision -m more --id dddd --head bbbb", 0),
        ("merge cccc dddd --id mmmm", 0),
        ("merge", 1),
        ("squash --finish --offline", 0),
    ] {
        let answer = project.rev(&format!("{words} --format json"));
        assert_eq!(answer.exit, Some(exit), "{words}: {answer}");
        answer.json();
    }
    let editor = [("EDITOR", "true"), ("PATH", "/usr/bin:/bin")];
    let edited = project.rev_with(&["edit", "mmmm", "--format", "json"], &editor);
    assert!(edited.json()["path"].is_string(), "{edited}");
}
