//! What `Database::schema` sees: every change of any object, and none where a
//! change was undone, however that was spelled.

use std::path::Path;
use std::time::Duration;

use rev_core::{DatabaseUrl, Dialect};
use rev_db::{Settings, open};
use rev_engine::database::Database;
use rev_sql::schema::{ColumnOrder, difference};
use rev_testkit::scratch::{Engine, Scratch};
use rev_testkit::server::Server;

use crate::project::Project;

/// What is there before, and changes with what undoes them.
struct Case {
    engine: Engine,
    /// Of MySQL and MariaDB, what only one of them has.
    needs: fn(&Server, &str) -> bool,
    before: &'static str,
    changes: &'static [(&'static str, &'static str)],
}

fn dialect(engine: Engine) -> Dialect {
    engine.dialect().parse().expect("a dialect")
}

fn schema(scratch: &Scratch) -> Vec<String> {
    let settings = Settings {
        ledger_prefix: "rev_".to_owned(),
        schema: None,
        lock_timeout: Duration::from_secs(5),
        statement_timeout: Duration::ZERO,
        silence_timeout: Duration::from_secs(30),
        operator: "tester@here".to_owned(),
        run: "catalogue".to_owned(),
        is_throw_away: false,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let url = DatabaseUrl::new(&scratch.url(), Path::new("")).expect("a URL");
        let mut database: Box<dyn Database> = open(&url, &settings).expect("a URL");
        database.schema().await.expect("a schema")
    })
}

fn check(case: &Case) {
    let scratch = case.engine.scratch();
    scratch.execute(case.before);
    let order = ColumnOrder::of(dialect(case.engine));
    let before = schema(&scratch);
    for (change, undo) in case.changes {
        if !(case.needs)(scratch.server(), change) {
            continue;
        }
        scratch.execute(change);
        let changed = difference(&before, &schema(&scratch), order);
        assert!(
            !changed.is_none(),
            "{:?} does not see: {change}",
            case.engine
        );
        scratch.execute(undo);
        let undone = difference(&before, &schema(&scratch), order);
        assert!(undone.is_none(), "{:?}: {undo}\n{undone:#?}", case.engine);
    }
}

#[test]
fn postgres_sees_every_object() {
    check(&Case {
        engine: Engine::Postgres,
        needs: |_, _| true,
        before: "CREATE TABLE city (id int PRIMARY KEY, name text);
            CREATE TABLE hero (id int PRIMARY KEY, name text, city int, rank numeric(5,2) DEFAULT 1);
            CREATE VIEW heroes AS SELECT id, name FROM hero;
            CREATE TYPE mood AS ENUM ('good', 'bad');
            CREATE DOMAIN positive AS int CHECK (VALUE > 0);
            CREATE SEQUENCE counter;
            CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1'",
        changes: &[
            ("ALTER TABLE hero DROP COLUMN name CASCADE", "ALTER TABLE hero ADD COLUMN name text; CREATE VIEW heroes AS SELECT id, name FROM hero"),
            ("ALTER TABLE hero ALTER name SET NOT NULL", "ALTER TABLE hero ALTER name DROP NOT NULL"),
            ("ALTER TABLE hero ALTER rank SET DEFAULT 2", "ALTER TABLE hero ALTER rank SET DEFAULT 1"),
            ("ALTER TABLE hero ALTER rank TYPE numeric(6,2)", "ALTER TABLE hero ALTER rank TYPE numeric(5,2)"),
            ("CREATE INDEX i ON hero (lower(name)) WHERE id > 0", "DROP INDEX i"),
            ("ALTER TABLE hero ADD CONSTRAINT k FOREIGN KEY (city) REFERENCES city NOT VALID", "ALTER TABLE hero DROP CONSTRAINT k"),
            ("ALTER TABLE hero ADD CONSTRAINT c CHECK (id > 0)", "ALTER TABLE hero DROP CONSTRAINT c"),
            ("CREATE RULE r AS ON INSERT TO city DO NOTHING", "DROP RULE r ON city"),
            ("CREATE TRIGGER t BEFORE UPDATE ON hero FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", "DROP TRIGGER t ON hero"),
            ("ALTER TABLE hero ENABLE ROW LEVEL SECURITY", "ALTER TABLE hero DISABLE ROW LEVEL SECURITY"),
            ("CREATE POLICY p ON hero USING (id > 0)", "DROP POLICY p ON hero"),
            ("GRANT SELECT ON hero TO public", "REVOKE SELECT ON hero FROM public"),
            ("GRANT SELECT (name) ON hero TO public", "REVOKE SELECT (name) ON hero FROM public"),
            ("REVOKE EXECUTE ON FUNCTION f FROM public", "GRANT EXECUTE ON FUNCTION f TO public"),
            ("COMMENT ON TABLE hero IS 'x'", "COMMENT ON TABLE hero IS NULL"),
            ("COMMENT ON FUNCTION f IS 'x'", "COMMENT ON FUNCTION f IS NULL"),
            ("COMMENT ON COLUMN hero.name IS 'x'", "COMMENT ON COLUMN hero.name IS NULL"),
            ("ALTER TABLE hero SET (fillfactor = 50)", "ALTER TABLE hero RESET (fillfactor)"),
            ("ALTER TABLE hero REPLICA IDENTITY FULL", "ALTER TABLE hero REPLICA IDENTITY DEFAULT"),
            ("CREATE OR REPLACE VIEW heroes AS SELECT id, name FROM hero WHERE id > 1", "CREATE OR REPLACE VIEW heroes AS SELECT id, name FROM hero"),
            ("CREATE MATERIALIZED VIEW m AS SELECT 1 AS a", "DROP MATERIALIZED VIEW m"),
            ("CREATE TYPE pair AS (a int, b text)", "DROP TYPE pair"),
            ("CREATE TYPE span AS RANGE (subtype = int)", "DROP TYPE span"),
            ("ALTER DOMAIN positive SET NOT NULL", "ALTER DOMAIN positive DROP NOT NULL"),
            ("ALTER SEQUENCE counter INCREMENT BY 2", "ALTER SEQUENCE counter INCREMENT BY 1"),
            ("ALTER SEQUENCE counter OWNED BY hero.id", "ALTER SEQUENCE counter OWNED BY NONE"),
            ("CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1'"),
            ("CREATE AGGREGATE a (int) (sfunc = int4pl, stype = int)", "DROP AGGREGATE a (int)"),
            ("CREATE OPERATOR ### (leftarg = int, rightarg = int, function = int4pl)", "DROP OPERATOR ### (int, int)"),
            ("CREATE COLLATION c (locale = 'C')", "DROP COLLATION c"),
            ("CREATE STATISTICS s ON id, city FROM hero", "DROP STATISTICS s"),
            ("CREATE SCHEMA other; CREATE TABLE other.t (a int)", "DROP SCHEMA other CASCADE"),
            ("CREATE TABLE parts (a int) PARTITION BY RANGE (a); CREATE TABLE part PARTITION OF parts FOR VALUES FROM (1) TO (2)", "DROP TABLE parts"),
            ("CREATE TEXT SEARCH CONFIGURATION ts (copy = simple)", "DROP TEXT SEARCH CONFIGURATION ts"),
            ("CREATE PUBLICATION pub FOR TABLE hero", "DROP PUBLICATION pub"),
            ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public", "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM public"),
        ],
    });
}

#[test]
fn mysql_and_mariadb_see_every_object() {
    for engine in Engine::MYSQLS {
        check(&of_mysql(engine));
    }
}

/// What only one of the two has.
fn is_known(server: &Server, change: &str) -> bool {
    if change.contains("SEQUENCE") {
        return !server.is_mysql_proper();
    }
    if change.contains("LIBRARY") || change.contains("DUALITY") {
        return server.is_mysql_proper() && server.is_from(9, 4);
    }
    true
}

fn of_mysql(engine: Engine) -> Case {
    Case {
        engine,
        needs: is_known,
        before: "CREATE TABLE city (id int PRIMARY KEY, name varchar(50));
            CREATE TABLE hero (id int PRIMARY KEY, name varchar(50), city int, power int DEFAULT 1);
            CREATE VIEW heroes AS SELECT id, name FROM hero;
            CREATE PROCEDURE p(a int) SELECT a",
        changes: &[
            (
                "ALTER TABLE hero DROP COLUMN name",
                "ALTER TABLE hero ADD COLUMN name varchar(50) AFTER id",
            ),
            (
                "ALTER TABLE hero MODIFY name varchar(50) AFTER city",
                "ALTER TABLE hero MODIFY name varchar(50) AFTER id",
            ),
            (
                "ALTER TABLE hero MODIFY name varchar(60)",
                "ALTER TABLE hero MODIFY name varchar(50)",
            ),
            (
                "ALTER TABLE hero MODIFY name varchar(50) NOT NULL",
                "ALTER TABLE hero MODIFY name varchar(50)",
            ),
            (
                "ALTER TABLE hero ALTER power SET DEFAULT 2",
                "ALTER TABLE hero ALTER power SET DEFAULT 1",
            ),
            ("CREATE INDEX i ON hero (name(3))", "DROP INDEX i ON hero"),
            (
                "ALTER TABLE hero ADD CONSTRAINT k FOREIGN KEY (city) REFERENCES city (id) ON DELETE CASCADE",
                "ALTER TABLE hero DROP FOREIGN KEY k, DROP INDEX k",
            ),
            (
                "ALTER TABLE hero ADD CONSTRAINT c CHECK (id = 1)",
                "ALTER TABLE hero DROP CONSTRAINT c",
            ),
            (
                "ALTER TABLE hero COMMENT 'x'",
                "ALTER TABLE hero COMMENT ''",
            ),
            (
                "CREATE TRIGGER t BEFORE INSERT ON hero FOR EACH ROW SET NEW.name = 'x'",
                "DROP TRIGGER t",
            ),
            (
                "CREATE OR REPLACE VIEW heroes AS SELECT id, name FROM hero WHERE id > 1",
                "CREATE OR REPLACE VIEW heroes AS SELECT id, name FROM hero",
            ),
            (
                "DROP PROCEDURE p; CREATE PROCEDURE p(a bigint) SELECT a",
                "DROP PROCEDURE p; CREATE PROCEDURE p(a int) SELECT a",
            ),
            (
                "CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1",
                "DROP FUNCTION f",
            ),
            (
                "CREATE EVENT e ON SCHEDULE EVERY 1 HOUR DO DELETE FROM hero",
                "DROP EVENT e",
            ),
            (
                "ALTER TABLE city PARTITION BY HASH (id) PARTITIONS 2",
                "ALTER TABLE city REMOVE PARTITIONING",
            ),
            ("CREATE SEQUENCE s", "DROP SEQUENCE s"),
            (
                "CREATE LIBRARY l LANGUAGE JAVASCRIPT AS 'export function f() {}'",
                "DROP LIBRARY l",
            ),
            (
                "CREATE JSON RELATIONAL DUALITY VIEW d AS SELECT JSON_DUALITY_OBJECT('_id': id) FROM city",
                "DROP VIEW d",
            ),
        ],
    }
}

#[test]
fn sqlite_sees_every_object() {
    check(&Case {
        engine: Engine::Sqlite,
        needs: |_, _| true,
        before: "CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT);
            CREATE TABLE hero (id INTEGER PRIMARY KEY, city INT REFERENCES city (id), name TEXT DEFAULT 'x', CHECK (id > 0));
            CREATE VIEW heroes AS SELECT id FROM hero",
        changes: &[
            ("ALTER TABLE hero DROP COLUMN name", "ALTER TABLE hero ADD COLUMN \"name\" text default 'x'"),
            ("CREATE INDEX i ON hero (name) WHERE id > 1", "DROP INDEX i"),
            ("ALTER TABLE hero RENAME TO heroine", "ALTER TABLE heroine RENAME TO hero"),
            ("ALTER TABLE hero RENAME COLUMN name TO title", "ALTER TABLE hero RENAME COLUMN title TO name"),
            ("CREATE TRIGGER t AFTER INSERT ON hero BEGIN DELETE FROM hero; END", "DROP TRIGGER t"),
            ("DROP VIEW heroes; CREATE VIEW heroes AS SELECT name FROM hero", "DROP VIEW heroes; CREATE VIEW \"heroes\" AS\n SELECT id FROM [hero]"),
            ("DROP TABLE city; CREATE TABLE city (name TEXT, id INTEGER PRIMARY KEY)", "CREATE TABLE c (id INTEGER, name TEXT, PRIMARY KEY (id)); DROP TABLE city; ALTER TABLE c RENAME TO city"),
            ("CREATE VIRTUAL TABLE s USING fts5(a)", "DROP TABLE s"),
            ("PRAGMA user_version = 3", "PRAGMA user_version = 0"),
        ],
    });
}

#[test]
fn the_ledger_is_no_part_of_a_schema() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        project.revision(
            "a",
            "null",
            "upgrade: CREATE TABLE a (n INT)\ndowngrade: DROP TABLE a\n",
        );
        project
            .database()
            .execute("CREATE TABLE before_all (n INT)");
        let before = schema(project.database());
        project.rev(&["upgrade"]).exits(0);
        assert_ne!(schema(project.database()), before, "{engine:?}");
        project.rev(&["downgrade", "db1@base"]).exits(0);
        assert_eq!(schema(project.database()), before, "{engine:?}");
    }
}
