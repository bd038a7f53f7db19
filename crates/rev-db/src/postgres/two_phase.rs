//! Prepared transactions.
//! <https://www.postgresql.org/docs/current/two-phase.html>

use rev_core::Dialect;
use rev_engine::database::Decision;
use rev_engine::failure::DatabaseError;
use rev_sql::ledger;

use super::Postgres;
use super::error::{from_sqlx, has_code};
use crate::rows::LedgerRow as _;

impl Postgres {
    /// Commits a prepared transaction or rolls it back.
    pub(super) async fn conclude_prepared(
        &mut self,
        transaction: &str,
        decision: Decision,
    ) -> Result<(), DatabaseError> {
        let name = ledger::text(transaction, Dialect::Postgres);
        let verb = match decision {
            Decision::Commit => "COMMIT",
            Decision::RollBack => "ROLLBACK",
        };
        let sent = self
            .work()
            .await?
            .sets(&format!("{verb} PREPARED {name}"))
            .await;
        match sent {
            Ok(_) => Ok(()),
            // It is not there: concluded already, or never prepared.
            Err(cut) if has_code(&cut.error, "42704") => Ok(()),
            Err(cut) => {
                if cut.is_broken() {
                    self.work = None;
                }
                Err(from_sqlx(&cut.error))
            }
        }
    }

    /// Whether a transaction can be prepared here; the error says why not.
    pub(super) async fn can_prepare(&mut self) -> Result<(), DatabaseError> {
        let work = self.work().await?;
        if work.is_pooled {
            // Without a guard another could conclude what this run prepares.
            return Err(DatabaseError::Pooled);
        }
        let shown = work.rows("SHOW max_prepared_transactions").await?;
        let most = shown.first().and_then(|row| row.text(0).ok());
        match most.as_deref() {
            Some("0") => Err(DatabaseError::NoTwoPhase {
                message: "its server has max_prepared_transactions = 0: set it to at least the \
                          number of databases of a run, and start the server again"
                    .to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Whether a transaction of this name is prepared and not concluded.
    pub(super) async fn has_prepared(&mut self, transaction: &str) -> Result<bool, DatabaseError> {
        let name = ledger::text(transaction, Dialect::Postgres);
        let text = format!(
            "SELECT 1::bigint FROM pg_catalog.pg_prepared_xacts \
                 WHERE gid = {name} AND database = pg_catalog.current_database()"
        );
        Ok(!self.work().await?.rows(&text).await?.is_empty())
    }
}
