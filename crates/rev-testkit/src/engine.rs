//! The engines, and where their servers are.

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
}
