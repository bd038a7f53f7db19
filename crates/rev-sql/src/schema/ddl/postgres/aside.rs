//! What goes, and whose name something else takes.
//!
//! Sequences, enums, other types and tables whose rows are a type go when the tables have changed, since until then
//! columns may stand on them. Whatever takes such a name is there before: so they get
//! another name first, and go under that. What stands on them stays with them, for the
//! server knows it by more than a name. The sequence of an identity or `serial` column steps aside
//! likewise, once its table has its new name.

use super::{name, qualified};
use crate::schema::ddl::{Note, Script};
use crate::schema::postgres::numbers::{own_sequence, own_sequences};
use crate::schema::{Alteration, Change, Diff, Kind, Name, TableChange, Text};

/// Something that goes late.
struct Leaving<'a> {
    /// How `ALTER` calls it.
    word: &'static str,
    /// The name that it has until then.
    name: std::borrow::Cow<'a, Name>,
    /// Whether it has this name only when all tables are renamed.
    is_named_late: bool,
}

/// Renames what goes and whose name is taken.
pub(super) fn before_renames(diff: &Diff, script: &mut Script) {
    write(diff, false, script);
}

/// Likewise what has got its name with its table.
pub(super) fn after_renames(diff: &Diff, script: &mut Script) {
    write(diff, true, script);
}

fn write(diff: &Diff, late: bool, script: &mut Script) {
    for it in leaving(diff).iter().filter(|it| it.is_named_late == late) {
        let Some(aside) = of(&it.name, diff) else {
            continue;
        };
        let why = format!("its name is taken before `{}` can go", it.name);
        script.push_noted(
            format!(
                "ALTER {} {} RENAME TO {}",
                it.word,
                qualified(&it.name),
                name(&aside.name)
            ),
            vec![Note::remark(why)],
        );
    }
}

/// What a sequence or type that goes is called by then.
pub(super) fn called(of_old: &Name, diff: &Diff) -> String {
    match of(of_old, diff) {
        Some(aside) => qualified(&aside),
        None => qualified(of_old),
    }
}

/// What goes when the tables have changed.
fn leaving(diff: &Diff) -> Vec<Leaving<'_>> {
    let holds_rows = |name: &Name| {
        let mut others = diff.from.stands_on.iter();
        // One that is made anew goes with it.
        let stays = |table: &Name| {
            diff.to.tables.contains_key(table)
                && !diff
                    .changes
                    .iter()
                    .any(|it| matches!(it, Change::DropTable(gone) if gone.name == *table))
        };
        // What it inherits from or is a part of it leaves early.
        let is_parent = |table: &Name| {
            let table = diff.from.tables.get(table);
            table.is_some_and(|it| it.parents.contains(name))
        };
        others.any(|(table, on)| on.contains(name) && stays(table) && !is_parent(table))
    };
    let early = |word, name| Leaving {
        word,
        name: std::borrow::Cow::Borrowed(name),
        is_named_late: false,
    };
    let mut found = Vec::new();
    for change in &diff.changes {
        match change {
            Change::DropTable(it) if holds_rows(&it.name) => found.push(early("TABLE", &it.name)),
            Change::DropSequence(it) => found.push(Leaving {
                is_named_late: !diff.before.sequences.contains_key(&it.name),
                ..early("SEQUENCE", &it.name)
            }),
            Change::DropEnum(it) => found.push(early("TYPE", &it.name)),
            Change::DropObject(it) if it.kind == Kind::Domain => {
                found.push(early("DOMAIN", &it.name));
            }
            Change::DropObject(it) if it.kind == Kind::Type => found.push(early("TYPE", &it.name)),
            Change::ChangeTable(it) => found.extend(own_gone(it).into_iter().map(|it| Leaving {
                word: "SEQUENCE",
                name: std::borrow::Cow::Owned(it),
                is_named_late: true,
            })),
            _ => {}
        }
    }
    found
}

/// The sequences of columns that these do not have any more under this name.
fn own_gone(change: &TableChange) -> Vec<Name> {
    let table = &change.to.name;
    let gone = change.alterations.iter().filter_map(|it| match it {
        Alteration::DropColumn(it) => own_sequence(table, it),
        Alteration::ChangeColumn { from, to } => {
            own_sequence(table, from).filter(|it| own_sequence(table, to).as_ref() != Some(it))
        }
        _ => None,
    });
    gone.collect()
}

/// Whether a change gives something this name: tables, sequences, views and types share their
/// names.
fn takes(change: &Change, called: &Name) -> bool {
    match change {
        Change::CreateTable(it) => {
            it.name == *called || own_sequences(it).any(|(_, name)| name == *called)
        }
        Change::ChangeTable(it) => {
            let table = &it.to.name;
            let of = |column| own_sequence(table, column).is_some_and(|it| it == *called);
            it.alterations.iter().any(|it| match it {
                Alteration::AddColumn(new) => of(new),
                Alteration::ChangeColumn { from, to } => of(to) && !of(from),
                _ => false,
            })
        }
        Change::CreateSequence(it) => it.name == *called,
        Change::ChangeSequence { from, to } => from.name != to.name && to.name == *called,
        Change::CreateEnum(it) => it.name == *called,
        Change::CreateObject(it) => {
            let kinds = [Kind::Domain, Kind::Type, Kind::View, Kind::MaterializedView];
            kinds.contains(&it.kind) && it.name == *called
        }
        _ => false,
    }
}

/// The name that is free both before and after, where its own is taken by another thing.
fn of(called: &Name, diff: &Diff) -> Option<Name> {
    if !diff.changes.iter().any(|it| takes(it, called)) {
        return None;
    }
    let schema = called.schema.as_ref();
    // Short enough whatever its letters; the place tells two that begin alike apart.
    let start: String = called.name.as_str().chars().take(10).collect();
    let place = leaving(diff).iter().position(|it| *it.name == *called)?;
    let is_free = |it: &Text| !diff.from.has(schema, it) && !diff.to.has(schema, it);
    let names = (0..).map(|more| Text::exact(format!("{start}_gone_{place}{}", "_".repeat(more))));
    let free = names.take(8).find(is_free)?;
    Some(Name {
        schema: called.schema.clone(),
        name: free,
    })
}
