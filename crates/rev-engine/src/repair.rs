//! Repair: what is half done is shown, and what only a person can know is taken
//! from a person.
//!
//! Nothing here runs a script but [`Choice::Resume`], which does so by the same
//! executor and by the same rules as any other run.

use std::sync::Arc;

use rev_core::{Binding, Graph, Standing};
use rev_sql::effect::Reading;
use rev_sql::split::Statement;

use crate::clock::Clock;
use crate::database::{Database, DatabaseError, Decision, Guard, Holder, Mark, Sighting};
use crate::event::{Event, Stop};
use crate::executor::resume::{differences, lost, read};
use crate::executor::{self, Aim};
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
    let ledger = database.read().await?;
    let Some(text) = ledger.in_flight else {
        return Ok(None);
    };
    let step = match InFlight::from_json(&text)? {
        InFlight::TwoPhase(participants) => return Ok(Some(Case::TwoPhase(participants))),
        InFlight::Step(step) => step,
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
