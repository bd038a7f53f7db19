//! A column gets another name, and nothing but its name changes: what the server keeps of an
//! expression says the new name by itself, wherever the expression stands and however it is kept.

use rev_sql::schema::{Diff, Filter, Schema, resolve_all};

use super::place::{DIALECT, Place, between, written};
use crate::native;

/// Expressions over `{r}`, each with the type of the column and its own.
const EXPRESSIONS: &[(&str, &str, &str)] = &[
    ("jsonb", "varchar(255)", "{r} ->> 'X'"),
    ("jsonb", "varchar(255)", "(({r} -> 'a') ->> 'X')"),
    ("jsonb", "text", "({r} #>> '{a,b}')::text"),
    ("jsonb", "boolean", "({r} ->> 'X')::boolean"),
    ("jsonb", "int", "(({r} -> 'n')::text)::int + 1"),
    ("text", "varchar(20)", "lower({r}) || 'x'"),
    ("text", "text", "{r} COLLATE \"C\""),
    ("text", "boolean", "{r} IN ('a', 'b')"),
    ("text", "boolean", "{r} NOT IN ('a', 'r', 'date')"),
    ("varchar(9)", "boolean", "{r} IN ('a', 'b')"),
    ("varchar(9)", "boolean", "{r} = ANY (ARRAY['a', 'b'])"),
    ("text", "boolean", "{r} LIKE 'a!%' ESCAPE '!'"),
    ("text", "text", "substring({r} from 2 for 3)"),
    (
        "text",
        "text",
        "CASE WHEN {r} = 'r' THEN {r} ELSE coalesce({r}, 'none') END",
    ),
    ("text", "tsvector", "to_tsvector('simple'::regconfig, {r})"),
    ("text", "text[]", "ARRAY[{r}, 'x', {r}]::text[]"),
    ("int", "int", "abs({r}) + (-5)"),
    ("int", "numeric", "{r}::numeric(10,2) / 3"),
    ("int", "double precision", "{r}::double precision * 2"),
    ("int", "boolean", "({r} > 0 AND {r} < 9) OR {r} IS NULL"),
    ("int", "boolean", "NOT ({r} BETWEEN 1 AND 5)"),
    ("int", "text", "('n' || {r}::text)::varchar(9)"),
    ("int[]", "int", "{r}[1] + cardinality({r})"),
    ("int[]", "boolean", "{r} && '{1,2}'::int[]"),
    ("timestamp", "date", "{r}::date"),
    ("timestamp", "numeric", "extract(year from {r})"),
    (
        "timestamptz",
        "timestamp",
        "({r} AT TIME ZONE 'UTC')::timestamp without time zone",
    ),
    (
        "timestamp",
        "boolean",
        "{r} + '1 day'::interval > '2000-01-01'::timestamp",
    ),
    ("extra.pair", "int", "({r}).year + 1"),
    ("text", "text", "extra.year({r})"),
];

/// Names that are words of types, of functions and of the language, and one that needs quotes.
const NAMES: &[&str] = &[
    "r",
    "date",
    "text",
    "year",
    "zone",
    "extra",
    "\"Odd \"\"r\"",
    "escape",
];

/// All that an expression may stand in, of a table each; `name` gives the name of the column of
/// the table of this number.
fn tables(name: impl Fn(usize) -> &'static str) -> String {
    let each = EXPRESSIONS.iter().enumerate().map(|(n, (own, of, expression))| {
        let column = name(n);
 let shown = expression.replace("{r}", &format!("a.{column}"));
                let expression = expression.replace("{r}", column);
        let check = format!("({expression}) IS NOT NULL OR {column} IS NULL");
        format!(
            "CREATE TABLE t{n} (id int CONSTRAINT k{n} PRIMARY KEY, {column} {own}, o text,
               g {of} GENERATED ALWAYS AS ({expression}) STORED, CONSTRAINT c{n} CHECK ({check}));
             CREATE INDEX i{n} ON t{n} (({expression}), id);
             CREATE INDEX j{n} ON t{n} (id) INCLUDE ({column}) WHERE {check};
             CREATE STATISTICS s{n} ON {column}, id FROM t{n};
             CREATE POLICY p{n} ON t{n} USING ({check});
             CREATE TRIGGER g{n} BEFORE UPDATE OF {column} ON t{n} FOR EACH ROW WHEN (new.{column} IS DISTINCT FROM old.{column})
               EXECUTE FUNCTION suppress_redundant_updates_trigger();
             CREATE VIEW v{n} AS SELECT a.id, a.{column} AS \"shown r\", {shown} AS e FROM t{n} a JOIN t{n} b ON a.{column} = b.{column};\n"
            )
    });
    let each: String = each.collect();
    let column = name(0);
    format!(
        "CREATE SCHEMA extra; CREATE TYPE extra.pair AS (year int, o int);
         CREATE FUNCTION extra.year(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';
         CREATE TABLE parted (id int, {column} int, n int) PARTITION BY RANGE ({column}, (abs({column})));
         CREATE TABLE parted_1 PARTITION OF parted (CONSTRAINT low CHECK ({column} < 9)) FOR VALUES FROM (0, 0) TO (9, 9);
         CREATE INDEX parted_r ON parted_1 (({column} + 1));
         CREATE TABLE base (id int, {column} int); CREATE TABLE heir (o int, CHECK ({column} > o)) INHERITS (base);
         CREATE TABLE room (id int, {column} int4range, CONSTRAINT apart EXCLUDE USING gist ({column} WITH &&) WHERE (NOT isempty({column})));
         CREATE TABLE room_of (id int PRIMARY KEY, {column} int UNIQUE, o int REFERENCES room_of ({column}));
         {each}"
    )
}

#[test]
fn a_renamed_column_changes_nothing_but_its_name() {
    let (mut here, mut there) = (Place::new(), Place::new());
    there.clear();
    there
        .run(&tables(|_| "\"Z z\""))
        .unwrap_or_else(|error| panic!("{error}"));
    let (due, after) = (native::dump(there.scratch()), there.inspect());
    for round in 0..2 {
        // Each expression with one name or another, as many as there are in all.
        let name = |n: usize| NAMES[(n + 3 * round) % NAMES.len()];
        here.clear();
        here.run(&tables(name))
            .unwrap_or_else(|error| panic!("{error}"));
        let before = here.inspect();
        let (up, down) = there_and_back(name, &before, &after);
        let wrong: Vec<String> = [&up, &down].into_iter().flat_map(besides).collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", wrong.len());
        here.apply(&written(&up))
            .unwrap_or_else(|error| panic!("{error}"));
        let left = between(&here.inspect(), &after);
        assert!(left.is_empty(), "{left:#?}");
        assert_eq!(due, native::dump(here.scratch()));
        here.apply(&written(&down))
            .unwrap_or_else(|error| panic!("{error}"));
        let left = between(&here.inspect(), &before);
        assert!(left.is_empty(), "{left:#?}");
    }
}

fn there_and_back(
    name: impl Fn(usize) -> &'static str,
    before: &Schema,
    after: &Schema,
) -> (Diff, Diff) {
    let bare = |n| name(n).trim_matches('"').replace("\"\"", "\"");
    let others = ["parted", "base", "room", "room_of"].map(|it| format!("{it}.{}:Z z", bare(0)));
    let own = (0..EXPRESSIONS.len()).map(|n| format!("t{n}.{}:Z z", bare(n)));
    let renames: Vec<String> = others.into_iter().chain(own).collect();
    let none = Filter::default();
    let (renames, bad) = resolve_all(&renames, &[], before, after, &none, DIALECT);
    assert!(bad.is_empty(), "{bad:?}");
    let up = Diff::between(before, after, &renames, &none, DIALECT);
    let down = up.reversed(DIALECT);
    (up, down)
}

/// What is told or done that is no rename.
fn besides(diff: &Diff) -> Vec<String> {
    let told = diff.sentences().into_iter();
    let told = told.filter(|it| !it.starts_with("renames"));
    let done = written(diff).statements.into_iter().map(|it| it.text);
    told.chain(done.filter(|it| !it.contains(" RENAME ")))
        .collect()
}

/// A view without a name of its own for a column keeps the old one when the column is renamed:
/// to show the new one it is made anew.
#[test]
fn a_view_that_shows_a_column_by_its_name_shows_the_new_one() {
    for shown in ["{r}", "DISTINCT {r}", "DISTINCT ON (o) {r}", "o, {r}"] {
        let tables = |column: &str| {
            let shown = shown.replace("{r}", column);
            format!("CREATE TABLE t ({column} int, o int); CREATE VIEW v AS SELECT {shown} FROM t;")
        };
        let (mut here, mut there) = (Place::new(), Place::new());
        here.run(&tables("a")).expect("a view");
        there.run(&tables("b")).expect("a view");
        let (before, after) = (here.inspect(), there.inspect());
        let none = Filter::default();
        let renames = ["t.a:b".to_owned()];
        let (renames, bad) = resolve_all(&renames, &[], &before, &after, &none, DIALECT);
        assert!(bad.is_empty(), "{bad:?}");
        let up = Diff::between(&before, &after, &renames, &none, DIALECT);
        here.apply(&written(&up))
            .unwrap_or_else(|error| panic!("{shown}: {error}"));
        let left = between(&here.inspect(), &after);
        assert!(left.is_empty(), "{shown}: {left:#?}");
    }
}
