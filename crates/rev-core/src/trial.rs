//! Trials: what is to be proven of revisions on throw-away databases, decided
//! from the graph alone.
//!
//! A *program* is for one database, and for all others on which the very same
//! scripts would run. Its revisions are in the stated order, so that one walk
//! proves each of them where it stands: up, down and up again leaves the state
//! that the next one needs. A merge is proven by bringing its sides up in every
//! order from what all of them share.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::digest::{self, Digest};
use crate::{
    Binding, DatabaseName, Goal, Graph, Node, NodeSet, Point, ResolveError, Revision, RevisionId,
    Scope, ScriptError, ShortcutId, State,
};

/// The most orders of a merge's sides that are tried: all of four sides.
pub const MOST_ORDERS: usize = 24;

/// With fewer revisions for each, more walkers would not be quicker.
const FEWEST_FOR_A_WALKER: usize = 20;

/// The share of a seventeenth walker would be less than a hundredth.
const MOST_WALKERS: u32 = 16;

/// All that is to be proven for one database.
#[derive(Debug, Clone)]
pub struct Program {
    /// The database.
    pub binding: Arc<Binding>,
    /// Others on which the very same scripts run.
    pub alike: Vec<Arc<Binding>>,
    /// Of it and of these, whether its head is one; empty where that is not asked.
    pub heads: Vec<Head>,
    /// The revisions with work there, each behind what it stands on. Nodes of the
    /// graph without shortcuts.
    pub revisions: Vec<Node>,
    /// The merges of sides with work there, in the same order and of that graph.
    pub merges: Vec<Merge>,
    /// The shortcuts that serve it, of the graph as it is.
    pub shortcuts: Vec<ShortcutId>,
}

/// Whether a database knows where an upgrade leads.
#[derive(Debug, Clone)]
pub struct Head {
    /// The database.
    pub database: DatabaseName,
    /// Why it does not.
    pub error: Option<ResolveError>,
}

/// A merge whose sides can come in several orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// The merge.
    pub node: Node,
    /// What all sides stand on.
    pub base: NodeSet,
    /// The orders to try: the ends of the sides.
    pub orders: Vec<Vec<Node>>,
    /// How many orders there are besides.
    pub left_out: usize,
}

/// Whose programs to make.
#[derive(Clone, Copy)]
pub struct Choice<'a> {
    /// The databases, by name.
    pub bindings: &'a [Arc<Binding>],
    /// Which revisions, merges and shortcuts to prove there.
    pub is_chosen: &'a dyn Fn(&Binding, &RevisionId) -> bool,
    /// Whether to look at heads, too.
    pub with_heads: bool,
}

/// Makes the programs; those of databases that are alike as one.
///
/// # Errors
///
/// Every [`ScriptError`] of a database, where it cannot be told what runs there.
pub fn programs(
    graph: &Graph,
    alone: &Graph,
    choice: Choice<'_>,
) -> Result<Vec<Program>, (Arc<Binding>, Vec<ScriptError>)> {
    let mut programs: Vec<Program> = Vec::new();
    let mut places: BTreeMap<(&str, Vec<Digest>), usize> = BTreeMap::new();
    for binding in choice.bindings {
        let is_chosen = |id: &RevisionId| (choice.is_chosen)(binding, id);
        let work = work(alone, binding).map_err(|errors| (binding.clone(), errors))?;
        let reach = reach(alone, binding);
        let runs = runs(graph, alone, binding, &reach, &is_chosen);
        let key = (
            binding.dialect.name(),
            runs.map_err(|error| (binding.clone(), vec![error]))?,
        );
        let head = choice.with_heads.then(|| head(graph, binding));
        if let Some(&at) = places.get(&key) {
            programs[at].alike.push(binding.clone());
            programs[at].heads.extend(head);
            continue;
        }
        places.insert(key, programs.len());
        let order = alone.post_order(&alone.maximal(&reach), &NodeSet::default());
        let chosen = || {
            order
                .iter()
                .copied()
                .filter(|&node| is_chosen(alone.id(node)))
        };
        programs.push(Program {
            binding: binding.clone(),
            alike: Vec::new(),
            heads: head.into_iter().collect(),
            revisions: chosen().filter(|&node| work.contains(node)).collect(),
            merges: chosen()
                .filter_map(|node| merge(alone, node, &work))
                .collect(),
            shortcuts: shortcuts(graph, binding, &is_chosen),
        });
    }
    Ok(programs)
}

fn work(graph: &Graph, binding: &Binding) -> Result<NodeSet, Vec<ScriptError>> {
    let state = State::default();
    Scope::of_database(graph, binding, &state).map(|scope| scope.work().clone())
}

fn head(graph: &Graph, binding: &Binding) -> Head {
    let state = State::default();
    // Scripts that cannot be told were told before.
    let scope = Scope::of_database(graph, binding, &state).ok();
    let error = scope.and_then(|scope| scope.destination(Goal::Upgrade, &[Point::head()]).err());
    Head {
        database: binding.name.clone(),
        error,
    }
}

/// All that a database may come to: of the branches that it follows, or of all.
fn reach(graph: &Graph, binding: &Binding) -> NodeSet {
    let roots = binding
        .follow
        .iter()
        .filter_map(|it| graph.label(it.as_str()));
    let roots: Vec<Node> = roots.collect();
    if roots.is_empty() {
        return graph.all();
    }
    let lines = roots.into_iter().map(|root| graph.line_above(root));
    let lines = lines.fold(NodeSet::default(), |sum, line| sum.union(&line));
    graph.ancestors(lines.iter())
}

/// The digests of all that can run on a database, and of what is chosen there.
fn runs(
    graph: &Graph,
    alone: &Graph,
    binding: &Binding,
    reach: &NodeSet,
    is_chosen: &dyn Fn(&RevisionId) -> bool,
) -> Result<Vec<Digest>, ScriptError> {
    let nodes = reach.iter().map(|node| alone.revision(node));
    let shortcuts = graph.shortcuts().iter().map(|it| &it.revision);
    let mut digests = Vec::new();
    for revision in nodes.chain(shortcuts) {
        let work = revision.work(binding)?;
        digests.extend(digest::work(&work));
        let chosen = if is_chosen(&revision.id) {
            "chosen"
        } else {
            "not"
        };
        digests.push(digest::statement(&format!("{} {chosen}", revision.id)));
    }
    Ok(digests)
}

fn merge(graph: &Graph, node: Node, work: &NodeSet) -> Option<Merge> {
    let sides = graph.reduce(&graph.parents(node));
    if sides.len() < 2 {
        return None;
    }
    let base = graph.common_ancestors(&sides);
    let has_work = |side: &Node| {
        let own = graph.ancestors([*side]).difference(&base);
        !own.intersection(work).is_empty()
    };
    let sides: Vec<Node> = sides.into_iter().filter(has_work).collect();
    if sides.len() < 2 {
        return None;
    }
    let (orders, left_out) = orders(&sides);
    Some(Merge {
        node,
        base,
        orders,
        left_out,
    })
}

/// All orders of the sides; of too many those in which each side comes first once,
/// and last once. Says how many are left out.
fn orders(sides: &[Node]) -> (Vec<Vec<Node>>, usize) {
    let count = (1..=sides.len()).try_fold(1_usize, |product, it| product.checked_mul(it));
    let count = count.unwrap_or(usize::MAX);
    if count <= MOST_ORDERS {
        return (permutations(sides), 0);
    }
    let mut orders = Vec::new();
    for first in 0..sides.len() {
        let mut order = sides.to_vec();
        order.rotate_left(first);
        let reversed = order.iter().rev().copied().collect();
        orders.extend([order, reversed]);
    }
    let left_out = count - orders.len();
    (orders, left_out)
}

fn permutations(items: &[Node]) -> Vec<Vec<Node>> {
    if items.len() < 2 {
        return vec![items.to_vec()];
    }
    let with_first = |at: usize| {
        let mut rest = items.to_vec();
        let first = rest.remove(at);
        permutations(&rest).into_iter().map(move |mut order| {
            order.insert(0, first);
            order
        })
    };
    (0..items.len()).flat_map(with_first).collect()
}

/// The shortcuts that have a script for a database: without one a shortcut is not
/// taken there, or has nothing to be held against.
fn shortcuts(
    graph: &Graph,
    binding: &Binding,
    is_chosen: &dyn Fn(&RevisionId) -> bool,
) -> Vec<ShortcutId> {
    let serves = |&id: &ShortcutId| {
        let revision: &Revision = &graph.shortcut(id).revision;
        let has_work = revision.work(binding).is_ok_and(|work| !work.is_empty());
        has_work && is_chosen(&revision.id)
    };
    graph.shortcut_ids().filter(serves).collect()
}

/// Parts a walk among walkers, such that all come to their end at about the same
/// time: whoever begins later brings up what lies before, once, and proves each of
/// its own by three steps.
#[must_use]
pub fn parted<T: Clone>(walk: &[T], walkers: usize) -> Vec<Vec<T>> {
    let walkers = walkers.min(walk.len() / FEWEST_FOR_A_WALKER);
    let walkers = u32::try_from(walkers)
        .unwrap_or(MOST_WALKERS)
        .clamp(1, MOST_WALKERS);
    let mut parts = Vec::new();
    let mut rest = walk;
    for left in (1..=walkers).rev() {
        // Each share is two thirds of the one before it.
        let (threes, twos) = (3_usize.pow(left), 2_usize.pow(left));
        let length = (rest.len() * threes / 3).div_ceil(threes - twos);
        let (part, others) = rest.split_at(length.min(rest.len()));
        if !part.is_empty() {
            parts.push(part.to_vec());
        }
        rest = others;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dialect;
    use crate::testing::graph;

    fn binding(name: &str) -> Arc<Binding> {
        let name = DatabaseName::new(name).expect("a name");
        Arc::new(Binding::new(name, Dialect::Sqlite))
    }

    fn program(graph: &Graph, binding: &Arc<Binding>) -> Program {
        let choice = Choice {
            bindings: std::slice::from_ref(binding),
            is_chosen: &|_, _| true,
            with_heads: true,
        };
        let alone = graph.without_shortcuts();
        let mut programs = programs(graph, &alone, choice).expect("scripts for all");
        programs.remove(0)
    }

    fn words(graph: &Graph, nodes: &[Node]) -> String {
        let ids = graph.ids(nodes.iter().copied());
        let ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
        ids.join(" ")
    }

    #[test]
    fn a_walk_has_what_has_work_each_behind_what_it_stands_on() {
        let graph = graph("a: !\nc: a\nb: c !\nd: b !db2");
        assert_eq!(
            words(&graph, &program(&graph, &binding("db1")).revisions),
            "a b"
        );
        assert_eq!(
            words(&graph, &program(&graph, &binding("db2")).revisions),
            "a b d"
        );
    }

    #[test]
    fn the_sides_of_a_merge_come_in_every_order_from_what_they_share() {
        let graph = graph("a: !\nb: a !\nc: a !\nd: a\nm: b c d !\nx: a\ny: m x");
        let merges = program(&graph, &binding("db1")).merges;
        assert_eq!(merges.len(), 1, "`d` and `x` have no work");
        let orders: Vec<String> = merges[0]
            .orders
            .iter()
            .map(|it| words(&graph, it))
            .collect();
        assert_eq!(orders, ["b c", "c b"]);
        let base: Vec<Node> = merges[0].base.iter().collect();
        assert_eq!(words(&graph, &base), "a");
    }

    #[test]
    fn a_fork_with_work_on_both_sides_has_no_head_unless_one_is_followed() {
        let graph = graph("a: !\nb: a #side !\nc: a !");
        let mut db1 = binding("db1");
        assert!(program(&graph, &db1).heads[0].error.is_some());
        Arc::make_mut(&mut db1).follow = vec![crate::Label::new("side").expect("a label")];
        let program = program(&graph, &db1);
        assert!(program.heads[0].error.is_none());
        assert_eq!(
            words(&graph, &program.revisions),
            "a b",
            "the other branch is not its own"
        );
    }

    #[test]
    fn of_many_orders_each_side_comes_first_and_last() {
        let text = "a: !\nb: a !\nc: a !\nd: a !\ne: a !\nf: a !\nm: b c d e f";
        let graph = graph(text);
        let merge = program(&graph, &binding("db1")).merges.remove(0);
        assert_eq!((merge.orders.len(), merge.left_out), (10, 110));
        for side in graph.parents(merge.node) {
            assert!(merge.orders.iter().any(|it| it.first() == Some(&side)));
            assert!(merge.orders.iter().any(|it| it.last() == Some(&side)));
        }
    }

    #[test]
    fn databases_on_which_the_same_scripts_run_have_one_program() {
        let graph = graph("a: !\nb: a !db3");
        let bindings = ["db1", "db2", "db3"].map(binding);
        let all = |_: &Binding, _: &RevisionId| true;
        let choice = |is_chosen| Choice {
            bindings: &bindings,
            is_chosen,
            with_heads: false,
        };
        let made = programs(&graph, &graph, choice(&all)).expect("scripts for all");
        let names = |programs: &[Program]| {
            let words = programs.iter().map(|it| {
                let alike: Vec<&str> = it.alike.iter().map(|it| it.name.as_str()).collect();
                format!("{} [{}]", it.binding.name, alike.join(" "))
            });
            words.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(names(&made), "db1 [db2], db3 []");
        let only_db1 = |binding: &Binding, _: &RevisionId| binding.name.as_str() == "db1";
        let made = programs(&graph, &graph, choice(&only_db1)).expect("scripts for all");
        assert_eq!(names(&made), "db1 [], db2 [], db3 []");
    }

    #[test]
    fn shortcuts_are_proven_where_they_have_a_script_and_walked_around() {
        let graph = graph("a: !\nb: a !\nc: s\ns: =a =b !");
        let program = program(&graph, &binding("db1"));
        assert_eq!(program.shortcuts.len(), 1);
        let alone = graph.without_shortcuts();
        assert_eq!(words(&alone, &program.revisions), "a b");
        assert!(alone.shortcuts().is_empty());
        let parents = alone.parents(alone.find("c").expect("c"));
        assert_eq!(words(&alone, &parents), "b", "what the shortcut's id means");
    }

    #[test]
    fn later_walkers_have_less_since_they_bring_up_what_lies_before() {
        let walk: Vec<usize> = (0..200).collect();
        let lengths = |walkers| {
            parted(&walk, walkers)
                .iter()
                .map(Vec::len)
                .collect::<Vec<_>>()
        };
        assert_eq!(lengths(1), [200]);
        assert_eq!(lengths(2), [120, 80]);
        assert_eq!(lengths(4), [84, 55, 37, 24]);
        assert_eq!(parted(&walk, 4).concat(), walk);
        assert_eq!(parted(&walk[..30], 4).len(), 1);
        assert_eq!(parted(&walk[..0], 4).len(), 0);
    }
}
