//! New names, and what MySQL lets no column have while others use it by its name:
//! checks, computed columns, defaults, what indexes compute, and partitions. These say
//! the new name in the same statement; MariaDB sees to it by itself.

use super::spelling::{mentions, plain};
use super::{change, column, create, keys, name, table_name};
use crate::schema::ddl::Script;
use crate::schema::mysql::Flavour;
use crate::schema::{
    Column, Diff, Index, Name, Part, PartOf, Rename, Rule, Schema, Table, Text, rename,
};

/// Writes a rename, one of the diff's moves.
pub(super) fn write(
    step: &Rename,
    diff: &Diff,
    flavour: Option<Flavour>,
    collation: Option<&str>,
    script: &mut Script,
) {
    match step {
        Rename::Table { from, to } => {
            let (from, to) = (table_name(from), table_name(to));
            script.push(format!("RENAME TABLE {from} TO {to}"));
        }
        Rename::Column { table, from, to } => {
            let mut renamed = Renamed {
                from,
                to,
                clauses: Vec::new(),
                partitions: None,
            };
            if let Some((before, after)) = around(step, table, diff) {
                renamed.partition(&before, &after);
                if flavour != Some(Flavour::Mariadb) {
                    renamed.let_go(&before, &after, diff);
                    renamed.redefine(&before, &after, collation);
                }
                renamed.rename();
                if flavour != Some(Flavour::Mariadb) {
                    renamed.take_up(&before, &after, diff);
                }
            } else {
                renamed.rename();
            }
            renamed.write(&table_name(table), script);
        }
    }
}

/// A table right before a move and right after it.
fn around(step: &Rename, table: &Name, diff: &Diff) -> Option<(Table, Table)> {
    let at = diff.moves.iter().position(|it| std::ptr::eq(it, step))?;
    let alone = Schema {
        tables: diff.before.tables.clone(),
        ..Schema::default()
    };
    let before = rename::apply(&alone, &diff.moves[..at], rev_core::Dialect::Mysql);
    let after = rename::apply(&before, &diff.moves[at..=at], rev_core::Dialect::Mysql);
    let of = |schema: &Schema| schema.tables.get(table).cloned();
    Some((of(&before)?, of(&after)?))
}

struct Renamed<'a> {
    from: &'a Text,
    to: &'a Text,
    clauses: Vec<String>,
    /// How the table is parted again afterwards.
    partitions: Option<String>,
}

impl Renamed<'_> {
    fn uses(&self, expression: &str) -> bool {
        mentions(expression, self.from)
    }

    /// Neither server renames what a table is parted by.
    fn partition(&mut self, before: &Table, after: &Table) {
        let text = |table: &Table| table.options.get("partition by").cloned();
        let uses = text(before).is_some_and(|text| self.uses(&text));
        self.partitions = text(after).filter(|_| uses);
    }

    /// Checks, by their place in the table, which a rename keeps.
    fn checks(&self, before: &Table) -> Vec<usize> {
        let all = before.constraints.iter().enumerate();
        let uses = |rule: &Rule| matches!(rule, Rule::Check(text) if self.uses(text.as_str()));
        all.filter(|(_, it)| uses(&it.rule))
            .map(|(at, _)| at)
            .collect()
    }

    fn indexes<'b>(&self, before: &'b Table, after: &'b Table) -> Vec<&'b Index> {
        let computes = |part: &Part| match &part.of {
            PartOf::Expression(text) => self.uses(text.as_str()),
            PartOf::Column(_) => false,
        };
        let pairs = before.indexes.iter().zip(&after.indexes);
        pairs
            .filter(|(it, _)| it.parts.iter().any(computes))
            .map(|(_, it)| it)
            .collect()
    }

    /// What goes before the rename.
    fn let_go(&mut self, before: &Table, after: &Table, diff: &Diff) {
        for at in self.checks(before) {
            let called = called(at, after, diff);
            self.clauses.push(format!("DROP CONSTRAINT {called}"));
        }
        for index in self.indexes(before, after) {
            self.clauses
                .push(format!("DROP INDEX {}", name(&index.name)));
        }
    }

    /// What comes back under the new name.
    fn take_up(&mut self, before: &Table, after: &Table, diff: &Diff) {
        for index in self.indexes(before, after) {
            self.clauses.push(format!("ADD {}", create::index(index)));
        }
        for at in self.checks(before) {
            let called = called(at, after, diff);
            let check = create::check(&after.constraints[at], Some(called));
            self.clauses.push(format!("ADD {check}"));
        }
    }

    /// Columns whose values or defaults are worked out from it.
    fn redefine(&mut self, before: &Table, after: &Table, collation: Option<&str>) {
        let uses = |it: &Column| {
            let generated = it.generated.as_ref().map(|it| &it.expression);
            let mut texts = generated.into_iter().chain(&it.default);
            texts.any(|text| self.uses(text.as_str()))
        };
        let pairs = before.columns.iter().zip(&after.columns);
        let using = pairs.filter(|(it, _)| uses(it));
        let clauses: Vec<String> = using
            .map(|(_, it)| {
                let definition = column::definition(it, &[after], collation);
                format!("MODIFY COLUMN {definition}")
            })
            .collect();
        self.clauses.extend(clauses);
    }

    fn rename(&mut self) {
        let (from, to) = (name(self.from), name(self.to));
        self.clauses.push(format!("RENAME COLUMN {from} TO {to}"));
    }

    fn write(self, table: &str, script: &mut Script) {
        if self.partitions.is_some() {
            script.push(format!("ALTER TABLE {table} REMOVE PARTITIONING"));
        }
        change::push_alter(table, &self.clauses, Vec::new(), script);
        if let Some(text) = self.partitions {
            script.push(format!("ALTER TABLE {table} PARTITION BY {}", plain(&text)));
        }
    }
}

/// The name of the constraint at a place of a table that is about to be renamed in part.
/// The numbers of made-up names are known by what the diff starts from.
fn called(at: usize, table: &Table, diff: &Diff) -> String {
    let final_name = diff
        .moves
        .iter()
        .fold(table.name.clone(), |known, it| match it {
            Rename::Table { from, to } if *from == known => to.clone(),
            _ => known,
        });
    let settled = diff.from.tables.get(&final_name);
    let constraint = settled.and_then(|it| it.constraints.get(at));
    keys::called(constraint.unwrap_or(&table.constraints[at]), table, diff)
}
