//! What answers behind a URL: which product, of which version, and so what it can do.
//!
//! Where engines differ, a test asks the server that it is connected to, so that it
//! holds as well on another version or on another flavour of the same dialect.
//!
//! Each test that meets a server leaves a line in the file that `REV_TEST_RECORD`
//! names, from which `scripts/test` tells what was run on what.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io::Write as _;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::engine::Engine;
use crate::memory::Memory;
use crate::session::{mysql, postgres};

/// A server, or a library for files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    product: Product,
    /// As it says it, such as `10.11.14`.
    version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Product {
    Sqlite,
    Postgres,
    Mariadb,
    Mysql,
}

impl Server {
    /// Asks a server what it is; once a process.
    ///
    /// # Panics
    ///
    /// Where it does not answer.
    #[must_use]
    pub fn at(engine: Engine, url: &str) -> Self {
        static KNOWN: OnceLock<Mutex<HashMap<String, Server>>> = OnceLock::new();
        let known = KNOWN.get_or_init(Mutex::default);
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = known.get(url) {
            return server.clone();
        }
        let server = Self::ask(engine, url);
        known.insert(url.to_owned(), server.clone());
        server
    }

    fn ask(engine: Engine, url: &str) -> Self {
        let rows = match engine {
            Engine::Sqlite => Ok(Memory::new()
                .rows("SELECT sqlite_version()")
                .concat()
                .into_iter()
                .flatten()
                .collect()),
            Engine::Postgres => postgres(url, "SHOW server_version"),
            Engine::Mariadb | Engine::Mysql => mysql(url, "SELECT VERSION()"),
        };
        let rows = rows.unwrap_or_else(|error| panic!("{engine:?} does not answer: {error}"));
        let told = rows.concat();
        let product = match engine {
            Engine::Sqlite => Product::Sqlite,
            Engine::Postgres => Product::Postgres,
            _ if told.contains("MariaDB") => Product::Mariadb,
            _ => Product::Mysql,
        };
        let is_number = |character: char| character.is_ascii_digit() || character == '.';
        let end = told.find(|character| !is_number(character));
        let version = told[..end.unwrap_or(told.len())].to_owned();
        Self { product, version }
    }

    /// Whether a step with DDL is all or nothing.
    #[must_use]
    pub fn has_transactional_ddl(&self) -> bool {
        matches!(self.product, Product::Sqlite | Product::Postgres)
    }

    /// Whether one statement of DDL is all or nothing, such as a `DROP TABLE` of several.
    #[must_use]
    pub fn has_atomic_ddl(&self) -> bool {
        match self.product {
            Product::Sqlite | Product::Postgres => true,
            Product::Mariadb => false,
            Product::Mysql => self.is_from(8, 0),
        }
    }

    /// Whether it is of MySQL and not of MariaDB, whose catalogues differ.
    #[must_use]
    pub fn is_mysql_proper(&self) -> bool {
        self.product == Product::Mysql
    }

    /// Whether its version is this one or later.
    #[must_use]
    pub fn is_from(&self, major: u32, minor: u32) -> bool {
        let mut numbers = self
            .version
            .split('.')
            .map(|text| text.parse().unwrap_or(0));
        let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        version >= (major, minor)
    }

    /// Writes down that the running test has met this server; once a test, which has a thread
    /// of its own.
    pub(crate) fn record(&self) {
        thread_local! {
            static MET: RefCell<Vec<Server>> = const { RefCell::new(Vec::new()) };
        }
        let Some(path) = std::env::var_os("REV_TEST_RECORD") else {
            return;
        };
        let is_known = MET.with_borrow(|met| met.contains(self));
        if is_known {
            return;
        }
        MET.with_borrow_mut(|met| met.push(self.clone()));
        // As it was started: a file that was built anew meanwhile has another name.
        let program = std::env::args().next().unwrap_or_default();
        let program = program.rsplit('/').next().unwrap_or_default();
        let thread = std::thread::current();
        let line = format!("{self}\t{program}\t{}\n", thread.name().unwrap_or("?"));
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path);
        let mut file = file.expect("the record can be opened");
        file.write_all(line.as_bytes()).expect("a line is written");
    }
}

impl fmt::Display for Server {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let product = match self.product {
            Product::Sqlite => "SQLite",
            Product::Postgres => "PostgreSQL",
            Product::Mariadb => "MariaDB",
            Product::Mysql => "MySQL",
        };
        write!(to, "{product} {}", self.version)
    }
}
