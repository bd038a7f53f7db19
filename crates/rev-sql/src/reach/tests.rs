use rev_core::Dialect::{self, Mysql, Postgres, Sqlite};

use super::{Neighbours, Reach, reaches};

/// What is reached by a statement beside the databases `app`, `hero` and others.
fn reached(statement: &str, dialect: Dialect) -> Option<String> {
    let neighbours = Neighbours {
        databases: ["app", "hero", "Odd name", "my_app"]
            .map(str::to_owned)
            .to_vec(),
        is_caseless: false,
    };
    let reach = reaches(statement, dialect, &neighbours)?;
    let text = match &reach {
        Reach::Database { written, .. } => written.clone(),
        Reach::Beyond { title, .. } => title.clone(),
    };
    let found: String = statement[reach.offset()..].split_whitespace().collect();
    let due: String = text.split_whitespace().collect();
    assert!(
        found.starts_with(&due),
        "{due} is not at the place of {found}"
    );
    Some(text)
}

#[test]
fn a_name_with_another_database_is_found_wherever_mysql_takes_one() {
    for (statement, written) in [
        ("ALTER TABLE app.hero ADD x INT", "app.hero"),
        ("alter table `app` . `hero` add x int", "`app`.`hero`"),
        ("ALTER TABLE \"app\".\"hero\" ADD x INT", "\"app\".\"hero\""),
        ("ALTER TABLE `Odd name`.t ADD x INT", "`Odd name`.t"),
        ("CREATE TABLE IF NOT EXISTS app.t (a INT)", "app.t"),
        ("CREATE TABLE t LIKE app.hero", "app.hero"),
        (
            "CREATE TABLE app (a INT) ENGINE=MERGE UNION=(b, app.hero)",
            "app.hero",
        ),
        (
            "SELECT 1 FROM { OJ app.hero LEFT JOIN app ON 1 }",
            "app.hero",
        ),
        ("SELECT 1 FROM app PARTITION (p0, p1), app.hero", "app.hero"),
        (
            "SELECT 1 FROM app JOIN u ON f(a, b) = 1, app.hero",
            "app.hero",
        ),
        ("BEGIN NOT ATOMIC DELETE FROM app.hero; END", "app.hero"),
        ("RENAME TABLE app WAIT 10 TO app.x", "app.x"),
        ("DROP SEQUENCE app, app.s", "app.s"),
        ("CREATE TABLE app (LIKE app.hero)", "app.hero"),
        ("CREATE TABLE t AS SELECT * FROM a, app.hero", "app.hero"),
        (
            "CREATE TABLE t (a INT REFERENCES app.hero (id))",
            "app.hero",
        ),
        ("DROP TABLE a, app.hero", "app.hero"),
        ("DROP TABLE IF EXISTS app.hero", "app.hero"),
        ("RENAME TABLE a TO app.hero", "app.hero"),
        ("RENAME TABLE a TO b, app.hero TO c", "app.hero"),
        ("ALTER TABLE t RENAME app.hero", "app.hero"),
        ("ALTER TABLE t RENAME AS app.hero", "app.hero"),
        (
            "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE app.t",
            "app.t",
        ),
        ("TRUNCATE app.hero", "app.hero"),
        ("INSERT app.hero VALUES (1)", "app.hero"),
        ("INSERT INTO app.hero (id) VALUES (1)", "app.hero"),
        ("REPLACE LOW_PRIORITY INTO app.hero VALUES (1)", "app.hero"),
        ("INSERT INTO app SELECT * FROM app.hero", "app.hero"),
        ("UPDATE app, app.hero SET hero.x = 1", "app.hero"),
        ("UPDATE IGNORE app.hero SET x = 1", "app.hero"),
        ("DELETE FROM app.hero", "app.hero"),
        ("DELETE app.hero FROM app.hero", "app.hero"),
        ("DELETE FROM hero USING hero JOIN app.hero", "app.hero"),
        ("DELETE h FROM (app.hero AS h, b)", "app.hero"),
        ("CREATE INDEX i ON app.hero (x)", "app.hero"),
        ("DROP INDEX i ON app.hero", "app.hero"),
        ("GRANT SELECT ON app.* TO reader", "app.*"),
        ("CREATE OR REPLACE VIEW app.v AS SELECT 1", "app.v"),
        (
            "CREATE VIEW app AS SELECT 1 FROM app JOIN app.hero ON 1",
            "app.hero",
        ),
        ("CALL app.clean()", "app.clean"),
        ("DO app.clean()", "app.clean"),
        ("SELECT app.f(id) FROM app", "app.f"),
        ("SET @x = app.f()", "app.f"),
        ("SELECT NEXTVAL(app.s) FROM app", "app.s"),
        ("INSERT INTO app VALUES (NEXT VALUE FOR app.s)", "app.s"),
        ("UPDATE app SET app.app.x = 1", "app.app.x"),
        ("UPDATE t SET x = 1 WHERE app.x = 1", "app.x"),
        ("LOAD DATA INFILE 'x' INTO TABLE app.hero", "app.hero"),
        ("/*!50003 DROP TABLE app.hero */", "app.hero"),
        (r"GRANT SELECT ON `my\_app`.* TO reader", r"`my\_app`.*"),
        ("UPDATE mysql.user SET x = 1", "mysql.user"),
        ("DELETE FROM mysql.user", "mysql.user"),
        ("DROP TABLE t, mysql.user", "mysql.user"),
        ("CALL mysql.rds_kill(1)", "mysql.rds_kill"),
        ("GRANT SELECT ON `Odd name`.* TO x", "`Odd name`.*"),
    ] {
        assert_eq!(
            reached(statement, Mysql).as_deref(),
            Some(written),
            "{statement}"
        );
    }
}

#[test]
fn bodies_and_texts_that_are_executed_are_read_too() {
    for (statement, written) in [
        (
            "CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW INSERT INTO app.log VALUES (NEW.id)",
            "app.log",
        ),
        (
            "CREATE PROCEDURE p() BEGIN DECLARE app INT; IF app THEN DELETE FROM app.hero; END IF; END",
            "app.hero",
        ),
        (
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO UPDATE app.hero SET x = 1",
            "app.hero",
        ),
        (
            "CREATE PROCEDURE p() BEGIN SET GLOBAL a = 1; END",
            "SET GLOBAL",
        ),
        ("PREPARE s FROM 'DROP TABLE app.hero'", "app.hero"),
        ("EXECUTE IMMEDIATE \"DROP TABLE app.hero\"", "app.hero"),
        ("EXECUTE IMMEDIATE 'USE app'", "USE app"),
        ("SET @s = 'UPDATE t, app.hero SET x = 1'", "app.hero"),
        (
            "SET @s = CONCAT('ALTER ', 'TABLE app.hero ADD ', @c)",
            "app.hero",
        ),
        ("SET @s = CONCAT('DROP TABLE app.', @t)", "app."),
        ("SELECT 'DROP TABLE app.hero' INTO @s", "app.hero"),
        ("SELECT @s := 'DROP TABLE app.hero'", "app.hero"),
    ] {
        assert_eq!(
            reached(statement, Mysql).as_deref(),
            Some(written),
            "{statement}"
        );
    }
}

#[test]
fn whole_databases_and_the_server_are_beyond() {
    for (dialect, statement, title) in [
        (Mysql, "USE app", "USE app"),
        (Mysql, "CREATE DATABASE x", "CREATE DATABASE x"),
        (Mysql, "drop schema if exists x", "drop schema if exists x"),
        (
            Mysql,
            "ALTER DATABASE x CHARACTER SET utf8mb4",
            "ALTER DATABASE x",
        ),
        (
            Mysql,
            "CREATE OR REPLACE DATABASE x",
            "CREATE OR REPLACE DATABASE x",
        ),
        (Mysql, "SET GLOBAL a = 1", "SET GLOBAL"),
        (Mysql, "SET a = 1, global b = 1", "SET a = 1, global"),
        (Mysql, "SET @@global.a = 1", "SET @@global"),
        (Mysql, "SET PERSIST a = 1", "SET PERSIST"),
        (Mysql, "SET PASSWORD = 'x'", "SET PASSWORD"),
        (Mysql, "DROP USER IF EXISTS app", "DROP USER"),
        (Mysql, "ALTER USER app IDENTIFIED BY 'x'", "ALTER USER"),
        (Mysql, "SHUTDOWN", "SHUTDOWN"),
        (Mysql, "SET STATEMENT a = 1 FOR USE app", "USE app"),
        (Mysql, "SELECT 1 INTO OUTFILE '/tmp/x'", "INTO OUTFILE"),
        (
            Mysql,
            "CREATE TABLE t (a INT) ENGINE=FEDERATED",
            "ENGINE=FEDERATED",
        ),
        (
            Mysql,
            "CREATE FUNCTION f RETURNS STRING SONAME 'f.so'",
            "SONAME",
        ),
        (
            Postgres,
            "ALTER DATABASE app SET a = 1",
            "ALTER DATABASE app",
        ),
        (
            Postgres,
            "DROP DATABASE IF EXISTS app",
            "DROP DATABASE IF EXISTS app",
        ),
        (
            Postgres,
            "COMMENT ON DATABASE app IS 'x'",
            "ON DATABASE app",
        ),
        (
            Postgres,
            "GRANT CONNECT ON DATABASE \"app\" TO x",
            "ON DATABASE \"app\"",
        ),
        (
            Postgres,
            "ALTER ROLE x IN DATABASE app SET a = 1",
            "IN DATABASE app",
        ),
        (Postgres, "ALTER SYSTEM SET a = 1", "ALTER SYSTEM"),
        (
            Postgres,
            "CREATE TABLESPACE x LOCATION '/x'",
            "CREATE TABLESPACE x",
        ),
        (
            Postgres,
            "DO $$ BEGIN DROP DATABASE app; END $$",
            "DROP DATABASE app",
        ),
        (
            Postgres,
            "DO $a$ BEGIN EXECUTE 'ALTER DATABASE app SET a = 1'; END $a$",
            "ALTER DATABASE app",
        ),
        (
            Postgres,
            "SELECT dblink_exec('dbname=app', 'DELETE FROM hero')",
            "dblink_exec",
        ),
        (Postgres, "COPY t TO '/tmp/x'", "COPY t TO '/tmp/x'"),
        (Postgres, "COPY t FROM PROGRAM 'x'", "COPY t FROM PROGRAM"),
        (Sqlite, "ATTACH 'live.db' AS live", "ATTACH"),
        (Sqlite, "attach database ('live.db') as live", "attach"),
        (Sqlite, "VACUUM main INTO 'x'", "VACUUM main INTO"),
        (Sqlite, "SELECT load_extension('x')", "load_extension"),
        (Sqlite, "SELECT \"writefile\"('x', 'y')", "\"writefile\""),
    ] {
        assert_eq!(
            reached(statement, dialect).as_deref(),
            Some(title),
            "{statement}"
        );
    }
}

#[test]
fn what_stays_in_the_database_is_let_through() {
    for (dialect, statement) in [
        (Mysql, "SELECT hero.id FROM hero"),
        (
            Mysql,
            "SELECT hero.id, hero.* FROM t AS hero WHERE hero.x IN (1, hero.y)",
        ),
        (
            Mysql,
            "UPDATE hero SET hero.x = REPLACE(hero.x, 'a', hero.y), hero.z = 1",
        ),
        (
            Mysql,
            "UPDATE hero JOIN t ON hero.id = t.id SET t.x = hero.x ORDER BY a, hero.x",
        ),
        (
            Mysql,
            "INSERT INTO hero (id) VALUES (1) ON DUPLICATE KEY UPDATE hero.id = 2",
        ),
        (
            Mysql,
            "SELECT TRIM(LEADING 'x' FROM hero.name), EXTRACT(YEAR FROM hero.day) FROM hero",
        ),
        (Mysql, "SELECT 1 FROM hero WHERE name LIKE hero.other"),
        (
            Mysql,
            "SELECT 1 FROM hero USE INDEX (i) JOIN t ON hero.id = t.id",
        ),
        (Mysql, "DELETE hero FROM hero JOIN t ON hero.id = t.id"),
        (
            Mysql,
            "WITH hero AS (SELECT 1 AS id) SELECT hero.id FROM hero",
        ),
        (Mysql, "CREATE TABLE hero (a INT CHECK (hero.a > 0))"),
        (
            Mysql,
            "CREATE TRIGGER x BEFORE UPDATE ON hero FOR EACH ROW SET NEW.a = OLD.a",
        ),
        (
            Mysql,
            "CREATE DEFINER=root@app.example PROCEDURE p() SELECT 1",
        ),
        (Mysql, "SELECT * FROM information_schema.tables, other.t"),
        (Mysql, "SELECT * FROM mysql.time_zone_name"),
        (
            Mysql,
            "INSERT INTO t VALUES ('DROP TABLE app.hero', 'see app.hero')",
        ),
        (Mysql, "SET @page = 'https://app.example.com', @n = 1.5"),
        (
            Mysql,
            "ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ),
        (Mysql, "ALTER SCHEMA DEFAULT COLLATE utf8mb4_bin"),
        (Mysql, "SHOW CREATE DATABASE x"),
        (Mysql, "CREATE USER IF NOT EXISTS x"),
        (Mysql, "UPDATE t SET global = 1, persist = 2"),
        (
            Mysql,
            "SET SESSION sql_mode = @@global.sql_mode, @a = @@app.key_buffer_size",
        ),
        (Mysql, "SELECT App.id FROM App"),
        (Mysql, "ALTER TABLE t ENGINE = InnoDB"),
        (
            Mysql,
            "SELECT INSERT(hero.a, 1, 2, 'x'), TRUNCATE(hero.b, 2) FROM hero",
        ),
        (
            Mysql,
            "CREATE VIEW v (a, b) AS SELECT hero.a, hero.b FROM hero",
        ),
        (
            Mysql,
            "SELECT CASE WHEN hero.a THEN hero.b ELSE hero.c END FROM hero",
        ),
        (
            Mysql,
            "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION SET @a = 1; \
             SELECT MAX(hero.id), hero.x INTO @a, @b FROM hero; END",
        ),
        (Postgres, "ALTER TABLE app.hero ADD x int"),
        (Postgres, "CREATE ROLE reader"),
        (Postgres, "GRANT SELECT ON app.hero TO reader"),
        (Postgres, "ALTER TABLE t SET TABLESPACE fast"),
        (
            Postgres,
            "CREATE TRIGGER t BEFORE INSERT ON database FOR EACH ROW EXECUTE FUNCTION f()",
        ),
        (
            Postgres,
            "CREATE FUNCTION dblink_of(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        ),
        (
            Postgres,
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET a = 1', current_database()); END $$",
        ),
        (
            Postgres,
            "INSERT INTO notes VALUES ('DROP DATABASE app', $$ALTER SYSTEM x$$)",
        ),
        (
            Postgres,
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        ),
        (Sqlite, "ATTACH ':memory:' AS other"),
        (Sqlite, "ATTACH DATABASE '' AS other"),
        (Sqlite, "VACUUM"),
        (Sqlite, "CREATE TABLE edit (id INTEGER)"),
        (Sqlite, "INSERT INTO notes (edit) VALUES ('ATTACH')"),
    ] {
        assert_eq!(reached(statement, dialect), None, "{statement}");
    }
}

#[test]
fn a_login_may_be_dropped_where_no_other_database_needs_it() {
    let alone = Neighbours::default();
    assert_eq!(reaches("DROP ROLE reader", Mysql, &alone), None);
}

#[test]
fn a_server_that_takes_names_in_any_case_is_asked_in_any_case() {
    let neighbours = |is_caseless| Neighbours {
        databases: vec!["App".to_owned()],
        is_caseless,
    };
    let statement = "DROP TABLE aPP.hero";
    assert!(reaches(statement, Mysql, &neighbours(true)).is_some());
    assert!(reaches(statement, Mysql, &neighbours(false)).is_none());
}
