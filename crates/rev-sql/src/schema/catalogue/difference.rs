//! In what two schemas differ.

use std::collections::BTreeMap;

use rev_core::Dialect;

/// What the sentence about a table's order of columns begins with.
const ORDER: &str = "columns ";

/// Whether the order of a table's columns is part of what a schema is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnOrder {
    /// It is.
    Counts,
    /// It is not.
    Free,
}

impl ColumnOrder {
    /// What a way down can be held to. PostgreSQL adds columns only at the end, so
    /// no script can bring one back to its place; MySQL has `AFTER`, and on SQLite
    /// a table that loses a column in the middle is rebuilt.
    #[must_use]
    pub const fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Postgres => ColumnOrder::Free,
            Dialect::Mysql | Dialect::Sqlite => ColumnOrder::Counts,
        }
    }
}

/// In what one schema differs from another, as sentences, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// What it lacks.
    pub missing: Vec<String>,
    /// What it has besides.
    pub extra: Vec<String>,
}

impl Difference {
    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.missing.is_empty() && self.extra.is_empty()
    }
}

/// In what `is` differs from `due`; both sorted.
///
/// A table's order of columns is told only where the columns are the same.
#[must_use]
pub fn difference(due: &[String], is: &[String], order: ColumnOrder) -> Difference {
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        let only = these.iter().filter(|it| those.binary_search(it).is_err());
        only.cloned().collect()
    };
    let (mut missing, mut extra) = (only(due, is), only(is, due));
    let told = match order {
        ColumnOrder::Free => Vec::new(),
        ColumnOrder::Counts => moved(&missing, &extra),
    };
    let is_told = |sentence: &String| match sentence.strip_prefix(ORDER) {
        None => true,
        Some(rest) => told.iter().any(|table| *table == split(rest).0),
    };
    missing.retain(is_told);
    extra.retain(is_told);
    Difference { missing, extra }
}

/// What a database holds after a way down, without what no way down takes away: extensions,
/// what is said of them, and the schemas in which they lie, since nobody knows here what else
/// stands on them. Autogenerate drops none, and `CREATE EXTENSION IF NOT EXISTS` finds them.
#[must_use]
pub fn without_extensions_left(due: &[String], is: &[String]) -> Vec<String> {
    let known: Vec<Extension<'_>> = due.iter().filter_map(|it| Extension::of(it)).collect();
    let found = is.iter().filter_map(|it| Extension::of(it));
    let left: Vec<Extension<'_>> = found
        .filter(|it| known.iter().all(|known| known.name != it.name))
        .collect();
    let is_due = |sentence: &String| due.binary_search(sentence).is_ok();
    let is_left = |sentence: &String| left.iter().any(|it| it.is_meant_by(sentence));
    let stays = is.iter().filter(|it| is_due(it) || !is_left(it));
    stays.cloned().collect()
}

/// An extension of PostgreSQL, as a sentence tells it.
struct Extension<'a> {
    sentence: &'a str,
    name: &'a str,
    schema: &'a str,
}

impl<'a> Extension<'a> {
    fn of(sentence: &'a str) -> Option<Self> {
        let (extension, schema) = sentence.strip_prefix("extension ")?.split_once(" in ")?;
        let (name, _version) = extension.rsplit_once(' ')?;
        Some(Self {
            sentence,
            name,
            schema,
        })
    }

    /// Whether a sentence is about it, what is said of it, or the schema it lies in.
    fn is_meant_by(&self, sentence: &str) -> bool {
        let comment = sentence.strip_prefix("comment on extension ");
        sentence == self.sentence
            || sentence.strip_prefix("schema ") == Some(self.schema)
            || comment.is_some_and(|rest| {
                let quoted = rest.strip_prefix('"').unwrap_or(rest);
                let rest = quoted.strip_prefix(self.name);
                rest.is_some_and(|it| it.trim_start_matches('"').starts_with(": "))
            })
    }
}

/// The tables that have the same columns in another order.
fn moved(missing: &[String], extra: &[String]) -> Vec<String> {
    let orders = |sentences: &[String]| -> BTreeMap<String, Vec<String>> {
        let rests = sentences.iter().filter_map(|it| it.strip_prefix(ORDER));
        let sorted = rests.map(|rest| {
            let (table, columns) = split(rest);
            let mut columns: Vec<String> = columns.split(", ").map(str::to_owned).collect();
            columns.sort_unstable();
            (table.to_owned(), columns)
        });
        sorted.collect()
    };
    let (before, after) = (orders(missing), orders(extra));
    let same = before
        .into_iter()
        .filter(|(table, it)| after.get(table) == Some(it));
    same.map(|(table, _)| table).collect()
}

/// The table that a sentence tells all columns of; `None`: it tells something else.
pub(crate) fn columns_of(sentence: &str) -> Option<&str> {
    sentence.strip_prefix(ORDER).map(|rest| split(rest).0)
}

fn split(rest: &str) -> (&str, &str) {
    rest.split_once(": ").unwrap_or((rest, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(due: &[&str], is: &[&str], order: ColumnOrder) -> String {
        let sorted = |sentences: &[&str]| {
            let mut all: Vec<String> = sentences.iter().map(|it| (*it).to_owned()).collect();
            all.sort_unstable();
            all
        };
        let difference = difference(&sorted(due), &sorted(is), order);
        let lines = |sign: &str, all: &[String]| {
            let lines = all.iter().map(|it| format!("{sign}{it}"));
            lines.collect::<Vec<_>>()
        };
        [
            lines("-", &difference.missing),
            lines("+", &difference.extra),
        ]
        .concat()
        .join("; ")
    }

    #[test]
    fn what_one_lacks_and_what_it_has_besides_are_told_apart() {
        let due = ["column t.a int", "index i"];
        let is = ["column t.a int", "column t.b int"];
        assert_eq!(
            told(&due, &is, ColumnOrder::Counts),
            "-index i; +column t.b int"
        );
        assert_eq!(told(&due, &due, ColumnOrder::Counts), "");
    }

    #[test]
    fn an_extension_that_came_stays_and_one_that_changed_does_not() {
        let after = |due: &[&str], is: &[&str]| {
            let mut all =
                [due, is].map(|it| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
            all.iter_mut().for_each(|it| it.sort_unstable());
            let is = without_extensions_left(&all[0], &all[1]);
            difference(&all[0], &is, ColumnOrder::Free).extra
        };
        let came = [
            "extension uuid-ossp 1.1 in ext",
            "comment on extension \"uuid-ossp\": made-up names",
            "schema ext",
        ];
        assert!(after(&[], &came).is_empty());
        let others = ["comment on extension uuid: no", "schema ex", "table ext.t"];
        assert_eq!(after(&[], &[&came[..], &others].concat()), others);
        let old = ["extension uuid-ossp 1.0 in ext", "schema ext"];
        assert_eq!(after(&old, &came), [came[1], came[0]]);
    }

    #[test]
    fn an_order_is_told_where_it_counts_and_where_nothing_else_says_it() {
        let due = ["columns t: a, b"];
        let is = ["columns t: b, a"];
        assert_eq!(
            told(&due, &is, ColumnOrder::Counts),
            "-columns t: a, b; +columns t: b, a"
        );
        assert_eq!(told(&due, &is, ColumnOrder::Free), "");
        let fewer = ["columns t: a"];
        assert_eq!(told(&due, &fewer, ColumnOrder::Counts), "");
        assert_eq!(told(&due, &[], ColumnOrder::Counts), "");
    }
}
