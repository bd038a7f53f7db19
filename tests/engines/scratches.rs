//! Throw-away databases are like the live one that they stand for: in what its tables take
//! from it without a word.

use rev_testkit::scratch::{Engine, Scratch, postgres};

use crate::project::Project;

fn declare(project: &Project, models: &str) {
    std::fs::write(project.root().join("models.sql"), models).expect("a file");
}

/// Two collations of the server, the first of which new databases have.
fn collations(scratch: &Scratch) -> [String; 2] {
    let usual = scratch.query("SELECT @@collation_database").concat();
    let other = ["utf8mb4_unicode_ci", "utf8mb4_general_ci"];
    let other = other.into_iter().find(|it| *it != usual);
    [usual, other.expect("another one").to_owned()]
}

#[test]
fn a_collation_that_the_live_database_has_by_default_is_no_difference() {
    for engine in Engine::MYSQLS {
        let project = Project::of(engine);
        project.add_setting("models: [models.sql]");
        let database = project.database();
        let [usual, own] = collations(database);
        database.execute(&format!("ALTER DATABASE COLLATE {own}"));
        declare(
            &project,
            &format!(
                "CREATE TABLE p (id INT PRIMARY KEY, name VARCHAR(32)) COLLATE {own};\n\
                 CREATE TABLE q (id INT PRIMARY KEY, name VARCHAR(32)) COLLATE {usual};\n\
                 CREATE TABLE r (id INT PRIMARY KEY, name VARCHAR(32), other VARCHAR(32) COLLATE {usual},\n  \
                 same VARCHAR(32) COLLATE {own}) CHARSET utf8mb4 COLLATE {own};\n\
                 CREATE TABLE s (id INT PRIMARY KEY, name VARCHAR(32));\n"
            ),
        );
        let autogenerate = ["revision", "--autogenerate", "-m", "all"];
        project.rev(&autogenerate).exits(0);
        project.rev(&["upgrade"]).exits(0);
        project.rev(&["diff"]).exits(0).says("no difference");
        project.rev(&autogenerate).exits(0).says("nothing to do");
        project.rev(&["check", "--models", "--live"]).exits(0);
        assert_eq!(
            database.query(
                "SELECT TABLE_COLLATION FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() \
                 AND LENGTH(TABLE_NAME) = 1 ORDER BY TABLE_NAME"
            ),
            [own.clone(), usual, own.clone(), own],
            "{engine:?}"
        );
        let squash = ["squash", "base:head", "--from-database", "db1", "--scratch"];
        let server = engine.server_url();
        let squash = project.rev(&[&squash[..], &[&server]].concat());
        assert!(!squash.text.contains("another"), "{}", squash.text);
    }
}

/// What the encoding of the live database cannot say is refused before it is there.
#[test]
fn models_are_read_in_the_encoding_of_the_live_database() {
    let project = Project::of(Engine::Postgres);
    project.add_setting("models: [models.sql]");
    let server = Engine::Postgres.server_url();
    let live = format!("{}_latin", project.database().name());
    let made = format!(
        "CREATE DATABASE {live} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
    );
    postgres(&server, &made).expect("a database");
    let name = project.database().name().to_owned();
    let path = project.root().join("rev.yaml");
    let settings = std::fs::read_to_string(&path).expect("a file");
    std::fs::write(
        path,
        settings.replace(&format!("/{name}"), &format!("/{live}")),
    )
    .expect("a file");
    declare(&project, "CREATE TABLE t (a text CHECK (a <> 'é'));\n");
    project.rev(&["diff"]).exits(0).says("creates table `t`");
    declare(&project, "CREATE TABLE t (a text CHECK (a <> '€'));\n");
    let answer = project.rev(&["diff"]);
    let dropped = postgres(&server, &format!("DROP DATABASE {live} WITH (FORCE)"));
    dropped.expect("it goes");
    answer.exits(1).says("LATIN1");
}
