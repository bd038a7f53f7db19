//! The terms that a step runs on: what its statements set up in their session, and what
//! ends their transaction.

use rev_testkit::scratch::Engine;

use crate::project::Project;

/// A project with a revision `a` and a revision `b`.
fn history(engine: Engine, first: &str, second: &str) -> Project {
    let project = Project::of(engine);
    project.revision("a", "null", &script(first));
    project.revision("b", "a", &script(second));
    project
}

fn script(statements: &str) -> String {
    let lines = statements
        .lines()
        .map(|line| format!("  {}\n", line.trim()));
    format!(
        "upgrade: |\n{}irreversible: true\n",
        lines.collect::<String>()
    )
}

#[test]
fn rows_before_a_statement_that_commits_are_written_once() {
    for engine in Engine::MYSQLS {
        let scratch = engine.scratch();
        let user = format!("{}_p@localhost", scratch.name());
        let (password, default_role) = match scratch.server().is_mysql_proper() {
            false => ("PASSWORD('b')", format!("SET DEFAULT ROLE NONE FOR {user}")),
            true => ("'b'", format!("SET DEFAULT ROLE NONE TO {user}")),
        };
        scratch.execute(&format!("CREATE USER {user}"));
        let password = format!("SET PASSWORD FOR {user} = {password}");
        for (at, commits) in [
            password.clone(),
            format!("/*!40101 {password} */"),
            default_role,
        ]
        .iter()
        .enumerate()
        {
            let failing =
                format!("INSERT INTO t VALUES (1, 1);\n{commits};\nINSERT INTO nosuch VALUES (1);");
            let project = history(engine, "CREATE TABLE t (n INT, id INT);", &failing);
            project
                .rev(&["upgrade"])
                .exits(3)
                .says("statements 1 to 2 of 3 stand");
            project.revision(
                "b",
                "a",
                &script(&failing.replace("nosuch VALUES (1)", "t VALUES (2, 2)")),
            );
            project.rev(&["upgrade"]).exits(0);
            let rows = project.database().query("SELECT n, id FROM t ORDER BY id");
            assert_eq!(rows, ["1|1", "2|2"], "{at}: {commits}");
        }
        scratch.execute(&format!("DROP USER {user}"));
    }
}

#[test]
fn settings_in_version_comments_are_made_again_when_a_step_goes_on() {
    for engine in Engine::MYSQLS {
        for setting in [
            "SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO'",
            "/*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
            "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
            "SET /*!40101 SESSION */ SQL_MODE='NO_AUTO_VALUE_ON_ZERO'",
            "SET @mode = CONCAT('NO_AUTO_VALUE', '_ON_ZERO');\nSET @@SESSION.SQL_MODE = @mode",
        ] {
            let failing = format!(
                "{setting};\nCREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY, w VARCHAR(10));\n\
                 CREATE TABLE c (id INT PRIMARY KEY, pid INT, KEY (nosuch));\n\
                 INSERT INTO p VALUES (0, 'zero');"
            );
            let project = history(engine, "CREATE TABLE q (id INT);", &failing);
            project.rev(&["upgrade"]).exits(3);
            project.revision("b", "a", &script(&failing.replace("(nosuch)", "(pid)")));
            project.rev(&["upgrade"]).exits(0);
            assert_eq!(
                project.database().query("SELECT id, w FROM p"),
                ["0|zero"],
                "{setting}"
            );
        }
    }
}

#[test]
fn what_a_version_comment_sets_does_not_reach_the_next_revision() {
    for engine in Engine::MYSQLS {
        for sets in [
            "/*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
            "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
            "SELECT 'NO_AUTO_VALUE_ON_ZERO' INTO @mode",
            "SELECT @mode := 'NO_AUTO_VALUE_ON_ZERO'",
        ] {
            let first = format!(
                "CREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY, w VARCHAR(30));\n{sets};"
            );
            let project = history(
                engine,
                &first,
                "INSERT INTO p VALUES (0, COALESCE(@mode, 'none'));",
            );
            project.rev(&["upgrade"]).exits(0);
            assert_eq!(
                project.database().query("SELECT id, w FROM p"),
                ["1|none"],
                "{sets}"
            );
        }
    }
}

/// How a step of these statements that failed is ended, as the commands say it.
struct Ended {
    engine: Engine,
    before: &'static str,
    /// The step's statements; `nosuch` in the last makes it fail.
    statements: &'static str,
    /// What stands of it.
    stands: &'static str,
    /// What is gone.
    gone: &'static str,
    /// What a person runs to end it.
    rest: &'static str,
    /// What a person runs to take it back.
    undo: &'static str,
    query: &'static str,
    wanted: &'static [&'static str],
}

impl Ended {
    fn failed(&self) -> Project {
        let project = Project::of(self.engine);
        project.database().execute(self.before);
        project.revision("a", "null", &self.script(self.statements));
        project
            .rev(&["upgrade"])
            .exits(3)
            .says(self.stands)
            .says(self.gone)
            .says("rev repair db1 --applied")
            .says("rev repair db1 --not-applied");
        // Mending the statement is no help, and every command says so.
        project.revision(
            "a",
            "null",
            &self.script(&self.statements.replace("nosuch", "1")),
        );
        for command in [&["upgrade"][..], &["repair", "db1", "--resume"]] {
            project
                .rev(command)
                .exits(1)
                .says(self.gone)
                .says("rev repair db1 --applied")
                .says("rev repair db1 --not-applied");
        }
        let answer = project.rev(&["repair"]).exits(4).says(self.stands);
        let answer = answer.says(self.gone).says("rev repair db1 --not-applied");
        assert!(!answer.text.contains("--resume"), "{}", answer.text);
        project
    }

    fn script(&self, statements: &str) -> String {
        let mode = if self.engine.is_mysql() {
            ""
        } else {
            "transaction: none\n"
        };
        format!("{mode}{}", script(statements))
    }

    #[track_caller]
    fn holds(&self) {
        let project = self.failed();
        project.database().execute(self.rest);
        project.rev(&["repair", "db1", "--applied"]).exits(0);
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(
            project.database().query(self.query),
            self.wanted,
            "ended by hand"
        );

        let project = self.failed();
        project.database().execute(self.undo);
        project.rev(&["repair", "db1", "--not-applied"]).exits(0);
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(
            project.database().query(self.query),
            self.wanted,
            "taken back"
        );
    }
}

#[test]
fn a_step_whose_temporary_table_is_gone_is_ended_by_hand() {
    for engine in Engine::ALL {
        let temporary = match engine.is_mysql() {
            true => "CREATE TEMPORARY TABLE tmp (n INT);",
            false => "CREATE TEMP TABLE tmp (n INT);",
        };
        let statements = format!(
            "INSERT INTO t VALUES (0, 'z');\n{temporary}\nINSERT INTO tmp VALUES (7);\n\
             INSERT INTO t SELECT n, nosuch FROM tmp;"
        );
        Ended {
            engine,
            before: "CREATE TABLE t (n INT, w VARCHAR(3))",
            statements: statements.leak(),
            // Rows next to one another share a transaction there: the third went with the fourth.
            stands: match engine.is_mysql() {
                true => "statements 1 to 2 of 4 stand",
                false => "statements 1 to 3 of 4 stand",
            },
            gone: "temporary object of statement 2 is gone",
            rest: "INSERT INTO t VALUES (7, 1)",
            undo: "DELETE FROM t",
            query: "SELECT n, w FROM t ORDER BY n",
            wanted: &["0|z", "7|1"],
        }
        .holds();
    }
}

#[test]
fn a_step_whose_last_number_is_gone_is_ended_by_hand() {
    for engine in Engine::MYSQLS {
        Ended {
            engine,
            before: "CREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY); CREATE TABLE c (pid INT, n INT)",
            statements: "INSERT INTO p VALUES (5);\nCREATE TABLE q (n INT);\n\
                         INSERT INTO c SELECT LAST_INSERT_ID(), nosuch;",
            stands: "statements 1 to 2 of 3 stand",
            gone: "`LAST_INSERT_ID()` of statement 1 is gone",
            rest: "INSERT INTO c VALUES (0, 1)",
            undo: "DROP TABLE q; DELETE FROM p",
            query: "SELECT pid, n FROM c",
            wanted: &["0|1"],
        }
        .holds();
    }
}

#[test]
fn a_step_with_the_head_of_a_dump_goes_on_by_itself() {
    for engine in Engine::MYSQLS {
        for head in [
            "SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0;",
            "/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;",
        ] {
            let failing = format!(
                "{head}\nCREATE TABLE p (id INT PRIMARY KEY);\n\
                 CREATE TABLE c (pid INT, FOREIGN KEY (pid) REFERENCES p (id));\n\
                 INSERT INTO c SELECT nosuch;\nSET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS;\n\
                 INSERT INTO p VALUES (@@foreign_key_checks);"
            );
            let project = history(engine, "CREATE TABLE q (n INT);", &failing);
            project
                .rev(&["upgrade"])
                .exits(3)
                .says("statements 1 to 3 of 6 stand; mend the cause, then");
            project.revision("b", "a", &script(&failing.replace("nosuch", "77")));
            project.rev(&["upgrade"]).exits(0);
            // Checks were off for the row, and on again behind it.
            let rows = project
                .database()
                .query("SELECT pid FROM c UNION ALL SELECT id FROM p");
            assert_eq!(rows, ["77", "1"], "{head}");
        }
    }
}

#[test]
fn settings_of_sqlite_and_postgres_are_made_again_when_a_step_goes_on() {
    let cases = [
        (
            Engine::Sqlite,
            "PRAGMA foreign_keys = OFF;",
            "INSERT INTO c SELECT nosuch;",
        ),
        (
            Engine::Postgres,
            "SELECT pg_catalog.set_config('session_replication_role', 'replica', false);",
            "INSERT INTO c SELECT nosuch;",
        ),
        (
            Engine::Postgres,
            "SET session_replication_role = replica;",
            "INSERT INTO c SELECT nosuch;",
        ),
    ];
    for (engine, setting, row) in cases {
        let project = Project::of(engine);
        project
            .database()
            .execute("CREATE TABLE p (id INT PRIMARY KEY)");
        project
            .database()
            .execute("CREATE TABLE c (pid INT REFERENCES p (id))");
        let failing = format!("{setting}\n{row}");
        let none = |text: &str| format!("transaction: none\n{}", script(text));
        project.revision("a", "null", &none(&failing));
        project.rev(&["upgrade"]).exits(3);
        project.revision("a", "null", &none(&failing.replace("nosuch", "77")));
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(
            project.database().query("SELECT pid FROM c"),
            ["77"],
            "{setting}"
        );
    }
}
