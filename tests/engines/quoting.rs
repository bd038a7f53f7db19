//! Servers that read quoted text otherwise than they are delivered: a file means to `rev` what
//! it means to the server's own client.

use rev_testkit::scratch::{Engine, Scratch};

use crate::faults::Frail;
use crate::offline::run_script;
use crate::project::Project;

/// What is to be read, for one way that a server may be told to: the words of `quoting:`, the
/// server's own setting, and a script. The table `t` has one column of text.
const WAYS: [(Engine, &str, &str, &[&str]); 6] = [
    (
        Engine::Mysql,
        "no_backslash_escapes",
        "NO_BACKSLASH_ESCAPES",
        &[
            r"INSERT INTO t VALUES ('C:\')",
            r#"INSERT INTO t VALUES ("D:\"), (';')"#,
            r"UPDATE t SET v = CONCAT(v, '\') WHERE v = ';'",
            r"CREATE TABLE `b\` (n INT DEFAULT 1 COMMENT 'E:\')",
            r"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.v = CONCAT(NEW.v, '\'); END",
            r"INSERT INTO t VALUES ('it''s \n')",
        ],
    ),
    (
        Engine::Mysql,
        "ansi_quotes",
        "ANSI_QUOTES",
        &[
            r#"CREATE TABLE "a\" ("x;" INT)"#,
            r#"INSERT INTO "a\" ("x;") VALUES (1)"#,
            r"INSERT INTO t VALUES ('it\'s ;')",
        ],
    ),
    (
        Engine::Mysql,
        "no_backslash_escapes, ansi_quotes",
        "ANSI,NO_BACKSLASH_ESCAPES",
        &[
            r#"CREATE TABLE "a\" ("x;" INT)"#,
            r"INSERT INTO t VALUES ('\'), (';')",
            // A dump sets its own mode, and what was there comes back.
            "SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO'",
            r#"INSERT INTO t VALUES ('it\'s ;'), ("a\";")"#,
            "SET SQL_MODE=@OLD_SQL_MODE",
            r"INSERT INTO t VALUES ('F:\')",
        ],
    ),
    (
        Engine::Mysql,
        "",
        "STRICT_TRANS_TABLES",
        &[
            r"INSERT INTO t VALUES ('it\'s ;')",
            "SET sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES')",
            r"INSERT INTO t VALUES ('C:\'), (';')",
            "SET sql_mode = ''",
            r"INSERT INTO t VALUES ('it\'s \\')",
        ],
    ),
    (
        Engine::Postgres,
        "backslash_escapes",
        "off",
        &[
            r"INSERT INTO t VALUES ('it\'s ;')",
            r#"CREATE TABLE "a\" ("x;" INT)"#,
            r"INSERT INTO t VALUES (E'\';'), ($$\$$)",
            r"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''\\\\'''",
        ],
    ),
    (
        Engine::Postgres,
        "",
        "on",
        &[
            r"INSERT INTO t VALUES ('C:\'), (';')",
            "SET standard_conforming_strings = off",
            r"INSERT INTO t VALUES ('it\'s ;')",
            "RESET standard_conforming_strings",
            r"INSERT INTO t VALUES ('D:\')",
        ],
    ),
];

/// The same with the server at hand: what is set for MySQL counts for MariaDB.
fn ways(
    engine: Engine,
) -> impl Iterator<Item = &'static (Engine, &'static str, &'static str, &'static [&'static str])> {
    WAYS.iter()
        .filter(move |way| (way.0 == Engine::Postgres) == (engine == Engine::Postgres))
}

fn told(server: &Frail, engine: Engine, setting: &str) -> Scratch {
    let database = server.scratch();
    let name = database.name().to_owned();
    database.execute(&match engine {
        Engine::Postgres => {
            format!("ALTER DATABASE {name} SET standard_conforming_strings = {setting}")
        }
        _ => format!("SET GLOBAL sql_mode = '{setting}'"),
    });
    database
}

/// The rows of `t`, and the names of all tables.
fn stands(database: &Scratch) -> (Vec<String>, Vec<String>) {
    (
        database.query("SELECT v FROM t ORDER BY v"),
        database.tables(),
    )
}

#[test]
fn a_file_means_what_it_means_to_the_servers_own_client() {
    for engine in Engine::SERVERS.into_iter().flat_map(Engine::alone) {
        let server = Frail::of(engine);
        let mut refused = 0;
        for (_, words, setting, script) in ways(engine) {
            let what = format!("{engine:?}, {setting}");
            let text = format!("CREATE TABLE t (v VARCHAR(80));\n{};\n", script.join(";\n"));
            // MySQL's client knows where a body ends by `DELIMITER` alone.
            let theirs = told(&server, engine, setting);
            let file = match engine {
                Engine::Postgres => format!("\\set ON_ERROR_STOP on\n{text}"),
                _ => text.replace("BEGIN SET", "SET").replace("; END", ""),
            };
            if *setting == "ANSI_QUOTES" {
                // Their client takes a backslash in a name for an escape, where the server does
                // not, and so cannot send this at all.
                text.split(";\n")
                    .filter(|it| !it.is_empty())
                    .for_each(|it| theirs.execute(it));
            } else {
                run_script(&theirs, &file).done();
            }

            let project = Project::new(vec![("db1", told(&server, engine, setting))]);
            let body = text.replace('\n', "\n  ");
            project.revision(
                "a",
                "null",
                &format!("irreversible: true\nupgrade: |\n  {body}\n"),
            );
            // The server is asked; without one the settings say it.
            project.rev(&["plan"]).exits(0).says("up       a");
            project.rev(&["upgrade"]).exits(0);
            assert_eq!(stands(project.database()), stands(&theirs), "{what}");
            if !words.is_empty() {
                // Read as servers are delivered it may have no end, and what helps is said.
                let checked = project.rev(&["check"]);
                let setting = words.split(", ").next().unwrap_or_default();
                let is_told = checked.text.contains(&format!("`quoting: [{setting}]`"));
                assert!(is_told || checked.code == Some(0), "{what}: {checked:?}");
                refused += usize::from(checked.code == Some(4));
                project.add_setting(&format!("quoting: [{words}]"));
            }
            project.rev(&["check"]).exits(0);
            let offline = project
                .rev(&["plan", "--from", "base", "--format", "sql"])
                .exits(0);
            let again = told(&server, engine, setting);
            if engine == Engine::Postgres {
                run_script(&again, &offline.text).done();
                assert_eq!(stands(&again), stands(&theirs), "{what}");
            }
        }
        if engine != Engine::Postgres {
            assert!(refused > 0, "{engine:?}");
            server.scratch().execute("SET GLOBAL sql_mode = DEFAULT");
        }
    }
}
