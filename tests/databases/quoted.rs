//! Texts in double quotes, which SQLite spells anew with each change in place.

use rev_core::Dialect;
use rev_sql::schema::{Diff, Filter, ddl};
use rev_sql::schema::{Stored, sentences};
use rev_testkit::sqlite::Memory;

use super::schemas::{apply, diff, inspect};

/// All that an expression may stand in; `§` stands for the quote.
const TABLES: &str = r#"
CREATE TABLE other (a INT UNIQUE, b INT, "c d" TEXT);
CREATE TABLE t (id INTEGER PRIMARY KEY, zz INT, j TEXT, "two words" TEXT DEFAULT §x§,
  g TEXT AS (json_extract(j, §$.A§)) STORED, h TEXT GENERATED ALWAYS AS ("two words" || §its§) VIRTUAL,
  k TEXT CHECK (k COLLATE "nocase" <> §j k§), l INT REFERENCES other ("a"),
  CHECK (j <> §bad§), CONSTRAINT named CHECK ("j" NOT IN (§p§, §From§, §q§)));
CREATE INDEX i ON t (j || §nope§, "two words") WHERE "j" <> §no§;
CREATE UNIQUE INDEX "u i" ON t (lower("two words" || §up§) DESC, "j");
CREATE VIEW v AS SELECT "j", §lit§ AS "e", t."id" "number" FROM t WHERE "j" <> §word§ ORDER BY "e", "number";
CREATE VIEW w ("x y") AS WITH c("n") AS (SELECT §one§ UNION SELECT "a" FROM "other") SELECT "n" FROM "c" WHERE "n" <> §end§;
CREATE VIEW of_v AS SELECT "e", "x y", §value§ FROM v JOIN w ON "x y" = §select§;
CREATE TRIGGER tr AFTER INSERT ON t WHEN new."j" = §quite§ BEGIN
  INSERT INTO other ("a", "c d") VALUES (§one§, new.j); UPDATE other SET "c d" = §two§ WHERE "b" = §three§;
  SELECT CASE "a" WHEN §r§ THEN RAISE(ABORT, 'no') ELSE §s§ END FROM other; END;
"#;

fn with(quote: &str) -> String {
    TABLES.replace('§', quote)
}

fn catalogue(memory: &mut Memory) -> Vec<String> {
    let rows = memory.rows("SELECT type, name, sql FROM sqlite_schema WHERE sql <> ''");
    let text = |cell: &Option<String>| cell.clone().unwrap_or_default();
    let rows: Vec<Stored> = rows
        .iter()
        .map(|row| Stored {
            kind: text(&row[0]),
            name: text(&row[1]),
            text: text(&row[2]),
        })
        .collect();
    sentences(&rows)
}

/// SQLite itself is the judge of what is a text: it spells what it takes for one with single
/// quotes, where a change in place has it write all texts anew.
#[test]
fn a_word_in_double_quotes_that_is_no_column_is_a_text() {
    let (mut double, mut single, mut spelt) = (Memory::new(), Memory::new(), Memory::new());
    double.execute(&with("\"")).expect("it runs");
    single.execute(&with("'")).expect("it runs");
    spelt.execute(&with("\"")).expect("it runs");
    spelt
        .execute("ALTER TABLE other ADD COLUMN gone; ALTER TABLE other DROP COLUMN gone")
        .expect("it runs");
    let texts = "SELECT name, sql FROM sqlite_schema WHERE sql LIKE '%\"nope\"%'";
    assert_eq!(double.rows(texts).len(), 1);
    assert_eq!(spelt.rows(texts).len(), 0, "it has been spelt anew");
    for other in [&mut single, &mut spelt] {
        assert_eq!(diff(&inspect(&mut double), &inspect(other)), [""; 0]);
        assert_eq!(catalogue(&mut double), catalogue(other));
    }
}

#[test]
fn what_is_a_column_is_no_text() {
    for (column, text) in [
        ("CHECK (a <> \"b\")", "CHECK (a <> 'b')"),
        ("g AS (\"b\" || a)", "g AS ('b' || a)"),
        ("CHECK (a <> [nope])", "CHECK (a <> 'nope')"),
    ] {
        let (mut one, mut other) = (Memory::new(), Memory::new());
        let table = |rest: &str| format!("CREATE TABLE t (a TEXT, b TEXT, nope TEXT, {rest})");
        one.execute(&table(column)).expect("it runs");
        other.execute(&table(text)).expect("it runs");
        assert_ne!(
            diff(&inspect(&mut one), &inspect(&mut other)),
            [""; 0],
            "{column}"
        );
        assert_ne!(catalogue(&mut one), catalogue(&mut other), "{column}");
    }
}

/// Changes in place, up and down, where models and database spell texts in double quotes.
#[test]
fn changes_in_place_leave_no_difference_in_texts() {
    for (change, quote) in [
        (("zz INT, ", ""), "\""),
        (("b INT, \"c d\"", "b INT, n INT, \"c d\""), "\""),
        (("l INT REFERENCES", "nope INT, l INT REFERENCES"), "\""),
        // What the models say of these is no column, whatever the database has stored.
        (("l INT REFERENCES", "nope INT, l INT REFERENCES"), "'"),
        (
            ("b INT, \"c d\"", "b INT, value INT, three INT, \"c d\""),
            "'",
        ),
        (("l INT REFERENCES", "word INT, l INT REFERENCES"), "'"),
    ] {
        let (from_sql, to_sql) = (with("\""), with(quote).replace(change.0, change.1));
        let (mut here, mut there) = (Memory::new(), Memory::new());
        here.execute(&from_sql).expect("it runs");
        there.execute(&to_sql).expect("it runs");
        here.execute("INSERT INTO t (j) VALUES ('{\"A\": 1}')")
            .expect("a row");
        let (from, to) = (inspect(&mut here), inspect(&mut there));
        let before = catalogue(&mut here);
        let up = Diff::between(&from, &to, &[], &Filter::default(), Dialect::Sqlite);
        for (diff_, due) in [(&up, &to), (&up.reversed(Dialect::Sqlite), &from)] {
            let script = ddl::write(diff_, Dialect::Sqlite).to_sql();
            apply(&mut here, &script, &[]).unwrap_or_else(|error| panic!("{error}\n{script}"));
            assert_eq!(diff(&inspect(&mut here), due), [""; 0], "{script}");
        }
        assert_eq!(catalogue(&mut here), before, "{change:?}");
        assert_eq!(here.rows("SELECT g FROM t"), [[Some("1".to_owned())]]);
    }
}
