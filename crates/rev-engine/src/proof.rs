//! Proving a shortcut: on two empty databases, once revision by revision and
//! once through the shortcut, up and down; the schemas must be the same.

use std::sync::Arc;

use rev_core::{Binding, Graph, Point, RevisionId, ShortcutId};

use crate::clock::Clock;
use crate::database::{Database, DatabaseError};
use crate::outcome::LaneOutcome;
use crate::replay::{points, replay};
use crate::request::Request;

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
        /// What only the revisions by themselves give.
        missing: Vec<String>,
        /// What only the shortcut gives.
        extra: Vec<String>,
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

async fn schema(open: Opener<'_>) -> Result<Vec<String>, Unproven> {
    Ok(open()?.schema().await?)
}

fn compare(way: &'static str, due: &[String], is: &[String]) -> Result<(), Unproven> {
    let without = |these: &[String], those: &[String]| {
        let only = these.iter().filter(|it| those.binary_search(it).is_err());
        only.cloned().collect::<Vec<_>>()
    };
    let (missing, extra) = (without(due, is), without(is, due));
    match missing.is_empty() && extra.is_empty() {
        true => Ok(()),
        false => Err(Unproven::Differs {
            way,
            missing,
            extra,
        }),
    }
}

impl Claim<'_> {
    /// Brings a throw-away database to exactly these points.
    async fn run(
        &self,
        graph: &Arc<Graph>,
        points: &[Point],
        open: Opener<'_>,
    ) -> Result<Vec<RevisionId>, Unproven> {
        let database = open()?;
        let run = replay(
            database,
            self.binding,
            graph,
            points,
            self.request,
            self.clock,
        );
        run.await.map_err(Unproven::Run)
    }
}
