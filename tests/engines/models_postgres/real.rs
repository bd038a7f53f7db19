//! Schemas that we did not write: dumped, made again, and edited in places.

use rev_sql::schema::{Diff, Filter, Kind, Schema, ddl, resolve};

use super::by_version;
use super::place::{DIALECT, Place, between, check_dump, written};

/// The text of a schema in `fixtures/schemas/postgres`.
fn text(name: &str) -> String {
    let root = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/schemas/postgres"
    );
    std::fs::read_to_string(format!("{root}/{name}.sql")).expect("a schema")
}

fn made(place: &mut Place, sql: &str) -> Schema {
    place.clear();
    place.run(sql).unwrap_or_else(|error| panic!("{error}"));
    place.inspect()
}

#[test]
fn a_real_schema_made_from_its_dump_is_the_same() {
    let mut place = Place::new();
    for (name, tables, routines) in [("chinook", 11, 0), ("synapse", 119, 0), ("kea", 55, 108)] {
        let schema = made(&mut place, &text(name));
        let found = schema
            .objects
            .values()
            .filter(|it| it.kind == Kind::Routine);
        assert_eq!(
            (schema.tables.len(), found.count()),
            (tables, routines),
            "{name}"
        );
        check_dump(&schema, &mut place).unwrap_or_else(|error| panic!("{name}: {error}"));
        if name == "chinook" {
            let dump = ddl::dump(&schema, DIALECT);
            insta::assert_snapshot!("chinook_dump", dump.to_sql());
        }
    }
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
    scripts(&before, &after, renames)
}

/// The scripts between two schemas, which leave nothing to do.
fn scripts(before: &str, after: &str, renames: &[&str]) -> String {
    let mut place = Place::new();
    let to = made(&mut place, after);
    let from = made(&mut place, before);
    let renames: Vec<String> = renames.iter().map(|it| (*it).to_owned()).collect();
    let (renames, bad) = resolve(&renames, &from, &to, DIALECT);
    assert!(bad.is_empty(), "{bad:?}");
    let up = Diff::between(&from, &to, &renames, &Filter::default(), DIALECT);
    let sentences = up.sentences().join("\n");
    let (up, down) = (written(&up), written(&up.reversed(DIALECT)));
    for (script, due) in [(&up, &to), (&down, &from)] {
        let done = place.apply(script);
        done.unwrap_or_else(|error| panic!("{error}\n{}", script.to_sql()));
        let left = between(&place.inspect(), due);
        assert!(left.is_empty(), "{left:?}\n{}", script.to_sql());
    }
    format!(
        "{sentences}\n----- up\n{}----- down\n{}",
        up.to_sql(),
        down.to_sql()
    )
}

#[test]
fn columns_come_go_and_change_in_one_statement() {
    let edits = [
        (
            r#""bytes" integer NULL, "unit_price" numeric(5, 2) NOT NULL);"#,
            r#""bytes" bigint NULL, "unit_price" numeric(8, 2) NOT NULL DEFAULT 0.99, "explicit" boolean NOT NULL, "isrc" varchar(12) UNIQUE CHECK (isrc <> ''));"#,
        ),
        (
            r#""fax" varchar(24) NULL, "email" varchar(60) NOT NULL, "support_rep_id" integer NULL);"#,
            r#""email" text NOT NULL, "support_rep_id" integer NULL);"#,
        ),
    ];
    insta::assert_snapshot!(edited("chinook", &edits, "", &[]));
}

#[test]
fn a_renamed_table_takes_its_keys_and_sequences_along() {
    let edits = [
        (r#""chinook_playlist""#, r#""play_list""#),
        (r#""composer""#, r#""written_by""#),
    ];
    let renames = [
        "chinook_playlist:play_list",
        "chinook_track.composer:written_by",
    ];
    insta::assert_snapshot!(edited("chinook", &edits, "", &renames));
}

#[test]
fn what_must_hold_something_asks_for_a_decision() {
    let edits = [
        (
            r#""composer" varchar(220) NULL"#,
            r#""composer" varchar(100) NOT NULL"#,
        ),
        (
            r#""album_id" integer NULL"#,
            r#""album_id" integer NOT NULL"#,
        ),
    ];
    insta::assert_snapshot!(edited("chinook", &edits, "", &[]));
}

#[test]
fn a_type_without_a_cast_of_its_own_says_how() {
    let edits = [
        (
            r#""Milliseconds" integer NOT NULL"#,
            r#""Milliseconds" interval NOT NULL"#,
        ),
        (
            r#""InvoiceDate" timestamp with time zone NOT NULL"#,
            r#""InvoiceDate" date NOT NULL"#,
        ),
        (
            r#""postalcode" varchar(10) NULL, "phone""#,
            r#""postalcode" integer NULL, "phone""#,
        ),
    ];
    insta::assert_snapshot!(edited("chinook", &edits, "", &[]));
}

#[test]
fn a_routine_and_its_triggers_are_changed_where_they_stand() {
    let edits = [
        (
            "CREATE TRIGGER lease4_adel AFTER DELETE ON lease4",
            "CREATE TRIGGER lease4_adel BEFORE DELETE ON lease4",
        ),
        (
            "    LANGUAGE plpgsql\n    AS $$\nDECLARE\n    class_index BIGINT;",
            "    LANGUAGE plpgsql STRICT\n    AS $$\nDECLARE\n    class_index BIGINT;",
        ),
    ];
    insta::assert_snapshot!(edited("kea", &edits, "", &[]));
}

const SHOP: &str = "
CREATE TYPE state AS ENUM ('new', 'paid', 'sent');
CREATE DOMAIN amount AS numeric(10, 2) CHECK (VALUE >= 0);
CREATE TABLE customer (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL UNIQUE
);
CREATE TABLE sale (
  id serial PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customer (id),
  state state NOT NULL DEFAULT 'new',
  total amount NOT NULL DEFAULT 0,
  at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT paid_for CHECK (state = 'new' OR total > 0)
);
CREATE INDEX sale_open ON sale (at) WHERE state <> 'sent';
CREATE VIEW open_sale AS SELECT id, customer_id, total FROM sale WHERE state <> 'sent';
CREATE VIEW owed AS SELECT customer_id, sum(total) AS total FROM open_sale GROUP BY customer_id;
CREATE MATERIALIZED VIEW turnover AS SELECT date_trunc('month', at) AS month, sum(total) AS total FROM sale GROUP BY 1;
CREATE UNIQUE INDEX turnover_month ON turnover (month);
";

fn shop(edits: &[(&str, &str)], more: &str, renames: &[&str]) -> String {
    let mut after = SHOP.to_owned();
    for (old, new) in edits {
        assert!(after.contains(old), "{old}");
        after = after.replace(old, new);
    }
    after.push_str(more);
    scripts(SHOP, &after, renames)
}

#[test]
fn an_enum_with_a_label_that_is_used_at_once_is_made_anew() {
    let edits = [
        (
            "('new', 'paid', 'sent')",
            "('draft', 'new', 'paid', 'packed', 'sent', 'back')",
        ),
        ("DEFAULT 'new'", "DEFAULT 'draft'"),
    ];
    by_version(16, || insta::assert_snapshot!(shop(&edits, "", &[])));
}

#[test]
fn an_enum_grows_where_it_stands() {
    let edits = [(
        "('new', 'paid', 'sent')",
        "('draft', 'new', 'paid', 'packed', 'sent', 'back')",
    )];
    by_version(16, || insta::assert_snapshot!(shop(&edits, "", &[])));
}

#[test]
fn an_enum_that_loses_a_label_is_made_anew() {
    let edits = [("('new', 'paid', 'sent')", "('new', 'sent')")];
    by_version(16, || insta::assert_snapshot!(shop(&edits, "", &[])));
}

#[test]
fn views_are_dropped_and_made_again_around_what_they_show() {
    let edits = [("total amount NOT NULL", "total numeric(12, 2) NOT NULL")];
    by_version(16, || insta::assert_snapshot!(shop(&edits, "", &[])));
}

#[test]
fn a_view_that_only_gets_more_columns_is_replaced() {
    let edits = [
        (
            "SELECT id, customer_id, total FROM sale",
            "SELECT id, customer_id, total, at FROM sale",
        ),
        ("ON turnover (month)", "ON turnover (month DESC)"),
    ];
    by_version(16, || {
        insta::assert_snapshot!(shop(&edits, "COMMENT ON VIEW owed IS 'what is due';", &[]))
    });
}

#[test]
fn a_key_moves_with_all_that_refers_to_it() {
    let edits = [
        (
            "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            "id uuid PRIMARY KEY DEFAULT gen_random_uuid()",
        ),
        ("customer_id bigint NOT NULL", "customer_id uuid NOT NULL"),
        (
            "id serial PRIMARY KEY",
            "id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        ),
    ];
    by_version(16, || insta::assert_snapshot!(shop(&edits, "", &[])));
}

#[test]
fn domains_policies_and_triggers_are_part_of_it() {
    let edits = [(
        "numeric(10, 2) CHECK (VALUE >= 0)",
        "numeric(10, 2) DEFAULT 1 CHECK (VALUE > 0)",
    )];
    let more = "
ALTER TABLE sale ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sale FOR SELECT USING (customer_id = current_setting('shop.customer')::bigint);
CREATE FUNCTION note_sale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('sale', new.id::text);
  RETURN new;
END
$$;
CREATE TRIGGER noted AFTER INSERT ON sale FOR EACH ROW EXECUTE FUNCTION note_sale();
COMMENT ON TABLE sale IS 'One row for each sale';
COMMENT ON COLUMN sale.at IS 'when it was made';
";
    insta::assert_snapshot!(shop(&edits, more, &[]));
}

/// Applies the way from one schema to another and back, with these rows in the first,
/// and gives what a query finds at each of the three places.
fn with_rows(before: &str, rows: &str, after: &str, query: &str) -> [Vec<String>; 3] {
    let mut place = Place::new();
    let to = made(&mut place, after);
    let from = made(&mut place, before);
    place.run(rows).unwrap_or_else(|error| panic!("{error}"));
    let up = Diff::between(&from, &to, &[], &Filter::default(), DIALECT);
    let (up, down) = (written(&up), written(&up.reversed(DIALECT)));
    let answer = |place: &mut Place| place.run(query).unwrap_or_else(|error| panic!("{error}"));
    let first = answer(&mut place);
    let [second, third] = [(&up, &to), (&down, &from)].map(|(script, due)| {
        let done = place.apply(script);
        done.unwrap_or_else(|error| panic!("{error}\n{}", script.to_sql()));
        let left = between(&place.inspect(), due);
        assert!(left.is_empty(), "{left:?}\n{}", script.to_sql());
        answer(&mut place)
    });
    [first, second, third]
}

#[test]
fn a_table_whose_checks_wait_for_the_commit_is_filled_and_then_altered() {
    let before = "
        CREATE TABLE team (id int PRIMARY KEY);
        CREATE TABLE hero (
          id int PRIMARY KEY, name text,
          team_id int REFERENCES team DEFERRABLE INITIALLY DEFERRED, UNIQUE (name) DEFERRABLE INITIALLY DEFERRED
        );
        CREATE TABLE note (hero_id int REFERENCES hero DEFERRABLE INITIALLY DEFERRED);
        CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO note VALUES (new.id); RETURN new; END $$;
        CREATE CONSTRAINT TRIGGER look AFTER UPDATE ON hero DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION look();
        CREATE TRIGGER tell BEFORE INSERT OR UPDATE ON hero FOR EACH ROW EXECUTE FUNCTION tell();";
    let after = before
        .replace("name text,", "name text NOT NULL DEFAULT 'x',")
        .replace("note (hero_id int", "note (hero_id int NOT NULL");
    let rows = "INSERT INTO team VALUES (1); INSERT INTO hero VALUES (1, NULL, 1), (2, 'b', 1);";
    let found = with_rows(
        before,
        rows,
        &after,
        "SELECT id, name FROM hero ORDER BY id",
    );
    assert_eq!(found[1], ["1|x", "2|b"]);
    insta::assert_snapshot!(scripts(before, &after, &[]));
}

#[test]
fn rows_of_a_default_partition_that_belong_to_a_new_one_are_told_of() {
    let before = "
        CREATE TABLE event (at date) PARTITION BY RANGE (at);
        CREATE TABLE event_24 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE TABLE event_rest PARTITION OF event DEFAULT;";
    let after = before.replace("TO ('2025-01-01');", "TO ('2025-07-01');")
        + "CREATE TABLE event_26 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');";
    insta::assert_snapshot!(scripts(before, &after, &[]));

    // None is lost where nobody heeds it.
    let mut place = Place::new();
    let to = made(&mut place, &after);
    let from = made(&mut place, before);
    place
        .run("INSERT INTO event VALUES ('2026-05-05')")
        .expect("a row");
    let script = written(&Diff::between(&from, &to, &[], &Filter::default(), DIALECT));
    let error = place.apply(&script).expect_err("the row is in the way");
    assert!(error.contains("updated partition constraint"), "{error}");
    assert_eq!(
        place.run("SELECT count(*) FROM event"),
        Ok(vec!["1".to_owned()])
    );
}
