//! What is called otherwise in the wanted schema.

use crate::schema::{Name, Text};

/// A table or column that goes on under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rename {
    /// A table.
    Table {
        /// As it was called.
        from: Name,
        /// As it will be called.
        to: Name,
    },
    /// A column.
    Column {
        /// Its table, by the name that it will have.
        table: Name,
        /// As it was called.
        from: Text,
        /// As it will be called.
        to: Text,
    },
}

impl Rename {
    /// A sentence: ``renames column `hero.power` to `strength` ``.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Rename::Table { from, to } => format!("renames table `{from}` to `{to}`"),
            Rename::Column { table, from, to } => {
                format!("renames column `{table}.{from}` to `{to}`")
            }
        }
    }

    /// As a flag or setting spells it: `hero.power:strength`.
    #[must_use]
    pub fn spelt(&self) -> String {
        match self {
            Rename::Table { from, to } => format!("{from}:{to}"),
            Rename::Column { table, from, to } => format!("{table}.{from}:{to}"),
        }
    }

    /// What a table was called before these renames.
    pub(in crate::schema) fn old_name<'a>(renames: &'a [Rename], name: &'a Name) -> &'a Name {
        let old = renames.iter().find_map(|it| match it {
            Rename::Table { from, to } if to == name => Some(from),
            _ => None,
        });
        old.unwrap_or(name)
    }

    /// The same renames for the way back.
    #[must_use]
    pub fn inverted(renames: &[Rename]) -> Vec<Rename> {
        let invert = |rename: &Rename| match rename {
            Rename::Table { from, to } => Rename::Table {
                from: to.clone(),
                to: from.clone(),
            },
            Rename::Column { table, from, to } => Rename::Column {
                table: Self::old_name(renames, table).clone(),
                from: to.clone(),
                to: from.clone(),
            },
        };
        renames.iter().map(invert).collect()
    }
}

pub(super) fn is_text(text: &Text, typed: &str) -> bool {
    let caseless = text.key() != text.as_str() || text.key() == text.as_str().to_ascii_lowercase();
    text.as_str() == typed || (caseless && text.key() == typed.to_ascii_lowercase())
}
