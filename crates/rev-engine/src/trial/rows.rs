//! Rows, before and after a revision went up and down.
//!
//! Only tables count that the revision's scripts can reach, and of these only
//! empty ones get invented rows: where a script has put rows, those are better.

use rev_core::Dialect;
use rev_sql::sample::{self, Extent, ROWS, Table};
use rev_sql::split::Statement;

use super::verdict::{Fault, Judgement, Remark};
use crate::database::{Database, Sent, run_in_silence};
use crate::failure::DatabaseError;
use crate::place::Kept;

/// The rows that are to be found again.
pub(super) struct Rows {
    dialect: Dialect,
    /// What is referred to comes first.
    tables: Vec<(Table, Vec<String>)>,
    /// Which of the tables were empty before.
    sown: Vec<usize>,
}

impl Rows {
    /// Invents rows for the tables that these scripts can reach, and reads all
    /// rows there.
    pub(super) async fn sow(
        database: &mut Kept,
        scripts: &[&str],
        dialect: Dialect,
        remarks: &mut Vec<Remark>,
    ) -> Result<Self, DatabaseError> {
        let all = database.tables().await?;
        let concerned = sample::concerned(&all, scripts, dialect);
        let mut sown = Vec::new();
        for (at, table) in concerned.iter().enumerate() {
            if database.ask(&table.rows(dialect)).await?.is_empty() {
                sown.push(at);
            }
        }
        for &at in &sown {
            let table = concerned[at];
            if let Err(reason) = fill(database, table, dialect).await {
                let table = table.shown();
                remarks.push(Remark::NoSample { table, reason });
            }
        }
        let mut tables = Vec::with_capacity(concerned.len());
        for table in concerned {
            let rows = sorted(database.ask(&table.rows(dialect)).await?);
            tables.push((table.clone(), rows));
        }
        Ok(Self {
            dialect,
            tables,
            sown,
        })
    }

    /// Whether rows were invented.
    pub(super) fn has_sample(&self) -> bool {
        self.sown.iter().any(|&at| !self.tables[at].1.is_empty())
    }

    /// Finds all rows again. Rows that are there besides are no loss, but may be why
    /// a second way up fails.
    pub(super) async fn compare(
        &self,
        database: &mut Kept,
        remarks: &mut Vec<Remark>,
    ) -> Result<(), Judgement> {
        for (table, due) in &self.tables {
            let is = sorted(database.ask(&table.rows(self.dialect)).await?);
            let (missing, extra) = (without(due, &is), without(&is, due));
            let table = table.shown();
            match (missing.is_empty(), extra.is_empty()) {
                (true, true) => {}
                (true, false) => remarks.push(Remark::RowsLeft { table, rows: extra }),
                (false, _) => {
                    return Err(Fault::Rows {
                        table,
                        missing,
                        extra,
                    }
                    .into());
                }
            }
        }
        Ok(())
    }

    /// Takes the invented rows away, and what triggers have made of them. Says
    /// whether nothing is left.
    pub(super) async fn reap(&self, database: &mut Kept) -> bool {
        // A trigger on the way out may write into a table that was emptied before.
        for _ in 0..2 {
            for &at in self.sown.iter().rev() {
                let text = self.tables[at].0.empty(self.dialect);
                let _ = run(database, &text).await;
            }
        }
        for &at in &self.sown {
            let left = database.ask(&self.tables[at].0.rows(self.dialect)).await;
            if !left.is_ok_and(|left| left.is_empty()) {
                return false;
            }
        }
        true
    }
}

/// Puts rows into an empty table, as many as it takes; the error is why it takes
/// none.
async fn fill(database: &mut Kept, table: &Table, dialect: Dialect) -> Result<(), String> {
    let mut is_filled = false;
    let mut reason = "a column must have a value of a type that is not known here".to_owned();
    for row in 1..=ROWS {
        // The last one leaves out what it may, so that there is a NULL where one may be.
        let extents = match row {
            ROWS => [Extent::Needed, Extent::Full],
            _ => [Extent::Full, Extent::Needed],
        };
        for extent in extents {
            let Some(text) = table.insert(row, extent, dialect) else {
                continue;
            };
            match run(database, &text).await {
                Ok(()) => {
                    is_filled = true;
                    break;
                }
                Err(error) => reason = error,
            }
        }
    }
    match is_filled {
        true => Ok(()),
        false => Err(reason),
    }
}

async fn run(database: &mut Kept, text: &str) -> Result<(), String> {
    let sent = Sent {
        number: 1,
        statement: &Statement::alone(text),
    };
    let result = run_in_silence(database, sent).await;
    result.map_err(|error| error.to_string())
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort_unstable();
    rows
}

/// What of these rows is not among those, each as often as it is there.
fn without(these: &[String], those: &[String]) -> Vec<String> {
    let mut those = those.to_vec();
    let mut only = Vec::new();
    for row in these {
        match those.iter().position(|it| it == row) {
            Some(at) => drop(those.swap_remove(at)),
            None => only.push(row.clone()),
        }
    }
    only
}
