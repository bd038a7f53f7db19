//! An error of a statement has its statement and its place, whichever it is of how many.

use std::any::Any;
use std::thread;

use rev_testkit::scratch::{Engine, MysqlSession, PostgresSession, Scratch};

use crate::project::{Answer, Project};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Syntax,
    Permission,
    Constraint,
    Lock,
}

impl Fault {
    const ALL: [Fault; 4] = [
        Fault::Syntax,
        Fault::Permission,
        Fault::Constraint,
        Fault::Lock,
    ];

    /// A statement that meets it.
    fn statement(self, engine: Engine) -> &'static str {
        match (self, engine) {
            (Fault::Syntax, _) => "CREATE TABL hero (n INT)",
            (Fault::Permission, Engine::Sqlite) => "DELETE FROM sqlite_master",
            (Fault::Permission, Engine::Postgres) => "CREATE TABLE pg_catalog.hero (n INT)",
            (Fault::Permission, _) => "CREATE TABLE information_schema.hero (n INT)",
            (Fault::Constraint, _) => "INSERT INTO one VALUES (1), (1)",
            (Fault::Lock, _) => "UPDATE held SET n = 2",
        }
    }
}

/// Where a statement stands among others.
const COUNT: usize = 3;

/// A script of three statements of which one is this, a line each.
fn script(statement: &str, number: usize) -> String {
    let lines = (1..=COUNT).map(|at| match at == number {
        true => format!("  {statement};\n"),
        false => format!("  INSERT INTO other VALUES ({at});\n"),
    });
    lines.collect()
}

/// A session that holds a row's lock.
fn holder(database: &Scratch) -> Box<dyn Any> {
    let sql = "UPDATE held SET n = 3";
    match database.engine() {
        Engine::Postgres => {
            let mut session = PostgresSession::new(&database.url());
            session.query("BEGIN").expect("a transaction");
            session.query(sql).expect("a lock");
            Box::new(session)
        }
        _ => {
            let mut session = MysqlSession::new(&database.url());
            session.query("START TRANSACTION").expect("a transaction");
            session.query(sql).expect("a lock");
            Box::new(session)
        }
    }
}

fn project(engine: Engine) -> Project {
    let project = Project::of(engine);
    project.bind_with(Scratch::url, "100ms");
    project.database().execute(
        "CREATE TABLE one (n INT PRIMARY KEY); CREATE TABLE other (n INT); \
         CREATE TABLE held (n INT); INSERT INTO held VALUES (1)",
    );
    project
}

/// The line of a file that holds a text, from 1.
fn line_of(project: &Project, text: &str) -> usize {
    let file = std::fs::read_to_string(project.root().join("revisions/a.yaml")).expect("a file");
    1 + file
        .lines()
        .position(|line| line.contains(text))
        .expect("the statement")
}

#[track_caller]
fn is_placed(project: &Project, answer: &Answer, statement: &str, number: usize, case: &str) {
    let place = format!("revisions/a.yaml:{}:", line_of(project, statement));
    for words in [&format!("statement {number} of {COUNT}"), &place, statement] {
        assert!(
            answer.text.contains(words),
            "{case}: no `{words}` in:\n{}",
            answer.text
        );
    }
}

fn each(engine: Engine) {
    for fault in Fault::ALL {
        // There one lock is on all of a database: a run waits for it before it begins.
        if fault == Fault::Lock && engine == Engine::Sqlite {
            continue;
        }
        let statement = fault.statement(engine);
        for number in 1..=COUNT {
            let script = script(statement, number);
            for mode in ["", "transaction: none\n"] {
                let case = format!("{engine:?}, {fault:?}, {number}, up, {mode:?}");
                let project = project(engine);
                let revision = format!("{mode}upgrade: |\n{script}irreversible: true\n");
                project.revision("a", "null", &revision);
                let held = (fault == Fault::Lock).then(|| holder(project.database()));
                let answer = project.rev(&["upgrade"]);
                assert_ne!(answer.code, Some(0), "{case}: {}", answer.text);
                is_placed(&project, &answer, statement, number, &case);
                drop(held);
            }
            let case = format!("{engine:?}, {fault:?}, {number}, down");
            let project = project(engine);
            let revision = format!("upgrade: SELECT 1\ndowngrade: |\n{script}");
            project.revision("a", "null", &revision);
            project.rev(&["upgrade"]).exits(0);
            let held = (fault == Fault::Lock).then(|| holder(project.database()));
            let answer = project.rev(&["downgrade", "db1@base"]);
            assert_ne!(answer.code, Some(0), "{case}: {}", answer.text);
            is_placed(&project, &answer, statement, number, &case);
            // What is stored is in no file.
            std::fs::remove_file(project.root().join("revisions/a.yaml")).expect("a file");
            let answer = project.rev(&["downgrade", "db1@base"]);
            assert_ne!(answer.code, Some(0), "{case}: {}", answer.text);
            for words in [&format!("statement {number} of {COUNT}"), statement] {
                assert!(
                    answer.text.contains(words),
                    "{case}, stored: no `{words}` in:\n{}",
                    answer.text
                );
            }
            drop(held);
        }
    }
}

#[test]
fn every_error_has_its_statement_and_its_place() {
    thread::scope(|scope| {
        for engine in Engine::ALL {
            let test = thread::current().name().map(str::to_owned);
            let builder = thread::Builder::new().name(test.unwrap_or_default());
            builder
                .spawn_scoped(scope, move || each(engine))
                .expect("a thread");
        }
    });
}
