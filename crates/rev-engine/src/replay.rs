//! Replaying: a database that nobody needs is brought exactly to some revisions.

use std::sync::Arc;

use rev_core::{Binding, Goal, Graph, Point, RevisionId};

use crate::clock::Clock;
use crate::database::Database;
use crate::event::Stop;
use crate::executor;
use crate::outcome::LaneOutcome;
use crate::request::{Job, Request};

/// Brings a throw-away database to exactly these points of a graph, whatever the
/// request's goal is. Returns what was done.
///
/// # Errors
///
/// How its lane ended, where not at its end.
pub async fn replay(
    database: Box<dyn Database>,
    binding: &Arc<Binding>,
    graph: &Arc<Graph>,
    points: &[Point],
    request: &Request,
    clock: &dyn Clock,
) -> Result<Vec<RevisionId>, Box<LaneOutcome>> {
    let request = Request {
        goal: Goal::Switch,
        alone: true,
        ..request.clone()
    };
    let job = Job {
        binding: binding.clone(),
        watched: false,
        points: points.to_vec(),
        database,
    };
    let stop = Stop::default();
    let mut silence = |_| {};
    let run = executor::run(&request, graph, vec![job], clock, &stop, &mut silence);
    let outcome = run.await;
    let is_complete = outcome.is_complete();
    let mut lanes = outcome.lanes;
    match lanes.pop() {
        Some(lane) if !is_complete => Err(Box::new(lane)),
        Some(lane) => Ok(lane.done),
        None => Ok(Vec::new()),
    }
}

/// The points that name these revisions; the base for none.
#[must_use]
pub fn points(ids: &[RevisionId]) -> Vec<Point> {
    let point = |text: &str| Point {
        branch: None,
        text: text.to_owned(),
    };
    match ids {
        [] => vec![point("base")],
        ids => ids.iter().map(|id| point(id.as_str())).collect(),
    }
}
