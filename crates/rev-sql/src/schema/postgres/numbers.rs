//! How columns draw their numbers.
//!
//! `serial` is a spelling of a sequence that a column owns, and an identity has a sequence of
//! its own: one name of one schema each. Two schemas are compared by these sequences wherever
//! they do not both say `serial` of the same column, so that a change of form is a change of the
//! sequence that is there.

use std::collections::{BTreeMap, BTreeSet};

use rev_core::Dialect;

use super::cursor::Cursor;
use super::{default_name, expression};
use crate::schema::ddl::spell_name;
use crate::schema::{Column, Name, Options, Schema, Sequence, Table, Text};
use crate::split::{TokenKind, tokens};

/// A column of a schema: its table and name.
type Place = (Name, Text);

/// The sequence that a column draws from, whatever makes it do so.
pub(in crate::schema) fn drawn_from(table: &Name, column: &Column) -> Option<Name> {
    own_sequence(table, column).or_else(|| called(column.default.as_ref()?))
}

/// The sequence that comes and goes with a column: an identity's, or that of `serial`.
pub(in crate::schema) fn own_sequence(table: &Name, column: &Column) -> Option<Name> {
    let (_, options) = column.identity.as_ref()?;
    let stated = options
        .get("sequence name")
        .map(|it| Text::exact(it.as_str()));
    Some(Name {
        schema: table.schema.clone(),
        name: stated.or_else(|| default_name::of_sequence(&table.name, &column.name))?,
    })
}

fn is_serial(column: &Column) -> bool {
    matches!(&column.identity, Some((kind, _)) if kind == "serial")
}

/// The sequence in `nextval('name'::regclass)`, where that is all.
fn called(default: &Text) -> Option<Name> {
    let found = tokens(default.as_str(), Dialect::Postgres);
    let [call, open, text, a, b, class, close] = found.as_slice() else {
        return None;
    };
    let is_call = call.is("nextval")
        && open.is_symbol("(")
        && text.kind == TokenKind::Text
        && a.is_symbol(":")
        && b.is_symbol(":")
        && class.is("regclass")
        && close.is_symbol(")");
    let inner = text.text.strip_prefix('\'')?.strip_suffix('\'')?;
    let inner = inner.replace("''", "'");
    let (schema, name) = is_call.then(|| Cursor::new(&inner).qualified())??;
    Some(Name { schema, name })
}

/// As expressions of the server name a sequence.
fn literal(sequence: &Name) -> String {
    let spelt = spell_name(sequence, Dialect::Postgres);
    format!("'{}'::regclass", spelt.replace('\'', "''"))
}

/// Makes two schemas comparable: sequences that one of them has in another form are sequences in
/// both, and those that columns draw from under another name are renamed. Returns those that were
/// `serial` on one side.
pub(in crate::schema) fn settle(from: &mut Schema, to: &mut Schema) -> BTreeSet<Name> {
    let (old, new) = (Drawn::of(from), Drawn::of(to));
    let mut unfolded = unfold(from, &old, to, &new);
    unfolded.extend(unfold(to, &new, from, &old));
    for (old, new) in renamed(from, to) {
        rename(from, &old, &new);
    }
    unfolded
}

/// What the columns of a schema say of their sequences.
struct Drawn {
    /// Sequences that stand by themselves.
    alone: BTreeSet<Name>,
    /// Those of `serial` columns.
    serial: BTreeMap<Name, Place>,
    /// Those of identities.
    identity: BTreeSet<Name>,
}

impl Drawn {
    fn of(schema: &Schema) -> Self {
        let mut drawn = Self {
            alone: schema.sequences.keys().cloned().collect(),
            serial: BTreeMap::new(),
            identity: BTreeSet::new(),
        };
        for table in schema.tables.values() {
            for column in &table.columns {
                let Some(sequence) = own_sequence(&table.name, column) else {
                    continue;
                };
                if is_serial(column) {
                    let place = (table.name.clone(), column.name.clone());
                    drawn.serial.insert(sequence, place);
                } else {
                    drawn.identity.insert(sequence);
                }
            }
        }
        drawn
    }
}

/// Writes `serial` as what it stands for, where the other schema does not say it of the same
/// column, or has its sequence elsewhere.
fn unfold(schema: &mut Schema, own: &Drawn, other: &Schema, others: &Drawn) -> BTreeSet<Name> {
    let mut unfolded = BTreeSet::new();
    for (sequence, place) in &own.serial {
        let column = other.tables.get(&place.0);
        let column = column.and_then(|it| it.column(&place.1));
        let is_same = column.is_none_or(is_serial)
            && !others.alone.contains(sequence)
            && !others.identity.contains(sequence)
            && others.serial.get(sequence).is_none_or(|it| it == place);
        if is_same {
            continue;
        }
        unfolded.insert(sequence.clone());
        let table = schema.tables.get_mut(&place.0);
        let is_unlogged = { table.as_ref() }.is_some_and(|it| it.options.contains_key("unlogged"));
        let columns = table.into_iter().flat_map(|it| &mut it.columns);
        for column in columns.filter(|it| it.name == place.1) {
            column.identity = None;
            column.default = Some(expression(&format!("nextval({})", literal(sequence))));
            let mut options = Options::new();
            if column.type_name.as_str() != "bigint" {
                options.insert("as".to_owned(), column.type_name.to_string());
            }
            if is_unlogged {
                options.insert("unlogged".to_owned(), String::new());
            }
            let found = Sequence {
                name: sequence.clone(),
                options,
                owner: Some(place.clone()),
                comment: None,
            };
            schema.sequences.insert(sequence.clone(), found);
        }
    }
    unfolded
}

/// The sequences that a column draws from under another name from now on, when nothing keeps the
/// old name and nothing had the new one.
fn renamed(from: &Schema, to: &Schema) -> BTreeMap<Name, Name> {
    let (was, is) = (Drawn::of(from), Drawn::of(to));
    let mut renamed: BTreeMap<Name, Name> = BTreeMap::new();
    for table in from.tables.values() {
        let Some(new) = to.tables.get(&table.name) else {
            continue;
        };
        for column in &table.columns {
            let other = new.column(&column.name).and_then(|it| it.default.as_ref());
            let pair = column
                .default
                .as_ref()
                .and_then(called)
                .zip(other.and_then(called));
            let Some((old, new)) = pair else { continue };
            let is_free = |it: &Name| {
                !was.alone.contains(it)
                    && !was.identity.contains(it)
                    && !was.serial.contains_key(it)
            };
            let is_left = |it: &Name| {
                !is.alone.contains(it) && !is.identity.contains(it) && !is.serial.contains_key(it)
            };
            // One that a table owns stays in the schema of the table.
            let may = old.schema == new.schema && is_left(&old) && is_free(&new);
            let is_both = was.alone.contains(&old) && is.alone.contains(&new);
            if may && is_both && !renamed.values().any(|it| *it == new) {
                renamed.entry(old).or_insert(new);
            }
        }
    }
    renamed
}

/// Names a sequence by its new name; the sequence itself still says the old one.
fn rename(schema: &mut Schema, from: &Name, to: &Name) {
    if let Some(sequence) = schema.sequences.remove(from) {
        schema.sequences.insert(to.clone(), sequence);
        follow(schema, from, to);
    }
}

/// Gives what names a sequence its new name, as the server does.
fn follow(schema: &mut Schema, from: &Name, to: &Name) {
    let (old, new) = (literal(from), literal(to));
    let columns = schema.tables.values_mut().flat_map(|it| &mut it.columns);
    for default in columns.filter_map(|it| it.default.as_mut()) {
        if default.as_str().contains(&old) {
            *default = expression(&default.as_str().replace(&old, &new));
        }
    }
    for needs in schema.stands_on.values_mut() {
        if needs.remove(from) {
            needs.insert(to.clone());
        }
    }
}

/// Takes the sequences that a table owns along into the schema that it moves to, as the server
/// does.
pub(in crate::schema) fn move_along(schema: &mut Schema, table: &Name, to: &Name) {
    let is_its = |it: &Sequence| {
        it.name.schema == table.schema && it.owner.as_ref().is_some_and(|(of, _)| of == table)
    };
    let owned: Vec<Name> = schema
        .sequences
        .values()
        .filter(|it| table.schema != to.schema && is_its(it))
        .map(|it| it.name.clone())
        .collect();
    for old in owned {
        let new = Name {
            schema: to.schema.clone(),
            name: old.name.clone(),
        };
        if let Some(mut sequence) = schema.sequences.remove(&old) {
            sequence.name = new.clone();
            schema.sequences.insert(new.clone(), sequence);
            follow(schema, &old, &new);
        }
    }
}

/// The columns that draw from a sequence of their own, each with its name.
pub(in crate::schema) fn own_sequences(table: &Table) -> impl Iterator<Item = (&Column, Name)> {
    let columns = table.columns.iter();
    columns.filter_map(|it| Some((it, own_sequence(&table.name, it)?)))
}
