//! `upgrade`, `downgrade`, `switch`, `stamp`, `log`.

use rev_testkit::sqlite;

use crate::harness::{Project, assert_answer, table};

#[test]
fn upgrade_brings_every_database_to_its_head() {
    let project = Project::line();
    let answer = project.rev("upgrade --jobs 1");
    assert_answer!("upgrade", answer);
    assert_answer!("upgrade_nothing", project.rev("upgrade"));
    assert_answer!("current", project.rev("current"));
}

#[test]
fn upgrade_answers_programs_on_stdout_and_tells_events_on_stderr() {
    let project = Project::line();
    let answer = project.rev("upgrade db1@aaaa --format json");
    assert_answer!("upgrade_json", answer);
}

#[test]
fn a_dry_run_changes_nothing() {
    let project = Project::line();
    assert_answer!("upgrade_dry_run", project.rev("upgrade db1@head --dry-run"));
    assert!(!project.has("db1.sqlite"));
}

#[test]
fn downgrade_takes_a_negative_number() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade").exit, Some(0));
    assert_answer!("downgrade_one", project.rev("downgrade -1 --jobs 1"));
    assert_answer!("downgrade_base", project.rev("downgrade db1@base"));
    assert_answer!("downgrade_not_applied", project.rev("downgrade db1@cccc"));
    assert_answer!("downgrade_no_target", project.rev("downgrade"));
}

#[test]
fn switch_goes_from_branch_to_branch() {
    let project = Project::fork();
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    assert_answer!("switch", project.rev("switch db1@billing@head"));
}

#[test]
fn stamp_changes_the_ledger_alone() {
    let project = Project::line();
    assert_answer!("stamp", project.rev("stamp db1@head"));
    assert_answer!("stamp_down", project.rev("stamp db1@aaaa"));
}

#[test]
fn a_statement_that_fails_is_shown_at_its_place() {
    let project = Project::line();
    project.write(
        "revisions/cccc_add_mission.yaml",
        "revision: cccc\ndown_revision: bbbb\nmessage: add mission\nupgrade: |\n  \
         CREATE TABLE mission (id INTEGER PRIMARY KEY);\n\n  \
         INSERT INTO mision VALUES (1);\ndowngrade: DROP TABLE mission\n",
    );
    assert_answer!("failed", project.rev("upgrade db1@head"));
    assert_answer!("failed_again", project.rev("upgrade db1@head"));
    let answer = project.rev("upgrade db1@head --format json");
    let error = &answer.json()["error"];
    assert_eq!(error["code"], "step_failed");
    assert_eq!(
        (&error["line"], &error["statement"]),
        (&7.into(), &2.into())
    );
}

#[test]
fn where_a_relative_target_fails_part_way_the_place_itself_is_named() {
    let project = Project::line();
    project.write(
        "revisions/bbbb_count_fights.yaml",
        "revision: bbbb\ndown_revision: aaaa\nmessage: add team\n\
         upgrade: CREATE TABLE team (id INTEGER PRIMARY KEY);\ndowngrade: DROP TABLE nothing;\n",
    );
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let failed = project.rev("downgrade db1@-2 --jobs 1");
    assert_eq!(failed.exit, Some(3), "{failed}");
    assert!(
        failed.err.contains("`rev downgrade db1@aaaa` goes on"),
        "{failed}"
    );
    let failed = project.rev("downgrade db1@base --jobs 1");
    assert!(
        failed.err.contains("`rev downgrade db1@base` goes on"),
        "{failed}"
    );
}

#[test]
fn two_names_of_one_database_are_refused() {
    let project = Project::line();
    let answer = project.rev("upgrade --url db2=sqlite://db1.sqlite");
    assert_answer!("same_database", answer);
    assert!(!project.has("db1.sqlite"));
}

#[test]
fn an_edit_of_what_is_applied_stops_an_upgrade_and_is_told() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@aaaa").exit, Some(0));
    project.write(
        "revisions/aaaa_add_hero.yaml",
        &table("aaaa", "null", "heroine"),
    );
    assert_answer!("drift", project.rev("upgrade db1@head"));
    assert_answer!("drift_status", project.rev("status"));
}

#[test]
fn a_checkout_that_lacks_what_is_applied_works_beside_it_only_when_told() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    std::fs::remove_file(project.path().join("revisions/cccc_add_mission.yaml")).expect("removed");
    assert_answer!("ahead", project.rev("upgrade db1@head"));
    project.write("revisions/dddd.yaml", &table("dddd", "bbbb", "place"));
    assert_answer!("beside", project.rev("upgrade db1@head"));
    assert_eq!(project.rev("upgrade db1@head --beside").exit, Some(0));
    assert_answer!("beside_current", project.rev("current db1"));
}

#[test]
fn the_log_tells_what_was_done() {
    let project = Project::line();
    assert_answer!("log_nothing", project.rev("log db1"));
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    assert_eq!(project.rev("downgrade db1@aaaa").exit, Some(0));
    assert_answer!("log", project.rev("log db1"));
    assert_answer!("log_json", project.rev("log db1 -n 1 --format json"));
    project.write(
        "revisions/bbbb_count_fights.yaml",
        "revision: bbbb\ndown_revision: aaaa\nmessage: count fights\n\
         upgrade: |\n  SELECT 1;\n  CREATE TABLE hero (id INTEGER);\n",
    );
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(1));
    assert_eq!(project.rev("stamp db1@bbbb").exit, Some(0));
    std::fs::remove_file(project.path().join("revisions/cccc_add_mission.yaml")).expect("removed");
    std::fs::remove_file(project.path().join("revisions/bbbb_count_fights.yaml")).expect("removed");
    assert_answer!("log_failed", project.rev("log db1 -n 2"));
    assert_answer!("log_failed_json", project.rev("log db1 -n 2 --format json"));
}

#[test]
fn the_log_begins_where_it_is_told_to() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    let lines = |since: &str| {
        let answer = project.rev_with(&["log", "db1", "--format", "json", "--since", since], &[]);
        answer.json()["log"].as_array().expect("a list").len()
    };
    assert_eq!(lines("1h"), 2);
    assert_eq!(lines("2026-01-01"), 2);
    assert_eq!(lines("9999-01-01T00:00:00Z"), 0);
    assert_answer!(
        "log_since_nothing",
        project.rev("log db1 --since 9999-01-01")
    );
    assert_answer!("log_since_what", project.rev("log db1 --since yesterday"));
}

#[test]
fn a_password_is_never_shown() {
    let project = Project::line();
    let url = "db1=postgres://me:hunter2@127.0.0.1:1/x";
    for words in ["upgrade", "status", "current", "plan", "log"] {
        let answer = project.rev_with(&[words, "--url", url], &[]);
        assert!(!answer.to_string().contains("hunter2"), "{answer}");
        assert_eq!(answer.exit, Some(1), "{answer}");
    }
    for (words, flag) in [("status", "--url"), ("init", "--database")] {
        let answer = project.rev_with(&[words, flag, "postgres://me:hunter2@h/d?a=b"], &[]);
        assert!(!answer.to_string().contains("hunter2"), "{answer}");
        assert_eq!(answer.exit, Some(2), "{answer}");
    }
}

#[test]
fn a_database_that_another_process_has_locked_is_left_alone() {
    let project = Project::line();
    project.write(
        "rev.yaml",
        "databases:\n  db1: {url: 'sqlite://db1.sqlite', lock_timeout: 20ms}\n",
    );
    assert_eq!(project.rev("upgrade db1@aaaa").exit, Some(0));
    let file = project.path().join("db1.sqlite");
    let before = sqlite::dump(&file, "");
    // A reader keeps a writer from committing, and lets `rev` read.
    let held = sqlite::hold(&file, "BEGIN; SELECT * FROM hero");
    assert_answer!("locked_by_a_reader", project.rev("upgrade db1@head -q"));
    drop(held);
    let held = sqlite::hold(&file, "BEGIN EXCLUSIVE");
    assert_answer!("locked", project.rev("upgrade db1@head -q"));
    drop(held);
    assert_eq!(sqlite::dump(&file, ""), before);
}

#[test]
fn a_database_that_may_only_be_read_is_read_and_not_written() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@aaaa").exit, Some(0));
    let before = sqlite::dump(&project.path().join("db1.sqlite"), "");
    project.write(
        "rev.yaml",
        "databases:\n  db1: sqlite://db1.sqlite?mode=ro\n",
    );
    assert_answer!("read_only_current", project.rev("current"));
    assert_answer!("read_only", project.rev("upgrade db1@head -q"));
    assert_eq!(sqlite::dump(&project.path().join("db1.sqlite"), ""), before);
}

#[test]
fn what_is_half_done_is_told_also_where_nothing_else_is_to_do() {
    let by_itself = "revision: bbbb\ndown_revision: aaaa\nmessage: two\ntransaction: none\n\
                     upgrade: [CREATE TABLE one (x), INSERT INTO nowhere VALUES (1)]\n\
                     downgrade: DROP TABLE one\n";
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", by_itself.to_owned()),
    ]);
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(3));
    for words in [
        "upgrade db1@aaaa",
        "switch db1@aaaa",
        "stamp db1@aaaa",
        "downgrade db1@aaaa",
    ] {
        let answer = project.rev(words);
        assert_eq!(answer.exit, Some(1), "{words}: {answer}");
        assert!(
            answer.err.contains("`bbbb` is half done"),
            "{words}: {answer}"
        );
    }
    assert_answer!("half_done_upgrade", project.rev("upgrade db1@aaaa"));
}

#[test]
fn who_cannot_be_asked_whether_it_needs_what_goes_is_named() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    project.write(
        "db2.sqlite",
        "this is no database, but long enough to look like a file of one",
    );
    assert_answer!("downgrade_unseen", project.rev("downgrade db1@aaaa"));
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
}
