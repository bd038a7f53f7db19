//! What goes, and whose name something else takes.
//!
//! Sequences, enums, other types and tables whose rows are a type go when the tables have changed, since until then
//! columns may stand on them. Whatever takes such a name is there before: so they get
//! another name first, and go under that. What stands on them stays with them, for the
//! server knows it by more than a name.

use super::{name, qualified};
use crate::schema::ddl::{Note, Script};
use crate::schema::{Change, Diff, Kind, Name, Text};

/// Renames all that goes and whose name is taken.
pub(super) fn write(diff: &Diff, script: &mut Script) {
    for change in &diff.changes {
        if let Some((word, called)) = goes_late(change, diff)
            && let Some(aside) = of(called, diff)
        {
            let why = format!("its name is taken before `{called}` can go");
            script.push_noted(
                format!(
                    "ALTER {word} {} RENAME TO {}",
                    qualified(called),
                    name(&aside.name)
                ),
                vec![Note::remark(why)],
            );
        }
    }
}

/// What a sequence or type that goes is called by then.
pub(super) fn called(of_old: &Name, diff: &Diff) -> String {
    match of(of_old, diff) {
        Some(aside) => qualified(&aside),
        None => qualified(of_old),
    }
}

/// What goes when the tables have changed: how `ALTER` calls it, and its name.
fn goes_late<'a>(change: &'a Change, diff: &Diff) -> Option<(&'static str, &'a Name)> {
    let holds_rows = |name: &Name| {
        let mut others = diff.from.stands_on.iter();
        others.any(|(table, on)| diff.to.tables.contains_key(table) && on.contains(name))
    };
    match change {
        Change::DropTable(it) if holds_rows(&it.name) => Some(("TABLE", &it.name)),
        Change::DropSequence(it) => Some(("SEQUENCE", &it.name)),
        Change::DropEnum(it) => Some(("TYPE", &it.name)),
        Change::DropObject(it) if it.kind == Kind::Domain => Some(("DOMAIN", &it.name)),
        Change::DropObject(it) if it.kind == Kind::Type => Some(("TYPE", &it.name)),
        _ => None,
    }
}

/// The name that is free both before and after, where its own is taken by another kind of
/// thing: tables, sequences, views and types share their names.
fn of(called: &Name, diff: &Diff) -> Option<Name> {
    let is_taken = diff.changes.iter().any(|change| match change {
        Change::CreateTable(it) => it.name == *called,
        Change::CreateSequence(it) => it.name == *called,
        Change::CreateEnum(it) => it.name == *called,
        Change::CreateObject(it) => {
            let kinds = [Kind::Domain, Kind::Type, Kind::View, Kind::MaterializedView];
            kinds.contains(&it.kind) && it.name == *called
        }
        _ => false,
    });
    if !is_taken {
        return None;
    }
    let schema = called.schema.as_ref();
    // Short enough whatever its letters; the place tells two that begin alike apart.
    let start: String = called.name.as_str().chars().take(10).collect();
    let place = diff
        .changes
        .iter()
        .position(|it| goes_late(it, diff).is_some_and(|it| it.1 == called))?;
    let is_free = |it: &Text| !diff.from.has(schema, it) && !diff.to.has(schema, it);
    let names = (0..).map(|more| Text::exact(format!("{start}_gone_{place}{}", "_".repeat(more))));
    let free = names.take(8).find(is_free)?;
    Some(Name {
        schema: called.schema.clone(),
        name: free,
    })
}
