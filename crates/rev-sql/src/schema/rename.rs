//! Renames: no comparison can know them, so a person is asked, or says so beforehand.
//!
//! All renames of one diff are meant at the same time, so two names may be swapped.
//! [`moves`] puts them into an order in which [`apply`], and a script, can do them one by
//! one.

mod moves;
mod object;
mod place;
mod resolve;

use std::collections::BTreeSet;

use rev_core::Dialect;

use super::{
    Alteration, Change, Constraint, Index, Name, Object, Part, PartOf, Reference, Rule, Schema,
    Table, TableChange, Text,
};
use crate::split::{Token, TokenKind, tokens, unquoted};
pub(super) use moves::{before, moves};
use resolve::is_text;
pub use resolve::{BadRename, resolve, resolve_all};

/// A table or column that goes on under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rename {
    /// A table.
    Table {
        /// As it was called.
        from: Name,
        /// As it will be called.
        to: Name,
    },
    /// A column.
    Column {
        /// Its table, by the name that it will have.
        table: Name,
        /// As it was called.
        from: Text,
        /// As it will be called.
        to: Text,
    },
}

impl Rename {
    /// A sentence: ``renames column `hero.power` to `strength` ``.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Rename::Table { from, to } => format!("renames table `{from}` to `{to}`"),
            Rename::Column { table, from, to } => {
                format!("renames column `{table}.{from}` to `{to}`")
            }
        }
    }

    /// As a flag or setting spells it: `hero.power:strength`.
    #[must_use]
    pub fn spelt(&self) -> String {
        match self {
            Rename::Table { from, to } => format!("{from}:{to}"),
            Rename::Column { table, from, to } => format!("{table}.{from}:{to}"),
        }
    }

    /// What a table was called before these renames.
    pub(super) fn old_name<'a>(renames: &'a [Rename], name: &'a Name) -> &'a Name {
        let old = renames.iter().find_map(|it| match it {
            Rename::Table { from, to } if to == name => Some(from),
            _ => None,
        });
        old.unwrap_or(name)
    }

    /// The same renames for the way back.
    #[must_use]
    pub fn inverted(renames: &[Rename]) -> Vec<Rename> {
        let invert = |rename: &Rename| match rename {
            Rename::Table { from, to } => Rename::Table {
                from: to.clone(),
                to: from.clone(),
            },
            Rename::Column { table, from, to } => Rename::Column {
                table: Self::old_name(renames, table).clone(),
                from: to.clone(),
                to: from.clone(),
            },
        };
        renames.iter().map(invert).collect()
    }
}

/// Renames that may be meant: a table that is gone beside a new one that is much
/// alike, a column that is gone beside a new one of its type. Each name at most once.
pub(super) fn candidates(changes: &[Change]) -> Vec<Rename> {
    let mut found = Vec::new();
    let gone = changes.iter().filter_map(|change| match change {
        Change::DropTable(table) => Some(table),
        _ => None,
    });
    let mut new: Vec<&Table> = changes
        .iter()
        .filter_map(|change| match change {
            Change::CreateTable(table) => Some(table),
            _ => None,
        })
        .collect();
    for old in gone {
        // Made anew under its name.
        if let Some(same) = new.iter().position(|it| it.name == old.name) {
            new.remove(same);
            continue;
        }
        let best = (0..new.len()).max_by_key(|&index| likeness(old, new[index]));
        if let Some(index) = best.filter(|&index| likeness(old, new[index]) >= 50) {
            found.push(Rename::Table {
                from: old.name.clone(),
                to: new.remove(index).name.clone(),
            });
        }
    }
    for change in changes {
        if let Change::ChangeTable(change) = change {
            found.extend(columns(change));
        }
    }
    found
}

/// How many of a hundred columns two tables share by name and type.
fn likeness(one: &Table, other: &Table) -> usize {
    let shared = one.columns.iter().filter(|column| {
        let same = other.column(&column.name);
        same.is_some_and(|it| it.type_name == column.type_name)
    });
    100 * shared.count() / one.columns.len().max(other.columns.len()).max(1)
}

fn columns(change: &TableChange) -> Vec<Rename> {
    let mut new: Vec<_> = change
        .alterations
        .iter()
        .filter_map(|it| match it {
            Alteration::AddColumn(column) => Some(column),
            _ => None,
        })
        .collect();
    let mut found = Vec::new();
    for alteration in &change.alterations {
        let Alteration::DropColumn(old) = alteration else {
            continue;
        };
        let alike = new.iter().position(|it| {
            it.type_name == old.type_name && it.generated.is_some() == old.generated.is_some()
        });
        if let Some(index) = alike {
            found.push(Rename::Column {
                table: change.to.name.clone(),
                from: old.name.clone(),
                to: new.remove(index).name.clone(),
            });
        }
    }
    found
}

/// The schema with these renames done, as the engine does them: references follow,
/// and so do the expressions of the table itself, and of what inherits from it. On PostgreSQL the
/// texts of objects follow a column as far as its words say whose they are; the texts of others
/// stay, for they are made again.
pub(super) fn apply(schema: &Schema, renames: &[Rename], dialect: Dialect) -> Schema {
    let mut schema = schema.clone();
    for rename in renames {
        match rename {
            Rename::Table { from, to } => rename_table(&mut schema, from, to),
            Rename::Column { table, from, to } => {
                rename_column(&mut schema, table, from, to, dialect);
            }
        }
    }
    schema
}

fn rename_table(schema: &mut Schema, from: &Name, to: &Name) {
    super::postgres::numbers::move_along(schema, from, to);
    let follow = |name: &mut Name| {
        if name == from {
            *name = to.clone();
        }
    };
    let tables = std::mem::take(&mut schema.tables);
    for mut table in tables.into_values() {
        rename_in(&mut table, from, to);
        schema.add_table(table);
    }
    for sequence in schema.sequences.values_mut() {
        sequence
            .owner
            .iter_mut()
            .for_each(|(table, _)| follow(table));
    }
    if let Some(quoted) = schema.quoted.remove(from) {
        schema.quoted.insert(to.clone(), quoted);
    }
    let objects = std::mem::take(&mut schema.objects);
    for mut object in objects.into_values() {
        object.on.iter_mut().for_each(follow);
        for names in [&mut object.needs, &mut object.after] {
            if names.remove(from) {
                names.insert(to.clone());
            }
        }
        schema.add_object(object);
    }
}

fn rename_in(table: &mut Table, from: &Name, to: &Name) {
    let follow = |name: &mut Name| {
        if name == from {
            *name = to.clone();
        }
    };
    follow(&mut table.name);
    table.parents.iter_mut().for_each(follow);
    for reference in references(table) {
        follow(&mut reference.table);
    }
    if let Some(whole) = &mut table.whole {
        rename_in(whole, from, to);
    }
}

fn references(table: &mut Table) -> impl Iterator<Item = &mut Reference> {
    references_of(&mut table.constraints)
}

fn references_of(constraints: &mut [Constraint]) -> impl Iterator<Item = &mut Reference> {
    constraints.iter_mut().filter_map(|it| match &mut it.rule {
        Rule::ForeignKey(reference) => Some(reference),
        _ => None,
    })
}

fn rename_column(schema: &mut Schema, name: &Name, from: &Text, to: &Text, dialect: Dialect) {
    let follow = |column: &mut Text| {
        if column == from {
            *column = to.clone();
        }
    };
    let family = family(schema, name);
    for table in schema.tables.values_mut() {
        let own = family.contains(&table.name);
        let mut lists = vec![&mut table.constraints];
        lists.extend(table.whole.iter_mut().map(|it| &mut it.constraints));
        for reference in lists.into_iter().flat_map(|it| references_of(it)) {
            if reference.table == *name {
                reference.targets.iter_mut().for_each(follow);
            }
            if own {
                reference.columns.iter_mut().for_each(follow);
            }
        }
        if own {
            Renaming { from, to, dialect }.in_table(table);
        }
    }
    for sequence in schema.sequences.values_mut() {
        if let Some((table, column)) = &mut sequence.owner
            && table == name
        {
            follow(column);
        }
    }
    if dialect == Dialect::Postgres {
        for object in schema.objects.values_mut() {
            object::rename(object, &family, from, to);
        }
    }
}

/// A table and all that inherits from it, whose columns are renamed with its own.
pub(super) fn family(schema: &Schema, name: &Name) -> BTreeSet<Name> {
    let mut family = BTreeSet::from([name.clone()]);
    loop {
        let before = family.len();
        let tables = schema.tables.values();
        let heirs = tables.filter(|it| it.parents.iter().any(|it| family.contains(it)));
        let heirs: Vec<Name> = heirs.map(|it| it.name.clone()).collect();
        family.extend(heirs);
        if family.len() == before {
            return family;
        }
    }
}

/// A column's new name, on its way through its table.
#[derive(Clone, Copy)]
struct Renaming<'a> {
    from: &'a Text,
    to: &'a Text,
    dialect: Dialect,
}

impl Renaming<'_> {
    fn in_table(self, table: &mut Table) {
        if let Some(whole) = &mut table.whole {
            self.in_table(whole);
        }
        if table.again.remove(self.from) {
            table.again.insert(self.to.clone());
        }
        for column in &mut table.columns {
            self.name(&mut column.name);
            if let Some(generated) = &mut column.generated {
                self.expression(&mut generated.expression);
            }
            // There a default may use other columns, and a column have its own check.
            if self.dialect == Dialect::Mysql {
                column.default.iter_mut().for_each(|it| self.expression(it));
            }
            if let Some(check) = column.options.get_mut("check") {
                let mut text = Text::exact(check.as_str());
                self.expression(&mut text);
                text.as_str().clone_into(check);
            }
        }
        if let Some(parted) = table.options.get_mut("partition by")
            && self.dialect == Dialect::Mysql
            && let Some(renamed) = self.replaced(parted)
        {
            *parted = renamed;
        }
        if let Some(parted) = table.nature.get_mut("partition by")
            && let Some(renamed) = self.replaced(parted)
        {
            *parted = renamed;
        }
        for constraint in &mut table.constraints {
            self.in_constraint(constraint);
        }
        for index in &mut table.indexes {
            self.in_index(index);
        }
    }

    fn in_constraint(self, constraint: &mut Constraint) {
        if let Some(text) = constraint.options.get_mut("include") {
            let mut include = Text::exact(text.as_str());
            self.expression(&mut include);
            *text = include.to_string();
        }
        match &mut constraint.rule {
            Rule::PrimaryKey(parts) | Rule::Unique(parts) => self.parts(parts),
            Rule::Check(text) | Rule::Exclusion(text) => self.expression(text),
            Rule::ForeignKey(_) => {}
        }
    }

    fn in_index(self, index: &mut Index) {
        self.parts(&mut index.parts);
        index.include.iter_mut().for_each(|name| self.name(name));
        index
            .predicate
            .iter_mut()
            .for_each(|text| self.expression(text));
    }

    fn parts(self, parts: &mut [Part]) {
        for part in parts {
            match &mut part.of {
                PartOf::Column(name) => self.name(name),
                PartOf::Expression(text) => self.expression(text),
            }
        }
    }

    fn name(self, name: &mut Text) {
        if name == self.from {
            *name = self.to.clone();
        }
    }

    /// An expression over one table, whose words that may be columns are.
    fn expression(self, text: &mut Text) {
        if let Some(renamed) = self.replaced(text.as_str()) {
            *text = super::ddl::expression(&renamed, self.dialect);
        }
    }

    /// A text with the new name, where it has the old one.
    fn replaced(self, source: &str) -> Option<String> {
        let found = tokens(source, self.dialect);
        let may = match self.dialect {
            Dialect::Postgres => place::of_columns(&found),
            _ => vec![true; found.len()],
        };
        let mut renamed = String::new();
        let mut copied = 0;
        for (index, token) in found.iter().enumerate() {
            let is_call = found.get(index + 1).is_some_and(|next| next.is_symbol("("));
            if !is_call && may[index] && self.is_column(token) {
                renamed.push_str(&source[copied..token.start]);
                renamed.push_str(&self.spelt());
                copied = token.end();
            }
        }
        renamed.push_str(&source[copied..]);
        (copied > 0).then_some(renamed)
    }

    /// The new name as the engine spells it in an expression.
    fn spelt(self) -> String {
        match self.dialect {
            Dialect::Mysql => crate::ledger::name(self.to.as_str(), self.dialect),
            _ => super::ddl::spell(self.to, self.dialect),
        }
    }

    fn is_column(self, token: &Token<'_>) -> bool {
        match token.kind {
            // There no column goes without quotes.
            TokenKind::Word if self.dialect == Dialect::Mysql => false,
            TokenKind::Word => is_text(self.from, token.text),
            TokenKind::Name => is_text(self.from, &unquoted(token.text)),
            _ => false,
        }
    }
}

/// Gives an object that is not looked at the new names of what it uses, as its engine
/// would: it may have to be made again.
pub(super) fn follow(object: &mut Object, renames: &[Rename], dialect: Dialect) {
    let uses = |name: &Name| object.needs.contains(name) || object.on.as_ref() == Some(name);
    let used: Vec<(&Text, &Text)> = renames
        .iter()
        .filter_map(|rename| match rename {
            Rename::Table { from, to } => uses(to).then_some((&from.name, &to.name)),
            Rename::Column { table, from, to } => uses(table).then_some((from, to)),
        })
        .collect();
    if used.is_empty() {
        return;
    }
    for text in &mut object.create {
        let new_name = |token: &Token<'_>| {
            let found = used.iter().find(|(from, _)| names(token, from));
            found.map(|(_, to)| super::ddl::spell(to, dialect))
        };
        *text = Text::exact(replaced(text.as_str(), dialect, new_name));
    }
}

/// Whether an expression may use a column.
pub(super) fn mentions(expression: &str, column: &Text, dialect: Dialect) -> bool {
    let found = tokens(expression, dialect);
    found.iter().any(|token| names(token, column))
}

/// Whether a token may be this name.
fn names(token: &Token<'_>, name: &Text) -> bool {
    match token.kind {
        TokenKind::Word => is_text(name, token.text),
        TokenKind::Name => is_text(name, &unquoted(token.text)),
        _ => false,
    }
}

/// A text with some of its tokens replaced.
fn replaced(source: &str, dialect: Dialect, new: impl Fn(&Token<'_>) -> Option<String>) -> String {
    let mut text = String::new();
    let mut copied = 0;
    for token in tokens(source, dialect) {
        if let Some(new) = new(&token) {
            text.push_str(&source[copied..token.start]);
            text.push_str(&new);
            copied = token.end();
        }
    }
    text.push_str(&source[copied..]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::testing::{name, schema};
    use crate::schema::{Diff, Filter};

    #[test]
    fn the_way_back_names_tables_as_they_were() {
        let renames = [
            Rename::Table {
                from: name("hero"),
                to: name("villain"),
            },
            Rename::Column {
                table: name("villain"),
                from: Text::caseless("power"),
                to: Text::caseless("strength"),
            },
        ];
        let back: Vec<String> = Rename::inverted(&renames)
            .iter()
            .map(Rename::spelt)
            .collect();
        assert_eq!(back, ["villain:hero", "hero.strength:power"]);
    }

    #[test]
    fn what_may_be_a_rename_is_told_once_for_each_name() {
        let from = schema("hero: id name power\nteam: id\nold: a b c d");
        let to = schema("hero: id strength skill\nsquad: id\nnew: x y z");
        let diff = Diff::between(&from, &to, &[], &Filter::default(), Dialect::Sqlite);
        let doubts: Vec<String> = diff.doubts.iter().map(Rename::spelt).collect();
        assert_eq!(
            doubts,
            ["team:squad", "hero.name:strength", "hero.power:skill"]
        );
        assert!(diff.reversed(Dialect::Sqlite).doubts.is_empty());
    }

    #[test]
    fn a_renamed_column_is_followed_through_its_table() {
        let expression = |text| super::super::ddl::expression(text, Dialect::Sqlite);
        let mut schema = schema("hero: id power\nfight: hero_id>hero");
        let hero = schema.tables.get_mut(&name("hero")).expect("hero");
        hero.indexes.push(Index {
            name: Text::caseless("ix"),
            unique: false,
            method: None,
            parts: vec![Part {
                of: PartOf::Expression(expression("lower(power) || power(2) || 'power'")),
                ..Part::column(Text::default())
            }],
            include: vec![Text::caseless("power")],
            predicate: Some(expression("\"Power\" > 0")),
            options: Default::default(),
            comment: None,
        });
        let rename = |from, to| Rename::Column {
            table: name("hero"),
            from: Text::caseless(from),
            to: Text::caseless(to),
        };
        let renames = [rename("power", "order"), rename("id", "number")];
        let renamed = apply(&schema, &renames, Dialect::Sqlite);
        let hero = &renamed.tables[&name("hero")];
        let index = &hero.indexes[0];
        let PartOf::Expression(part) = &index.parts[0].of else {
            panic!("an expression")
        };
        assert_eq!(part.as_str(), "lower(\"order\") || power(2) || 'power'");
        assert_eq!(index.include, [Text::caseless("order")]);
        assert_eq!(
            index.predicate.as_ref().map(Text::as_str),
            Some("\"order\" > 0")
        );
        let fight = renamed.tables[&name("fight")]
            .references()
            .next()
            .expect("a key");
        assert_eq!(fight.targets, [Text::caseless("number")]);
    }
}
