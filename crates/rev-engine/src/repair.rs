//! Repair: what is half done is shown, and what only a person can know is taken
//! from a person.
//!
//! Nothing here runs a script but [`Choice::Resume`], which does so by the same
//! executor and by the same rules as any other run.

use std::sync::Arc;

use rev_core::state::StateError;
use rev_core::{Binding, Graph, Standing};
use rev_sql::effect::Reading;
use rev_sql::ledger::Mending;
use rev_sql::split::Statement;

use crate::clock::Clock;
use crate::database::{Database, Decision, Guard, Holder, Ledger, Mark, Sighting};
use crate::event::{Event, Stop};
use crate::executor::resume::{differences, lost, read};
use crate::executor::{self, Aim};
use crate::failure::{DatabaseError, Part};
use crate::journal::{InFlight, Participants};
use crate::outcome::{HalfDone, LaneOutcome, Refusal};
use crate::prepare::prepare_step;
use crate::request::{Job, Request};

/// What there is to repair.
#[derive(Debug, Clone)]
pub enum Case {
    /// A step is half done.
    Step(Box<StepCase>),
    /// A two-phase run was cut off.
    TwoPhase(Participants),
    /// The ledger cannot be understood.
    Damaged(Damage),
}

/// What is wrong with a ledger, and what is known beside it.
#[derive(Debug, Clone)]
pub struct Damage {
    /// The part that cannot be read.
    pub part: Part,
    /// What is wrong with it.
    pub message: String,
    /// The revisions that the log has as applied, in the order in which they were.
    pub logged: Vec<String>,
}

impl Damage {
    /// What makes the ledger one that can be read without any file; `None`: nothing does.
    #[must_use]
    pub fn mending(&self) -> Option<Mending> {
        match &self.part {
            Part::Tables(_) | Part::State => Some(Mending::Tables),
            Part::InFlight => Some(Mending::InFlight),
            Part::Row { revision, column } if *column == "revision" => {
                Some(Mending::Row(revision.clone()))
            }
            Part::Row { .. } | Part::Other => None,
        }
    }
}

/// A step that is half done, and all that can be told of it.
#[derive(Debug, Clone)]
pub struct StepCase {
    /// What the journal says.
    pub half_done: HalfDone,
    /// The statements of its script as it is now; `None`: no file and no ledger
    /// row has it.
    pub statements: Option<Vec<Statement>>,
    /// The session that ran it.
    pub session: Sighting,
    /// What became of the statement in doubt, if one is.
    pub reading: Option<Reading>,
    /// What the catalogue said before that statement and says now, a line a
    /// difference.
    pub differences: Vec<String>,
}

/// What a person says of a step that is half done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Go on to the end of it.
    Resume,
    /// The statement in doubt took effect; where none is in doubt: all of the
    /// step is done.
    Applied,
    /// The statement in doubt took no effect; where none is in doubt: nothing of
    /// the step stands any more.
    NotApplied,
}

/// Finds out what there is to repair. Writes nothing.
///
/// # Errors
///
/// [`Refusal::Database`], [`Refusal::State`].
pub async fn survey(
    database: &mut dyn Database,
    binding: &Arc<Binding>,
    checkout: &Arc<Graph>,
) -> Result<Option<Case>, Refusal> {
    let (ledger, in_flight) = match read_with_flight(database).await {
        Err(DatabaseError::Damaged { part, message }) => {
            return Ok(Some(damage(database, part, message).await?));
        }
        read => read?,
    };
    let step = match in_flight {
        None => return Ok(None),
        Some(InFlight::TwoPhase(participants)) => return Ok(Some(Case::TwoPhase(participants))),
        Some(InFlight::Step(step)) => step,
    };
    let standing = Standing::read(checkout, binding, &ledger.rows)?;
    let prepared = prepare_step(binding, &standing, &step).ok();
    let statements = prepared.and_then(|prepared| Some(prepared.works.last()?.statements.clone()));
    let (reading, differences) = match &step.next {
        None => (None, Vec::new()),
        Some(intent) => {
            let (reading, now) = read(database, intent, binding.dialect).await?;
            (Some(reading), differences(&intent.before, &now))
        }
    };
    Ok(Some(Case::Step(Box::new(StepCase {
        session: database.find_session(&step.session).await?,
        half_done: HalfDone {
            lost: (statements.as_ref()).and_then(|it| lost(binding.dialect, it, step.done.len())),
            statements: statements.as_ref().map(Vec::len),
            step,
        },
        statements,
        reading,
        differences,
    }))))
}

/// The ledger, and what is in flight there.
async fn read_with_flight(
    database: &mut dyn Database,
) -> Result<(Ledger, Option<InFlight>), DatabaseError> {
    let ledger = database.read().await?;
    let in_flight = ledger.in_flight.as_deref().map(InFlight::from_json);
    let in_flight = in_flight.transpose()?;
    Ok((ledger, in_flight))
}

async fn damage(database: &mut dyn Database, part: Part, message: String) -> Result<Case, Refusal> {
    let mut logged: Vec<String> = Vec::new();
    // What the log cannot tell either is nobody's knowledge.
    for (action, revision) in database.done().await.unwrap_or_default() {
        logged.retain(|known| *known != revision);
        if !matches!(action.as_str(), "downgrade" | "unstamp") {
            logged.push(revision);
        }
    }
    Ok(Case::Damaged(Damage {
        part,
        message,
        logged,
    }))
}

/// Makes a damaged ledger one that can be read, as far as that needs no file. Returns what
/// was wrong, part by part; what is wrong still, the next look tells.
///
/// # Errors
///
/// As [`survey`], and where a run is at work there.
pub async fn rebuild(
    database: &mut dyn Database,
    binding: &Arc<Binding>,
    checkout: &Arc<Graph>,
    holder: &Holder,
    generation: u64,
) -> Result<Vec<Damage>, Refusal> {
    guard(binding.name.as_str(), database, holder).await?;
    let mut mended: Vec<Damage> = Vec::new();
    while let Some(Case::Damaged(damage)) = survey(database, binding, checkout).await? {
        let is_again = mended.iter().any(|known| known.part == damage.part);
        match damage.mending() {
            Some(mending) if !is_again => database.mend(&mending, generation).await?,
            _ => break,
        }
        mended.push(damage);
    }
    database.unlock().await?;
    Ok(mended)
}

/// Blanks the rows of these revisions that cannot be read, or that stand in a circle, so
/// that they can be written anew from their files.
///
/// # Errors
///
/// As [`survey`], and where a run is at work there.
pub async fn blank(
    database: &mut dyn Database,
    binding: &Arc<Binding>,
    checkout: &Arc<Graph>,
    holder: &Holder,
    generation: u64,
    is_meant: &(dyn Fn(&str) -> bool + Sync),
) -> Result<(), Refusal> {
    let mut blanked: Vec<String> = Vec::new();
    loop {
        let ids: Vec<String> = match database.read().await {
            Err(DatabaseError::Damaged {
                part: Part::Row { revision, .. },
                ..
            }) => vec![revision],
            Err(error) => return Err(error.into()),
            Ok(ledger) => match Standing::read(checkout, binding, &ledger.rows) {
                Err(StateError::Cycle { members }) => {
                    members.iter().map(ToString::to_string).collect()
                }
                _ => return Ok(()),
            },
        };
        let found = ids
            .into_iter()
            .find(|id| is_meant(id) && !blanked.contains(id));
        let Some(id) = found else {
            return Ok(());
        };
        guard(binding.name.as_str(), database, holder).await?;
        let mending = Mending::Blank(id.clone());
        database.mend(&mending, generation).await?;
        database.unlock().await?;
        blanked.push(id);
    }
}

/// Does what a person has chosen for the step in flight, and no more.
pub async fn settle(
    request: &Request,
    checkout: &Arc<Graph>,
    job: Job,
    choice: Choice,
    clock: &dyn Clock,
    stop: &Stop,
    tell: &mut (dyn FnMut(Event) + Send),
) -> LaneOutcome {
    let aim = match choice {
        Choice::Resume => Aim::StepInFlight,
        Choice::Applied => Aim::Verdict { is_applied: true },
        Choice::NotApplied => Aim::Verdict { is_applied: false },
    };
    let outcome = executor::carry_out(request, checkout, vec![job], clock, stop, tell, aim).await;
    let mut lanes = outcome.lanes;
    lanes.pop().expect("a job has a lane")
}

/// Concludes a two-phase run that was cut off: commits or rolls back what is
/// still prepared, as the first participant decided, and takes the participants
/// out of the ledgers. `databases` are those of the participants, in their order.
///
/// # Errors
///
/// [`DatabaseError`], of the first that could not be asked; whatever was decided
/// stays decided, and this can be done again. [`DatabaseError::Busy`] where a run
/// has one of them: it may be this very one, and still alive.
pub async fn conclude(
    participants: &Participants,
    databases: &mut [Box<dyn Database>],
    holder: &Holder,
) -> Result<Decision, DatabaseError> {
    for (member, database) in participants.members.iter().zip(&mut *databases) {
        guard(&member.database, &mut **database, holder).await?;
    }
    let Some(first) = databases.first_mut() else {
        return Ok(Decision::RollBack);
    };
    let decision = decision(participants, &mut **first).await?;
    for (member, database) in participants.members.iter().zip(databases) {
        database.conclude(&member.transaction, decision).await?;
        forget(participants, &mut **database).await?;
    }
    Ok(decision)
}

async fn guard(
    name: &str,
    database: &mut dyn Database,
    holder: &Holder,
) -> Result<(), DatabaseError> {
    let Guard::Held(other) = database.try_lock(holder).await? else {
        return Ok(());
    };
    let other = other.map(|other| format!(", of {} since {}", other.operator, other.since));
    Err(DatabaseError::Busy {
        message: format!("a run is at work on `{name}`{}", other.unwrap_or_default()),
    })
}

/// The first participant's commit is the decision, and with it the participants
/// went out of its ledger. As long as they are in there, nothing was decided.
async fn decision(
    participants: &Participants,
    first: &mut dyn Database,
) -> Result<Decision, DatabaseError> {
    let ledger = first.read().await?;
    Ok(match names(ledger.in_flight.as_deref(), participants)? {
        true => Decision::RollBack,
        false => Decision::Commit,
    })
}

/// Takes the participants out of a ledger, where they still are in it.
async fn forget(
    participants: &Participants,
    database: &mut dyn Database,
) -> Result<(), DatabaseError> {
    let ledger = database.read().await?;
    if names(ledger.in_flight.as_deref(), participants)? {
        let mark = Mark {
            generation: ledger.generation,
            in_flight: None,
        };
        database.mark(&mark).await?;
    }
    Ok(())
}

/// Whether what is in flight is this very run.
fn names(in_flight: Option<&str>, participants: &Participants) -> Result<bool, DatabaseError> {
    let in_flight = in_flight.map(InFlight::from_json).transpose()?;
    Ok(matches!(in_flight, Some(InFlight::TwoPhase(found)) if found.run == participants.run))
}
