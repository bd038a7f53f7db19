//! Reading a schema as values that can be compared.

use rev_engine::failure::DatabaseError;
use rev_sql::schema::Schema;
use rev_sql::schema::mysql::{Catalogue, Request, Row, Unreadable, questions, readable};
use sqlx::Row as _;
use sqlx::mysql::MySqlRow;

use super::Mysql;
use super::connection::{Connection, Set};
use super::error::{account, from_sqlx, is_broken};
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
        let settings = self.settings.terms().mysql();
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
        let mut schema = catalogue.schema(&texts);
        let mut answers = Vec::new();
        for some in catalogue.views().chunks(TEXTS_AT_ONCE) {
            answers.extend(states(connection, some).await?);
        }
        catalogue.note_broken(&mut schema, &answers);
        Ok(schema)
    }
}

/// What the server says of each view.
async fn states(
    connection: &mut Connection,
    views: &[(String, String)],
) -> Result<Vec<(String, String)>, DatabaseError> {
    let questions: Vec<&str> = views.iter().map(|(_, sql)| sql.as_str()).collect();
    let sets = connection
        .sets(&questions.join(
            ";
",
        ))
        .await;
    let sets = sets.map_err(|e| from_sqlx(&e))?;
    let state = |((name, _), set): (&(String, String), &Set)| {
        let said = set.rows.first()?.maybe_text(0).ok().flatten()?;
        Some((name.clone(), said))
    };
    Ok(views.iter().zip(&sets).filter_map(state).collect())
}

/// The texts that make objects, each or why there is none. Where one is refused, all are
/// asked for one by one.
async fn texts(
    connection: &mut Connection,
    requests: &[Request],
) -> Result<Vec<Result<String, String>>, DatabaseError> {
    let statements: Vec<&str> = requests.iter().map(|it| it.sql.as_str()).collect();
    match connection
        .sets(&statements.join(
            ";
",
        ))
        .await
    {
        Ok(sets) => Ok(requests.iter().zip(&sets).map(text_in).collect()),
        Err(error) if is_broken(&error) => Err(from_sqlx(&error)),
        Err(_) => one_by_one(connection, requests).await,
    }
}

async fn one_by_one(
    connection: &mut Connection,
    requests: &[Request],
) -> Result<Vec<Result<String, String>>, DatabaseError> {
    let mut texts = Vec::with_capacity(requests.len());
    for request in requests {
        texts.push(match connection.sets(&request.sql).await {
            Ok(sets) => text_in((request, &sets.into_iter().next().unwrap_or_default())),
            Err(error) if is_broken(&error) => return Err(from_sqlx(&error)),
            Err(error) => Err(said(&error)),
        });
    }
    Ok(texts)
}

fn said(error: &sqlx::Error) -> String {
    account(error).map_or_else(|| error.to_string(), |it| it.message().to_owned())
}

fn text_in((request, set): (&Request, &Set)) -> Result<String, String> {
    let denied = || "this user may not read its text".to_owned();
    let row = set.rows.first().ok_or_else(denied)?;
    // Not all of it need be text.
    let bytes: Option<Vec<u8>> = row.try_get_unchecked(request.column).ok().flatten();
    bytes.map(|bytes| readable(&bytes)).ok_or_else(denied)
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
