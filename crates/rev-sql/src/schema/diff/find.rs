//! What differs, found by name; of constraints and indexes by all that they say.

use std::collections::{BTreeMap, BTreeSet};

use super::{Alteration, Change, TableChange, inheritance};
use rev_core::Dialect;

use crate::schema::ddl::spell_name;
use crate::schema::postgres::default_name::mentions;
use crate::schema::rename::family;
use crate::schema::{Column, Enumeration, Kind, Name, Schema, Table, Text};

/// All that is to be done to get from one schema to another, but for renames.
pub(super) fn changes(from: &Schema, to: &Schema) -> Vec<Change> {
    let mut changes = namespaces(from, to);
    let remade = remade(from, to);
    let tables = (&from.tables, &to.tables);
    compare(
        &from.enums,
        &to.enums,
        &mut changes,
        Change::CreateEnum,
        Change::DropEnum,
        where_unequal(|from, to| Change::ChangeEnum { from, to }),
    );
    compare(
        &from.sequences,
        &to.sequences,
        &mut changes,
        Change::CreateSequence,
        Change::DropSequence,
        where_unequal(|from, to| Change::ChangeSequence { from, to }),
    );
    compare(
        &from.tables,
        &to.tables,
        &mut changes,
        Change::CreateTable,
        Change::DropTable,
        |from, to| {
            let stays = !remade.contains(&from.name);
            let change = stays.then(|| heir(from, to, tables)).flatten();
            change.map(Change::ChangeTable)
        },
    );
    for name in &remade {
        changes.push(Change::DropTable(from.tables[*name].clone()));
        changes.push(Change::CreateTable(to.tables[*name].clone()));
    }
    compare(
        &from.objects,
        &to.objects,
        &mut changes,
        Change::CreateObject,
        Change::DropObject,
        where_unequal(|from, to| Change::ChangeObject { from, to }),
    );
    changes
}

/// The tables that can only be dropped and made anew, with all that inherit from them.
fn remade<'a>(from: &'a Schema, to: &Schema) -> BTreeSet<&'a Name> {
    let mut remade = BTreeSet::new();
    let recast = recast(from, to);
    let keys: BTreeMap<&Name, Vec<&str>> =
        from.tables.keys().map(|it| (it, keys(it, from))).collect();
    loop {
        let is_remade = |table: &&Table| {
            to.tables.get(&table.name).is_some_and(|new| {
                let mut parents = table.parents.iter().chain(&new.parents);
                table.nature != new.nature
                    || parents.any(|it| remade.contains(it))
                    || is_parted_anew(table, new, &keys[&table.name], &recast)
            })
        };
        let found: BTreeSet<&Name> = from
            .tables
            .values()
            .filter(is_remade)
            .map(|it| &it.name)
            .collect();
        if found.len() == remade.len() {
            return remade;
        }
        remade = found;
    }
}

/// Enums of PostgreSQL whose columns have to be cast, since a label goes or moves.
fn recast<'a>(from: &'a Schema, to: &Schema) -> BTreeSet<&'a Name> {
    let is_recast = |old: &&Enumeration| {
        to.enums.get(&old.name).is_some_and(|new| {
            let mut labels = new.labels.iter();
            !old.labels.iter().all(|it| labels.any(|label| label == it))
        })
    };
    let enums = from.enums.values().filter(is_recast);
    enums.map(|it| &it.name).collect()
}

/// The keys of partitions of a table, and of its partitions that are parted again by its columns.
fn keys<'a>(name: &'a Name, schema: &'a Schema) -> Vec<&'a str> {
    let key = |it: &Name| schema.tables.get(it)?.nature.get("partition by");
    let family = family(schema, name);
    let keys = family.iter().filter_map(key);
    keys.map(String::as_str).collect()
}

/// Whether a column changes by which rows go to partitions: no server alters its type.
fn is_parted_anew(from: &Table, to: &Table, keys: &[&str], recast: &BTreeSet<&Name>) -> bool {
    let is_key = |column: &Text| {
        let mut keys = keys.iter();
        keys.any(|it| mentions(&Text::exact(*it), column))
    };
    let is_recast = |it: &Column| {
        let own = it.type_name.as_str();
        recast
            .iter()
            .any(|name| spell_name(name, Dialect::Postgres) == own)
    };
    let mut columns = from.columns.iter().filter(|it| is_key(&it.name));
    columns.any(|old| {
        to.column(&old.name).is_some_and(|new| {
            is_recast(old) || (&old.type_name, &old.collation) != (&new.type_name, &new.collation)
        })
    })
}

fn namespaces(from: &Schema, to: &Schema) -> Vec<Change> {
    let new = to.namespaces.difference(&from.namespaces).cloned();
    let gone = from.namespaces.difference(&to.namespaces).cloned();
    new.map(Change::CreateNamespace)
        .chain(gone.map(Change::DropNamespace))
        .collect()
}

/// What changes a thing as a whole, where it is another one.
fn where_unequal<V: Clone + PartialEq>(
    change: impl Fn(V, V) -> Change,
) -> impl Fn(&V, &V) -> Option<Change> {
    move |from, to| (from != to).then(|| change(from.clone(), to.clone()))
}

/// Adds what differs between two maps, told apart by their keys.
fn compare<K: Ord, V: Clone>(
    from: &BTreeMap<K, V>,
    to: &BTreeMap<K, V>,
    changes: &mut Vec<Change>,
    create: impl Fn(V) -> Change,
    drop: impl Fn(V) -> Change,
    change: impl Fn(&V, &V) -> Option<Change>,
) {
    for (key, old) in from {
        match to.get(key) {
            None => changes.push(drop(old.clone())),
            Some(new) => changes.extend(change(old, new)),
        }
    }
    let new = to.iter().filter(|(key, _)| !from.contains_key(key));
    changes.extend(new.map(|(_, value)| create(value.clone())));
}

type Tables = BTreeMap<Name, Table>;

/// What differs between two tables of one name, which may inherit: what changes a column of a
/// parent gives it the parent's default, also where the heir has one of its own.
fn heir(from: &Table, to: &Table, (before, after): (&Tables, &Tables)) -> Option<TableChange> {
    let mut found = table(from, to);
    if inheritance::moves(from, to) {
        return found;
    }
    for new in &to.columns {
        let Some(old) = from.any_column(&new.name) else {
            continue;
        };
        let changed = to.parents.iter().find_map(|parent| {
            let was = before.get(parent)?.any_column(&new.name)?;
            let is = after.get(parent)?.any_column(&new.name)?;
            let differs = (&was.default, was.nullable) != (&is.default, is.nullable);
            differs.then_some(is)
        });
        let Some(is) = changed else {
            continue;
        };
        let given = Column {
            default: is.default.clone(),
            nullable: is.nullable,
            ..old.clone()
        };
        let change = found.get_or_insert_with(|| TableChange {
            from: from.clone(),
            to: to.clone(),
            alterations: Vec::new(),
        });
        let is_it = |it: &Alteration| match it {
            Alteration::ChangeColumn { to, .. } => to.name == new.name,
            _ => false,
        };
        change.alterations.retain(|it| !is_it(it));
        if given != *new {
            change.alterations.push(Alteration::ChangeColumn {
                from: given,
                to: new.clone(),
            });
        }
    }
    let whole = |it: &Table| it.whole.as_deref().cloned().unwrap_or_else(|| it.clone());
    let (was, is) = (whole(from), whole(to));
    let mut gone = Vec::new();
    for column in was
        .columns
        .iter()
        .filter(|it| from.again.contains(&it.name))
    {
        if is.column(&column.name).is_none() && from.column(&column.name).is_none() {
            gone.push(Alteration::DropColumn(column.clone()));
        }
    }
    for check in was.constraints.iter().filter(|it| it.kind() == Kind::Check) {
        let is_again = check
            .name
            .as_ref()
            .is_some_and(|it| from.again.contains(it));
        if is_again && !is.constraints.iter().any(|it| it.rule == check.rule) {
            gone.push(Alteration::DropConstraint(check.clone()));
        }
    }
    if !gone.is_empty() {
        let change = found.get_or_insert_with(|| TableChange {
            from: from.clone(),
            to: to.clone(),
            alterations: Vec::new(),
        });
        change.alterations.extend(gone);
    }
    found.filter(|it| !it.alterations.is_empty())
}

/// What differs between two tables of one name, if anything.
pub(in crate::schema) fn table(from: &Table, to: &Table) -> Option<TableChange> {
    let mut alterations = Vec::new();
    let flat;
    let (from, to) = if inheritance::moves(from, to) {
        if from.parents != to.parents {
            alterations.push(Alteration::ChangeParents {
                from: from.parents.clone(),
                to: to.parents.clone(),
            });
        }
        let left = inheritance::by_itself(from);
        let joins = inheritance::to_join(to, &left);
        flat = (left, joins);
        (&flat.0, &flat.1)
    } else {
        (from, to)
    };
    for old in &from.columns {
        match to.any_column(&old.name) {
            None => alterations.push(Alteration::DropColumn(old.clone())),
            Some(new) if new != old => alterations.push(Alteration::ChangeColumn {
                from: old.clone(),
                to: new.clone(),
            }),
            Some(_) => {}
        }
    }
    let is_new = |column: &&Column| from.column(&column.name).is_none();
    for new in to.columns.iter().filter(is_new) {
        match from.any_column(&new.name) {
            None => alterations.push(Alteration::AddColumn(new.clone())),
            Some(old) if old != new => alterations.push(Alteration::ChangeColumn {
                from: old.clone(),
                to: new.clone(),
            }),
            Some(_) => {}
        }
    }
    let (gone, new) = apart(&from.constraints, &to.constraints);
    alterations.extend(gone.into_iter().map(Alteration::DropConstraint));
    alterations.extend(new.into_iter().map(Alteration::AddConstraint));
    let (gone, new) = apart(&from.indexes, &to.indexes);
    alterations.extend(gone.into_iter().map(Alteration::DropIndex));
    alterations.extend(new.into_iter().map(Alteration::AddIndex));
    if inheritance::options(from) != inheritance::options(to)
        || from.parents == to.parents && from.options != to.options
    {
        alterations.push(Alteration::ChangeOptions {
            from: from.options.clone(),
            to: to.options.clone(),
        });
    }
    if from.comment != to.comment {
        alterations.push(Alteration::ChangeComment {
            from: from.comment.clone(),
            to: to.comment.clone(),
        });
    }
    (!alterations.is_empty()).then(|| TableChange {
        from: from.clone(),
        to: to.clone(),
        alterations,
    })
}

/// What only the first list has, and what only the second, each as often.
fn apart<T: Clone + PartialEq>(from: &[T], to: &[T]) -> (Vec<T>, Vec<T>) {
    let mut new = to.to_vec();
    let mut gone = Vec::new();
    for old in from {
        match new.iter().position(|it| it == old) {
            Some(index) => drop(new.remove(index)),
            None => gone.push(old.clone()),
        }
    }
    (gone, new)
}
