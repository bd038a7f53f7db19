//! Databases that were there before `rev` was, and databases that have nothing in common.

use rev_testkit::scratch::{Engine, Scratch};

use crate::models_mysql;
use crate::native;
use crate::project::Project;

/// What other tools make for themselves, as they make it; each engine takes it.
const TOOLS: [(&str, &str); 6] = [
    (
        "alembic_version",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, \
         CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))",
    ),
    (
        "flyway_schema_history",
        "CREATE TABLE flyway_schema_history (installed_rank INT NOT NULL, version VARCHAR(50), \
         description VARCHAR(200) NOT NULL, type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, \
         checksum INTEGER, installed_by VARCHAR(100) NOT NULL, \
         installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, execution_time INTEGER NOT NULL, \
         success BOOLEAN NOT NULL, CONSTRAINT flyway_schema_history_pk PRIMARY KEY (installed_rank)); \
         CREATE INDEX flyway_schema_history_s_idx ON flyway_schema_history (success)",
    ),
    (
        "DATABASECHANGELOGLOCK",
        "CREATE TABLE DATABASECHANGELOGLOCK (ID INTEGER NOT NULL, LOCKED BOOLEAN NOT NULL, \
         LOCKGRANTED TIMESTAMP, LOCKEDBY VARCHAR(255), PRIMARY KEY (ID))",
    ),
    (
        "schema_migrations",
        "CREATE TABLE schema_migrations (version VARCHAR(128) PRIMARY KEY)",
    ),
    (
        "_prisma_migrations",
        "CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL, \
         checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMP NULL, migration_name VARCHAR(255) NOT NULL, \
         logs TEXT, rolled_back_at TIMESTAMP NULL, started_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, \
         applied_steps_count INTEGER NOT NULL DEFAULT 0)",
    ),
    (
        "knex_migrations_lock",
        "CREATE TABLE knex_migrations_lock (is_locked INTEGER)",
    ),
];

/// A project on one database whose models declare `hero`.
fn declaring(engine: Engine) -> Project {
    let project = Project::of(engine);
    project.add_setting("models: [hero.sql]");
    write(
        &project,
        "hero.sql",
        "CREATE TABLE hero (id INT PRIMARY KEY);\n",
    );
    project
}

fn write(project: &Project, path: &str, text: &str) {
    std::fs::write(project.root().join(path), text).expect("a file");
}

#[test]
fn what_other_tools_keep_is_neither_dropped_nor_written_down() {
    for engine in Engine::ALL {
        let project = declaring(engine);
        let database = project.database();
        for (_, sql) in TOOLS {
            for statement in sql.split("; ") {
                database.execute(statement);
            }
        }
        let dump = project.rev(&["dump"]).exits(0);
        let before = database.tables();
        let first = ["revision", "--autogenerate", "-m", "first"];
        let written = project.rev(&first).exits(0);
        project.rev(&["upgrade"]).exits(0);
        let left = project.rev(&["diff"]).exits(0);
        project.rev(&["check", "--models", "--live"]).exits(0);
        for (table, _) in TOOLS {
            let told = format!(
                "`{}` is ",
                if engine == Engine::Postgres {
                    table.to_lowercase()
                } else {
                    table.to_owned()
                }
            );
            for answer in [&dump, &written, &left] {
                assert!(answer.text.contains(&told), "{table}: {answer:?}");
            }
            let made = format!("CREATE TABLE {table}").to_lowercase();
            assert!(!dump.text.to_lowercase().contains(&made), "{dump:?}");
        }
        left.says("no difference");
        let mut due = before;
        due.push("hero".to_owned());
        due.sort();
        let mut after = database.tables();
        after.sort();
        assert_eq!(after, due, "{engine:?}");
    }
}

#[test]
fn no_history_begins_on_top_of_what_is_there() {
    for engine in Engine::ALL {
        let objects: &[&str] = match engine {
            Engine::Postgres => &[
                "CREATE TABLE legacy (n INT)",
                "CREATE TYPE status AS ENUM ('on', 'off')",
                "CREATE SEQUENCE numbers",
                "CREATE VIEW v AS SELECT 1 AS n",
                "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            ],
            _ => &[
                "CREATE TABLE legacy (n INT)",
                "CREATE VIEW v AS SELECT 1 AS n",
            ],
        };
        for object in objects {
            let project = declaring(engine);
            project.database().execute(object);
            let refused = project.rev(&["revision", "--autogenerate", "-m", "first"]);
            refused
                .exits(1)
                .says("no revision is applied")
                .says("rev adopt db1");
            let files = std::fs::read_dir(project.root().join("revisions")).expect("a folder");
            assert_eq!(files.count(), 0, "{engine:?}: {object}");
        }
    }
}

#[test]
fn what_extensions_bring_is_no_past() {
    let project = declaring(Engine::Postgres);
    project.database().execute("CREATE EXTENSION citext");
    project.database().execute("CREATE SCHEMA other");
    let first = ["revision", "--autogenerate", "-m", "first"];
    project.rev(&first).exits(0);
}

#[test]
fn no_database_gets_what_is_declared_for_another_engine() {
    let files = ["models: [hero.sql]", "models: [stat.sql]"];
    let print = "models: {command: [sh, -c, 'cat $REV_DATABASE.sql']}";
    let same = "models: {command: [sh, -c, 'cat hero.sql']}";
    for (models, is_one) in [
        (files, false),
        ([print, print], false),
        (["models: [hero.sql]"; 2], true),
        ([same, same], true),
    ] {
        let project = Project::new(vec![
            ("heroes", Engine::Postgres.scratch()),
            ("stats", Engine::Sqlite.scratch()),
        ]);
        let path = project.root().join("rev.yaml");
        let text = std::fs::read_to_string(&path).expect("a file");
        let text = text.replace("    dialect: sqlite\n", "");
        let text = text.replace("  stats:\n", &format!("    {}\n  stats:\n", models[0]));
        std::fs::write(&path, text).expect("a file");
        project.add_setting(models[1]);
        for (file, table) in [
            ("hero", "hero"),
            ("heroes", "hero"),
            ("stat", "stat"),
            ("stats", "stat"),
        ] {
            write(
                &project,
                &format!("{file}.sql"),
                &format!("CREATE TABLE {table} (id INT PRIMARY KEY);\n"),
            );
        }
        let first = ["revision", "--autogenerate", "-m", "first", "--id", "aaaa"];
        project.rev(&first).exits(0);
        project.rev(&["upgrade"]).exits(0);
        let tables: Vec<_> = project
            .databases
            .iter()
            .map(|(_, it)| it.tables())
            .collect();
        let other = if is_one { "hero" } else { "stat" };
        assert_eq!(tables, [vec!["hero"], vec![other]], "{models:?}");
        let file = project.root().join("revisions/aaaa_first.yaml");
        let text = std::fs::read_to_string(file).expect("a file");
        assert_eq!(text.contains("\ndatabases:"), !is_one, "{text}");

        // Another environment, in which the second one lives on the first one's engine.
        let stranger = Engine::Postgres.scratch();
        let url = format!("stats={}", stranger.url());
        project
            .rev(&["upgrade", "--url", &url, "stats@head"])
            .exits(0);
        assert_eq!(stranger.tables(), [other], "{models:?}");
    }
}

/// A database with one of the schemas that we did not write.
fn inherited(engine: Engine, name: &str) -> Scratch {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/schemas");
    let path = format!("{root}/{}/{name}.sql", engine.dialect());
    let sql = std::fs::read_to_string(path).expect("a schema");
    if engine.is_mysql() {
        return models_mysql::made(engine, &sql);
    }
    let scratch = engine.scratch();
    if engine == Engine::Sqlite {
        rev_testkit::sqlite::execute(&scratch.file(), &sql);
    } else {
        scratch.execute(&sql);
    }
    scratch
}

/// Refuses databases that are not the same to the server's own program.
fn assert_same(database: &Scratch, due: &str, what: &str) {
    if let Err(lines) = native::equal(due, &native::dump(database)) {
        panic!("{:?}: {what}\n{lines}", database.engine());
    }
}

fn is_adopted_and_given_to_new_databases(engine: Engine, name: &str) {
    let project = Project::new(vec![("db1", inherited(engine, name))]);
    let database = project.database();
    let (before, due) = (database.dump(), native::dump(database));
    project
        .rev(&["adopt", "--id", "aaaa"])
        .exits(0)
        .says("db1  adopted, stands at aaaa (baseline)")
        .says("nothing is left");
    assert_eq!(database.dump(), before, "{engine:?}: {name}");
    assert_same(database, &due, name);
    project.rev(&["check", "--models", "--live"]).exits(0);
    project
        .rev(&["adopt"])
        .exits(0)
        .says("has a history already, at aaaa (baseline)");
    let new = engine.scratch();
    let url = format!("db1={}", new.url());
    project.rev(&["upgrade", "--url", &url]).exits(0);
    assert_same(&new, &due, name);
}

/// The schemas of an engine that are adopted; with `REV_ADOPTED=all` also one of 54 tables
/// and 55 triggers, which the servers of MySQL's kind take half a minute for.
fn schemas(engine: Engine) -> Vec<&'static str> {
    let is_all = std::env::var("REV_ADOPTED").is_ok_and(|it| it == "all");
    match engine {
        Engine::Sqlite => vec!["chinook", "synapse"],
        Engine::Postgres if is_all => vec!["chinook", "kea", "synapse"],
        Engine::Postgres => vec!["chinook", "kea"],
        _ if is_all => vec!["chinook", "opendmarc", "kea"],
        _ => vec!["chinook", "opendmarc"],
    }
}

#[test]
fn real_schemas_are_adopted_and_new_databases_get_the_same() {
    for engine in Engine::ALL {
        for name in schemas(engine) {
            is_adopted_and_given_to_new_databases(engine, name);
        }
    }
}

#[test]
fn what_is_adopted_passes_its_tests() {
    for engine in Engine::ALL {
        let project = Project::new(vec![("db1", inherited(engine, "chinook"))]);
        project.rev(&["adopt"]).exits(0);
        if engine == Engine::Sqlite {
            project.rev(&["test"]).exits(0);
        } else {
            let server = engine.server_url();
            project.rev(&["test", "--scratch", &server]).exits(0);
        }
    }
}

#[test]
fn an_environment_that_differs_is_told_how_and_stays_as_it_is() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        let make = "CREATE TABLE hero (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL)";
        project.database().execute(make);
        project.rev(&["adopt", "--id", "aaaa"]).exits(0);
        let (same, other) = (engine.scratch(), engine.scratch());
        same.execute(make);
        other.execute(make);
        other.execute("ALTER TABLE hero ADD COLUMN note VARCHAR(20)");
        let before = other.dump();
        let on = |database: &Scratch| format!("db1={}", database.url());
        project.rev(&["adopt", "--url", &on(&same)]).exits(0);
        project
            .rev(&["check", "--live", "--url", &on(&same)])
            .exits(0);
        project
            .rev(&["adopt", "--url", &on(&other)])
            .exits(1)
            .says("adds column `hero.note`")
            .says("`rev adopt db1 --at ID --url db1=URL`");
        assert_eq!(other.dump(), before, "{engine:?}");
        let project_of_other = project.rev(&["current", "--url", &on(&other)]).exits(0);
        assert!(!project_of_other.text.contains("aaaa"), "{engine:?}");
    }
}
