//! Words for what a run that was cut off has left behind.

use rev_core::{Binding, DatabaseName};
use rev_engine::journal::{Participants, StepInFlight};
use rev_store::Project;

use super::{Diagnostic, Place, Spot};

/// What leads out of a step whose script is not here.
pub(crate) fn without_file(step: &StepInFlight, name: &DatabaseName) -> String {
    format!(
        "check out the files that have `{}`, then finish it: `rev repair {name} --resume`;\n\
         or undo by hand what stands of it, then say so: `rev repair {name} --not-applied`",
        step.revision
    )
}

/// What leads out of a step that no session can go on with.
pub(crate) fn by_hand(step: &StepInFlight, name: &DatabaseName) -> String {
    let done = step.done.len();
    if step.next.is_some() {
        let number = done + 1;
        return format!(
            "say first what became of statement {number}: if it took effect, `rev repair {name} --applied`;\n\
             if it did not, `rev repair {name} --not-applied`; then `rev repair {name}` says how to end the step"
        );
    }
    let undo = match done {
        1 => "statement 1".to_owned(),
        _ => format!("statements 1 to {done}"),
    };
    format!(
        "run statement {} and what comes after it by hand, then `rev repair {name} --applied`;\n\
         or undo {undo} by hand, then `rev repair {name} --not-applied`; then go on with the same command",
        done + 1
    )
}

/// When a step was begun, and by whom.
pub(super) fn begun(step: &StepInFlight) -> String {
    format!("begun by {} at {}", step.operator, step.started)
}

pub(super) fn place_of<'a>(
    step: &'a StepInFlight,
    project: &'a Project,
    binding: &'a Binding,
) -> Place<'a> {
    Place {
        project,
        binding,
        revision: &step.revision,
        action: step.action.name(),
    }
}

/// A statement of which nobody knows whether it took effect.
pub(super) fn in_doubt(
    told: Diagnostic,
    step: &StepInFlight,
    differences: &[String],
    project: &Project,
    binding: &Binding,
) -> Diagnostic {
    let number = step.done.len() + 1;
    let mut told = told
        .at(statement_spot(step, project, binding))
        .fact("revision", step.revision.as_str())
        .fact("statement", number)
        .line(begun(step));
    if let Some(intent) = &step.next {
        told = told.fact("sql", intent.statement.as_str());
        if told.spot.is_none() {
            told.lines
                .extend(intent.statement.lines().take(8).map(str::to_owned));
        }
    }
    told.lines.extend(differences.iter().cloned());
    told.hint(format!(
        "look at the database: if statement {number} took effect, `rev repair {0} --applied`;\n\
         if it did not, `rev repair {0} --not-applied`; then go on with the same command",
        binding.name
    ))
}

/// Where the statement in doubt stands in the file, if it stands there still.
fn statement_spot(step: &StepInFlight, project: &Project, binding: &Binding) -> Option<Spot> {
    let intent = step.next.as_ref()?;
    let place = place_of(step, project, binding);
    let found = place.statement(step.done.len() + 1)?;
    (found.text == intent.statement).then(|| place.spot(found.piece, found.offset))?
}

/// A two-phase run of which the decision is still to be carried out.
pub(crate) fn undecided(participants: &Participants) -> Diagnostic {
    let members = &participants.members;
    let names: Vec<&str> = members
        .iter()
        .map(|member| member.database.as_str())
        .collect();
    Diagnostic::new(
        "two_phase_open",
        "a two-phase run was cut off before it was concluded everywhere",
    )
    .line(format!(
        "begun by {} at {}, on {}",
        participants.operator,
        participants.started,
        names.join(", ")
    ))
    .fact("databases", names)
    .hint("`rev repair --resume` reads the decision on the first of them and carries it out")
}
