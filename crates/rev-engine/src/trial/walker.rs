//! A walker: one throw-away database, and where it stands.

use std::sync::Arc;

use rev_core::{Binding, DatabaseName, Dialect, Node, NodeSet, RevisionId};
use rev_sql::schema::{ColumnOrder, Difference, difference};

use super::stage::{Run, Stage};
use super::verdict::{Fault, Judgement, Moment, Skip};
use crate::database::Database as _;
use crate::failure::DatabaseError;
use crate::outcome::{End, LaneOutcome, Refusal};
use crate::place::{Kept, Place};
use crate::proof::Unproven;
use crate::replay::{Replay, points};

/// Takes throw-away databases along the history, one at a time.
pub(super) struct Walker<'r, 'a> {
    pub(super) run: &'r Run<'a>,
    stage: Stage<'a>,
    held: Option<Held>,
    /// What is applied on the database, or is to be on the next one.
    applied: NodeSet,
    /// Whether that is so: not after a run that did not come to its end.
    is_certain: bool,
    /// Of what is applied, where that is known.
    schema: Option<Vec<String>>,
    /// Revisions that do not come up.
    broken: NodeSet,
}

/// A database that is there.
struct Held {
    place: Box<dyn Place>,
    database: Kept,
}

impl<'r, 'a> Walker<'r, 'a> {
    pub(super) fn new(run: &'r Run<'a>, stage: Stage<'a>) -> Self {
        Self {
            run,
            stage,
            held: None,
            applied: NodeSet::default(),
            is_certain: true,
            schema: None,
            broken: NodeSet::default(),
        }
    }

    pub(super) fn binding(&self) -> &'a Arc<Binding> {
        &self.stage.program.binding
    }

    pub(super) fn database_name(&self) -> &'a DatabaseName {
        &self.stage.program.binding.name
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.binding().dialect
    }

    pub(super) fn ids(&self, nodes: &[Node]) -> Vec<RevisionId> {
        self.run.bench.alone.ids(nodes.iter().copied())
    }

    /// The database, made at first use, and brought to what is to be applied.
    pub(super) async fn database(&mut self) -> Result<Kept, Unproven> {
        if let Some(held) = &self.held {
            return Ok(held.database.clone());
        }
        let place = self.run.make(self.stage).await?;
        let database = self.hold(place).await?;
        let applied = std::mem::take(&mut self.applied);
        if let Err(error) = self.go(&applied).await {
            self.leave().await;
            self.applied = applied;
            return Err(error);
        }
        Ok(database)
    }

    async fn hold(&mut self, place: Box<dyn Place>) -> Result<Kept, DatabaseError> {
        self.is_certain = true;
        self.schema = None;
        match place.open() {
            Ok(database) => {
                let database = Kept::new(database);
                self.held = Some(Held {
                    place,
                    database: database.clone(),
                });
                Ok(database)
            }
            Err(error) => {
                self.run.remove(place).await;
                Err(error)
            }
        }
    }

    /// Gives the database up, as one that nothing can be told from any more. The
    /// next one is brought to what is applied here.
    pub(super) async fn leave(&mut self) {
        if let Some(place) = self.let_go().await {
            self.run.remove(place).await;
        }
    }

    /// The database as it is, closed.
    pub(super) async fn let_go(&mut self) -> Option<Box<dyn Place>> {
        self.schema = None;
        let held = self.held.take()?;
        held.database.close().await;
        Some(held.place)
    }

    /// Goes on on a copy of a database at which these are applied; on a new one
    /// where the engine makes no copies.
    pub(super) async fn go_on_from(
        &mut self,
        place: &dyn Place,
        applied: &NodeSet,
    ) -> Result<(), Unproven> {
        self.leave().await;
        self.applied = applied.clone();
        match self.run.copy(place).await? {
            Some(copy) => self.hold(copy).await.map(drop)?,
            None => self.database().await.map(drop)?,
        }
        Ok(())
    }

    /// Makes exactly these revisions applied.
    pub(super) async fn go(&mut self, destination: &NodeSet) -> Result<(), Unproven> {
        if self.held.is_some() && self.is_certain && self.applied == *destination {
            return Ok(());
        }
        if self.held.is_none() {
            Box::pin(self.database()).await?;
        }
        let Some(held) = &self.held else {
            return Ok(());
        };
        let bench = &self.run.bench;
        let heads = bench.alone.ids(bench.alone.maximal(destination));
        let replay = Replay {
            request: bench.request,
            clock: bench.clock,
            stop: bench.stop,
        };
        let database = Box::new(held.database.clone());
        let points = points(&heads);
        let run = replay.run(database, self.binding(), bench.alone, &points);
        self.schema = None;
        self.is_certain = false;
        run.await.map_err(Unproven::Run)?;
        self.is_certain = true;
        self.applied = destination.clone();
        Ok(())
    }

    /// Stands on all that a revision stands on. What cannot be brought there is no
    /// fault of this revision.
    pub(super) async fn stand_below(&mut self, node: Node) -> Result<(), Judgement> {
        let graph = self.run.bench.alone;
        let mut below = graph.ancestors([node]);
        below.remove(node);
        let broken = below.intersection(&self.broken);
        let first = graph.topological().iter().find(|it| broken.contains(**it));
        if let Some(&first) = first {
            return Err(Judgement::Skipped(Skip::StandsOn(graph.id(first).clone())));
        }
        let destination = self.applied.union(&below);
        let Err(error) = self.go(&destination).await else {
            return Ok(());
        };
        let judgement = match &error {
            Unproven::Run(lane) => self.blame(lane, node),
            _ => None,
        };
        Err(judgement.unwrap_or_else(|| fault(Moment::Before, error)))
    }

    /// The revision below that did not come up.
    fn blame(&mut self, lane: &LaneOutcome, node: Node) -> Option<Judgement> {
        let (End::Failed { revision, .. } | End::Refused(Refusal::Reaches { revision, .. })) =
            &lane.end
        else {
            return None;
        };
        let graph = self.run.bench.alone;
        let failed = graph.find(revision.as_str()).filter(|it| *it != node)?;
        self.break_at(failed);
        Some(Judgement::Skipped(Skip::StandsOn(revision.clone())))
    }

    /// Remembers that a revision does not come up.
    pub(super) fn break_at(&mut self, node: Node) {
        self.broken.insert(node);
    }

    /// Brings a revision up, on what it stands on.
    pub(super) async fn up(&mut self, node: Node) -> Result<(), Unproven> {
        let mut destination = self.applied.clone();
        destination.insert(node);
        self.go(&destination).await
    }

    /// Takes a revision down on which nothing stands.
    pub(super) async fn down(&mut self, node: Node) -> Result<(), Unproven> {
        let mut destination = self.applied.clone();
        destination.remove(node);
        self.go(&destination).await
    }

    /// Makes nothing applied on the next database.
    pub(super) fn forget(&mut self) {
        self.applied = NodeSet::default();
    }

    /// What of the revisions is taken for applied when a fresh database is made.
    pub(super) fn count_as_applied(&mut self, node: Node) {
        self.applied.insert(node);
    }

    /// The schema here and now.
    pub(super) async fn schema(&mut self) -> Result<Vec<String>, Judgement> {
        if let Some(schema) = &self.schema {
            return Ok(schema.clone());
        }
        let database = self.database().await;
        let mut database = database.map_err(|error| fault(Moment::Before, error))?;
        let schema = database.schema().await.map_err(Fault::Database)?;
        self.schema = Some(schema.clone());
        Ok(schema)
    }

    /// Compares two schemas as a script can be held to them.
    pub(super) fn compare(
        &self,
        moment: Moment,
        due: &[String],
        is: &[String],
    ) -> Result<(), Judgement> {
        let found: Difference = difference(due, is, ColumnOrder::of(self.dialect()));
        match found.is_none() {
            true => Ok(()),
            false => Err(Fault::Schema(moment, found).into()),
        }
    }
}

/// What keeps a run from its end, at a moment of a trial.
pub(super) fn fault(moment: Moment, error: Unproven) -> Judgement {
    match error {
        Unproven::Run(lane) => Fault::Run(moment, lane),
        Unproven::Database(error) => Fault::Database(error),
        other => Fault::Shortcut(other),
    }
    .into()
}

impl From<DatabaseError> for Judgement {
    fn from(error: DatabaseError) -> Self {
        Fault::Database(error).into()
    }
}
