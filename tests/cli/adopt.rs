//! `rev adopt`: databases that are there already get a history.

use std::collections::BTreeMap;
use std::path::Path;

use rev_testkit::sqlite::{dump, execute, hold, query};

use crate::harness::{Answer, Project, assert_answer};

/// What somebody made before, with rows.
const THERE: &str = "\
CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE hero (id INTEGER PRIMARY KEY, name TEXT NOT NULL, team_id INTEGER REFERENCES team (id));
CREATE INDEX hero_name ON hero (name) WHERE name <> '';
CREATE VIEW teams AS SELECT t.name, count(*) AS heroes FROM team t JOIN hero h ON h.team_id = t.id GROUP BY 1;
CREATE TRIGGER named AFTER INSERT ON hero BEGIN UPDATE hero SET name = trim(name) WHERE id = NEW.id; END;
INSERT INTO team VALUES (1, 'red');
INSERT INTO hero VALUES (1, 'Ada', 1)";

/// A project whose databases hold this, without models and revisions.
fn holding(databases: &[(&str, &str)]) -> Project {
    let project = Project::empty();
    let lines = databases
        .iter()
        .map(|(name, _)| format!("  {name}: sqlite://{name}.sqlite\n"));
    let settings = format!("databases:\n{}", lines.collect::<String>());
    project.write("rev.yaml", &settings);
    project.write("revisions/.gitkeep", "");
    for (name, sql) in databases {
        if !sql.is_empty() {
            execute(&database(&project, name), sql);
        }
    }
    project
}

fn database(project: &Project, name: &str) -> std::path::PathBuf {
    project.path().join(format!("{name}.sqlite"))
}

/// Every file of a project but its databases, and what it says.
fn files(project: &Project) -> BTreeMap<String, String> {
    fn within(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path
                .strip_prefix(root)
                .expect("below")
                .display()
                .to_string();
            if path.is_dir() {
                within(root, &path, found);
            } else if !name.contains(".sqlite") {
                found.insert(name, std::fs::read_to_string(&path).expect("a text"));
            }
        }
    }
    let mut found = BTreeMap::new();
    within(project.path(), project.path(), &mut found);
    found
}

#[track_caller]
fn done(project: &Project, words: &str) -> Answer {
    let answer = project.rev(words);
    assert_eq!(answer.exit, Some(0), "{words}: {answer}");
    answer
}

fn without_date(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("created:"));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_database_is_adopted_and_nothing_in_it_changes_but_the_ledger() {
    let project = holding(&[("db1", THERE)]);
    let before = dump(&database(&project, "db1"), "rev_");
    assert_answer!("adopt_first", project.rev("adopt --id aaaa"));
    assert_eq!(dump(&database(&project, "db1"), "rev_"), before);
    let written = files(&project);
    assert_eq!(
        written["rev.yaml"],
        "databases:\n  db1: {url: sqlite://db1.sqlite, models: schema/db1.sql}\n"
    );
    assert_answer!(
        "adopt_first_file",
        without_date(&written["revisions/aaaa_baseline.yaml"])
    );
    done(&project, "check");
    done(&project, "check --models --live");
    assert_eq!(done(&project, "diff").out, "db1: no difference\n");
    done(&project, "test");
    // What it says of the models is what a dump says.
    assert_eq!(done(&project, "dump db1").out, written["schema/db1.sql"]);
    // A new database becomes the same.
    done(&project, "upgrade --url db1=sqlite://new.sqlite db1@head");
    let schema =
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'rev%' ORDER BY 1, 2";
    let of = |name: &str| query(&database(&project, name), schema).len();
    assert_eq!(of("new"), of("db1"));
}

#[test]
fn what_is_adopted_has_its_schema_kept_where_no_models_are() {
    let project = holding(&[("db1", THERE)]);
    project.write(
        "rev.yaml",
        "databases:\n  db1: {url: 'sqlite://db1.sqlite', dump: schema/db1.sql}\n",
    );
    let dry = done(&project, "adopt --dry-run").out;
    assert!(dry.contains("would write schema/db1.sql\n"), "{dry}");
    assert!(dry.contains("would write models/db1.sql\n"), "{dry}");
    assert!(!project.has("schema"));
    let adopted = done(&project, "adopt --id aaaa").out;
    assert!(adopted.contains("schema/db1.sql\n"), "{adopted}");
    let written = files(&project);
    assert!(written["rev.yaml"].contains("models: models/db1.sql"));
    let kept = &written["schema/db1.sql"];
    assert!(kept.starts_with("-- The schema of `db1` at aaaa"), "{kept}");
    assert!(kept.ends_with(&written["models/db1.sql"]), "{kept}");
    done(&project, "check");
    done(&project, "check --models --live");
}

#[test]
fn a_schema_that_is_not_kept_is_left_of_an_adoption() {
    let project = holding(&[("db1", THERE)]);
    project.write(
        "rev.yaml",
        "databases:\n  db1: {url: 'sqlite://db1.sqlite', dump: kept/db1.sql}\n",
    );
    project.write("kept/db1.sql", "-- mine\n");
    assert_answer!("adopt_not_kept", project.rev("adopt --id aaaa"));
    assert_eq!(files(&project)["kept/db1.sql"], "-- mine\n");
    std::fs::remove_file(project.path().join("kept/db1.sql")).expect("mended");
    done(&project, "upgrade db1@head");
    done(&project, "check");
}

#[test]
fn what_is_adopted_is_adopted_once() {
    let project = holding(&[("db1", THERE), ("db2", "")]);
    done(&project, "adopt --id aaaa");
    let (before, rows) = (
        files(&project),
        query(&database(&project, "db1"), "SELECT * FROM rev_log"),
    );
    assert_answer!("adopt_again", project.rev("adopt"));
    assert_eq!(files(&project), before);
    let after = query(&database(&project, "db1"), "SELECT * FROM rev_log");
    assert_eq!(after, rows);
    assert!(!database(&project, "db2").exists());
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_would_be_written() {
    let project = holding(&[("db1", THERE)]);
    let before = (
        files(&project),
        std::fs::read(database(&project, "db1")).expect("a file"),
    );
    assert_answer!("adopt_dry", project.rev("adopt --dry-run --id aaaa"));
    let answer = project.rev("adopt --dry-run --format json").json();
    assert_eq!(answer["dry_run"], true);
    let after = (
        files(&project),
        std::fs::read(database(&project, "db1")).expect("a file"),
    );
    assert!(after == before);
}

#[test]
fn a_run_that_was_cut_off_is_gone_on_with() {
    let project = holding(&[("db1", THERE)]);
    let db1 = database(&project, "db1");
    let copy = project.path().join("copy.sqlite");
    std::fs::copy(&db1, &copy).expect("a copy");
    done(&project, "adopt --id aaaa");
    let whole = files(&project);
    let settings = "databases:\n  db1: sqlite://db1.sqlite\n";
    // As it is before the ledger, before the revision, and before the settings are written.
    for (is_revised, is_set) in [(true, true), (false, true), (false, false)] {
        std::fs::copy(&copy, &db1).expect("a copy");
        if !is_revised {
            std::fs::remove_file(project.path().join("revisions/aaaa_baseline.yaml"))
                .expect("removed");
        }
        if !is_set {
            project.write("rev.yaml", settings);
        }
        let again = done(&project, "adopt --id aaaa");
        assert!(
            again
                .out
                .contains("db1  adopted, stands at aaaa (baseline)"),
            "{again}"
        );
        assert_eq!(
            files(&project).keys().collect::<Vec<_>>(),
            whole.keys().collect::<Vec<_>>()
        );
        assert_eq!(files(&project)["rev.yaml"], whole["rev.yaml"]);
        done(&project, "check --models --live");
    }
}

#[test]
fn a_ledger_that_cannot_be_written_is_told_and_gone_on_with() {
    let project = holding(&[("db1", THERE)]);
    project.write(
        "rev.yaml",
        "databases:\n  db1:\n    url: sqlite://db1.sqlite\n    lock_timeout: 200ms\n",
    );
    let held = hold(&database(&project, "db1"), "BEGIN IMMEDIATE");
    assert_answer!("adopt_held", project.rev("adopt --id aaaa"));
    drop(held);
    let before = files(&project);
    done(&project, "adopt");
    assert_eq!(files(&project), before);
}

#[test]
fn models_that_are_there_are_kept_and_what_they_say_else_is_told() {
    let project = holding(&[(
        "db1",
        "CREATE TABLE hero (id INTEGER PRIMARY KEY); CREATE TABLE legacy (n INT)",
    )]);
    let models = "CREATE TABLE hero (id INTEGER PRIMARY KEY, name TEXT);\n";
    project.write("hero.sql", models);
    let settings = "databases:\n  db1: {url: 'sqlite://db1.sqlite', models: hero.sql}\n";
    project.write("rev.yaml", settings);
    assert_answer!("adopt_models_dry", project.rev("adopt --dry-run --id aaaa"));
    assert_answer!("adopt_models", project.rev("adopt --id aaaa"));
    let after = files(&project);
    assert_eq!(
        (after["hero.sql"].as_str(), after["rev.yaml"].as_str()),
        (models, settings)
    );
    assert!(!after.contains_key("schema/db1.sql"));
    // It is adopted all the same, and the rest is a revision like any other.
    done(&project, "check --live");
    done(&project, "revision --autogenerate -m rest --id bbbb");
    done(&project, "upgrade");
    done(&project, "check --models --live");
}

#[test]
fn another_environment_is_adopted_where_it_is_the_same_and_told_how_it_differs() {
    let project = holding(&[("db1", THERE)]);
    for (name, more) in [
        ("staging", ""),
        (
            "old",
            "; DROP INDEX hero_name; ALTER TABLE hero ADD COLUMN note TEXT",
        ),
    ] {
        execute(&database(&project, name), &format!("{THERE}{more}"));
    }
    done(&project, "adopt --id aaaa");
    let before = files(&project);
    done(&project, "adopt db1 --url db1=sqlite://staging.sqlite");
    done(&project, "check --live --url db1=sqlite://staging.sqlite");
    let old = "adopt db1 --url db1=sqlite://old.sqlite";
    assert_answer!(
        "adopt_differs",
        project.rev_unfollowed(&old.split(' ').collect::<Vec<_>>(), &[])
    );
    let tables = "SELECT name FROM sqlite_schema WHERE name LIKE 'rev%'";
    assert!(query(&database(&project, "old"), tables).is_empty());
    assert_eq!(files(&project), before);
    let new = "adopt db1 --url db1=sqlite://new.sqlite";
    assert_answer!("adopt_new", project.rev(new));
    assert!(!database(&project, "new").exists());
}

#[test]
fn a_database_that_stands_below_the_head_is_adopted_there() {
    let project = holding(&[("db1", THERE)]);
    execute(&database(&project, "late"), THERE);
    done(&project, "adopt --id aaaa");
    let models = files(&project)["schema/db1.sql"].clone();
    project.write(
        "schema/db1.sql",
        &format!("{models}CREATE TABLE more (n INT);\n"),
    );
    done(&project, "revision --autogenerate -m more --id bbbb");
    let late = "--url db1=sqlite://late.sqlite";
    let words = format!("adopt {late}");
    let refused = project.rev_unfollowed(&words.split(' ').collect::<Vec<_>>(), &[]);
    assert_eq!(refused.exit, Some(1), "{refused}");
    assert!(refused.err.contains("rev adopt db1 --at ID"), "{refused}");
    // What it has still to get is no difference of its own, and is told as what is to come.
    done(&project, &format!("adopt --at aaaa {late}"));
    done(&project, &format!("upgrade {late}"));
    done(&project, &format!("check --models --live {late}"));
}

#[test]
fn databases_that_name_one_file_share_the_first_ones_schema() {
    let shards = [
        ("s1", THERE),
        ("s2", THERE),
        (
            "s3",
            "CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        ),
    ];
    let project = holding(&shards);
    let lines = shards.map(|(name, _)| {
        format!("  {name}: {{url: 'sqlite://{name}.sqlite', models: shard.sql}}\n")
    });
    project.write("rev.yaml", &format!("databases:\n{}", lines.concat()));
    assert_answer!("adopt_shards", project.rev("adopt --id aaaa"));
    let after = files(&project);
    assert!(
        after["shard.sql"].contains("CREATE TABLE hero"),
        "{}",
        after["shard.sql"]
    );
    done(&project, "check --live");
    done(&project, "revision --autogenerate -m same --id bbbb");
    done(&project, "upgrade");
    done(&project, "check --models --live");
}

#[test]
fn databases_that_are_alike_share_a_script_where_they_share_models() {
    let project = holding(&[("s1", THERE), ("s2", THERE)]);
    let lines = ["s1", "s2"]
        .map(|it| format!("  {it}: {{url: 'sqlite://{it}.sqlite', models: shard.sql}}\n"));
    project.write("rev.yaml", &format!("databases:\n{}", lines.concat()));
    done(&project, "adopt --id aaaa");
    let text = &files(&project)["revisions/aaaa_baseline.yaml"];
    assert!(
        text.contains("\nupgrade: |") && !text.contains("databases:"),
        "{text}"
    );
}

#[test]
fn a_project_with_a_history_takes_up_one_more_database() {
    let project = Project::line();
    done(&project, "upgrade");
    project.write(
        "rev.yaml",
        "databases:\n  db1: sqlite://db1.sqlite\n  db2:\n    url: sqlite://db2.sqlite\n    groups: [reporting]\n  \
         old:\n    url: sqlite://old.sqlite\n    shared: false\n",
    );
    execute(&database(&project, "old"), THERE);
    let adopted = done(&project, "adopt old --id dddd");
    assert!(
        adopted
            .out
            .contains("old  adopted, stands at dddd (baseline)"),
        "{adopted}"
    );
    let text = &files(&project)["revisions/dddd_baseline.yaml"];
    assert!(
        text.contains("down_revision: \"cccc\"") && text.contains("\n  old:"),
        "{text}"
    );
    assert!(
        files(&project)["rev.yaml"]
            .contains("    url: sqlite://old.sqlite\n    models: schema/old.sql\n")
    );
    done(&project, "upgrade");
    done(&project, "check --live");
}

#[test]
fn a_history_that_forks_is_told_where_one_more_database_may_join_it() {
    let project = Project::fork();
    let settings = "databases:\n  db1: sqlite://db1.sqlite\n  old: sqlite://old.sqlite\n";
    project.write("rev.yaml", settings);
    execute(&database(&project, "old"), THERE);
    assert_answer!("adopt_forked", project.rev("adopt old"));
    assert!(!project.has("schema/old.sql"));
}

#[test]
fn what_cannot_be_adopted_keeps_all_from_being_written() {
    let project = holding(&[("db1", THERE), ("db2", THERE)]);
    project.write("schema/db2.sql", "-- mine\n");
    let before = files(&project);
    assert_answer!("adopt_in_the_way", project.rev("adopt"));
    // A database of an entry that nothing can be added to by itself.
    project.write(
        "rev.yaml",
        "databases:\n  db1: \"sqlite://\\\n    db1.sqlite\"\n  db2: sqlite://db2.sqlite\n",
    );
    let refused = project.rev("adopt db1");
    assert_eq!(refused.exit, Some(1), "{refused}");
    assert!(
        refused.err.contains("write `models: schema/db1.sql` there"),
        "{refused}"
    );
    assert_eq!(
        files(&project).keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
    for name in ["db1", "db2"] {
        let tables = "SELECT name FROM sqlite_schema WHERE name LIKE 'rev%'";
        assert!(
            query(&database(&project, name), tables).is_empty(),
            "{name}"
        );
    }
}

#[test]
fn models_go_into_a_file_that_no_other_databases_models_take_in() {
    let project = holding(&[
        ("db1", "CREATE TABLE a (n INT)"),
        ("db2", "CREATE TABLE b (n INT)"),
    ]);
    project.write("schema/a.sql", "CREATE TABLE a (n INT);\n");
    project.write(
        "rev.yaml",
        "databases:\n  db1: {url: 'sqlite://db1.sqlite', models: schema}\n  db2: sqlite://db2.sqlite\n",
    );
    done(&project, "adopt --id aaaa");
    assert!(project.has("models/db2.sql") && !project.has("schema/db2.sql"));
}

#[test]
fn what_other_tools_keep_and_what_is_excluded_is_no_part_of_the_baseline() {
    let more = "; CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY); CREATE TABLE tmp_x (n INT)";
    let project = holding(&[("db1", &format!("{THERE}{more}"))]);
    let settings = files(&project)["rev.yaml"].clone();
    project.write(
        "rev.yaml",
        &format!("{settings}autogenerate:\n  exclude: ['tmp_*']\n"),
    );
    let adopted = done(&project, "adopt --id aaaa");
    assert!(
        adopted.err.contains("`alembic_version` is Alembic's"),
        "{adopted}"
    );
    for (name, text) in files(&project) {
        let is_clean = !text.contains("alembic") && !text.contains("tmp_x");
        assert!(is_clean, "{name}: {text}");
    }
    done(&project, "check --models --live");
}

#[test]
fn a_run_that_would_fail_on_what_is_there_is_told_of_adopting() {
    let project = Project::line();
    let made =
        "CREATE TABLE hero (id INTEGER PRIMARY KEY); CREATE TABLE mission (id INTEGER PRIMARY KEY)";
    execute(&database(&project, "db1"), made);
    for words in ["upgrade db1@head", "adopt db1 --dry-run"] {
        let answer = project.rev(words);
        let is_told = answer.err.contains("`rev adopt db1`");
        assert_eq!(is_told, words.starts_with("upgrade"), "{answer}");
    }
    done(&project, "adopt db1");
    assert_eq!(
        done(&project, "upgrade db1@head").out,
        "db1  nothing to do, at cccc (add mission)\n"
    );
}

#[test]
fn a_database_that_cannot_be_reached_is_not_adopted() {
    let project = holding(&[("db1", THERE)]);
    let url = "adopt --url db1=postgres://app@127.0.0.1:1/app";
    let refused = project.rev_unfollowed(&url.split(' ').collect::<Vec<_>>(), &[]);
    assert_eq!(refused.exit, Some(1), "{refused}");
    assert!(refused.err.contains("db1"), "{refused}");
    assert_eq!(files(&project).len(), 2);
}

#[test]
fn real_schemas_are_adopted_and_nothing_is_left() {
    for name in ["chinook", "synapse"] {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/schemas/sqlite");
        let sql = std::fs::read_to_string(format!("{root}/{name}.sql")).expect("a schema");
        let project = holding(&[("db1", &sql)]);
        let before = dump(&database(&project, "db1"), "rev_");
        let adopted = done(&project, "adopt --id aaaa");
        assert!(adopted.err.contains("nothing is left"), "{name}: {adopted}");
        assert_eq!(dump(&database(&project, "db1"), "rev_"), before, "{name}");
        done(&project, "test");
    }
}

#[test]
fn status_calls_no_database_up_to_date_that_has_tables_and_no_history() {
    let project = Project::empty();
    project.write("rev.yaml", "databases: {db1: sqlite://db1.sqlite}\n");
    project.write("revisions/.gitkeep", "");
    let fresh = project.rev("status --check");
    assert_eq!(fresh.exit, Some(0), "{fresh}");
    assert!(fresh.out.contains("up to date"), "{fresh}");

    let file = project.path().join("db1.sqlite");
    execute(&file, "CREATE TABLE hero (id INTEGER PRIMARY KEY)");
    let told = project.rev("status --check");
    assert_eq!(told.exit, Some(4), "{told}");
    assert!(told.out.contains("not adopted"), "{told}");
    assert!(told.out.contains("`rev adopt`"), "{told}");
    assert!(!told.out.contains("up to date"), "{told}");
    let answer = project.rev("status --format json").json();
    assert_eq!(answer["databases"][0]["not_adopted"], true, "{answer}");
    assert_eq!(answer["sum"]["not_adopted"], 1, "{answer}");
    // What is left out by the settings is not what it lacks.
    project.write(
        "rev.yaml",
        "databases: {db1: sqlite://db1.sqlite}\nautogenerate: {exclude: [hero]}\n",
    );
    assert!(project.rev("status").out.contains("up to date"));
    project.write("rev.yaml", "databases: {db1: sqlite://db1.sqlite}\n");
    let adopted = project.rev("adopt");
    assert_eq!(adopted.exit, Some(0), "{adopted}");
    let told = project.rev("status --check");
    assert_eq!(told.exit, Some(0), "{told}");
    assert!(told.out.contains("up to date"), "{told}");
}
