//! Errors that a server has answered: what is left of the statement, and what is said of it.

use std::io::Write as _;

use rev_testkit::scratch::{Engine, Scratch};

use crate::project::{Answer, Project};

/// A project whose only revision has these statements, one a line.
fn project(engine: Engine, statements: &str) -> Project {
    let project = Project::of(engine);
    edit(&project, statements);
    project
}

fn edit(project: &Project, statements: &str) {
    let lines = statements.lines().map(|line| format!("  {line};\n"));
    let text = format!(
        "upgrade: |\n{}irreversible: true\n",
        lines.collect::<String>()
    );
    project.revision("a", "null", &text);
}

/// All that a statement might leave: tables, rows, accounts and their rights.
fn state(scratch: &Scratch, user: &str) -> String {
    let accounts = scratch.query(&format!(
        "SELECT User, Host FROM mysql.user WHERE User LIKE '{user}%' ORDER BY User, Host"
    ));
    let grants = accounts.iter().map(|account| {
        let (user, host) = account.split_once('|').expect("two columns");
        scratch
            .query(&format!("SHOW GRANTS FOR '{user}'@'{host}'"))
            .join("\n")
    });
    let grants: Vec<String> = grants.collect();
    format!("{}\n{accounts:?}\n{}", scratch.dump(), grants.join("\n"))
}

#[test]
fn what_is_called_undone_has_left_nothing_and_mysql_leaves_nothing_in_doubt() {
    for engine in Engine::MYSQLS {
        let mut told = (0, 0);
        for failing in [
            "DROP TABLE a, nosuch",
            "DROP TABLE nosuch, a",
            "DROP VIEW v, nosuch",
            "RENAME TABLE a TO x, nosuch TO y",
            "ALTER TABLE a ADD COLUMN c INT, ADD COLUMN c INT",
            "ALTER TABLE a ADD COLUMN c INT, DROP COLUMN nosuch",
            "CREATE TABLE a (n INT)",
            "CREATE INDEX i ON a (nosuch)",
            "CREATE TRIGGER g BEFORE INSERT ON nosuch FOR EACH ROW SET NEW.n = 1",
            "TRUNCATE nosuch",
            "CREATE USER {u}_new@localhost, {u}@localhost",
            "DROP USER {u}@localhost, {u}_nosuch@localhost",
            "RENAME USER {u}@localhost TO {u}_other@localhost, {u}_nosuch@localhost TO {u}_b@localhost",
            "GRANT SELECT ON *.* TO {u}@localhost, {u}_nosuch@localhost",
            "REVOKE SELECT ON {d}.* FROM {u}@localhost, {u}_nosuch@localhost",
            "SET nosuch = 1",
            "SET sql_notes = 0, nosuch = 1",
            "ALTER TABLE nosuch ENGINE = InnoDB",
            "CALL nosuch()",
        ] {
            let project = project(engine, "SELECT 1");
            let database = project.database();
            let user = format!("{}_q", database.name());
            let failing = failing
                .replace("{u}", &user)
                .replace("{d}", database.name());
            edit(&project, &format!("CREATE TABLE first (n INT)\n{failing}"));
            database.execute(&format!(
                "DROP USER IF EXISTS {user}@localhost, {user}_new@localhost, {user}_other@localhost; \
                 CREATE TABLE a (n INT); CREATE VIEW v AS SELECT 1 AS n; CREATE USER {user}@localhost; \
                 GRANT SELECT ON {}.* TO {user}@localhost",
                database.name()
            ));
            // The first statement stands in both.
            database.execute("CREATE TABLE first (n INT)");
            let before = state(database, &user);
            database.execute("DROP TABLE first");
            let answer = project.rev(&["upgrade"]).exits(3);
            let is_changed = state(database, &user) != before;
            if answer.text.contains("statement 2 is in doubt") {
                told.1 += 1;
                let is_atomic = database.server().has_atomic_ddl();
                assert!(!is_atomic, "{failing}: {}", answer.text);
            } else {
                told.0 += 1;
                answer.says("statement 1 of 2 stands; mend the cause");
                assert!(!is_changed, "{failing}");
            }
            database.execute(&format!(
                "DROP USER IF EXISTS {user}@localhost, {user}_new@localhost, {user}_other@localhost"
            ));
        }
        assert!(told.0 > 5, "{told:?}");
    }
}

#[test]
fn a_file_that_the_server_may_not_write_is_no_read_only_server() {
    for engine in Engine::MYSQLS {
        let project = project(engine, "SELECT 1 INTO OUTFILE '/nosuch/folder/x'");
        let answer = project.rev(&["upgrade"]);
        let Answer { code, text } = &answer;
        assert_ne!(*code, Some(0), "{text}");
        assert!(!text.contains("cannot be written"), "{text}");
        answer.says("--> revisions/a.yaml:5:3");
    }
}

#[test]
fn maintenance_of_what_is_not_there_has_failed() {
    for engine in Engine::MYSQLS {
        for verb in ["ANALYZE", "CHECK", "OPTIMIZE", "REPAIR"] {
            let project = project(
                engine,
                &format!("CREATE TABLE t (n INT)\n{verb} TABLE nosuch"),
            );
            project
                .rev(&["upgrade"])
                .exits(3)
                .says("nosuch' doesn't exist")
                .says("--> revisions/a.yaml:6:3")
                .says("statement 1 of 2 stands; mend the cause");
            edit(&project, &format!("CREATE TABLE t (n INT)\n{verb} TABLE t"));
            project.rev(&["upgrade"]).exits(0);
        }
    }
}

#[test]
fn rows_that_the_server_loads_are_of_the_steps_transaction() {
    let mut file = tempfile::Builder::new()
        .suffix(".csv")
        .tempfile()
        .expect("a file");
    file.write_all(b"7\n8\n").expect("rows");
    // The server is another user.
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file()
        .set_permissions(permissions)
        .expect("permissions");
    for engine in Engine::MYSQLS {
        let path = file.path().display();
        let project = project(
            engine,
            &format!(
                "INSERT INTO t VALUES (1)\nLOAD DATA INFILE '{path}' INTO TABLE t\nINSERT INTO nosuch VALUES (1)"
            ),
        );
        project.database().execute("CREATE TABLE t (n INT)");
        project
            .rev(&["upgrade"])
            .exits(1)
            .says("nothing was changed on it");
        assert_eq!(project.database().query("SELECT n FROM t"), [""; 0]);
    }
}

#[test]
fn files_of_the_client_and_locks_are_refused_before_anything_runs() {
    for engine in Engine::MYSQLS {
        for (statement, words, hint) in [
            (
                "LOAD DATA LOCAL INFILE 'x' INTO TABLE t",
                "`LOAD DATA LOCAL` reads a file",
                "without `LOCAL`",
            ),
            (
                "LOCK TABLES t WRITE",
                "takes or frees locks",
                "--skip-add-locks",
            ),
            (
                "/*!40000 LOCK TABLES t WRITE */",
                "takes or frees locks",
                "--skip-add-locks",
            ),
        ] {
            let project = project(engine, &format!("CREATE TABLE t (n INT)\n{statement}"));
            project.rev(&["check"]).exits(4).says(words).says(hint);
            project.rev(&["upgrade"]).exits(1).says(words).says(hint);
            assert_eq!(project.database().tables(), [""; 0]);
        }
    }
}

#[test]
fn an_administrative_reset_is_not_sent_again() {
    for engine in Engine::MYSQLS {
        let project = Project::of(engine);
        if !project.database().server().is_mysql_proper() {
            // There is nothing that it resets on MariaDB.
            continue;
        }
        let statements = "SET PERSIST long_query_time = 10\nRESET PERSIST long_query_time\nCREATE TABLE t (n INT, KEY (nosuch))";
        edit(&project, statements);
        project
            .rev(&["upgrade"])
            .exits(3)
            .says("statements 1 to 2 of 3 stand; mend the cause");
        edit(&project, &statements.replace("nosuch", "n"));
        project.rev(&["upgrade"]).exits(0);
    }
}

#[test]
fn a_count_of_rows_that_the_driver_counts_otherwise_is_named() {
    for engine in Engine::MYSQLS {
        let project = project(
            engine,
            "UPDATE t SET n = n\nINSERT INTO t SELECT ROW_COUNT()",
        );
        project
            .rev(&["check"])
            .exits(4)
            .says("`ROW_COUNT()` after an `UPDATE`")
            .says("a.yaml:6:3");
    }
}

#[test]
fn a_commit_that_a_plugin_has_undone_is_tried_again() {
    // As Group Replication answers whoever comes second: to the commit, or to one that a
    // change of another member met.
    let answers = [
        (
            3101,
            "Plugin instructed the server to rollback the current transaction.",
        ),
        (
            1180,
            "Got error 149 - ''Lock deadlock; Retry transaction'' during COMMIT",
        ),
    ];
    for engine in Engine::MYSQLS {
        for (number, message) in answers {
            let project = project(engine, "INSERT INTO t VALUES (late())");
            let database = project.database();
            database.execute("CREATE TABLE t (n INT)");
            // Twice.
            database.execute(&format!(
                "CREATE FUNCTION late() RETURNS INT DETERMINISTIC BEGIN \
                 SET @tries = COALESCE(@tries, 0) + 1; IF @tries < 3 THEN \
                 SIGNAL SQLSTATE '40000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = '{message}'; \
                 END IF; RETURN @tries; END",
            ));
            project.rev(&["upgrade"]).exits(0);
            assert_eq!(database.query("SELECT n FROM t"), ["3"]);
        }
    }
}
