//! Reading a schema as values that can be compared.

use rev_engine::database::DatabaseError;
use rev_sql::schema::Schema;
use rev_sql::schema::mysql::{Catalogue, Request, Row, Unreadable, questions, readable};
use sqlx::Row as _;
use sqlx::mysql::MySqlRow;

use super::Mysql;
use super::connection::{Connection, Set};
use super::error::from_sqlx;
use crate::rows::LedgerRow as _;

/// How many texts are asked for at once: the server refuses packets that are too long.
const TEXTS_AT_ONCE: usize = 500;

impl Mysql {
    /// Reads it in a session of its own, since settings decide how the server quotes.
    pub(super) async fn inspect_schema(&mut self) -> Result<Schema, DatabaseError> {
        let mut connection = Connection::open(&self.place, &self.settings.run).await?;
        let schema = self.inspect_through(&mut connection).await;
        connection.close().await;
        schema
    }

    async fn inspect_through(&self, connection: &mut Connection) -> Result<Schema, DatabaseError> {
        let settings = self.own_settings();
        let questions = questions(&self.ledger).join(";\n");
        let text = format!("{settings}, sql_mode = '', sql_quote_show_create = 1;\n{questions}");
        let answers = connection.sets(&text).await.map_err(|e| from_sqlx(&e))?;
        let answers: Vec<Vec<Row>> = answers.iter().skip(1).map(rows).collect();
        let catalogue = Catalogue::read(&answers).map_err(unreadable)?;
        let requests = catalogue.requests();
        let mut texts = Vec::with_capacity(requests.len());
        for some in requests.chunks(TEXTS_AT_ONCE) {
            texts.extend(self::texts(connection, some).await?);
        }
        catalogue.schema(&texts).map_err(unreadable)
    }
}

async fn texts(
    connection: &mut Connection,
    requests: &[Request],
) -> Result<Vec<Option<String>>, DatabaseError> {
    let statements: Vec<&str> = requests.iter().map(|it| it.sql.as_str()).collect();
    let sets = connection.sets(&statements.join(";\n")).await;
    let sets = sets.map_err(|e| from_sqlx(&e))?;
    let text = |(request, set): (&Request, &Set)| {
        let cell = set.rows.first()?;
        // Not all of it need be text.
        let bytes: Option<Vec<u8>> = cell.try_get_unchecked(request.column).ok()?;
        bytes.map(|bytes| readable(&bytes))
    };
    Ok(requests.iter().zip(&sets).map(text).collect())
}

fn rows(set: &Set) -> Vec<Row> {
    set.rows.iter().map(row).collect()
}

fn row(row: &MySqlRow) -> Row {
    let cell = |index| row.maybe_text(index).ok().flatten();
    (0..row.len()).map(cell).collect()
}

fn unreadable(error: Unreadable) -> DatabaseError {
    DatabaseError::Other {
        message: error.to_string(),
    }
}
