//! Partitions and heirs: tables that leave and join with their rows, and what bounds mean for
//! rows that are there.
//!
//! All that leaves does so once tables have their new names, before any goes or changes; all
//! that joins does so when all tables are there. Between, each is a table by itself. So no two
//! partitions ever hold the same, and what a parent goes through does not reach who has left.

use super::{literal, qualified};
use crate::schema::ddl::{Note, Script};
use crate::schema::diff::inheritance;
use crate::schema::{Change, Diff, Name, Rename, Table, TableChange, Text};

fn bound(table: &Table) -> Option<&str> {
    table.options.get("partition").map(String::as_str)
}

/// The tables that leave or join, or come back by other bounds.
fn moving(diff: &Diff) -> impl Iterator<Item = &TableChange> {
    diff.changes.iter().filter_map(|change| match change {
        Change::ChangeTable(it) if inheritance::moves(&it.from, &it.to) => Some(it),
        _ => None,
    })
}

/// How many of the parents stay, from the first on: others join at the end.
fn kept(change: &TableChange) -> usize {
    let pairs = change.from.parents.iter().zip(&change.to.parents);
    pairs.take_while(|(old, new)| old == new).count()
}

/// What leaves.
pub(super) fn leave(diff: &Diff, script: &mut Script) {
    for change in moving(diff) {
        let table = qualified(&change.from.name);
        if bound(&change.from).is_some() {
            let parent = change.from.parents.iter();
            for parent in parent {
                let text = format!("ALTER TABLE {} DETACH PARTITION {table}", qualified(parent));
                script.push_noted(text, referred_to(change, parent, diff));
            }
            continue;
        }
        let stays = match bound(&change.to) {
            Some(_) => 0,
            None => kept(change),
        };
        for parent in &change.from.parents[stays..] {
            let parent = qualified(parent);
            script.push(format!("ALTER TABLE {table} NO INHERIT {parent}"));
        }
    }
}

/// What joins.
pub(super) fn join(diff: &Diff, script: &mut Script) {
    for change in moving(diff) {
        let table = qualified(&change.to.name);
        if let Some(bound) = bound(&change.to) {
            for parent in &change.to.parents {
                let text = format!(
                    "ALTER TABLE {} ATTACH PARTITION {table} {bound}",
                    qualified(parent)
                );
                let mut notes = vec![outside(change, parent, bound, diff)];
                notes.extend(rows_elsewhere(&change.to, diff));
                script.push_noted(text, notes);
            }
            continue;
        }
        let stays = match bound(&change.from) {
            Some(_) => 0,
            None => kept(change),
        };
        for parent in &change.to.parents[stays..] {
            let parent = qualified(parent);
            script.push(format!("ALTER TABLE {table} INHERIT {parent}"));
        }
    }
}

/// What is said of rows that a default partition may hold, and that belong in another one
/// from now on: the server does not move them.
pub(super) fn rows_elsewhere(table: &Table, diff: &Diff) -> Vec<Note> {
    let Some(new) = bound(table).filter(|it| *it != "DEFAULT") else {
        return Vec::new();
    };
    let is_beside = |it: &&Table| {
        let stays = diff
            .to
            .tables
            .get(&it.name)
            .is_some_and(|it| bound(it) == Some("DEFAULT"));
        bound(it) == Some("DEFAULT") && it.parents == table.parents && stays
    };
    let found = diff.from.tables.values().filter(is_beside);
    let note = |it: &Table| {
        let belong = table
            .parents
            .first()
            .and_then(|it| diff.from.tables.get(it));
        let belong = belong.and_then(|parent| belongs(parent, new, diff));
        let question = belong.zip(called_before(it, diff));
        Note::decide(format!(
            "rows of `{}` that belong to {} make this fail: detach it, move them, attach it again",
            it.name,
            new.trim_start_matches("FOR VALUES ")
        ))
        .asking(
            question.map(|(belong, table)| format!("SELECT count(*) FROM {table} WHERE {belong}")),
        )
    };
    found.map(note).collect()
}

/// What is said of rows that a table holds, and its bounds do not let in.
fn outside(change: &TableChange, parent: &Name, new: &str, diff: &Diff) -> Note {
    let (parent, table) = (diff.to.tables.get(parent), &change.from);
    let belong = parent.and_then(|parent| match new {
        "DEFAULT" => {
            let tables = diff.to.tables.values();
            let beside =
                tables.filter(|it| it.parents == change.to.parents && it.name != table.name);
            let bounds = beside.filter_map(bound).map(|it| belongs(parent, it, diff));
            let bounds: Option<Vec<String>> = bounds.collect();
            let bounds = bounds?;
            Some(match bounds.is_empty() {
                true => "true".to_owned(),
                false => format!("NOT ({})", bounds.join(" OR ")),
            })
        }
        _ => belongs(parent, new, diff),
    });
    let is_known = parent.is_some_and(|it| {
        keys(it).is_some_and(|keys| keys.iter().all(|key| is_steady(key, table)))
    });
    let question = belong.filter(|_| is_known).zip(called_before(table, diff));
    Note::decide(format!(
        "rows outside {new} make this fail: move them first"
    ))
    .asking(
        question.map(|(belong, table)| format!("SELECT count(*) FROM {table} WHERE NOT {belong}")),
    )
}

/// What is said where other tables refer to rows that leave.
fn referred_to(change: &TableChange, parent: &Name, diff: &Diff) -> Vec<Note> {
    let mut notes = Vec::new();
    for (name, table) in &diff.from.tables {
        for reference in table.references().filter(|it| it.table == *parent) {
            let child = called_before(table, diff).zip(called_before(&change.from, diff));
            let pairs = reference.columns.iter().zip(&reference.targets);
            let equal = pairs.map(|(own, target)| {
                format!("child.{} = part.{}", super::name(own), super::name(target))
            });
            let equal: Vec<String> = equal.collect();
            let question = child.map(|(child, part)| {
                format!(
                    "SELECT count(*) FROM {child} AS child WHERE EXISTS (SELECT FROM {part} AS part WHERE {})",
                    equal.join(" AND ")
                )
            });
            notes.push(
                Note::decide(format!("rows of `{name}` that refer to it make this fail"))
                    .asking(question),
            );
        }
    }
    notes
}

/// A table as it is called before the script; `None`: something of it gets another name.
fn called_before(table: &Table, diff: &Diff) -> Option<String> {
    let is_column = |it: &Rename| match it {
        Rename::Column { table: of, .. } => *of == table.name || table.parents.contains(of),
        Rename::Table { .. } => false,
    };
    if diff.renames.iter().any(is_column) {
        return None;
    }
    Some(qualified(Rename::old_name(&diff.renames, &table.name)))
}

/// Whether a key of partitions means the same of a table by itself.
fn is_steady(key: &str, table: &Table) -> bool {
    let is_column = table.any_column(&Text::exact(key)).is_some();
    is_column || key.contains(['(', '"'])
}

/// What a table is parted by: `RANGE (a, lower(b))`; `None` where an operator class or a
/// collation is named with it.
fn keys(parent: &Table) -> Option<Vec<String>> {
    let (_, rest) = parent.nature.get("partition by")?.split_once(' ')?;
    let rest = rest.strip_prefix('(')?.strip_suffix(')')?;
    let keys = listed(rest);
    let is_plain = |it: &String| !it.contains(' ') || it.starts_with('(') || it.ends_with(')');
    keys.iter().all(is_plain).then_some(keys)
}

/// The parts of a list, which commas separate outside of quotes and parentheses.
fn listed(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let (mut depth, mut quote) = (0, None);
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, ',') if depth == 0 => {
                found.push(String::new());
                continue;
            }
            (None, _) => {}
        }
        found.last_mut().expect("one was begun").push(character);
    }
    found.iter().map(|it| it.trim().to_owned()).collect()
}

/// Which rows of a table belong to a partition, as a condition that is never NULL.
fn belongs(parent: &Table, bound: &str, diff: &Diff) -> Option<String> {
    let keys = keys(parent)?;
    let rest = bound.strip_prefix("FOR VALUES ")?;
    let condition = if let Some(rest) = rest.strip_prefix("FROM ") {
        let (from, to) = rest.split_once(" TO ")?;
        let ends = [edge(&keys, from, ">=")?, edge(&keys, to, "<")?];
        let set = keys.iter().map(|it| format!("{it} IS NOT NULL"));
        let all: Vec<String> = set.chain(ends.into_iter().flatten()).collect();
        all.join(" AND ")
    } else if let Some(values) = rest.strip_prefix("IN ") {
        let [key] = &keys[..] else {
            return None;
        };
        let values = listed(values.strip_prefix('(')?.strip_suffix(')')?);
        let (nulls, values): (Vec<String>, Vec<String>) =
            values.into_iter().partition(|it| it == "NULL");
        let mut any = Vec::new();
        if !values.is_empty() {
            any.push(format!("{key} IN ({})", values.join(", ")));
        }
        if !nulls.is_empty() {
            any.push(format!("{key} IS NULL"));
        }
        any.join(" OR ")
    } else {
        let numbers = rest.strip_prefix("WITH (modulus ")?.strip_suffix(')')?;
        let (modulus, remainder) = numbers.split_once(", remainder ")?;
        let parent = diff.from.tables.get(&parent.name)?;
        let parent = literal(&called_before(parent, diff)?);
        let keys = keys.join(", ");
        format!("satisfies_hash_partition({parent}::regclass, {modulus}, {remainder}, {keys})")
    };
    Some(format!("coalesce({condition}, false)"))
}

/// What one end of a range asks of the keys; nothing where it has no limit. What comes after
/// `MINVALUE` or `MAXVALUE` means nothing.
fn edge(keys: &[String], end: &str, operator: &str) -> Option<Vec<String>> {
    let values = listed(end.strip_prefix('(')?.strip_suffix(')')?);
    let limits = ["MINVALUE", "MAXVALUE"];
    let count = values
        .iter()
        .take_while(|it| !limits.contains(&it.as_str()))
        .count();
    if count == 0 {
        return Some(Vec::new());
    }
    let operator = match values.get(count).map(String::as_str) {
        Some("MAXVALUE") if operator == ">=" => ">",
        Some("MAXVALUE") => "<=",
        _ => operator,
    };
    let (keys, values) = (keys[..count].join(", "), values[..count].join(", "));
    Some(vec![match count {
        1 => format!("{keys} {operator} {values}"),
        _ => format!("({keys}) {operator} ({values})"),
    }])
}

#[cfg(test)]
mod tests {
    use super::{belongs, listed};
    use crate::schema::{Diff, Schema, Table};
    use rev_core::Dialect;

    fn rows(by: &str, bound: &str) -> Option<String> {
        let mut parent = Table::default();
        parent
            .nature
            .insert("partition by".to_owned(), by.to_owned());
        let nothing = Schema::default();
        belongs(&parent, bound, &Diff::creation(&nothing, Dialect::Postgres))
    }

    #[test]
    fn bounds_are_told_as_conditions_on_rows() {
        for (by, bound, due) in [
            (
                "RANGE (d)",
                "FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
                "d IS NOT NULL AND d >= '2020-01-01' AND d < '2021-01-01'",
            ),
            (
                "RANGE (d)",
                "FOR VALUES FROM (MINVALUE) TO (5)",
                "d IS NOT NULL AND d < 5",
            ),
            (
                "RANGE (a, b)",
                "FOR VALUES FROM (1, 2) TO (3, MAXVALUE)",
                "a IS NOT NULL AND b IS NOT NULL AND (a, b) >= (1, 2) AND a <= 3",
            ),
            (
                "LIST (k)",
                "FOR VALUES IN ('a, b', NULL)",
                "k IN ('a, b') OR k IS NULL",
            ),
            (
                "LIST (lower(k))",
                "FOR VALUES IN ('x')",
                "lower(k) IN ('x')",
            ),
        ] {
            assert_eq!(
                rows(by, bound),
                Some(format!("coalesce({due}, false)")),
                "{bound}"
            );
        }
        assert_eq!(rows("LIST (k COLLATE \"C\")", "FOR VALUES IN ('x')"), None);
        assert_eq!(rows("LIST (k)", "DEFAULT"), None);
        assert_eq!(
            listed("1, 'it''s, so', f(2, 3)"),
            ["1", "'it''s, so'", "f(2, 3)"]
        );
    }
}
