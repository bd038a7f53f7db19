//! Schemas that we did not write: dumped, made again, and edited in places.

use rev_core::Dialect;
use rev_sql::schema::{Diff, Filter, Schema, ddl, resolve};
use rev_testkit::sqlite::Memory;

use crate::schemas::{apply, check_dump, diff, inspect};

/// The text of a schema in `fixtures/schemas/sqlite`.
fn text(name: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/schemas/sqlite");
    std::fs::read_to_string(format!("{root}/{name}.sql")).expect("a schema")
}

fn made(sql: &str) -> (Memory, Schema) {
    let mut memory = Memory::new();
    memory.execute(sql).expect("the schema is made");
    let schema = inspect(&mut memory);
    (memory, schema)
}

#[test]
fn a_real_schema_made_from_its_dump_is_the_same() {
    for (name, tables, indexes) in [("chinook", 11, 12), ("synapse", 116, 123)] {
        let (_, schema) = made(&text(name));
        assert_eq!(schema.tables.len(), tables, "{name}");
        let found: usize = schema
            .tables
            .values()
            .map(|table| table.indexes.len())
            .sum();
        assert_eq!(found, indexes, "{name}");
        check_dump(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let (_, schema) = made(&text("chinook"));
    let dump = ddl::dump(&schema, Dialect::Sqlite);
    insta::assert_snapshot!("chinook_dump", dump.to_sql());
}

/// Edits a schema by replacing texts in it, adds more, and gives the scripts to the
/// edited one and back, which leave nothing to do.
fn edited(name: &str, edits: &[(&str, &str)], more: &str, renames: &[&str]) -> String {
    let before = text(name);
    let mut after = before.clone();
    for (old, new) in edits {
        assert!(after.contains(old), "{old}");
        after = after.replace(old, new);
    }
    after.push_str(more);
    let ((mut memory, from), (_, to)) = (made(&before), made(&after));
    let renames: Vec<String> = renames.iter().map(|it| (*it).to_owned()).collect();
    let (renames, bad) = resolve(&renames, &from, &to, Dialect::Sqlite);
    assert!(bad.is_empty(), "{bad:?}");
    let up = Diff::between(&from, &to, &renames, &Filter::default(), Dialect::Sqlite);
    let sentences = up.sentences().join("\n");
    let sql = |diff: &Diff| ddl::write(diff, Dialect::Sqlite).to_sql();
    let (up, down) = (sql(&up), sql(&up.reversed(Dialect::Sqlite)));
    for (script, due) in [(&up, &to), (&down, &from)] {
        apply(&mut memory, script, &[]).unwrap_or_else(|error| panic!("{error}\n{script}"));
        let left = diff(&inspect(&mut memory), due);
        assert!(left.is_empty(), "{left:?}\n{script}");
    }
    format!("{sentences}\n----- up\n{up}----- down\n{down}")
}

#[test]
fn columns_come_and_go_in_place() {
    let track = r#""bytes" integer NULL, "unit_price" decimal NOT NULL);"#;
    let more = r#""bytes" integer NULL, "unit_price" decimal NOT NULL, "explicit" bool NOT NULL DEFAULT 0, "isrc" varchar(12));"#;
    let edits = [
        (track, more),
        (
            r#""fax" varchar(24) NULL, "email" varchar(60) NOT NULL"#,
            r#""email" varchar(60) NOT NULL"#,
        ),
    ];
    insta::assert_snapshot!(edited("chinook", &edits, "", &[]));
}

#[test]
fn a_column_that_must_hold_something_asks_for_a_decision() {
    let edits = [(
        r#""bytes" integer NULL"#,
        r#""bytes" integer NOT NULL, "codec" varchar(8) NOT NULL"#,
    )];
    insta::assert_snapshot!(edited("chinook", &edits, "", &[]));
}

#[test]
fn keys_and_checks_are_changed_by_a_rebuild() {
    let old = r#""playlist_id" integer NOT NULL REFERENCES "chinook_playlist" ("id") DEFERRABLE INITIALLY DEFERRED"#;
    let new =
        r#""playlist_id" integer NOT NULL REFERENCES "chinook_playlist" ("id") ON DELETE CASCADE"#;
    let edits = [
        (old, new),
        (
            r#""Quantity" integer NOT NULL"#,
            r#""Quantity" integer NOT NULL CHECK ("Quantity" > 0)"#,
        ),
    ];
    insta::assert_snapshot!(edited("chinook", &edits, "", &[]));
}

#[test]
fn a_type_that_changes_values_is_a_loss() {
    let edits = [(r#""Total" text NOT NULL"#, r#""Total" numeric NOT NULL"#)];
    insta::assert_snapshot!(edited("chinook", &edits, "", &[]));
}

#[test]
fn a_rename_takes_references_views_and_indexes_along() {
    let edits = [
        ("chinook_customer", "chinook_client"),
        (r#""support_rep_id""#, r#""helper_id""#),
        (r#""customer_id""#, r#""client_id""#),
    ];
    let renames = [
        "chinook_customer:chinook_client",
        "chinook_customer.support_rep_id:helper_id",
        "chinook_invoice.customer_id:client_id",
    ];
    insta::assert_snapshot!(edited("chinook", &edits, "", &renames));
}

#[test]
fn views_and_triggers_come_last_and_expression_indexes_are_kept() {
    let more = "CREATE VIEW long_tracks AS SELECT * FROM chinook_track WHERE Milliseconds > 600000;\n\
                CREATE INDEX by_lower_name ON chinook_artist (lower(name)) WHERE name IS NOT NULL;\n\
                CREATE TRIGGER no_empty_name BEFORE INSERT ON chinook_artist WHEN new.name = ''\n\
                BEGIN\n  SELECT raise(ABORT, 'an artist has a name');\nEND;\n";
    insta::assert_snapshot!(edited("chinook", &[], more, &[]));
}

#[test]
fn a_table_with_many_indexes_is_made_anew_with_all_of_them() {
    let edits = [(
        "CREATE TABLE events( stream_ordering INTEGER PRIMARY KEY, topological_ordering BIGINT NOT NULL",
        "CREATE TABLE events( stream_ordering INTEGER PRIMARY KEY, topological_ordering BIGINT NOT NULL DEFAULT 0",
    )];
    insta::assert_snapshot!(edited("synapse", &edits, "", &[]));
}
