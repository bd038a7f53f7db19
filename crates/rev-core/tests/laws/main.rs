//! Laws that hold on every graph.

mod across;
mod drift;
mod shortest;
mod twin;

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rev_core::plan::{self, Move, Through};
use rev_core::{
    Goal, Graph, Node, NodeSet, Point, ResolveError, Scope, Script, Sql, State, Target,
};
use twin::{Places, Sketch, build, db1, nodes, places, sketch};

fn point(text: &str) -> Point {
    Point::parse(text).expect("a point")
}

/// The moves, each revision by itself.
fn moves(graph: &Graph, from: &NodeSet, to: &NodeSet) -> Vec<Move> {
    plan::moves(graph, from, to, &Through::default())
}

/// The place of the revision that moves.
fn place(step: &Move) -> usize {
    let node = step.hop.revision().expect("no shortcut is gone through");
    node.index()
}

fn standing(graph: &Graph, set: &Places) -> State {
    State::of_heads(graph, nodes(set).iter())
}

/// What `target` leads to, as a set of places.
fn lead(scope: &Scope, goal: Goal, target: &str) -> Result<Places, ResolveError> {
    let to = scope.destination(goal, &[point(target)])?;
    Ok(places(to.set.iter()))
}

/// Words that a target may hold, and some that it may not.
fn targets() -> impl Strategy<Value = Vec<String>> {
    let word = select(vec![
        "head", "heads", "base", "current", "@", "@", "+", "-", "1", "2", "0", "99", "line0",
        "line1", "line2", "a0101", "b0", "a", ".", "*", ":", " ", "é", "_", "db1",
    ]);
    vec(vec(word, 0..6).prop_map(|words| words.concat()), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, max_shrink_time: 3000, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_arrives_by_closed_states_in_as_few_steps_as_the_ends_differ(
        sketch in sketch(), a in vec(any::<Index>(), 0..4), b in vec(any::<Index>(), 0..4),
    ) {
        let graph = sketch.graph();
        let (from, to) = (sketch.state(&a), sketch.state(&b));
        let mut at = from.clone();
        let steps = moves(&graph, &nodes(&from), &nodes(&to));
        for step in &steps {
            let moved = if step.up { at.insert(place(step)) } else { at.remove(&place(step)) };
            prop_assert!(moved && sketch.is_closed(&at));
        }
        prop_assert_eq!(&at, &to);
        prop_assert_eq!(steps.len(), from.symmetric_difference(&to).count());
        prop_assert!(steps.is_sorted_by_key(|step| step.up), "downgrades come first");
        // And home again: the same set of steps, the other way.
        let mut back = moves(&graph, &nodes(&to), &nodes(&from));
        prop_assert_eq!(back.len(), steps.len());
        for step in back.drain(..) {
            let moved = if step.up { at.insert(place(&step)) } else { at.remove(&place(&step)) };
            prop_assert!(moved && sketch.is_closed(&at));
        }
        prop_assert_eq!(at, from);
    }

    #[test]
    fn steps_come_in_the_stated_order(
        sketch in sketch(), a in vec(any::<Index>(), 0..3), b in vec(any::<Index>(), 1..4),
    ) {
        let graph = sketch.graph();
        let (from, to) = (sketch.state(&a), sketch.state(&b));
        let within = |heads: &Places, keep: &dyn Fn(&usize) -> bool| -> Vec<usize> {
            let order = sketch.post_order(&sketch.reduced(heads));
            order.into_iter().filter(keep).collect()
        };
        let only_from: Places = from.difference(&to).copied().collect();
        let only_to: Places = to.difference(&from).copied().collect();
        let mut down = within(&only_from, &|place| only_from.contains(place));
        down.reverse();
        let up = within(&only_to, &|place| only_to.contains(place));
        let planned: Vec<usize> = moves(&graph, &nodes(&from), &nodes(&to))
            .iter().map(place).collect();
        prop_assert_eq!(planned, [down, up].concat());
    }

    #[test]
    fn fast_walks_equal_slow_ones(sketch in sketch(), picks in vec(any::<Index>(), 1..6)) {
        let graph = sketch.graph();
        let seeds: Places = picks.iter().map(|pick| pick.index(sketch.len())).collect();
        let list: Vec<Node> = nodes(&seeds).iter().collect();
        prop_assert_eq!(places(graph.ancestors(list.clone()).iter()), sketch.ancestors(&seeds));
        prop_assert_eq!(places(graph.descendants(list.clone()).iter()), sketch.descendants(&seeds));
        for above in graph.nodes() {
            for below in graph.nodes() {
                let covers = above != below && sketch.covers(above.index(), below.index());
                prop_assert_eq!(graph.stands_on(above, below), covers);
            }
            prop_assert_eq!(&places(graph.below(above)), sketch.below(above.index()));
            prop_assert_eq!(places(graph.reduced_below(above)), sketch.reduced(sketch.below(above.index())));
        }
        prop_assert_eq!(places(graph.reduce(&list)), sketch.reduced(&seeds));
        prop_assert_eq!(places(graph.topmost(&nodes(&seeds))), sketch.reduced(&seeds));
        let state = sketch.ancestors(&seeds);
        prop_assert_eq!(places(graph.maximal(&nodes(&state))), sketch.reduced(&state));
        let all = |holds: &dyn Fn(usize, usize) -> bool| {
            sketch.those(|place| seeds.iter().all(|&seed| holds(seed, place)))
        };
        prop_assert_eq!(
            places(graph.common_ancestors(&list).iter()), all(&|seed, place| sketch.covers(seed, place)));
        prop_assert_eq!(
            places(graph.common_descendants(&list).iter()), all(&|seed, place| sketch.covers(place, seed)));
        let has_child = |place: usize| (0..sketch.len()).any(|it| sketch.parents(it).contains(&place));
        prop_assert_eq!(places(graph.heads()), sketch.those(|place| !has_child(place)));
        prop_assert_eq!(places(graph.effective_heads()), sketch.reduced(&sketch.those(|_| true)));
        prop_assert_eq!(places(graph.bases()), sketch.those(|place| sketch.parents(place).is_empty()));
    }

    #[test]
    fn the_order_of_files_and_a_change_of_names_that_keeps_theirs_change_nothing(
        (sketch, shuffled) in sketch().prop_flat_map(|sketch| {
            let shuffled = Just(sketch.revisions.clone()).prop_shuffle();
            (Just(sketch), shuffled)
        }),
        picks in vec(any::<Index>(), 1..4),
    ) {
        let (graph, other) = (sketch.graph(), build(&shuffled));
        let to = nodes(&sketch.state(&picks));
        prop_assert_eq!(moves(&graph, &State::default().set().clone(), &to), moves(&other, State::default().set(), &to));
        for node in graph.nodes() {
            prop_assert_eq!(graph.id(node), other.id(node));
            prop_assert_eq!(graph.lineage(node), other.lineage(node));
        }
        let renamed: Vec<_> = sketch.revisions.iter().cloned().map(|mut revision| {
            let rename = |id: &str| rev_core::RevisionId::new(&format!("x{id}")).expect("an id");
            revision.id = rename(revision.id.as_str());
            revision.parents = revision.parents.iter().map(|id| rename(id.as_str())).collect();
            for name in &mut revision.depends_on {
                if !name.starts_with("line") { *name = format!("x{name}"); }
            }
            revision
        }).collect();
        prop_assert_eq!(
            moves(&graph, State::default().set(), &to), moves(&build(&renamed), State::default().set(), &to));
    }

    #[test]
    fn head_means_the_heads_whose_ancestry_holds_all_work(sketch in sketch()) {
        let graph = sketch.graph();
        let state = State::default();
        let scope = Scope::of_database(&graph, &db1(), &state).expect("one script");
        let heads = places(graph.heads());
        let work = sketch.those(|place| {
            !graph.revision(Node::new(place)).scripts.databases.is_empty()
        });
        let covering: Places = heads.iter().copied()
            .filter(|&head| work.iter().all(|&it| sketch.covers(head, it))).collect();
        let answer = scope.revisions(&point("head"));
        if covering.is_empty() {
            let is_ambiguous = matches!(answer, Err(ResolveError::AmbiguousHead { .. }));
            prop_assert!(is_ambiguous);
        } else {
            let shared = sketch.those(|place| covering.iter().all(|&head| sketch.covers(head, place)));
            prop_assert_eq!(places(answer.expect("some head covers")), sketch.reduced(&shared));
        }
    }

    #[test]
    fn a_prefix_means_the_only_id_that_begins_so(sketch in sketch(), pick in any::<Index>(), length in 1_usize..7) {
        let graph = sketch.graph();
        let id = graph.id(Node::new(pick.index(sketch.len()))).to_string();
        let prefix = &id[..length];
        let matching = sketch.revisions.iter().filter(|it| it.id.as_str().starts_with(prefix)).count();
        let answer = Scope::of_graph(&graph).revisions(&point(prefix));
        match (length, matching) {
            (6, _) | (4.., 1) => prop_assert_eq!(answer, Ok(vec![graph.find(&id).expect("it is there")])),
            (..4, _) => { let short = matches!(answer, Err(ResolveError::ShortPrefix { .. })); prop_assert!(short) }
            _ => { let several = matches!(answer, Err(ResolveError::AmbiguousPrefix { .. })); prop_assert!(several) }
        }
    }

    #[test]
    fn minus_n_takes_the_only_head_down_n_times(sketch in sketch(), picks in vec(any::<Index>(), 1..3), count in 1_usize..9) {
        // Without a database's own scripts every revision counts.
        let mut revisions = sketch.revisions.clone();
        for revision in &mut revisions {
            revision.scripts.top = twin::entry(revision.id.as_str());
        }
        let graph = build(&revisions);
        let mut shared = db1();
        shared.name = rev_core::DatabaseName::new("other").expect("a name");
        shared.shared = true;
        let applied = sketch.state(&picks);
        let state = standing(&graph, &applied);
        let scope = Scope::of_database(&graph, &shared, &state).expect("one script");
        let mut left = Some(applied);
        for _ in 0..count {
            left = left.and_then(|mut left| {
                let heads = sketch.reduced(&left);
                let only = heads.first().filter(|_| heads.len() == 1)?;
                left.remove(only);
                Some(left)
            });
        }
        prop_assert_eq!(lead(&scope, Goal::Downgrade, &format!("-{count}")).ok(), left);
    }

    #[test]
    fn a_relative_target_with_a_label_takes_down_nothing_outside_it(
        sketch in sketch(), picks in vec(any::<Index>(), 1..4), pick in any::<Index>(), count in 0_usize..6,
        start in select(vec!["", "head", "base", "current", "id"]), sign in select(vec!['-', '+']),
    ) {
        let graph = sketch.graph();
        let applied = sketch.state(&picks);
        let state = standing(&graph, &applied);
        let scope = Scope::of_database(&graph, &db1(), &state).expect("one script");
        let id = |place: usize| graph.id(Node::new(place)).to_string();
        let some = id(pick.index(sketch.len()));
        let start = if start == "id" { some.as_str() } else { start };
        // Any revision's id names its branch, as a label does.
        for root in 0..sketch.len() {
            let target = format!("{}@{start}{sign}{count}", id(root));
            let line = sketch.those(|place| {
                nodes(&[place].into()).is_subset(&graph.line_above(Node::new(root)))
            });
            for goal in [Goal::Downgrade, Goal::Stamp] {
                let answer = lead(&scope, goal, &target);
                if let Ok(left) = &answer {
                    let gone: Places = applied.difference(left).copied().collect();
                    prop_assert!(gone.is_subset(&line), "{goal:?} {target} takes {gone:?}");
                }
                // What is offered instead is understood, and leads down.
                let offered = match &answer {
                    Err(ResolveError::OutsideLabel { explicit, .. }) => explicit.clone(),
                    Err(ResolveError::PastLabel { beyond, .. }) => beyond.clone(),
                    _ => None,
                };
                if let Some(offered) = offered {
                    let left = lead(&scope, Goal::Downgrade, &offered);
                    prop_assert!(left.is_ok(), "{target}, then {offered}: {left:?}");
                }
            }
        }
    }

    #[test]
    fn plus_n_goes_further_with_n(sketch in sketch(), picks in vec(any::<Index>(), 0..3), count in 1_usize..6) {
        let graph = sketch.graph();
        let applied = sketch.state(&picks);
        let state = standing(&graph, &applied);
        let scope = Scope::of_database(&graph, &db1(), &state).expect("one script");
        if let Ok(far) = lead(&scope, Goal::Upgrade, &format!("+{}", count + 1)) {
            let near = lead(&scope, Goal::Upgrade, &format!("+{count}")).expect("it lies on the way");
            prop_assert!(near.is_subset(&far) && near.is_superset(&applied));
            prop_assert!(sketch.is_closed(&near) && sketch.is_closed(&far) && far != near);
            let work = |set: &Places| set.difference(&applied).filter(|&&it| scope.work().contains(Node::new(it))).count();
            prop_assert!(work(&near) >= count, "{count} revisions with work are reached");
        }
    }

    #[test]
    fn whatever_is_typed_no_answer_is_a_panic_and_every_destination_is_closed(
        sketch in sketch(), picks in vec(any::<Index>(), 0..3), texts in targets(),
    ) {
        let graph = sketch.graph();
        let applied = sketch.state(&picks);
        let state = standing(&graph, &applied);
        let scope = Scope::of_database(&graph, &db1(), &state).expect("one script");
        let bare = Scope::of_graph(&graph);
        let points: Vec<Point> = texts.iter()
            .filter_map(|text| Target::parse(text, |name| name == "db1").ok())
            .map(|target| target.point).collect();
        for point in &points {
            let again = Point::parse(&point.to_string());
            prop_assert_eq!(again.as_ref(), Ok(point), "a point reads back");
        }
        for goal in [Goal::Upgrade, Goal::Downgrade, Goal::Switch, Goal::Stamp] {
            if let Ok(to) = scope.destination(goal, &points) {
                let to = places(to.set.iter());
                prop_assert!(sketch.is_closed(&to), "{goal:?} {points:?}");
                match goal {
                    Goal::Upgrade => prop_assert!(applied.is_subset(&to)),
                    Goal::Downgrade => prop_assert!(to.is_subset(&applied)),
                    _ => {}
                }
            }
            prop_assert!(bare.destination(goal, &points).is_err() || points.is_empty() || goal == Goal::Switch);
        }
        for scope in [&scope, &bare] {
            let _ = scope.merge_parents(&points, true);
            let _ = scope.new_parents(points.first(), false);
            let _ = scope.range(points.first(), points.last());
            let _ = scope.range(None, points.last());
        }
    }

    #[test]
    fn an_edit_changes_the_lineages_above_it_and_no_others(sketch in sketch(), pick in any::<Index>(), down in any::<bool>()) {
        let graph = sketch.graph();
        let mut revisions = sketch.revisions.clone();
        let at = pick.index(revisions.len());
        let id = revisions[at].id.clone();
        let script = Some(Script::Any(Sql::text("SELECT 'edited'")));
        let top = &mut revisions[at].scripts.top;
        if down { top.downgrade = script } else { top.upgrade = script }
        let other = build(&revisions);
        let place = graph.find(id.as_str()).expect("it is there").index();
        for node in graph.nodes() {
            let stands = sketch.covers(node.index(), place);
            prop_assert_eq!(graph.lineage(node) != other.lineage(node), stands);
            prop_assert_eq!(graph.digest(node) != other.digest(node), node.index() == place);
        }
    }

    #[test]
    fn a_lost_edge_changes_the_lineages_above_it_and_no_others(sketch in sketch(), pick in any::<Index>()) {
        let graph = sketch.graph();
        let mut revisions = sketch.revisions.clone();
        let at = pick.index(revisions.len());
        if revisions[at].parents.pop().is_none() {
            return Ok(());
        }
        let other = build(&revisions);
        let place = graph.find(revisions[at].id.as_str()).expect("it is there").index();
        for node in graph.nodes() {
            prop_assert_eq!(graph.lineage(node) != other.lineage(node), sketch.covers(node.index(), place));
        }
    }

    #[test]
    fn reformatting_changes_no_digest(lines in vec("[a-z ;]{0,8}[a-z;]", 1..5), spaces in "[ \n\t]{0,4}", sketch in sketch()) {
        let graph = sketch.graph();
        let script = |text: String| Some(Script::Any(Sql::text(&text)));
        let mut plain = sketch.revisions.clone();
        let mut other = sketch.revisions.clone();
        plain[0].scripts.top.upgrade = script(lines.join("\n"));
        other[0].scripts.top.upgrade = script(lines.join("\r\n") + &spaces);
        for revision in &mut other {
            revision.message = "said otherwise".to_owned();
            revision.created = Some("later".to_owned());
            revision.parents.reverse();
        }
        let (plain, other) = (build(&plain), build(&other));
        for node in graph.nodes() {
            prop_assert_eq!(plain.lineage(node), other.lineage(node));
        }
    }
}

#[test]
fn a_sketch_is_not_always_a_line() {
    // The laws say little unless there are merges, forks and redundant edges.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..50 {
        let tree = sketch().new_tree(&mut runner).expect("a sketch");
        let sketch: Sketch = proptest::strategy::ValueTree::current(&tree);
        let graph = sketch.graph();
        for (what, holds) in [
            ("merge", !graph.merge_points().is_empty()),
            ("fork", !graph.branch_points().is_empty()),
            ("label", !graph.labels().is_empty()),
            ("several heads", graph.heads().len() > 1),
            (
                "redundant",
                graph
                    .nodes()
                    .any(|it| graph.reduced_below(it) != graph.below(it)),
            ),
            (
                "dependency",
                graph.nodes().any(|it| !graph.dependencies(it).is_empty()),
            ),
        ] {
            if holds {
                seen.insert(what);
            }
        }
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}
