//! A choice where a target is ambiguous, for whoever sits at a terminal.
//!
//! It is made for one database and one target alone: what is picked for one database is never
//! applied to another, where it may mean something else. It takes the place of the target in
//! the selection, not of its text, so nothing reads it anew. Nobody else is asked: without a
//! terminal, and after an empty answer, the target is refused.

use rev_core::resolve::ResolveError;
use rev_core::{Goal, Point, Scope};
use rev_engine::outcome::Refusal;

use crate::diagnostic::Failure;
use crate::session::{Selection, Session, runtime};
use crate::terminal::HINT;

/// Lets a person pick what the only target of the only database means. Returns the target that
/// says so; `None`: nothing was picked.
pub(super) fn pick(
    goal: Goal,
    targets: &[String],
    selection: &mut Selection,
    session: &Session,
) -> Result<Option<String>, Failure> {
    let terminal = session.terminal;
    let ([_], [(binding, points)]) = (targets, &mut selection[..]) else {
        return Ok(None);
    };
    let [point] = &points[..] else {
        return Ok(None);
    };
    // What is clear by the files alone needs no look at the database.
    let by_files = Scope::of_graph(session.graph()).revisions(point);
    if !terminal.has_person() || !by_files.is_err_and(|error| is_choice(&error)) {
        return Ok(None);
    }
    // A database that cannot be read is told of by the run.
    let Ok(surveyed) = runtime()?.block_on(session.survey(binding)) else {
        return Ok(None);
    };
    let standing = &surveyed.standing;
    let Ok(scope) = Scope::of_database(&standing.graph, binding, &standing.state) else {
        return Ok(None);
    };
    let Err(error) = scope.destination(goal, points) else {
        return Ok(None);
    };
    let candidates = error.candidates().to_vec();
    let told = session.refusal(&Refusal::Resolve(error.clone()), binding);
    let (true, [told]) = (is_choice(&error), &told[..]) else {
        return Ok(None);
    };
    // A longer list is cut, and nobody picks from what they do not see.
    if told.lines.len() != candidates.len() {
        return Ok(None);
    }
    let lines =
        { told.lines.iter().zip(1..) }.map(|(line, number)| format!("{number:>4}  {line}\n"));
    let message = &told.message;
    terminal.complain(&format!("{message}\n{}", lines.collect::<String>()));
    let most = candidates.len();
    let question = format!("{HINT}which one{HINT:#}? 1 to {most}; an empty line: none of them: ");
    let picked = loop {
        let answer = terminal.ask(&question)?;
        if answer.is_empty() {
            return Ok(None);
        }
        let number = answer
            .parse::<usize>()
            .ok()
            .and_then(|it| it.checked_sub(1));
        if let Some(picked) = number.and_then(|it| candidates.get(it)) {
            break picked;
        }
    };
    let Ok(point) = Point::parse(picked.as_str()) else {
        return Ok(None);
    };
    *points = vec![point];
    Ok(Some(format!("{}@{picked}", binding.name)))
}

/// Whether an error lists what may have been meant, each of which would do.
fn is_choice(error: &ResolveError) -> bool {
    matches!(
        error,
        ResolveError::AmbiguousHead { .. } | ResolveError::AmbiguousPrefix { .. }
    )
}
