//! Reading a schema as values that can be compared.

use futures_util::FutureExt as _;
use rev_engine::failure::DatabaseError;
use rev_sql::schema::Schema;
use rev_sql::schema::sqlite::{ColumnRow, Entry, SELECT_COLUMNS, schema, select_entries};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Error, Row as _};

use super::error::from_sqlx;
use super::{Sqlite, run};

impl Sqlite {
    pub(super) async fn inspect_schema(&mut self) -> Result<Schema, DatabaseError> {
        self.look(|sqlite, connection| sqlite.inspect_through(connection).boxed())
            .await
    }

    async fn inspect_through(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Schema, DatabaseError> {
        let failed = |error: Error| from_sqlx(&self.place.path, &error);
        // One snapshot for both queries.
        run(connection, "BEGIN").await.map_err(failed)?;
        let entries = rows(connection, &select_entries(&self.ledger), entry).await;
        let entries = entries.map_err(failed)?;
        let columns = rows(connection, SELECT_COLUMNS, columns).await;
        let columns = columns.map_err(failed)?.concat();
        schema(&entries, &columns).map_err(|error| DatabaseError::Other {
            message: error.to_string(),
        })
    }
}

async fn rows<T>(
    connection: &mut SqliteConnection,
    sql: &str,
    read: fn(&SqliteRow) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    rows.fetch_all(connection).await?.iter().map(read).collect()
}

fn entry(row: &SqliteRow) -> Result<Entry, Error> {
    Ok(Entry {
        kind: row.try_get_unchecked(0)?,
        name: row.try_get_unchecked(1)?,
        table: row.try_get_unchecked(2)?,
        sql: row.try_get_unchecked(3)?,
    })
}

/// The columns of one table.
fn columns(row: &SqliteRow) -> Result<Vec<ColumnRow>, Error> {
    let table: String = row.try_get_unchecked(0)?;
    let columns: String = row.try_get_unchecked(1)?;
    ColumnRow::of_table(&table, &columns).map_err(|error| Error::Decode(error.into()))
}
