//! The SQL dialects, by name only.
//!
//! What is said to each is in `rev-sql`; how each is reached is in `rev-db`.
//! Elsewhere ask [`Dialect::capabilities`], never a name.

use std::fmt;
use std::str::FromStr;

/// A family of SQL that scripts are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
}

/// How quoted text is read, where the servers of one dialect differ: by a setting of theirs,
/// and within a script by what it sets itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quoting {
    /// Whether a backslash in `'…'` takes the next character along: MySQL without
    /// `NO_BACKSLASH_ESCAPES`, PostgreSQL with `standard_conforming_strings = off`.
    pub backslash: bool,
    /// Whether `"…"` is a name on MySQL and MariaDB, as `ANSI_QUOTES` has it. Elsewhere it
    /// always is one.
    pub ansi_quotes: bool,
}

/// A dialect, and how its quoted text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Spelling {
    /// The dialect.
    pub dialect: Dialect,
    /// How its quoted text is read.
    pub quoting: Quoting,
}

impl From<Dialect> for Spelling {
    /// As a server reads it that nobody has told otherwise.
    fn from(dialect: Dialect) -> Self {
        Self {
            dialect,
            quoting: dialect.quoting(),
        }
    }
}

/// What a dialect's engine can do, as far as plans and the executor care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether DDL can be undone by a rollback.
    pub transactional_ddl: bool,
}

impl Dialect {
    /// All dialects, in the order of their names.
    pub const ALL: [Dialect; 3] = [Dialect::Mysql, Dialect::Postgres, Dialect::Sqlite];

    /// The name as written in revision files and `rev.yaml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::Postgres => "postgres",
            Dialect::Mysql => "mysql",
            Dialect::Sqlite => "sqlite",
        }
    }

    /// The dialect that a URL's scheme stands for, if any is known: also as the tools of other
    /// languages write it, with a driver behind a `+`.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Dialect> {
        let scheme = url.split(':').next()?;
        match scheme.split('+').next()? {
            "postgres" | "postgresql" | "pgsql" | "psql" | "postgis" => Some(Dialect::Postgres),
            "mysql" | "mariadb" | "mysql2" => Some(Dialect::Mysql),
            "sqlite" | "sqlite3" => Some(Dialect::Sqlite),
            _ => None,
        }
    }

    /// How a server reads quoted text that nobody has told otherwise.
    #[must_use]
    pub const fn quoting(self) -> Quoting {
        Quoting {
            backslash: matches!(self, Dialect::Mysql),
            ansi_quotes: false,
        }
    }

    /// What engines of this dialect can do.
    #[must_use]
    pub const fn capabilities(self) -> Capabilities {
        Capabilities {
            transactional_ddl: !matches!(self, Dialect::Mysql),
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no dialect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a dialect")]
pub struct UnknownDialect {
    /// The text as written.
    pub text: String,
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(text: &str) -> Result<Self, UnknownDialect> {
        Dialect::ALL
            .into_iter()
            .find(|dialect| dialect.name() == text)
            .ok_or_else(|| UnknownDialect {
                text: text.to_owned(),
            })
    }
}
