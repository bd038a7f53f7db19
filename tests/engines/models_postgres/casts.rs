//! Columns that change their type, each type into each: a value that is another one after
//! the way there and back was lost, and the script says so beforehand.

use rev_sql::schema::ddl::{NoteKind, Script};
use rev_sql::schema::{Column, Diff, Filter, Name, Schema, Table, Text};

use super::place::{DIALECT, Place, written};

/// Types, each with values at the edges of what it holds.
const TYPES: &[(&str, &[&str])] = &[
    ("smallint", &["-32768", "7", "0"]),
    ("integer", &["2147483647", "-12", "16777217"]),
    ("bigint", &["9223372036854775807", "9007199254740993", "2"]),
    (
        "numeric",
        &["1.23456", "12345678901234567890123.4", "NaN", "0.1", "1.00"],
    ),
    ("numeric(10,4)", &["1.2345", "999999.9999", "-3"]),
    ("numeric(10,2)", &["1.25", "99999999.99", "0"]),
    ("numeric(5,0)", &["99999", "-1"]),
    ("real", &["0.1", "16777216", "3.4e38", "1e-40"]),
    (
        "double precision",
        &["0.30000000000000004", "1e300", "-0", "3.5"],
    ),
    ("money", &["12.34", "-0.01", "92233720368547758.07"]),
    ("boolean", &["true", "false"]),
    (
        "text",
        &[
            "05",
            "a  ",
            "true",
            "{\"a\": 1, \"a\":2}",
            "2020-01-01",
            "1.50",
            "10.0.0.1/24",
            "a234567890123456789012345678901234567890123456789012345678901234567890",
        ],
    ),
    (
        "character varying(20)",
        &["abcdefghijklmnopqrst", "x ", "05"],
    ),
    ("character varying(10)", &["abcdefghij", "", "t"]),
    ("character(10)", &["abc", "abcdefghij"]),
    ("character(4)", &["abcd", "1"]),
    ("name", &["abc", "Some Name"]),
    ("\"char\"", &["a"]),
    (
        "date",
        &["2020-02-29", "0044-03-15 BC", "infinity", "5874000-01-01"],
    ),
    (
        "timestamp without time zone",
        &["2020-01-02 03:04:05.678901", "infinity", "294000-01-01"],
    ),
    (
        "timestamp(3) without time zone",
        &["2020-01-02 03:04:05.678"],
    ),
    ("timestamp(0) without time zone", &["2020-01-02 03:04:05"]),
    (
        "timestamp with time zone",
        &["2020-01-02 03:04:05.678901+02", "-infinity"],
    ),
    ("timestamp(0) with time zone", &["2020-07-02 03:04:05+02"]),
    ("time without time zone", &["03:04:05.678901"]),
    ("time(0) without time zone", &["03:04:05"]),
    ("time with time zone", &["03:04:05.678901+05"]),
    (
        "interval",
        &["1 year 2 mons 3 days 04:05:06.789012", "25:00", "-1 day"],
    ),
    ("interval(0)", &["3 days 04:05:06"]),
    ("interval day to second", &["3 days 04:05:06.5"]),
    ("interval day to minute", &["3 days 04:05"]),
    ("interval year to month", &["1 year 2 mons"]),
    (
        "json",
        &["{\"b\": 1,  \"a\": 1, \"a\": 2}", "1.0", "\"x\"", "null"],
    ),
    ("jsonb", &["{\"a\": [1, 2]}", "5", "1.5", "true"]),
    ("bit(8)", &["10101010", "00000001"]),
    ("bit(4)", &["1010"]),
    ("bit varying(8)", &["101", "10101010"]),
    ("bit varying", &["10101010101", ""]),
    ("bytea", &["\\x00ff", ""]),
    ("inet", &["10.0.0.1/24", "10.0.0.1", "::1"]),
    ("cidr", &["10.0.0.0/24", "10.0.0.1/32"]),
    ("macaddr", &["08:00:2b:01:02:03"]),
    (
        "macaddr8",
        &["08:00:2b:01:02:03:04:05", "08:00:2b:ff:fe:01:02:03"],
    ),
    ("uuid", &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    ("oid", &["4294967295", "1"]),
    ("regclass", &["pg_class"]),
    ("point", &["(1,2)"]),
    ("box", &["(3,4),(1,2)"]),
    ("lseg", &["[(1,2),(3,4)]"]),
    ("path", &["((0,0),(1,1),(2,0))", "[(0,0),(1,1)]"]),
    ("polygon", &["((0,0),(1,1),(2,0))"]),
    ("circle", &["<(1,2),3>"]),
    ("int4range", &["[1,5)", "empty"]),
    ("int8range", &["[1,5000000000)"]),
    ("int4multirange", &["{[1,2),[4,6)}"]),
    ("tsvector", &["'a':1 'b':2A"]),
    ("xml", &["<a/>"]),
    ("integer[]", &["{1,NULL,3}", "{{1,2}}"]),
    ("bigint[]", &["{5000000000}"]),
    ("numeric(10,2)[]", &["{1.25}"]),
    ("double precision[]", &["{0.30000000000000004}"]),
    ("text[]", &["{05,\"a  \"}", "{1.25}"]),
    ("character varying(3)[]", &["{abc}"]),
    ("mood", &["sad", "happy"]),
    ("feeling", &["happy", "glad"]),
    ("cents", &["1.25"]),
    ("count", &["7"]),
];

const MADE: &str = "
CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TYPE feeling AS ENUM ('happy', 'glad');
CREATE DOMAIN cents AS numeric(10,2); CREATE DOMAIN count AS integer CHECK (VALUE > 0);
";

/// Tries values on the way there and back: the first that came back as another one.
const TRY: &str = "
CREATE FUNCTION lost(old text, new text, up text, down text, source text, samples text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE sample text; due text; found text;
BEGIN
  FOREACH sample IN ARRAY samples LOOP
    BEGIN
      EXECUTE format('INSERT INTO %I SELECT %L::%s RETURNING v::text', old, sample, source) INTO due;
      EXECUTE format('INSERT INTO %I SELECT %s FROM %I', new, up, old);
      EXECUTE format('INSERT INTO %I SELECT %s FROM %I RETURNING v::text', old || '_', down, new) INTO found;
      RAISE EXCEPTION USING ERRCODE = 'RV001';
    EXCEPTION WHEN SQLSTATE 'RV001' THEN
      IF due IS DISTINCT FROM found THEN RETURN due || ' became ' || coalesce(found, 'NULL'); END IF;
    WHEN OTHERS THEN NULL;
    END;
  END LOOP;
  RETURN '';
END $$;
";

/// The schema with a table that has a column of this type.
fn with(base: &Schema, type_name: &str) -> Schema {
    let mut schema = base.clone();
    schema.add_table(Table {
        name: Name::bare(Text::exact("t")),
        columns: vec![Column {
            name: Text::exact("v"),
            type_name: Text::exact(type_name),
            nullable: true,
            ..Column::default()
        }],
        ..Table::default()
    });
    schema
}

/// What the column's new value is made of.
fn value(script: &Script) -> String {
    let text = script
        .statements
        .iter()
        .find(|it| it.text.contains(" TYPE "));
    let text = text.map_or("", |it| it.text.as_str());
    let using = text.split_once(" USING ").map(|(_, value)| value);
    let value = using.map(|it| it.lines().next().unwrap_or(it).trim_end_matches(','));
    value.unwrap_or("v").to_owned()
}

#[test]
fn whatever_may_be_lost_with_a_type_is_told_beforehand() {
    let mut place = Place::new();
    place.run(MADE).expect("types");
    let base = place.inspect();
    place.run(TRY).expect("a function");
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut asked = Vec::new();
    let mut told = Vec::new();
    for (number, (old, samples)) in TYPES.iter().enumerate() {
        place
            .run(&format!(
                "CREATE TABLE t{number} (v {old}); CREATE TABLE t{number}_ (v {old})"
            ))
            .expect("a table");
        let samples: Vec<String> = samples.iter().map(|it| quoted(it)).collect();
        for (other, (new, _)) in TYPES.iter().enumerate().filter(|(it, _)| *it != number) {
            let (from, to) = (with(&base, old), with(&base, new));
            let up = Diff::between(&from, &to, &[], &Filter::default(), DIALECT);
            let (up, down) = (written(&up), written(&up.reversed(DIALECT)));
            asked.push(format!(
                "SELECT {}, lost('t{number}', 't{other}', {}, {}, {}, ARRAY[{}])",
                asked.len(),
                quoted(&value(&up)),
                quoted(&value(&down)),
                quoted(old),
                samples.join(", ")
            ));
            let is_told = up.notes(NoteKind::Destructive).next().is_some();
            told.push((format!("{old} to {new}"), is_told, up.to_sql()));
        }
    }
    let found = place.run(&asked.join("; ")).expect("answers");
    assert_eq!(found.len(), told.len());
    let mut silent = Vec::new();
    let mut lost = 0;
    for ((pair, is_told, script), answer) in told.iter().zip(&found) {
        let what = answer.split_once('|').map_or("", |(_, what)| what);
        lost += usize::from(!what.is_empty());
        if !what.is_empty() && !is_told {
            silent.push(format!("{pair}: {what}\n{script}"));
        }
    }
    assert!(lost > 200, "{lost}");
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}
