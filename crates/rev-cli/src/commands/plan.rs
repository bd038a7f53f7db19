//! `rev plan`: what would run, without running it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rev_core::plan::{self, Action, View};
use rev_core::state::Standing;
use rev_core::{Binding, DatabaseName, Goal, Quoting};
use rev_engine::outcome::Refusal;
use rev_engine::pin::PinnedLane;
use rev_engine::planner::Planner;
use rev_engine::prepare::{Prepared, as_read};
use rev_render::Place;

use crate::args::{Format, Plan};
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::{self, saved::SavedPlan};
use crate::render;
use crate::session::{self, Offline, Selection, Session};

use super::in_flight_line;

/// `rev plan`.
pub(crate) fn plan(args: &Plan, session: &Session) -> Result<Exit, Failure> {
    let (goal, targets) = action(&args.words)?;
    if let Some(file) = &args.save {
        check_place(session, file)?;
    }
    let selection = session.selection(&targets)?;
    let offline = session.offline(&args.from, Path::new(""))?;
    let planned = planned(session, goal, &selection, offline, args.beside)?;
    planned.print(session, session.terminal.format)?;
    if let Some(file) = &args.save {
        planned.save(session, file)?;
    }
    Ok(Exit::Done)
}

/// A saved plan is a file, and none of those that are read as revisions.
fn check_place(session: &Session, file: &Path) -> Result<(), Failure> {
    let refused = |message: String| {
        let told = Diagnostic::new("bad_place", message);
        Err(Failure::usage(told.hint(
            "name a file beside rev.yaml, such as `--save plan.yaml`",
        )))
    };
    if file == Path::new("-") {
        return refused("a plan is saved in a file, and `-` names none".to_owned());
    }
    let Some(within) = file.parent() else {
        return Ok(());
    };
    let whole = |path: &Path| std::fs::canonicalize(path).ok();
    // Of a bare name the parent is empty.
    let Some(within) = whole(&Path::new(".").join(within)) else {
        return Ok(());
    };
    for folder in &session.project.config.revisions {
        let path = whole(&session.project.root.join(&folder.path));
        if path.is_some_and(|path| within.starts_with(path)) {
            return refused(format!(
                "`{}` would be read as a revision: `{}` holds revisions",
                file.display(),
                folder.path
            ));
        }
    }
    Ok(())
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

/// Lanes with where their databases stand.
pub(crate) struct Planned {
    goal: Goal,
    beside: bool,
    lanes: Vec<Prepared>,
    standings: BTreeMap<DatabaseName, Standing>,
}

/// Plans every lane; those without a standing are read.
pub(crate) fn planned(
    session: &Session,
    goal: Goal,
    selection: &Selection,
    mut offline: Offline,
    beside: bool,
) -> Result<Planned, Failure> {
    let is_offline = offline.is_any();
    let readings = read_missing(session, selection, &mut offline)?;
    let planner = Planner::new(session.graph());
    let mut lanes = selection
        .iter()
        .map(|(binding, points)| {
            let quoting = readings.get(&binding.name).copied();
            let binding = &as_read(binding.clone(), quoting);
            let standing = &offline.standings[&binding.name];
            planner
                .prepare(binding, standing, goal, points, beside, None)
                .map_err(|refusal| session.refused(&refusal, binding))
        })
        .collect::<Result<Vec<Prepared>, Failure>>()?;
    if !is_offline {
        read_others(session, goal, selection, &lanes, &mut offline)?;
    }
    link(session, &mut lanes, &offline.standings)?;
    Ok(Planned {
        goal,
        beside,
        lanes,
        standings: offline.standings,
    })
}

impl Planned {
    /// Prints it in one of its forms.
    pub(crate) fn print(&self, session: &Session, format: Format) -> Result<(), Failure> {
        let places = places(session, &self.lanes, format)?;
        let verbose = session.terminal.verbose;
        let text = render::plan(format, self.goal, &self.lanes, &places, verbose);
        match format {
            Format::Sql => session.terminal.script(&text)?,
            _ => session.terminal.data(&text)?,
        }
        Ok(())
    }

    /// As snapshots keep it.
    pub(super) fn snapshot(&self) -> String {
        render::snapshot(&self.lanes)
    }

    /// Writes it to a file for `rev apply`. Only what can run is saved.
    fn save(&self, session: &Session, file: &Path) -> Result<(), Failure> {
        let lanes = self.lanes.iter().map(|prepared| {
            let binding = &prepared.lane.database;
            let standing = &self.standings[&binding.name];
            prepared.check_runnable()?;
            PinnedLane::of(prepared, standing, self.goal, self.beside).map_err(|error| {
                Refusal::Scripts {
                    errors: vec![error],
                }
            })
        });
        let bindings = self.lanes.iter().map(|prepared| &prepared.lane.database);
        let lanes = lanes
            .zip(bindings)
            .map(|(lane, binding)| lane.map_err(|refusal| session.refused(&refusal, binding)));
        let lanes = lanes.collect::<Result<Vec<PinnedLane>, Failure>>()?;
        let Some(goal) = format::Goal::of(self.goal) else {
            return Ok(());
        };
        let saved = SavedPlan::of(goal, self.beside, &lanes);
        super::apply::write(file, &saved)?;
        let (name, digest) = (file.display(), &saved.digest[..12]);
        let line = format!("saved as `{name}` (plan {digest}): `rev apply {name}` runs it");
        session.terminal.talk(&line);
        Ok(())
    }
}

/// Where scripts of these lanes are to run; none, where no script is asked for.
pub(super) fn places(
    session: &Session,
    lanes: &[Prepared],
    format: Format,
) -> Result<Vec<Place>, Failure> {
    if !matches!(format, Format::Sql) {
        return Ok(Vec::new());
    }
    lanes.iter().map(|lane| place(session, lane)).collect()
}

/// A script that leads to another database must name the one of the ledger.
fn place(session: &Session, prepared: &Prepared) -> Result<Place, Failure> {
    let binding = &prepared.lane.database;
    let settings = session.settings(binding);
    let url = session.url(&binding.name);
    let url = url.as_ref().ok();
    let schema = rev_db::named_schema(url, binding.dialect, &settings);
    if schema.is_none() && rev_render::needs_schema(prepared) {
        let name = &binding.name;
        let message = format!(
            "the script for `{name}` changes its session, and the name of its database is not known"
        );
        let told = Diagnostic::new("unknown_schema", message);
        return Err(Failure::refused(told.hint(format!(
            "give a URL that ends in the name: `--url {name}=mysql://localhost/NAME`"
        ))));
    }
    Ok(Place {
        prefix: settings.ledger_prefix.clone(),
        schema,
        terms: settings.terms(),
    })
}

/// Reads the databases that lanes depend on, or that may depend on them. Where
/// something is taken down that may be any of them, as far as they can be asked.
fn read_others(
    session: &Session,
    goal: Goal,
    selection: &Selection,
    lanes: &[Prepared],
    offline: &mut Offline,
) -> Result<(), Failure> {
    let watched = session.watched(goal, selection);
    let all = watched.seen.iter().chain(&watched.unseen);
    let all: Vec<&Binding> = all.map(AsRef::as_ref).collect();
    let mut concerned = BTreeSet::new();
    for prepared in lanes {
        let binding = &prepared.lane.database;
        let found = plan::concerned(&view(prepared, &offline.standings[&binding.name]), &all);
        if let Some(on) = watched.unseen.iter().find(|it| found.contains(&it.name)) {
            let (database, on) = (binding.name.clone(), on.name.clone());
            return Err(session.refused(&Refusal::OutOfSight { database, on }, binding));
        }
        concerned.extend(found);
    }
    let (concerned, others): (Vec<_>, Vec<_>) = watched
        .seen
        .into_iter()
        .partition(|binding| concerned.contains(&binding.name));
    let concerned = concerned.into_iter().map(|binding| (binding, Vec::new()));
    read_missing(session, &concerned.collect(), offline)?;
    let mut steps = lanes.iter().flat_map(|it| it.lane.steps.iter());
    if steps.any(|step| step.action == Action::Downgrade) {
        for binding in others {
            let name = binding.name.clone();
            if let Err(failure) = read_missing(session, &vec![(binding, Vec::new())], offline) {
                let told = failure.into_diagnostics();
                let why = told.first().map_or("", |told| told.message.as_str());
                session.terminal.warn(format_args!(
                    "`{name}` cannot be asked whether it needs what is taken down: {why}"
                ));
            }
        }
    }
    Ok(())
}

/// Finds what steps wait for on other databases.
fn link(
    session: &Session,
    lanes: &mut [Prepared],
    standings: &BTreeMap<DatabaseName, Standing>,
) -> Result<(), Failure> {
    let mut graphs = standings.values().map(|standing| &standing.graph);
    if graphs.all(|graph| graph.crossings().is_empty()) {
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
    offline: &mut Offline,
) -> Result<BTreeMap<DatabaseName, Quoting>, Failure> {
    let mut readings = BTreeMap::new();
    let missing: Vec<Arc<Binding>> = selection
        .iter()
        .map(|(binding, _)| binding.clone())
        .filter(|binding| !offline.standings.contains_key(&binding.name))
        .collect();
    if missing.is_empty() {
        return Ok(readings);
    }
    let runtime = session::runtime()?;
    for binding in missing {
        offline.check_may_ask(&binding.name)?;
        let surveyed = runtime.block_on(session.survey(&binding))?;
        readings.extend(surveyed.quoting.map(|it| (binding.name.clone(), it)));
        if let Some(in_flight) = &surveyed.in_flight {
            let line = in_flight_line(&binding.name, in_flight);
            session.terminal.warn(line);
        }
        let standing = surveyed.standing;
        offline.standings.insert(binding.name.clone(), standing);
    }
    Ok(readings)
}
