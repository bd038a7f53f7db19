//! `CREATE INDEX`, as it is stored.

use super::cursor::Cursor;
use super::{Entry, Unreadable};
use crate::schema::Index;

/// Reads an index.
pub(super) fn read(entry: &Entry) -> Result<Index, Unreadable> {
    let mut cursor = Cursor::new(&entry.sql, "index", &entry.name);
    cursor.expect("CREATE")?;
    let unique = cursor.takes(&["UNIQUE"]);
    cursor.expect("INDEX")?;
    let _ = cursor.takes(&["IF", "NOT", "EXISTS"]);
    let name = cursor.qualified_name()?;
    cursor.expect("ON")?;
    cursor.name()?;
    let parts = cursor.parts()?;
    let predicate = cursor.takes(&["WHERE"]).then(|| cursor.rest());
    match cursor.peek(0) {
        Some(_) => Err(cursor.lost()),
        None => Ok(Index {
            name,
            unique,
            method: None,
            parts,
            include: Vec::new(),
            predicate,
            options: Default::default(),
            comment: None,
        }),
    }
}
