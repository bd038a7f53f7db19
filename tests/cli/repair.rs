//! `repair`: what it says of a step that is half done, and what works then.

use rev_testkit::sqlite;

use crate::harness::{Project, assert_answer, table};

/// `bbbb` stopped half-way up: one table is there, and another is missing that
/// its second statement wants.
fn half_done() -> Project {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", in_two("upgrade", "downgrade")),
    ]);
    assert_eq!(project.rev("upgrade db1@head").exit, Some(3));
    project
}

fn in_two(first: &str, second: &str) -> String {
    format!(
        "revision: bbbb\ndown_revision: aaaa\nmessage: in two\ntransaction: none\n\
         {first}:\n  - CREATE TABLE one (id INTEGER)\n  - DELETE FROM nowhere\n\
         {second}: DROP TABLE one\n"
    )
}

fn make_nowhere(project: &Project) {
    sqlite::execute(
        &project.path().join("db1.sqlite"),
        "CREATE TABLE nowhere (id INTEGER)",
    );
}

#[test]
fn a_repair_that_programs_asked_for_answers_json() {
    let project = half_done();
    let failed = project.rev("repair --resume --format json");
    assert_eq!(failed.exit, Some(3), "{failed}");
    assert_eq!(failed.json()["error"]["code"], "step_failed");
    make_nowhere(&project);
    let answer = project.rev("repair --resume --format json");
    assert_eq!(answer.exit, Some(0), "{answer}");
    let due = serde_json::json!({"repaired": [{"database": "db1", "end": "finished"}]});
    assert_eq!(answer.json(), due);
    for nothing in ["--resume", "--applied", "--not-applied"] {
        let answer = project.rev(&format!("repair {nothing} --format json"));
        assert_eq!(answer.json(), serde_json::json!({"repaired": []}));
    }
}

#[test]
fn a_step_whose_file_is_gone_says_to_check_out_the_files_that_have_it() {
    let project = half_done();
    let file = project.path().join("revisions/bbbb.yaml");
    let text = std::fs::read_to_string(&file).expect("the file");
    std::fs::remove_file(file).expect("gone");
    assert_answer!("gone_switch", project.rev("switch db1@base"));
    assert_answer!("gone_repair", project.rev("repair db1"));
    assert_answer!("gone_resume", project.rev("repair db1 --resume"));
    assert_answer!("gone_applied", project.rev("repair db1 --applied"));
    let status = project.rev("repair db1 --format json").json();
    assert!(status["repair"][0]["half_done"]["statements"].is_null());
    // Both ways out that were told lead out.
    project.write("revisions/bbbb.yaml", &text);
    make_nowhere(&project);
    assert_eq!(project.rev("repair db1 --resume").exit, Some(0));
    assert_eq!(project.rev("status db1 --check").exit, Some(0));

    let project = half_done();
    std::fs::remove_file(project.path().join("revisions/bbbb.yaml")).expect("gone");
    sqlite::execute(&project.path().join("db1.sqlite"), "DROP TABLE one");
    assert_eq!(project.rev("repair db1 --not-applied").exit, Some(0));
    assert_eq!(project.rev("status db1 --check").exit, Some(0));
}

#[test]
fn a_shortcut_that_is_half_done_and_gone_says_the_same() {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", in_two("upgrade", "downgrade")),
    ]);
    let squashed = project.rev("squash base:bbbb --id ssss --no-proof -m all");
    assert_eq!(squashed.exit, Some(0), "{squashed}");
    assert_eq!(project.rev("upgrade db1@head").exit, Some(3));
    assert!(project.rev("repair").out.contains("upgrade ssss"));
    std::fs::remove_file(project.path().join("revisions/ssss_all.yaml")).expect("gone");
    assert_answer!("gone_shortcut_upgrade", project.rev("upgrade db1@head"));
    assert_answer!("gone_shortcut_repair", project.rev("repair"));
    assert_answer!("gone_shortcut_resume", project.rev("repair --resume"));
}

#[test]
fn a_downgrade_that_is_half_done_names_the_command_that_finishes_it() {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        (
            "bbbb",
            in_two("downgrade", "upgrade").replace("upgrade: DROP TABLE one", "upgrade: SELECT 1"),
        ),
    ]);
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    let failed = project.rev("downgrade db1@aaaa");
    assert_eq!(failed.exit, Some(3), "{failed}");
    assert_answer!("half_down_repair", project.rev("repair db1"));
    assert_answer!("half_down_upgrade", project.rev("stamp db1@aaaa"));
    make_nowhere(&project);
    // The ledger has the way down, also where the file is gone.
    std::fs::remove_file(project.path().join("revisions/bbbb.yaml")).expect("gone");
    assert_eq!(project.rev("repair db1 --resume").exit, Some(0));
    assert_answer!("half_down_done", project.rev("current db1"));
}

#[test]
fn a_redo_that_fails_names_the_command_that_goes_on() {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", table("bbbb", "aaaa", "power")),
    ]);
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    // What comes up again fails: it is down by then.
    let edited = table("bbbb", "aaaa", "power").replace("CREATE TABLE power", "CREATE TABLE hero");
    project.write("revisions/bbbb.yaml", &edited);
    assert_answer!("redo_failed_up", project.rev("repair db1 --redo bbbb"));
    project.write("revisions/bbbb.yaml", &table("bbbb", "aaaa", "power"));
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    // What is to go first fails: nothing has changed.
    project.write("revisions/bbbb.yaml", &edited);
    sqlite::execute(&project.path().join("db1.sqlite"), "DROP TABLE power");
    assert_answer!("redo_failed_down", project.rev("repair db1 --redo bbbb"));
}

/// Two are applied, and something is done to files or ledger since.
fn at_odds(tamper: impl Fn(&Project)) -> Project {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", table("bbbb", "aaaa", "power")),
    ]);
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    assert_eq!(project.rev("repair db1").exit, Some(0));
    tamper(&project);
    project
}

#[test]
fn what_files_and_ledger_disagree_on_is_to_be_repaired() {
    let edit = |project: &Project| {
        let edited = table("bbbb", "aaaa", "power").replace("(id", "(number");
        project.write("revisions/bbbb.yaml", &edited);
    };
    let project = at_odds(edit);
    assert_answer!("edited_repair", project.rev("repair db1"));
    let answer = project.rev("repair db1 --format json");
    assert_eq!(answer.exit, Some(4), "{answer}");
    assert_eq!(answer.json()["repair"], serde_json::json!([]));
    assert_eq!(answer.json()["at_odds"][0]["database"], "db1");
    assert_eq!(answer.json()["at_odds"][0]["error"]["code"], "drift");
    // A step that is not there cannot be finished.
    let answer = project.rev("repair db1 --resume");
    assert_eq!(answer.exit, Some(4), "{answer}");
    assert!(
        answer.err.contains("edited since it was applied"),
        "{answer}"
    );
    assert!(!answer.err.contains("nothing to repair"), "{answer}");
    // Each way out leads out.
    assert_eq!(project.rev("repair db1 --accept bbbb").exit, Some(0));
    assert_eq!(project.rev("repair db1").exit, Some(0));
    let project = at_odds(edit);
    assert_eq!(project.rev("repair db1 --redo bbbb").exit, Some(0));
    assert_eq!(project.rev("repair db1").exit, Some(0));

    let remove = |project: &Project| {
        std::fs::remove_file(project.path().join("revisions/bbbb.yaml")).expect("gone");
    };
    let project = at_odds(remove);
    assert_answer!("absent_repair", project.rev("repair db1"));
    assert_eq!(project.rev("switch db1@head").exit, Some(0));
    assert_eq!(project.rev("repair db1").exit, Some(0));

    let write = |project: &Project| {
        let path = project.path().join("db1.sqlite");
        let sql = "UPDATE rev_ledger SET downgrade = '[\"SELECT 1\"]' WHERE revision = 'bbbb'";
        sqlite::execute(&path, sql);
    };
    let project = at_odds(write);
    assert_answer!("altered_repair", project.rev("repair db1"));
    assert_eq!(project.rev("log db1").exit, Some(0));
    assert_eq!(project.rev("repair db1 --accept bbbb").exit, Some(0));
    assert_eq!(project.rev("repair db1").exit, Some(0));
}
