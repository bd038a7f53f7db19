//! `rev plan`: what would run, without running it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rev_core::plan::{self, View};
use rev_core::state::Standing;
use rev_core::{Binding, DatabaseName, Goal};
use rev_engine::outcome::Refusal;
use rev_engine::planner::Planner;
use rev_engine::prepare::Prepared;

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

/// The command as typed, without its targets.
pub(crate) fn typed(args: &Plan) -> String {
    let first = args
        .words
        .first()
        .filter(|word| session::goal(word).is_some());
    first.map_or_else(|| "plan".to_owned(), |action| format!("plan {action}"))
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
    let is_offline = !standings.is_empty();
    read_missing(session, selection, &mut standings)?;
    let planner = Planner::new(session.graph());
    let mut lanes = selection
        .iter()
        .map(|(binding, points)| {
            let standing = &standings[&binding.name];
            planner
                .prepare(binding, standing, goal, points, beside, None)
                .map_err(|refusal| session.refused(&refusal, binding))
        })
        .collect::<Result<Vec<Prepared>, Failure>>()?;
    if !is_offline {
        read_others(session, selection, &lanes, &mut standings)?;
    }
    link(session, &mut lanes, &standings)?;
    let prefix = &session.project.config.ledger_prefix;
    let text = render::plan(format, goal, &lanes, prefix);
    match format {
        Format::Sql => session.terminal.script(&text)?,
        _ => session.terminal.data(&text)?,
    }
    Ok(Exit::Done)
}

/// Reads the databases that lanes depend on, or that may depend on them.
fn read_others(
    session: &Session,
    selection: &Selection,
    lanes: &[Prepared],
    standings: &mut BTreeMap<DatabaseName, Standing>,
) -> Result<(), Failure> {
    let watched = session.watched(selection);
    let all = watched.seen.iter().chain(&watched.unseen);
    let all: Vec<&Binding> = all.map(AsRef::as_ref).collect();
    let mut concerned = BTreeSet::new();
    for prepared in lanes {
        let binding = &prepared.lane.database;
        let found = plan::concerned(&view(prepared, &standings[&binding.name]), &all);
        if let Some(on) = watched.unseen.iter().find(|it| found.contains(&it.name)) {
            let (database, on) = (binding.name.clone(), on.name.clone());
            return Err(session.refused(&Refusal::OutOfSight { database, on }, binding));
        }
        concerned.extend(found);
    }
    let others = watched.seen.into_iter();
    let others = others.filter(|binding| concerned.contains(&binding.name));
    let others: Selection = others.map(|binding| (binding, Vec::new())).collect();
    read_missing(session, &others, standings)
}

/// Finds what steps wait for on other databases.
fn link(
    session: &Session,
    lanes: &mut [Prepared],
    standings: &BTreeMap<DatabaseName, Standing>,
) -> Result<(), Failure> {
    if session.graph().crossings().is_empty() {
        return Ok(());
    }
    let is_planned = |name: &DatabaseName| lanes.iter().any(|it| it.lane.database.name == *name);
    let others = standings.iter().filter(|(name, _)| !is_planned(name));
    let others = others
        .map(|(name, standing)| Ok((session.binding(name)?, standing)))
        .collect::<Result<Vec<_>, Failure>>()?;
    let looked_at = others.iter().map(|(binding, standing)| View {
        binding,
        standing,
        lane: None,
    });
    let planned = lanes
        .iter()
        .map(|prepared| view(prepared, &standings[&prepared.lane.database.name]));
    let views: Vec<View<'_>> = planned.chain(looked_at).collect();
    let mut waits = plan::waits(&views).map_err(|error| {
        let lane = lanes.iter().find(|it| error.is_of(&it.lane.database.name));
        let binding = &lane.unwrap_or(&lanes[0]).lane.database;
        session.refused(&Refusal::Across(error), binding)
    })?;
    for prepared in lanes {
        if let Some(waits) = waits.remove(&prepared.lane.database.name) {
            prepared.waits = waits;
        }
    }
    Ok(())
}

fn view<'a>(prepared: &'a Prepared, standing: &'a Standing) -> View<'a> {
    View {
        binding: &prepared.lane.database,
        standing,
        lane: Some(&prepared.lane),
    }
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
