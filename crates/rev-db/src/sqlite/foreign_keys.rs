//! Foreign keys that lead nowhere, before and after a table was rebuilt.
//!
//! SQLite's rebuild of a table drops and renames, which with enforcement on
//! would delete or refuse the rows that refer to it. So enforcement is off
//! around such scripts, and what it would have caught is looked for afterwards.
//! Only new violations count: old ones are not this script's doing.

use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

/// A row whose reference leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Violation {
    table: String,
    /// `None` in a table without row ids.
    row: Option<i64>,
    parent: String,
    key: i64,
}

/// All violations in the database, sorted.
pub(super) async fn violations(
    connection: &mut SqliteConnection,
) -> Result<Vec<Violation>, sqlx::Error> {
    let rows = sqlx::raw_sql("PRAGMA foreign_key_check")
        .fetch_all(connection)
        .await?;
    let mut violations = rows
        .iter()
        .map(|row| {
            Ok(Violation {
                table: row.try_get_unchecked(0)?,
                row: row.try_get_unchecked(1)?,
                parent: row.try_get_unchecked(2)?,
                key: row.try_get_unchecked(3)?,
            })
        })
        .collect::<Result<Vec<_>, sqlx::Error>>()?;
    violations.sort();
    Ok(violations)
}

/// What is violated after and was not before, as phrases. The number of a
/// foreign key may change with the table's definition, so it does not count.
pub(super) fn new_ones(before: &[Violation], after: &[Violation]) -> Vec<String> {
    let same =
        |a: &Violation, b: &Violation| a.table == b.table && a.row == b.row && a.parent == b.parent;
    after
        .iter()
        .filter(|new| !before.iter().any(|old| same(old, new)))
        .map(|new| {
            let row = new
                .row
                .map_or_else(String::new, |row| format!(" row {row}"));
            format!(
                "`{}`{row} refers to a missing row of `{}`",
                new.table, new.parent
            )
        })
        .collect()
}
