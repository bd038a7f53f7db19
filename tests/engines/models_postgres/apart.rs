//! What is left alone: extensions' own, the ledger's, other tenants'.

use rev_sql::schema::{Kind, ddl};

use super::place::{DIALECT, Place, between, check_dump, written};
use rev_sql::schema::{Diff, Filter};

#[test]
fn what_belongs_to_an_extension_is_left_alone() {
    let (mut here, mut there) = (Place::new(), Place::new());
    here.clear();
    there.clear();
    // All three come with the server's own package.
    here.run(
        "CREATE EXTENSION citext; CREATE EXTENSION pg_trgm; CREATE SCHEMA extra; CREATE EXTENSION hstore SCHEMA extra;
         CREATE TABLE hero (name citext UNIQUE, tags extra.hstore);
         CREATE INDEX hero_name ON hero USING gin ((name::text) gin_trgm_ops);",
    )
    .expect("the extensions are there");
    let with = here.inspect();
    let kinds: Vec<Kind> = with.objects.values().map(|it| it.kind).collect();
    assert_eq!(kinds, [Kind::Extension; 3], "{:#?}", with.objects);
    insta::assert_snapshot!("with_extensions", ddl::dump(&with, DIALECT).to_sql());
    check_dump(&with, &mut here).unwrap_or_else(|error| panic!("{error}"));

    // Declared without them, they stay.
    there.run("CREATE TABLE hero (name text)").expect("it runs");
    let without = there.inspect();
    let diff = Diff::between(&with, &without, &[], &Filter::default(), DIALECT);
    let script = written(&diff);
    assert!(
        !script.to_sql().contains("EXTENSION"),
        "{}",
        script.to_sql()
    );
    here.apply(&script)
        .unwrap_or_else(|error| panic!("{error}\n{}", script.to_sql()));
    assert_eq!(between(&here.inspect(), &without), [""; 0]);
}

#[test]
fn a_tenant_sees_its_own_schema_and_it_equals_a_database_of_its_own() {
    const HERO: &str = "CREATE TYPE mood AS ENUM ('a', 'b');
        CREATE TABLE team (id int PRIMARY KEY);
        CREATE TABLE hero (id serial PRIMARY KEY, mood mood DEFAULT 'a', team int REFERENCES team, at text DEFAULT lower('A'), CHECK (mood = 'a'));
        CREATE VIEW happy AS SELECT * FROM hero WHERE mood = 'b';
        CREATE FUNCTION heroes() RETURNS SETOF hero LANGUAGE sql AS 'SELECT * FROM hero';
        CREATE INDEX hero_mood ON hero (mood) WHERE mood = 'a';
        CREATE TABLE rev_ledger (id int); CREATE TABLE rev_log (id serial); CREATE TABLE rev_state (id int);";
    let mut tenant = Place::in_schema(Some("Tenant 1"));
    let mut alone = Place::new();
    tenant
        .run("CREATE SCHEMA \"Tenant 1\"; CREATE SCHEMA other; CREATE TABLE other.secret (id int); CREATE TABLE public.own (id int)")
        .expect("it runs");
    tenant
        .run(&format!("SET search_path = \"Tenant 1\"; {HERO}"))
        .expect("it runs");
    alone.run(HERO).expect("it runs");
    let (own, due) = (tenant.inspect(), alone.inspect());
    assert_eq!(between(&own, &due), [""; 0]);
    assert_eq!(between(&due, &own), [""; 0]);
    let tables: Vec<String> = own.tables.keys().map(ToString::to_string).collect();
    assert_eq!(tables, ["hero", "team"], "neither the ledger's nor others'");
}
