//! What is planted in a ledger is found, and nothing else is.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use rev_core::plan::lane;
use rev_core::{Applied, Digest, Goal, Graph, RevisionId, Standing};

use super::twin::{build, db1, nodes, sketch};

/// The rows that bringing `set` up would leave.
fn rows(graph: &Arc<Graph>, set: &rev_core::NodeSet) -> Vec<Applied> {
    let binding = Arc::new(db1());
    let empty = Standing::read(graph, &binding, &[]).expect("an empty ledger");
    let lane = lane(&binding, &empty, Goal::Upgrade, set, None).expect("a plan");
    lane.steps
        .iter()
        .flat_map(|step| step.rows.clone())
        .collect()
}

fn names<'a>(ids: impl IntoIterator<Item = &'a RevisionId>) -> BTreeSet<&'a str> {
    ids.into_iter().map(RevisionId::as_str).collect()
}

fn other_digest() -> Digest {
    Digest::from_hex(&"ab".repeat(32)).expect("64 digits")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, max_shrink_time: 3000, ..ProptestConfig::default() })]

    #[test]
    fn a_ledger_as_the_files_say_has_no_drift(sketch in sketch(), picks in vec(any::<Index>(), 0..4)) {
        let graph = Arc::new(sketch.graph());
        let rows = rows(&graph, &nodes(&sketch.state(&picks)));
        let standing = Standing::read(&graph, &db1(), &rows).expect("a state");
        prop_assert!(standing.drift.is_none());
    }

    #[test]
    fn what_was_edited_or_rebound_is_found_exactly(
        sketch in sketch(), picks in vec(any::<Index>(), 1..4), edits in vec(0..3_u8, 40),
    ) {
        let graph = Arc::new(sketch.graph());
        let mut rows = rows(&graph, &nodes(&sketch.state(&picks)));
        let (mut edited, mut rebound) = (Vec::new(), Vec::new());
        for (row, edit) in rows.iter_mut().zip(edits) {
            match edit {
                1 => {
                    row.upgrade_digest = other_digest();
                    row.revision_digest = other_digest();
                    edited.push(row.revision.clone());
                }
                2 => {
                    row.upgrade_digest = other_digest();
                    rebound.push(row.revision.clone());
                }
                _ => {}
            }
        }
        let drift = Standing::read(&graph, &db1(), &rows).expect("a state").drift;
        prop_assert_eq!(names(drift.edited.iter().map(|it| &it.revision)), names(&edited));
        prop_assert_eq!(names(&drift.rebound), names(&rebound));
        prop_assert!(drift.unknown.is_empty() && drift.gaps.is_empty() && drift.reparented.is_empty());
    }

    #[test]
    fn a_row_that_is_missing_leaves_a_gap_under_all_that_stands_on_it(
        sketch in sketch(), picks in vec(any::<Index>(), 1..4), pick in any::<Index>(),
    ) {
        let graph = Arc::new(sketch.graph());
        let mut rows = rows(&graph, &nodes(&sketch.state(&picks)));
        let gone = rows.remove(pick.index(rows.len()));
        let place = graph.find(gone.revision.as_str()).expect("a node").index();
        let expected: Vec<RevisionId> = rows.iter().map(|row| row.revision.clone())
            .filter(|id| sketch.below(graph.find(id.as_str()).expect("a node").index()).contains(&place))
            .collect();
        let drift = Standing::read(&graph, &db1(), &rows).expect("a state").drift;
        prop_assert_eq!(names(drift.gaps.iter().map(|gap| &gap.revision)), names(&expected));
        prop_assert!(drift.gaps.iter().all(|gap| gap.missing == gone.revision));
        prop_assert!(drift.edited.is_empty() && drift.reparented.is_empty() && drift.rebound.is_empty());
    }

    #[test]
    fn a_file_that_is_missing_leaves_its_revision_unknown(sketch in sketch(), pick in any::<Index>()) {
        let whole = Arc::new(sketch.graph());
        let rows = rows(&whole, &whole.all());
        // A head by every edge, so that the rest is a graph.
        let heads = whole.effective_heads();
        let head = heads[pick.index(heads.len())];
        prop_assume!(whole.len() > 1);
        let id = whole.id(head).clone();
        let rest: Vec<_> = sketch.revisions.iter().filter(|it| it.id != id).cloned().collect();
        let graph = Arc::new(build(&rest));
        let standing = Standing::read(&graph, &db1(), &rows).expect("a state");
        prop_assert_eq!(names(&standing.drift.unknown), names([&id]));
        prop_assert!(standing.drift.is_consistent());
        prop_assert_eq!(standing.state.set().len(), whole.len());
    }

    #[test]
    fn a_revision_with_other_parents_is_found_unless_the_edge_was_redundant(
        sketch in sketch(), pick in any::<Index>(),
    ) {
        let graph = Arc::new(sketch.graph());
        let mut rows = rows(&graph, &graph.all());
        let row = &mut rows[pick.index(sketch.len())];
        let node = graph.find(row.revision.as_str()).expect("a node");
        let Some(parent) = row.parents.pop() else { return Ok(()) };
        let place = graph.find(parent.as_str()).expect("a node").index();
        let is_dependency = row.dependencies.contains(&parent);
        let id = row.revision.clone();
        let matters = !is_dependency && sketch.reduced(sketch.below(node.index())).contains(&place);
        let drift = Standing::read(&graph, &db1(), &rows).expect("a state").drift;
        let found = names(drift.reparented.iter().map(|it| &it.revision));
        prop_assert_eq!(found, if matters { names([&id]) } else { BTreeSet::new() });
    }
}
