//! Tables as the catalogue has them: a query an engine, and what its rows mean.
//!
//! Each row is one text of fields, parted by a character that no name has.

use std::collections::BTreeMap;

use rev_core::Dialect;

use super::column::Column;
use super::table::{Reference, Table};
use crate::ledger::{Ledger, text};

/// Parts the fields of a row.
const SEPARATOR: char = '\u{1f}';

/// The query for a dialect: one column of text, in no stated order, for
/// [`tables`] to read. The ledger's tables are left out.
#[must_use]
pub fn select(dialect: Dialect, ledger: &Ledger) -> String {
    let own: Vec<String> = ledger
        .tables()
        .iter()
        .map(|table| text(table, dialect))
        .collect();
    let query = match dialect {
        Dialect::Sqlite => SQLITE,
        Dialect::Postgres => POSTGRES,
        Dialect::Mysql => MYSQL,
    };
    query.replace("{own}", &own.join(", "))
}

// Each row: `c`, schema, table, number, name, type, whether it may be left out,
// whether it is generated, its place in the primary key, the first label; or
// `r`, schema, table, number in the key, key, column, schema, table, column.
const SQLITE: &str = "WITH own AS (
  SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
    AND name NOT IN ({own}) AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
), f(s) AS (SELECT char(31))
SELECT 'c' || s || s || own.name || s || c.cid || s || c.name || s || c.type || s
    || ((c.\"notnull\" = 0 AND c.pk = 0) OR c.dflt_value IS NOT NULL) || s || (c.hidden > 0) || s || c.pk || s
  FROM own, f, pragma_table_xinfo(own.name) c
UNION ALL SELECT 'r' || s || s || own.name || s || k.seq || s || k.id || s || k.\"from\" || s || s || k.\"table\" || s || coalesce(k.\"to\", '')
  FROM own, f, pragma_foreign_key_list(own.name) k";

const POSTGRES: &str = r"
WITH own AS (
  SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.relname NOT IN ({own}) AND NOT EXISTS (
      SELECT FROM pg_depend e WHERE e.deptype = 'e' AND e.classid = 'pg_class'::regclass AND e.objid = c.oid)
)
SELECT concat_ws(chr(31), 'c', own.nspname, own.relname, a.attnum, a.attname,
    CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) ELSE format_type(a.atttypid, a.atttypmod) END,
    (NOT (a.attnotnull OR t.typnotnull) OR a.atthasdef OR a.attidentity <> '')::int, (a.attgenerated <> '')::int, 0,
    coalesce((SELECT enumlabel FROM pg_enum e WHERE e.enumtypid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
      ORDER BY enumsortorder LIMIT 1), ''))
  FROM own JOIN pg_attribute a ON a.attrelid = own.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
UNION ALL SELECT concat_ws(chr(31), 'r', own.nspname, own.relname, i, k.conname, a.attname, n.nspname, r.relname, b.attname)
  FROM own JOIN pg_constraint k ON k.conrelid = own.oid AND k.contype = 'f'
  JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace n ON n.oid = r.relnamespace
  CROSS JOIN LATERAL generate_subscripts(k.conkey, 1) i
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[i]
  JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[i]";

const MYSQL: &str = r"
SELECT CONCAT_WS(CHAR(31 USING utf8mb4), 'c', '', c.TABLE_NAME, c.ORDINAL_POSITION, c.COLUMN_NAME, c.COLUMN_TYPE,
    (c.IS_NULLABLE = 'YES' OR c.COLUMN_DEFAULT IS NOT NULL OR c.EXTRA LIKE '%auto_increment%'),
    COALESCE(c.GENERATION_EXPRESSION <> '', 0), 0,
    IF(c.DATA_TYPE IN ('enum', 'set'), SUBSTRING_INDEX(SUBSTRING_INDEX(c.COLUMN_TYPE, '''', 2), '''', -1), ''))
  FROM information_schema.COLUMNS c JOIN information_schema.TABLES t
    ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME AND t.TABLE_TYPE = 'BASE TABLE'
  WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME NOT IN ({own})
UNION ALL SELECT CONCAT_WS(CHAR(31 USING utf8mb4), 'r', '', TABLE_NAME, ORDINAL_POSITION, CONSTRAINT_NAME, COLUMN_NAME, '',
    REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME)
  FROM information_schema.KEY_COLUMN_USAGE
  WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL";

/// The tables that these rows tell of, by name.
#[must_use]
pub fn tables(rows: &[String]) -> Vec<Table> {
    let mut rows: Vec<Vec<&str>> = rows
        .iter()
        .map(|it| it.split(SEPARATOR).collect())
        .collect();
    let number = |row: &Vec<&str>| {
        row.get(3)
            .and_then(|it| it.parse::<usize>().ok())
            .unwrap_or(0)
    };
    rows.sort_by_key(|row| (row.first().copied() == Some("r"), number(row)));
    let mut tables: BTreeMap<(&str, &str), Table> = BTreeMap::new();
    let mut primary_keys: BTreeMap<(&str, &str), BTreeMap<usize, &str>> = BTreeMap::new();
    let mut references: BTreeMap<(&str, &str, &str), Reference> = BTreeMap::new();
    for row in &rows {
        match row[..] {
            [
                "c",
                schema,
                table,
                _,
                name,
                kind,
                may_lack,
                is_generated,
                key,
                label,
            ] => {
                let place = (schema, table);
                if let Ok(key @ 1..) = key.parse() {
                    primary_keys.entry(place).or_default().insert(key, name);
                }
                let table = tables.entry(place).or_insert_with(|| Table {
                    schema: schema.to_owned(),
                    name: table.to_owned(),
                    ..Table::default()
                });
                table.columns.push(Column {
                    name: name.to_owned(),
                    kind: kind.to_owned(),
                    may_lack: may_lack == "1",
                    is_generated: is_generated == "1",
                    label: (!label.is_empty()).then(|| label.to_owned()),
                });
            }
            [
                "r",
                schema,
                table,
                number,
                key,
                column,
                their_schema,
                their_table,
                their_column,
            ] => {
                let reference =
                    references
                        .entry((schema, table, key))
                        .or_insert_with(|| Reference {
                            schema: their_schema.to_owned(),
                            table: their_table.to_owned(),
                            ..Reference::default()
                        });
                reference.columns.push(column.to_owned());
                // A key that names no columns means the primary key.
                let implied = || {
                    let keys = primary_keys.get(&(their_schema, their_table))?;
                    keys.get(&(number.parse::<usize>().ok()? + 1)).copied()
                };
                let their_column = match their_column {
                    "" => implied().unwrap_or_default(),
                    column => column,
                };
                reference.their_columns.push(their_column.to_owned());
            }
            _ => {}
        }
    }
    for ((schema, table, _), reference) in references {
        if let Some(table) = tables.get_mut(&(schema, table)) {
            table.references.push(reference);
        }
    }
    tables.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_make_tables_with_their_keys() {
        let rows = [
            "r||b|0|0|a_id||a|",
            "c||b|1|a_id|INT|0|0|0|",
            "c||b|0|id|INT|0|0|1|",
            "c||a|0|id|INT|0|0|1|",
            "c||a|1|mood|enum|1|1|0|good",
        ];
        let rows: Vec<String> = rows.iter().map(|it| it.replace('|', "\u{1f}")).collect();
        let tables = tables(&rows);
        let [a, b] = &tables[..] else {
            panic!("{tables:?}");
        };
        assert_eq!(a.columns[1].label.as_deref(), Some("good"));
        assert!(a.columns[1].is_generated && a.columns[1].may_lack);
        let names: Vec<&str> = b.columns.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["id", "a_id"]);
        assert_eq!(b.references[0].their_columns, ["id"]);
    }
}
