//! A plan that stopped anywhere is gone on with by planning its other steps again.

use std::sync::Arc;

use rev_core::plan::{contents, lane, retrace};
use rev_core::{Action, Applied, Digest, Goal, Graph, Lane, NodeSet, Standing};

use super::{Dice, Mask, Sketch, db1, ledger, set};

const CASES: usize = 2_000;

/// What a step is known by, and all that it leaves.
type Known = (Action, String, Digest, Vec<Applied>);

fn known(lane: &Lane) -> Vec<Known> {
    let steps = lane.steps.iter();
    steps
        .map(|step| {
            let id = step.revision.id.to_string();
            (step.action, id, step.digest, step.rows.clone())
        })
        .collect()
}

/// The rows after a step.
fn after(mut rows: Vec<Applied>, step: &Known) -> Vec<Applied> {
    let (action, _, _, moved) = step;
    rows.retain(|row| moved.iter().all(|it| it.revision != row.revision));
    if action.applies() {
        rows.extend(moved.iter().cloned());
    }
    rows
}

#[test]
fn the_rest_of_a_plan_is_the_same_and_ends_in_the_same_contents() {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let (mut compared, mut steps) = (0, 0);
    while compared < CASES {
        let mut sketch = Sketch::random(&mut dice);
        let Ok(graph) = Graph::new(sketch.revisions()).map(Arc::new) else {
            continue;
        };
        let count = sketch.works.len();
        let mut some = |sketch: &Sketch| {
            let picks = (0..1 + dice.roll(3)).map(|_| dice.roll(count));
            sketch.closure(picks.fold(0, |set: Mask, bit| set | 1 << bit))
        };
        let (from, to) = (some(&sketch), some(&sketch));
        let mut rows = ledger(&mut sketch, &mut dice, &graph, from);
        let binding = Arc::new(db1());
        let to: NodeSet = set(&graph, to);
        let read = |rows: &[Applied]| Standing::read(&graph, &binding, rows).expect("a state");
        let standing = read(&rows);
        let Ok(plan) = lane(&binding, &standing, Goal::Switch, &to, None) else {
            continue;
        };
        let ends = contents(&binding, &standing, &to).expect("scripts");
        let all = known(&plan);
        for done in 0..=all.len() {
            let standing = read(&rows);
            let rest = plan.steps[done..].iter();
            let rest = rest.map(|step| (step.action, &step.revision.id));
            let again = retrace(&binding, &standing, Goal::Switch, rest).expect("a plan");
            assert_eq!(known(&again), all[done..], "{sketch:?}, {done} done");
            assert_eq!(again.to, plan.to);
            let now = contents(&binding, &standing, &to).expect("scripts");
            assert_eq!(now, ends, "{sketch:?}, {done} done");
            if let Some(step) = all.get(done) {
                rows = after(rows, step);
                steps += 1;
            }
        }
        compared += 1;
    }
    assert!(steps > CASES, "{steps} steps say little");
}
