//! Owners and privileges: what is dropped and made again has them again.

use rev_sql::schema::{Diff, Filter};

use super::by_version;
use super::place::{DIALECT, Place, written};

const ROLES: [&str; 2] = ["rev_test_reader", "rev_test_Owner"];

const FROM: &str = "
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO rev_test_reader;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN level AS integer;
CREATE TYPE pair AS (x int, y int);
CREATE TABLE hero (id serial PRIMARY KEY, mood mood, level level, power int, twice int GENERATED ALWAYS AS (power * 2) STORED);
CREATE TABLE event (id serial, at date) PARTITION BY RANGE (at);
CREATE VIEW strong AS SELECT id, power FROM hero;
CREATE VIEW \"Very Strong\" AS SELECT * FROM strong;
CREATE MATERIALIZED VIEW kept AS SELECT power FROM hero;
CREATE FUNCTION plus(n int) RETURNS int LANGUAGE sql AS 'SELECT n';
CREATE FUNCTION minus(n int) RETURNS int LANGUAGE sql AS 'SELECT -n';
CREATE PROCEDURE act(n int) LANGUAGE sql AS 'SELECT n';
CREATE FUNCTION gone() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SEQUENCE ticket;

REVOKE USAGE ON TYPE mood FROM PUBLIC; GRANT USAGE ON TYPE mood TO rev_test_reader WITH GRANT OPTION;
ALTER DOMAIN level OWNER TO \"rev_test_Owner\"; ALTER TYPE pair OWNER TO \"rev_test_Owner\";
GRANT SELECT (twice), UPDATE (twice, power) ON hero TO rev_test_reader;
ALTER TABLE event OWNER TO \"rev_test_Owner\"; GRANT INSERT ON event TO rev_test_reader;
GRANT USAGE ON SEQUENCE event_id_seq TO rev_test_reader;
GRANT SELECT ON strong TO PUBLIC; GRANT UPDATE (power) ON strong TO rev_test_reader;
REVOKE ALL ON \"Very Strong\" FROM rev_test_reader; ALTER VIEW \"Very Strong\" OWNER TO \"rev_test_Owner\";
REVOKE TRUNCATE ON \"Very Strong\" FROM \"rev_test_Owner\";
ALTER MATERIALIZED VIEW kept OWNER TO \"rev_test_Owner\"; GRANT ALL ON kept TO rev_test_reader;
GRANT EXECUTE ON FUNCTION plus(int) TO rev_test_reader; GRANT EXECUTE ON FUNCTION minus(int) TO PUBLIC;
ALTER PROCEDURE act(int) OWNER TO \"rev_test_Owner\"; GRANT EXECUTE ON PROCEDURE act(int) TO rev_test_reader;
ALTER FUNCTION gone() OWNER TO \"rev_test_Owner\"; GRANT USAGE ON SEQUENCE ticket TO PUBLIC;
";

const TO: &str = "
CREATE TYPE mood AS ENUM ('ok', 'sad', 'happy');
CREATE DOMAIN level AS bigint;
CREATE TYPE pair AS (y bigint, x int);
CREATE TABLE hero (id serial PRIMARY KEY, mood mood, level level, power bigint, twice bigint GENERATED ALWAYS AS (power + power) STORED);
CREATE TABLE event (id serial, at date) PARTITION BY LIST (at);
CREATE VIEW strong AS SELECT id, power FROM hero;
CREATE VIEW \"Very Strong\" AS SELECT * FROM strong;
CREATE MATERIALIZED VIEW kept AS SELECT power FROM hero;
CREATE FUNCTION plus(n int) RETURNS bigint LANGUAGE sql AS 'SELECT n::bigint';
CREATE FUNCTION minus(n int, m int) RETURNS int LANGUAGE sql AS 'SELECT -n - m';
CREATE PROCEDURE act(m int) LANGUAGE sql AS 'SELECT m';
";

/// Whatever has an owner or privileges, a routine by its name alone.
const ALL: &str = "
SELECT name || ' ' || owner || ' ' || coalesce((SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(acl) a), '') FROM (
  SELECT relname::text AS name, relowner::regrole::text AS owner,
    coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", relowner)) AS acl
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
  UNION ALL SELECT attrelid::regclass || '.' || attname, '', attacl FROM pg_attribute
  WHERE attacl IS NOT NULL AND NOT attisdropped AND attrelid::regclass::text !~ '^pg_'
  UNION ALL SELECT proname, proowner::regrole::text, coalesce(proacl, acldefault('f', proowner))
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT typname, typowner::regrole::text, coalesce(typacl, acldefault('T', typowner))
  FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd', 'c') AND typname IN ('mood', 'level', 'pair')
) t ORDER BY 1";

#[test]
fn what_is_made_again_has_its_owner_and_privileges_again() {
    let (mut here, mut there) = (Place::new(), Place::new());
    for role in ROLES {
        here.run(&format!(
            "DO $$ BEGIN CREATE ROLE \"{role}\"; EXCEPTION WHEN duplicate_object THEN END $$"
        ))
        .expect("a role");
    }
    here.run(FROM).expect("from");
    there.run(TO).expect("to");
    let up = Diff::between(
        &here.inspect(),
        &there.inspect(),
        &[],
        &Filter::default(),
        DIALECT,
    );
    let (up, down) = (written(&up), written(&up.reversed(DIALECT)));
    let before = here.run(ALL).expect("rights");
    here.apply(&up)
        .unwrap_or_else(|error| panic!("{error}\n{}", up.to_sql()));
    let due: Vec<&String> = before
        .iter()
        .filter(|it| !it.starts_with("gone ") && !it.starts_with("ticket "))
        .collect();
    let found = here.run(ALL).expect("rights");
    let found: Vec<&String> = found.iter().collect();
    assert_eq!(found, due, "{}", up.to_sql());
    here.apply(&down)
        .unwrap_or_else(|error| panic!("{error}\n{}", down.to_sql()));
    assert_eq!(here.run(ALL).expect("rights"), before, "{}", down.to_sql());
    for role in ROLES {
        here.run(&format!(
            "DROP OWNED BY \"{role}\" CASCADE; DROP ROLE \"{role}\""
        ))
        .expect("it goes");
    }
    // Since 17 there is one privilege more.
    by_version(17, || insta::assert_snapshot!("given_back", up.to_sql()));
}
