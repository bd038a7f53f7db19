//! Samples: rows invented for a table, to see whether rows outlive a change.
//!
//! What can be known in general is respected: types, lengths, NOT NULL, foreign
//! keys (a value is taken from the table that is referred to), and no two rows
//! are alike. What a CHECK or a trigger asks cannot be known, so an insert may
//! fail, and the table then has no sample.

mod catalogue;
mod column;
mod table;
mod value;

use std::collections::BTreeSet;

use rev_core::Dialect;

use crate::schema::columns_of;
use crate::split::{TokenKind, tokens};
pub use catalogue::{select, tables};
pub use column::Column;
pub use table::{Extent, Reference, Table};

/// How many rows a sample has at most: two, so that a constraint over rows, or
/// an update of one of them, is noticed.
pub const ROWS: usize = 2;

/// The tables whose rows these scripts can reach, what is referred to first:
/// those that they name, all that refer to these (a row may go with the one it
/// refers to), and all that any of them refers to (there can be no row without).
#[must_use]
pub fn concerned<'t>(tables: &'t [Table], scripts: &[&str], dialect: Dialect) -> Vec<&'t Table> {
    let words: BTreeSet<String> = scripts.iter().flat_map(|it| words(it, dialect)).collect();
    let is_named = |table: &Table| words.contains(&table.name.to_lowercase());
    let mut chosen: Vec<bool> = tables.iter().map(is_named).collect();
    let refers = |from: &Table, to: &Table| {
        let is_it = |it: &Reference| to.is(&it.schema, &it.table);
        from.references.iter().any(is_it)
    };
    spread(&mut chosen, |new, old| refers(&tables[new], &tables[old]));
    spread(&mut chosen, |new, old| refers(&tables[old], &tables[new]));
    let mut left: Vec<&Table> = tables
        .iter()
        .zip(chosen)
        .filter(|it| it.1)
        .map(|it| it.0)
        .collect();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_free = |table: &&Table| {
            !left
                .iter()
                .any(|it| !it.is(&table.schema, &table.name) && refers(table, it))
        };
        // In a ring any one comes first.
        let next = left.iter().position(is_free).unwrap_or(0);
        order.push(left.remove(next));
    }
    order
}

/// Whether these scripts name any table of a schema, as its sentences have them: if
/// not, no table is concerned, and none need be asked for.
#[must_use]
pub fn are_any_concerned(schema: &[String], scripts: &[&str], dialect: Dialect) -> bool {
    let words: BTreeSet<String> = scripts.iter().flat_map(|it| words(it, dialect)).collect();
    let mut tables = schema.iter().filter_map(|it| columns_of(it));
    tables.any(|table| {
        let name = table.rsplit_once('.').map_or(table, |(_, name)| name);
        words.contains(&name.trim_matches('"').to_lowercase())
    })
}

/// Chooses whatever the relation leads to, until nothing is added.
fn spread(chosen: &mut [bool], leads: impl Fn(usize, usize) -> bool) {
    loop {
        let is_new = |new: usize| {
            !chosen[new] && (0..chosen.len()).any(|old| chosen[old] && leads(new, old))
        };
        let new: Vec<usize> = (0..chosen.len()).filter(|&it| is_new(it)).collect();
        if new.is_empty() {
            return;
        }
        for at in new {
            chosen[at] = true;
        }
    }
}

/// The words and quoted names of a script, in small letters.
fn words(script: &str, dialect: Dialect) -> Vec<String> {
    let tokens = tokens(script, dialect).into_iter();
    let words =
        tokens.filter(|it| matches!(it.kind, TokenKind::Word | TokenKind::Name | TokenKind::Text));
    let plain = |text: &str| text.trim_matches(['"', '`', '[', ']', '\'']).to_lowercase();
    words.map(|it| plain(it.text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: &str, may_lack: bool) -> Column {
        Column {
            name: name.to_owned(),
            kind: kind.to_owned(),
            may_lack,
            ..Column::default()
        }
    }

    fn reference(column: &str, table: &str, theirs: &str) -> Reference {
        Reference {
            columns: vec![column.to_owned()],
            table: table.to_owned(),
            their_columns: vec![theirs.to_owned()],
            ..Reference::default()
        }
    }

    fn table(name: &str, columns: Vec<Column>, references: Vec<Reference>) -> Table {
        Table {
            name: name.to_owned(),
            columns,
            references,
            ..Table::default()
        }
    }

    fn tables() -> Vec<Table> {
        let id = || column("id", "integer", false);
        vec![
            table(
                "city",
                vec![id(), column("name", "varchar(3)", false)],
                vec![],
            ),
            table(
                "hero",
                vec![
                    id(),
                    column("city_id", "integer", true),
                    column("mentor", "integer", false),
                ],
                vec![
                    reference("city_id", "city", "id"),
                    reference("mentor", "hero", "id"),
                ],
            ),
            table(
                "log",
                vec![column("hero", "integer", true)],
                vec![reference("hero", "hero", "id")],
            ),
            table("other", vec![id()], vec![]),
        ]
    }

    #[test]
    fn a_row_has_what_its_keys_and_types_ask_for() {
        let tables = tables();
        let insert = |table: usize, row, extent| {
            tables[table]
                .insert(row, extent, Dialect::Sqlite)
                .expect("a row")
        };
        insta::assert_snapshot!([
            insert(0, 1, Extent::Full),
            insert(1, 2, Extent::Full),
            insert(1, 2, Extent::Needed),
            insert(2, 1, Extent::Needed),
        ].join("\n"), @r#"
        INSERT INTO "city" ("id", "name") VALUES (900001, 'v 1')
        INSERT INTO "hero" ("id", "city_id", "mentor") VALUES (900002, (SELECT "id" FROM "city" ORDER BY "id" LIMIT 1 OFFSET 1), 900002)
        INSERT INTO "hero" ("id", "mentor") VALUES (900002, 900002)
        INSERT INTO "log" DEFAULT VALUES
        "#);
    }

    #[test]
    fn all_rows_that_a_script_can_reach_are_concerned_in_the_order_of_their_keys() {
        let tables = tables();
        let concerned = |script: &str| {
            let found = concerned(&tables, &[script], Dialect::Sqlite);
            let names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
            names.join(" ")
        };
        assert_eq!(concerned("DROP TABLE \"Hero\""), "city hero log");
        assert_eq!(concerned("DELETE FROM city"), "city hero log");
        assert_eq!(concerned("CREATE TABLE x (city_id INT) -- other"), "");
        assert_eq!(concerned("UPDATE other SET id = 1"), "other");
        let schema = ["columns public.Hero: id", "index other"].map(str::to_owned);
        let are_any = |script| are_any_concerned(&schema, &[script], Dialect::Postgres);
        assert!(are_any("ALTER TABLE hero ADD x int") && !are_any("DROP INDEX other"));
    }
}
