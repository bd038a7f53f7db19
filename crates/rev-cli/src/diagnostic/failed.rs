//! Words for a step that failed.

use rev_core::Binding;
use rev_engine::failure::{DatabaseError, StatementFailure, StepError};
use rev_engine::outcome::{End, LaneOutcome};
use rev_store::Project;
use rev_store::config::DatabaseUrl;

use super::refusal::may_make_ledger;
use super::{Diagnostic, Place};

/// A lane whose step failed; `None` where it ended otherwise.
pub(crate) fn failed(
    lane: &LaneOutcome,
    project: &Project,
    binding: &Binding,
    url: Option<&DatabaseUrl>,
) -> Option<Diagnostic> {
    let End::Failed {
        revision,
        number,
        of,
        action,
        statements,
        from_ledger,
        error,
    } = &lane.end
    else {
        return None;
    };
    let message = format!(
        "step {number} of {of} failed on `{}` ({}): {action} `{revision}`",
        binding.name, binding.dialect
    );
    let told = Diagnostic::new("step_failed", message)
        .fact("database", binding.name.as_str())
        .fact("revision", revision.as_str())
        .fact("action", *action);
    let place = Place {
        project,
        binding,
        revision,
        action,
    };
    let told = match error {
        StepError::Statement { failure, .. } | StepError::Hindered { failure, .. } => {
            let place = (!from_ledger).then_some(place);
            let told = of_statement(told, failure, *statements, place, url);
            if *action == "upgrade" && failure.message.contains("already exists") {
                let name = &binding.name;
                let told = told.hint(format!(
                    "where it is there on purpose, `rev stamp {name}@{revision}` records the revision without \
                     running it"
                ));
                if lane.last.is_empty() && *number == 1 {
                    told.hint(format!(
                        "where its whole schema was there before, `rev adopt {name}` compares and records that"
                    ))
                } else {
                    told
                }
            } else {
                told
            }
        }
        StepError::ForeignKeys { .. } => told
            .cause(error)
            .hint("mend the rows in the script, before it ends"),
        StepError::Database(error @ DatabaseError::NoLedger { .. }) => {
            let mut told = told;
            told.code = error.code().to_owned();
            told.message = format!("the ledger of `{}` cannot be made", binding.name);
            let words = error.to_string();
            told.cause(url.map_or_else(|| words.clone(), |url| url.redact(&words)))
                .hint(may_make_ledger(binding))
        }
        StepError::Database(error) => {
            let words = url.map_or_else(|| error.to_string(), |url| url.redact(&error.to_string()));
            told.cause(words)
        }
    };
    Some(told)
}

fn of_statement(
    told: Diagnostic,
    failure: &StatementFailure,
    statements: usize,
    place: Option<Place<'_>>,
    url: Option<&DatabaseUrl>,
) -> Diagnostic {
    let clean = |text: &str| url.map_or_else(|| text.to_owned(), |url| url.redact(text));
    let spot = place.and_then(|place| place.spot(failure.piece, failure.offset));
    let mut told = told
        .fact("statement", failure.number)
        .fact("sql", clean(&failure.statement));
    told.message = format!(
        "{}, statement {} of {statements}",
        told.message, failure.number
    );
    if spot.is_none() {
        told.lines = failure.statement.lines().take(8).map(clean).collect();
    }
    let code = failure.code.as_ref().map(|code| format!(" ({code})"));
    let mut cause = clean(&failure.message) + &code.unwrap_or_default();
    let more = failure.detail.iter().chain(&failure.hint);
    for more in more.chain(&failure.context) {
        cause.push('\n');
        cause.push_str(&clean(more));
    }
    let told = told.at(spot).cause(cause);
    // Invalid transaction termination.
    if failure.code.as_deref() == Some("2D000") {
        return told
            .hint("a step is one transaction; with `transaction: none` it may end its own ones");
    }
    told
}
