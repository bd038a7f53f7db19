//! Foreign keys: which come along with a new table, which are in the way, and what
//! constraints are really called whose names the server has made up.

use std::collections::{BTreeMap, BTreeSet};

use super::{Name, name};
use crate::schema::ddl::order::tables_new;
use crate::schema::{
    Alteration, Change, Column, Constraint, Diff, Part, PartOf, Reference, Rule, Table,
    TableChange, Text,
};

/// What is known of the foreign keys of a diff.
pub(super) struct Keys<'a> {
    /// New tables, in the order in which they are made.
    new: BTreeMap<&'a Name, usize>,
    /// Tables that change.
    changed: BTreeMap<&'a Name, &'a TableChange>,
    /// Columns that no key may hold while they change.
    held: BTreeSet<(&'a Name, &'a Text)>,
}

impl<'a> Keys<'a> {
    pub(super) fn of(diff: &'a Diff) -> Self {
        let new = tables_new(diff).into_iter().map(|table| &table.name);
        let changes: Vec<&TableChange> = diff
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::ChangeTable(it) => Some(it),
                _ => None,
            })
            .collect();
        let held = changes.iter().flat_map(|change| {
            let columns = change.alterations.iter().filter_map(|it| match it {
                Alteration::ChangeColumn { from, to } if is_held(from, to) => Some(&from.name),
                _ => None,
            });
            columns.map(|column| (&change.from.name, column))
        });
        Self {
            held: held.collect(),
            changed: changes.iter().map(|it| (&it.to.name, *it)).collect(),
            new: new.zip(0..).collect(),
        }
    }

    /// Whether all that a key of a new table refers to is there when it is made.
    pub(super) fn comes_along(&self, table: &Table, key: &Constraint) -> bool {
        let Rule::ForeignKey(reference) = &key.rule else {
            return false;
        };
        match (self.new.get(&table.name), self.new.get(&reference.table)) {
            (Some(own), Some(other)) => other <= own,
            (Some(_), None) => {
                let change = self.changed.get(&reference.table);
                change.is_none_or(|change| self.is_there(change, reference))
            }
            (None, _) => false,
        }
    }

    /// Whether a table that changes has what a key refers to before it does, and after.
    fn is_there(&self, change: &TableChange, reference: &Reference) -> bool {
        let table = &change.to.name;
        let stays = |column: &Text| {
            change.from.column(column).is_some() && !self.held.contains(&(table, column))
        };
        let begins_with = |parts: &[Part]| {
            let columns = parts.iter().map(|part| match &part.of {
                PartOf::Column(name) => Some(name),
                PartOf::Expression(_) => None,
            });
            let wanted = reference.targets.len();
            columns.take(wanted).eq(reference.targets.iter().map(Some))
        };
        let primary = |table: &Table| table.primary_key().is_some_and(begins_with);
        let mut indexes = change.from.indexes.iter();
        let is_indexed = (primary(&change.from) && primary(&change.to))
            || indexes.any(|it| change.to.indexes.contains(it) && begins_with(&it.parts));
        is_indexed && reference.targets.iter().all(stays)
    }

    /// Whether a column at one of a key's ends changes in a way that the server
    /// refuses while the key is there.
    pub(super) fn is_in_the_way(&self, table: &Table, key: &Constraint) -> bool {
        let Rule::ForeignKey(Reference {
            columns,
            table: target,
            targets,
            ..
        }) = &key.rule
        else {
            return false;
        };
        columns
            .iter()
            .any(|it| self.held.contains(&(&table.name, it)))
            || targets.iter().any(|it| self.held.contains(&(target, it)))
    }
}

fn is_held(from: &Column, to: &Column) -> bool {
    (
        &from.type_name,
        &from.collation,
        &from.generated,
        from.nullable,
    ) != (&to.type_name, &to.collation, &to.generated, to.nullable)
}

/// The number in a name that the server has made up.
pub(super) fn made_up_number(constraint: &Constraint) -> Option<u64> {
    let name = constraint.name.as_ref()?;
    let digits = name.as_str().rsplit('_').next()?;
    let is_made_up = name.key().is_empty();
    is_made_up.then(|| digits.parse().ok())?
}

/// The name of a constraint of this table in the database, as a statement spells it.
///
/// Names that the server makes up are not compared, so those of a schema that was
/// declared may be taken by other constraints in the database. There they are numbered
/// on; the way back knows by the same rule.
pub(super) fn called(constraint: &Constraint, table: &Table, diff: &Diff) -> String {
    let Some(own) = &constraint.name else {
        return String::new();
    };
    let Some(number) = made_up_number(constraint) else {
        return name(own);
    };
    let (real, declared) = match diff.is_way_back {
        false => (&diff.from, &diff.to),
        true => (&diff.to, &diff.from),
    };
    let real = real.tables.get(&table.name);
    let declared = declared.tables.get(&table.name);
    let number = match real {
        Some(real) => real_number(constraint, number, real, declared),
        None => number,
    };
    name(&Text::exact(numbered(constraint, number, table)))
}

fn real_number(
    constraint: &Constraint,
    number: u64,
    real: &Table,
    declared: Option<&Table>,
) -> u64 {
    let is_alike = |it: &&Constraint| stem(it) == stem(constraint);
    if let Some(known) = real.constraints.iter().find(|it| *it == constraint) {
        return made_up_number(known).unwrap_or(number);
    }
    let stays =
        |it: &&Constraint| declared.is_some_and(|declared| declared.constraints.contains(it));
    let numbers = |table: &Table, stays: &dyn Fn(&&Constraint) -> bool| -> BTreeSet<u64> {
        let alike = table
            .constraints
            .iter()
            .filter(is_alike)
            .filter(|it| stays(it));
        alike.filter_map(made_up_number).collect()
    };
    let taken = numbers(real, &stays);
    if !taken.contains(&number) {
        return number;
    }
    let all = numbers(real, &|_| true);
    let declared = declared
        .map(|it| numbers(it, &|_| true))
        .unwrap_or_default();
    let highest = all.union(&declared).max().copied().unwrap_or_default();
    // Those that are numbered on keep their order.
    let before = declared.intersection(&taken).filter(|it| **it < number);
    highest + 1 + before.count() as u64
}

/// How a made-up name is told from those of other kinds.
fn stem(constraint: &Constraint) -> &'static str {
    let name = constraint.name.as_ref().map_or("", Text::as_str);
    let stems = ["_ibfk_", "_chk_"];
    let stem = stems.into_iter().find(|stem| name.contains(stem));
    stem.unwrap_or("CONSTRAINT_")
}

/// A made-up name with this number. The server renames it with its table.
fn numbered(constraint: &Constraint, number: u64, table: &Table) -> String {
    match stem(constraint) {
        stem if stem.starts_with('_') => format!("{}{stem}{number}", table.name.name),
        stem => format!("{stem}{number}"),
    }
}
