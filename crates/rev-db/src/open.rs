//! From a URL to a [`Database`].

use rev_core::{DatabaseUrl, Dialect};
use rev_engine::database::Database;
use rev_engine::failure::DatabaseError;

use crate::Settings;
use crate::mysql::Mysql;
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;

/// The schema or database that holds the ledger, as far as settings and URL name it.
#[must_use]
pub fn named_schema(
    url: Option<&DatabaseUrl>,
    dialect: Dialect,
    settings: &Settings,
) -> Option<String> {
    match dialect {
        Dialect::Sqlite => None,
        Dialect::Postgres => {
            let path = settings.schema.as_ref()?;
            Some(path.first().to_owned())
        }
        Dialect::Mysql => Mysql::new(url?, settings).ok()?.name(),
    }
}

/// Makes ready to reach the database at `url`. Opens nothing yet: a missing
/// file is created by the first write and by nothing else.
///
/// # Errors
///
/// [`DatabaseError::Url`], where it asks for what cannot be.
pub fn open(url: &DatabaseUrl, settings: &Settings) -> Result<Box<dyn Database>, DatabaseError> {
    match url.dialect() {
        Dialect::Sqlite => Ok(Box::new(Sqlite::new(url, settings)?)),
        Dialect::Postgres => Ok(Box::new(Postgres::new(url, settings)?)),
        Dialect::Mysql => Ok(Box::new(Mysql::new(url, settings)?)),
    }
}
