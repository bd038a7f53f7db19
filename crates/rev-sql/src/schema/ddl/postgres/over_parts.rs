//! Indexes over the parts of a partitioned table, where not each part has its own by itself.
//!
//! `CREATE INDEX … ON ONLY` makes an index that parts join one by one, under names of their own.
//! The server gives each part that comes later one, and lets none leave. So such an index is made
//! when all tables are there, and made anew where a part is to be without it.

use std::collections::BTreeSet;

use super::{alter, beside, create, name};
use crate::schema::ddl::Script;
use crate::schema::rename::family;
use crate::schema::{Change, Diff, Index, Name, Schema, Table, TableChange, Text};

/// Whether an index is made apart from its table.
pub(super) fn is_apart(index: &Index) -> bool {
    is_only(index) || index.options.contains_key("attached")
}

fn is_only(index: &Index) -> bool {
    index.options.contains_key("only")
}

/// Whether the indexes of a table come when all tables are there: one over all parts takes what is
/// like it of a part, so it is made after those that go, and before those that come.
pub(super) fn is_late(table: &Table) -> bool {
    table.options.contains_key("partition") || table.nature.contains_key("partition by")
}

/// Makes what is apart or late, all tables being there.
pub(super) fn write(diff: &Diff, script: &mut Script) {
    for table in diff.to.tables.values() {
        let roots = table.indexes.iter();
        for root in roots.filter(|it| is_only(it) && !it.options.contains_key("attached")) {
            Root { table, root, diff }.write(script);
        }
    }
    let mut late = late(diff);
    late.sort_by_key(|(table, _)| depth(table, &diff.to));
    for (table, index) in late.into_iter().filter(|it| !is_apart(it.1)) {
        push(table, index, script);
    }
}

/// The indexes that come late.
fn late(diff: &Diff) -> Vec<(&Table, &Index)> {
    let mut late = Vec::new();
    for change in &diff.changes {
        match change {
            // That of a new table which is no part of another is there before its parts.
            Change::CreateTable(it) if it.options.contains_key("partition") => {
                late.extend(it.indexes.iter().map(|index| (it, index)));
            }
            Change::ChangeTable(it) => {
                let new = late_indexes(it, diff).into_iter();
                late.extend(new.map(|index| (&it.to, index)));
            }
            _ => {}
        }
    }
    late
}

/// Those of a table that changes.
pub(super) fn late_indexes<'a>(change: &'a TableChange, diff: &'a Diff) -> Vec<&'a Index> {
    if !is_late(&change.to) {
        return Vec::new();
    }
    let kept = alter::kept_indexes(change, diff);
    let new = alter::new_indexes(change);
    new.filter(|it| !kept.iter().any(|(_, same)| same == it))
        .collect()
}

/// How many tables a table is a part of.
fn depth(table: &Table, schema: &Schema) -> usize {
    let parent = table.parents.first().and_then(|it| schema.tables.get(it));
    parent.map_or(0, |it| 1 + depth(it, schema))
}

fn push(table: &Table, index: &Index, script: &mut Script) {
    script.push(create::index(index, table));
    create::index_comment(table, index, script);
    let is_it = |it: &str| it == name(&index.name);
    create::rely_on_indexes(table, &table.options, &is_it, &|_| false, script);
}

/// An index but for its comment, which changes where it stands.
fn uncommented(index: &Index) -> Index {
    Index {
        comment: None,
        ..index.clone()
    }
}

/// What is attached to an index, and to that, each after what it is attached to.
fn attached<'a>(to: &str, schema: &'a Schema) -> Vec<(&'a Table, &'a Index)> {
    let mut found = Vec::new();
    for table in schema.tables.values() {
        for index in &table.indexes {
            if index.options.get("attached").is_some_and(|it| it == to) {
                found.push((table, index));
                found.extend(attached(&beside(&table.name, &index.name), schema));
            }
        }
    }
    found
}

/// An index over parts that are attached to it.
struct Root<'a> {
    table: &'a Table,
    root: &'a Index,
    diff: &'a Diff,
}

impl Root<'_> {
    fn write(&self, script: &mut Script) {
        let title = beside(&self.table.name, &self.root.name);
        let old = self.diff.from.tables.get(&self.table.name);
        let old = old.and_then(|it| it.indexes.iter().find(|it| it.name == self.root.name));
        let is_same = |old: &Index| uncommented(old) == uncommented(self.root);
        let is_new = self.is_new(&self.table.name) || !old.is_some_and(is_same);
        let parts = attached(&title, &self.diff.to);
        let before: BTreeSet<(&Name, Index)> = { attached(&title, &self.diff.from).into_iter() }
            .map(|(table, index)| (&table.name, uncommented(index)))
            .collect();
        if is_new || self.must_go(&before, &parts) {
            if !is_new {
                script.push(format!("DROP INDEX {title}"));
            }
            push(self.table, self.root, script);
            parts.iter().for_each(|it| attach(it, script));
        } else {
            let comes = |(table, index): &&(&Table, &Index)| {
                !before.contains(&(&table.name, uncommented(index))) && !self.is_new(&table.name)
            };
            parts.iter().filter(comes).for_each(|it| attach(it, script));
        }
    }

    /// Whether a table comes with this script.
    fn is_new(&self, name: &Name) -> bool {
        let mut changes = self.diff.changes.iter();
        changes.any(|it| matches!(it, Change::CreateTable(table) if table.name == *name))
    }

    /// Whether a part is to be without it, or has another one: it cannot leave. The server gives a
    /// new part one under a name that it chooses.
    fn must_go(&self, before: &BTreeSet<(&Name, Index)>, parts: &[(&Table, &Index)]) -> bool {
        let is_left = |(name, index): &(&Name, Index)| {
            let stays = self.diff.to.tables.contains_key(*name) && !self.is_new(name);
            stays
                && !parts
                    .iter()
                    .any(|it| it.0.name == **name && uncommented(it.1) == *index)
        };
        let is_odd = |name: &Name| {
            let own = parts.iter().find(|it| it.0.name == *name);
            !own.is_some_and(|(_, index)| is_chosen(&index.name))
        };
        let mut all = family(&self.diff.to, &self.table.name).into_iter();
        before.iter().any(is_left)
            || all.any(|it| it != self.table.name && self.is_new(&it) && is_odd(&it))
    }
}

fn attach((table, index): &(&Table, &Index), script: &mut Script) {
    push(table, index, script);
    if let Some(root) = index.options.get("attached") {
        let own = beside(&table.name, &index.name);
        script.push(format!("ALTER INDEX {root} ATTACH PARTITION {own}"));
    }
}

/// Whether the server may have chosen the name of an index: it begins with what the table was
/// called then, perhaps cut.
fn is_chosen(index: &Text) -> bool {
    let rest = index.as_str();
    let rest = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    rest.ends_with("_idx")
}
