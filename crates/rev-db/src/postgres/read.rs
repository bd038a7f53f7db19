//! Reading a ledger and its log. Nothing is written, nothing is made.

use rev_core::Dialect;
use rev_engine::database::{Ledger, LogEntry};
use rev_engine::failure::{DatabaseError, Part};

use super::Postgres;
use super::error::from_sqlx;
use crate::rows;

impl Postgres {
    pub(super) async fn read_ledger(&mut self) -> Result<Ledger, DatabaseError> {
        if !self.find_ledger().await? {
            return Ok(Ledger::default());
        }
        // One snapshot for both tables, in one round trip.
        let text = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n{};\n{};\nCOMMIT;",
            self.ledger.select_state(),
            self.ledger.select_rows()
        );
        let sets = match self.work().await?.sets(&text).await {
            Ok(sets) => sets,
            Err(cut) => {
                if cut.is_broken() {
                    self.work = None;
                }
                self.roll_back().await;
                self.has_ledger = false;
                return Err(from_sqlx(&cut.error));
            }
        };
        let [_, state, applied, ..] = &sets[..] else {
            return Err(DatabaseError::damaged(
                Part::Other,
                "it does not answer as a ledger does",
            ));
        };
        let state = state.first().ok_or_else(rows::no_state)?;
        let state = rows::state(state)?;
        Ok(Ledger {
            generation: state.generation,
            in_flight: state.in_flight,
            rows: applied
                .iter()
                .map(rows::applied)
                .collect::<Result<_, _>>()?,
        })
    }

    pub(super) async fn read_schema(&mut self) -> Result<Vec<String>, DatabaseError> {
        self.work().await?;
        let text = rev_sql::schema::select(Dialect::Postgres, &self.ledger);
        let found = self.work().await?.rows(&text).await?;
        rows::sorted_texts(&found)
    }

    pub(super) async fn read_log(&mut self) -> Result<Vec<LogEntry>, DatabaseError> {
        if !self.find_ledger().await? {
            return Ok(Vec::new());
        }
        let text = self.ledger.select_log();
        let rows = self.work().await?.rows(&text).await?;
        rows.iter().map(rows::log_entry).collect()
    }

    async fn find_ledger(&mut self) -> Result<bool, DatabaseError> {
        self.work().await?;
        if !self.has_ledger {
            let text = self.ledger.select_tables();
            let found = self.work().await?.rows(&text).await?;
            self.has_ledger = rows::has_all(&self.ledger, &found)?;
        }
        Ok(self.has_ledger)
    }
}
