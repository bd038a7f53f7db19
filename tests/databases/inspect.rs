//! What SQLite's catalogue says, as values.

use rev_core::{DatabaseUrl, Dialect};
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
        silence_timeout: std::time::Duration::ZERO,
        operator: "tester".to_owned(),
        is_throw_away: false,
        run: "test".to_owned(),
    };
    let url = DatabaseUrl::of_file(path);
    let mut database = open(&url, &settings).expect("a URL");
    block_on(database.inspect()).expect("inspected")
}

fn diff(from: &str, to: &str) -> Diff {
    let (from, to) = (inspected(from), inspected(to));
    Diff::between(&from, &to, &[], &Filter::default(), Dialect::Sqlite)
}

/// The script between two schemas, and the one back.
fn both_ways(from: &str, to: &str) -> String {
    let up = diff(from, to);
    let down = up.reversed(Dialect::Sqlite);
    let sql = |diff| ddl::write(diff, Dialect::Sqlite).to_sql();
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

/// A table with a column of each type and of each kind of default, and one of every
/// other thing that SQLite knows.
const EVERYTHING: &str = "\
CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE);
CREATE TABLE everything (
  a INT, b INTEGER, c TINYINT, d SMALLINT, e MEDIUMINT, f BIGINT, g UNSIGNED BIG INT, h INT2, i INT8,
  j CHARACTER(20), k VARCHAR(255), l VARYING CHARACTER(255), m NCHAR(55), n NATIVE CHARACTER(70),
  o NVARCHAR(100), p TEXT, q CLOB, r BLOB, s, t REAL, u DOUBLE, v DOUBLE PRECISION, w FLOAT,
  x NUMERIC, y DECIMAL(10,5), z BOOLEAN, aa DATE, ab DATETIME, ac JSON, ad \"quoted type\",
  d1 DEFAULT 1, d2 DEFAULT -1.5, d3 DEFAULT +2e3, d4 DEFAULT .5, d5 DEFAULT 0x1F, d6 DEFAULT 'it''s; x',
  d7 DEFAULT x'00ff', d8 DEFAULT NULL, d9 DEFAULT TRUE, d10 DEFAULT CURRENT_TIME, d11 DEFAULT CURRENT_DATE,
  d12 DEFAULT CURRENT_TIMESTAMP, d13 DEFAULT (1 + 2), d14 DEFAULT (strftime('%s', 'now')), d15 DEFAULT bare,
  d16 DEFAULT \"named\", d17 TEXT DEFAULT '-- no comment', d18 TEXT DEFAULT ('(' || ')'), d19 DEFAULT ((3)),
  n1 TEXT NOT NULL ON CONFLICT REPLACE DEFAULT 'n', n2 TEXT NULL, n3 TEXT CONSTRAINT given NOT NULL,
  c1 TEXT COLLATE NOCASE, c2 TEXT COLLATE RTRIM COLLATE BINARY,
  g1 INT GENERATED ALWAYS AS (a + 1), g2 TEXT AS (p || '-') STORED, g3 AS (coalesce(a, (b))) VIRTUAL,
  f1 INTEGER REFERENCES parent, f2 TEXT REFERENCES parent (code) MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL,
  f3 INTEGER CONSTRAINT up REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED CHECK (f3 <> 0),
  \"two words\" TEXT CHECK (\"two words\" <> ''), [bracketed] TEXT, `ticked` TEXT, \"select\" INTEGER, 'text' TEXT,
  CONSTRAINT pk PRIMARY KEY (b, p COLLATE NOCASE DESC) ON CONFLICT IGNORE,
  UNIQUE (a, c), CONSTRAINT both UNIQUE (j COLLATE RTRIM) ON CONFLICT ROLLBACK,
  CONSTRAINT sound CHECK (length(p) < 9 AND p NOT LIKE '%)%' ESCAPE '!')
  CONSTRAINT other CHECK (a IN (1, 2, /* three */ 3)),
  FOREIGN KEY (f1, f2) REFERENCES parent (id, code) ON DELETE RESTRICT NOT DEFERRABLE
);
CREATE TABLE strict_one (id INTEGER PRIMARY KEY, a INT, b REAL, c TEXT, d BLOB, e ANY) STRICT;
CREATE TABLE without_one (a TEXT, b INT, PRIMARY KEY (b, a)) WITHOUT ROWID, STRICT;
CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE downwards (id INTEGER PRIMARY KEY DESC);
CREATE TABLE copied AS SELECT a, p, g1 AS \"made up\" FROM everything;
CREATE VIRTUAL TABLE found USING fts5(title, body);
CREATE UNIQUE INDEX one ON everything (a DESC, p COLLATE NOCASE, (b + 1), lower(k) DESC) WHERE a > 0 AND z IS NOT NULL;
CREATE INDEX \"an index\" ON everything (\"two words\", \"select\");
CREATE VIEW seen (x, y) AS WITH r AS (SELECT a, b FROM everything) SELECT a, b FROM r;
CREATE TRIGGER watched INSTEAD OF INSERT ON seen BEGIN INSERT INTO counted (id) VALUES (NULL); END;
CREATE TRIGGER noted AFTER UPDATE OF a, b ON everything FOR EACH ROW WHEN new.a IS NOT old.a
BEGIN
  UPDATE everything SET z = CASE WHEN a THEN 1 ELSE 0 END WHERE rowid = new.rowid; -- a comment; with one
END;";

#[test]
fn right_after_it_was_made_nothing_differs_whatever_the_type_and_default() {
    let schema = inspected(EVERYTHING);
    let dump = |schema: &Schema| ddl::dump(schema, Dialect::Sqlite).to_sql();
    let text = dump(&schema);
    insta::assert_snapshot!("everything", text);
    let again = inspected(&text);
    let left = Diff::between(&again, &schema, &[], &Filter::default(), Dialect::Sqlite);
    assert!(left.is_empty(), "{:?}\n{text}", left.sentences());
    assert_eq!(dump(&again), text);
}

#[test]
fn what_the_engine_keeps_for_itself_is_not_seen() {
    let schema = inspected(EVERYTHING);
    let tables: Vec<String> = schema.tables.keys().map(ToString::to_string).collect();
    assert_eq!(
        tables.join(" "),
        "copied counted downwards everything parent strict_one without_one"
    );
    let objects: Vec<String> = schema
        .objects
        .keys()
        .map(|(_, _, name)| name.to_string())
        .collect();
    assert_eq!(objects.join(" "), "found seen noted watched");
}

#[test]
fn each_difference_has_a_sentence() {
    let one = "CREATE TABLE hero (id INTEGER PRIMARY KEY, name TEXT DEFAULT 'x' COLLATE NOCASE, power INT, \
               CHECK (power > 0), UNIQUE (name)); CREATE TABLE gone (a); CREATE INDEX ix ON hero (power);";
    let two = "CREATE TABLE hero (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(9) NOT NULL, skill TEXT, \
               CONSTRAINT c CHECK (skill <> ''), UNIQUE (name) ON CONFLICT FAIL) STRICT; \
               CREATE TABLE new (a); CREATE INDEX ix ON hero (skill);";
    let two = two.replace("VARCHAR(9)", "TEXT");
    insta::assert_snapshot!(diff(one, &two).sentences().join("\n"));
}
