//! What comes after what.
//!
//! What stands on others goes first and comes last: objects that are dropped,
//! changed or in the way; then schemas that come; then renames, after which all tables have their new names;
//! then foreign keys and tables that go; then types, routines, new and changed
//! tables; then foreign keys; then the objects that come, or come back. Where a table
//! stands on an object, or on another's rows, it waits for that, and that for it on the
//! way out. Among equals the name decides, so the same diff gives the same script.

mod objects;

use std::collections::{BTreeMap, BTreeSet};

use super::{Step, Writer};
use crate::schema::{
    Alteration, Change, Constraint, Diff, Kind, Name, Part, PartOf, Rule, Table, TableChange, Text,
};
use objects::Objects;

/// The steps of a diff, in order.
pub(super) fn steps<'a>(diff: &'a Diff, writer: &'a dyn Writer) -> Vec<Step<'a>> {
    let objects = Objects::of(diff, writer);
    let leaving = objects.leaving();
    let mut steps = leaving.first;
    // Before tables move into them.
    steps.extend(diff.changes.iter().filter_map(|change| match change {
        Change::CreateNamespace(it) => Some(Step::CreateNamespace(it)),
        _ => None,
    }));
    steps.extend(diff.moves.iter().map(Step::Rename));
    steps.push(Step::Renamed);
    steps.extend(keys_gone(diff, writer));
    steps.extend(leaving.with_tables);
    steps.extend(diff.changes.iter().filter_map(ground));
    let mut coming = objects.coming();
    let is_table = |it: &Step<'_>| matches!(it, Step::CreateTable(_) | Step::ChangeTable(_));
    let tables = coming.iter().rposition(is_table).map_or(0, |it| it + 1);
    let rest = coming.split_off(tables);
    steps.extend(coming);
    steps.push(Step::TablesThere);
    steps.extend(keys_new(diff, writer));
    steps.extend(rest);
    steps.extend(leaving.last);
    steps.extend(diff.changes.iter().filter_map(|change| match change {
        Change::DropSequence(it) => Some(Step::DropSequence(it)),
        _ => None,
    }));
    steps.extend(diff.changes.iter().filter_map(|change| match change {
        Change::DropEnum(it) => Some(Step::DropEnum(it)),
        _ => None,
    }));
    steps.extend(diff.changes.iter().filter_map(|change| match change {
        Change::DropNamespace(it) => Some(Step::DropNamespace(it)),
        _ => None,
    }));
    steps
}

/// What tables stand on.
fn ground(change: &Change) -> Option<Step<'_>> {
    match change {
        Change::CreateEnum(it) => Some(Step::CreateEnum(it)),
        Change::ChangeEnum { from, to } => Some(Step::ChangeEnum(from, to)),
        Change::CreateSequence(it) => Some(Step::CreateSequence(it)),
        Change::ChangeSequence { from, to } => Some(Step::ChangeSequence(from, to)),
        _ => None,
    }
}

fn foreign_keys(table: &Table) -> impl Iterator<Item = &Constraint> {
    let keys = table.constraints.iter();
    keys.filter(|it| matches!(it.rule, Rule::ForeignKey(_)))
}

/// Whether a foreign key cannot stand while something changes that it stands on: the
/// key or the type of what it refers to, or its own type.
pub(super) fn is_shaken(table: &Table, key: &Constraint, diff: &Diff) -> bool {
    let Rule::ForeignKey(reference) = &key.rule else {
        return false;
    };
    let is_remade = |name: &Name| {
        diff.changes.iter().any(|change| match change {
            Change::CreateTable(table) => table.name == *name,
            _ => false,
        })
    };
    let change = |name: &Name| {
        diff.changes.iter().find_map(|change| match change {
            Change::ChangeTable(change) if change.to.name == *name => Some(change),
            _ => None,
        })
    };
    if is_remade(&table.name) {
        return false;
    }
    is_remade(&reference.table)
        || change(&table.name).is_some_and(|it| retypes(it, &reference.columns))
        || change(&reference.table)
            .is_some_and(|it| retypes(it, &reference.targets) || drops_key(it, &reference.targets))
}

fn retypes(change: &TableChange, columns: &[Text]) -> bool {
    change.alterations.iter().any(|it| match it {
        Alteration::ChangeColumn { from, to } => {
            columns.contains(&to.name)
                && (&from.type_name, &from.collation) != (&to.type_name, &to.collation)
        }
        _ => false,
    })
}

fn drops_key(change: &TableChange, columns: &[Text]) -> bool {
    let are_these = |parts: &[Part]| {
        parts.len() == columns.len()
            && parts.iter().all(|part| match &part.of {
                PartOf::Column(name) => columns.contains(name),
                PartOf::Expression(_) => false,
            })
    };
    change.alterations.iter().any(|it| match it {
        Alteration::DropConstraint(constraint) => match &constraint.rule {
            Rule::PrimaryKey(parts) | Rule::Unique(parts) => are_these(parts),
            _ => false,
        },
        Alteration::DropIndex(index) => index.unique && are_these(&index.parts),
        _ => false,
    })
}

/// Foreign keys that go, and those between tables that go.
fn keys_gone<'a>(diff: &'a Diff, writer: &dyn Writer) -> Vec<Step<'a>> {
    if !writer.keys_apart() {
        return Vec::new();
    }
    let gone = tables_gone(diff);
    let mut steps = Vec::new();
    for change in &diff.changes {
        match change {
            Change::DropTable(table) => {
                let place = |name: &Name| gone.iter().position(|it| it.name == *name);
                let own = place(&table.name);
                // Only where its table would otherwise be dropped after what it refers to.
                let late = foreign_keys(table).filter(|it| match &it.rule {
                    Rule::ForeignKey(reference) => {
                        place(&reference.table).is_some_and(|at| Some(at) < own)
                    }
                    _ => false,
                });
                steps.extend(late.map(|it| Step::DropForeignKey(table, it)));
            }
            Change::ChangeTable(change) => {
                steps.extend(change.alterations.iter().filter_map(|it| match it {
                    Alteration::DropConstraint(it) if it.kind() == Kind::ForeignKey => {
                        Some(Step::DropForeignKey(&change.from, it))
                    }
                    _ => None,
                }));
            }
            _ => {}
        }
    }
    let away = keys_in_the_way(diff, writer);
    steps.extend(away.map(|(from, _, key)| Step::DropForeignKey(from, key)));
    steps
}

/// Keys that stay as they are and must go meanwhile, with their table as it was and
/// as it will be.
fn keys_in_the_way<'a>(
    diff: &'a Diff,
    writer: &dyn Writer,
) -> impl Iterator<Item = (&'a Table, &'a Table, &'a Constraint)> {
    let both = |(name, from): (&Name, &'a Table)| Some((from, diff.to.tables.get(name)?));
    let tables = diff.from.tables.iter().filter_map(both);
    tables.flat_map(|(from, to)| {
        foreign_keys(from)
            .filter(|key| to.constraints.contains(key) && writer.is_key_in_the_way(from, key, diff))
            .map(move |key| (from, to, key))
    })
}

fn keys_new<'a>(diff: &'a Diff, writer: &dyn Writer) -> Vec<Step<'a>> {
    if !writer.keys_apart() {
        return Vec::new();
    }
    let mut steps = Vec::new();
    for table in tables_new(diff) {
        let late = foreign_keys(table).filter(|it| !writer.comes_along(table, it));
        steps.extend(late.map(|it| Step::AddForeignKey(table, it)));
    }
    for change in &diff.changes {
        if let Change::ChangeTable(change) = change {
            steps.extend(change.alterations.iter().filter_map(|it| match it {
                Alteration::AddConstraint(it) if it.kind() == Kind::ForeignKey => {
                    Some(Step::AddForeignKey(&change.to, it))
                }
                _ => None,
            }));
        }
    }
    let back = keys_in_the_way(diff, writer);
    steps.extend(back.map(|(_, to, key)| Step::AddForeignKey(to, key)));
    steps
}

/// The tables that come, after those that they refer to where that can be.
pub(super) fn tables_new(diff: &Diff) -> Vec<&Table> {
    by_reference(diff.changes.iter().filter_map(|change| match change {
        Change::CreateTable(table) => Some(table),
        _ => None,
    }))
}

/// What refers to others first.
fn tables_gone(diff: &Diff) -> Vec<&Table> {
    let mut tables = by_reference(diff.changes.iter().filter_map(|change| match change {
        Change::DropTable(table) => Some(table),
        _ => None,
    }));
    tables.reverse();
    tables
}

/// Tables after those that they refer to or inherit from, by name where that leaves a choice or
/// where they refer to each other.
fn by_reference<'a>(tables: impl Iterator<Item = &'a Table>) -> Vec<&'a Table> {
    let tables: BTreeMap<&Name, &Table> = tables.map(|table| (&table.name, table)).collect();
    let needs = |name: &&Name| -> BTreeSet<&Name> {
        let table = tables[*name];
        let references = table.references().map(|it| &it.table);
        references
            .chain(&table.parents)
            .filter(|it| it != name && tables.contains_key(it))
            .collect()
    };
    sorted(&tables.keys().copied().collect(), needs)
        .into_iter()
        .map(|name| tables[name])
        .collect()
}

/// Sorts so that each comes after what it needs; where they need each other, the
/// first comes first.
fn sorted<K: Ord + Copy>(all: &BTreeSet<K>, needs: impl Fn(&K) -> BTreeSet<K>) -> Vec<K> {
    let mut waiting: BTreeMap<K, BTreeSet<K>> = all.iter().map(|key| (*key, needs(key))).collect();
    let mut needed_by: BTreeMap<K, Vec<K>> = BTreeMap::new();
    for (key, needs) in &waiting {
        for need in needs {
            needed_by.entry(*need).or_default().push(*key);
        }
    }
    let is_free = |key: &&K| waiting[*key].is_empty();
    let mut free: BTreeSet<K> = all.iter().filter(is_free).copied().collect();
    let mut order = Vec::new();
    while let Some(next) = free.pop_first().or_else(|| waiting.keys().next().copied()) {
        waiting.remove(&next);
        order.push(next);
        for key in needed_by.remove(&next).into_iter().flatten() {
            if let Some(needs) = waiting.get_mut(&key) {
                needs.remove(&next);
                if needs.is_empty() {
                    free.insert(key);
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::ddl::{Note, Script};
    use crate::schema::testing::schema;
    use crate::schema::{Filter, Object, Rename};
    use rev_core::Dialect;

    /// Writes each step as a word and a name; whatever uses `hero` is in the way.
    struct Words {
        keys_apart: bool,
    }

    impl Writer for Words {
        fn keys_apart(&self) -> bool {
            self.keys_apart
        }

        fn is_in_the_way(&self, object: &Object, _: &Diff) -> bool {
            object.needs.iter().any(|name| name.to_string() == "hero")
        }

        fn write(&self, step: Step<'_>, _: &Diff, script: &mut Script) {
            script.push(match step {
                Step::Renamed | Step::TablesThere => return,
                Step::DropObject(it) => format!("drop {}", it.name),
                Step::CreateObject(it) => format!("make {}", it.name),
                Step::DropForeignKey(table, _) => format!("unkey {}", table.name),
                Step::AddForeignKey(table, _) => format!("key {}", table.name),
                Step::DropTable(it) => format!("drop {}", it.name),
                Step::CreateTable(it) => format!("make {}", it.name),
                Step::ChangeTable(it) => format!("change {}", it.to.name),
                Step::Rename(it) => it.spelt(),
                other => format!("{other:?}"),
            });
        }
    }

    fn ordered(from: &str, to: &str, keys_apart: bool, renames: &[Rename]) -> String {
        let (from, to) = (schema(from), schema(to));
        let diff = Diff::between(&from, &to, renames, &Filter::default(), Dialect::Sqlite);
        let script = super::super::write_with(&Words { keys_apart }, &diff, Dialect::Sqlite);
        let texts: Vec<&str> = script
            .statements
            .iter()
            .map(|it| it.text.as_str())
            .collect();
        texts.join(", ")
    }

    #[test]
    fn what_is_stood_on_comes_first_and_goes_last() {
        let all = "
            a_fight: id hero_id>hero
            hero: id team_id>team
            team: id
            routine total: team
            routine plain:
            view a_view: strong
            view strong: hero
            trigger t on hero: a_fight
        ";
        assert_eq!(
            ordered("", all, false, &[]),
            "make plain, make team, make hero, make a_fight, make total, make strong, make a_view, make t"
        );
        assert_eq!(
            ordered(all, "", false, &[]),
            "drop t, drop a_view, drop strong, drop total, drop a_fight, drop hero, drop team, drop plain"
        );
    }

    #[test]
    fn keys_that_stand_apart_allow_circles() {
        let circle = "a: id b_id>b\nb: id a_id>a\nc: id c_id>c";
        assert_eq!(
            ordered("", circle, true, &[]),
            "make c, make a, make b, key c, key a, key b"
        );
        assert_eq!(
            ordered(circle, "", true, &[]),
            "unkey a, drop b, drop a, drop c"
        );
    }

    #[test]
    fn a_key_goes_by_the_new_name_of_its_table_and_before_what_it_refers_to() {
        let name = crate::schema::testing::name;
        let renames = [Rename::Table {
            from: name("hero"),
            to: name("villain"),
        }];
        let (from, to) = ("hero: id team_id>team\nteam: id", "villain: id team_id");
        assert_eq!(
            ordered(from, to, true, &renames),
            "hero:villain, unkey villain, drop team, change villain"
        );
    }

    #[test]
    fn what_is_in_the_way_leaves_with_all_that_needs_it_and_comes_back() {
        let from = "hero: id\nteam: id\nview a: b\nview b: hero\nview c: team";
        let to = from.replace("hero: id\n", "hero: id name\n");
        assert_eq!(
            ordered(from, &to, false, &[]),
            "drop a, drop b, change hero, make b, make a"
        );
    }

    #[test]
    fn a_name_is_free_before_another_takes_it() {
        let name = crate::schema::testing::name;
        let renames = [Rename::Table {
            from: name("hero"),
            to: name("villain"),
        }];
        let (from, to) = ("hero: id\nold: a", "villain: id x\nnew: a");
        assert_eq!(
            ordered(from, to, false, &renames),
            "hero:villain, drop old, make new, change villain"
        );
    }

    #[test]
    fn a_script_reads_well_and_no_name_ends_a_comment() {
        let mut script = Script::default();
        script.push("DROP VIEW a");
        script.push("DROP VIEW b");
        script.push_noted(
            "DROP TABLE t",
            vec![Note::destructive("drops `a\nDROP TABLE x`")],
        );
        script.push("CREATE TABLE t (\n  a\n)");
        script.push("DROP VIEW c");
        insta::assert_snapshot!(script.to_sql(), @"
        DROP VIEW a;
        DROP VIEW b;

        -- destructive: drops `a DROP TABLE x`
        DROP TABLE t;

        CREATE TABLE t (
          a
        );

        DROP VIEW c;
        ");
    }
}
