//! Squashing: one revision that does the work of a set of others.
//!
//! Its scripts are theirs, one after another in the stated order, and on the
//! way down in reverse. Each database gets exactly what the revisions by
//! themselves would have run there: an entry of its own where the top level, or
//! its group's, would say something else.
//!
//! Once the files of the others go, what names them means something else; here is
//! said what.

use std::collections::{BTreeMap, BTreeSet};

use crate::revision::{Entry, Script, ScriptError, Sql};
use crate::{
    Binding, DatabaseName, Dialect, Graph, Label, Need, Node, NodeSet, Revision, RevisionId,
    ShortcutId, TransactionMode,
};

/// The shortcut of this id for a set of revisions, for the databases of these
/// bindings. Whether the graph can hold it is for [`Graph::new`] to say.
///
/// # Errors
///
/// [`ScriptError`], where it cannot be told what runs on a database.
pub fn squash(
    graph: &Graph,
    set: &NodeSet,
    id: RevisionId,
    bindings: &[&Binding],
) -> Result<Revision, ScriptError> {
    let order = in_order(graph, set);
    let outside = |nodes: Vec<Node>| nodes.into_iter().filter(|it| !set.contains(*it));
    let below = |of: fn(&Graph, Node) -> Vec<Node>| -> Vec<Node> {
        let nodes: NodeSet = order
            .iter()
            .flat_map(|&it| outside(of(graph, it)))
            .collect();
        nodes.iter().collect()
    };
    let parents = below(Graph::parents);
    let dependencies = below(Graph::dependencies);
    let mut squashed = Revision::new(id, graph.ids(graph.reduce(&parents)));
    squashed.depends_on = graph
        .ids(dependencies)
        .iter()
        .map(ToString::to_string)
        .collect();
    squashed.needs = needs(graph, &order);
    squashed.replaces = order
        .iter()
        .flat_map(|&it| graph.row_ids(it).to_vec())
        .collect();
    let revisions: Vec<&Revision> = order
        .iter()
        .map(|&it| graph.revision(it).as_ref())
        .collect();
    squashed.labels = revisions.iter().flat_map(|it| it.labels.clone()).collect();
    squashed.irreversible = revisions.iter().any(|it| it.irreversible);
    squashed.loses_data = !squashed.irreversible && revisions.iter().any(|it| it.loses_data);
    let top = revisions.iter().map(|it| (*it, &it.scripts.top));
    squashed.scripts.top = joined(&top.collect::<Vec<_>>());
    squashed.scripts.databases = named_entries(&revisions);
    for binding in bindings {
        take_exactly(&mut squashed, &revisions, binding)?;
    }
    if squashed.irreversible {
        let entries = squashed.scripts.databases.values_mut();
        for entry in entries.chain([&mut squashed.scripts.top]) {
            entry.downgrade = None;
        }
    }
    Ok(squashed)
}

/// What the revisions need of other databases.
fn needs(graph: &Graph, nodes: &[Node]) -> Vec<Need> {
    let needs = nodes.iter().flat_map(|&node| graph.needs(node));
    let needs: BTreeSet<Need> = needs
        .map(|crossing| Need {
            database: crossing.database.clone(),
            revision: graph.id(crossing.below).to_string(),
        })
        .collect();
    needs.into_iter().collect()
}

/// Gives a database another way up, statement by statement; its way down stays.
pub fn replace_upgrade(squashed: &mut Revision, binding: &Binding, statements: Vec<String>) {
    let entry = squashed.entry(binding).ok().flatten();
    let entry = entry.cloned().unwrap_or_default();
    let upgrade = (!statements.is_empty()).then_some(Script::Any(Sql(statements)));
    let entry = Entry { upgrade, ..entry };
    let name = binding.name.clone();
    squashed.scripts.databases.insert(name, entry);
}

/// What a shortcut has no script for on a database, though what it replaces has:
/// `upgrade`, and `downgrade` unless it says that there is no way down on purpose.
/// Once the files of its set are gone, nobody else has it.
///
/// # Errors
///
/// [`ScriptError`].
pub fn unserved(
    graph: &Graph,
    shortcut: ShortcutId,
    binding: &Binding,
) -> Result<Vec<&'static str>, ScriptError> {
    let revision = &graph.shortcut(shortcut).revision;
    let own = revision.work(binding)?;
    let members = graph.members(shortcut).into_iter();
    let works = members
        .map(|node| graph.revision(node).work(binding))
        .collect::<Result<Vec<_>, _>>()?;
    let goes_up = works.iter().any(|work| work.upgrade.is_some());
    let is_stuck = works
        .iter()
        .any(|work| work.upgrade.is_some() && work.downgrade.is_none());
    let goes_down = works.iter().any(|work| work.downgrade.is_some()) && !is_stuck;
    let mut unserved = Vec::new();
    if goes_up && own.upgrade.is_none() {
        unserved.push("upgrade");
    }
    if goes_down && own.downgrade.is_none() && !revision.irreversible {
        unserved.push("downgrade");
    }
    Ok(unserved)
}

/// What has no file any more once these shortcuts are finished: all that they
/// replace, and the shortcuts within them.
#[must_use]
pub fn replaced(graph: &Graph, shortcuts: &[ShortcutId]) -> BTreeSet<RevisionId> {
    let mut ids = BTreeSet::new();
    let mut stack = Vec::new();
    for &id in shortcuts {
        ids.extend(graph.ids(graph.members(id)));
        stack.extend(&graph.shortcut(id).inner);
    }
    while let Some(id) = stack.pop() {
        ids.insert(graph.shortcut(id).revision.id.clone());
        stack.extend(&graph.shortcut(id).inner);
    }
    ids
}

/// A label that means more once a shortcut is finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Widened {
    /// The label.
    pub label: Label,
    /// The revision that declares it then.
    pub root: RevisionId,
    /// What is on its branch then and was not before, ascending.
    pub covers: Vec<RevisionId>,
}

/// The labels of `before` that cover more in `after`, where some of its shortcuts
/// are finished. A label that begins within a shortcut's set begins at the
/// shortcut then, and so takes along all that the shortcut replaces, and all that
/// stands on any of that.
#[must_use]
pub fn widened(before: &Graph, after: &Graph) -> Vec<Widened> {
    let members = |graph: &Graph, root: Node| -> BTreeSet<RevisionId> {
        let line = graph.line_above(root);
        line.iter()
            .flat_map(|it| graph.row_ids(it).to_vec())
            .collect()
    };
    let both = before.labels().iter().filter_map(|(label, &root)| {
        let then = *after.labels().get(label)?;
        Some((label, root, then))
    });
    let compared = both.map(|(label, root, then)| {
        let was = members(before, root);
        let is = members(after, then);
        Widened {
            label: label.clone(),
            root: after.id(then).clone(),
            covers: is.difference(&was).cloned().collect(),
        }
    });
    compared.filter(|it| !it.covers.is_empty()).collect()
}

/// The members, what is stood on first.
fn in_order(graph: &Graph, set: &NodeSet) -> Vec<Node> {
    let order = graph.post_order(&graph.topmost(set), &NodeSet::default());
    order.into_iter().filter(|it| set.contains(*it)).collect()
}

/// An entry for each name that any of the revisions has one for: theirs, and
/// where they have none the top level's.
fn named_entries(revisions: &[&Revision]) -> BTreeMap<DatabaseName, Entry> {
    let names: BTreeSet<&DatabaseName> = revisions
        .iter()
        .flat_map(|it| it.scripts.databases.keys())
        .collect();
    let entry = |name: &DatabaseName| {
        let parts = revisions.iter().map(|it| {
            let own = it.scripts.databases.get(name);
            (*it, own.unwrap_or(&it.scripts.top))
        });
        joined(&parts.collect::<Vec<_>>())
    };
    names
        .into_iter()
        .map(|it| (it.clone(), entry(it)))
        .collect()
}

/// Gives a database an entry of its own where it would take another one than
/// what the revisions by themselves have for it.
fn take_exactly(
    squashed: &mut Revision,
    revisions: &[&Revision],
    binding: &Binding,
) -> Result<(), ScriptError> {
    let nothing = Entry::default();
    let mut parts = Vec::with_capacity(revisions.len());
    for revision in revisions {
        parts.push((*revision, revision.entry(binding)?.unwrap_or(&nothing)));
    }
    let due = joined(&parts);
    // It may be that one for all says the same.
    squashed.scripts.databases.remove(&binding.name);
    let taken = squashed.entry(binding).ok();
    if taken.map(|entry| entry.unwrap_or(&nothing)) != Some(&due) {
        squashed.scripts.databases.insert(binding.name.clone(), due);
    }
    Ok(())
}

/// One entry for several, in their order. There is a way down only where every
/// way up has one.
fn joined(parts: &[(&Revision, &Entry)]) -> Entry {
    let can_go_down = parts
        .iter()
        .all(|(_, entry)| entry.upgrade.is_none() || entry.downgrade.is_some());
    let up: Vec<(&Revision, &Script)> = parts
        .iter()
        .filter_map(|(it, entry)| Some((*it, entry.upgrade.as_ref()?)))
        .collect();
    let down: Vec<(&Revision, &Script)> = parts
        .iter()
        .rev()
        .filter_map(|(it, entry)| Some((*it, entry.downgrade.as_ref()?)))
        .collect();
    let has_none = |(_, entry): &(&Revision, &Entry)| entry.transaction == TransactionMode::None;
    Entry {
        upgrade: script(&up),
        downgrade: script(&down).filter(|_| can_go_down),
        transaction: match parts.iter().any(has_none) {
            true => TransactionMode::None,
            false => TransactionMode::Step,
        },
    }
}

fn script(parts: &[(&Revision, &Script)]) -> Option<Script> {
    if parts.is_empty() {
        return None;
    }
    let is_any = |(_, script): &(&Revision, &Script)| matches!(script, Script::Any(_));
    if parts.iter().all(is_any) {
        return text(parts, Dialect::Sqlite).flatten().map(Script::Any);
    }
    let all = [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite];
    let spoken = all.into_iter();
    let map = spoken.filter_map(|dialect| Some((dialect, text(parts, dialect)?)));
    Some(Script::ByDialect(map.collect()))
}

/// The text for one dialect; `None`: not all of them speak it.
fn text(parts: &[(&Revision, &Script)], dialect: Dialect) -> Option<Option<Sql>> {
    let mut pieces = Vec::new();
    for (revision, script) in parts {
        let Some(sql) = script.for_dialect(dialect)? else {
            continue;
        };
        for (number, piece) in sql.0.iter().enumerate() {
            pieces.push(match number {
                0 => format!("{}\n{piece}", title(revision)),
                _ => piece.clone(),
            });
        }
    }
    Some((!pieces.is_empty()).then_some(Sql(pieces)))
}

/// A comment that says where a piece is from.
fn title(revision: &Revision) -> String {
    let words = revision.message.split_whitespace();
    let message = words.collect::<Vec<_>>().join(" ");
    format!("-- {} {message}", revision.id)
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::graph;

    fn binding(text: &str, groups: &[&str], shared: bool) -> Binding {
        let name = |text: &str| DatabaseName::new(text).expect("a name");
        let mut binding = Binding::new(name(text), Dialect::Sqlite);
        binding.groups = groups.iter().map(|it| name(it)).collect();
        binding.shared = shared;
        binding
    }

    fn squashed(graph: &Graph, ids: &[&str], bindings: &[&Binding]) -> Revision {
        let set = ids.iter().filter_map(|id| graph.find(id)).collect();
        let id = RevisionId::new("sss").expect("an id");
        squash(graph, &set, id, bindings).expect("scripts for all")
    }

    /// What runs, without the comments.
    fn runs(revision: &Revision, binding: &Binding) -> String {
        let work = revision.work(binding).expect("one entry");
        let text = |sql: Option<&Sql>| match sql {
            None => "nothing".to_owned(),
            Some(sql) => {
                let pieces = sql.0.iter().map(|it| it.lines().last().unwrap_or_default());
                pieces.collect::<Vec<_>>().join("; ")
            }
        };
        format!("{} | {}", text(work.upgrade), text(work.downgrade))
    }

    #[test]
    fn scripts_follow_one_another_up_and_go_back_in_reverse() {
        let graph = graph("a: !\nb: a !\nc: b\nd: c !");
        let revision = squashed(&graph, &["b", "c", "d"], &[]);
        assert_eq!(graph.ids(graph.find("a")), revision.parents);
        let ids: Vec<&str> = revision.replaces.iter().map(AsRef::as_ref).collect();
        assert_eq!(ids, ["b", "c", "d"]);
        assert_eq!(
            runs(&revision, &binding("db1", &[], true)),
            "CREATE TABLE t_b (id); CREATE TABLE t_d (id) | DROP TABLE t_d; DROP TABLE t_b"
        );
    }

    #[test]
    fn every_database_gets_what_it_would_have_got() {
        let graph = graph("a: ! !db2\nb: a !\nc: b !reporting\nd: c !db4");
        let all = ["a", "b", "c", "d"];
        let bindings = [
            binding("db1", &[], true),
            binding("db2", &[], true),
            binding("db3", &["reporting"], true),
            binding("db4", &["reporting"], true),
            binding("db5", &["reporting"], false),
            binding("db6", &[], false),
        ];
        let revision = squashed(&graph, &all, &bindings.iter().collect::<Vec<_>>());
        let last = |text: &str| {
            let parts: Vec<&str> = text.split(" | ").collect();
            parts[0].replace("CREATE TABLE t_", "").replace(" (id)", "")
        };
        for binding in &bindings {
            let each = all.iter().filter_map(|id| {
                let revision = graph.revision(graph.find(id)?);
                let work = revision.work(binding).ok()?;
                work.upgrade.map(|_| (*id).to_owned())
            });
            let due = each.collect::<Vec<_>>().join("; ");
            let due = if due.is_empty() {
                "nothing".to_owned()
            } else {
                due
            };
            assert_eq!(last(&runs(&revision, binding)), due, "{}", binding.name);
        }
    }

    #[test]
    fn what_a_shortcut_does_not_serve_is_told() {
        let lacks = |notation: &str, db: &str| {
            let graph = graph(notation);
            let id = graph.find_shortcut("sss").expect("a shortcut");
            unserved(&graph, id, &binding(db, &[], true)).expect("scripts")
        };
        assert_eq!(lacks("a: !\nb: a !\nsss: =a =b !", "db1"), [""; 0]);
        let for_db1 = "a: !\nb: a !\nsss: =a =b !db1";
        assert_eq!(lacks(for_db1, "db1"), [""; 0]);
        assert_eq!(lacks(for_db1, "db2"), ["upgrade", "downgrade"]);
        // Nothing that it replaces has anything to do there.
        assert_eq!(lacks("a: !db1\nb: a !db1\nsss: =a =b !db1", "db2"), [""; 0]);
    }

    #[test]
    fn there_is_a_way_down_only_where_every_way_up_has_one() {
        let mut revisions = crate::testing::revisions("a: !\nb: a !");
        revisions[1].scripts.top.downgrade = None;
        let revisions = revisions.into_iter().map(std::sync::Arc::new).collect();
        let graph = Graph::new(revisions).expect("a graph");
        let revision = squashed(&graph, &["a", "b"], &[]);
        assert!(revision.scripts.top.downgrade.is_none());
    }
}
