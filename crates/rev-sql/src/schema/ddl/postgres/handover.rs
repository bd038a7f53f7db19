//! Names that a schema has once: of its tables and indexes, and of the constraints that
//! have an index.
//!
//! One table may take the name of an index that goes from another. Which of the two
//! changes first is not known here, so whoever takes a name has its owner drop it.

use super::{beside, constraint_name, constraint_text, qualified, retype};
use crate::schema::ddl::Script;
use crate::schema::{
    Alteration, Change, Constraint, Diff, Index, Name, Rule, Table, TableChange, Text,
};

/// Whether nothing in the schema of a table has this name yet, nor a constraint of its own.
pub(super) fn is_free(table: &Table, text: &Text, diff: &Diff) -> bool {
    let own = |it: &Constraint| constraint_text(table, it) == *text;
    let neighbours = diff.from.tables.values();
    let mut neighbours = neighbours.filter(|it| it.name.schema == table.name.schema);
    !table.constraints.iter().any(own)
        && !diff.from.has(table.name.schema.as_ref(), text)
        && !neighbours.any(|it| it.constraints.iter().any(|key| has_name(it, key, text)))
}

/// Whether the name of an index that goes from a table is taken by another table, which
/// then drops it.
pub(super) fn is_taken(owner: &TableChange, text: &Text, diff: &Diff) -> bool {
    diff.changes.iter().any(|change| match change {
        Change::ChangeTable(it) => is_other(owner, &it.to.name) && takes(it, text),
        Change::CreateTable(it) => {
            is_other(owner, &it.name)
                && (it.indexes.iter().any(|index| index.name == *text)
                    || it.constraints.iter().any(|key| has_name(it, key, text)))
        }
        _ => false,
    })
}

/// Whether the name of a constraint that goes is.
pub(super) fn is_key_taken(owner: &TableChange, key: &Constraint, diff: &Diff) -> bool {
    has_index(key) && is_taken(owner, &constraint_text(&owner.from, key), diff)
}

/// Drops what goes from other tables, and whose name a table that changes takes.
pub(super) fn take_for_change(change: &TableChange, diff: &Diff, script: &mut Script) {
    take(&change.to.name, |text| takes(change, text), diff, script);
}

/// Likewise for a new table.
pub(super) fn take_for_table(table: &Table, diff: &Diff, script: &mut Script) {
    let takes = |text: &Text| {
        table.indexes.iter().any(|it| it.name == *text)
            || table.constraints.iter().any(|it| has_name(table, it, text))
    };
    take(&table.name, takes, diff, script);
}

fn take(table: &Name, takes: impl Fn(&Text) -> bool, diff: &Diff, script: &mut Script) {
    let changes = diff.changes.iter().filter_map(|it| match it {
        Change::ChangeTable(it) if is_other(it, table) => Some(it),
        _ => None,
    });
    for owner in changes {
        for alteration in &owner.alterations {
            match alteration {
                Alteration::DropIndex(it) if is_dropped(it, diff) && takes(&it.name) => {
                    script.push(format!("DROP INDEX {}", beside(table, &it.name)));
                }
                Alteration::DropConstraint(it)
                    if has_index(it)
                        && !retype::goes_for_good(it, diff)
                        && takes(&constraint_text(&owner.from, it)) =>
                {
                    script.push(format!(
                        "ALTER TABLE {} DROP CONSTRAINT {}",
                        qualified(&owner.to.name),
                        constraint_name(&owner.from, it)
                    ));
                }
                _ => {}
            }
        }
    }
}

fn is_dropped(index: &Index, diff: &Diff) -> bool {
    !retype::index_goes_for_good(index, diff)
}

fn is_other(owner: &TableChange, table: &Name) -> bool {
    owner.to.name != *table && owner.to.name.schema == table.schema
}

fn takes(change: &TableChange, text: &Text) -> bool {
    change
        .alterations
        .iter()
        .any(|alteration| match alteration {
            Alteration::AddIndex(it) => it.name == *text,
            Alteration::AddConstraint(it) => has_name(&change.to, it, text),
            _ => false,
        })
}

fn has_index(constraint: &Constraint) -> bool {
    matches!(
        constraint.rule,
        Rule::PrimaryKey(_) | Rule::Unique(_) | Rule::Exclusion(_)
    )
}

fn has_name(table: &Table, constraint: &Constraint, text: &Text) -> bool {
    has_index(constraint) && constraint_text(table, constraint) == *text
}
