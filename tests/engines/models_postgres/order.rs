//! What stands on what: each form of a part of a schema becomes each other one, comes from
//! nothing and goes again, names being such that the alphabet does not help.

use rev_sql::schema::{Diff, Filter};

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
