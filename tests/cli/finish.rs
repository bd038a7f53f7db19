//! `rev squash --finish`: files go together, or none does.

use std::fs;

use crate::harness::{Project, assert_answer, table};

/// Three in a row in two folders, squashed and applied; one stands on them.
fn squashed() -> Project {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("cccc", table("cccc", "bbbb", "mission")),
        ("dddd", table("dddd", "cccc", "fight")),
    ]);
    project.write("old/bbbb.yaml", &table("bbbb", "aaaa", "power"));
    let settings = "revisions: [revisions, old]\ndatabases:\n  db1: sqlite://db1.sqlite\n";
    project.write("rev.yaml", settings);
    let squashed = project.rev("squash base:cccc --id ssss --no-proof");
    assert_eq!(squashed.exit, Some(0), "{squashed}");
    assert_eq!(project.rev("upgrade").exit, Some(0));
    project
}

#[test]
fn a_removal_that_fails_midway_leaves_all_files_and_a_project_that_loads() {
    let project = squashed();
    // What `bbbb` is to be called on its way out is taken.
    let in_the_way = project.path().join("old/.bbbb.yaml.removed");
    fs::create_dir(&in_the_way).expect("a folder");
    let refused = project.rev("squash --finish");
    assert_eq!(refused.exit, Some(1), "{refused}");
    let cause = refused.err.lines().find(|line| line.starts_with("caused"));
    let told = refused.err.replace(cause.expect("a cause"), "caused by: …");
    assert_answer!("finish_midway", told);
    for file in [
        "revisions/aaaa.yaml",
        "old/bbbb.yaml",
        "revisions/cccc.yaml",
    ] {
        assert!(project.has(file), "{file}");
    }
    assert_eq!(project.rev("status --check").exit, Some(0));
    fs::remove_dir(in_the_way).expect("gone");
    assert_answer!("finish_removed", project.rev("squash --finish"));
    assert_eq!(project.rev("status --check").exit, Some(0));
}

#[test]
fn a_finish_that_was_killed_leaves_a_project_that_loads_and_is_finished_later() {
    let files = [
        "revisions/aaaa.yaml",
        "old/bbbb.yaml",
        "revisions/cccc.yaml",
    ];
    let hidden = |file: &str| {
        let (folder, name) = file.split_once('/').expect("a folder");
        format!("{folder}/.{name}.removed")
    };
    // After each file that was set aside, and after each that was deleted.
    for killed in 1..files.len() * 2 {
        let project = squashed();
        let at = |name: &str| project.path().join(name);
        for file in files.iter().take(killed) {
            fs::rename(at(file), at(&hidden(file))).expect("set aside");
        }
        for file in files.iter().take(killed.saturating_sub(files.len())) {
            fs::remove_file(at(&hidden(file))).expect("deleted");
        }
        let status = project.rev("status --check");
        assert_eq!(status.exit, Some(0), "after {killed}: {status}");
        let plan = project.rev("plan db1@head --from base");
        assert!(plan.out.contains("ssss"), "after {killed}: {plan}");
        let finished = project.rev("squash --finish");
        let due = if killed < files.len() { 0 } else { 1 };
        assert_eq!(finished.exit, Some(due), "after {killed}: {finished}");
        for file in files {
            assert!(!project.has(file), "after {killed}: {file}");
            assert!(!project.has(&hidden(file)), "after {killed}: {file}");
        }
        assert_eq!(project.rev("status --check").exit, Some(0));
    }
}

/// `aaaa` ← `bbbb` (bill) ← `cccc`, and `eeee` beside on `aaaa`; `db2` follows
/// the branch.
fn labelled() -> Project {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        (
            "bbbb",
            table("bbbb", "aaaa", "invoice") + "branch_labels: [bill]\n",
        ),
        ("cccc", table("cccc", "bbbb", "payment")),
        ("eeee", table("eeee", "aaaa", "mission")),
    ]);
    let settings = "databases:\n  db1: sqlite://db1.sqlite\n  \
                    db2: {url: 'sqlite://db2.sqlite', follow: [bill]}\n";
    project.write("rev.yaml", settings);
    assert_eq!(project.rev("upgrade db1@heads db2@head").exit, Some(0));
    project
}

#[test]
fn a_label_that_would_cover_other_revisions_keeps_the_files() {
    let project = labelled();
    let squashed = project.rev("squash base:cccc --id ssss --no-proof -m all");
    assert_answer!("label_warned", squashed);
    assert_answer!("label_refused", project.rev("squash --finish"));
    assert_eq!(project.rev("squash --finish --offline").exit, Some(1));
    assert!(project.has("revisions/aaaa.yaml"));
    // The one way out: nobody needs the name any more.
    let file = "revisions/ssss_all.yaml";
    let text = fs::read_to_string(project.path().join(file)).expect("a file");
    assert!(text.contains("branch_labels: [bill]\n"), "{text}");
    project.write(file, &text.replace("branch_labels: [bill]\n", ""));
    assert_answer!("label_followed", project.rev("squash --finish"));
    let settings = "databases:\n  db1: sqlite://db1.sqlite\n  db2: sqlite://db2.sqlite\n";
    project.write("rev.yaml", settings);
    assert_eq!(project.rev("squash --finish").exit, Some(0));
}

#[test]
fn a_label_whose_line_is_squashed_apart_stays_what_it_is() {
    let project = labelled();
    let squashed = project.rev("squash bill --id ssss --no-proof -m bill");
    assert_eq!(
        squashed.err,
        "ssss does the work of 2 revisions in one step\n"
    );
    assert_eq!(project.rev("squash --finish").exit, Some(0));
    let plan = project.rev("plan db2@head");
    assert_eq!(plan.out, "db2 (sqlite)  nothing to do, at ssss\n");
    let down = project.rev("plan downgrade db1@bill@base");
    assert!(down.out.contains("→ eeee, 1 step"), "{down}");
}
