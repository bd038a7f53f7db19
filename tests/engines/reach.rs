//! What is replayed on a throw-away database touches nothing but that, also where it
//! stands beside the live one and a script names that by name.

use rev_testkit::scratch::{Engine, server_url};

use crate::project::Project;

/// A live database with a table and a row, at revision `a`; `b` is still to come.
fn live(engine: Engine, change: impl Fn(&str) -> String, mode: &str) -> Project {
    let project = Project::of(engine);
    project.revision(
        "a",
        "null",
        "upgrade: CREATE TABLE hero (id INT PRIMARY KEY, name VARCHAR(20))\ndowngrade: DROP TABLE hero\n",
    );
    project.rev(&["upgrade"]).exits(0);
    project
        .database()
        .execute("INSERT INTO hero VALUES (1, 'Ada')");
    let change = change(project.database().name());
    project.revision(
        "b",
        "a",
        &format!("{mode}upgrade: |\n  SELECT 1;\n  {change};\ndowngrade: SELECT 1\n"),
    );
    std::fs::write(
        project.root().join("models.sql"),
        "CREATE TABLE hero (id INT PRIMARY KEY, name VARCHAR(20))",
    )
    .expect("a file");
    project.add_setting("models: [models.sql]");
    project
}

/// All that replays, on the server of the live database.
fn replays(project: &Project, scratch: &str) -> Vec<(Vec<String>, i32)> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let on = |mut words: Vec<String>| {
        if project.database().engine() != Engine::Sqlite {
            words.extend(["--scratch".to_owned(), scratch.to_owned()]);
        }
        words
    };
    vec![
        (on(words("test")), 4),
        (on(words("test b")), 4),
        (words("check --models"), 1),
        (words("diff --from-revisions"), 1),
        (words("dump --from-revisions"), 1),
        (words("revision --autogenerate --from-revisions -m x"), 1),
        (on(words("squash base:b -m all")), 1),
    ]
}

#[test]
fn a_script_that_names_the_live_database_is_not_replayed() {
    let changes: [fn(&str) -> String; 7] = [
        |live| format!("ALTER TABLE {live}.hero DROP COLUMN name"),
        |live| format!("USE {live}"),
        |live| format!("DELETE FROM `{live}`.`hero`"),
        |live| format!("EXECUTE IMMEDIATE 'DROP TABLE {live}.hero'"),
        |live| format!("DROP DATABASE {live}"),
        |live| {
            format!("CREATE TRIGGER t AFTER INSERT ON hero FOR EACH ROW DELETE FROM {live}.hero")
        },
        |live| format!("CREATE VIEW v AS SELECT * FROM {live}.hero"),
    ];
    for engine in Engine::MYSQLS {
        not_replayed(engine, &changes);
    }
}

fn not_replayed(engine: Engine, changes: &[fn(&str) -> String]) {
    let scratch = engine.server_url();
    for (number, change) in changes.iter().enumerate() {
        let project = live(engine, change, "");
        let before = project.database().dump();
        let all = replays(&project, &scratch);
        let some = if number == 0 { all.len() } else { 1 };
        for (words, code) in &all[..some] {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let answer = project.rev(&words).exits(*code).says("revisions/b.yaml:6");
            let text = answer.text;
            assert!(
                text.contains("is in the database") || text.contains("reaches beyond"),
                "{text}"
            );
            assert_eq!(project.database().dump(), before, "{words:?}\n{text}");
        }
    }
}

#[test]
fn a_live_run_may_name_its_database_as_ever() {
    let change = |live: &str| format!("ALTER TABLE {live}.hero ADD age INT");
    for engine in Engine::MYSQLS {
        let project = live(engine, change, "");
        project.rev(&["upgrade"]).exits(0);
    }
}

#[test]
fn a_file_that_is_attached_is_not_reached_by_a_replay() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("other.sqlite");
    let change = |_: &str| format!("ATTACH '{}' AS other", file.display());
    let project = live(Engine::Sqlite, change, "transaction: none\n");
    for (words, code) in replays(&project, "") {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = project.rev(&words).exits(code);
        answer
            .says("revisions/b.yaml:7")
            .says("`ATTACH` reaches beyond");
        assert!(!file.exists(), "{words:?}");
    }
}

#[test]
fn a_statement_about_the_live_database_is_not_replayed_on_postgres() {
    let change = |live: &str| format!("COMMENT ON DATABASE {live} IS 'replayed'");
    let project = live(Engine::Postgres, change, "");
    let scratch = server_url("REV_TEST_POSTGRES_URL");
    for (words, code) in &replays(&project, &scratch)[..1] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        project.rev(&words).exits(*code).says("reaches beyond");
    }
    let comment = project.database().query(
        "SELECT coalesce(shobj_description(oid, 'pg_database'), 'none') FROM pg_database \
         WHERE datname = current_database()",
    );
    assert_eq!(comment, ["none"]);
}
