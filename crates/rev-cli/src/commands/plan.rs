//! `rev plan`: what would run, without running it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rev_core::plan::{self, Action, View};
use rev_core::state::Standing;
use rev_core::{Binding, DatabaseName, Goal, Quoting};
use rev_engine::newcomer;
use rev_engine::outcome::Refusal;
use rev_engine::pin::PinnedLane;
use rev_engine::planner::Planner;
use rev_engine::prepare::{Prepared, as_read};
use rev_render::Place;

use crate::args::{Format, Patience, Plan};
use crate::diagnostic::{Diagnostic, Failure, Told};
use crate::exit::Exit;
use crate::fleet;
use crate::format::status::Unread;
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
    let asked = Asked {
        goal,
        beside: args.beside,
        patience: args.patience.clone(),
        most: args.size,
    };
    let planned = planned(session, &asked, &selection, offline)?;
    // A plan without a database that was meant is looked at, not kept.
    if args.save.is_some() {
        planned.check_whole(session)?;
    }
    let exit = planned.print(session, session.terminal.format)?;
    if let Some(file) = &args.save {
        planned.save(session, file)?;
    }
    Ok(exit)
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

/// What is to be planned, and how.
pub(crate) struct Asked {
    pub(crate) goal: Goal,
    pub(crate) beside: bool,
    pub(crate) patience: Patience,
    /// Of a page of Markdown: how many bytes it may have.
    pub(crate) most: Option<usize>,
}

/// Lanes with where their databases stand.
pub(crate) struct Planned {
    /// What is to be told of databases that join late.
    newcomers: Vec<String>,
    goal: Goal,
    beside: bool,
    most: Option<usize>,
    lanes: Vec<Prepared>,
    standings: BTreeMap<DatabaseName, Standing>,
    /// The databases that have no lane, and why.
    refused: Told,
    has_half_done: bool,
}

/// Plans every lane; those without a standing are read. A database that cannot be read, or not
/// be planned for, does not keep the others from their plans.
///
/// # Errors
///
/// What is wrong with all of them, where there is no lane at all.
pub(crate) fn planned(
    session: &Session,
    asked: &Asked,
    selection: &Selection,
    mut offline: Offline,
) -> Result<Planned, Failure> {
    let is_offline = offline.is_any();
    let mut refused = Told::new();
    let missing = selection.iter().map(|(binding, _)| binding.name.clone());
    let readings = read_missing(session, missing, asked, &mut offline, &mut refused)?;
    let planner = Planner::new(session.graph());
    let mut lanes = Vec::new();
    for (binding, points) in selection {
        let Some(standing) = offline.standings.get(&binding.name) else {
            continue;
        };
        let binding = &as_read(binding.clone(), readings.get(&binding.name).copied());
        match planner.prepare(binding, standing, asked.goal, points, asked.beside, None) {
            Ok(lane) => lanes.push(lane),
            Err(refusal) => refuse(session, binding, &refusal, &mut refused),
        }
    }
    if !is_offline {
        read_others(
            session,
            asked,
            selection,
            &mut lanes,
            &mut offline,
            &mut refused,
        )?;
    }
    link(session, &mut lanes, &offline.standings, &mut refused)?;
    let newcomers = if !is_offline && asked.goal == Goal::Upgrade {
        newcomers(&lanes, &offline)
    } else {
        Vec::new()
    };
    refused.sort_by(|one, other| one.0.cmp(&other.0));
    let planned = Planned {
        newcomers,
        goal: asked.goal,
        beside: asked.beside,
        most: asked.most,
        lanes,
        standings: offline.standings,
        refused,
        has_half_done: offline.has_half_done,
    };
    if planned.lanes.is_empty() {
        planned.check_whole(session)?;
    }
    Ok(planned)
}

fn refuse(session: &Session, binding: &Binding, refusal: &Refusal, refused: &mut Told) {
    refused.push((binding.name.clone(), session.refusal(refusal, binding)));
}

/// What the run would tell of databases that join late.
fn newcomers(lanes: &[Prepared], offline: &Offline) -> Vec<String> {
    let standings = &offline.standings;
    let is_new = |prepared: &&Prepared| offline.new.contains(&prepared.lane.database.name);
    let words = lanes.iter().filter(is_new).filter_map(|prepared| {
        let binding = &prepared.lane.database;
        let others = standings.iter().filter(|(name, _)| **name != binding.name);
        let others = others.map(|(_, standing)| standing);
        let own = &standings[&binding.name];
        let shared = newcomer::shared_before(binding, own, prepared, others);
        (shared > 0).then(|| super::joins_late(binding.name.as_str(), shared))
    });
    words.collect()
}

impl Planned {
    /// The lanes, by the order of the selection.
    pub(super) fn lanes(&self) -> &[Prepared] {
        &self.lanes
    }

    /// Whether a step stands half done on any database that was looked at.
    pub(super) fn has_half_done(&self) -> bool {
        self.has_half_done
    }

    /// Refuses where a database that was asked for has no lane.
    pub(super) fn check_whole(&self, session: &Session) -> Result<(), Failure> {
        match self.refused.is_empty() {
            true => Ok(()),
            false => Err(Failure::of(Exit::Refused, session.once(&self.refused))),
        }
    }

    /// Prints it in one of its forms, and why some databases have no part in it.
    pub(crate) fn print(&self, session: &Session, format: Format) -> Result<Exit, Failure> {
        for words in &self.newcomers {
            session.terminal.warn(words);
        }
        if format == Format::Sql {
            // Who runs a script takes it for the whole.
            self.check_whole(session)?;
        }
        let places = places(session, &self.lanes, format)?;
        let refused: Vec<Unread> = self
            .refused
            .iter()
            .map(|(name, told)| fleet::unread(name, told))
            .collect();
        let plan = render::Plan {
            goal: self.goal,
            lanes: &self.lanes,
            places: &places,
            refused,
            most: self.most,
        };
        let text = render::plan(format, plan, session.terminal);
        match format {
            Format::Sql => session.terminal.script(&text)?,
            _ => session.terminal.data(&text)?,
        }
        if format != Format::Json {
            fleet::complain(session, &self.refused);
        }
        Ok(match self.refused.is_empty() {
            true => Exit::Done,
            false => Exit::Refused,
        })
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
    asked: &Asked,
    selection: &Selection,
    lanes: &mut Vec<Prepared>,
    offline: &mut Offline,
    refused: &mut Told,
) -> Result<(), Failure> {
    let mut watched = session.watched(asked.goal, selection);
    // One that was to be planned for and cannot be read is out of sight for the others.
    let is_dead = |binding: &&Arc<Binding>| !offline.standings.contains_key(&binding.name);
    let selected = selection.iter().map(|(binding, _)| binding);
    watched.unseen.extend(selected.filter(is_dead).cloned());
    let all = watched.seen.iter().chain(&watched.unseen);
    let all: Vec<&Binding> = all.map(AsRef::as_ref).collect();
    let mut concerned = BTreeSet::new();
    lanes.retain(|prepared| {
        let binding = &prepared.lane.database;
        let found = plan::concerned(&view(prepared, &offline.standings[&binding.name]), &all);
        if let Some(on) = watched.unseen.iter().find(|it| found.contains(&it.name)) {
            let (database, on) = (binding.name.clone(), on.name.clone());
            let refusal = Refusal::OutOfSight { database, on };
            refuse(session, binding, &refusal, refused);
            return false;
        }
        concerned.extend(found);
        true
    });
    let names = watched.seen.iter().map(|binding| binding.name.clone());
    let (concerned, others): (Vec<_>, Vec<_>) = names.partition(|name| concerned.contains(name));
    let mut unread = Told::new();
    read_missing(session, concerned, asked, offline, &mut unread)?;
    if !unread.is_empty() {
        return Err(Failure::of(Exit::Refused, session.once(&unread)));
    }
    let mut steps = lanes.iter().flat_map(|it| it.lane.steps.iter());
    if steps.any(|step| step.action == Action::Downgrade) {
        read_missing(session, others, asked, offline, &mut unread)?;
        for (name, told) in unread {
            let why = told.first().map_or("", |told| told.message.as_str());
            session.terminal.warn(format_args!(
                "`{name}` cannot be asked whether it needs what is taken down: {why}"
            ));
        }
    }
    Ok(())
}

/// Finds what steps wait for on other databases. A lane that waits for what does not come is
/// refused, and the others are looked at without it.
fn link(
    session: &Session,
    lanes: &mut Vec<Prepared>,
    standings: &BTreeMap<DatabaseName, Standing>,
    refused: &mut Told,
) -> Result<(), Failure> {
    let mut graphs = standings.values().map(|standing| &standing.graph);
    if graphs.all(|graph| graph.crossings().is_empty()) {
        return Ok(());
    }
    loop {
        match waits(session, lanes, standings)? {
            Ok(mut waits) => {
                for prepared in lanes {
                    if let Some(waits) = waits.remove(&prepared.lane.database.name) {
                        prepared.waits = waits;
                    }
                }
                return Ok(());
            }
            Err(error) => {
                let is_meant = |it: &Prepared| error.is_of(&it.lane.database.name);
                let at = lanes.iter().position(is_meant).unwrap_or(0);
                let lane = lanes.remove(at).lane;
                refuse(session, &lane.database, &Refusal::Across(error), refused);
            }
        }
    }
}

/// What each step of each lane waits for.
type Waits = BTreeMap<DatabaseName, Vec<Vec<plan::Wait>>>;

fn waits(
    session: &Session,
    lanes: &[Prepared],
    standings: &BTreeMap<DatabaseName, Standing>,
) -> Result<Result<Waits, plan::WaitError>, Failure> {
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
    Ok(plan::waits(&views))
}

fn view<'a>(prepared: &'a Prepared, standing: &'a Standing) -> View<'a> {
    View {
        binding: &prepared.lane.database,
        standing,
        lane: Some(&prepared.lane),
    }
}

/// Reads the databases of which it is not known where they stand, all at once.
fn read_missing(
    session: &Session,
    names: impl IntoIterator<Item = DatabaseName>,
    asked: &Asked,
    offline: &mut Offline,
    refused: &mut Told,
) -> Result<BTreeMap<DatabaseName, Quoting>, Failure> {
    let mut readings = BTreeMap::new();
    let mut missing = BTreeSet::new();
    for name in names {
        match offline.check_may_ask(&name) {
            _ if offline.standings.contains_key(&name) => {}
            Ok(()) => drop(missing.insert(name)),
            Err(failure) => refused.push((name, failure.into_diagnostics())),
        }
    }
    if missing.is_empty() {
        return Ok(readings);
    }
    let answers = fleet::survey(session, missing, &asked.patience)?;
    let (read, told) = fleet::parted(answers);
    refused.extend(told);
    for (name, (_, surveyed)) in read {
        readings.extend(surveyed.quoting.map(|it| (name.clone(), it)));
        if let Some(in_flight) = &surveyed.in_flight {
            offline.has_half_done = true;
            session.terminal.warn(in_flight_line(&name, in_flight));
        }
        if surveyed.is_new {
            offline.new.insert(name.clone());
        }
        offline.standings.insert(name, surveyed.standing);
    }
    Ok(readings)
}
