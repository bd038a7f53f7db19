//! What programs read is what `docs/schemas` say.

use std::path::Path;

use boon::{Compiler, Draft, Schemas};
use serde_json::{Value, json};

use crate::harness::{Project, table};

/// What keeps a value from being of this format; `None`: it is.
fn fault(format: &str, value: &Value) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
    let path = folder.join(format!("{format}.schema.json"));
    let path = path.canonicalize().expect("a schema");
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    compiler.set_default_draft(Draft::V2020_12);
    let path = path.to_str().expect("a path in UTF-8");
    let schema = compiler.compile(path, &mut schemas).expect("a schema");
    let result = schemas.validate(value, schema);
    result.err().map(|error| format!("{error:#}"))
}

#[track_caller]
fn check(format: &str, value: &Value) {
    if let Some(fault) = fault(format, value) {
        panic!("no {format}: {fault}\n{value:#}");
    }
}

/// Runs a command with `--format json` and checks its answer. Gives it back.
#[track_caller]
fn answers(project: &Project, words: &str, format: &str) -> Value {
    let answer = project.rev(&format!("{words} --format json")).json();
    check(format, &answer);
    answer
}

/// A line of databases, one of which fails, with a shortcut and a dependency.
fn project() -> Project {
    let project = Project::line();
    project.write(
        "revisions/ssss.yaml",
        "revision: ssss\ndown_revision: null\nreplaces: [aaaa, bbbb]\n\
         upgrade: {sqlite: CREATE TABLE hero (id INTEGER PRIMARY KEY), mysql: null}\n",
    );
    project.write(
        "revisions/dddd.yaml",
        &(table("dddd", "cccc", "place")
            + "branch_labels: [places]\ndepends_on: [db2@cccc]\n\
               databases: {db2: {upgrade: CREATE NONSENSE, downgrade: SELECT 1}}\n"),
    );
    project.write("revisions/eeee.yaml", &table("eeee", "cccc", "side"));
    project
}

#[test]
fn answers_about_the_graph_have_their_schemas() {
    let project = project();
    answers(&project, "heads", "heads");
    answers(&project, "branches", "branches");
    answers(&project, "history", "history");
    answers(&project, "graph", "history");
    answers(&project, "show cccc", "show");
    answers(&project, "show ssss", "show");
    answers(&project, "show base", "show");
}

#[test]
fn plans_runs_and_errors_have_their_schemas() {
    let project = project();
    let plan = answers(&project, "plan places@head --save plan.yaml", "plan");
    assert_eq!(plan["lanes"].as_array().map(Vec::len), Some(2));
    let text = std::fs::read_to_string(project.path().join("plan.yaml")).expect("a plan");
    check("saved-plan", &serde_yaml::from_str(&text).expect("YAML"));

    let run = project.rev("apply plan.yaml --format json");
    assert_eq!(run.exit, Some(3), "{run}");
    check("outcome", &run.json());
    let events: Vec<&str> = run.err.lines().collect();
    assert!(events.len() > 4, "{run}");
    for event in events {
        check("event", &serde_json::from_str(event).expect("JSON"));
    }
    let log = answers(&project, "log", "log");
    assert!(
        log["log"].as_array().is_some_and(|log| log.len() > 3),
        "{log}"
    );

    answers(&project, "plan db1@nosuch", "error");
    answers(&project, "upgrade db1@head --jobs none", "error");
    project.write("rev.yaml", "databases: {a: x, b: 1}\n");
    let several = answers(&project, "heads", "error");
    assert!(several["error"]["errors"].is_array(), "{several}");
}

#[test]
fn where_databases_stand_has_its_schemas() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    answers(&project, "current", "current");
    project.write(
        "db2.sqlite",
        "no database, but long enough to be taken for one by its size",
    );
    let status = answers(&project, "status", "status");
    assert!(status["databases"][1]["error"].is_object(), "{status}");
    project.write(
        "rev.yaml",
        "databases: {db1: sqlite://db1.sqlite}\nsnapshots: {a: {targets: db1@head}}\n",
    );
    answers(&project, "snapshot --check", "snapshots");
}

#[test]
fn a_schema_refuses_what_is_not_of_its_format() {
    assert_eq!(fault("heads", &json!({ "heads": [] })), None);
    for value in [
        json!({}),
        json!({ "heads": [{ "revision": 1 }] }),
        json!([]),
    ] {
        assert!(fault("heads", &value).is_some(), "{value}");
    }
    let step = json!({ "action": "sideways" });
    assert!(fault("plan", &json!({ "format": 1, "lanes": [step] })).is_some());
}

#[test]
fn what_is_compared_and_found_has_its_schemas() {
    let project = project();
    let settings = "databases:\n  db1: {url: 'sqlite://db1.sqlite', models: models.sql}\n  \
                    db2: {url: 'sqlite://db2.sqlite'}\n";
    project.write("rev.yaml", settings);
    project.write(
        "models.sql",
        "CREATE TABLE hero (id INTEGER PRIMARY KEY, a TEXT NOT NULL);\n",
    );
    std::fs::remove_file(project.path().join("revisions/eeee.yaml")).expect("removed");
    let found = answers(&project, "diff db1 --from-revisions", "diff");
    assert_eq!(found["databases"][0]["dialect"], "sqlite");
    answers(&project, "dump db1 --from-revisions", "dump");
    let found = answers(&project, "check --models", "check");
    assert_eq!(found["findings"][0]["code"], "models_differ");
    answers(&project, "check", "check");
    let proven = answers(&project, "test", "test");
    assert!(proven["failed"] != 0 && proven["passed"] != 0, "{proven:#}");
}
