//! Extensions of PostgreSQL: autogenerate makes them and drops none, and who proves a way down
//! lets them stay. Which there are, the server says.

use rev_testkit::scratch::{Engine, Scratch};

use crate::project::{Answer, Project};

/// All that the server can make, but for the one that is always there.
fn available(database: &Scratch) -> Vec<String> {
    database.query("SELECT name FROM pg_available_extensions WHERE name <> 'plpgsql' ORDER BY 1")
}

fn tested(project: &Project) -> Answer {
    let server = Engine::Postgres.server_url();
    project.rev(&["test", "--scratch", &server]).exits(0)
}

fn declaring(models: &str) -> Project {
    let project = Project::of(Engine::Postgres);
    project.add_setting("models: [models.sql]");
    declare(&project, models);
    project
}

fn declare(project: &Project, models: &str) {
    std::fs::write(project.root().join("models.sql"), models).expect("a file");
}

fn write(project: &Project, id: &str) {
    let server = Engine::Postgres.server_url();
    let first = ["revision", "--autogenerate", "-m", "next", "--id", id];
    project
        .rev(&[&first[..], &["--scratch", &server]].concat())
        .exits(0);
    project.rev(&["upgrade"]).exits(0);
    project.rev(&["diff"]).exits(0).says("no difference");
}

#[test]
fn every_extension_that_the_server_has_may_stay_behind() {
    for _ in Engine::Postgres.alone() {
        let project = declaring("CREATE TABLE t (a int);\n");
        write(&project, "aaaa");
        let names = available(project.database());
        assert!(names.len() > 20, "{names:?}");
        let made = names
            .iter()
            .map(|it| format!("CREATE EXTENSION IF NOT EXISTS \"{it}\" CASCADE;\n"));
        let made: String = made.collect();
        declare(&project, &format!("{made}CREATE TABLE t (a int, b int);\n"));
        write(&project, "bbbb");
        let stands = "SELECT count(*) FROM pg_extension";
        let all = project.database().query(stands);
        tested(&project);
        project.rev(&["downgrade", "db1@aaaa"]).exits(0);
        assert_eq!(project.database().query(stands), all);
        project.rev(&["upgrade"]).exits(0);
        project.rev(&["diff"]).exits(0).says("no difference");
    }
}

#[test]
fn an_extension_in_a_schema_of_its_own_may_stay_behind_with_it() {
    for _ in Engine::Postgres.alone() {
        let project = declaring("CREATE TABLE t (a int);\n");
        write(&project, "aaaa");
        declare(
            &project,
            "CREATE SCHEMA ext;\nCOMMENT ON SCHEMA ext IS 'what others made';\n\
             GRANT USAGE ON SCHEMA ext TO PUBLIC;\n\
             CREATE EXTENSION citext SCHEMA ext;\nCOMMENT ON EXTENSION citext IS 'as we say';\n\
             CREATE TABLE t (a int, b ext.citext);\n",
        );
        write(&project, "bbbb");
        tested(&project);
        let server = Engine::Postgres.server_url();
        project
            .rev(&[
                "squash",
                "base:head",
                "--from-database",
                "db1",
                "--scratch",
                &server,
            ])
            .exits(0);
        tested(&project);
    }
}

#[test]
fn a_way_down_that_leaves_more_than_an_extension_is_refused() {
    for _ in Engine::Postgres.alone() {
        let project = Project::of(Engine::Postgres);
        project.revision(
            "aaaa",
            "null",
            "upgrade:\n  - CREATE SCHEMA ext\n  - CREATE SCHEMA other\n  - CREATE EXTENSION citext SCHEMA ext\n\
             downgrade: SELECT 1\n",
        );
        let server = Engine::Postgres.server_url();
        let told = project.rev(&["test", "--scratch", &server]).exits(4);
        let told = told
            .says("does not bring the schema back")
            .says("schema other");
        assert!(!told.text.contains("schema ext"), "{}", told.text);
    }
}

#[test]
fn a_database_with_extensions_is_adopted() {
    for _ in Engine::Postgres.alone() {
        let project = Project::of(Engine::Postgres);
        let database = project.database();
        database.execute("CREATE SCHEMA ext");
        database.execute("CREATE EXTENSION citext SCHEMA ext");
        database.execute("CREATE EXTENSION hstore");
        database.execute("CREATE TABLE t (a ext.citext, b hstore)");
        let server = Engine::Postgres.server_url();
        project
            .rev(&["adopt", "--scratch", &server])
            .exits(0)
            .says("nothing is left");
        tested(&project);
    }
}
