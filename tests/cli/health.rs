//! `check`, `status`, `current`.

use crate::harness::{Project, assert_answer, table};

#[test]
fn a_sound_project_passes_the_check() {
    assert_answer!("check_ok", Project::line().rev("check"));
    assert_answer!("check_ok_json", Project::line().rev("check --format json"));
}

#[test]
fn the_check_finds_a_parent_that_says_nothing() {
    let project = Project::line();
    let merge = table("dddd", "[aaaa, cccc]", "extra");
    project.write("revisions/dddd.yaml", &merge);
    assert_answer!("check_redundant", project.rev("check"));
    assert_eq!(project.rev("upgrade").exit, Some(0), "it is no fault");
}

#[test]
fn the_check_finds_names_that_say_nothing_or_something_else() {
    let project = Project::line();
    let nameless = table("dddd", "cccc", "extra").replace("message: add extra\n", "");
    project.write("revisions/dddd_extra.yaml", &nameless);
    project.write(
        "revisions/ddd_villain.yaml",
        &table("eeee", "dddd", "villain"),
    );
    assert_answer!("check_names", project.rev("check"));
    let shortcut = table("ffff", "dddd", "both").replace("message:", "replaces: [eeee]\nmessage:");
    project.write("revisions/both.yaml", &shortcut);
    let answer = project.rev("check");
    assert!(
        answer.out.contains("revisions/both.yaml:1:"),
        "{}",
        answer.out
    );
}

#[test]
fn the_check_finds_what_should_not_ship() {
    let project = Project::fork();
    project.write(
        "revisions/dddd.yaml",
        "revision: dddd\ndown_revision: bbbb\nupgrade: |\n  -- nothing yet\ndatabases:\n  \
         db2: {upgrade: 'BEGIN; SELECT 1'}\n  db3: {upgrade: SELECT 1}\n",
    );
    assert_answer!("check", project.rev("check"));
    let answer = project.rev("check --format json");
    assert_eq!(answer.exit, Some(4));
    let findings = answer.json()["findings"]
        .as_array()
        .expect("a list")
        .clone();
    let mut codes: Vec<&str> = findings.iter().filter_map(|f| f["code"].as_str()).collect();
    codes.dedup();
    assert_eq!(
        codes,
        [
            "no_message",
            "unknown_database",
            "ambiguous_head",
            "unwritten_script",
            "no_downgrade",
            "ambiguous_head",
            "bad_script",
            "no_downgrade"
        ]
    );
}

#[test]
fn status_shows_every_database_on_one_screen() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    assert_answer!("status", project.rev("status"));
    assert_answer!("status_json", project.rev("status db1 --format json"));
    assert!(!project.has("db2.sqlite"));
}

#[test]
fn current_names_heads_and_with_v_what_they_stand_on() {
    let project = Project::fork();
    assert_eq!(project.rev("upgrade db1@heads").exit, Some(0));
    assert_answer!("current_heads", project.rev("current db1 -v"));
    assert_answer!(
        "current_json",
        project.rev("current reporting --format json")
    );
    assert_answer!("current_unknown", project.rev("current db9"));
}

#[test]
fn a_database_without_a_url_spoils_neither_status_nor_check_of_the_others() {
    let project = Project::line();
    project.write(
        "rev.yaml",
        "databases:\n  db1: sqlite://db1.sqlite\n  db2: ${DB2_URL}\n",
    );
    assert_answer!("status_no_url", project.rev("status"));
    let findings = project.rev("check");
    assert_eq!(findings.exit, Some(4), "{findings}");
    assert!(findings.out.contains("`DB2_URL`"), "{findings}");
}
