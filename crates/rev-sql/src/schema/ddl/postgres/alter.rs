//! `ALTER TABLE`: all that changes in a table at once, with what must come before and
//! after it.

use std::collections::BTreeSet;

use rev_core::Dialect;

use super::{
    column, comment_on, constraint_name, constraint_text, create, domain, handover, name,
    over_parts, qualified, retype, rights, sequence,
};
use crate::schema::ddl::{Note, Script, filling, rows};
use crate::schema::diff::inheritance;
use crate::schema::postgres::default_name::mentions;
use crate::schema::{
    Alteration, Change, Column, Constraint, Diff, Index, Kind, Name, Options, Part, PartOf, Rule,
    Schema, Table, TableChange, Text,
};

/// What becomes of a table, gathered before it is written.
pub(super) struct Plan<'a> {
    pub(super) change: &'a TableChange,
    pub(super) diff: &'a Diff,
    pub(super) before: Script,
    pub(super) drops: Vec<String>,
    pub(super) alters: Vec<String>,
    pub(super) adds: Vec<String>,
    pub(super) notes: Vec<Note>,
    pub(super) after: Script,
}

/// What the server drops and makes besides, since a column is made anew.
type Apart<'a, T> = (Vec<&'a T>, Vec<&'a T>);

/// Adds the statements that change a table.
pub(super) fn write(change: &TableChange, diff: &Diff, script: &mut Script) {
    let mut plan = Plan {
        change,
        diff,
        before: Script::default(),
        drops: Vec::new(),
        alters: Vec::new(),
        adds: Vec::new(),
        notes: Vec::new(),
        after: Script::default(),
    };
    handover::take_for_change(change, diff, script);
    let remade = column::remade(change);
    let (gone, new) = apart(change, &remade);
    plan.renamed_constraints(&gone, &new);
    let (gone, new) = plan.differing(gone, new);
    plan.drop_constraints(&gone);
    plan.indexes(&remade);
    plan.columns(&remade);
    plan.declare_again(&new);
    plan.adds.extend(
        new.iter()
            .map(|it| format!("ADD {}", create::constraint(it))),
    );
    for constraint in new {
        create::constraint_comment(&change.to, constraint, &mut plan.after);
    }
    plan.table_options();
    plan.notes.extend(holders(change, diff));
    plan.write(script);
}

/// What is said where columns of other tables hold rows of one whose rows would be written anew: the
/// server refuses that, be these tables empty or not.
fn holders(change: &TableChange, diff: &Diff) -> Vec<Note> {
    let rewrites = change.alterations.iter().any(|it| match it {
        Alteration::ChangeColumn { from, to } => from.type_name != to.type_name,
        Alteration::AddColumn(it) => {
            it.default.is_some() || it.generated.is_some() || it.identity.is_some() || !it.nullable
        }
        _ => false,
    });
    let called = qualified(&change.to.name);
    let tables = diff.from.tables.values();
    let stay = tables.filter(|it| rewrites && diff.to.tables.contains_key(&it.name));
    let holders = stay.flat_map(|table| {
        let columns = table.columns.iter().filter(|it| retype::has(it, &called));
        columns.map(move |it| (&table.name, &it.name))
    });
    let note = |(table, column): (&Name, &Text)| {
        Note::decide(format!(
            "`{table}.{column}` holds rows of `{}`, so this fails: give that column another type before, \
             and its own one after",
            change.to.name
        ))
    };
    holders.map(note).collect()
}

fn is_key(constraint: &Constraint) -> bool {
    constraint.kind() == Kind::ForeignKey
}

/// The constraints that go and come, without foreign keys, which are steps of their
/// own unless they go with a column that is made anew.
fn apart<'a>(change: &'a TableChange, remade: &BTreeSet<&Text>) -> Apart<'a, Constraint> {
    let mut gone: Vec<&Constraint> = Vec::new();
    let mut new: Vec<&Constraint> = Vec::new();
    for alteration in &change.alterations {
        match alteration {
            Alteration::DropConstraint(it) if !is_key(it) => gone.push(it),
            Alteration::AddConstraint(it) if !is_key(it) => new.push(it),
            _ => {}
        }
    }
    let is_over = |it: &&Constraint| remade.iter().any(|column| uses(it, column));
    for constraint in change.from.constraints.iter().filter(is_over) {
        if let Some(same) = change.to.constraints.iter().find(|it| *it == constraint) {
            gone.push(constraint);
            new.push(same);
        }
    }
    (gone, new)
}

/// The tables that must change first, so that none that a crash leaves whole ever refers to
/// one that it empties: what refers to this one becomes unlogged before it does, and what
/// it refers to logged.
pub(super) fn persistence_after<'a>(change: &'a TableChange, diff: &'a Diff) -> Vec<&'a Name> {
    let is_unlogged = |options: &Options| options.contains_key("unlogged");
    let becomes = (
        is_unlogged(&change.from.options),
        is_unlogged(&change.to.options),
    );
    let name = &change.to.name;
    let mut before = Vec::new();
    for other in &diff.changes {
        let Change::ChangeTable(other) = other else {
            continue;
        };
        let is_before = match becomes {
            (false, true) => other.from.references().any(|it| it.table == *name),
            (true, false) => change.from.references().any(|it| it.table == other.to.name),
            _ => false,
        };
        if is_before && other.to.name != *name {
            before.push(&other.to.name);
        }
    }
    before
}

/// The indexes that stay under another name or comment, as they were and as they will be.
pub(super) fn kept_indexes<'a>(
    change: &'a TableChange,
    diff: &Diff,
) -> Vec<(&'a Index, &'a Index)> {
    let mut new: Vec<&Index> = new_indexes(change).collect();
    let bare = |it: &Index| Index {
        name: Text::default(),
        comment: None,
        ..it.clone()
    };
    let mut kept = Vec::new();
    for alteration in &change.alterations {
        let Alteration::DropIndex(old) = alteration else {
            continue;
        };
        let alike = |it: &&Index| {
            let is_free = || handover::is_free(&change.from, &it.name, diff);
            bare(it) == bare(old)
                && (!over_parts::is_apart(old) || it.name == old.name)
                && !old.options.contains_key("invalid")
                && !handover::is_taken(change, &old.name, diff)
                && (it.name == old.name || is_free())
        };
        if let Some(at) = new.iter().position(alike) {
            kept.push((old, new.remove(at)));
        }
    }
    kept
}

/// The indexes that come, or that something becomes.
pub(super) fn new_indexes(change: &TableChange) -> impl Iterator<Item = &Index> {
    change.alterations.iter().filter_map(|it| match it {
        Alteration::AddIndex(it) => Some(it),
        _ => None,
    })
}

/// Whether two constraints differ in nothing but name and comment.
fn is_alike(one: &Constraint, other: &Constraint) -> bool {
    (&one.rule, one.deferral, &one.options) == (&other.rule, other.deferral, &other.options)
}

fn is_part(part: &Part, column: &Text) -> bool {
    match &part.of {
        PartOf::Column(name) => name == column,
        PartOf::Expression(text) => mentions(text, column),
    }
}

fn uses(constraint: &Constraint, column: &Text) -> bool {
    match &constraint.rule {
        Rule::PrimaryKey(parts) | Rule::Unique(parts) => {
            let include = constraint.options.get("include");
            parts.iter().any(|it| is_part(it, column))
                || include.is_some_and(|it| mentions(&Text::exact(it.as_str()), column))
        }
        Rule::ForeignKey(it) => it.columns.contains(column),
        Rule::Check(text) | Rule::Exclusion(text) => mentions(text, column),
    }
}

fn is_indexed(index: &Index, column: &Text) -> bool {
    index.parts.iter().any(|it| is_part(it, column))
        || index.include.contains(column)
        || index
            .predicate
            .as_ref()
            .is_some_and(|it| mentions(it, column))
}

impl<'a> Plan<'a> {
    /// A table that gives this one a column, before the script and after.
    fn giver(&self, schema: &'a Schema, column: &Text) -> Option<&'a Table> {
        if inheritance::moves(&self.change.from, &self.change.to) {
            return None;
        }
        let parents = self.change.to.parents.iter();
        let mut tables = parents.filter_map(|it| schema.tables.get(it));
        tables.find(|it| it.any_column(column).is_some())
    }

    /// Checks that heirs declare as well: once they are given one, they cannot say that it is
    /// their own, too.
    fn declare_again(&mut self, new: &[&Constraint]) {
        let own = &self.change.to.name;
        for check in new.iter().filter(|it| it.kind() == Kind::Check) {
            let declares = |it: &&Table| {
                let was = self.diff.from.tables.get(&it.name);
                let was = was.map(|it| it.whole.as_deref().unwrap_or(it));
                let has = |it: &Table| it.constraints.iter().any(|has| has.name == check.name);
                let is_again = check
                    .name
                    .as_ref()
                    .is_some_and(|name| it.again.contains(name));
                it.parents.contains(own) && is_again && was.is_some_and(|it| !has(it))
            };
            let heirs = self.diff.to.tables.values().filter(declares);
            for heir in heirs {
                let (heir, check) = (qualified(&heir.name), create::constraint(check));
                self.before.push(format!("ALTER TABLE {heir} ADD {check}"));
            }
        }
    }

    /// The table as statements name it.
    pub(super) fn table(&self) -> String {
        qualified(&self.change.to.name)
    }

    /// Without constraints that only get another name and comment.
    fn differing<'t>(
        &self,
        gone: Vec<&'t Constraint>,
        new: Vec<&'t Constraint>,
    ) -> Apart<'t, Constraint> {
        let stays = |it: &&Constraint| !new.iter().any(|other| self.becomes(it, other));
        let comes = |it: &&Constraint| !gone.iter().any(|other| self.becomes(other, it));
        (
            gone.iter().copied().filter(stays).collect(),
            new.iter().copied().filter(comes).collect(),
        )
    }

    /// Whether a constraint becomes another by a new name and comment.
    fn becomes(&self, old: &Constraint, new: &Constraint) -> bool {
        let (from, to) = (&self.change.from, &self.change.to);
        let name = constraint_text(to, new);
        is_alike(old, new)
            && old != new
            && !handover::is_key_taken(self.change, old, self.diff)
            && (constraint_text(from, old) == name || handover::is_free(from, &name, self.diff))
    }

    fn renamed_constraints(&mut self, gone: &[&Constraint], new: &[&Constraint]) {
        let (from, to) = (&self.change.from, &self.change.to);
        for old in gone {
            let Some(new) = new.iter().find(|it| self.becomes(old, it)) else {
                continue;
            };
            let (was, is) = (constraint_name(from, old), constraint_name(to, new));
            if was != is {
                let table = self.table();
                self.before.push(format!(
                    "ALTER TABLE {table} RENAME CONSTRAINT {was} TO {is}"
                ));
            }
            if old.comment != new.comment {
                let what = create::constraint_title(to, new);
                self.after.push(comment_on(&what, new.comment.as_deref()));
            }
        }
    }

    fn drop_constraints(&mut self, gone: &[&Constraint]) {
        let stands = gone
            .iter()
            .filter(|it| !retype::goes_for_good(it, self.diff))
            .filter(|it| !handover::is_key_taken(self.change, it, self.diff));
        let table = &self.change.from;
        self.drops
            .extend(stands.map(|it| format!("DROP CONSTRAINT {}", constraint_name(table, it))));
    }

    fn indexes(&mut self, remade: &BTreeSet<&Text>) {
        let (mut gone, mut new): Apart<'_, Index> = (Vec::new(), Vec::new());
        for alteration in &self.change.alterations {
            match alteration {
                Alteration::DropIndex(it) => gone.push(it),
                Alteration::AddIndex(it) => new.push(it),
                _ => {}
            }
        }
        let schema = &self.change.to.name;
        let kept = kept_indexes(self.change, self.diff);
        for (old, same) in &kept {
            let called = super::beside(schema, &old.name);
            if old.name != same.name {
                self.before.push(format!(
                    "ALTER INDEX {called} RENAME TO {}",
                    name(&same.name)
                ));
            }
            if old.comment != same.comment {
                let what = format!("INDEX {}", super::beside(schema, &same.name));
                self.after.push(comment_on(&what, same.comment.as_deref()));
            }
        }
        gone.retain(|it| !kept.iter().any(|(old, _)| old == it));
        new.retain(|it| !kept.iter().any(|(_, same)| same == it));
        for index in gone
            .into_iter()
            .filter(|it| !retype::index_goes_for_good(it, self.diff))
            .filter(|it| !handover::is_taken(self.change, &it.name, self.diff))
            // It goes with the one over all parts.
            .filter(|it| !it.options.contains_key("attached"))
        {
            let called = super::beside(schema, &index.name);
            self.before.push(format!("DROP INDEX {called}"));
        }
        // What goes with a column that is made anew comes back.
        let again = self.change.from.indexes.iter().filter(|index| {
            let is_over = remade.iter().any(|column| is_indexed(index, column));
            is_over && self.change.to.indexes.contains(index)
        });
        let new = new
            .into_iter()
            .filter(|_| !over_parts::is_late(&self.change.to));
        for index in again.chain(new) {
            self.after.push(create::index(index, &self.change.to));
            create::index_comment(&self.change.to, index, &mut self.after);
        }
    }

    fn columns(&mut self, remade: &BTreeSet<&Text>) {
        let both = remade
            .iter()
            .filter_map(|&it| self.change.from.column(it).zip(self.change.to.column(it)));
        let both: Vec<(&Column, &Column)> = both.collect();
        for (from, to) in &both {
            self.notes
                .push(column::remaking(&self.change.to.name, from, to));
            self.drops.push(format!("DROP COLUMN {}", name(&to.name)));
        }
        // What is computed goes before, and comes after, what it is computed from.
        let mut alterations: Vec<&Alteration> = self.change.alterations.iter().collect();
        alterations.sort_by_key(|it| match it {
            Alteration::DropColumn(it) => it.generated.is_none(),
            Alteration::AddColumn(it) => it.generated.is_some(),
            _ => false,
        });
        for alteration in alterations {
            match alteration {
                Alteration::DropColumn(it) => {
                    sequence::release(
                        &self.change.to.name,
                        Some(&it.name),
                        self.diff,
                        &mut self.before,
                    );
                    self.drop_column(it);
                }
                Alteration::AddColumn(it) => self.add_column(it),
                Alteration::ChangeColumn { from, to } if !remade.contains(&to.name) => {
                    column::change(from, to, self);
                }
                _ => {}
            }
        }
        for (_, to) in both {
            self.add_column(to);
        }
    }

    /// A column goes; from heirs, too, unless some keep it.
    fn drop_column(&mut self, old: &Column) {
        let called = name(&old.name);
        // It goes with that of a table which gives it.
        let is_lost = |it: &Table| {
            let left = self.diff.to.tables.get(&it.name);
            left.is_some_and(|left| left.any_column(&old.name).is_none())
        };
        let is_again = self.change.from.again.contains(&old.name);
        if !is_again && self.giver(&self.diff.from, &old.name).is_some_and(is_lost) {
            return;
        }
        let note = self.diff.loss_of_column(&self.change.to, old);
        let own = &self.change.to.name;
        // Who leaves or joins is by itself meanwhile.
        let stays = |it: &&Table| {
            let was = self.diff.from.tables.get(&it.name);
            it.parents.contains(own) && was.is_some_and(|was| !inheritance::moves(was, it))
        };
        let heirs = self.diff.to.tables.values().filter(stays);
        let (keep, lose): (Vec<&Table>, Vec<&Table>) =
            heirs.partition(|it| it.any_column(&old.name).is_some());
        if keep.is_empty() {
            self.drops.push(format!("DROP COLUMN {called}"));
            self.notes.extend(note);
            return;
        }
        let only = format!("ALTER TABLE ONLY {} DROP COLUMN {called}", self.table());
        self.after.push_noted(only, note.into_iter().collect());
        for heir in lose {
            let heir = qualified(&heir.name);
            self.before
                .push(format!("ALTER TABLE {heir} DROP COLUMN {called}"));
        }
    }

    fn add_column(&mut self, new: &Column) {
        // It comes with that of a table which gives it, as that has it.
        if let Some(given) = self.giver(&self.diff.to, &new.name)
            && let Some(given) = given.any_column(&new.name).cloned()
        {
            let given = Column {
                comment: None,
                ..given
            };
            return column::change(&given, new, self);
        }
        let fills = new.default.is_none()
            && new.generated.is_none()
            && new.identity.is_none()
            && !new.nullable;
        let mut text = create::bare_column(None, new);
        if fills {
            let filler = column::filler(new, self);
            let title = format!("`{}` must not be NULL and has no default", new.name);
            self.notes.push(match &filler {
                Some(filler) => {
                    let diff = self.diff;
                    let note =
                        filling::new_column(self.change, new, filler, diff, Dialect::Postgres);
                    domain::refuses(note, new, filler, self.change, diff)
                }
                None => Note::decide(format!("{title}: rows that are there make this fail"))
                    .asking(Some(rows::all(self.change, self.diff, Dialect::Postgres))),
            });
            if let Some(filler) = filler {
                text.push_str(&format!(" DEFAULT {filler}"));
                let (table, column) = (self.table(), name(&new.name));
                self.after.push(format!(
                    "ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT"
                ));
            }
        }
        self.adds.push(format!("ADD COLUMN {text}"));
        self.adds.extend(create::kept(new, None));
        let table = &self.change.to.name;
        sequence::take(table, Some(&new.name), self.diff, &mut self.after);
        if new.comment.is_some() {
            column::comment(new, self);
        }
        rights::of_column(&self.change.to.name, &new.name, self.diff, &mut self.after);
    }

    fn table_options(&mut self) {
        let (from, to) = (&self.change.from, &self.change.to);
        self.alters.extend(create::row_security(to, Some(from)));
        self.alters.extend(storage(&from.options, &to.options));
        let (was, is) = (&from.options, &to.options);
        match (was.contains_key("unlogged"), is.contains_key("unlogged")) {
            (true, false) => self.alters.push("SET LOGGED".to_owned()),
            (false, true) => self.alters.push("SET UNLOGGED".to_owned()),
            _ => {}
        }
        if was.contains_key("unlogged") != is.contains_key("unlogged") {
            sequence::settle(to, self.diff, &mut self.after);
        }
        self.rely_on_indexes();
        if from.comment != to.comment {
            let what = format!("TABLE {}", self.table());
            self.after.push(comment_on(&what, to.comment.as_deref()));
        }
    }

    /// What goes with an index that is made again comes back.
    fn rely_on_indexes(&mut self) {
        let table = &self.change.to;
        let constraints = table.constraints.iter().filter(|it| {
            let added = format!("ADD {}", create::constraint(it));
            self.adds.contains(&added)
        });
        let constraints = constraints.map(|it| constraint_name(table, it));
        let indexes = table.indexes.iter().filter(|it| {
            let mut after = self.after.statements.iter();
            after.any(|made| made.text == create::index(it, table))
        });
        let made: Vec<String> = constraints
            .chain(indexes.map(|it| name(&it.name)))
            .collect();
        let is_again = |it: &str| made.iter().any(|made| made == it);
        let late = over_parts::late_indexes(self.change, self.diff);
        let comes_later = |it: &str| late.iter().any(|late| name(&late.name) == it);
        let before = &self.change.from.options;
        create::rely_on_indexes(table, before, &is_again, &comes_later, &mut self.after);
    }

    fn write(self, script: &mut Script) {
        script.statements.extend(self.before.statements);
        let actions = [self.drops, self.alters, self.adds].concat();
        let before = script.statements.len();
        create::alter(&self.change.to, &actions, script);
        if let Some(statement) = script.statements.get_mut(before) {
            statement.notes = self.notes;
        }
        script.statements.extend(self.after.statements);
    }
}

/// The actions that change storage parameters.
fn storage(from: &Options, to: &Options) -> Vec<String> {
    let read = |options: &Options| -> Vec<(String, String)> {
        let text = options.get("storage").map_or("", String::as_str);
        let pairs = text.split(", ").filter_map(|it| it.split_once('='));
        pairs
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    };
    let (old, new) = (read(from), read(to));
    let set: Vec<String> = new
        .iter()
        .filter(|it| !old.contains(it))
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    let is_gone = |(key, _): &&(String, String)| !new.iter().any(|(it, _)| it == key);
    let reset: Vec<&str> = old
        .iter()
        .filter(is_gone)
        .map(|(key, _)| key.as_str())
        .collect();
    let mut actions = Vec::new();
    if !reset.is_empty() {
        actions.push(format!("RESET ({})", reset.join(", ")));
    }
    if !set.is_empty() {
        actions.push(format!("SET ({})", set.join(", ")));
    }
    actions
}
