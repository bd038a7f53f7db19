//! Composite types whose attributes change while columns hold values of them.

use rev_sql::schema::{Diff, Filter};

use super::place::{DIALECT, Place, between, written};
use crate::native;

/// What `ct` may be: its attributes, of which `a` and `b` hold the same in all.
const ATTRIBUTES: &[&str] = &[
    "a int, b text",
    "a bigint, b text",
    "a int, b text, c text",
    "b varchar(30), \"A b\" numeric, a bigint",
    "a d, b text",
];

/// What holds values of it: tables, and rows of them where each has one.
const HOLDERS: &[(&str, &str)] = &[
    ("CREATE TABLE t (id int, v ct);", "SELECT id, (v).a, (v).b, v IS NULL FROM t ORDER BY id"),
    (
        "CREATE DOMAIN over AS ct CHECK ((VALUE).a > 0); CREATE TABLE t (id int, v over);",
        "SELECT id, (v).a, (v).b, v IS NULL FROM t ORDER BY id",
    ),
    (
        "CREATE TYPE outer_ct AS (n int, v ct); CREATE TABLE t (id int, v outer_ct, CHECK ((v).n IS NULL));
         CREATE VIEW shown AS SELECT id, (v).v AS inner_v FROM t;",
        "SELECT id, ((v).v).a, ((v).v).b, v IS NULL FROM t ORDER BY id",
    ),
];

fn schema(attributes: &str, check: &str, holder: &str) -> String {
    format!(
        "CREATE DOMAIN d AS int CHECK (VALUE {check}); CREATE TYPE ct AS ({attributes}); {holder}"
    )
}

/// Fills what holds values: of `a`, of `b`, and none.
fn rows(attributes: &str, holder: &str) -> String {
    let values = attributes.split(", ").map(|it| match it.as_bytes()[0] {
        b'a' => "7",
        b'b' => "'x, \"y\" (z)'",
        _ => "NULL",
    });
    let values: Vec<&str> = values.collect();
    let value = format!("ROW({})::ct", values.join(", "));
    let value = if holder.contains("outer_ct") {
        format!("ROW(NULL, {value})::outer_ct")
    } else {
        value
    };
    format!("INSERT INTO t VALUES (1, {value}), (2, NULL)")
}

#[test]
fn attributes_change_while_columns_hold_values_of_them() {
    let (mut here, mut there) = (Place::new(), Place::new());
    for (holder, query) in HOLDERS {
        for to in ATTRIBUTES {
            // The domain within gets another check where it is used.
            let to_sql = schema(to, "> 1", holder);
            there.clear();
            there.run(&to_sql).expect(&to_sql);
            let (due, after) = (native::dump(there.scratch()), there.inspect());
            for from in ATTRIBUTES {
                let from_sql = schema(from, "> 0", holder);
                here.clear();
                here.run(&from_sql).expect(&from_sql);
                here.run(&rows(from, holder)).expect("rows");
                let (before, values) = (here.inspect(), here.run(query).expect("values"));
                let up = Diff::between(&before, &after, &[], &Filter::default(), DIALECT);
                for (diff, due, dump) in [
                    (&up, &after, Some(&due)),
                    (&up.reversed(DIALECT), &before, None),
                ] {
                    let script = written(diff);
                    let told = format!(
                        "--- from\n{from_sql}\n--- to\n{to_sql}\n--- script\n{}",
                        script.to_sql()
                    );
                    here.apply(&script)
                        .unwrap_or_else(|error| panic!("{error}\n{told}"));
                    let left = between(&here.inspect(), due);
                    assert!(left.is_empty(), "{left:#?}\n{told}");
                    assert_eq!(here.run(query).as_ref(), Ok(&values), "{told}");
                    if let Some(dump) = dump {
                        assert_eq!(*dump, native::dump(here.scratch()), "{told}");
                    }
                }
            }
        }
    }
}

/// What no script can do is said beforehand, with what makes it fail.
#[test]
fn what_cannot_go_over_by_itself_is_told() {
    for (from, to, told) in [
        (
            "CREATE TYPE ct AS (a int); CREATE TABLE t (v ct[]);",
            "CREATE TYPE ct AS (b text, a int); CREATE TABLE t (v ct[]);",
            "-- decide: rows where `t.v` holds a value make this fail",
        ),
        (
            "CREATE TYPE ct AS (a bigint); CREATE TABLE t (v ct);",
            "CREATE TYPE ct AS (a smallint); CREATE TABLE t (v ct);",
            "-- decide: `ct.a` goes from bigint to smallint: numbers that are too large make it fail",
        ),
        (
            "CREATE TYPE ct AS (a bigint, b int); CREATE TABLE t (v ct);",
            "CREATE TYPE ct AS (c int, a bigint); CREATE TABLE t (v ct);",
            "-- destructive: drops attribute `ct.b` and its values",
        ),
        (
            "CREATE TABLE held (a int); CREATE TABLE t (v held);",
            "CREATE TABLE held (a bigint); CREATE TABLE t (v held);",
            "-- decide: `t.v` holds rows of `held`, so this fails",
        ),
        (
            "CREATE TABLE held (a int); CREATE TABLE t (v held[]);",
            "CREATE TABLE held (a int, b int DEFAULT 1); CREATE TABLE t (v held[]);",
            "-- decide: `t.v` holds rows of `held`, so this fails",
        ),
    ] {
        let (mut here, mut there) = (Place::new(), Place::new());
        here.run(from).expect(from);
        there.run(to).expect(to);
        let diff = Diff::between(
            &here.inspect(),
            &there.inspect(),
            &[],
            &Filter::default(),
            DIALECT,
        );
        let script = written(&diff).to_sql();
        assert!(script.contains(told), "{script}");
    }
}
