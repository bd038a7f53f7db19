//! Tables that leave what they inherit from or are a partition of, or join it: with their rows.
//!
//! A table that leaves keeps all that it was given. One that joins must have the columns and the
//! checks that it would be given; keys and indexes the server makes, where it finds none alike.

use crate::schema::{Constraint, Index, Kind, Options, Table};

/// Whether a table leaves, joins, or comes back by other bounds.
pub(in crate::schema) fn moves(from: &Table, to: &Table) -> bool {
    let bound = |it: &Table| it.options.get("partition").cloned();
    from.parents != to.parents || bound(from) != bound(to)
}

/// The options without the bounds of a partition.
pub(super) fn options(table: &Table) -> Options {
    let mut options = table.options.clone();
    options.remove("partition");
    options
}

/// A table with all that it is given, as it stands once it has left.
pub(super) fn by_itself(table: &Table) -> Table {
    let Some(whole) = &table.whole else {
        return table.clone();
    };
    Table {
        columns: whole.columns.clone(),
        constraints: whole.constraints.clone(),
        indexes: whole.indexes.iter().map(apart).collect(),
        ..table.clone()
    }
}

/// An index as it is once its table has left: part of no other any more.
fn apart(index: &Index) -> Index {
    let mut index = index.clone();
    index.options.remove("attached");
    index
}

/// A table as it has to be before it joins; `left`: as it stands until then.
pub(super) fn to_join(table: &Table, left: &Table) -> Table {
    let Some(whole) = &table.whole else {
        return table.clone();
    };
    let mut joins = Table {
        columns: whole.columns.clone(),
        ..table.clone()
    };
    let given = whole
        .constraints
        .iter()
        .filter(|it| !table.constraints.contains(it));
    let mut free: Vec<&Constraint> = left.constraints.iter().collect();
    free.retain(|it| !table.constraints.contains(it));
    for constraint in given {
        if constraint.kind() == Kind::Check {
            joins.constraints.push(constraint.clone());
        } else if let Some(at) = free.iter().position(|it| is_alike(it, constraint)) {
            joins.constraints.push(free.remove(at).clone());
        }
    }
    // One that is there is attached again by the server.
    for own in &mut joins.indexes {
        let is_there = left.indexes.contains(&apart(own));
        if is_there {
            *own = apart(own);
        }
    }
    let given = whole
        .indexes
        .iter()
        .filter(|it| !table.indexes.contains(it));
    let mut free: Vec<Index> = left.indexes.clone();
    free.retain(|it| !joins.indexes.contains(it));
    for index in given {
        let bare = |it: &Index| Index {
            name: index.name.clone(),
            comment: None,
            ..apart(it)
        };
        if let Some(at) = free.iter().position(|it| bare(it) == bare(index)) {
            // By the name that the server would give it: others mean something.
            free.remove(at);
            joins.indexes.push(apart(index));
        }
    }
    joins.constraints.sort();
    joins.indexes.sort();
    joins
}

/// Whether the server takes one for the other: names and comments mean nothing to it.
fn is_alike(one: &Constraint, other: &Constraint) -> bool {
    (&one.rule, one.deferral, &one.options) == (&other.rule, other.deferral, &other.options)
}
