//! A database to try scripts in, seen with the program's own eyes.

use std::path::Path;
use std::time::Duration;

use rev_core::{DatabaseUrl, Dialect, SearchPath, Sql, TransactionMode};
use rev_engine::database::Database;
use rev_sql::schema::{Diff, Filter, Schema, ddl};
use rev_sql::split::split;
use rev_testkit::scratch::{Engine, PostgresSession, Scratch, server_url};

pub(crate) const DIALECT: Dialect = Dialect::Postgres;

/// A throw-away database with a session for the test and one for the program's own
/// eyes.
pub(crate) struct Place {
    session: PostgresSession,
    database: Box<dyn Database>,
    runtime: tokio::runtime::Runtime,
    // The sessions end before it goes.
    scratch: Scratch,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::in_schema(None)
    }

    /// A place where the program's eyes look at one schema, as `schema:` asks.
    pub(crate) fn in_schema(schema: Option<&str>) -> Self {
        let scratch = Engine::Postgres.scratch();
        // No password to hash at the socket.
        let url = scratch.url_on(&server_url("REV_TEST_POSTGRES_SOCKET_URL"));
        let settings = rev_db::Settings {
            is_throw_away: true,
            ledger_prefix: "rev_".to_owned(),
            schema: schema.and_then(SearchPath::parse),
            lock_timeout: Duration::from_secs(5),
            statement_timeout: Duration::ZERO,
            silence_timeout: Duration::from_secs(30),
            operator: "test@here".to_owned(),
            run: "test".to_owned(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread();
        let parts = DatabaseUrl::new(&url, Path::new("")).expect("a URL");
        Self {
            session: PostgresSession::new(&url),
            database: rev_db::open(&parts, &settings).expect("a URL"),
            runtime: { runtime }.enable_all().build().expect("a runtime"),
            scratch,
        }
    }

    /// The database itself.
    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Drops all that a test made.
    pub(crate) fn clear(&mut self) {
        self.run(
            "SET client_min_messages = warning; SET timezone = 'UTC'; RESET check_function_bodies;
             DROP SCHEMA public CASCADE; CREATE SCHEMA public;
             DROP SCHEMA IF EXISTS extra CASCADE; DROP SCHEMA IF EXISTS extra_s, \"Order\" CASCADE; DROP SCHEMA IF EXISTS \"More Extra\" CASCADE;",
        )
        .expect("all is dropped");
    }

    pub(crate) fn run(&mut self, sql: &str) -> Result<Vec<String>, String> {
        self.session.query(sql).map_err(|error| error.to_string())
    }

    pub(crate) fn inspect(&mut self) -> Schema {
        let found = self.runtime.block_on(self.database.inspect());
        found.unwrap_or_else(|error| panic!("{error}"))
    }

    /// What the catalogue says, by other queries.
    fn catalogue(&mut self) -> Vec<String> {
        let found = self.runtime.block_on(self.database.schema());
        found.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs a script as the executor does.
    pub(crate) fn apply(&mut self, script: &ddl::Script) -> Result<(), String> {
        let text = Sql::text(&script.to_sql());
        let statements = split(&text, DIALECT, TransactionMode::Step);
        let statements = statements.map_err(|error| error.to_string())?;
        self.run("BEGIN")?;
        for statement in statements {
            if let Err(error) = self.run(&statement.text) {
                let _ = self.run("ROLLBACK");
                return Err(format!("{error}\nin {}", statement.text));
            }
        }
        self.run("COMMIT").map(drop)
    }
}

pub(crate) fn between(from: &Schema, to: &Schema) -> Vec<String> {
    Diff::between(from, to, &[], &Filter::default(), DIALECT).sentences()
}

pub(crate) fn written(diff: &Diff) -> ddl::Script {
    ddl::write(diff, DIALECT)
}

/// A schema made from its dump is the same, by its own account and the catalogue's, and
/// has the same dump. It must be what the place holds.
pub(crate) fn check_dump(schema: &Schema, place: &mut Place) -> Result<(), String> {
    let dump = ddl::dump(schema, DIALECT);
    let before = place.catalogue();
    place.clear();
    place
        .apply(&dump)
        .map_err(|error| format!("{error}\n{}", dump.to_sql()))?;
    let again = place.inspect();
    let left = between(&again, schema);
    if !left.is_empty() {
        return Err(format!("{left:#?}\n{}", dump.to_sql()));
    }
    let after = place.catalogue();
    if before != after {
        let lost: Vec<&String> = before.iter().filter(|it| !after.contains(it)).collect();
        let new: Vec<&String> = after.iter().filter(|it| !before.contains(it)).collect();
        return Err(format!("{lost:#?}\n{new:#?}\n{}", dump.to_sql()));
    }
    let second = ddl::dump(&again, DIALECT);
    match second == dump {
        true => Ok(()),
        false => Err(format!("{}\n--- again\n{}", dump.to_sql(), second.to_sql())),
    }
}
