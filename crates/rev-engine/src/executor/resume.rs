//! Going on with a step that an earlier run has left half done.
//!
//! A killed client is not a stopped statement: first the session that ran it is
//! waited out or ended. What it left is then read from the journal and the
//! catalogue, and only what these can tell is decided here. Everything else is
//! left to a person, with both readings.

use std::sync::Arc;
use std::time::Duration;

use rev_core::{Binding, Dialect};
use rev_sql::effect::{self, Description, Effect, Lost, Reading};
use rev_sql::split::Statement;

use super::run::{Lane, Resume, Run};
use crate::database::{Database, Sighting};
use crate::event::Event;
use crate::failure::DatabaseError;
use crate::journal::{InFlight, Intent, Participants, StepInFlight};
use crate::outcome::Refusal;
use crate::prepare::Prepared;

/// The pause between two looks at a session that is still at work.
const PAUSE: Duration = Duration::from_millis(100);

impl Run<'_> {
    /// Waits until no session works on what is in flight, so that what the ledger
    /// and the catalogue say is final. Returns early on a stop.
    pub(super) async fn outlive(&self, lane: &mut Lane) -> Result<(), Refusal> {
        let begun = self.clock.elapsed_ms();
        let mut has_said = false;
        loop {
            let database = &mut lane.job.database;
            let Some(step) = step_in_flight(&mut **database).await? else {
                return Ok(());
            };
            // A database that stays open from run to run meets its own session there.
            let own = database.session().await;
            if own.is_ok_and(|own| own == *step.session) {
                return Ok(());
            }
            let doing = match database.find_session(&step.session).await? {
                Sighting::Gone => return Ok(()),
                // What it has not noted is undone with it, or loses the generation.
                Sighting::OutOfSight(_) if step.next.is_none() => return Ok(()),
                Sighting::OutOfSight(node) => {
                    return Err(Refusal::OutOfReach {
                        step: Box::new(step),
                        node,
                    });
                }
                Sighting::AtWork(doing) => doing,
            };
            if !std::mem::replace(&mut has_said, true) {
                self.tell(Event::Orphan {
                    database: lane.job.binding.name.to_string(),
                    revision: step.revision.to_string(),
                    doing: doing.clone(),
                });
            }
            if self.request.ends_sessions {
                database.end_session(&step.session).await?;
            }
            let waited = Duration::from_millis(self.clock.elapsed_ms().saturating_sub(begun));
            let is_over = self.request.lock_wait.is_some_and(|most| waited >= most);
            if is_over || self.stop.is_requested() {
                return Err(Refusal::Orphan {
                    step: Box::new(step),
                    doing,
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn step_in_flight(
    database: &mut dyn Database,
) -> Result<Option<StepInFlight>, DatabaseError> {
    let Some(text) = database.read().await?.in_flight else {
        return Ok(None);
    };
    Ok(match InFlight::from_json(&text)? {
        InFlight::Step(step) => Some(step),
        InFlight::TwoPhase(_) => None,
    })
}

/// Makes the step in flight the first of the plan, and tells what stands of it.
///
/// # Errors
///
/// [`Refusal::TwoPhaseOpen`], [`Refusal::HalfDone`] where the plan has no such
/// step, [`Refusal::ExecutedChanged`], [`Refusal::SessionGone`], [`Refusal::InDoubt`].
pub(crate) async fn resume(
    database: &mut dyn Database,
    binding: &Binding,
    prepared: &mut Prepared,
    in_flight: InFlight,
) -> Result<Resume, Refusal> {
    let step = match in_flight {
        InFlight::Step(step) => step,
        InFlight::TwoPhase(participants) => return Err(open(participants)),
    };
    let is_it = |index: &usize| {
        let planned = &prepared.lane.steps[*index];
        planned.revision.id == step.revision && planned.action == step.action
    };
    let Some(index) = (0..prepared.works.len()).find(is_it) else {
        return Err(Refusal::HalfDone {
            database: binding.name.clone(),
            step: Box::new(step),
        });
    };
    // It could be begun on this very state, so it can come first again.
    Arc::make_mut(&mut prepared.lane.steps)[..=index].rotate_right(1);
    Arc::make_mut(&mut prepared.works)[..=index].rotate_right(1);
    settle(database, binding, &prepared.works[0].statements, step).await
}

fn open(participants: Participants) -> Refusal {
    Refusal::TwoPhaseOpen {
        participants: Box::new(participants),
    }
}

/// Tells what stands of a step, by its journal, its script as it is now, and the
/// catalogue.
async fn settle(
    database: &mut dyn Database,
    binding: &Binding,
    statements: &[Statement],
    mut step: StepInFlight,
) -> Result<Resume, Refusal> {
    check_executed(binding, statements, &step)?;
    let as_noted = step.clone();
    let Some(intent) = step.next.take() else {
        check_session(binding, statements, step.done.len(), as_noted)?;
        let remnant = None;
        return Ok(Resume { step, remnant });
    };
    let (reading, now) = read(database, &intent, binding.dialect).await?;
    let remnant = match reading {
        Reading::NotDone => None,
        Reading::Remnant(removal) => Some(removal),
        Reading::Done => {
            step.done.push(&intent.statement);
            check_executed(binding, statements, &step)?;
            None
        }
        Reading::Unclear(reason) => {
            let differences = differences(&intent.before, &now);
            step.next = Some(intent);
            return Err(Refusal::InDoubt {
                database: binding.name.clone(),
                step: Box::new(step),
                reason,
                differences,
            });
        }
    };
    check_session(binding, statements, step.done.len(), as_noted)?;
    Ok(Resume { step, remnant })
}

/// What became of a statement that was about to be sent, and what the catalogue
/// says of its objects now.
pub(crate) async fn read(
    database: &mut dyn Database,
    intent: &Intent,
    dialect: Dialect,
) -> Result<(Reading, Vec<Description>), DatabaseError> {
    let unclear = |reason: &str| Reading::Unclear(reason.to_owned());
    let reading = match effect::of(&intent.statement, dialect) {
        Effect::Object(change) => {
            let now = database.describe(&change.objects()).await?;
            return Ok((effect::reading(&change, &intent.before, &now), now));
        }
        // What changes only its session is gone with it.
        Effect::Repeatable | Effect::Session => Reading::NotDone,
        Effect::Rows => unclear("it changes rows that no transaction holds"),
        Effect::Unknown => unclear("the catalogue does not show what such a statement does"),
    };
    Ok((reading, Vec::new()))
}

/// The statements that stand must still be the ones that ran.
fn check_executed(
    binding: &Binding,
    statements: &[Statement],
    step: &StepInFlight,
) -> Result<(), Refusal> {
    match step.done.changed(statements) {
        None => Ok(()),
        Some(changed) => Err(Refusal::ExecutedChanged {
            database: binding.name.clone(),
            step: Box::new(step.clone()),
            changed,
        }),
    }
}

/// What a statement did to its session went with the session, and only some of
/// that can be done again.
fn check_session(
    binding: &Binding,
    statements: &[Statement],
    stand: usize,
    as_noted: StepInFlight,
) -> Result<(), Refusal> {
    match lost(binding.dialect, statements, stand) {
        None => Ok(()),
        Some(lost) => Err(Refusal::SessionGone {
            database: binding.name.clone(),
            step: Box::new(as_noted),
            lost,
        }),
    }
}

/// What a step of which some statements stand would lack, were it gone on with in
/// another session.
pub(crate) fn lost(dialect: Dialect, statements: &[Statement], stand: usize) -> Option<Lost> {
    let texts: Vec<&str> = statements.iter().map(|it| it.text.as_str()).collect();
    effect::lost(&texts, stand, dialect)
}

/// What the catalogue said before and says now, a line a difference.
pub(crate) fn differences(before: &[Description], now: &[Description]) -> Vec<String> {
    let mut lines = Vec::new();
    for (before, now) in before.iter().zip(now) {
        if before.exists != now.exists {
            let word = |exists| if exists { "there" } else { "not there" };
            lines.push(format!(
                "{} before, {} now",
                word(before.exists),
                word(now.exists)
            ));
        }
        for (part, was) in &before.parts {
            match now.parts.get(part) {
                Some(is) if is == was => {}
                Some(is) => lines.push(format!("{part}: `{was}` before, `{is}` now")),
                None => lines.push(format!("{part}: `{was}` before, gone now")),
            }
        }
        for (part, is) in &now.parts {
            if !before.parts.contains_key(part) {
                lines.push(format!("{part}: `{is}` now, not there before"));
            }
        }
    }
    lines
}
