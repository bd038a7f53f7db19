//! What a table is beside its columns, indexes and constraints.

use super::spelling::{plain, string};
use super::table_name;
use crate::schema::{Diff, Options, Table, TableChange};

/// Options with clauses of their own.
fn is_apart(key: &str) -> bool {
    key == "partition by" || key == "system versioning" || key.starts_with("period ")
}

/// ` ENGINE = …`, as it follows the columns of a new table.
pub(super) fn of_new(table: &Table) -> String {
    let (engine, others): (Vec<_>, Vec<_>) =
        table.options.iter().partition(|(key, _)| *key == "engine");
    let options = engine.into_iter().chain(others);
    let mut options: Vec<String> = options.filter_map(option).collect();
    options.extend(table.comment.iter().map(|it| comment(it)));
    let spaced = options.into_iter().map(|it| format!(" {it}"));
    spaced.collect()
}

fn option((key, value): (&String, &String)) -> Option<String> {
    (!is_apart(key)).then(|| format!("{} = {value}", key.to_ascii_uppercase()))
}

fn comment(text: &str) -> String {
    format!("COMMENT = {}", string(text))
}

/// The options that change, as clauses of `ALTER TABLE`.
pub(super) fn changed(change: &TableChange, collation: Option<&str>) -> Vec<String> {
    let (from, to) = (&change.from.options, &change.to.options);
    let gone = from.keys().filter(|key| {
        let is_left_behind = moves(change) && is_of_engine(key);
        !to.contains_key(*key) && !is_apart(key) && !is_left_behind
    });
    let mut options: Vec<String> = gone.map(|key| reset(key, collation)).collect();
    let is_new = |(key, value): &(&String, &String)| from.get(*key) != Some(*value);
    options.extend(to.iter().filter(is_new).filter_map(option));
    if change.from.comment != change.to.comment {
        options.push(comment(change.to.comment.as_deref().unwrap_or_default()));
    }
    options
}

/// The options of MariaDB's InnoDB that another storage engine does not know: they go before.
pub(super) fn left_behind(change: &TableChange) -> Vec<String> {
    let gone = change.from.options.keys();
    let gone = gone.filter(|it| moves(change) && is_of_engine(it));
    gone.map(|it| reset(it, None)).collect()
}

fn is_of_engine(key: &str) -> bool {
    const KEYS: [&str; 4] = [
        "encrypted",
        "encryption_key_id",
        "page_compressed",
        "page_compression_level",
    ];
    let key = key.trim_matches('`').to_ascii_lowercase();
    KEYS.contains(&key.as_str())
}

/// Whether the table goes to another storage engine.
pub(super) fn moves(change: &TableChange) -> bool {
    change.from.options.get("engine") != change.to.options.get("engine")
}

fn reset(key: &str, collation: Option<&str>) -> String {
    let value = match key {
        "engine" => "InnoDB",
        "collate" => match collation {
            Some(collation) => collation,
            None => return "DEFAULT CHARACTER SET DEFAULT".to_owned(),
        },
        "key_block_size" | "min_rows" | "max_rows" | "avg_row_length" | "checksum"
        | "delay_key_write" | "autoextend_size" => "0",
        "page_checksum" => "1",
        "tablespace" => "innodb_file_per_table",
        "connection"
        | "data directory"
        | "index directory"
        | "compression"
        | "engine_attribute"
        | "secondary_engine_attribute" => "''",
        "union" => "()",
        _ => "DEFAULT",
    };
    format!("{} = {value}", key.to_ascii_uppercase())
}

/// Whether the partitions change, and how: before and after the columns do.
pub(super) fn partitions(change: &TableChange, is_alone: bool) -> (Option<String>, Option<String>) {
    let key = "partition by";
    let (from, to) = (change.from.options.get(key), change.to.options.get(key));
    if from == to {
        return (None, None);
    }
    let table = table_name(&change.to.name);
    // What they go by may change with the columns.
    let removed = from.filter(|_| to.is_none() || !is_alone);
    let removed = removed.map(|_| format!("ALTER TABLE {table} REMOVE PARTITIONING"));
    let new = to.map(|it| format!("ALTER TABLE {table} PARTITION BY {}", plain(it)));
    (removed, new)
}

/// The collation that the database has by default, where one of its columns tells.
pub(super) fn default_collation(diff: &Diff) -> Option<&str> {
    let schemas = match diff.is_way_back {
        false => [&diff.from, &diff.to],
        true => [&diff.to, &diff.from],
    };
    let tables = schemas.into_iter().flat_map(|it| it.tables.values());
    let collations = tables
        .flat_map(|it| &it.columns)
        .filter_map(|it| it.collation.as_ref());
    let mut defaults = collations.filter(|it| it.key().is_empty());
    defaults.next().map(crate::schema::Text::as_str)
}

/// Whether rows of the past are kept.
pub(super) fn is_versioned(options: &Options) -> bool {
    options.contains_key("system versioning")
}
