//! Objects of every kind that a server has: compared, or left aside with a word. None keeps
//! the rest from being read.

use rev_sql::schema::Schema;
use rev_testkit::scratch::{Engine, Scratch, mysql};

use super::{apply, both_ways, check_dump, diff, inspect, made, spoken};
use crate::project::Project;

/// What is left aside, each with why.
fn aside(schema: &Schema) -> Vec<String> {
    let unread = schema.unread.iter();
    unread
        .map(|((_, _, name), why)| format!("{name}: {why}"))
        .collect()
}

#[test]
fn a_view_of_tables_as_documents_is_compared_as_a_text() {
    for engine in Engine::Mysql.alone() {
        let table = "CREATE TABLE t (id INT PRIMARY KEY, n INT);";
        let view = |more: &str| {
            format!(
                "{table} CREATE JSON RELATIONAL DUALITY VIEW dv AS \
                 SELECT JSON_DUALITY_OBJECT({more}'_id': id, 'n': n) FROM t;"
            )
        };
        let writing = view("WITH(INSERT,UPDATE,DELETE) ");
        both_ways(engine, table, &writing, &[]);
        both_ways(engine, &view(""), &writing, &[]);
        let plain = format!("{table} CREATE VIEW dv AS SELECT id, n FROM t;");
        both_ways(engine, &plain, &writing, &[]);
        check_dump(engine, &inspect(&made(engine, &writing)));
        let project = Project::of(engine);
        project.add_setting("models: [models.sql]");
        std::fs::write(project.root().join("models.sql"), &writing).expect("a file");
        project
            .rev(&["revision", "--autogenerate", "-m", "a"])
            .exits(0);
        project.rev(&["upgrade"]).exits(0);
        project.rev(&["diff"]).exits(0).says("no difference");
    }
}

/// One of each kind that no comparison knows, as the server makes it.
fn strangers(scratch: &Scratch) -> (&'static str, &'static str) {
    match scratch.server().is_mysql_proper() {
        true => (
            "CREATE LIBRARY tools LANGUAGE JAVASCRIPT AS 'export function f() {}';",
            "tools: a library is not compared",
        ),
        false => (
            "SET sql_mode = ORACLE; CREATE PACKAGE tools AS PROCEDURE p; END; \
             CREATE PACKAGE BODY tools AS PROCEDURE p AS BEGIN NULL; END; END; SET sql_mode = DEFAULT;",
            "tools: a package body is not compared, tools: a package is not compared",
        ),
    }
}

#[test]
fn what_no_comparison_knows_is_left_aside_and_the_rest_is_compared() {
    for engine in Engine::MYSQLS {
        let project = Project::of(engine);
        let database = project.database();
        let (text, due) = strangers(database);
        database.execute(&format!("CREATE TABLE t (id INT PRIMARY KEY); {text}"));
        let schema = inspect(database);
        assert_eq!(aside(&schema).join(", "), due, "{engine:?}");
        let alone = made(engine, "CREATE TABLE t (id INT PRIMARY KEY)");
        assert!(diff(&schema, &inspect(&alone)).is_empty());
        let due = due.split(": ").last().expect("why");
        let dump = project.rev(&["dump"]).exits(0);
        dump.says("CREATE TABLE t").says(due);
        let dump = project
            .rev(&["dump", "--exclude", "routine:tools"])
            .exits(0);
        assert!(!dump.text.contains(due), "{}", dump.text);
    }
}

/// A user who may read a database but not the texts of its views.
#[test]
fn what_a_user_may_not_read_is_left_aside_and_the_rest_is_compared() {
    for engine in Engine::MYSQLS {
        let project = Project::of(engine);
        let database = project.database();
        database.execute(
            "CREATE TABLE t (id INT PRIMARY KEY, n INT); CREATE VIEW v AS SELECT id FROM t",
        );
        let (server, name) = (engine.server_url(), database.name());
        let user = format!("u_{name}");
        let rights = format!(
            "CREATE USER {user} IDENTIFIED BY 'my-s3cret-9c'; GRANT SELECT ON {name}.* TO {user}; \
             GRANT ALL ON `rev\\_scratch\\_%`.* TO {user}; GRANT PROCESS ON *.* TO {user}"
        );
        mysql(&server, &rights).expect("a user");
        project.bind(|it| it.url().replacen("://rev:", &format!("://{user}:"), 1));
        project.add_setting("models: [models.sql]");
        let declare = |models: &str| {
            std::fs::write(project.root().join("models.sql"), models).expect("a file");
        };
        let dump = project.rev(&["dump"]).exits(0);
        dump.says("view `v` of `db1` is left aside: SHOW VIEW command denied")
            .says("CREATE TABLE t");
        let dump = project.rev(&["dump", "--exclude", "view:v"]).exits(0);
        assert!(!dump.text.contains("left aside"), "{}", dump.text);
        // Whether the models have it or not, nothing is to be done about it.
        for view in ["", "CREATE VIEW v AS SELECT n FROM t;"] {
            declare(&format!(
                "CREATE TABLE t (id INT PRIMARY KEY, n INT); {view}"
            ));
            let answer = project.rev(&["diff"]).exits(0);
            answer.says("no difference").says("is left aside");
        }
        declare("CREATE TABLE t (id INT PRIMARY KEY, n BIGINT);");
        project.rev(&["diff"]).exits(0).says("changes column `t.n`");
        mysql(&server, &format!("DROP USER {user}")).expect("it goes");
    }
}

#[test]
fn a_broken_view_is_told_and_does_not_spoil_the_dump() {
    for engine in Engine::MYSQLS {
        let project = Project::of(engine);
        let database = project.database();
        database.execute(
            "CREATE TABLE t (id INT PRIMARY KEY, n INT); CREATE VIEW v AS SELECT n FROM t; \
             CREATE VIEW over_v AS SELECT n FROM v; CREATE VIEW whole AS SELECT id FROM t; \
             ALTER TABLE t DROP COLUMN n",
        );
        assert_eq!(inspect(database).broken.len(), 2, "{engine:?}");
        let dumped = project.command(&["dump"]).output().expect("rev starts");
        let told = String::from_utf8_lossy(&dumped.stderr).into_owned();
        for name in ["v", "over_v"] {
            let due = format!("view `{name}` of `db1` is broken, and left out");
            assert!(told.contains(&due), "{told}");
        }
        let dump = String::from_utf8_lossy(&dumped.stdout).into_owned();
        let room = engine.scratch();
        apply(&room, &dump).unwrap_or_else(|error| panic!("{error}\n{dump}"));
        assert_eq!(room.query("SELECT * FROM whole"), [""; 0]);
        // It is still there to be dropped, or mended.
        let mended = made(
            engine,
            "CREATE TABLE t (id INT PRIMARY KEY); CREATE VIEW v AS SELECT id AS n FROM t",
        );
        let sentences = diff(&inspect(database), &inspect(&mended)).sentences();
        assert_eq!(
            sentences,
            [
                "drops view `over_v`",
                "changes view `v`",
                "drops view `whole`"
            ],
        );
    }
}

/// A key that the server makes where none is declared is nobody's to drop.
#[test]
fn a_key_that_the_server_has_made_stays() {
    for engine in Engine::Mysql.alone() {
        let project = Project::of(engine);
        project.add_setting("models: [models.sql]");
        let database = project.database();
        database.execute(
            "SET sql_generate_invisible_primary_key = ON; CREATE TABLE t (n INT); \
             INSERT INTO t VALUES (1), (2)",
        );
        let declare = |models: &str| {
            std::fs::write(project.root().join("models.sql"), models).expect("a file");
        };
        declare("CREATE TABLE t (n INT);");
        let answer = project.rev(&["diff"]).exits(0);
        answer
            .says("no difference")
            .says("table `t` keeps `my_row_id`, the primary key that the server has made for it");
        let baseline = [
            "revision",
            "--autogenerate",
            "--from-revisions",
            "-m",
            "all",
        ];
        project.rev(&baseline).exits(0);
        project.rev(&["stamp", "db1@head"]).exits(0);
        declare("CREATE TABLE t (n BIGINT, m INT);");
        project
            .rev(&["revision", "--autogenerate", "-m", "wider"])
            .exits(0);
        project.rev(&["upgrade"]).exits(0);
        project.rev(&["diff"]).exits(0).says("no difference");
        assert_eq!(database.query("SELECT my_row_id, n FROM t"), ["1|1", "2|2"]);
        project.rev(&["downgrade", "db1@-1"]).exits(0);
        project.rev(&["upgrade"]).exits(0);
        // One that is declared is like any other.
        declare("CREATE TABLE t (n BIGINT, id INT AUTO_INCREMENT PRIMARY KEY);");
        project
            .rev(&["diff"])
            .exits(0)
            .says("drops column `t.my_row_id`");
        check_dump(engine, &inspect(database));
        assert!(spoken(engine).suffix().is_some());
    }
}
