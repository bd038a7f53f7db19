//! Throw-away databases on real engines, made and read around the program under
//! test.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

pub use crate::engine::{Engine, Engines, server_url};
use crate::server::Server;
pub use crate::session::{MysqlSession, PostgresSession, Session, mysql, postgres};
use crate::sqlite;

/// A database that is dropped with this value.
#[derive(Debug)]
pub struct Scratch {
    engine: Engine,
    name: String,
    /// The server's own database, from which others are made.
    server: String,
    folder: TempDir,
    /// What answers there.
    answering: Server,
}

impl Engine {
    /// Makes an empty database.
    #[must_use]
    pub fn scratch(self) -> Scratch {
        let server = match self {
            Engine::Sqlite => String::new(),
            _ => self.server_url(),
        };
        Scratch::on(self, server)
    }
}

impl Scratch {
    /// Makes an empty database on a server.
    ///
    /// # Panics
    ///
    /// Where the server does not answer.
    #[must_use]
    pub fn on(engine: Engine, server: String) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let answering = Server::at(engine, &server);
        answering.record();
        let scratch = Self {
            engine,
            answering,
            name: format!("rev_{}_{number}", std::process::id()),
            server,
            // In memory where that can be had: a kill is no loss of power.
            folder: tempfile::tempdir_in("/dev/shm")
                .or_else(|_| tempfile::tempdir())
                .expect("a folder can be made"),
        };
        if engine != Engine::Sqlite {
            scratch.on_server(&format!("CREATE DATABASE {}", scratch.name));
        }
        scratch
    }

    /// Of which engine it is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// What answers there: what it can do is asked of it, not of its engine.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.answering
    }

    /// Its name on the server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        match self.engine {
            Engine::Sqlite => format!("sqlite://{}", self.file().display()),
            _ => self.url_on(&self.server),
        }
    }

    /// Its URL by another way to the server, such as a pooler's or a socket's.
    #[must_use]
    pub fn url_on(&self, server: &str) -> String {
        let (rest, parameters) = server.split_once('?').unwrap_or((server, ""));
        let (server, _) = rest.rsplit_once('/').expect("a URL with a database");
        let mark = if parameters.is_empty() { "" } else { "?" };
        format!("{server}/{}{mark}{parameters}", self.name)
    }

    /// Where a file of its own may lie.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("scratch.sqlite")
    }

    fn on_server(&self, sql: &str) {
        match self.engine {
            Engine::Sqlite => {}
            Engine::Postgres => drop(postgres(&self.server, sql)),
            Engine::Mariadb | Engine::Mysql => drop(mysql(&self.server, sql)),
        }
    }

    /// Runs SQL.
    ///
    /// # Panics
    ///
    /// Where it fails.
    pub fn execute(&self, sql: &str) {
        let _ = self.query(sql);
    }

    /// The rows of a query, a line each, columns parted by `|`.
    ///
    /// # Panics
    ///
    /// Where it fails.
    #[must_use]
    pub fn query(&self, sql: &str) -> Vec<String> {
        self.try_query(sql).expect("the test's SQL runs")
    }

    /// The same, or why not.
    ///
    /// # Errors
    ///
    /// The driver's.
    pub fn try_query(&self, sql: &str) -> Result<Vec<String>, sqlx::Error> {
        match self.engine {
            Engine::Sqlite => match self.file().exists() || sql.starts_with("CREATE") {
                true if is_query(sql) => sqlite::try_query(&self.file(), sql),
                true => sqlite::try_execute(&self.file(), sql).map(|()| Vec::new()),
                false => Ok(Vec::new()),
            },
            Engine::Postgres => postgres(&self.url(), sql),
            Engine::Mariadb | Engine::Mysql => mysql(&self.url(), sql),
        }
    }

    /// The whole schema and every row of every table, but for the tables whose
    /// names begin with `rev_`; sorted, so that equal contents give equal texts.
    #[must_use]
    pub fn dump(&self) -> String {
        let schema: &[&str] = match self.engine {
            Engine::Sqlite if !self.file().exists() => return String::new(),
            Engine::Sqlite => return sqlite::dump(&self.file(), "rev_"),
            Engine::Postgres => &POSTGRES,
            Engine::Mariadb | Engine::Mysql => &MYSQL,
        };
        // One login for each question would cost more than all the answers.
        let mut questions: Vec<String> = schema.iter().map(ToString::to_string).collect();
        questions.extend(self.tables().into_iter().map(|table| match self.engine {
            Engine::Mariadb | Engine::Mysql => format!("SELECT '{table}', t.* FROM `{table}` t"),
            _ => format!("SELECT '{table}', t.* FROM \"{table}\" t"),
        }));
        let mut rows = self.query(&questions.join(";\n"));
        rows.sort();
        rows.join("\n")
    }

    /// The tables, but for the ledger's.
    #[must_use]
    pub fn tables(&self) -> Vec<String> {
        let schema = match self.engine {
            Engine::Sqlite => {
                return self.query(
                    "SELECT name FROM sqlite_schema WHERE type = 'table' \
                     AND name NOT LIKE 'rev\\_%' ESCAPE '\\' ORDER BY name",
                );
            }
            Engine::Mariadb | Engine::Mysql => "DATABASE()",
            Engine::Postgres => "current_schema()",
        };
        self.query(&format!(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = {schema} \
             AND table_type = 'BASE TABLE' AND LEFT(table_name, 4) <> 'rev_' ORDER BY table_name"
        ))
    }
}

/// Columns, constraints, indexes with their validity.
const POSTGRES: [&str; 3] = [
    "SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text, \
     coalesce(pg_get_expr(d.adbin, d.adrelid), '') \
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v') \
     AND c.relname NOT LIKE 'rev\\_%'",
    "SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint \
     WHERE connamespace = current_schema()::regnamespace AND conrelid::regclass::text NOT LIKE 'rev\\_%'",
    "SELECT c.relname::text, pg_get_indexdef(i.indexrelid), i.indisvalid::text \
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relname NOT LIKE 'rev\\_%'",
];

/// Columns, indexes, constraints.
const MYSQL: [&str; 3] = [
    "SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME), COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA \
     FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE 'rev\\_%'",
    "SELECT TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE \
     FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE 'rev\\_%'",
    "SELECT TABLE_NAME, CONSTRAINT_NAME, CONSTRAINT_TYPE FROM information_schema.TABLE_CONSTRAINTS \
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE 'rev\\_%'",
];

impl Drop for Scratch {
    fn drop(&mut self) {
        let name = &self.name;
        // A server that a test has stopped keeps it, and goes with the run.
        match self.engine {
            Engine::Sqlite => {}
            Engine::Postgres => {
                let _ = postgres(&self.server, &format!("DROP DATABASE {name} WITH (FORCE)"));
            }
            Engine::Mariadb | Engine::Mysql => {
                let _ = mysql(&self.server, &format!("DROP DATABASE {name}"));
            }
        }
    }
}

fn is_query(sql: &str) -> bool {
    let word = sql.trim_start().get(..6).unwrap_or_default().to_uppercase();
    word == "SELECT" || word == "PRAGMA"
}
