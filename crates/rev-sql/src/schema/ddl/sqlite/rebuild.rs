//! The rebuild of a table: a new one, its rows, the old one's name.
//! <https://sqlite.org/lang_altertable.html#otheralter>
//!
//! Foreign keys are off meanwhile and looked at afterwards: the executor sees to it
//! wherever a script drops or renames a table. Views and triggers that mention the
//! table are out of the way by then and come back later: see `order`.

use rev_core::Dialect;

use super::in_place::mentions;
use super::{create, name};
use crate::schema::ddl::{Note, Script, filling, rows};
use crate::schema::sqlite::table::row_id;
use crate::schema::{Alteration, Column, Diff, Kind, Object, Table, TableChange, Text};

/// Adds the rebuild of a table.
pub(super) fn write(change: &TableChange, diff: &Diff, script: &mut Script) {
    let copy = Copy::of(change, diff);
    let (old, new) = (&change.from.name.name, free_name(change, diff));
    let note = Note::remark(format!(
        "SQLite cannot do this to `{old}` in place: a new table takes the rows and the name"
    ));
    script.push_noted(create::table(&change.to, &new), vec![note]);
    if is_counted(&change.from) && is_counted(&change.to) {
        let text = format!(
            "INSERT INTO sqlite_sequence (name, seq)\n\
             SELECT {}, seq FROM sqlite_sequence WHERE name = {}",
            string(&new),
            string(old)
        );
        let note = "ids of rows that are gone are not given again";
        script.push_noted(text, vec![Note::remark(note)]);
    }
    let mut columns: Vec<String> = copy.columns.iter().map(|it| name(it)).collect();
    let (mut values, mut notes) = (copy.values, copy.notes);
    if let Some((row_id, user)) = used_row_id(change, diff) {
        columns.insert(0, row_id.to_owned());
        values.insert(0, row_id.to_owned());
        notes.push(Note::remark(format!(
            "`{}` uses the rowids of `{old}`, so they stay",
            user.name
        )));
    }
    let values = match filled(&values) {
        lines if lines.starts_with('\n') => lines,
        line => format!(" {line}"),
    };
    let columns = match filled(&columns) {
        lines if lines.starts_with('\n') => format!("{lines}\n"),
        line => line,
    };
    // A conflict clause of the table would drop rows in silence: the statement's own
    // goes before it, so that the step fails instead.
    let insert = match has_conflict_clause(&change.to) {
        true => "INSERT OR ABORT INTO",
        false => "INSERT INTO",
    };
    let text = format!(
        "{insert} {} ({columns})\nSELECT{values}\nFROM {}",
        name(&new),
        name(old)
    );
    script.push_noted(text, notes);
    script.push(format!("DROP TABLE {}", name(old)));
    script.push(format!(
        "ALTER TABLE {} RENAME TO {}",
        name(&new),
        name(old)
    ));
    for index in &change.to.indexes {
        script.push(create::index(index, &change.to));
    }
}

fn has_conflict_clause(table: &Table) -> bool {
    let mut rules = table.constraints.iter();
    let mut columns = table.columns.iter();
    rules.any(|it| it.options.contains_key("on conflict"))
        || columns.any(|it| it.options.contains_key("not null on conflict"))
}

/// The rows' hidden numbers by a name that no column has, where an object uses them and
/// they are no column: else SQLite may give others to the copies.
fn used_row_id<'a>(change: &TableChange, diff: &'a Diff) -> Option<(&'static str, &'a Object)> {
    let both = [&change.from, &change.to];
    let has_none = |table: &&Table| table.options.contains_key("without rowid");
    if row_id(&change.to).is_some() || both.iter().any(has_none) {
        return None;
    }
    let is_column = |word: &str| {
        let word = crate::schema::sqlite::name(word);
        both.iter().any(|table| table.column(&word).is_some())
    };
    let user = diff.to.objects.values().find(|object| {
        let is_over = |name| object.needs.contains(name) || object.on.as_ref() == Some(name);
        let names_one = |text: &Text| {
            let mut words = ROW_IDS.iter().filter(|word| !is_column(word));
            words.any(|word| mentions(text, &crate::schema::sqlite::name(word)))
        };
        let is_index = object.kind == Kind::VirtualTable;
        is_over(&change.to.name) && (is_index || object.create.iter().any(names_one))
    })?;
    let word = ROW_IDS.into_iter().find(|word| !is_column(word))?;
    Some((word, user))
}

/// What SQLite calls the rows' numbers where no column is called so.
const ROW_IDS: [&str; 3] = ["rowid", "oid", "_rowid_"];

/// The widest line of a list.
const WIDTH: usize = 90;

/// A list, on several lines where it is long.
fn filled(items: &[String]) -> String {
    let whole = items.join(", ");
    if whole.len() <= WIDTH {
        return whole;
    }
    let mut lines = vec![String::new()];
    for item in items {
        let last = lines.last_mut().expect("there is always one");
        match last.is_empty() || last.len() + item.len() + 2 <= WIDTH {
            true => last.push_str(if last.is_empty() { "" } else { ", " }),
            false => lines.push(String::new()),
        }
        lines
            .last_mut()
            .expect("there is always one")
            .push_str(item);
    }
    format!("\n  {}", lines.join(",\n  "))
}

fn is_strict(table: &Table) -> bool {
    table.options.contains_key("strict")
}

fn is_counted(table: &Table) -> bool {
    table.columns.iter().any(|column| column.identity.is_some())
}

fn string(text: &Text) -> String {
    format!("'{}'", text.as_str().replace('\'', "''"))
}

/// `new_hero`, or what nothing else is called.
fn free_name(change: &TableChange, diff: &Diff) -> Text {
    let is_taken = |text: &Text| diff.from.has(None, text) || diff.to.has(None, text);
    let mut text = format!("new_{}", change.to.name.name);
    while is_taken(&crate::schema::sqlite::name(&text)) {
        text.insert_str(0, "new_");
    }
    crate::schema::sqlite::name(&text)
}

/// What goes from the old table into the new one.
struct Copy<'a> {
    columns: Vec<&'a Text>,
    values: Vec<String>,
    notes: Vec<Note>,
}

impl<'a> Copy<'a> {
    fn of(change: &'a TableChange, diff: &Diff) -> Self {
        let losses = change.alterations.iter().filter_map(|it| match it {
            Alteration::DropColumn(column) => diff.loss_of_column(&change.to, column),
            Alteration::ChangeColumn { from, to } => becomes_computed(change, from, to),
            _ => None,
        });
        let mut copy = Self {
            columns: Vec::new(),
            values: Vec::new(),
            notes: losses.collect(),
        };
        for column in &change.to.columns {
            let place = (change.to.name.clone(), column.name.clone());
            if diff.columns_left_out.contains(&place) {
                copy.notes.push(Note::decide(format!(
                    "`{}` is left out, but must be named here: this fails where it is not there",
                    column.name
                )));
            }
        }
        if is_strict(&change.to) && !is_strict(&change.from) {
            let note = Note::decide(format!(
                "`{}` is strict from now on: this fails where a value is of another type",
                change.to.name
            ));
            copy.notes.push(note.asking(strange(change, diff)));
        }
        let row_id = row_id(&change.to);
        for column in change.to.columns.iter().filter(|it| it.generated.is_none()) {
            let may_be_null = column.nullable || row_id.as_ref() == Some(&column.name);
            match change.from.column(&column.name) {
                Some(old) => copy.take((change, diff), old, column, may_be_null),
                None if !may_be_null && column.default.is_none() => {
                    let filler = filler(column, &change.to);
                    copy.notes.push(filling::new_column(
                        change,
                        column,
                        filler,
                        diff,
                        Dialect::Sqlite,
                    ));
                    copy.push(column, filler.to_owned());
                }
                None => {}
            }
        }
        if copy.columns.is_empty()
            && let Some(first) = change.to.columns.iter().find(|it| it.generated.is_none())
        {
            let value = first
                .default
                .as_ref()
                .map_or("NULL".to_owned(), create::value);
            copy.push(first, value);
        }
        copy
    }

    fn push(&mut self, column: &'a Column, value: String) {
        self.columns.push(&column.name);
        self.values.push(value);
    }

    fn take(
        &mut self,
        (change, diff): (&TableChange, &Diff),
        old: &Column,
        new: &'a Column,
        may_be_null: bool,
    ) {
        let value = name(&old.name);
        self.notes.extend(numbered(change, old, new, diff));
        if let Some(text) = conversion(change, old, new) {
            self.notes.push(text);
        }
        if may_be_null || !could_be_null(&change.from, old) {
            return self.push(new, value);
        }
        let filler = match &new.default {
            Some(default) => create::value(default),
            // A column without a type takes any: one that the old column took can go back.
            None if new.type_name.as_str().is_empty() => filler(old, &change.from).to_owned(),
            None => filler(new, &change.to).to_owned(),
        };
        self.notes
            .push(filling::nulls(change, new, &filler, diff, Dialect::Sqlite));
        self.push(new, format!("coalesce({value}, {filler})"));
    }
}

/// What is to be said where a column becomes the number of its row: SQLite gives one to
/// each row without, and refuses what is none.
fn numbered(change: &TableChange, old: &Column, new: &Column, diff: &Diff) -> Vec<Note> {
    let is_number = |table, column: &Column| row_id(table).as_ref() == Some(&column.name);
    if !is_number(&change.to, new) || is_number(&change.from, old) {
        return Vec::new();
    }
    let place = format!("`{}.{}`", change.to.name, new.name);
    let is_other = |value: &str| Some(not_whole(value));
    let refused = Note::decide(format!(
        "{place} is the number of its row from now on: values that are no whole number make this fail"
    ));
    let mut notes =
        vec![refused.asking(rows::question(change, new, is_other, diff, Dialect::Sqlite))];
    if old.nullable {
        let lost = Note::destructive(format!(
            "{place} is the number of its row from now on: rows where it is NULL get one"
        ));
        notes.push(lost.asking(rows::nulls(change, new, diff, Dialect::Sqlite)));
    }
    notes
}

/// A comparison makes a number of a text that reads as one, as a column of numbers does.
fn not_whole(value: &str) -> String {
    format!("{value} IS NOT NULL AND NOT (CAST({value} AS INTEGER) = {value})")
}

/// How many rows hold something that a strict table refuses.
fn strange(change: &TableChange, diff: &Diff) -> Option<String> {
    let both = change.to.columns.iter().filter_map(|new| {
        let old = change.from.column(&new.name)?;
        new.generated.is_none().then_some((old, new))
    });
    let conditions = both.filter_map(|(old, new)| {
        let value = name(rows::old_name(diff, &change.to, &old.name));
        let refused = match new.type_name.as_str().to_ascii_uppercase().as_str() {
            "INT" | "INTEGER" => not_whole(&value),
            "REAL" => format!("{value} IS NOT NULL AND NOT (CAST({value} AS REAL) = {value})"),
            "TEXT" => format!("typeof({value}) = 'blob'"),
            "BLOB" => format!("typeof({value}) NOT IN ('blob', 'null')"),
            _ => return None,
        };
        Some(refused)
    });
    let conditions = conditions.collect::<Vec<_>>().join(" OR ");
    let first = change
        .to
        .columns
        .iter()
        .find(|it| change.from.column(&it.name).is_some())?;
    let is_any = |_: &str| (!conditions.is_empty()).then_some(conditions);
    rows::question(change, first, is_any, diff, Dialect::Sqlite)
}

fn becomes_computed(change: &TableChange, from: &Column, to: &Column) -> Option<Note> {
    let loses = from.generated.is_none() && to.generated.is_some();
    let (table, column) = (&change.to.name, &to.name);
    let text = format!("`{table}.{column}` is computed from now on: its values are lost");
    loses.then(|| Note::destructive(text))
}

fn could_be_null(table: &Table, column: &Column) -> bool {
    column.nullable && row_id(table).as_ref() != Some(&column.name)
}

/// What a column holds that must hold something.
pub(in crate::schema::ddl) fn filler(column: &Column, table: &Table) -> &'static str {
    match Affinity::of(column, table) {
        Affinity::Text => "''",
        Affinity::Blob if column.type_name.as_str().is_empty() => "''",
        Affinity::Blob => "x''",
        Affinity::Integer | Affinity::Real | Affinity::Numeric => "0",
    }
}

/// What becomes of values that a column of another type takes.
/// <https://sqlite.org/datatype3.html#determination_of_column_affinity>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    /// `ANY` keeps what it is given in a strict table alone.
    fn of(column: &Column, table: &Table) -> Self {
        let name = column.type_name.as_str().to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&["INT"]) {
            Affinity::Integer
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Affinity::Text
        } else if name.is_empty() || has(&["BLOB"]) || (name == "ANY" && is_strict(table)) {
            Affinity::Blob
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            Affinity::Real
        } else {
            Affinity::Numeric
        }
    }
}

/// What a value is in a column of another type: a comparison makes a number of a text that reads as
/// one, as a column of numbers does.
pub(in crate::schema::ddl) fn converted(
    value: &str,
    (old, from): (&Column, &Table),
    (new, to): (&Column, &Table),
) -> Option<String> {
    let collation = new.collation.as_ref();
    let collated = |text: String| match collation {
        Some(collation) => format!("{text} COLLATE {collation}"),
        None => text,
    };
    let number = format!("CAST({value} AS NUMERIC)");
    Some(collated(
        match (Affinity::of(old, from), Affinity::of(new, to)) {
            (_, Affinity::Integer | Affinity::Real | Affinity::Numeric) => {
                format!("CASE WHEN {number} = {value} THEN {number} ELSE {value} END")
            }
            (Affinity::Text, Affinity::Text) | (_, Affinity::Blob) => value.to_owned(),
            (_, Affinity::Text) => format!(
                "CASE WHEN typeof({value}) IN ('integer', 'real') THEN CAST({value} AS TEXT) ELSE {value} END"
            ),
        },
    ))
}

/// What a change of type does to the values, where it does not keep them.
fn conversion(change: &TableChange, old: &Column, new: &Column) -> Option<Note> {
    use Affinity::{Blob, Integer, Numeric, Real, Text};
    let affinities = (
        Affinity::of(old, &change.from),
        Affinity::of(new, &change.to),
    );
    let what = match affinities {
        (from, to) if from == to => return None,
        (Text | Blob, Integer | Numeric) => {
            "text that reads as a number becomes one, such as '007'"
        }
        (Text | Blob, Real) => "text that reads as a number becomes one, such as '1.50'",
        (Integer | Numeric, Real) => "whole numbers above 2^53 lose digits",
        (Real | Numeric, Text) => "numbers keep 15 digits",
        _ => return None,
    };
    let table = &change.to.name;
    let spelt = |column: &Column| match column.type_name.as_str() {
        "" => "no type".to_owned(),
        word => word.to_owned(),
    };
    let (from, to) = (spelt(old), spelt(new));
    Some(Note::destructive(match from == to {
        true => format!("`{table}.{}` is {to} of another kind: {what}", new.name),
        false => format!("`{table}.{}` goes from {from} to {to}: {what}", new.name),
    }))
}
