//! Rings in a graph that ought to have none.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::DiGraph;

use super::Node;

/// A ring in each knot of a graph: each member stands on the next, the last on
/// the first. Rings and their members begin with the smallest.
pub(super) fn rings<N, E>(dag: &DiGraph<N, E, u32>) -> Vec<Vec<Node>> {
    // petgraph's own `is_cyclic_directed` and `tarjan_scc` recurse, and a
    // history of ten thousand revisions overflows a thread's stack.
    if toposort(dag, None).is_ok() {
        return Vec::new();
    }
    let mut knots: Vec<Vec<Node>> = kosaraju_scc(dag)
        .into_iter()
        .filter(|members| members.len() > 1)
        .collect();
    for knot in &mut knots {
        knot.sort_unstable();
    }
    knots.sort_unstable();
    knots.iter().map(|knot| ring_in(dag, knot)).collect()
}

/// One ring within a strongly connected set: every member has something below
/// it in the set, so stepping down must come back.
fn ring_in<N, E>(dag: &DiGraph<N, E, u32>, knot: &[Node]) -> Vec<Node> {
    let mut path: Vec<Node> = Vec::new();
    let mut place: BTreeMap<Node, usize> = BTreeMap::new();
    let mut node = knot[0];
    while !place.contains_key(&node) {
        place.insert(node, path.len());
        path.push(node);
        node = dag
            .neighbors_directed(node, Direction::Incoming)
            .filter(|below| knot.binary_search(below).is_ok())
            .min()
            .expect("a strongly connected set has an edge into each member");
    }
    let mut ring = path.split_off(place[&node]);
    let smallest = (0..ring.len()).min_by_key(|&at| ring[at]).unwrap_or(0);
    ring.rotate_left(smallest);
    ring
}
