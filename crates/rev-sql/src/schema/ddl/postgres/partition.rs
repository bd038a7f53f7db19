//! Partitions: what other bounds mean for rows that are there.

use super::qualified;
use crate::schema::ddl::{Note, Script};
use crate::schema::{Change, Diff, Table, TableChange};

fn bound(table: &Table) -> Option<&str> {
    table.options.get("partition").map(String::as_str)
}

/// What is said of rows that a default partition may hold, and that belong in another one
/// from now on: the server does not move them.
pub(super) fn rows_elsewhere(table: &Table, diff: &Diff) -> Vec<Note> {
    let Some(new) = bound(table).filter(|it| *it != "DEFAULT") else {
        return Vec::new();
    };
    let is_beside = |it: &&Table| {
        let stays = diff
            .to
            .tables
            .get(&it.name)
            .is_some_and(|it| bound(it) == Some("DEFAULT"));
        bound(it) == Some("DEFAULT") && it.parents == table.parents && stays
    };
    let found = diff.from.tables.values().filter(is_beside);
    let note = |it: &Table| {
        Note::decide(format!(
            "rows of `{}` that belong to {} make this fail: detach it, move them, attach it again",
            it.name,
            new.trim_start_matches("FOR VALUES ")
        ))
    };
    found.map(note).collect()
}

/// All partitions beside a table that get other bounds step out, so that no two hold the
/// same on the way.
pub(super) fn step_aside(table: &Table, diff: &Diff, script: &mut Script) {
    let changed = diff.changes.iter().filter_map(|change| match change {
        Change::ChangeTable(change) => Some(change),
        _ => None,
    });
    for change in changed.filter(|it| it.to.parents == table.parents && is_rebound(it)) {
        let text = format!(
            "ALTER TABLE {} DETACH PARTITION {}",
            parent(&change.to),
            qualified(&change.to.name)
        );
        if script.statements.iter().all(|it| it.text != text) {
            script.push(text);
        }
    }
}

fn parent(table: &Table) -> String {
    table.parents.first().map(qualified).unwrap_or_default()
}

/// Whether it is a partition before and after, with other bounds.
fn is_rebound(change: &TableChange) -> bool {
    let (old, new) = (bound(&change.from), bound(&change.to));
    old != new && old.is_some() && new.is_some()
}

/// A partition with other bounds comes back, having stepped out.
pub(super) fn come_back(change: &TableChange, diff: &Diff, script: &mut Script) {
    let Some(new) = bound(&change.to).filter(|_| is_rebound(change)) else {
        return;
    };
    let outside = format!("rows outside {new} make this fail: move them first");
    let mut notes = vec![Note::decide(outside)];
    notes.extend(rows_elsewhere(&change.to, diff));
    let (parent, table) = (parent(&change.to), qualified(&change.to.name));
    let text = format!("ALTER TABLE {parent} ATTACH PARTITION {table} {new}");
    script.push_noted(text, notes);
}
