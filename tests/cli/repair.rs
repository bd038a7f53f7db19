//! `repair`: what it says of a step that is half done, and what works then.

use rev_testkit::sqlite;

use crate::harness::{Project, table};

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
