//! Questions how many values are in the way, in whatever columns have a type.

use rev_core::Dialect;

use super::{cast, qualified, retype};
use crate::schema::ddl::rows;
use crate::schema::ddl::spelling::{spell, spell_name};
use crate::schema::{Column, Diff, Name, Rename, Table};

/// The question in how many rows a column of this type, or arrays of it, has a value for which a
/// condition holds; `None`: no column has it.
pub(super) fn of_type(
    type_name: &Name,
    condition: impl Fn(&str) -> String,
    diff: &Diff,
) -> Option<String> {
    let called = qualified(type_name);
    let tables = diff.from.tables.values();
    let stay = tables.filter(|it| diff.to.tables.contains_key(&it.name));
    let counts = stay.filter_map(|table| count(table, &called, &condition, diff));
    let counts: Vec<String> = counts.collect();
    match counts.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        several => {
            let several: Vec<String> = several.iter().map(|it| format!("({it})")).collect();
            Some(format!("SELECT {}", several.join(" + ")))
        }
    }
}

fn count(
    table: &Table,
    called: &str,
    condition: &impl Fn(&str) -> String,
    diff: &Diff,
) -> Option<String> {
    // A domain over it holds the same values.
    let is_over = |it: &Column| cast::base_type(it.type_name.as_str(), &diff.from) == called;
    let has_it = { table.columns.iter() }.filter(|it| retype::has(it, called) || is_over(it));
    let conditions = has_it.map(|column| {
        let name = spell(rows::old_name(diff, table, &column.name), Dialect::Postgres);
        if column.type_name.as_str().ends_with("[]") {
            let condition = condition("element.value");
            format!("EXISTS (SELECT FROM unnest({name}) AS element(value) WHERE {condition})")
        } else {
            condition(&name)
        }
    });
    let conditions: Vec<String> = conditions.collect();
    let from = before(table, diff);
    let condition = conditions.join(" OR ");
    (!conditions.is_empty()).then(|| format!("SELECT count(*) FROM {from} WHERE {condition}"))
}

/// What a table is called before the script.
pub(super) fn before(table: &Table, diff: &Diff) -> String {
    spell_name(
        Rename::old_name(&diff.renames, &table.name),
        Dialect::Postgres,
    )
}
