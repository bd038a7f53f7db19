//! The indexes that go, come, get another name or are hidden.

use std::collections::BTreeSet;

use super::super::name;
use super::super::spelling::mentions;
use crate::schema::ddl::Note;
use crate::schema::{Alteration, Index, Part, PartOf, Reference, Rule, Table, TableChange, Text};

/// What becomes of a table's indexes.
pub(super) struct Indexes<'a> {
    gone: Vec<&'a Index>,
    new: Vec<&'a Index>,
    renamed: Vec<(&'a Index, &'a Index)>,
    /// Those that the server looks at from now on, or passes over.
    shown: Vec<(&'a Index, &'static str)>,
    /// Made again, since the server would drop them beside a wider one.
    kept: Vec<&'a Index>,
}

impl<'a> Indexes<'a> {
    pub(super) fn of(change: &'a TableChange, rebuilt: &BTreeSet<&Text>) -> Self {
        let mut indexes = Self {
            gone: Vec::new(),
            new: Vec::new(),
            renamed: Vec::new(),
            shown: Vec::new(),
            kept: Vec::new(),
        };
        for alteration in &change.alterations {
            match alteration {
                Alteration::DropIndex(index) => indexes.gone.push(index),
                Alteration::AddIndex(index) => indexes.new.push(index),
                _ => {}
            }
        }
        indexes.pair(change, rebuilt);
        let stays = |it: &&Index| change.to.indexes.contains(it);
        let staying: Vec<&Index> = change.from.indexes.iter().filter(stays).collect();
        for index in staying {
            let is_rebuilt = stand_on(&index.parts, rebuilt);
            let is_outdone = serves_a_key(index, &change.from)
                && indexes.new.iter().any(|it| is_wider(it, index));
            if is_rebuilt || is_outdone {
                indexes.gone.push(index);
                indexes.new.push(index);
            }
            if is_outdone && !is_rebuilt {
                indexes.kept.push(index);
            }
        }
        indexes
    }

    /// Takes out what goes and comes under another name, or hidden.
    fn pair(&mut self, change: &TableChange, rebuilt: &BTreeSet<&Text>) {
        let is_free = |name: &Text| change.from.indexes.iter().all(|it| it.name != *name);
        let mut gone = Vec::new();
        for old in std::mem::take(&mut self.gone) {
            let is_rebuilt = stand_on(&old.parts, rebuilt);
            let found = self.new.iter().position(|new| {
                let fits = match new.name == old.name {
                    true => is_shown(old, new),
                    false => is_renamed(old, new) && is_free(&new.name),
                };
                fits && !is_rebuilt
            });
            match found.map(|at| self.new.remove(at)) {
                None => gone.push(old),
                Some(new) if new.name == old.name => self.shown.push((new, word(old, new))),
                Some(new) => self.renamed.push((old, new)),
            }
        }
        self.gone = gone;
    }

    pub(super) fn dropped(&self) -> Vec<String> {
        let gone = self.gone.iter();
        gone.map(|it| format!("DROP INDEX {}", name(&it.name)))
            .collect()
    }

    /// Those that come, or come back.
    pub(super) fn coming(&self) -> impl Iterator<Item = &'a Index> + use<'a> {
        self.new.clone().into_iter()
    }

    pub(super) fn renamed(&self) -> Vec<String> {
        let renamed = self.renamed.iter();
        let clause = |(old, new): &(&Index, &Index)| {
            format!("RENAME INDEX {} TO {}", name(&old.name), name(&new.name))
        };
        renamed.map(clause).collect()
    }

    pub(super) fn shown(&self) -> Vec<String> {
        let shown = self.shown.iter();
        shown
            .map(|(index, word)| format!("ALTER INDEX {} {word}", name(&index.name)))
            .collect()
    }

    pub(super) fn remark(&self) -> Option<Note> {
        (!self.kept.is_empty()).then(|| made_again(&self.kept))
    }
}

/// Why indexes are dropped and added as they are.
pub(in crate::schema::ddl::mysql) fn made_again(indexes: &[&Index]) -> Note {
    let names: Vec<String> = indexes.iter().map(|it| format!("`{}`", it.name)).collect();
    Note::remark(format!(
        "made again, since the server drops what it made for a foreign key when another serves: {}",
        names.join(", ")
    ))
}

/// MariaDB's word or MySQL's for what becomes of an index.
fn word(old: &Index, new: &Index) -> &'static str {
    let has = |index: &Index, key: &str| index.options.contains_key(key);
    if has(new, "ignored") {
        "IGNORED"
    } else if has(new, "invisible") {
        "INVISIBLE"
    } else if has(old, "ignored") {
        "NOT IGNORED"
    } else {
        "VISIBLE"
    }
}

/// Whether some of these columns are in an index, or what it computes uses them.
pub(super) fn stand_on(parts: &[Part], columns: &BTreeSet<&Text>) -> bool {
    parts.iter().any(|part| match &part.of {
        PartOf::Column(name) => columns.contains(name),
        PartOf::Expression(text) => columns.iter().any(|it| mentions(text.as_str(), it)),
    })
}

fn is_renamed(old: &Index, new: &Index) -> bool {
    let named = Index {
        name: new.name.clone(),
        ..old.clone()
    };
    named == *new
}

/// Whether only this differs, whether the server looks at it.
fn is_shown(old: &Index, new: &Index) -> bool {
    let bare = |index: &Index| {
        let mut index = index.clone();
        index.options.remove("ignored");
        index.options.remove("invisible");
        index
    };
    bare(old) == bare(new)
}

/// The index that serves a foreign key of these columns alone. If the server has made
/// it for a key, perhaps one that is gone, it drops it for the one that it makes for
/// this key, under this key's name.
pub(in crate::schema::ddl::mysql) fn serving<'a>(
    reference: &Reference,
    from: &'a Table,
    to: &Table,
) -> Option<&'a Index> {
    let serves = |it: &&Index| {
        !it.unique && it.method.is_none() && columns(it).into_iter().eq(&reference.columns)
    };
    let mut indexes = from.indexes.iter();
    indexes.find(|it| serves(it) && to.indexes.contains(it))
}

/// Whether an index is such as the server makes for a foreign key of its table.
fn serves_a_key(index: &Index, table: &Table) -> bool {
    let columns = columns(index);
    !index.unique
        && index.method.is_none()
        && table.constraints.iter().any(|it| match &it.rule {
            Rule::ForeignKey(reference) => columns.iter().copied().eq(&reference.columns),
            _ => false,
        })
}

fn is_wider(index: &Index, than: &Index) -> bool {
    index.method.is_none() && columns(index).starts_with(&columns(than))
}

/// The columns that an index begins with, if it holds them whole.
fn columns(index: &Index) -> Vec<&Text> {
    let whole = index.parts.iter().map_while(|part| match &part.of {
        PartOf::Column(name) if part.options.is_empty() => Some(name),
        _ => None,
    });
    whole.collect()
}
