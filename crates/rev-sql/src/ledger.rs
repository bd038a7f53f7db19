//! The ledger's SQL: its tables, and what is written to and read from them.
//!
//! Three tables, all beginning with the prefix from `rev.yaml`: `rev_ledger`
//! has a row an applied revision, `rev_log` is append-only, `rev_state` is one
//! row. Lists are JSON arrays of strings, digests hexadecimal, times RFC 3339 in
//! UTC, so that every engine stores them alike and a person can read them.

use rev_core::revision::TransactionMode;
use rev_core::{Applied, Digest, RevisionId, Sql};

/// The ledger format that this program writes, and the newest that it reads.
pub const FORMAT: i64 = 1;

/// The texts for one ledger.
#[derive(Debug, Clone)]
pub struct Ledger {
    prefix: String,
}

/// A line of the log, as far as a batch knows it.
#[derive(Debug, Clone)]
pub struct LogLine<'a> {
    /// Names the run.
    pub run: &'a str,
    /// What was done.
    pub action: &'a str,
    /// To which revision.
    pub revision: &'a str,
    /// `done` or `failed`.
    pub outcome: &'a str,
    /// Of the plan, in hex.
    pub plan: &'a str,
    /// The statement that failed, from 1; 0: none.
    pub statement: u64,
    /// Why it failed, or nothing.
    pub error: &'a str,
    /// When it began.
    pub started: &'a str,
    /// How long it took.
    pub elapsed_ms: u64,
    /// Who ran it.
    pub operator: &'a str,
    /// The program's version.
    pub version: &'a str,
}

/// A ledger row as stored, all of it text.
#[derive(Debug, Clone, Default)]
pub struct StoredRow {
    /// `revision`
    pub revision: String,
    /// `parents`, a JSON array
    pub parents: String,
    /// `dependencies`, a JSON array
    pub dependencies: String,
    /// `message`
    pub message: String,
    /// `upgrade_digest`
    pub upgrade_digest: String,
    /// `downgrade_digest`
    pub downgrade_digest: String,
    /// `revision_digest`
    pub revision_digest: String,
    /// `downgrade`, a JSON array or NULL
    pub downgrade: Option<String>,
    /// `transaction_mode`
    pub transaction_mode: String,
}

/// A stored row that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the row of revision `{revision}` has a {column} that cannot be read: `{value}`")]
pub struct DamagedRow {
    /// The row.
    pub revision: String,
    /// Its column.
    pub column: &'static str,
    /// What stands there.
    pub value: String,
}

/// A text as an SQL literal: single quotes, doubled inside. Only for engines in
/// which a backslash is no escape. A NUL would end the statement there, so a
/// text with one is written as its bytes.
#[must_use]
pub fn quote(text: &str) -> String {
    if text.contains('\0') {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        return format!("CAST(x'{hex}' AS TEXT)");
    }
    format!("'{}'", text.replace('\'', "''"))
}

fn list(texts: impl Iterator<Item = impl AsRef<str>>) -> String {
    let texts: Vec<String> = texts.map(|text| text.as_ref().to_owned()).collect();
    serde_json::to_string(&texts).expect("a list of strings is JSON")
}

impl Ledger {
    /// The ledger whose tables begin with `prefix`.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    /// The name of the table of applied revisions.
    #[must_use]
    pub fn ledger_table(&self) -> String {
        format!("{}ledger", self.prefix)
    }

    /// The name of the log's table.
    #[must_use]
    pub fn log_table(&self) -> String {
        format!("{}log", self.prefix)
    }

    /// The name of the table that holds the format and the generation.
    #[must_use]
    pub fn state_table(&self) -> String {
        format!("{}state", self.prefix)
    }

    /// The names of all three tables.
    #[must_use]
    pub fn tables(&self) -> [String; 3] {
        [self.ledger_table(), self.log_table(), self.state_table()]
    }

    /// The ledger's table that a statement names, if it names one: as a whole
    /// word, in any case, wherever it stands.
    #[must_use]
    pub fn named_in(&self, statement: &str) -> Option<String> {
        let statement = statement.to_ascii_lowercase();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        self.tables().into_iter().find(|table| {
            let table = table.to_ascii_lowercase();
            statement.match_indices(&table).any(|(at, _)| {
                let (before, after) = (&statement[..at], &statement[at + table.len()..]);
                !before.ends_with(is_word) && !after.starts_with(is_word)
            })
        })
    }

    /// The names of those of the tables that exist, a row each.
    #[must_use]
    pub fn select_tables(&self) -> String {
        let names = self.tables().map(|table| quote(&table)).join(", ");
        format!("SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ({names})")
    }

    fn name(table: &str) -> String {
        format!("\"{}\"", table.replace('"', "\"\""))
    }

    /// Makes the three tables, and the one row of `rev_state`.
    #[must_use]
    pub fn create(&self) -> String {
        format!(
            "CREATE TABLE {ledger} (\n  \
               revision TEXT NOT NULL PRIMARY KEY,\n  parents TEXT NOT NULL,\n  \
               dependencies TEXT NOT NULL,\n  message TEXT NOT NULL,\n  \
               upgrade_digest TEXT NOT NULL,\n  downgrade_digest TEXT NOT NULL,\n  \
               revision_digest TEXT NOT NULL,\n  downgrade TEXT,\n  \
               transaction_mode TEXT NOT NULL,\n  applied_at TEXT NOT NULL,\n  \
               elapsed_ms INTEGER NOT NULL,\n  applied_by TEXT NOT NULL,\n  \
               version TEXT NOT NULL,\n  through TEXT\n);\n\
             CREATE TABLE {log} (\n  \
               sequence INTEGER PRIMARY KEY,\n  run TEXT NOT NULL,\n  \
               action TEXT NOT NULL,\n  revision TEXT NOT NULL,\n  \
               outcome TEXT NOT NULL,\n  plan TEXT NOT NULL,\n  \
               statement INTEGER NOT NULL,\n  error TEXT NOT NULL,\n  \
               started TEXT NOT NULL,\n  elapsed_ms INTEGER NOT NULL,\n  \
               operator TEXT NOT NULL,\n  version TEXT NOT NULL\n);\n\
             CREATE TABLE {state} (\n  \
               id INTEGER PRIMARY KEY CHECK (id = 1),\n  format INTEGER NOT NULL,\n  \
               generation INTEGER NOT NULL,\n  in_flight TEXT\n);\n\
             INSERT INTO {state} (id, format, generation) VALUES (1, {FORMAT}, 0);",
            ledger = Self::name(&self.ledger_table()),
            log = Self::name(&self.log_table()),
            state = Self::name(&self.state_table()),
        )
    }

    /// Moves the generation on from `expected`; changes one row, or none where
    /// another run was first.
    #[must_use]
    pub fn advance(&self, expected: u64) -> String {
        format!(
            "UPDATE {} SET generation = generation + 1 WHERE id = 1 AND generation = {expected}",
            Self::name(&self.state_table()),
        )
    }

    /// The format and the generation, one row.
    #[must_use]
    pub fn select_state(&self) -> String {
        let table = Self::name(&self.state_table());
        format!("SELECT format, generation FROM {table} WHERE id = 1")
    }

    /// The columns of [`StoredRow`], in the order of its fields.
    #[must_use]
    pub fn select_rows(&self) -> String {
        format!(
            "SELECT revision, parents, dependencies, message, upgrade_digest, downgrade_digest, \
             revision_digest, downgrade, transaction_mode FROM {}",
            Self::name(&self.ledger_table()),
        )
    }

    /// The log, oldest first: sequence, then the fields of [`LogLine`].
    #[must_use]
    pub fn select_log(&self) -> String {
        format!(
            "SELECT sequence, run, action, revision, outcome, plan, statement, error, started, \
             elapsed_ms, operator, version FROM {} ORDER BY sequence",
            Self::name(&self.log_table()),
        )
    }

    /// Records a revision as applied.
    #[must_use]
    pub fn insert_row(&self, row: &Applied, line: &LogLine<'_>) -> String {
        let downgrade = row
            .downgrade
            .as_ref()
            .map_or("NULL".to_owned(), |sql| quote(&list(sql.0.iter())));
        let values = [
            quote(row.revision.as_str()),
            quote(&list(row.parents.iter())),
            quote(&list(row.dependencies.iter())),
            quote(&row.message),
            quote(&row.upgrade_digest.to_string()),
            quote(&row.downgrade_digest.to_string()),
            quote(&row.revision_digest.to_string()),
            downgrade,
            quote(row.transaction.name()),
            quote(line.started),
            line.elapsed_ms.to_string(),
            quote(line.operator),
            quote(line.version),
        ];
        format!(
            "INSERT INTO {} (revision, parents, dependencies, message, upgrade_digest, \
             downgrade_digest, revision_digest, downgrade, transaction_mode, applied_at, \
             elapsed_ms, applied_by, version) VALUES ({});",
            Self::name(&self.ledger_table()),
            values.join(", "),
        )
    }

    /// Forgets a revision.
    #[must_use]
    pub fn delete_row(&self, revision: &RevisionId) -> String {
        let table = Self::name(&self.ledger_table());
        let revision = quote(revision.as_str());
        format!("DELETE FROM {table} WHERE revision = {revision};")
    }

    /// Appends to the log.
    #[must_use]
    pub fn insert_log(&self, line: &LogLine<'_>) -> String {
        let values = [
            quote(line.run),
            quote(line.action),
            quote(line.revision),
            quote(line.outcome),
            quote(line.plan),
            line.statement.to_string(),
            quote(line.error),
            quote(line.started),
            line.elapsed_ms.to_string(),
            quote(line.operator),
            quote(line.version),
        ];
        format!(
            "INSERT INTO {} (run, action, revision, outcome, plan, statement, error, started, \
             elapsed_ms, operator, version) VALUES ({});",
            Self::name(&self.log_table()),
            values.join(", "),
        )
    }
}

impl StoredRow {
    /// Reads the row.
    ///
    /// # Errors
    ///
    /// [`DamagedRow`], naming the column.
    pub fn read(self) -> Result<Applied, DamagedRow> {
        let damaged = |column, value: &str| DamagedRow {
            revision: self.revision.clone(),
            column,
            value: value.to_owned(),
        };
        let ids = |column, text: &str| -> Result<Vec<RevisionId>, DamagedRow> {
            let texts: Vec<String> =
                serde_json::from_str(text).map_err(|_| damaged(column, text))?;
            texts
                .iter()
                .map(|id| RevisionId::new(id).map_err(|_| damaged(column, id)))
                .collect()
        };
        let digest =
            |column, text: &str| Digest::from_hex(text).ok_or_else(|| damaged(column, text));
        let downgrade = match &self.downgrade {
            None => None,
            Some(text) => Some(Sql(
                serde_json::from_str(text).map_err(|_| damaged("downgrade", text))?
            )),
        };
        let transaction = match self.transaction_mode.as_str() {
            "step" => TransactionMode::Step,
            "none" => TransactionMode::None,
            other => return Err(damaged("transaction_mode", other)),
        };
        Ok(Applied {
            revision: RevisionId::new(&self.revision)
                .map_err(|_| damaged("revision", &self.revision))?,
            parents: ids("parents", &self.parents)?,
            dependencies: ids("dependencies", &self.dependencies)?,
            upgrade_digest: digest("upgrade_digest", &self.upgrade_digest)?,
            downgrade_digest: digest("downgrade_digest", &self.downgrade_digest)?,
            revision_digest: digest("revision_digest", &self.revision_digest)?,
            message: self.message.clone(),
            downgrade,
            transaction,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_text_does_not_end_the_literal() {
        assert_eq!(quote("it's"), "'it''s'");
        assert_eq!(quote("a\0'"), "CAST(x'610027' AS TEXT)");
        assert_eq!(quote("'; DROP TABLE x; --"), "'''; DROP TABLE x; --'");
    }

    #[test]
    fn a_statement_that_names_the_ledger_is_seen_and_its_neighbours_are_not() {
        let ledger = Ledger::new("rev_");
        let named = |text| ledger.named_in(text);
        assert_eq!(
            named("DELETE FROM \"REV_ledger\""),
            Some("rev_ledger".into())
        );
        assert_eq!(
            named("drop table main.rev_state;"),
            Some("rev_state".into())
        );
        assert_eq!(named("CREATE TABLE prev_log (id)"), None);
        assert_eq!(named("CREATE TABLE rev_logs (id)"), None);
    }

    #[test]
    fn a_damaged_row_names_its_column() {
        let row = StoredRow {
            revision: "a".into(),
            parents: "[1]".into(),
            dependencies: "[]".into(),
            transaction_mode: "step".into(),
            ..StoredRow::default()
        };
        assert_eq!(
            row.read().expect_err("parents are no ids").column,
            "parents"
        );
    }
}
