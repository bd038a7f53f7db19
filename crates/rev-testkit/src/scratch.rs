//! Throw-away databases on real engines, made and read around the program under
//! test.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ColumnIndex, Connection as _, Decode, Row};
use tempfile::TempDir;

use crate::server::Server;
use crate::sqlite;

/// The engines that all promises hold for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// The server named by `REV_TEST_POSTGRES_URL`.
    Postgres,
    /// The server named by `REV_TEST_MARIADB_URL`.
    Mariadb,
    /// The server named by `REV_TEST_MYSQL_URL`.
    Mysql,
}

/// Some engines; those of them whose servers are there are gone through.
///
/// A server that `scripts/with-servers` could not have has the URL `unavailable`, which
/// the end of its run says in capitals. A URL that is missing altogether fails. SQLite is
/// always there, but is left out where `REV_TEST_SQLITE_URL` is `unavailable`, too.
#[derive(Debug, Clone, Copy)]
pub struct Engines(&'static [Engine]);

impl IntoIterator for Engines {
    type Item = Engine;
    type IntoIter = std::vec::IntoIter<Engine>;

    fn into_iter(self) -> Self::IntoIter {
        let there = self.0.iter().copied().filter(|engine| engine.is_there());
        there.collect::<Vec<_>>().into_iter()
    }
}

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

/// The URL in an environment variable.
///
/// # Panics
///
/// Where it is not set: no engine is left out in silence.
#[must_use]
pub fn server_url(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set, so a real server is missing: run scripts/test, or \
             scripts/with-servers cargo test …"
        )
    })
}

impl Engine {
    /// All of them.
    pub const ALL: Engines = Engines(&[
        Engine::Sqlite,
        Engine::Postgres,
        Engine::Mariadb,
        Engine::Mysql,
    ]);

    /// Those that are servers.
    pub const SERVERS: Engines = Engines(&[Engine::Postgres, Engine::Mariadb, Engine::Mysql]);

    /// Those of the dialect `mysql`.
    pub const MYSQLS: Engines = Engines(&[Engine::Mariadb, Engine::Mysql]);

    /// This one alone.
    #[must_use]
    pub fn alone(self) -> Engines {
        let alone: &[Engine] = match self {
            Engine::Sqlite => &[Engine::Sqlite],
            Engine::Postgres => &[Engine::Postgres],
            Engine::Mariadb => &[Engine::Mariadb],
            Engine::Mysql => &[Engine::Mysql],
        };
        Engines(alone)
    }

    /// The dialect's word.
    #[must_use]
    pub fn dialect(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
            Engine::Mariadb | Engine::Mysql => "mysql",
        }
    }

    /// Whether it is MySQL or MariaDB.
    #[must_use]
    pub fn is_mysql(self) -> bool {
        self.dialect() == "mysql"
    }

    /// What the environment says of its server, such as `URL` or `SOCKET_URL`.
    ///
    /// # Panics
    ///
    /// Where it says nothing, and for SQLite, which has no server.
    #[must_use]
    pub fn setting(self, what: &str) -> String {
        let server = match self {
            Engine::Sqlite => panic!("SQLite has no server"),
            Engine::Postgres => "POSTGRES",
            Engine::Mariadb => "MARIADB",
            Engine::Mysql => "MYSQL",
        };
        server_url(&format!("REV_TEST_{server}_{what}"))
    }

    /// The URL of its server.
    ///
    /// # Panics
    ///
    /// As [`Engine::setting`].
    #[must_use]
    pub fn server_url(self) -> String {
        self.setting("URL")
    }

    /// Whether its server could be had.
    ///
    /// # Panics
    ///
    /// As [`Engine::setting`].
    #[must_use]
    pub fn is_there(self) -> bool {
        match self {
            Engine::Sqlite => std::env::var("REV_TEST_SQLITE_URL").as_deref() != Ok("unavailable"),
            _ => self.server_url() != "unavailable",
        }
    }

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
                true if is_query(sql) => Ok(sqlite::query(&self.file(), sql)),
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

/// Runs SQL on a PostgreSQL database.
///
/// # Errors
///
/// The driver's.
pub fn postgres(url: &str, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    block_on(async {
        let mut connection = PgConnection::connect(url).await?;
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut connection)
            .await?;
        connection.close().await?;
        Ok(rows.iter().map(line).collect())
    })
}

/// A session that stays open, also after an error, for tests that would else log in
/// thousands of times.
#[derive(Debug)]
pub struct Session<C> {
    runtime: tokio::runtime::Runtime,
    connection: C,
}

/// A session with a PostgreSQL server.
pub type PostgresSession = Session<PgConnection>;

/// A session with a MySQL or MariaDB server.
pub type MysqlSession = Session<MySqlConnection>;

impl<C> Session<C>
where
    C: sqlx::Connection,
    for<'c> &'c mut C: sqlx::Executor<'c, Database = C::Database>,
    usize: ColumnIndex<<C::Database as sqlx::Database>::Row>,
    Option<String>: for<'r> Decode<'r, C::Database>,
{
    /// Begins a session.
    ///
    /// # Panics
    ///
    /// Where the server does not answer.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let runtime = runtime();
        let connection = runtime.block_on(C::connect(url));
        Self {
            runtime,
            connection: connection.expect("the server answers"),
        }
    }

    /// The rows of one or several statements, a line each, columns parted by `|`.
    ///
    /// # Errors
    ///
    /// The driver's.
    pub fn query(&mut self, sql: &str) -> Result<Vec<String>, sqlx::Error> {
        let running = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let rows = running.fetch_all(&mut self.connection);
        let rows = self.runtime.block_on(rows)?;
        Ok(rows.iter().map(line).collect())
    }
}

/// Runs SQL on a MySQL or MariaDB database.
///
/// # Errors
///
/// The driver's.
pub fn mysql(url: &str, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    block_on(async {
        let mut connection = MySqlConnection::connect(url).await?;
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .fetch_all(&mut connection)
            .await?;
        connection.close().await?;
        Ok(rows.iter().map(line).collect())
    })
}

fn line<R>(row: &R) -> String
where
    R: Row,
    usize: ColumnIndex<R>,
    Option<String>: for<'r> Decode<'r, R::Database>,
{
    let columns = 0..row.len();
    let texts: Vec<String> = columns
        .map(|index| {
            let text: Option<String> = row.try_get_unchecked(index).unwrap_or_default();
            text.unwrap_or_else(|| "NULL".to_owned())
        })
        .collect();
    texts.join("|")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}
