//! Notes on what a filter leaves out: a step may touch something that it stands on, or
//! may need it.

use rev_core::Dialect;

use super::{Note, Step};
use crate::schema::rename::mentions;
use crate::schema::{
    Alteration, Change, Constraint, Diff, Kind, Name, Object, Rename, Rule, Table, Text,
};

/// The notes on a step.
pub(super) fn notes(step: Step<'_>, diff: &Diff, dialect: Dialect) -> Vec<Note> {
    match step {
        Step::DropTable(table) => without_table(table, diff),
        Step::ChangeTable(change) => {
            let gone = change.alterations.iter().filter_map(|it| match it {
                Alteration::DropColumn(column) => Some(&column.name),
                _ => None,
            });
            let new = change.alterations.iter().filter_map(|it| match it {
                Alteration::AddConstraint(constraint) => Some(constraint),
                _ => None,
            });
            let gone = gone.flat_map(|it| without_column(&change.to.name, it, diff, dialect));
            gone.chain(leads_nowhere(new, diff)).collect()
        }
        Step::CreateTable(table) => leads_nowhere(table.constraints.iter(), diff),
        Step::AddForeignKey(_, key) => leads_nowhere([key].into_iter(), diff),
        Step::Rename(rename) => not_followed(rename, diff, dialect),
        Step::CreateObject(object) if diff.left_out.contains(&object.handle()) => {
            let text = format!(
                "{} is left out: it has to go meanwhile, and is made again as it was",
                title(object)
            );
            vec![Note::remark(text)]
        }
        _ => Vec::new(),
    }
}

/// The objects that are left out and use a table.
fn users<'a>(name: &'a Name, diff: &'a Diff) -> impl Iterator<Item = &'a Object> {
    let out = diff.left_out.iter();
    let objects = out.filter_map(|handle| diff.to.objects.get(handle));
    objects.filter(move |it| it.needs.contains(name) || it.on.as_ref() == Some(name))
}

fn title(object: &Object) -> String {
    format!("{} `{}`", object.kind.noun(), object.name)
}

fn without_table(table: &Table, diff: &Diff) -> Vec<Note> {
    let is_remade =
        |change: &Change| matches!(change, Change::CreateTable(it) if it.name == table.name);
    if diff.changes.iter().any(is_remade) {
        return Vec::new();
    }
    let objects = users(&table.name, diff).map(title);
    let refers = |other: &&Table| other.references().any(|it| it.table == table.name);
    let tables = diff.to.tables.values().filter(refers);
    let tables = tables.map(|it| format!("table `{}`", it.name));
    objects
        .chain(tables)
        .map(|it| Note::decide(format!("{it} is left out, and still uses what goes here")))
        .collect()
}

fn without_column(table: &Name, column: &Text, diff: &Diff, dialect: Dialect) -> Vec<Note> {
    let uses = |object: &&Object| {
        let mut texts = object.create.iter();
        texts.any(|it| mentions(it.as_str(), column, dialect))
    };
    users(table, diff)
        .filter(uses)
        .map(|it| {
            Note::decide(format!(
                "{} is left out, and may still use `{table}.{column}`",
                title(it)
            ))
        })
        .collect()
}

/// New keys to tables that are not there, since they are left out.
fn leads_nowhere<'a>(new: impl Iterator<Item = &'a Constraint>, diff: &Diff) -> Vec<Note> {
    let targets = new.filter_map(|it| match &it.rule {
        Rule::ForeignKey(reference) => Some(&reference.table),
        _ => None,
    });
    targets
        .filter(|name| diff.is_filtered && !diff.to.tables.contains_key(name))
        .map(|name| {
            Note::decide(format!(
                "`{name}`, to which this refers, is left out and not there"
            ))
        })
        .collect()
}

/// What goes on under the old name: nothing where the engine gives it the new one.
fn not_followed(rename: &Rename, diff: &Diff, dialect: Dialect) -> Vec<Note> {
    if !diff.renames.contains(rename) {
        return Vec::new();
    }
    let name = match rename {
        Rename::Table { from, .. } => &from.name,
        Rename::Column { from, .. } => from,
    };
    let stays = |kind: Kind| match dialect {
        Dialect::Sqlite => false,
        Dialect::Postgres => kind == Kind::Routine,
        Dialect::Mysql => true,
    };
    let uses = |it: &&Object| {
        stays(it.kind) && (it.create.iter()).any(|text| mentions(text.as_str(), name, dialect))
    };
    let out = diff.left_out.iter();
    out.filter_map(|handle| diff.from.objects.get(handle))
        .filter(uses)
        .map(|it| {
            Note::decide(format!(
                "{} is left out, and may still say `{name}`",
                title(it)
            ))
        })
        .collect()
}
