//! What stands on what: each form of a part of a schema becomes each other one, comes from
//! nothing and goes again, names being such that the alphabet does not help.

use rev_sql::schema::{Diff, Filter, resolve_all};

use super::extras::{ODD, ORDERED};
use super::place::{DIALECT, Place, between, check_dump, written};

#[test]
fn what_is_stood_on_comes_before_and_goes_after() {
    let (mut here, mut there) = (Place::new(), Place::new());
    let mut wrong = Vec::new();
    for forms in ORDERED.iter().chain(ODD) {
        let all: Vec<&str> = [""].into_iter().chain(forms.iter().copied()).collect();
        for to in all.iter().skip(1) {
            there.clear();
            there
                .run(to)
                .unwrap_or_else(|error| panic!("{error}\n{to}"));
            let schema = there.inspect();
            for from in all.iter().filter(|it| *it != to) {
                here.clear();
                here.run(from)
                    .unwrap_or_else(|error| panic!("{error}\n{from}"));
                if let Err(error) = go(&mut here, &schema) {
                    wrong.push(format!("--- from\n{from}\n--- to\n{to}\n{error}"));
                }
            }
            if let Err(error) = check_dump(&schema, &mut there) {
                wrong.push(format!("--- dump of\n{to}\n{error}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{}: {}",
        wrong.len(),
        wrong.join("\n=====\n")
    );
}

/// There and back.
fn go(here: &mut Place, to: &rev_sql::schema::Schema) -> Result<(), String> {
    let from = here.inspect();
    let up = Diff::between(&from, to, &[], &Filter::default(), DIALECT);
    for (diff, due) in [(&up, to), (&up.reversed(DIALECT), &from)] {
        let script = written(diff);
        here.apply(&script)
            .map_err(|error| format!("{error}\n--- script\n{}", script.to_sql()))?;
        let left = between(&here.inspect(), due);
        if !left.is_empty() {
            return Err(format!("{left:#?}\n--- script\n{}", script.to_sql()));
        }
    }
    Ok(())
}

/// The server quotes some words and not others, and what has a type is found by its words.
#[test]
fn a_type_that_is_made_anew_is_found_whatever_word_its_name_is() {
    let (mut here, mut there) = (Place::new(), Place::new());
    let words = here.run(
        "SELECT word FROM pg_get_keywords() \
         WHERE to_regtype('pg_catalog.' || quote_ident(word)) IS NULL",
    );
    let words = words.expect("the server's words");
    assert!(words.len() > 300, "{}", words.len());
    let make = |labels: &str| {
        let each = words.iter().map(|word| {
            format!(
                "CREATE TYPE \"{word}\" AS ENUM ({labels}); \
                 CREATE TABLE \"t_{word}\" (\"{word}\" \"{word}\" CHECK (\"{word}\" <> 'a'));\n"
            )
        });
        each.collect::<String>()
    };
    here.run(&make("'a', 'b'")).expect("types");
    there.run(&make("'b', 'a'")).expect("types");
    go(&mut here, &there.inspect()).unwrap_or_else(|error| panic!("{error}"));
}

/// A schema comes before, and goes after, what moves between it and others.
#[test]
fn tables_move_between_schemas_that_come_and_go() {
    let (mut here, mut there) = (Place::new(), Place::new());
    for (from, to, rename) in [
        (
            "CREATE TABLE t (id int PRIMARY KEY);",
            "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY);",
            "t:s.t",
        ),
        (
            "CREATE TABLE t (id int PRIMARY KEY);",
            "CREATE SCHEMA s; CREATE TABLE s.u (id int PRIMARY KEY);",
            "t:s.u",
        ),
        (
            "CREATE SCHEMA a; CREATE TABLE a.t (id int PRIMARY KEY);",
            "CREATE SCHEMA b; CREATE TABLE b.t (id int PRIMARY KEY);",
            "a.t:b.t",
        ),
        (
            "CREATE SCHEMA b; CREATE TABLE b.t (id int PRIMARY KEY);",
            "CREATE SCHEMA a; CREATE TABLE a.t (id int PRIMARY KEY, n int);",
            "b.t:a.t",
        ),
    ] {
        for place in [&mut here, &mut there] {
            place.clear();
            place
                .run("DROP SCHEMA IF EXISTS s, a, b CASCADE")
                .expect("they are gone");
        }
        here.run(from).expect("a schema");
        there.run(to).expect("a schema");
        let (before, after) = (here.inspect(), there.inspect());
        let renames = [rename.to_owned()];
        let (renames, bad) =
            resolve_all(&renames, &[], &before, &after, &Filter::default(), DIALECT);
        assert!(bad.is_empty() && renames.len() == 1, "{rename}: {bad:?}");
        let up = Diff::between(&before, &after, &renames, &Filter::default(), DIALECT);
        for (diff, due) in [(&up, &after), (&up.reversed(DIALECT), &before)] {
            let script = written(diff);
            here.apply(&script)
                .unwrap_or_else(|error| panic!("{error}\n{}", script.to_sql()));
            assert!(
                !script.to_sql().contains("DROP TABLE"),
                "{}",
                script.to_sql()
            );
            let left = between(&here.inspect(), due);
            assert!(left.is_empty(), "{left:#?}\n{}", script.to_sql());
        }
    }
}
