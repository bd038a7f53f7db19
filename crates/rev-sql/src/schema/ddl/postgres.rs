//! PostgreSQL's statements.
//!
//! All that can be altered is altered where it stands; what a table changes in is one
//! `ALTER TABLE`, as far as the server takes it so. Types that cannot be altered are
//! made anew under their names, and the columns that have them go over by text: see
//! [`retype`].

mod alter;
mod aside;
mod asked;
mod called;
mod cast;
mod column;
mod create;
mod domain;
mod enumeration;
mod handover;
mod loss;
mod object;
mod over_parts;
mod partition;
mod rename;
mod retype;
mod rights;
mod sequence;
mod unfit;
mod way;

use std::collections::BTreeSet;

use rev_core::Dialect;

use super::{Note, Script, Step, Writer, spell, spell_name};
use crate::ledger;
use crate::schema::postgres::default_name;
use crate::schema::{Column, Constraint, Diff, Kind, Name, Object, Table, TableChange, Text};

pub(super) use called::parts;

/// Writes for PostgreSQL.
#[derive(Debug, Default)]
pub(super) struct Postgres {
    /// Enums that are made anew though they only grow.
    anew: BTreeSet<Name>,
}

impl Postgres {
    /// What a script uses is known when it is there.
    pub(super) fn of(diff: &Diff) -> Self {
        let draft = super::write_with(&Self::default(), diff, Dialect::Postgres);
        Self {
            anew: enumeration::used_at_once(diff, &draft),
        }
    }
}

impl Writer for Postgres {
    fn keys_apart(&self) -> bool {
        true
    }

    fn is_key_in_the_way(&self, table: &Table, key: &Constraint, diff: &Diff) -> bool {
        super::order::is_shaken(table, key, diff)
    }

    fn is_in_the_way(&self, object: &Object, diff: &Diff) -> bool {
        way::is_in_the_way(object, diff, &self.anew)
    }

    fn replaces(&self, from: &Object, to: &Object) -> bool {
        object::replaces(from, to)
    }

    fn comes_after<'a>(&self, change: &'a TableChange, diff: &'a Diff) -> Vec<&'a Name> {
        let mut before = alter::persistence_after(change, diff);
        // What a parent goes through reaches its heirs, so what they have of their own comes after.
        before.extend(&change.to.parents);
        before
    }

    fn begin(&self, diff: &Diff, script: &mut Script) {
        aside::before_renames(diff, script);
    }

    fn write(&self, step: Step<'_>, diff: &Diff, script: &mut Script) {
        match step {
            Step::DropObject(object) => object::drop(object, diff, script),
            Step::CreateObject(object) => object::create(object, diff, script),
            Step::ReplaceObject(from, to) => object::replace(from, to, diff, script),
            Step::DropForeignKey(table, constraint) => {
                script.push(format!(
                    "ALTER TABLE {} DROP CONSTRAINT {}",
                    qualified(&table.name),
                    constraint_name(table, constraint)
                ));
            }
            Step::AddForeignKey(table, constraint) => {
                create::foreign_key(table, constraint, script)
            }
            Step::DropTable(table) => {
                sequence::release(&table.name, None, diff, script);
                let notes = vec![diff.loss_of_table(table)];
                script.push_noted(
                    format!("DROP TABLE {}", aside::called(&table.name, diff)),
                    notes,
                );
            }
            Step::CreateTable(table) => create::table_with_all(table, diff, script),
            Step::ChangeTable(change) => alter::write(change, diff, script),
            Step::Rename(it) => rename::write(it, diff, script),
            Step::TablesThere => {
                partition::join(diff, script);
                over_parts::write(diff, script);
            }
            Step::Renamed => {
                aside::after_renames(diff, script);
                partition::leave(diff, script);
            }
            Step::CreateNamespace(it) => {
                script.push(format!("CREATE SCHEMA {}{}", if_left(it, diff), name(it)));
                let called = Name::bare(it.clone());
                rights::of(Kind::Namespace, &called, "SCHEMA", diff, script);
            }
            Step::DropNamespace(it) => {
                let called = format!("DROP SCHEMA {}", name(it));
                script.push_noted(called, vec![not_empty(it)]);
            }
            Step::CreateEnum(it) => enumeration::create(it, diff, script),
            Step::ChangeEnum(from, to) => enumeration::change(from, to, &self.anew, diff, script),
            Step::DropEnum(it) => {
                script.push(format!("DROP TYPE {}", aside::called(&it.name, diff)));
            }
            Step::CreateSequence(it) => sequence::create(it, diff, script),
            Step::ChangeSequence(from, to) => sequence::change(from, to, diff, script),
            Step::DropSequence(it) => sequence::drop(it, diff, script),
        }
    }
}

/// What a column's value becomes where the column gets another type or collation.
pub(super) fn converted(value: &str, from: &Column, to: &Column, diff: &Diff) -> Option<String> {
    let old = cast::base_type(from.type_name.as_str(), &diff.from);
    let new = cast::base_type(to.type_name.as_str(), &diff.to);
    // What the script makes is not there before.
    if cast::is_own(&new, &diff.to) {
        return None;
    }
    let value = cast::converted(value, &old, &new);
    Some(match &to.collation {
        Some(collation) => format!("({value} COLLATE {collation})"),
        None => value,
    })
}

/// What a new column gets that must hold something and has no default.
pub(super) fn filler(column: &Column, diff: &Diff) -> Option<String> {
    let filler = cast::filler(column, &diff.to)?;
    Some(match cast::is_own(column.type_name.as_str(), &diff.to) {
        true => filler,
        false => format!("CAST({filler} AS {})", column.type_name),
    })
}

/// What is said of a schema that goes: what is not compared may still be in it.
fn not_empty(schema: &Text) -> Note {
    let lists = [
        ("pg_collation", "collnamespace"),
        ("pg_conversion", "connamespace"),
        ("pg_operator", "oprnamespace"),
        ("pg_opfamily", "opfnamespace"),
        ("pg_ts_config", "cfgnamespace"),
        ("pg_ts_dict", "dictnamespace"),
        ("pg_ts_parser", "prsnamespace"),
        ("pg_ts_template", "tmplnamespace"),
    ];
    let schema = literal(schema.as_str());
    let lists = lists
        .map(|(list, column)| format!("(SELECT count(*) FROM {list} WHERE {column} = it.oid)"));
    let foreign = "(SELECT count(*) FROM pg_class WHERE relnamespace = it.oid AND relkind = 'f')";
    let question = format!(
        "SELECT {} + {foreign} FROM pg_namespace AS it WHERE nspname = {schema}",
        lists.join(" + ")
    );
    let note = "what is not compared and still in it makes this fail: a text search, an operator, a foreign table";
    Note::decide(note).asking(Some(question))
}

/// What says that a schema may be there: one that holds an extension stays with it on every
/// way down.
fn if_left(schema: &Text, diff: &Diff) -> &'static str {
    let mut objects = diff.to.objects.values();
    let holds = objects
        .any(|it| it.kind == Kind::Extension && it.needs.iter().any(|place| place.name == *schema));
    if holds { "IF NOT EXISTS " } else { "" }
}

fn name(text: &Text) -> String {
    spell(text, Dialect::Postgres)
}

fn names<'a>(texts: impl IntoIterator<Item = &'a Text>) -> String {
    let names: Vec<String> = texts.into_iter().map(name).collect();
    names.join(", ")
}

fn qualified(name: &Name) -> String {
    spell_name(name, Dialect::Postgres)
}

/// A name beside a table, in its schema.
fn beside(table: &Name, text: &Text) -> String {
    qualified(&Name {
        schema: table.schema.clone(),
        name: text.clone(),
    })
}

fn literal(text: &str) -> String {
    ledger::text(text, Dialect::Postgres)
}

/// `COMMENT ON what IS 'text'`, or NULL.
fn comment_on(what: &str, comment: Option<&str>) -> String {
    let text = comment.map_or_else(|| "NULL".to_owned(), literal);
    format!("COMMENT ON {what} IS {text}")
}

/// The name of a constraint, made up by the server or not, as statements say it.
fn constraint_name(table: &Table, constraint: &Constraint) -> String {
    name(&constraint_text(table, constraint))
}

fn constraint_text(table: &Table, constraint: &Constraint) -> Text {
    let found = constraint.name.clone();
    let found = found.or_else(|| default_name::of_constraint(table, constraint));
    found.unwrap_or_default()
}

fn remark(text: impl Into<String>) -> Vec<Note> {
    vec![Note::remark(text)]
}
