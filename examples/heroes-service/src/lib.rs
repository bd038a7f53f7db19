//! An example of a service that keeps heroes in a database.
//!
//! Its schema lies in `db/`; its tests prove the revisions there, keep the plan of
//! a fresh database as a snapshot, and run the service on a database that the
//! revisions have made.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Row as _};

/// The service.
#[derive(Debug)]
pub struct Heroes {
    connection: SqliteConnection,
}

impl Heroes {
    /// Opens the database at `url`, which must be at its head.
    ///
    /// # Errors
    ///
    /// The driver's.
    pub async fn open(url: &str) -> Result<Self, sqlx::Error> {
        let connection = SqliteConnection::connect(url).await?;
        Ok(Self { connection })
    }

    /// Adds a hero.
    ///
    /// # Errors
    ///
    /// The driver's, also where one of that name is there.
    pub async fn add(&mut self, name: &str, fame: i64) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO hero (name, fame) VALUES (?, ?)")
            .bind(name)
            .bind(fame)
            .execute(&mut self.connection)
            .await
            .map(drop)
    }

    /// The names of all heroes, the most famous first.
    ///
    /// # Errors
    ///
    /// The driver's.
    pub async fn by_fame(&mut self) -> Result<Vec<String>, sqlx::Error> {
        let rows = sqlx::query("SELECT name FROM hero ORDER BY fame DESC, name")
            .fetch_all(&mut self.connection)
            .await?;
        rows.iter().map(|row: &SqliteRow| row.try_get(0)).collect()
    }
}
