//! `ALTER TABLE`: one statement for all that changes in a table's parts.
//!
//! `MODIFY COLUMN` repeats the whole definition. What it cannot do, such as making a
//! column a computed one, is dropping and adding the column in the same statement,
//! along with the indexes and checks that stand on it.

mod index;

use std::collections::BTreeSet;

use super::spelling::{is_literal, mentions, value};
use super::{column, create, fill, keys, loss, name, options, partition, table_name};
use crate::schema::ddl::{Note, Script};
use crate::schema::mysql::Flavour;
use crate::schema::{
    Alteration, Column, Constraint, Diff, Index, Kind, Rule, Table, TableChange, Text,
};
use index::Indexes;

/// A table's change in statements.
pub(super) struct Alter<'a> {
    change: &'a TableChange,
    diff: &'a Diff,
    collation: Option<&'a str>,
    flavour: Option<Flavour>,
    /// Columns that stay, and are dropped and added nevertheless.
    rebuilt: BTreeSet<&'a Text>,
    /// New columns whose rows are filled after they are added, before they are what they
    /// are to be.
    stepwise: BTreeSet<&'a Text>,
    /// These, and new columns that are computed from them: what stands on one comes later.
    waiting: BTreeSet<&'a Text>,
    drops: Vec<String>,
    changes: Vec<String>,
    adds: Vec<String>,
    notes: Vec<Note>,
    /// Statements before and after: each with what is to be said of it.
    before: Vec<(String, Note)>,
    /// What makes columns of a history NOT NULL: each with what is to be said of it.
    strict: Vec<(String, Note)>,
    /// What fills new columns, and the clauses that wait for it.
    fills: Vec<String>,
    late: Vec<String>,
    after: Vec<String>,
}

impl<'a> Alter<'a> {
    pub(super) fn of(
        change: &'a TableChange,
        diff: &'a Diff,
        collation: Option<&'a str>,
        flavour: Option<Flavour>,
    ) -> Self {
        let rebuilt = rebuilt(change);
        let stepwise = stepwise(change, &rebuilt, flavour);
        let mut alter = Self {
            change,
            diff,
            collation,
            flavour,
            waiting: waiting(change, &rebuilt, &stepwise),
            stepwise,
            rebuilt,
            drops: Vec::new(),
            changes: Vec::new(),
            adds: Vec::new(),
            notes: Vec::new(),
            before: Vec::new(),
            strict: Vec::new(),
            fills: Vec::new(),
            late: Vec::new(),
            after: Vec::new(),
        };
        alter.drop_parts();
        alter.drop_columns();
        alter.change_columns();
        alter.add_columns();
        alter.add_parts();
        alter.version();
        alter
    }

    pub(super) fn write(self, script: &mut Script) {
        let table = table_name(&self.change.to.name);
        let clauses = [&self.drops, &self.changes, &self.adds].map(Vec::as_slice);
        let mut clauses: Vec<String> = clauses.concat();
        let is_alone = clauses.is_empty() && self.late.is_empty() && self.after.is_empty();
        let (removed, partitioned) = options::partitions(self.change, is_alone);
        let mut options = options::changed(self.change, self.collation);
        // A table's parts must suit its engine at all times; but none that keeps a
        // history goes to another.
        let is_versioned = options::is_versioned(&self.change.from.options);
        push_alter(
            &table,
            &options::left_behind(self.change),
            Vec::new(),
            script,
        );
        if options::moves(self.change) && !is_versioned {
            clauses.append(&mut options);
        }
        self.keep_history(script);
        removed.into_iter().for_each(|it| script.push(it));
        for (text, note) in self.before {
            script.push_noted(text, vec![note]);
        }
        if !self.strict.is_empty() {
            let (clauses, notes): (Vec<_>, Vec<_>) = self.strict.into_iter().unzip();
            script.push("SET sql_mode = ''");
            push_alter(&table, &clauses, notes, script);
            script.push("SET sql_mode = DEFAULT");
        }
        push_alter(&table, &clauses, self.notes, script);
        self.fills.into_iter().for_each(|it| script.push(it));
        // No column may come beside a default that differs on each server.
        let adds = self.late.iter().any(|it| it.starts_with("ADD COLUMN"));
        let is_first = |it: &String| adds && it.starts_with("MODIFY COLUMN");
        let (first, late): (Vec<_>, Vec<_>) = self.late.into_iter().partition(is_first);
        push_alter(&table, &first, Vec::new(), script);
        push_alter(&table, &late, Vec::new(), script);
        for clause in self.after {
            script.push(format!("ALTER TABLE {table} {clause}"));
        }
        push_alter(&table, &options, Vec::new(), script);
        if let Some(text) = partitioned {
            let notes = partition::notes(self.change, self.diff);
            script.push_noted(text, notes);
        }
    }

    /// MariaDB changes no table that has a history unless told to.
    fn keep_history(&self, script: &mut Script) {
        const KEEP: &str = "SET system_versioning_alter_history = KEEP";
        let is_set = script.statements.iter().any(|it| it.text == KEEP);
        if options::is_versioned(&self.change.from.options) && !is_set {
            script.push(KEEP);
        }
    }

    fn constraints(&self, new: bool) -> impl Iterator<Item = &'a Constraint> {
        let alterations = self.change.alterations.iter();
        let constraints = alterations.filter_map(move |it| match it {
            Alteration::AddConstraint(it) if new => Some(it),
            Alteration::DropConstraint(it) if !new => Some(it),
            _ => None,
        });
        constraints.filter(|it| it.kind() != Kind::ForeignKey)
    }

    /// Constraints that stay and stand on a column that is dropped and added.
    fn constraints_rebuilt(&self) -> Vec<&'a Constraint> {
        let stays = |it: &&Constraint| self.change.to.constraints.contains(it);
        let stands_on = |it: &&Constraint| match &it.rule {
            Rule::PrimaryKey(parts) => index::stand_on(parts, &self.rebuilt),
            Rule::Check(text) => self.rebuilt.iter().any(|it| mentions(text.as_str(), it)),
            _ => false,
        };
        let constraints = self.change.from.constraints.iter();
        constraints.filter(stays).filter(stands_on).collect()
    }

    fn drop_parts(&mut self) {
        let indexes = Indexes::of(self.change, &self.rebuilt);
        let dropped: Vec<&Constraint> = self.constraints(false).collect();
        for constraint in dropped.into_iter().chain(self.constraints_rebuilt()) {
            match constraint.rule {
                // A table is not left without a key that the next one replaces.
                Rule::PrimaryKey(_) if self.is_next_key_late() => {
                    self.late.push("DROP PRIMARY KEY".to_owned());
                }
                Rule::PrimaryKey(_) => self.drops.push("DROP PRIMARY KEY".to_owned()),
                _ => {
                    let called = keys::called(constraint, &self.change.from, self.diff);
                    self.drops.push(format!("DROP CONSTRAINT {called}"));
                }
            }
        }
        self.drops.extend(indexes.dropped());
        self.changes.extend(indexes.renamed());
        self.after.extend(indexes.shown());
        self.notes.extend(indexes.remark());
    }

    fn add_parts(&mut self) {
        let indexes = Indexes::of(self.change, &self.rebuilt);
        let added: Vec<&Constraint> = self.constraints(true).collect();
        let added = added.into_iter().chain(self.constraints_rebuilt());
        let (checks, keys): (Vec<_>, Vec<_>) = added.partition(|it| it.kind() == Kind::Check);
        for key in keys {
            let clause = format!("ADD {}", create::primary_key(key));
            let parts = self.change.to.primary_key().unwrap_or_default();
            self.add(clause, index::stand_on(parts, &self.waiting));
        }
        for index in indexes.coming() {
            let clause = format!("ADD {}", create::index(index));
            // MySQL keeps one that goes and comes but for its parser.
            let parser = |it: &Index| it.options.get("parser").cloned();
            let mut were = self.change.from.indexes.iter();
            let is_parsed = were.any(|it| it.name == index.name && parser(it) != parser(index));
            let is_late = index::stand_on(&index.parts, &self.waiting);
            self.add(clause, is_late || is_parsed);
        }
        for check in checks {
            let called = keys::called(check, &self.change.to, self.diff);
            let clause = format!("ADD {}", create::check(check, Some(called)));
            let is_late = match &check.rule {
                Rule::Check(text) => self.waits_for_fills(text.as_str()),
                _ => false,
            };
            self.add(clause, is_late);
        }
    }

    fn add(&mut self, clause: String, is_late: bool) {
        if is_late {
            self.late.push(clause);
        } else {
            self.adds.push(clause);
        }
    }

    /// Whether an expression uses a column whose rows are filled after it is added.
    fn waits_for_fills(&self, expression: &str) -> bool {
        self.waiting.iter().any(|it| mentions(expression, it))
    }

    fn is_next_key_late(&self) -> bool {
        let key = self.change.to.primary_key();
        key.is_some_and(|parts| index::stand_on(parts, &self.waiting))
    }

    fn drop_columns(&mut self) {
        for alteration in &self.change.alterations {
            if let Alteration::DropColumn(column) = alteration {
                self.drops
                    .push(format!("DROP COLUMN {}", name(&column.name)));
                let note = self.diff.loss_of_column(&self.change.to, column);
                self.notes.extend(note);
            }
        }
        for column in &self.rebuilt {
            self.drops.push(format!("DROP COLUMN {}", name(column)));
        }
    }

    fn change_columns(&mut self) {
        for alteration in &self.change.alterations {
            let Alteration::ChangeColumn { from, to } = alteration else {
                continue;
            };
            if self.rebuilt.contains(&from.name) {
                self.notes
                    .extend(loss::of_rebuild(&self.change.to, from, to));
                continue;
            }
            if let Some(clause) = default_alone(from, to) {
                self.changes.push(clause);
                continue;
            }
            self.notes
                .extend(loss::of_change(self.change, from, to, self.diff));
            self.take_nulls_out(from, to);
            let clause = format!("MODIFY COLUMN {}", self.definition(to));
            if self.is_apart(to) {
                self.late.push(clause);
            } else {
                self.changes.push(clause);
            }
        }
    }

    /// Whether a column that changes must do so in another statement than that which adds
    /// columns.
    fn is_apart(&self, column: &Column) -> bool {
        let mut alterations = self.change.alterations.iter();
        let adds = alterations.any(|it| matches!(it, Alteration::AddColumn(_)));
        self.flavour != Some(Flavour::Mariadb)
            && (adds || !self.rebuilt.is_empty())
            && fill::has_unsafe_default(column)
    }

    /// Puts values where NULL is not allowed any more. What a table's history holds no
    /// `UPDATE` can reach, and strict mode refuses: there it is the server that puts
    /// something, in a change of its own, so that nothing else is cut.
    fn take_nulls_out(&mut self, from: &Column, to: &Column) {
        if !fill::loses_nulls(from, to) {
            return;
        }
        match fill::missing(self.change, from, to, self.diff) {
            Some(fill) => self.before.push(fill),
            None => self.notes.push(fill::unknown(self.change, to, self.diff)),
        }
        let is_versioned = |it: &Table| options::is_versioned(&it.options);
        if !is_versioned(&self.change.from) || !is_versioned(&self.change.to) {
            return;
        }
        let filled = Column {
            nullable: false,
            ..from.clone()
        };
        let clause = format!("MODIFY COLUMN {}", self.definition(&filled));
        let note = Note::destructive(format!(
            "where `{}.{}` is NULL in the history, that gets what the type has for nothing",
            self.change.to.name, to.name
        ));
        self.strict.push((clause, note));
    }

    /// The definition, which holds whatever becomes of the table's own collation.
    fn definition(&self, column: &Column) -> String {
        let tables = [&self.change.from, &self.change.to];
        column::definition(column, &tables, self.collation)
    }

    fn add_columns(&mut self) {
        let to = &self.change.to;
        let is_new = |it: &Column| {
            self.change.from.column(&it.name).is_none() || self.rebuilt.contains(&it.name)
        };
        let is_late =
            |it: &Column| self.waiting.contains(&it.name) && !self.stepwise.contains(&it.name);
        let last = to.columns.iter().rposition(|it| !is_new(it));
        let new: Vec<(usize, &Column)> = to
            .columns
            .iter()
            .enumerate()
            .filter(|(_, it)| is_new(it))
            .collect();
        let late: BTreeSet<usize> = new
            .iter()
            .filter(|(_, it)| is_late(it))
            .map(|(at, _)| *at)
            .collect();
        for (at, column) in new {
            let is_late = late.contains(&at);
            // What is added later is no place yet.
            let before = (0..at).rev().find(|it| is_late || !late.contains(it));
            let place = match before {
                // Whatever stands behind all others is there without a word.
                _ if !is_late && last.is_none_or(|last| at > last) => String::new(),
                Some(before) => format!(" AFTER {}", name(&to.columns[before].name)),
                None => " FIRST".to_owned(),
            };
            self.notes
                .extend(fill::needs(self.change, column, self.diff));
            if self.stepwise.contains(&column.name) {
                self.add_stepwise(column, &place);
                continue;
            }
            let filled = fill::with_default(column, self.flavour);
            let definition = self.definition(filled.as_ref().unwrap_or(column));
            self.add(format!("ADD COLUMN {definition}{place}"), is_late);
            self.after.extend(filled.map(|_| {
                match fill::is_place(column.type_name.as_str()) {
                    // MariaDB leaves an expression where it is.
                    true => format!("MODIFY COLUMN {}", self.definition(column)),
                    false => format!("ALTER COLUMN {} DROP DEFAULT", name(&column.name)),
                }
            }));
        }
    }

    /// Adds a column without a value, gives each row one, and then says what it is to be.
    fn add_stepwise(&mut self, column: &Column, place: &str) {
        let Some(fill) = fill::all(self.change, column, self.flavour) else {
            return;
        };
        let mut bare = Column {
            nullable: true,
            default: None,
            ..column.clone()
        };
        bare.options.remove("on update");
        let clause = format!("ADD COLUMN {}{place}", self.definition(&bare));
        self.adds.push(clause);
        self.fills.push(fill);
        // Keys that wait for it stand behind.
        let clause = format!("MODIFY COLUMN {}", self.definition(column));
        self.late.push(clause);
    }

    /// Periods and system versioning, which go and come with their columns.
    fn version(&mut self) {
        let (from, to) = (&self.change.from.options, &self.change.to.options);
        let gone = from.iter().filter(|(key, it)| to.get(*key) != Some(*it));
        let gone = gone.filter_map(|(key, _)| create::period_name(key));
        let gone = gone.map(|it| format!("DROP PERIOD FOR {it}"));
        self.drops.splice(0..0, gone);
        let new = to.iter().filter(|(key, it)| from.get(*key) != Some(*it));
        let new = new.filter_map(create::period);
        self.adds.extend(new.map(|it| format!("ADD {it}")));
        match (options::is_versioned(from), options::is_versioned(to)) {
            (true, false) => {
                self.drops.push("DROP SYSTEM VERSIONING".to_owned());
                let text = format!("drops the history of `{}`", self.change.to.name);
                self.notes.push(Note::destructive(text));
            }
            (false, true) => self.adds.push("ADD SYSTEM VERSIONING".to_owned()),
            _ => {}
        }
    }
}

/// Adds a foreign key, and keeps the index that serves it under its name.
pub(super) fn add_key(to: &Table, key: &Constraint, diff: &Diff, script: &mut Script) {
    let Rule::ForeignKey(reference) = &key.rule else {
        return;
    };
    let called = keys::called(key, to, diff);
    let mut clauses = Vec::new();
    let mut notes = Vec::new();
    // Adding a key copies the table, so its index is made again at no cost.
    if let Some(from) = diff.from.tables.get(&to.name)
        && let Some(index) = index::serving(reference, from, to)
    {
        clauses.push(format!("DROP INDEX {}", name(&index.name)));
        clauses.push(format!("ADD {}", create::index(index)));
        notes.push(index::made_again(&[index]));
    }
    let key = create::foreign_key(key, Some(called));
    clauses.push(format!("ADD {key}"));
    push_alter(&table_name(&to.name), &clauses, notes, script);
}

/// One `ALTER TABLE`, a clause a line where there are several.
pub(super) fn push_alter(table: &str, clauses: &[String], notes: Vec<Note>, script: &mut Script) {
    match clauses {
        [] => {}
        [only] => script.push_noted(format!("ALTER TABLE {table} {only}"), notes),
        several => {
            let text = format!("ALTER TABLE {table}\n  {}", several.join(",\n  "));
            script.push_noted(text, notes);
        }
    }
}

/// The clause for a change of a default alone, which copies nothing.
fn default_alone(from: &Column, to: &Column) -> Option<String> {
    let differs_elsewhere = Column {
        default: to.default.clone(),
        ..from.clone()
    } != *to;
    // MariaDB leaves an expression where it is.
    let is_expression = |it: &Text| !is_literal(it.as_str());
    if differs_elsewhere || from.default.as_ref().is_some_and(is_expression) {
        return None;
    }
    let column = name(&to.name);
    match &to.default {
        Some(default) if is_literal(default.as_str()) => Some(format!(
            "ALTER COLUMN {column} SET DEFAULT {}",
            value(default.as_str())
        )),
        Some(_) => None,
        // Without any, an INSERT that names no value would fail.
        None if to.nullable => Some(format!("ALTER COLUMN {column} SET DEFAULT NULL")),
        None => Some(format!("ALTER COLUMN {column} DROP DEFAULT")),
    }
}

/// New columns for which MySQL does not fill the rows that are there: its binary log takes no
/// function that gives each server another value, and a place gets none from an expression.
fn stepwise<'a>(
    change: &'a TableChange,
    rebuilt: &BTreeSet<&Text>,
    flavour: Option<Flavour>,
) -> BTreeSet<&'a Text> {
    if flavour == Some(Flavour::Mariadb) {
        return BTreeSet::new();
    }
    let columns = change.to.columns.iter();
    let is_new =
        |it: &&Column| change.from.column(&it.name).is_none() || rebuilt.contains(&it.name);
    let new = columns.filter(is_new);
    new.filter(|it| fill::is_stepwise(it, flavour))
        .map(|it| &it.name)
        .collect()
}

/// The stepwise columns with the new ones that are computed from them.
fn waiting<'a>(
    change: &'a TableChange,
    rebuilt: &BTreeSet<&Text>,
    stepwise: &BTreeSet<&'a Text>,
) -> BTreeSet<&'a Text> {
    let mut waiting = stepwise.clone();
    let is_new = |it: &Column| change.from.column(&it.name).is_none() || rebuilt.contains(&it.name);
    loop {
        let more = change.to.columns.iter().find(|it| {
            let expression = it.generated.as_ref().map(|it| it.expression.as_str());
            let uses = |text: &str| waiting.iter().any(|name| mentions(text, name));
            is_new(it) && !waiting.contains(&it.name) && expression.is_some_and(uses)
        });
        match more {
            Some(column) => waiting.insert(&column.name),
            None => return waiting,
        };
    }
}

/// The columns that no `MODIFY` makes what they are to be, and those computed from
/// columns that go.
fn rebuilt(change: &TableChange) -> BTreeSet<&Text> {
    let mut gone: BTreeSet<&Text> = BTreeSet::new();
    let mut rebuilt = BTreeSet::new();
    for alteration in &change.alterations {
        match alteration {
            Alteration::DropColumn(column) => drop(gone.insert(&column.name)),
            Alteration::ChangeColumn { from, to } if is_rebuild(from, to) => {
                rebuilt.insert(&from.name);
            }
            _ => {}
        }
    }
    while let Some(more) = computed_from(&change.from, &change.to, &gone, &rebuilt) {
        rebuilt.insert(more);
    }
    rebuilt
}

/// A computed column that stays while one that it is computed from goes.
fn computed_from<'a>(
    from: &'a Table,
    to: &Table,
    gone: &BTreeSet<&Text>,
    rebuilt: &BTreeSet<&Text>,
) -> Option<&'a Text> {
    let stays = |it: &&Column| {
        let computed = to.column(&it.name).is_some_and(|it| it.generated.is_some());
        computed && !rebuilt.contains(&it.name)
    };
    let uses_gone = |it: &&Column| {
        let expression = it.generated.as_ref().map(|it| it.expression.as_str());
        let mut names = gone.iter().chain(rebuilt);
        expression.is_some_and(|text| names.any(|name| mentions(text, name)))
    };
    let mut columns = from.columns.iter();
    columns
        .find(|it| stays(it) && uses_gone(it))
        .map(|it| &it.name)
}

fn is_rebuild(from: &Column, to: &Column) -> bool {
    let sides = from.options.get("generated as row") != to.options.get("generated as row");
    sides
        || match (&from.generated, &to.generated) {
            (Some(from), Some(to)) => from.stored != to.stored,
            (Some(from), None) => !from.stored,
            (None, Some(_)) => true,
            (None, None) => false,
        }
}
