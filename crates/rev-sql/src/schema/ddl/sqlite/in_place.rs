//! What SQLite can change where the table stands.
//! <https://sqlite.org/lang_altertable.html>

use rev_core::Dialect;

use super::name;
use super::{create, gives_its_name};
use crate::schema::ddl::Script;
use crate::schema::{
    Alteration, Column, Constraint, Diff, Index, PartOf, Rule, Schema, Table, TableChange, Text,
};
use crate::split::{TokenKind, tokens, unquoted};

/// The parts of a change that need no rebuild.
pub(super) struct InPlace<'a> {
    indexes_gone: Vec<&'a Index>,
    columns_gone: Vec<&'a Column>,
    columns_new: Vec<NewColumn<'a>>,
    indexes_new: Vec<&'a Index>,
}

struct NewColumn<'a> {
    column: &'a Column,
    /// The constraints that come with it.
    beside: Vec<&'a Constraint>,
}

impl<'a> InPlace<'a> {
    /// The change, if all of it can be done so. On the way back the columns must come to
    /// stand where they stood.
    pub(super) fn of(change: &'a TableChange, diff: &Diff) -> Option<Self> {
        let found = Self::possible(change, &diff.from)?;
        (!diff.is_way_back || found.restores_order(change, diff)).then_some(found)
    }

    /// Likewise, wherever the columns come to stand. `from` is the schema before the change.
    fn possible(change: &'a TableChange, from: &Schema) -> Option<Self> {
        let quoted = from.quoted.get(&change.from.name);
        let is_meant = |it: &Alteration| match it {
            Alteration::AddColumn(column) => quoted.is_some_and(|it| it.contains(&column.name)),
            _ => false,
        };
        // A stored text in double quotes would be the new column from then on.
        if change.alterations.iter().any(is_meant) {
            return None;
        }
        let mut found = Self {
            indexes_gone: Vec::new(),
            columns_gone: Vec::new(),
            columns_new: Vec::new(),
            indexes_new: Vec::new(),
        };
        let mut constraints = Vec::new();
        for alteration in &change.alterations {
            match alteration {
                Alteration::AddIndex(index) => found.indexes_new.push(index),
                Alteration::DropIndex(index) => found.indexes_gone.push(index),
                Alteration::AddConstraint(constraint) => constraints.push(constraint),
                Alteration::AddColumn(column) if can_be_added(column) => {
                    let beside = Vec::new();
                    found.columns_new.push(NewColumn { column, beside });
                }
                Alteration::DropColumn(column) if can_be_dropped(column, change) => {
                    found.columns_gone.push(column);
                }
                _ => return None,
            }
        }
        // What is computed comes after what it is computed from.
        found
            .columns_new
            .sort_by_key(|it| it.column.generated.is_some());
        if found
            .columns_new
            .iter()
            .any(|it| it.is_computed_twice(change))
        {
            return None;
        }
        for constraint in constraints {
            let new = found.columns_new.iter_mut();
            let mut takers = new.filter(|it| can_bring(it.column, constraint));
            takers.next_back()?.beside.push(constraint);
        }
        Some(found)
    }

    /// Whether a way back in place leaves the columns in the order that they had before the
    /// way up: the new ones stand behind, as they are added.
    fn restores_order(&self, change: &TableChange, diff: &Diff) -> bool {
        fn names(table: &Table) -> impl Iterator<Item = &Text> {
            table.columns.iter().map(|it| &it.name)
        }
        let (before, after) = (&change.to, &change.from);
        let up = crate::schema::diff::table(before, after);
        let was_in_place = up.is_some_and(|up| InPlace::possible(&up, &diff.to).is_some());
        // What went up in place stands as before, with the new ones behind.
        let standing = if was_in_place { before } else { after };
        let is_kept = |it: &&Text| before.column(it).is_some() && after.column(it).is_some();
        let back = self.columns_new.iter().map(|it| &it.column.name);
        names(standing)
            .filter(is_kept)
            .chain(back)
            .eq(names(before))
    }

    pub(super) fn drops_columns(&self) -> bool {
        !self.columns_gone.is_empty()
    }

    pub(super) fn write(&self, change: &TableChange, diff: &Diff, script: &mut Script) {
        let table = name(&change.to.name.name);
        let gone = self.indexes_gone.iter();
        for index in gone.filter(|it| !gives_its_name(it, &change.to, diff)) {
            script.push(format!("DROP INDEX {}", name(&index.name)));
        }
        for column in &self.columns_gone {
            let text = format!("ALTER TABLE {table} DROP COLUMN {}", name(&column.name));
            let notes = diff
                .loss_of_column(&change.to, column)
                .into_iter()
                .collect();
            script.push_noted(text, notes);
        }
        for new in &self.columns_new {
            let column = create::column(&change.to, new.column, &new.beside);
            script.push(format!("ALTER TABLE {table} ADD COLUMN {column}"));
        }
        for index in &self.indexes_new {
            script.push(create::index(index, &change.to));
        }
    }
}

impl NewColumn<'_> {
    /// Whether it is computed from another new column that is computed.
    fn is_computed_twice(&self, change: &TableChange) -> bool {
        let Some(own) = &self.column.generated else {
            return false;
        };
        change.alterations.iter().any(|it| match it {
            Alteration::AddColumn(other) => {
                other.generated.is_some() && mentions(&own.expression, &other.name)
            }
            _ => false,
        })
    }
}

fn can_be_added(column: &Column) -> bool {
    let computed = column.generated.as_ref();
    let fits = match &column.default {
        Some(default) => create::is_constant(default),
        None => column.nullable,
    };
    fits && column.identity.is_none() && computed.is_none_or(|it| !it.stored && column.nullable)
}

/// Whether a constraint can come along with a new column.
fn can_bring(column: &Column, constraint: &Constraint) -> bool {
    match &constraint.rule {
        // With another default than NULL, SQLite would have to look for its row.
        Rule::ForeignKey(it) => it.columns == [column.name.clone()] && column.default.is_none(),
        Rule::Check(check) => mentions(check, &column.name),
        _ => false,
    }
}

/// Whether nothing but indexes, which go first, stands on a column.
fn can_be_dropped(column: &Column, change: &TableChange) -> bool {
    let from = &change.from;
    let gone = |index: &Index| {
        change
            .alterations
            .contains(&Alteration::DropIndex(index.clone()))
    };
    let is_constrained = from
        .constraints
        .iter()
        .any(|it| constrains(it, &column.name));
    let is_computed_from = from.columns.iter().any(|it| {
        let generated = it.generated.as_ref();
        it.name != column.name && generated.is_some_and(|it| mentions(&it.expression, &column.name))
    });
    let is_indexed = from
        .indexes
        .iter()
        .any(|it| !gone(it) && is_in_index(it, &column.name));
    let stays = |other: &&Column| change.to.column(&other.name).is_some();
    !is_constrained
        && !is_computed_from
        && !is_indexed
        && from
            .columns
            .iter()
            .filter(stays)
            .any(|it| it.generated.is_none())
}

fn is_in_index(index: &Index, column: &Text) -> bool {
    let in_parts = index.parts.iter().any(|part| is_of(&part.of, column));
    in_parts
        || index
            .predicate
            .as_ref()
            .is_some_and(|it| mentions(it, column))
}

fn is_of(part: &PartOf, column: &Text) -> bool {
    match part {
        PartOf::Column(name) => name == column,
        PartOf::Expression(text) => mentions(text, column),
    }
}

fn constrains(constraint: &Constraint, column: &Text) -> bool {
    match &constraint.rule {
        Rule::PrimaryKey(parts) | Rule::Unique(parts) => {
            parts.iter().any(|part| is_of(&part.of, column))
        }
        Rule::ForeignKey(it) => it.columns.contains(column),
        Rule::Check(text) | Rule::Exclusion(text) => mentions(text, column),
    }
}

/// Whether an expression may use a column.
pub(super) fn mentions(expression: &Text, column: &Text) -> bool {
    let found = tokens(expression.as_str(), Dialect::Sqlite);
    found.iter().any(|token| match token.kind {
        TokenKind::Word => token.text.eq_ignore_ascii_case(column.as_str()),
        TokenKind::Name | TokenKind::Text => {
            unquoted(token.text).eq_ignore_ascii_case(column.as_str())
        }
        _ => false,
    })
}
