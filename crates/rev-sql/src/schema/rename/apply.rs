//! A schema under other names.

use rev_core::Dialect;

use super::family::family;
use super::object;
use super::pair::{Rename, is_text};
use super::place;
use crate::schema::{Constraint, Index, Name, Part, PartOf, Reference, Rule, Schema, Table, Text};
use crate::split::{Token, TokenKind, tokens, unquoted};

/// The schema with these renames done, as the engine does them: references follow,
/// and so do the expressions of the table itself, and of what inherits from it. On PostgreSQL the
/// texts of objects follow a column as far as its words say whose they are; the texts of others
/// stay, for they are made again.
pub(in crate::schema) fn apply(schema: &Schema, renames: &[Rename], dialect: Dialect) -> Schema {
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

pub(in crate::schema) fn rename_table(schema: &mut Schema, from: &Name, to: &Name) {
    crate::schema::postgres::numbers::move_along(schema, from, to);
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

pub(in crate::schema) fn rename_in(table: &mut Table, from: &Name, to: &Name) {
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

pub(in crate::schema) fn references(table: &mut Table) -> impl Iterator<Item = &mut Reference> {
    references_of(&mut table.constraints)
}

pub(in crate::schema) fn references_of(
    constraints: &mut [Constraint],
) -> impl Iterator<Item = &mut Reference> {
    constraints.iter_mut().filter_map(|it| match &mut it.rule {
        Rule::ForeignKey(reference) => Some(reference),
        _ => None,
    })
}

pub(in crate::schema) fn rename_column(
    schema: &mut Schema,
    name: &Name,
    from: &Text,
    to: &Text,
    dialect: Dialect,
) {
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

/// A column's new name, on its way through its table.
#[derive(Clone, Copy)]
pub(in crate::schema) struct Renaming<'a> {
    pub(in crate::schema) from: &'a Text,
    pub(in crate::schema) to: &'a Text,
    pub(in crate::schema) dialect: Dialect,
}

impl Renaming<'_> {
    pub(in crate::schema) fn in_table(self, table: &mut Table) {
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

    pub(in crate::schema) fn in_constraint(self, constraint: &mut Constraint) {
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

    pub(in crate::schema) fn in_index(self, index: &mut Index) {
        self.parts(&mut index.parts);
        index.include.iter_mut().for_each(|name| self.name(name));
        index
            .predicate
            .iter_mut()
            .for_each(|text| self.expression(text));
    }

    pub(in crate::schema) fn parts(self, parts: &mut [Part]) {
        for part in parts {
            match &mut part.of {
                PartOf::Column(name) => self.name(name),
                PartOf::Expression(text) => self.expression(text),
            }
        }
    }

    pub(in crate::schema) fn name(self, name: &mut Text) {
        if name == self.from {
            *name = self.to.clone();
        }
    }

    /// An expression over one table, whose words that may be columns are.
    pub(in crate::schema) fn expression(self, text: &mut Text) {
        if let Some(renamed) = self.replaced(text.as_str()) {
            *text = crate::schema::ddl::expression(&renamed, self.dialect);
        }
    }

    /// A text with the new name, where it has the old one.
    pub(in crate::schema) fn replaced(self, source: &str) -> Option<String> {
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
    pub(in crate::schema) fn spelt(self) -> String {
        match self.dialect {
            Dialect::Mysql => crate::ledger::name(self.to.as_str(), self.dialect),
            _ => crate::schema::ddl::spell(self.to, self.dialect),
        }
    }

    pub(in crate::schema) fn is_column(self, token: &Token<'_>) -> bool {
        match token.kind {
            // There no column goes without quotes.
            TokenKind::Word if self.dialect == Dialect::Mysql => false,
            TokenKind::Word => is_text(self.from, token.text),
            TokenKind::Name => is_text(self.from, &unquoted(token.text)),
            _ => false,
        }
    }
}

/// A text with some of its tokens replaced.
pub(in crate::schema) fn replaced(
    source: &str,
    dialect: Dialect,
    new: impl Fn(&Token<'_>) -> Option<String>,
) -> String {
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
