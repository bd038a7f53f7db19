//! Rows of the catalogue as values.

use super::{Unreadable, schema};
use crate::schema::{Column, Deferral, Name, PartOf, Rule, Schema, Text};

/// A table `hero` with an `id`, and these parts, as JSON.
fn table(columns: &str, constraints: &str, indexes: &str) -> String {
    format!(
        r#"{{"table": {{"name": ["app", "hero"], "unlogged": false, "partition_by": null, "bound": null,
            "id": "pg_class/1", "parents": null, "storage": null, "row_security": false, "forced": false,
            "replica_identity": null, "comment": null, "columns": [{columns}],
            "constraints": [{constraints}], "indexes": [{indexes}]}}}}"#
    )
}

fn column(name: &str, type_name: &str, default: &str) -> String {
    format!(
        r#"{{"name": "{name}", "type": "{type_name}", "not_null": true, "default": {default}, "generated": null,
            "identity": null, "collation": null, "storage": null, "compression": null, "comment": null}}"#
    )
}

fn constraint(name: &str, definition: &str, columns: &str) -> String {
    format!(
        r#"{{"name": "{name}", "definition": "{definition}", "columns": [{columns}], "storage": null, "comment": null}}"#
    )
}

fn sequence(name: &str, start: i64) -> String {
    format!(
        r#"{{"sequence": {{"name": ["app", "{name}"], "type": "integer", "start": {start}, "increment": 1,
            "minimum": 1, "maximum": 2147483647, "cache": 1, "cycles": false, "owner": ["app", "hero"],
            "column": "id", "is_identity": false, "comment": null}}}}"#
    )
}

fn read(rows: &[String]) -> Schema {
    schema(rows, "app").unwrap_or_else(|error| panic!("{error}"))
}

fn hero(schema: &Schema) -> &crate::schema::Table {
    &schema.tables[&Name::bare(Text::exact("hero"))]
}

#[test]
fn a_column_is_serial_where_it_is_all_that_serial_would_make() {
    let id = |sequence: &str| {
        let default = format!(r#""nextval('{sequence}'::regclass)""#);
        table(&column("id", "integer", &default), "", "")
    };
    let plain = read(&[id("hero_id_seq"), sequence("hero_id_seq", 1)]);
    let found: &Column = &hero(&plain).columns[0];
    assert_eq!(
        found.identity.as_ref().map(|it| it.0.as_str()),
        Some("serial")
    );
    assert!(found.default.is_none() && plain.sequences.is_empty());

    for (named, start) in [("numbers", 1), ("hero_id_seq", 7)] {
        let other = read(&[id(named), sequence(named, start)]);
        assert!(
            hero(&other).columns[0].identity.is_none(),
            "{named} {start}"
        );
        let sequences: Vec<String> = other.sequences.keys().map(ToString::to_string).collect();
        assert_eq!(sequences, [named]);
    }
}

#[test]
fn a_name_that_the_server_made_up_is_none() {
    let columns = [
        column("id", "integer", "null"),
        column("team", "integer", "null"),
    ]
    .join(",");
    let constraints = [
        constraint("hero_pkey", "PRIMARY KEY (id)", r#""id""#),
        constraint(
            "hero_team_key",
            "UNIQUE (team) INCLUDE (id) DEFERRABLE",
            r#""team""#,
        ),
        constraint("hero_team_id_key", "UNIQUE (id, team)", r#""id", "team""#),
        constraint("hero_check", "CHECK (id > team)", r#""id", "team""#),
        constraint("hero_check1", "CHECK (id > 0)", r#""id""#),
        constraint(
            "hero_team_fkey",
            "FOREIGN KEY (team) REFERENCES other.team(id) MATCH FULL ON UPDATE SET NULL ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID",
            r#""team""#,
        ),
    ];
    let schema = read(&[table(&columns, &constraints.join(","), "")]);
    let names = |it: &crate::schema::Constraint| it.name.as_ref().map(ToString::to_string);
    let named: Vec<String> = hero(&schema).constraints.iter().filter_map(names).collect();
    assert_eq!(named, ["hero_check1", "hero_team_id_key"]);
    let key = hero(&schema)
        .constraints
        .iter()
        .find_map(|it| match &it.rule {
            Rule::ForeignKey(key) => Some((it, key)),
            _ => None,
        });
    let (constraint, key) = key.expect("it is there");
    assert_eq!(key.table.to_string(), "other.team");
    assert_eq!(key.on_update.as_deref(), Some("SET NULL"));
    assert_eq!(key.on_delete.as_deref(), Some("CASCADE"));
    assert_eq!(constraint.deferral, Deferral::Initially);
    let options: Vec<&str> = constraint.options.keys().map(String::as_str).collect();
    assert_eq!(options, ["match", "not valid"]);
}

#[test]
fn an_index_is_read_in_its_parts() {
    let index = r#"{"name": "ix", "valid": false, "comment": null, "definition":
        "CREATE UNIQUE INDEX ix ON ONLY app.hero USING gist (\"The Name\" COLLATE \"C\" gist_trgm_ops (siglen='32') DESC NULLS LAST, app.low(name, 1), (id + 1)) INCLUDE (id) NULLS NOT DISTINCT WITH (fillfactor='70') WHERE (id > 0) AND (id < 9)"}"#;
    let schema = read(&[table(&column("id", "integer", "null"), "", index)]);
    let [index] = hero(&schema).indexes.as_slice() else {
        panic!("{schema:?}");
    };
    assert_eq!(index.method.as_deref(), Some("gist"));
    let [first, second, third] = index.parts.as_slice() else {
        panic!("{index:?}");
    };
    assert_eq!(first.of, PartOf::Column(Text::exact("The Name")));
    assert_eq!(first.collation.as_ref().map(Text::as_str), Some("\"C\""));
    assert!(first.descending);
    let options: Vec<_> = first.options.values().map(String::as_str).collect();
    assert_eq!(options, ["last", "gist_trgm_ops (siglen='32')"]);
    assert_eq!(
        second.of,
        PartOf::Expression(Text::exact("app.low(name, 1)"))
    );
    assert_eq!(third.of, PartOf::Expression(Text::exact("id + 1")));
    let predicate = index.predicate.as_ref().map(Text::as_str);
    assert_eq!(predicate, Some("(id > 0) AND (id < 9)"));
    let options: Vec<&str> = index.options.keys().map(String::as_str).collect();
    assert_eq!(options, ["invalid", "nulls not distinct", "storage"]);
}

#[test]
fn what_is_not_understood_is_an_error_with_its_place() {
    let odd = constraint("odd", "CHECK (id > 0) SOMETIMES", r#""id""#);
    let error = schema(&[table(&column("id", "integer", "null"), &odd, "")], "app");
    let error = error.expect_err("it is odd");
    assert_eq!(
        error.to_string(),
        "the definition of `odd` is not understood at `SOMETIMES`"
    );
    let error = schema(&[r#"{"table": 3}"#.to_owned()], "app");
    assert!(matches!(error, Err(Unreadable::Row(_))));
}

#[test]
fn an_older_server_is_not_asked_for_what_it_lacks() {
    let ledger = crate::ledger::Ledger::new("rev_", rev_core::Dialect::Postgres);
    let newer = ["attcompression", "rngmultitypid", "tgparentid"];
    for (version, due) in [(120_022, 0), (130_018, 1), (140_015, 3), (180_001, 3)] {
        let text = super::select(&ledger, super::Scope::Everything, version);
        let found = newer.iter().filter(|it| text.contains(**it)).count();
        assert_eq!(found, due, "{version}");
        assert!(
            !text.contains('{') || text.contains("'{0}'"),
            "all is filled in"
        );
    }
}
