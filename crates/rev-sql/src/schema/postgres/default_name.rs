//! The names that the server makes up.
//! <https://www.postgresql.org/docs/current/sql-createtable.html>, "constraint_name".

use std::collections::BTreeSet;

use rev_core::Dialect;

use crate::schema::{Constraint, Part, PartOf, Rule, Table, Text};
use crate::split::{TokenKind, tokens, unquoted};

/// How many bytes a name may have.
const LONGEST: usize = 63;

/// The name that a constraint of a table gets where it is given none; `None` where
/// that cannot be told.
pub(in crate::schema) fn of_constraint(table: &Table, constraint: &Constraint) -> Option<Text> {
    let (columns, end) = match &constraint.rule {
        Rule::PrimaryKey(_) => (Vec::new(), "pkey"),
        Rule::Unique(parts) => (columns_of(parts)?, "key"),
        Rule::ForeignKey(it) => (it.columns.iter().collect(), "fkey"),
        Rule::Check(text) => match mentioned(table, text).as_slice() {
            [only] => (vec![*only], "check"),
            _ => (Vec::new(), "check"),
        },
        Rule::Exclusion(_) => return None,
    };
    joined(&table.name.name, &columns, end)
}

/// The name that the sequence of a `serial` or identity column gets.
pub(in crate::schema) fn of_sequence(table: &Text, column: &Text) -> Option<Text> {
    joined(table, &[column], "seq")
}

fn joined(table: &Text, columns: &[&Text], end: &str) -> Option<Text> {
    let mut words = vec![table.as_str()];
    words.extend(columns.iter().map(|it| it.as_str()));
    words.push(end);
    let name = words.join("_");
    // Longer ones are cut, and what is left may be taken.
    (name.len() <= LONGEST).then(|| super::name(name))
}

fn columns_of(parts: &[Part]) -> Option<Vec<&Text>> {
    let columns = parts.iter().map(|part| match &part.of {
        PartOf::Column(name) => Some(name),
        PartOf::Expression(_) => None,
    });
    columns.collect()
}

/// The columns of a table that an expression uses, each once.
pub(in crate::schema) fn mentioned<'a>(table: &'a Table, expression: &Text) -> Vec<&'a Text> {
    let words = words(expression.as_str());
    let columns = table.columns.iter().map(|it| &it.name);
    columns.filter(|it| words.contains(it.as_str())).collect()
}

/// Whether an expression or statement may use a column.
pub(in crate::schema) fn mentions(text: &Text, column: &Text) -> bool {
    words(text.as_str()).contains(column.as_str())
}

/// Names in a text that are neither of functions nor of types.
fn words(text: &str) -> BTreeSet<String> {
    let found = tokens(text, Dialect::Postgres);
    let mut words = BTreeSet::new();
    for (index, token) in found.iter().enumerate() {
        let is_call = found.get(index + 1).is_some_and(|it| it.is_symbol("("));
        let is_type = index > 0 && found[index - 1].is_symbol(":");
        match token.kind {
            TokenKind::Word if !is_call && !is_type => {
                words.insert(token.text.to_owned());
            }
            TokenKind::Name if !is_type => {
                words.insert(unquoted(token.text));
            }
            _ => {}
        }
    }
    words
}
