//! Where a database is, whatever it is called, and whatever schemas and ledgers it has.
//!
//! Two names may lead to one database: by a link, by two names of its server, by two users.

use rev_core::{DatabaseUrl, Dialect};
use rev_engine::database::Database as _;
use rev_engine::failure::DatabaseError;

use crate::Settings;
use crate::mysql::Mysql;
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;

/// Where a database is, as far as it is known.
#[derive(Debug, Clone)]
pub struct Whereabouts {
    /// Its name on its server; `None`: it is a file.
    name: Option<String>,
    /// The real path of a file; a server and a database as a URL says them.
    said: String,
    /// What its server calls it, where that was asked and has it.
    answered: Option<String>,
}

impl Whereabouts {
    /// As its URL says. Nothing is opened.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Url`], where it asks for what cannot be.
    pub fn of_url(url: &DatabaseUrl, settings: &Settings) -> Result<Self, DatabaseError> {
        let (name, said) = match url.dialect() {
            Dialect::Sqlite => (None, Sqlite::new(url, settings)?.whereabouts()),
            Dialect::Postgres => {
                let database = Postgres::new(url, settings)?;
                (Some(database.name().to_owned()), database.whereabouts())
            }
            Dialect::Mysql => {
                let database = Mysql::new(url, settings)?;
                (database.name(), database.whereabouts())
            }
        };
        Ok(Self {
            name: name.map(|it| format!("{}: {}", url.dialect(), it.to_lowercase())),
            said,
            answered: None,
        })
    }

    /// As its URL says, and its server, too.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`], where it does not say, or has no such database.
    pub async fn asked(url: &DatabaseUrl, settings: &Settings) -> Result<Self, DatabaseError> {
        let said = Self::of_url(url, settings)?;
        let settings = &settings.of_server();
        let answered = match url.dialect() {
            Dialect::Sqlite => None,
            Dialect::Postgres => {
                let mut database = Postgres::new(url, settings)?;
                let whole = database.whole().await;
                let _ = database.unlock().await;
                Some(whole?)
            }
            Dialect::Mysql => {
                let mut database = Mysql::new(url, settings)?;
                let whole = database.whole().await;
                let _ = database.unlock().await;
                Some(whole?)
            }
        };
        Ok(Self { answered, ..said })
    }

    /// Whether both are one database for certain.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let is_said = self.name == other.name && self.said == other.said;
        is_said || (self.answered.is_some() && self.answered == other.answered)
    }

    /// Whether both may be one, which their servers can tell: what is dropped has the name that
    /// its URL says.
    #[must_use]
    pub fn may_be(&self, other: &Self) -> bool {
        self.name.is_some() && self.name == other.name
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;

    fn place(url: &str) -> Whereabouts {
        let settings = Settings {
            ledger_prefix: "rev_".to_owned(),
            schema: None,
            lock_timeout: Duration::ZERO,
            statement_timeout: Duration::ZERO,
            silence_timeout: Duration::ZERO,
            operator: String::new(),
            run: String::new(),
            is_throw_away: false,
        };
        let url = DatabaseUrl::new(url, Path::new("/srv")).expect("a URL");
        Whereabouts::of_url(&url, &settings).expect("a place")
    }

    /// Two URLs, whether they are one database, and whether their servers are to say.
    #[test]
    fn a_url_tells_whether_another_one_may_lead_to_the_same_database() {
        for (one, other, is, may_be) in [
            (
                "postgres://a@h/app",
                "postgres://b:x@h:5432/app",
                true,
                true,
            ),
            (
                "postgres://a@h/app",
                "postgres://a@127.0.0.1/app",
                false,
                true,
            ),
            ("postgres://a@h/app", "postgres://a@h/app2", false, false),
            ("postgres://a@h/app", "mysql://a@h/app", false, false),
            ("mysql://a@h/app", "mysql://b@h:3306/app", true, true),
            ("mysql://a@h/app", "mysql://a@h:3307/APP", false, true),
            (
                "sqlite://app.sqlite",
                "sqlite://./x/../app.sqlite",
                true,
                false,
            ),
            ("sqlite://app.sqlite", "sqlite://x/app.sqlite", false, false),
        ] {
            let (one_place, other_place) = (place(one), place(other));
            assert_eq!(one_place.is(&other_place), is, "{one} {other}");
            assert_eq!(one_place.may_be(&other_place), may_be, "{one} {other}");
        }
    }
}
