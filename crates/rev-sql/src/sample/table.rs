//! A table of which rows are read and into which some are invented.

use rev_core::Dialect;

use super::column::Column;
use super::value;
use crate::ledger::{name, text};

/// A table, as far as rows for it can be invented.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The schema that it lies in, on PostgreSQL.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Its foreign keys.
    pub references: Vec<Reference>,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference {
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The schema of the table that is referred to.
    pub schema: String,
    /// That table.
    pub table: String,
    /// Its columns, in the same order.
    pub their_columns: Vec<String>,
}

/// How many columns an invented row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All for which a value is known.
    Full,
    /// Those without which there is no row.
    Needed,
}

impl Table {
    /// Its name as SQL writes it.
    #[must_use]
    pub fn written(&self, dialect: Dialect) -> String {
        written(&self.schema, &self.name, dialect)
    }

    /// Its name as people say it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self.schema.as_str() {
            "" | "public" => self.name.clone(),
            schema => format!("{schema}.{}", self.name),
        }
    }

    /// Inserts the row of this number, from 1; `None`: a column that must have a
    /// value is of a type for which none is known.
    #[must_use]
    pub fn insert(&self, row: usize, extent: Extent, dialect: Dialect) -> Option<String> {
        let mut columns = Vec::new();
        let mut values = Vec::new();
        for column in self.columns.iter().filter(|column| !column.is_generated) {
            if column.may_lack && extent == Extent::Needed {
                continue;
            }
            match self.value(column, row, dialect) {
                Some(value) => {
                    columns.push(name(&column.name, dialect));
                    values.push(value);
                }
                None if column.may_lack => {}
                None => return None,
            }
        }
        let table = self.written(dialect);
        if columns.is_empty() {
            return Some(match dialect {
                Dialect::Mysql => format!("INSERT INTO {table} () VALUES ()"),
                _ => format!("INSERT INTO {table} DEFAULT VALUES"),
            });
        }
        // Else PostgreSQL takes no value for what it numbers itself.
        let overriding = match dialect {
            Dialect::Postgres => " OVERRIDING SYSTEM VALUE",
            Dialect::Mysql | Dialect::Sqlite => "",
        };
        Some(format!(
            "INSERT INTO {table} ({}){overriding} VALUES ({})",
            columns.join(", "),
            values.join(", ")
        ))
    }

    fn value(&self, column: &Column, row: usize, dialect: Dialect) -> Option<String> {
        let refers = |it: &&Reference| it.columns.contains(&column.name);
        let Some(reference) = self.references.iter().find(refers) else {
            return value::of(column, row, dialect);
        };
        let at = reference.columns.iter().position(|it| *it == column.name)?;
        let theirs = reference.their_columns.get(at)?;
        if self.is(&reference.schema, &reference.table) {
            // The row refers to itself, where it has to refer to one.
            let theirs = self.columns.iter().find(|it| it.name == *theirs)?;
            return match column.may_lack {
                true => None,
                false => value::of(theirs, row, dialect),
            };
        }
        let order: Vec<String> = reference
            .their_columns
            .iter()
            .map(|it| name(it, dialect))
            .collect();
        Some(format!(
            "(SELECT {} FROM {} ORDER BY {} LIMIT 1 OFFSET {})",
            name(theirs, dialect),
            written(&reference.schema, &reference.table, dialect),
            order.join(", "),
            row - 1
        ))
    }

    /// Empties the table.
    #[must_use]
    pub fn empty(&self, dialect: Dialect) -> String {
        format!("DELETE FROM {}", self.written(dialect))
    }

    /// Asks for all rows, a text each, in a stated order: the columns by their
    /// names, as SQL would write the values.
    #[must_use]
    pub fn rows(&self, dialect: Dialect) -> String {
        let columns = self.columns.iter().map(|column| {
            let quoted = name(&column.name, dialect);
            let value = match dialect {
                Dialect::Sqlite => format!("quote({quoted})"),
                Dialect::Postgres => format!("quote_nullable({quoted}::text)"),
                Dialect::Mysql if value::is_binary(&column.kind) => format!("QUOTE(HEX({quoted}))"),
                Dialect::Mysql => format!("QUOTE({quoted})"),
            };
            let label = text(&format!("{} ", column.name), dialect);
            match dialect {
                Dialect::Mysql => format!("CONCAT({label}, {value})"),
                Dialect::Postgres | Dialect::Sqlite => format!("{label} || {value}"),
            }
        });
        let columns: Vec<String> = columns.collect();
        let row = match dialect {
            Dialect::Mysql => format!("CONCAT_WS(', ', {})", columns.join(", ")),
            // A function takes a hundred arguments at most.
            Dialect::Postgres | Dialect::Sqlite => columns.join(" || ', ' || "),
        };
        format!("SELECT {row} FROM {} ORDER BY 1", self.written(dialect))
    }

    pub(super) fn is(&self, schema: &str, name: &str) -> bool {
        self.schema == schema && self.name == name
    }
}

pub(super) fn written(schema: &str, table: &str, dialect: Dialect) -> String {
    match schema {
        "" => name(table, dialect),
        schema => format!("{}.{}", name(schema, dialect), name(table, dialect)),
    }
}
