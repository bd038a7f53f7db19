//! The terms that a step runs on: what its statements set up in their session, and what
//! ends their transaction.

use rev_testkit::scratch::Scratch;

use crate::commits::{is_mariadb, scratches};
use crate::project::Project;

/// A project on this database with a revision `a` and a revision `b`.
fn history(scratch: Scratch, first: &str, second: &str) -> Project {
    let project = Project::new(vec![("db1", scratch)]);
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
    for scratch in scratches() {
        let user = format!("{}_p@localhost", scratch.name());
        let (password, default_role) = match is_mariadb(&scratch) {
            true => ("PASSWORD('b')", format!("SET DEFAULT ROLE NONE FOR {user}")),
            false => ("'b'", format!("SET DEFAULT ROLE NONE TO {user}")),
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
            let scratch = Scratch::on(scratch.engine(), scratch.server_url());
            let failing =
                format!("INSERT INTO t VALUES (1, 1);\n{commits};\nINSERT INTO nosuch VALUES (1);");
            let project = history(scratch, "CREATE TABLE t (n INT, id INT);", &failing);
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
    for scratch in scratches() {
        for setting in [
            "SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO'",
            "/*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
            "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
            "SET /*!40101 SESSION */ SQL_MODE='NO_AUTO_VALUE_ON_ZERO'",
            "SET @mode = CONCAT('NO_AUTO_VALUE', '_ON_ZERO');\nSET @@SESSION.SQL_MODE = @mode",
        ] {
            let scratch = Scratch::on(scratch.engine(), scratch.server_url());
            let failing = format!(
                "{setting};\nCREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY, w VARCHAR(10));\n\
                 CREATE TABLE c (id INT PRIMARY KEY, pid INT, KEY (nosuch));\n\
                 INSERT INTO p VALUES (0, 'zero');"
            );
            let project = history(scratch, "CREATE TABLE q (id INT);", &failing);
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
    for scratch in scratches() {
        for sets in [
            "/*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
            "/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */",
            "SELECT 'NO_AUTO_VALUE_ON_ZERO' INTO @mode",
            "SELECT @mode := 'NO_AUTO_VALUE_ON_ZERO'",
        ] {
            let scratch = Scratch::on(scratch.engine(), scratch.server_url());
            let first = format!(
                "CREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY, w VARCHAR(30));\n{sets};"
            );
            let project = history(
                scratch,
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
