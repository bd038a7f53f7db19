//! What programs read is what `docs/schemas` say.

use std::path::Path;

use rev_testkit::answers::{self, fault};
use serde_json::{Value, json};

use crate::harness::{Project, table};
use crate::passwords::listed;

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
fn databases_made_and_dropped_have_their_schemas() {
    let project = Project::line();
    project.write("db2.sqlite", &"no database\n".repeat(100));
    let made = answers(&project, "create", "create");
    let changes: Vec<&Value> = made["databases"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    assert_eq!(changes[0]["change"], "created");
    assert_eq!(changes[1]["change"], "none");
    answers(&project, "drop", "error");
    let dropped = answers(&project, "drop --yes", "drop");
    assert_eq!(dropped["databases"][0]["change"], "dropped");
    assert_eq!(dropped["databases"][1]["error"]["code"], "not_a_database");
    answers(&project, "reset db1 --yes", "outcome");
}

#[test]
fn each_command_has_a_schema_for_what_it_answers() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
    for command in listed() {
        // They print a text, and have no answer for programs.
        if ["completions", "help"].contains(&command.as_str()) {
            continue;
        }
        let format = answers::format(&[&command]);
        let format = format.unwrap_or_else(|| panic!("`rev {command}` has no schema"));
        let path = kept.join(format!("{format}.schema.json"));
        assert!(path.exists(), "{}", path.display());
    }
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
    let there = project.path().join("old.sqlite");
    rev_testkit::sqlite::execute(&there, "CREATE TABLE old (n INT)");
    project.write(
        "rev.yaml",
        &(settings.to_owned() + "  old: {url: 'sqlite://old.sqlite', shared: false}\n"),
    );
    let planned = answers(&project, "adopt old --dry-run", "adopt");
    let adopted = answers(&project, "adopt old", "adopt");
    assert_eq!(planned["files"].as_array().map(Vec::len), Some(3));
    assert_eq!(adopted["databases"][0]["course"], "begun");
    assert_eq!(adopted["findings"], json!([]));
    project.write("rev.yaml", settings);
    let proven = project.rev("test --format json");
    let lines: Vec<serde_json::Value> = { proven.out.lines() }
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    lines.iter().for_each(|line| check("test", line));
    let (end, tests) = lines.split_last().expect("a last line");
    assert!(end["failed"] != 0 && end["passed"] != 0, "{end:#}");
    assert!(tests.iter().all(|it| it["event"] == "test"), "{proven}");
}

/// What a reader finds in the shape of a file; all else looks beyond it.
const OF_SHAPE: [&str; 5] = [
    "unknown_key",
    "wrong_type",
    "missing_key",
    "not_a_choice",
    "bad_duration",
];

/// All files of YAML below a folder.
fn yaml_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|it| it == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn editors_judge_files_as_the_reader_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in ["fixtures", "revisions", "examples"] {
        yaml_files(&root.join(folder), &mut files);
    }
    files.push(root.join("rev.yaml"));
    let (mut good, mut bad) = (0, 0);
    for path in &files {
        let is_settings = path.ends_with("rev.yaml");
        let is_revision = path.components().any(|it| it.as_os_str() == "revisions");
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        if !is_settings && !is_revision {
            continue;
        }
        let Ok(value) = serde_yaml::from_str::<Value>(&text) else {
            continue;
        };
        let codes: Vec<String> = if is_settings {
            settings_codes(&text)
        } else {
            let parsed = rev_store::document::parse("r.yaml", &text);
            let faults = parsed.err().into_iter();
            faults
                .flat_map(|it| it.iter().map(|it| it.code().to_owned()).collect::<Vec<_>>())
                .collect()
        };
        let format = if is_settings { "rev.yaml" } else { "revision" };
        let refused = fault(format, &value);
        let of_shape = codes.iter().any(|code| OF_SHAPE.contains(&code.as_str()));
        if codes.is_empty() {
            good += 1;
            assert_eq!(refused, None, "{}", path.display());
        } else if of_shape {
            bad += 1;
            assert!(refused.is_some(), "{}: {codes:?}", path.display());
        }
    }
    assert!(good > 100 && bad > 5, "{good} good, {bad} bad");
}

/// What is wrong with settings, as `rev check` tells it.
fn settings_codes(text: &str) -> Vec<String> {
    let project = Project::empty();
    project.write("rev.yaml", text);
    project.write("revisions/.gitkeep", "");
    let answer = project
        .rev_unfollowed(&["heads", "--format", "json"], &[])
        .json();
    let mut codes = Vec::new();
    let error = &answer["error"];
    let all = error["errors"]
        .as_array()
        .cloned()
        .unwrap_or_else(|| vec![error.clone()]);
    for error in all {
        // Folders of revisions and models are not here.
        let is_here = error["path"].as_str().is_some_and(|it| it == "rev.yaml");
        let code = error["code"].as_str().unwrap_or_default();
        if is_here && !matches!(code, "no_folder" | "unknown_branch") {
            codes.push(code.to_owned());
        }
    }
    codes
}

#[test]
fn a_schema_is_printed_for_editors() {
    let project = Project::empty();
    for name in ["rev.yaml", "revision"] {
        let printed = project.rev(&format!("schema {name}"));
        let kept = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../../docs/schemas/{name}.schema.json"));
        assert_eq!(printed.out, std::fs::read_to_string(kept).expect("kept"));
    }
}

/// The first line of a file of a project.
fn first_line(project: &Project, path: &str) -> String {
    let text = std::fs::read_to_string(project.path().join(path)).expect("a file");
    text.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn what_init_and_revision_write_names_its_schema() {
    let project = Project::empty();
    let made = project.rev("init app -d db1=sqlite://db1.sqlite --format json");
    let files = made.json()["files"].clone();
    for name in ["rev.yaml", "revision"] {
        let file = format!("app/.rev/{name}.schema.json");
        assert!(
            files.as_array().expect("a list").contains(&json!(file)),
            "{files}"
        );
        let kept = std::fs::read_to_string(project.path().join(&file)).expect("kept");
        assert_eq!(kept, project.rev(&format!("schema {name}")).out);
    }
    let line = |path: &str| format!("# yaml-language-server: $schema={path}");
    let settings = line(".rev/rev.yaml.schema.json");
    assert_eq!(first_line(&project, "app/rev.yaml"), settings);

    // A line that is there is not doubled, whatever else is written into the file.
    assert_eq!(
        project
            .rev("-C app init --add db2=sqlite://db2.sqlite -q")
            .exit,
        Some(0)
    );
    let again = project.rev("-C app schema --write --format json");
    assert_eq!(again.json(), json!({ "files": [] }));
    let text = std::fs::read_to_string(project.path().join("app/rev.yaml")).expect("a file");
    assert_eq!(text.matches("yaml-language-server").count(), 1, "{text}");

    let written = |id: &str| {
        let words = format!("-C app new -m {id} --id {id} --format json");
        let path = project.rev(&words).json()["path"].clone();
        first_line(&project, path.as_str().expect("a path"))
    };
    let revision = line("../.rev/revision.schema.json");
    assert_eq!(written("aaaa"), revision);
    // What lies outside the project has no path to it that is the same for everybody.
    std::fs::create_dir(project.path().join("shared")).expect("a folder");
    for folder in [
        "../shared".to_owned(),
        project.path().join("shared").display().to_string(),
    ] {
        let moved = text.replace(
            "revisions: revisions",
            &format!("revisions: ['{folder}', revisions]"),
        );
        project.write("app/rev.yaml", &moved);
        let id = if folder == "../shared" {
            "bbbb"
        } else {
            "cccc"
        };
        assert_eq!(written(id), format!("revision: \"{id}\""));
    }
    assert_eq!(project.rev("-C app heads").exit, Some(0));
}

#[test]
fn a_project_that_is_there_gets_its_schemas() {
    let project = Project::line();
    assert_eq!(project.rev("new -m more --id dddd").exit, Some(0));
    assert_eq!(
        first_line(&project, "revisions/dddd_more.yaml"),
        "revision: \"dddd\""
    );
    let alone = project.rev("schema");
    assert_eq!(alone.exit, Some(2));
    assert!(alone.err.contains("`rev schema --write`"), "{alone}");
    let made = project.rev("schema --write");
    assert_eq!(
        made.out,
        ".rev/rev.yaml.schema.json\n.rev/revision.schema.json\nrev.yaml\n"
    );
    assert_eq!(project.rev("new -m again --id eeee").exit, Some(0));
    let line = first_line(&project, "revisions/eeee_again.yaml");
    assert!(
        line.ends_with("$schema=../.rev/revision.schema.json"),
        "{line}"
    );
    // One of an older `rev` is written anew.
    project.write(".rev/revision.schema.json", "{}\n");
    let made = project.rev("schema --write");
    assert_eq!(made.out, ".rev/revision.schema.json\n");
    assert_eq!(project.rev("heads").exit, Some(0));
}
