//! `rev plan`: what would run, without running it.

use std::collections::BTreeMap;
use std::sync::Arc;

use rev_core::state::Standing;
use rev_core::{Binding, DatabaseName, Goal};
use rev_engine::prepare::{Prepared, prepare};

use crate::args::{Format, Plan};
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::render;
use crate::session::{self, Selection, Session};
use crate::terminal::WARNING;

use super::in_flight_line;

/// `rev plan`.
pub(crate) fn plan(args: &Plan, session: &Session) -> Result<Exit, Failure> {
    let (goal, targets) = action(&args.words)?;
    let selection = session.selection(&targets)?;
    let standings = session.offline(&args.from)?;
    print(
        session,
        goal,
        session.terminal.format,
        &selection,
        standings,
        args.beside,
    )
}

/// The action is the first word, if that is one.
fn action(words: &[String]) -> Result<(Goal, Vec<String>), Failure> {
    let (goal, targets) = match words.split_first() {
        Some((first, rest)) => match session::goal(first) {
            Some(goal) => (goal, rest),
            None => (Goal::Upgrade, words),
        },
        None => (Goal::Upgrade, words),
    };
    match (goal, targets) {
        (Goal::Upgrade, []) => Ok((goal, vec!["head".to_owned()])),
        (_, []) => {
            let message = format!("`rev plan {}` needs a target", goal.name());
            let told = Diagnostic::new("usage", message);
            Err(Failure::usage(
                told.hint(format!("such as `rev plan {} db1@-1`", goal.name())),
            ))
        }
        (_, targets) => Ok((goal, targets.to_vec())),
    }
}

/// Plans every lane and prints them; those without a standing are read.
pub(crate) fn print(
    session: &Session,
    goal: Goal,
    format: Format,
    selection: &Selection,
    mut standings: BTreeMap<DatabaseName, Standing>,
    beside: bool,
) -> Result<Exit, Failure> {
    read_missing(session, selection, &mut standings)?;
    let lanes = selection
        .iter()
        .map(|(binding, points)| {
            let standing = &standings[&binding.name];
            prepare(binding, standing, goal, points, beside, None)
                .map_err(|refusal| session.refused(&refusal, binding))
        })
        .collect::<Result<Vec<Prepared>, Failure>>()?;
    let prefix = &session.project.config.ledger_prefix;
    let text = render::plan(format, goal, &lanes, prefix);
    match format {
        Format::Sql => session.terminal.script(&text)?,
        _ => session.terminal.data(&text)?,
    }
    Ok(Exit::Done)
}

fn read_missing(
    session: &Session,
    selection: &Selection,
    standings: &mut BTreeMap<DatabaseName, Standing>,
) -> Result<(), Failure> {
    let missing: Vec<Arc<Binding>> = selection
        .iter()
        .map(|(binding, _)| binding.clone())
        .filter(|binding| !standings.contains_key(&binding.name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let runtime = session::runtime()?;
    for binding in missing {
        let surveyed = runtime.block_on(session.survey(&binding))?;
        if let Some(in_flight) = &surveyed.in_flight {
            let line = in_flight_line(&binding.name, in_flight);
            session
                .terminal
                .talk(&format!("{WARNING}warning{WARNING:#}: {line}"));
        }
        let standing = surveyed.standing;
        standings.insert(binding.name.clone(), standing);
    }
    Ok(())
}
