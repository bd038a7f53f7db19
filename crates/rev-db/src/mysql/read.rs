//! Reading a ledger and its log. Nothing is written, nothing is made.

use rev_core::Dialect;
use rev_engine::database::{Ledger, LogEntry};
use rev_engine::failure::{DatabaseError, Part};

use super::Mysql;
use crate::rows::{self, LedgerRow as _};

impl Mysql {
    pub(super) async fn read_ledger(&mut self) -> Result<Ledger, DatabaseError> {
        if !self.find_ledger().await? {
            return Ok(Ledger::default());
        }
        // One snapshot for both tables, in one round trip. Both are opened first: a
        // table that is made or changed after the snapshot cannot be read in it.
        let text = format!(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\n\
             START TRANSACTION READ ONLY;\n\
             SELECT 1 FROM {}, {} LIMIT 0;\n{};\n{};\nCOMMIT;",
            self.ledger.state_name(),
            self.ledger.ledger_name(),
            self.ledger.select_state(),
            self.ledger.select_rows()
        );
        let sets = match self.run(&text).await {
            Ok(sets) => sets,
            Err(error) => {
                self.roll_back().await;
                return Err(error);
            }
        };
        let [_, _, _, state, applied, ..] = &sets[..] else {
            return Err(DatabaseError::damaged(
                Part::Other,
                "it does not answer as a ledger does",
            ));
        };
        let Some(state) = state.rows.first() else {
            // A kill came between making the table and filling it.
            let is_new = applied.rows.is_empty() && self.is_empty_log().await?;
            return match is_new {
                true => Ok(Ledger::default()),
                false => Err(rows::no_state()),
            };
        };
        let state = rows::state(state)?;
        self.has_ledger = true;
        let applied = applied.rows.iter();
        Ok(Ledger {
            generation: state.generation,
            in_flight: state.in_flight,
            rows: applied.map(rows::applied).collect::<Result<_, _>>()?,
        })
    }

    pub(super) async fn read_schema(&mut self) -> Result<Vec<String>, DatabaseError> {
        self.work().await?;
        let query = rev_sql::schema::select(Dialect::Mysql, &self.ledger);
        // The names of a wide table's columns are longer than MySQL joins by itself.
        let text = format!(
            "SET SESSION group_concat_max_len = 1000000;\n{query};\n\
             SET SESSION group_concat_max_len = DEFAULT"
        );
        let sets = self.run(&text).await?;
        let found = sets.get(1).map_or(&[][..], |set| &set.rows);
        rows::sorted_texts(found)
    }

    pub(super) async fn read_log(&mut self) -> Result<Vec<LogEntry>, DatabaseError> {
        if !self.find_ledger().await? {
            return Ok(Vec::new());
        }
        let text = self.ledger.select_log();
        let rows = self.work().await?.rows(&text).await?;
        rows.iter().map(rows::log_entry).collect()
    }

    /// Whether all tables are there. Each is made by a statement that commits by
    /// itself, so the last of them may be missing, but then nothing is in the others.
    pub(super) async fn find_ledger(&mut self) -> Result<bool, DatabaseError> {
        self.work().await?;
        if self.has_ledger {
            return Ok(true);
        }
        let text = self.ledger.select_tables();
        let found = self.work().await?.rows(&text).await?;
        let found: Vec<String> = found.iter().filter_map(|row| row.text(0).ok()).collect();
        let tables = self.ledger.tables();
        let mut lost = tables.to_vec();
        lost.retain(|table| !found.contains(table));
        if lost.is_empty() || found.is_empty() {
            return Ok(lost.is_empty());
        }
        let is_begun = tables[..found.len()].iter().all(|it| found.contains(it));
        let has_log = found.contains(&self.ledger.log_table());
        let is_new = is_begun
            && self.is_empty(&self.ledger.ledger_name()).await?
            && (!has_log || self.is_empty_log().await?);
        match is_new {
            true => Ok(false),
            false => Err(rows::missing(lost)),
        }
    }

    async fn is_empty_log(&mut self) -> Result<bool, DatabaseError> {
        self.is_empty(&self.ledger.log_name()).await
    }

    async fn is_empty(&mut self, table: &str) -> Result<bool, DatabaseError> {
        let text = format!("SELECT 1 FROM {table} LIMIT 1");
        Ok(self.work().await?.rows(&text).await?.is_empty())
    }
}
