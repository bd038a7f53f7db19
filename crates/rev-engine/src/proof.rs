//! Proving a shortcut: on two empty databases, once revision by revision and
//! once through the shortcut, up and down; the schemas must be the same.

use std::sync::Arc;

use rev_core::{Binding, Goal, Graph, Point, RevisionId, ShortcutId};
use rev_sql::schema::{ColumnOrder, Difference, difference};

use crate::clock::Clock;
use crate::database::{Database, DatabaseError};
use crate::event::Stop;
use crate::executor;
use crate::outcome::LaneOutcome;
use crate::request::{Job, Request};

/// Opens a database anew, as often as asked.
pub type Opener<'a> = &'a (dyn Fn() -> Result<Box<dyn Database>, DatabaseError> + 'a);

/// What is to be proven, and where.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    /// The database that it is proven for.
    pub binding: &'a Arc<Binding>,
    /// The graph with the shortcut.
    pub with: &'a Arc<Graph>,
    /// The same without it.
    pub without: &'a Arc<Graph>,
    /// The shortcut, in `with`.
    pub shortcut: ShortcutId,
    /// An empty database for the revisions by themselves.
    pub alone: Opener<'a>,
    /// Another one for the shortcut.
    pub through: Opener<'a>,
    /// Who runs it, and how; its goal does not count.
    pub request: &'a Request,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// To be asked to stop by.
    pub stop: &'a Stop,
}

/// What was proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Whether the way down was proven too: there may be none.
    pub down: bool,
}

/// Why a claim is not proven.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// A throw-away database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A run did not come to its end.
    #[error("a run on a throw-away database did not come to its end")]
    Run(Box<LaneOutcome>),
    /// The schemas differ.
    #[error("{way} the shortcut, the schema is another one")]
    Differs {
        /// `after` or `back down`.
        way: &'static str,
        /// What it gives less and more than the revisions by themselves.
        difference: Difference,
    },
}

/// Proves a claim.
///
/// # Errors
///
/// [`Unproven`].
pub async fn prove(claim: Claim<'_>) -> Result<Proof, Unproven> {
    let shortcut = claim.with.shortcut(claim.shortcut);
    let tops = points(&claim.with.ids(shortcut.tops.iter().copied()));
    let below = below(claim.with, claim.shortcut);
    claim.run(claim.without, &below, claim.alone).await?;
    claim.run(claim.without, &below, claim.through).await?;
    let before = schema(claim.through).await?;
    claim.run(claim.without, &tops, claim.alone).await?;
    let done = claim.run(claim.with, &tops, claim.through).await?;
    debug_assert!(done.contains(&shortcut.revision.id));
    compare(
        "after",
        &schema(claim.alone).await?,
        &schema(claim.through).await?,
    )?;
    let work = shortcut.revision.work(claim.binding);
    if work.is_ok_and(|work| work.upgrade.is_some() && work.downgrade.is_none()) {
        return Ok(Proof { down: false });
    }
    claim.run(claim.with, &below, claim.through).await?;
    compare("back down", &before, &schema(claim.through).await?)?;
    Ok(Proof { down: true })
}

/// Where a database stands that may go through the shortcut next.
fn below(graph: &Graph, shortcut: ShortcutId) -> Vec<Point> {
    let members: rev_core::NodeSet = graph.members(shortcut).into_iter().collect();
    let below = graph.ancestors(members.iter()).difference(&members);
    points(&graph.ids(graph.topmost(&below)))
}

/// Where these are the heads: the base for none.
pub(crate) fn points(ids: &[RevisionId]) -> Vec<Point> {
    match ids {
        [] => vec![point("base")],
        ids => ids.iter().map(|id| point(id.as_str())).collect(),
    }
}

fn point(text: &str) -> Point {
    Point {
        branch: None,
        text: text.to_owned(),
    }
}

async fn schema(open: Opener<'_>) -> Result<Vec<String>, Unproven> {
    Ok(open()?.schema().await?)
}

/// Both ways make whole tables, so the order of columns counts.
fn compare(way: &'static str, due: &[String], is: &[String]) -> Result<(), Unproven> {
    let difference = difference(due, is, ColumnOrder::Counts);
    match difference.is_none() {
        true => Ok(()),
        false => Err(Unproven::Differs { way, difference }),
    }
}

impl Claim<'_> {
    async fn run(
        &self,
        graph: &Arc<Graph>,
        points: &[Point],
        open: Opener<'_>,
    ) -> Result<Vec<RevisionId>, Unproven> {
        Way {
            request: self.request,
            graph,
            binding: self.binding,
            clock: self.clock,
            stop: self.stop,
        }
        .go(points.to_vec(), open()?)
        .await
    }
}

/// How throw-away databases are brought somewhere.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) request: &'a Request,
    pub(crate) graph: &'a Arc<Graph>,
    pub(crate) binding: &'a Arc<Binding>,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) stop: &'a Stop,
}

impl Way<'_> {
    /// Brings a throw-away database to exactly these points.
    pub(crate) async fn go(
        self,
        points: Vec<Point>,
        database: Box<dyn Database>,
    ) -> Result<Vec<RevisionId>, Unproven> {
        let request = Request {
            goal: Goal::Switch,
            alone: true,
            ..self.request.clone()
        };
        let job = Job {
            binding: self.binding.clone(),
            watched: false,
            points,
            database,
        };
        let mut silence = |_| {};
        let jobs = vec![job];
        let run = executor::run(
            &request,
            self.graph,
            jobs,
            self.clock,
            self.stop,
            &mut silence,
        );
        let outcome = run.await;
        let is_complete = outcome.is_complete();
        let mut lanes = outcome.lanes;
        match lanes.pop() {
            Some(lane) if !is_complete => Err(Unproven::Run(Box::new(lane))),
            Some(lane) => Ok(lane.done),
            None => Ok(Vec::new()),
        }
    }
}
