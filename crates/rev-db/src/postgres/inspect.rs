//! Reading a schema as values that can be compared, and writing it as SQL.

use rev_engine::failure::DatabaseError;
use rev_sql::schema::Schema;
use rev_sql::schema::postgres::{Scope, Unreadable, schema, select, settings};

use super::Postgres;
use super::error::from_sqlx;
use crate::rows;

impl Postgres {
    pub(super) async fn inspect_schema(&mut self) -> Result<Schema, DatabaseError> {
        let scope = match self.settings.schema {
            Some(_) => Scope::Home,
            None => Scope::Everything,
        };
        let configured = self
            .settings
            .schema
            .as_ref()
            .map(|path| path.first().to_owned());
        // The ledger's place is known once a session has begun.
        self.work().await?;
        let ledger = self.ledger.clone();
        let work = self.work().await?;
        let home = configured
            .or_else(|| work.schema.clone())
            .unwrap_or_default();
        // One snapshot for all queries, in one round trip.
        let text = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n{}{}COMMIT;",
            settings(&home),
            select(&ledger, scope, work.version())
        );
        let sets = match work.sets(&text).await {
            Ok(sets) => sets,
            Err(cut) => {
                if cut.is_broken() {
                    self.work = None;
                }
                self.roll_back().await;
                return Err(from_sqlx(&cut.error));
            }
        };
        let mut found = Vec::new();
        for set in &sets {
            found.extend(rows::texts(set)?);
        }
        schema(&found, &home).map_err(unreadable)
    }
}

fn unreadable(error: Unreadable) -> DatabaseError {
    let message = match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    DatabaseError::Other { message }
}
