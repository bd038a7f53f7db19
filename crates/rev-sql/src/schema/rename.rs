//! Renames: no comparison can know them, so a person is asked, or says so beforehand.
//!
//! All renames of one diff are meant at the same time, so two names may be swapped.
//! [`moves`] puts them into an order in which [`apply`], and a script, can do them one by
//! one.

mod apply;
mod family;
mod moves;
mod object;
mod pair;
mod place;
mod resolve;

use rev_core::Dialect;

use super::{Alteration, Change, Name, Object, Table, TableChange, Text};
use crate::split::{Token, TokenKind, tokens, unquoted};
pub(super) use apply::apply;
use apply::replaced;
pub(super) use family::family;
pub(super) use moves::{before, moves};
pub use pair::Rename;
use pair::is_text;
pub use resolve::{BadRename, resolve, resolve_all};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::testing::{name, schema};
    use crate::schema::{Diff, Filter, Index, Part, PartOf};

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
