//! Events for people: a line a step.

use rev_engine::event::{Event, Loss};

use crate::commands::one_line;
use crate::terminal::{ERROR, FAINT, GOOD, ID, NAME, WARNING, count, warning};

/// The line of an event; `None`: the summary says it.
pub(super) fn line(event: &Event, verbose: bool) -> Option<String> {
    let line = match event {
        Event::Waiting {
            database,
            holder,
            node,
            since,
        } => {
            let who = holder.as_deref().unwrap_or("another run");
            let since = since
                .as_ref()
                .map(|since| format!(" since {since}"))
                .unwrap_or_default();
            let node = node
                .as_ref()
                .map(|node| format!("; it runs perhaps on another node, {node}"))
                .unwrap_or_default();
            format!("waiting for `{database}`: {who} holds the lock{since}{node}")
        }
        Event::WaitingFor {
            database,
            revision,
            on,
            needed,
            until,
        } => {
            let until = match *until {
                "applied" => "to have",
                _ => "to be without",
            };
            format!(
                "{NAME}{database}{NAME:#}  {revision} waits for {NAME}{on}{NAME:#} {until} {needed}"
            )
        }
        Event::OpenTogether {
            database,
            databases,
            jobs,
        } => format!(
            "{NAME}{database}{NAME:#} and {} belong together, so they are open at once (`--jobs {jobs}`)",
            count(databases - 1, "other database")
        ),
        Event::Unseen { database, message } => warning(format_args!(
            "`{database}` cannot be asked whether it needs what is taken down: {message}"
        )),
        Event::StepStarted {
            database,
            number,
            of,
            action,
            revision,
            statements,
            ..
        } if verbose => format!(
            "{NAME}{database}{NAME:#}  {FAINT}[{number}/{of}] {action} {revision}: {} …{FAINT:#}",
            count(*statements, "statement")
        ),
        Event::StillRunning {
            database,
            revision,
            statement,
            elapsed_ms,
        } if is_worth_telling(elapsed_ms / 1000) => format!(
            "{NAME}{database}{NAME:#}  {revision}: statement {statement} has run for {} s",
            elapsed_ms / 1000
        ),
        Event::StepDone {
            database,
            number,
            of,
            action,
            revision,
            message,
            empty,
        } => {
            let words = format!("{ID}{revision}{ID:#}  {}", one_line(message));
            let line = format!(
                "{NAME}{database}{NAME:#}  [{number}/{of}] {GOOD}{action}{GOOD:#} {}",
                words.trim_end()
            );
            // A stamp never runs anything, so that is not worth a word.
            match *empty && matches!(*action, "upgrade" | "downgrade") {
                true => format!("{line}  {FAINT}nothing to do here{FAINT:#}"),
                false => line,
            }
        }
        Event::Retrying {
            database,
            revision,
            attempt,
        } => format!(
            "{NAME}{database}{NAME:#}  {WARNING}{revision} met a lock: attempt {attempt}{WARNING:#}"
        ),
        Event::StepFailed {
            database,
            number,
            of,
            action,
            revision,
            ..
        } => format!(
            "{NAME}{database}{NAME:#}  [{number}/{of}] {ERROR}{action} {revision} failed{ERROR:#}"
        ),
        Event::Resuming {
            database,
            revision,
            stand,
            statements,
        } => format!(
            "{NAME}{database}{NAME:#}  {revision} was left half done, at {stand} of {}, going on",
            count(*statements, "statement")
        ),
        Event::Orphan {
            database,
            revision,
            doing,
        } => format!(
            "{NAME}{database}{NAME:#}  an earlier run's session still works on {revision}: {doing}"
        ),
        Event::Remark {
            database,
            revision,
            message,
            ..
        } => format!("{NAME}{database}{NAME:#}  {FAINT}{revision}: {message}{FAINT:#}"),
        Event::JoinsLate { database, shared } => {
            warning(crate::commands::joins_late(database, *shared))
        }
        Event::Caution { database, message } => warning(format_args!("`{database}`: {message}")),
        Event::Prepared { database } => format!("{NAME}{database}{NAME:#}  prepared"),
        Event::Planned {
            database, losses, ..
        } if !losses.is_empty() => {
            let lines = losses
                .iter()
                .map(|loss| format!("{NAME}{database}{NAME:#}  {}", destructive(loss)));
            lines.collect::<Vec<_>>().join("\n")
        }
        Event::Planned { .. }
        | Event::StatementStarted { .. }
        | Event::StepStarted { .. }
        | Event::StillRunning { .. }
        | Event::LaneDone { .. } => return None,
    };
    Some(line)
}

/// Signs of life come every second; people want them at first, then rarely.
fn is_worth_telling(seconds: u64) -> bool {
    matches!(seconds, 2 | 5 | 10 | 30) || (seconds > 0 && seconds.is_multiple_of(60))
}

/// What is taken away for good: `destructive: upgrade bbbb drops table `hero``.
pub(super) fn destructive(loss: &Loss) -> String {
    let Loss {
        action,
        revision,
        what,
    } = loss;
    format!("{ERROR}destructive{ERROR:#}: {action} {ID}{revision}{ID:#} {what}")
}
