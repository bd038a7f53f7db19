//! `plan` and its forms.

use crate::harness::{Project, assert_answer};

#[test]
fn a_plan_from_base_needs_no_database() {
    let project = Project::line();
    assert_answer!("plan_text", project.rev("plan --from base"));
    assert_answer!(
        "plan_json",
        project.rev("plan db2@bbbb --from base --format json")
    );
    assert_answer!(
        "plan_sql",
        project.rev("plan db2@bbbb --from base --format sql")
    );
    assert_answer!(
        "plan_mermaid",
        project.rev("plan --from base --format mermaid")
    );
    assert_answer!(
        "plan_markdown",
        project.rev("plan --from base --format markdown")
    );
    assert!(!project.has("db1.sqlite") && !project.has("db2.sqlite"));
}

#[test]
fn a_plan_reads_where_databases_stand_and_creates_nothing() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@aaaa").exit, Some(0));
    assert_answer!("plan_online", project.rev("plan"));
    assert!(!project.has("db2.sqlite"));
}

#[test]
fn the_first_word_may_be_the_action() {
    let project = Project::line();
    let from = "--from db1=cccc";
    assert_answer!(
        "plan_downgrade",
        project.rev(&format!("plan downgrade db1@-1 {from}"))
    );
    assert_answer!(
        "plan_stamp",
        project.rev(&format!("plan stamp db1@aaaa {from}"))
    );
    assert_answer!(
        "plan_switch",
        project.rev(&format!("plan switch db1@bbbb {from}"))
    );
    assert_answer!("plan_no_target", project.rev("plan downgrade"));
    assert_answer!(
        "plan_nothing",
        project.rev(&format!("plan db1@head {from}"))
    );
}

#[test]
fn from_takes_heads_by_database() {
    let project = Project::fork();
    let steps = |words: &str| {
        let answer = project.rev(words).json();
        let steps = answer["lanes"][0]["steps"]
            .as_array()
            .expect("steps")
            .clone();
        let ids = steps
            .iter()
            .filter_map(|step| step["revision"].as_str().map(str::to_owned));
        ids.collect::<Vec<_>>().join(" ")
    };
    let plan = |from: &str| steps(&format!("plan db1@heads --from {from} --format json"));
    assert_eq!(plan("db1="), "aaaa bbbb cccc");
    assert_eq!(plan("db1=base"), "aaaa bbbb cccc");
    assert_eq!(plan("db1=aaaa"), "bbbb cccc");
    assert_eq!(plan("db1=bbbb,cccc"), "");
    assert_eq!(plan("db1=billing"), "bbbb");
    assert_eq!(project.rev("plan db1@heads --from=").exit, Some(2));
    assert_eq!(
        project.rev("plan db1@heads --from db1=aaaa,,bbbb").exit,
        Some(2)
    );
}

#[test]
fn a_plan_that_is_refused_lists_the_candidates() {
    let project = Project::fork();
    assert_answer!("plan_ambiguous", project.rev("plan db1@head --from base"));
    assert_answer!(
        "plan_ambiguous_json",
        project.rev("plan db1@head --from base --format json")
    );
    assert_answer!(
        "plan_too_far",
        project.rev("plan downgrade db1@-5 --from db1=bbbb")
    );
    assert_answer!(
        "plan_not_applied",
        project.rev("plan downgrade db1@cccc --from db1=bbbb")
    );
    assert_answer!(
        "plan_unknown_database",
        project.rev("plan db3@head --from base")
    );
    assert_answer!(
        "plan_unknown_glob",
        project.rev("plan tenant_*@head --from base")
    );
}

#[test]
fn a_downgrade_without_a_script_names_every_revision_in_the_way() {
    let one_way = |id: &str, parent: &str| {
        format!("revision: {id}\ndown_revision: {parent}\nupgrade: SELECT 1\n")
    };
    let project = Project::with(&[
        ("aaaa", one_way("aaaa", "null")),
        ("bbbb", one_way("bbbb", "aaaa")),
    ]);
    assert_answer!(
        "plan_no_way_down",
        project.rev("plan downgrade db1@base --from db1=bbbb")
    );
}

#[test]
fn a_script_holds_the_ledger_writes_and_nothing_is_run() {
    let project = Project::line();
    assert_answer!("plan_database_alone", project.rev("upgrade db2 --sql"));
    let script = project.rev("upgrade db2@head --sql").out;
    assert!(!project.has("db2.sqlite"));
    for words in [
        "BEGIN;",
        "COMMIT;",
        "CREATE TABLE hero",
        "INSERT INTO \"rev_ledger\"",
    ] {
        assert!(script.contains(words), "{words}: {script}");
    }
}

#[test]
fn a_plan_for_a_server_needs_no_server() {
    let project = Project::line();
    project.write(
        "rev.yaml",
        "databases:\n  db1: {url: '${NOT_SET}', dialect: mysql}\n",
    );
    project.write(
        "revisions/aaaa_add_hero.yaml",
        "revision: aaaa\ndown_revision: null\nupgrade: |\n  CREATE TABLE hero (id INT);\n  \
         CREATE TRIGGER t BEFORE INSERT ON hero FOR EACH ROW BEGIN SET NEW.id = 1; END\n\
         downgrade: DROP TABLE hero\n",
    );
    assert_answer!("plan_mysql", project.rev("plan db1@aaaa --from base"));
    assert_answer!(
        "plan_mysql_sql",
        project.rev("plan db1@aaaa --from base --format sql")
    );
}

#[test]
fn the_script_of_a_rebuild_by_statement_keeps_the_rows_that_refer_to_it() {
    let make = "revision: aaaa\ndown_revision: null\nmessage: make\nupgrade: |\n  \
        CREATE TABLE hero (id INTEGER PRIMARY KEY);\n  \
        CREATE TABLE mission (hero INTEGER REFERENCES hero ON DELETE CASCADE);\n  \
        INSERT INTO hero VALUES (1);\n  INSERT INTO mission VALUES (1), (1);\n\
        downgrade: DROP TABLE mission; DROP TABLE hero\n";
    let rebuild = "  CREATE TABLE hero_new (id INTEGER PRIMARY KEY, name TEXT);\n  \
        INSERT INTO hero_new (id) SELECT id FROM hero;\n  DROP TABLE hero;\n  \
        ALTER TABLE hero_new RENAME TO hero;\n";
    let rebuild = format!(
        "revision: bbbb\ndown_revision: aaaa\nmessage: rebuild\ntransaction: none\n\
         upgrade: |\n{rebuild}irreversible: true\n"
    );
    let project = Project::with(&[("aaaa", make.to_owned()), ("bbbb", rebuild)]);
    let script = project.rev("plan db1@head --from base --format sql");
    let file = project.path().join("by_hand.sqlite");
    rev_testkit::sqlite::execute(&file, &script.out);
    let rows = rev_testkit::sqlite::query(&file, "SELECT count(*) FROM mission");
    assert_eq!(rows, ["2"], "{script}");
}
