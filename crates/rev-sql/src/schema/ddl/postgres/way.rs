//! What must be dropped before something is changed, and be made again after.

use std::collections::BTreeSet;

use rev_core::Dialect;

use super::{enumeration, object, retype};
use crate::schema::postgres::default_name::mentions;
use crate::schema::{Alteration, Change, Column, Diff, Kind, Name, Object, TableChange, Text};
use crate::split::tokens;

/// Whether an object that stays as it is cannot stand meanwhile; `anew`: enums that are made
/// anew though they only grow.
pub(super) fn is_in_the_way(object: &Object, diff: &Diff, anew: &BTreeSet<Name>) -> bool {
    if object.kind == Kind::Extension {
        return false;
    }
    let uses = |name: &Name| object.needs.contains(name) || object.on.as_ref() == Some(name);
    let by_change = diff.changes.iter().any(|change| match change {
        Change::DropTable(table) => uses(&table.name),
        Change::ChangeTable(change) => {
            uses(&change.to.name) && is_bound(object) && moves(change, object)
        }
        Change::ChangeEnum { from, to } => {
            object.needs.contains(&to.name) && enumeration::is_rebuilt(from, to, anew)
        }
        Change::ChangeObject { from, to } => {
            object.needs.contains(&to.name)
                && matches!(to.kind, Kind::Domain | Kind::Type)
                && object::is_rebuilt(from, to, diff)
        }
        _ => false,
    });
    by_change || is_over_moved_type(object, diff, anew)
}

/// Whether the server knows which columns it uses: of a routine only where its body is
/// no text.
fn is_bound(object: &Object) -> bool {
    let is_atomic = |text: &Text| {
        let found = tokens(text.as_str(), Dialect::Postgres);
        found
            .windows(2)
            .any(|pair| pair[0].is("BEGIN") && pair[1].is("ATOMIC"))
    };
    object.kind != Kind::Routine || object.create.iter().any(is_atomic)
}

/// Whether a change touches a column that the object mentions.
fn moves(change: &TableChange, object: &Object) -> bool {
    let names = |column: &Text| object.create.iter().any(|text| mentions(text, column));
    change.alterations.iter().any(|it| match it {
        Alteration::DropColumn(column) => names(&column.name),
        Alteration::ChangeColumn { from, to } => {
            let stays = (&from.type_name, &from.collation, &from.generated)
                == (&to.type_name, &to.collation, &to.generated);
            !stays && names(&to.name)
        }
        _ => false,
    }) || super::column::remade(change).iter().any(|it| names(it))
}

/// A view over a column whose type is made anew holds the old type.
fn is_over_moved_type(object: &Object, diff: &Diff, anew: &BTreeSet<Name>) -> bool {
    let rebuilt = diff.changes.iter().filter_map(|change| match change {
        Change::ChangeEnum { from, to } if enumeration::is_rebuilt(from, to, anew) => {
            Some(&to.name)
        }
        Change::ChangeObject { from, to } if object::is_rebuilt(from, to, diff) => Some(&to.name),
        _ => None,
    });
    let rebuilt: Vec<String> = rebuilt.map(super::qualified).collect();
    if rebuilt.is_empty() || !is_bound(object) {
        return false;
    }
    let mut used = object.needs.iter().chain(&object.on);
    used.any(|name| {
        let Some(table) = diff.from.tables.get(name) else {
            return false;
        };
        let moves = |column: &&Column| {
            rebuilt
                .iter()
                .any(|it| retype::has(column, it) || retype::is_computed_of(column, table, it))
        };
        let mut moved = table.columns.iter().filter(moves);
        moved.any(|column| {
            object
                .create
                .iter()
                .any(|text| mentions(text, &column.name))
        })
    })
}
