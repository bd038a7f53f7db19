//! What changes in a column.

use std::collections::BTreeSet;

use rev_core::Dialect;

use super::alter::Plan;
use super::{aside, cast, comment_on, create, literal, loss, name, qualified, remark, sequence};
use crate::schema::ddl::{Note, filling, rows};
use crate::schema::postgres::default_name::mentions;
use crate::schema::postgres::numbers::{drawn_from, own_sequence};
use crate::schema::{
    Alteration, Column, Deferral, Diff, Kind, Name, Object, Options, Rename, Schema, TableChange,
    Text,
};
use crate::split::tokens;

fn retypes(from: &Column, to: &Column) -> bool {
    (&from.type_name, &from.collation) != (&to.type_name, &to.collation)
}

/// The columns that can only be dropped and made anew: those that are computed
/// otherwise, or from now on, or from a column of another type.
pub(super) fn remade(change: &TableChange) -> BTreeSet<&Text> {
    let changed = change.alterations.iter().filter_map(|it| match it {
        Alteration::ChangeColumn { from, to } => Some((from, to)),
        _ => None,
    });
    let changed: Vec<(&Column, &Column)> = changed.collect();
    let retyped: Vec<&Text> = changed
        .iter()
        .filter(|(from, to)| retypes(from, to))
        .map(|(_, to)| &to.name)
        .collect();
    let otherwise = changed
        .iter()
        .filter(|(from, to)| match (&from.generated, &to.generated) {
            (old, Some(new)) => old.as_ref() != Some(new) || retypes(from, to),
            // A virtual one has no values that it could keep.
            (Some(old), None) => !old.stored,
            (None, None) => false,
        });
    let otherwise = otherwise.map(|(_, to)| &to.name);
    let both = change.to.columns.iter().filter(|column| {
        let from = change.from.column(&column.name);
        let generated = column.generated.as_ref();
        from.is_some_and(|it| it.generated.is_some())
            && generated.is_some_and(|it| retyped.iter().any(|of| mentions(&it.expression, of)))
    });
    otherwise.chain(both.map(|it| &it.name)).collect()
}

/// What is said where a column is made anew.
pub(super) fn remaking(table: &Name, from: &Column, to: &Column) -> Note {
    let title = format!("`{table}.{}`", to.name);
    match from.generated {
        None => Note::destructive(format!(
            "{title} is computed from now on: its values are lost"
        )),
        Some(_) => Note::remark(format!("{title} is computed anew")),
    }
}

/// What a column gets where it must hold something.
pub(super) fn filler(column: &Column, plan: &Plan<'_>) -> Option<String> {
    // No value but that of another row would do.
    let refers = plan
        .change
        .to
        .references()
        .any(|it| it.columns.contains(&column.name));
    match refers {
        true => None,
        false => cast::filler(column, &plan.diff.to),
    }
}

pub(super) fn comment(column: &Column, plan: &mut Plan<'_>) {
    let what = format!("COLUMN {}.{}", plan.table(), name(&column.name));
    plan.after
        .push(comment_on(&what, column.comment.as_deref()));
}

/// Adds what makes one column into the other.
pub(super) fn change(from: &Column, to: &Column, plan: &mut Plan<'_>) {
    let column = Change {
        from,
        to,
        called: name(&to.name),
    };
    plan.notes
        .extend(loss::loss(plan.change, from, to, plan.diff));
    column.leave_identity(plan);
    if from.generated.is_some() && to.generated.is_none() {
        // Before what it was computed from is dropped.
        let called = &column.called;
        plan.drops
            .insert(0, format!("ALTER COLUMN {called} DROP EXPRESSION"));
    }
    if !from.nullable && to.nullable {
        column.alter(plan, "DROP NOT NULL");
    }
    let filled = column.fill(plan);
    column.retype(plan, filled.as_deref());
    column.widen_sequence(plan);
    if from.nullable && !to.nullable {
        column.alter(plan, "SET NOT NULL");
    }
    column.identify(plan);
    column.go_on(plan);
    let before = (!retypes(from, to)).then_some(from);
    plan.alters.extend(create::kept(to, before));
    if from.comment != to.comment {
        comment(to, plan);
    }
}

/// Whether some check waits for the commit: a statement on any table may set one off, by
/// triggers too.
fn may_wait(diff: &Diff) -> bool {
    let mut constraints = diff.from.tables.values().flat_map(|it| &it.constraints);
    let is_late = |it: &Text| has_words(it, &["INITIALLY", "DEFERRED"]);
    let mut triggers = diff.from.objects.values();
    constraints.any(|it| it.deferral == Deferral::Initially)
        || triggers.any(|it| it.kind == Kind::Trigger && it.create.iter().any(is_late))
}

fn has_words(text: &Text, words: &[&str; 2]) -> bool {
    let found = tokens(text.as_str(), Dialect::Postgres);
    let mut pairs = found.windows(2);
    pairs.any(|pair| pair[0].is(words[0]) && pair[1].is(words[1]))
}

/// Whether a trigger is on, and one of `UPDATE`.
fn is_set_off_by_update(trigger: &Object) -> bool {
    let events = |text: &Text| {
        let found = tokens(text.as_str(), Dialect::Postgres);
        let events = found.iter().take_while(|token| !token.is("ON"));
        events.into_iter().any(|token| token.is("UPDATE"))
    };
    let is_off = |text: &Text| has_words(text, &["DISABLE", "TRIGGER"]);
    trigger.create.first().is_some_and(events) && !trigger.create.iter().any(is_off)
}

/// A column on its way.
struct Change<'a> {
    from: &'a Column,
    to: &'a Column,
    called: String,
}

/// The options of an identity's sequence, which has the type of its column.
fn with_type(options: &Options, column: &Column) -> Options {
    let mut options = options.clone();
    options
        .entry("as".to_owned())
        .or_insert_with(|| column.type_name.to_string());
    options
}

fn kind(column: &Column) -> Option<&str> {
    column.identity.as_ref().map(|(kind, _)| kind.as_str())
}

impl Change<'_> {
    fn alter(&self, plan: &mut Plan<'_>, what: &str) {
        plan.alters
            .push(format!("ALTER COLUMN {} {what}", self.called));
    }

    fn alter_before(&self, plan: &mut Plan<'_>, what: &str) {
        let table = plan.table();
        plan.before.push(format!(
            "ALTER TABLE {table} ALTER COLUMN {} {what}",
            self.called
        ));
    }

    /// The sequence of an identity goes; a default goes before an identity comes.
    fn leave_identity(&self, plan: &mut Plan<'_>) {
        match (kind(self.from), kind(self.to)) {
            (None, Some(_)) if self.from.default.is_some() => {
                self.alter(plan, "DROP DEFAULT");
            }
            (Some("serial") | None, _) | (Some(_), Some(_)) => {}
            (Some(_), None) => {
                self.carry(plan);
                // The server looks at the new type first, which may be none for it.
                if retypes(self.from, self.to) {
                    self.alter_before(plan, "DROP IDENTITY");
                } else {
                    self.alter(plan, "DROP IDENTITY");
                }
            }
        }
    }

    /// Where rows may hold NULL that must not any more, they are filled: before, or, where
    /// the type is another one, on the way. Then what with is returned.
    fn fill(&self, plan: &mut Plan<'_>) -> Option<String> {
        if !self.from.nullable || self.to.nullable {
            return None;
        }
        let default = self.to.default.as_ref().map(ToString::to_string);
        let filler = default.or_else(|| filler(self.to, plan));
        let title = format!("`{}` must not be NULL any more", self.to.name);
        let Some(filler) = filler else {
            let note = format!("{title}: rows where it is make this fail");
            let asked = rows::nulls(plan.change, self.to, plan.diff, Dialect::Postgres);
            plan.notes.push(Note::decide(note).asking(asked));
            return None;
        };
        let note = filling::nulls(plan.change, self.to, &filler, plan.diff, Dialect::Postgres);
        if retypes(self.from, self.to) {
            plan.notes.push(note);
            return Some(filler);
        }
        let column = &self.called;
        let text = format!(
            "UPDATE {} SET {column} = {filler} WHERE {column} IS NULL",
            plan.table()
        );
        let mut notes = vec![note];
        notes.extend(self.triggers(plan));
        plan.before.push_noted(text, notes);
        if may_wait(plan.diff) {
            let why = "what waits for the commit is checked now: a table with such checks cannot be altered";
            plan.before
                .push_noted("SET CONSTRAINTS ALL IMMEDIATE", remark(why));
        }
        None
    }

    /// What is said where filling the column sets off triggers.
    fn triggers(&self, plan: &Plan<'_>) -> Option<Note> {
        let table = &plan.change.to.name;
        let fires = |it: &&Object| {
            it.kind == Kind::Trigger && it.on.as_ref() == Some(table) && is_set_off_by_update(it)
        };
        let triggers = plan.diff.from.objects.values().filter(fires);
        let called: Vec<String> = triggers.map(|it| format!("`{}`", it.name.name)).collect();
        match called.as_slice() {
            [] => None,
            [one] => Some(Note::remark(format!("this sets off the trigger {one}"))),
            several => Some(Note::remark(format!(
                "this sets off the triggers {}",
                several.join(", ")
            ))),
        }
    }

    fn retype(&self, plan: &mut Plan<'_>, filler: Option<&str>) {
        let (from, to) = (self.from, self.to);
        let is_retyped = retypes(from, to);
        let using = cast::using(from, to, &plan.diff.from, &plan.diff.to);
        let is_carried = from.default == to.default && using.is_none();
        if is_retyped {
            if from.default.is_some() && !is_carried && to.identity.is_none() {
                self.alter(plan, "DROP DEFAULT");
            }
            let mut text = format!("TYPE {}", to.type_name);
            if let Some(collation) = &to.collation {
                text.push_str(&format!(" COLLATE {collation}"));
            }
            let plain = || format!("{}{}", self.called, cast::to_base(from, to));
            let value = match (&using, filler) {
                (Some((cast, _)), None) => Some(cast.clone()),
                (found, Some(filler)) => {
                    let cast = found.as_ref().map_or_else(plain, |(cast, _)| cast.clone());
                    Some(format!("coalesce({cast}, {filler})"))
                }
                (None, None) => None,
            };
            if let Some(value) = value {
                text.push_str(&format!(" USING {value}"));
            }
            plan.notes.extend(using.map(|(_, why)| Note::remark(why)));
            self.alter(plan, &text);
        }
        let is_reset = is_retyped && !is_carried;
        match &to.default {
            Some(default) if is_reset || from.default != to.default => {
                self.alter(plan, &format!("SET DEFAULT {default}"));
            }
            None if from.default.is_some() && !is_retyped && to.identity.is_none() => {
                self.alter(plan, "DROP DEFAULT")
            }
            _ => {}
        }
    }

    /// The sequence of a `serial` column has the type of the column.
    fn widen_sequence(&self, plan: &mut Plan<'_>) {
        let type_name = &self.to.type_name;
        if kind(self.to) != Some("serial") || self.from.type_name == *type_name {
            return;
        }
        if let Some(sequence) = drawn_from(&plan.change.to.name, self.to) {
            let sequence = qualified(&sequence);
            plan.after
                .push(format!("ALTER SEQUENCE {sequence} AS {type_name}"));
        }
    }

    fn identify(&self, plan: &mut Plan<'_>) {
        let Some((kind, options)) = &self.to.identity else {
            return;
        };
        match &self.from.identity {
            _ if kind == "serial" => {}
            Some((old_kind, old)) if old_kind != "serial" => {
                let mut words = Vec::new();
                if old_kind != kind {
                    words.push(format!("SET GENERATED {}", kind.to_ascii_uppercase()));
                }
                if let Some(sequence) = own_sequence(&plan.change.from.name, self.from) {
                    let called = qualified(Rename::old_name(&plan.diff.renames, &sequence));
                    plan.notes.extend(sequence::beyond(
                        &with_type(old, self.from),
                        &with_type(options, self.to),
                        &called,
                    ));
                }
                let changes = sequence::changes(old, options).into_iter();
                words.extend(changes.map(|it| format!("SET {it}")));
                if !words.is_empty() {
                    self.alter(plan, &words.join(" "));
                }
                self.rename_sequence(plan);
            }
            _ => {
                let identity = format!("ADD GENERATED {}", sequence::identity(kind, options));
                match retypes(self.from, self.to) {
                    false => self.alter(plan, &identity),
                    // The server looks at the old type.
                    true => {
                        let (table, column) = (plan.table(), &self.called);
                        let text = format!("ALTER TABLE {table} ALTER COLUMN {column} {identity}");
                        plan.after.push(text);
                    }
                }
            }
        }
    }

    fn rename_sequence(&self, plan: &mut Plan<'_>) {
        let table = &plan.change.to.name;
        let names = own_sequence(table, self.from).zip(own_sequence(table, self.to));
        if let Some((old, new)) = names
            && old != new
        {
            let old = aside::called(&old, plan.diff);
            plan.after.push(format!(
                "ALTER SEQUENCE {old} RENAME TO {}",
                name(&new.name)
            ));
        }
    }

    /// What it draws from, before and after, where that is not the same sequence.
    fn sequences(&self, plan: &Plan<'_>) -> (Option<Name>, Option<Name>) {
        let table = &plan.change.to.name;
        let both =
            own_sequence(table, self.from).is_some() == own_sequence(table, self.to).is_some();
        let (from, to) = (drawn_from(table, self.from), drawn_from(table, self.to));
        let is_identity = self.from.identity.is_some() && self.to.identity.is_some();
        match (both && from == to) || is_identity {
            true => (None, None),
            false => (from, to),
        }
    }

    /// Numbers go on where they were, or after the highest that is there.
    fn go_on(&self, plan: &mut Plan<'_>) {
        let is_identity = |it: &Column| it.identity.is_some();
        if self.carries(plan) {
            // An identity takes its sequence along, so that was read before.
            if !is_identity(self.from) {
                self.carry(plan);
            }
            return;
        }
        let Some((sequence, options)) = self.target(plan) else {
            return;
        };
        let falls = options
            .get("increment by")
            .is_some_and(|it| it.starts_with('-'));
        let bounded = options.contains_key("maxvalue") || options.contains_key("cycle");
        let is_number = ["smallint", "integer", "bigint"].contains(&self.to.type_name.as_str());
        let is_new = sequence.as_ref().is_none_or(|it| self.is_new(it, plan));
        // One that others draw from is left, unless what it gives could be there already.
        let counts = is_new || plan.change.to.is_unique(&self.to.name);
        if falls || bounded || !is_number || !counts {
            return;
        }
        let (table, column) = (plan.table(), &self.called);
        let called = self.title(sequence.as_ref(), plan);
        let least = if is_new && self.draws_alone(sequence.as_ref(), plan) {
            sequence::first(options).to_owned()
        } else {
            format!("nextval({called})")
        };
        let text = format!(
            "SELECT setval({called}, greatest(max({column}) + 1, {least}), false) FROM {table}"
        );
        plan.after.push_noted(
            text,
            remark("numbers go on after the highest that is there"),
        );
    }

    /// Whether no other column draws from the same sequence.
    fn draws_alone(&self, sequence: Option<&Name>, plan: &Plan<'_>) -> bool {
        let tables = plan.diff.to.tables.values();
        let all = tables.flat_map(|table| {
            let columns = table.columns.iter();
            columns.filter_map(|it| drawn_from(&table.name, it))
        });
        all.filter(|it| Some(it) == sequence).count() < 2
    }

    /// What it draws from from now on, unless it did before: its name, where that is known, and
    /// how it counts.
    fn target<'a>(&'a self, plan: &'a Plan<'_>) -> Option<(Option<Name>, &'a Options)> {
        match (&self.from.identity, &self.to.identity) {
            (None, Some((kind, options))) if kind != "serial" => {
                Some((own_sequence(&plan.change.to.name, self.to), options))
            }
            _ => {
                let sequence = self.sequences(plan).1?;
                let options = options(&sequence, self.to, &plan.diff.to)?;
                Some((Some(sequence), options))
            }
        }
    }

    /// A sequence as a function is told it; without its name: the one of an identity.
    fn title(&self, sequence: Option<&Name>, plan: &Plan<'_>) -> String {
        match sequence {
            Some(sequence) => literal(&qualified(sequence)),
            None => format!(
                "pg_get_serial_sequence({}, {})",
                literal(&plan.table()),
                literal(self.to.name.as_str())
            ),
        }
    }

    /// Whether what it draws from afterwards comes with this script.
    fn is_new(&self, sequence: &Name, plan: &Plan<'_>) -> bool {
        self.to.identity.is_some() || !plan.diff.from.sequences.contains_key(sequence)
    }

    /// Whether a new sequence counts as the one before did.
    fn carries(&self, plan: &Plan<'_>) -> bool {
        let (Some(old), Some(new)) = self.sequences(plan) else {
            return false;
        };
        let counts = |sequence, column, schema| {
            let mut counts = options(sequence, column, schema)?.clone();
            counts.retain(|key, _| !["as", "sequence name", "unlogged"].contains(&key.as_str()));
            Some(counts)
        };
        let (from, to) = (&plan.diff.from, &plan.diff.to);
        self.is_new(&new, plan) && counts(&old, self.from, from) == counts(&new, self.to, to)
    }

    fn carry(&self, plan: &mut Plan<'_>) {
        let (Some(old), Some(new)) = self.sequences(plan) else {
            return;
        };
        if !self.carries(plan) {
            return;
        }
        let text = format!(
            "SELECT setval({}, last_value, is_called) FROM {}",
            self.title(Some(&new), plan),
            aside::called(&old, plan.diff)
        );
        let why = remark("numbers go on where they were");
        if self.from.identity.is_some() {
            plan.before.push_noted(text, why);
        } else {
            plan.after.push_noted(text, why);
        }
    }
}

/// What a sequence says of its own that is not the default.
fn options<'a>(sequence: &Name, column: &'a Column, schema: &'a Schema) -> Option<&'a Options> {
    match &column.identity {
        Some((_, options)) => Some(options),
        None => schema.sequences.get(sequence).map(|it| &it.options),
    }
}
