//! The tables that take their columns from one.

use std::collections::BTreeSet;

use crate::schema::{Name, Schema};

/// A table and all that inherits from it, whose columns are renamed with its own.
pub(in crate::schema) fn family(schema: &Schema, name: &Name) -> BTreeSet<Name> {
    let mut family = BTreeSet::from([name.clone()]);
    loop {
        let before = family.len();
        let tables = schema.tables.values();
        let heirs = tables.filter(|it| it.parents.iter().any(|it| family.contains(it)));
        let heirs: Vec<Name> = heirs.map(|it| it.name.clone()).collect();
        family.extend(heirs);
        if family.len() == before {
            return family;
        }
    }
}
