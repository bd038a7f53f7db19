//! What SQLite's catalogue says, as values.

use rev_core::Dialect;
use rev_db::{Settings, open};
use rev_sql::schema::{Diff, Filter, Schema, ddl};
use rev_testkit::sqlite;

use crate::setting::block_on;

/// The schema that this SQL makes in a file of its own.
fn inspected(sql: &str) -> Schema {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db.sqlite");
    sqlite::execute(&path, sql);
    let settings = Settings {
        ledger_prefix: "rev_".to_owned(),
        schema: None,
        lock_timeout: std::time::Duration::from_secs(1),
        statement_timeout: std::time::Duration::ZERO,
        operator: "tester".to_owned(),
        run: "test".to_owned(),
    };
    let url = format!("sqlite://{}", path.display());
    let mut database = open(&url, Dialect::Sqlite, &settings).expect("a URL");
    let schema = block_on(database.inspect()).expect("inspected");
    schema.expect("SQLite can be inspected")
}

fn diff(from: &str, to: &str) -> Diff {
    let (from, to) = (inspected(from), inspected(to));
    Diff::between(&from, &to, &[], &Filter::default(), Dialect::Sqlite)
}

/// The script between two schemas, and the one back.
fn both_ways(from: &str, to: &str) -> String {
    let up = diff(from, to);
    let down = up.reversed(Dialect::Sqlite);
    let sql = |diff| ddl::write(diff, Dialect::Sqlite).expect("written").to_sql();
    format!("{}----- back\n{}", sql(&up), sql(&down))
}

#[test]
fn other_spellings_of_the_same_are_the_same() {
    let one = "CREATE TABLE hero (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE DEFAULT 'x', \
               team_id INT REFERENCES team ON DELETE CASCADE, CHECK (length(name) > 1)); \
               CREATE TABLE team (id INTEGER PRIMARY KEY); \
               CREATE INDEX hero_name ON hero (lower(name), team_id DESC) WHERE team_id IS NOT NULL; \
               CREATE VIEW v AS SELECT id FROM hero;";
    let other = "create table \"Hero\" (\"id\" integer not null, [name] varchar ( 20 ) constraint n not null \
                 default ('x'), team_id int, -- a comment\n primary key (id), unique (name) \
                 check ((LENGTH(\"name\")>1)), foreign key (team_id) references `team` (id) on delete cascade \
                 on update no action); create table team (id integer primary key); \
                 create index hero_name on hero (LOWER(name), team_id desc) where (team_id is not null); \
                 create view v as select  id from hero /* all */;";
    let found = diff(one, other);
    assert!(found.is_empty(), "{:?}", found.sentences());
}

#[test]
fn a_column_is_added_in_place_and_a_check_needs_a_rebuild() {
    let one = "CREATE TABLE hero (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT); \
               CREATE VIEW names AS SELECT name FROM hero;";
    let two = "CREATE TABLE hero (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, power INTEGER \
               CHECK (power > 0)); CREATE VIEW names AS SELECT name FROM hero;\
               CREATE INDEX hero_name ON hero (name);";
    insta::assert_snapshot!(both_ways(one, two));
}
