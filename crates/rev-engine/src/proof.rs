//! Proving a shortcut: on two empty databases, once revision by revision and
//! once through the shortcut, up and down; the schemas must be the same, and where
//! that is asked for each table must hold as many rows.

use std::sync::Arc;

use rev_core::{Binding, Dialect, Graph, Point, RevisionId, ShortcutId};
use rev_sql::schema::{ColumnOrder, Difference, difference, without_extensions_left};

use crate::clock::Clock;
use crate::database::Database;
use crate::event::Stop;
use crate::failure::DatabaseError;
use crate::outcome::LaneOutcome;
use crate::replay::{Replay, points};
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
    /// The same without any shortcut.
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
    /// Whether each table must hold as many rows, too.
    pub counts_rows: bool,
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
    /// No plan goes through the shortcut here, so there is nothing to compare.
    #[error("{way} no plan goes through the shortcut")]
    NotTaken {
        /// `up` or `down`.
        way: &'static str,
    },
    /// The schemas differ, or the rows.
    #[error("{way} the shortcut, {}", what.words())]
    Differs {
        /// What differs.
        what: What,
        /// `after` or `back down`.
        way: &'static str,
        /// What it gives less and more than the revisions by themselves.
        difference: Difference,
    },
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// What the catalogue says.
    Schema,
    /// How many rows each table has.
    Rows,
}

impl What {
    /// How it differs, as a phrase.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            What::Schema => "the schema is another one",
            What::Rows => "tables hold other rows",
        }
    }
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
    claim.check_taken("up", &done)?;
    compare(
        What::Schema,
        "after",
        &schema(claim.alone).await?,
        &schema(claim.through).await?,
    )?;
    if claim.counts_rows {
        let dialect = claim.binding.dialect;
        let (due, is) = (
            counts(claim.alone, dialect).await?,
            counts(claim.through, dialect).await?,
        );
        compare(What::Rows, "after", &due, &is)?;
    }
    let work = shortcut.revision.work(claim.binding);
    if work.is_ok_and(|work| work.upgrade.is_some() && work.downgrade.is_none()) {
        return Ok(Proof { down: false });
    }
    let done = claim.run(claim.with, &below, claim.through).await?;
    claim.check_taken("down", &done)?;
    compare(
        What::Schema,
        "back down",
        &before,
        &without_extensions_left(&before, &schema(claim.through).await?),
    )?;
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

/// How many rows there are in each table. Their values may be other ones with every
/// run, such as times.
async fn counts(open: Opener<'_>, dialect: Dialect) -> Result<Vec<String>, Unproven> {
    let mut database = open()?;
    let mut counts = Vec::new();
    for table in database.tables().await? {
        let question = format!("SELECT count(*) FROM {}", table.written(dialect));
        let count = database.ask(&question).await?.concat();
        counts.push(format!("rows of {}: {count}", table.shown()));
    }
    counts.sort_unstable();
    Ok(counts)
}

/// Both ways make whole tables, so the order of columns counts.
fn compare(what: What, way: &'static str, due: &[String], is: &[String]) -> Result<(), Unproven> {
    let difference = difference(due, is, ColumnOrder::Counts);
    match difference.is_none() {
        true => Ok(()),
        false => Err(Unproven::Differs {
            what,
            way,
            difference,
        }),
    }
}

impl Claim<'_> {
    /// Two runs that went the same way prove nothing.
    fn check_taken(&self, way: &'static str, done: &[RevisionId]) -> Result<(), Unproven> {
        let id = &self.with.shortcut(self.shortcut).revision.id;
        match done.contains(id) {
            true => Ok(()),
            false => Err(Unproven::NotTaken { way }),
        }
    }

    async fn run(
        &self,
        graph: &Arc<Graph>,
        points: &[Point],
        open: Opener<'_>,
    ) -> Result<Vec<RevisionId>, Unproven> {
        let replay = Replay {
            request: self.request,
            clock: self.clock,
            stop: self.stop,
        };
        let run = replay.run(open()?, self.binding, graph, points);
        run.await.map_err(Unproven::Run)
    }
}
