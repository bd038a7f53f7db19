//! Commands that change databases: `upgrade`, `downgrade`, `switch`, `stamp`, and
//! what they share with `apply`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rev_core::{Binding, DatabaseName, Goal, Node, Point, RevisionId};
use rev_engine::clock::SystemClock;
use rev_engine::event::Stop;
use rev_engine::executor;
use rev_engine::outcome::{End, HalfDone, LaneOutcome, Outcome};
use rev_engine::pin::Pin;
use rev_engine::request::{Commitment, Job, Request};

use super::guarded::Leave;
use super::stop::until_given_up;
use super::trail::Trail;
use super::{created, guarded, kept, one_line, picking, plan, wait, way_down};
use crate::args::{Format, Pace, Patience, Running};
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::fleet;
use crate::format::existence::Renewed;
use crate::format::run::{self as format, Kept};
use crate::reporter::{HANDFUL, Losses, Reporter};
use crate::session::{Offline, Selection, Session};
use crate::terminal::{FAINT, GOOD, NAME, WARNING, count};

/// The most databases that are worked on at once, unless a flag says otherwise.
pub(super) const MOST_JOBS: usize = 8;

/// Runs an action, or prints what it would be.
pub(crate) fn run(
    goal: Goal,
    targets: &[String],
    running: &Running,
    session: &Session,
) -> Result<Exit, Failure> {
    let mut typed = targets.to_vec();
    let targets = match targets {
        [] => vec!["head".to_owned()],
        targets => targets.to_vec(),
    };
    let mut selection = session.selection(&targets)?;
    if let Some(most) = running.wait {
        let bindings = selection.iter().map(|(it, _)| it);
        wait::until_reached(session, bindings, most, "--wait")?;
    }
    if let Some(picked) = picking::pick(goal, &targets, &mut selection, session)? {
        typed = vec![picked];
    }
    if running.dry_run || running.sql {
        let form = if running.sql {
            Format::Sql
        } else {
            session.terminal.format
        };
        let asked = plan::Asked {
            goal,
            beside: running.beside,
            patience: Patience::default(),
            most: None,
        };
        let planned = plan::planned(session, &asked, &selection, Offline::default())?;
        return planned.print(session, form);
    }
    let leave = guarded::leave(goal, &typed, &selection, running, session)?;
    if leave == Leave::Denied {
        session.terminal.talk("nothing was changed");
        return Ok(Exit::Refused);
    }
    let losses = match leave {
        Leave::Said => Losses::Told,
        _ => Losses::News,
    };
    let mut request = request(goal, &running.pace, session);
    request.beside = running.beside;
    let before = Before {
        losses,
        ..Before::default()
    };
    carry_out_after(&request, &selection, &Pins::new(), before, session)
}

/// Approved lanes, by database.
pub(super) type Pins = BTreeMap<DatabaseName, Arc<Pin>>;

/// What is asked of the engine.
pub(super) fn request(goal: Goal, pace: &Pace, session: &Session) -> Request {
    Request {
        goal,
        beside: false,
        keep_going: pace.keep_going,
        commitment: match (pace.atomic, pace.two_phase) {
            (true, _) => Commitment::Lane,
            (_, true) => Commitment::Run,
            _ => Commitment::Step,
        },
        ends_sessions: pace.end_session,
        alone: false,
        unseen: Vec::new(),
        jobs: pace.jobs.map_or(MOST_JOBS, usize::from),
        lock_wait: pace.lock_wait,
        operator: session.operator.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: session.run.clone(),
    }
}

/// Runs a request and tells how it ended.
pub(super) fn carry_out(
    request: &Request,
    selection: &Selection,
    pins: &Pins,
    session: &Session,
) -> Result<Exit, Failure> {
    carry_out_after(request, selection, pins, Before::default(), session)
}

/// What the command did and told before a run.
pub(super) struct Before {
    /// Whether somebody was told of what is lost.
    pub(super) losses: Losses,
    /// The databases that were dropped and made.
    pub(super) reset: Vec<Renewed>,
    /// What went wrong with them; it was told to people.
    pub(super) told: Vec<Diagnostic>,
}

impl Default for Before {
    fn default() -> Self {
        Self {
            losses: Losses::News,
            reset: Vec::new(),
            told: Vec::new(),
        }
    }
}

impl Before {
    fn has_changed(&self) -> bool {
        self.reset.iter().any(|it| it.dropped || it.created)
    }
}

/// The same after what the command did before.
pub(super) fn carry_out_after(
    request: &Request,
    selection: &Selection,
    pins: &Pins,
    before: Before,
    session: &Session,
) -> Result<Exit, Failure> {
    let has_changed = before.has_changed();
    let carried_out = carry_out_told(request, selection, pins, before, session);
    part_way_if(has_changed, carried_out)
}

/// The exit code first tells whether anything changed, also where the answer could not be written.
fn part_way_if(has_changed: bool, ended: Result<Exit, Failure>) -> Result<Exit, Failure> {
    match ended {
        Ok(Exit::Refused) if has_changed => Ok(Exit::PartWay),
        Err(failure) if has_changed => Err(failure.with_exit(Exit::PartWay)),
        ended => ended,
    }
}

fn carry_out_told(
    request: &Request,
    selection: &Selection,
    pins: &Pins,
    before: Before,
    session: &Session,
) -> Result<Exit, Failure> {
    let begun = Instant::now();
    let (outcome, ended) = execute(request.clone(), selection, pins, before.losses, session)?;
    let elapsed = begun.elapsed();
    let mut summary = Summary::new(request.goal, &outcome, selection, session);
    summary.before = before;
    let keep = || match ended {
        Ended::ByItself => kept::keep(&outcome, selection, session),
        Ended::GivenUp => Vec::new(),
    };
    // Programs are told all in one document. People need not wait for a schema that is read.
    let told = if session.terminal.is_json() {
        summary.tell(elapsed, &keep())
    } else {
        summary.tell(elapsed, &[])
    };
    if request.goal == Goal::Upgrade {
        way_down::warn(&outcome, selection, session);
    }
    if !session.terminal.is_json() {
        kept::tell(&outcome, &keep(), session);
    }
    // Of a run that was given up nobody knows that nothing has changed.
    part_way_if(outcome.has_changed() || ended == Ended::GivenUp, told)
}

/// Records that databases stand at these points, and tells nothing but what goes wrong; what
/// became of the files that their schemas are kept in.
pub(super) fn record(
    selection: &Selection,
    session: &Session,
) -> Result<Vec<(DatabaseName, Kept)>, Failure> {
    let request = request(Goal::Stamp, &Pace::default(), session);
    let (outcome, _) = execute(request, selection, &Pins::new(), Losses::News, session)?;
    if outcome.is_complete() {
        let kept = kept::keep(&outcome, selection, session);
        let names = outcome.lanes.into_iter().map(|it| it.database);
        return Ok(names
            .zip(kept)
            .filter_map(|(name, it)| Some((name, it?)))
            .collect());
    }
    let summary = Summary::new(Goal::Stamp, &outcome, selection, session);
    let lanes = outcome.lanes.iter();
    let mut told: Vec<Diagnostic> = lanes.flat_map(|it| summary.diagnostics(it)).collect();
    if told.is_empty() {
        told.push(Diagnostic::new("stopped", "the run was stopped"));
    }
    let exit = if outcome.has_changed() {
        Exit::PartWay
    } else {
        Exit::Refused
    };
    Err(Failure::of(exit, told))
}

/// Who ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    ByItself,
    GivenUp,
}

fn execute(
    mut request: Request,
    selection: &Selection,
    pins: &Pins,
    losses: Losses,
    session: &Session,
) -> Result<(Outcome, Ended), Failure> {
    let mut jobs = selection
        .iter()
        .map(|(binding, points)| {
            Ok(Job {
                binding: binding.clone(),
                pin: pins.get(&binding.name).cloned(),
                watched: false,
                points: points.clone(),
                database: session.database(binding)?,
            })
        })
        .collect::<Result<Vec<Job>, Failure>>()?;
    let watched = session.watched(request.goal, selection);
    request.unseen = watched.unseen;
    for binding in watched.seen {
        match session.database(&binding) {
            Ok(database) => jobs.push(Job {
                binding,
                pin: None,
                watched: true,
                points: Vec::new(),
                database,
            }),
            // Why is told only if it must be looked at.
            Err(_) => request.unseen.push(binding),
        }
    }
    let missing = created::missing(selection, session);
    let clock = SystemClock::start();
    let stop = Stop::default();
    let reporter = Reporter::new(session.terminal, selection.len(), losses);
    let trail = Trail::default();
    let mut tell = |event| {
        reporter.tell(&event);
        trail.follow(&event);
    };
    let run = executor::run(&request, session.graph(), jobs, &clock, &stop, &mut tell);
    let say = |line: &str| reporter.say(line);
    let outcome = until_given_up(Box::pin(run), &stop, &say)?;
    reporter.finish();
    if !session.terminal.is_json() {
        created::tell(&missing, session);
    }
    Ok(match outcome {
        Some(outcome) => (outcome, Ended::ByItself),
        None => (trail.outcome(selection), Ended::GivenUp),
    })
}

/// How it ended, in words.
struct Summary<'a> {
    goal: Goal,
    outcome: &'a Outcome,
    selection: &'a Selection,
    bindings: BTreeMap<&'a str, &'a Arc<Binding>>,
    before: Before,
    session: &'a Session,
}

impl<'a> Summary<'a> {
    fn new(
        goal: Goal,
        outcome: &'a Outcome,
        selection: &'a Selection,
        session: &'a Session,
    ) -> Self {
        let bindings = selection
            .iter()
            .map(|(binding, _)| (binding.name.as_str(), binding))
            .collect();
        Self {
            goal,
            outcome,
            selection,
            bindings,
            before: Before::default(),
            session,
        }
    }

    fn tell(&self, elapsed: Duration, kept: &[Option<Kept>]) -> Result<Exit, Failure> {
        let told: Vec<Vec<Diagnostic>> = self
            .outcome
            .lanes
            .iter()
            .map(|lane| self.diagnostics(lane))
            .collect();
        let terminal = self.session.terminal;
        if terminal.is_json() {
            terminal.json(&self.outcome(&told, kept))?;
        } else {
            let names = self.outcome.lanes.iter().map(|lane| lane.database.clone());
            fleet::complain(self.session, &names.zip(told).collect());
            terminal.lines(&self.lines())?;
            let lanes = self.outcome.lanes.len();
            if lanes > HANDFUL || (lanes > 1 && self.outcome.has_changed()) {
                terminal.talk(&self.sum(elapsed));
            }
        }
        let is_complete = self.outcome.is_complete() && self.before.told.is_empty();
        Ok(match (is_complete, self.outcome.has_changed()) {
            (true, _) => Exit::Done,
            (false, true) => Exit::PartWay,
            (false, false) => Exit::Refused,
        })
    }

    /// How each lane ended; of many those that ended alike together.
    fn lines(&self) -> String {
        let mut ends: Vec<(BTreeSet<DatabaseName>, String)> = Vec::new();
        let is_crowd = self.outcome.lanes.len() > HANDFUL;
        for lane in &self.outcome.lanes {
            let end = self.line(lane);
            match ends.iter_mut().find(|(_, it)| is_crowd && *it == end) {
                Some((names, _)) => drop(names.insert(lane.database.clone())),
                None => ends.push((BTreeSet::from([lane.database.clone()]), end)),
            }
        }
        let all = self.outcome.lanes.len();
        let named = |names: &BTreeSet<DatabaseName>| match names.len() {
            number if is_crowd && number == all => format!("all {}", count(all, "database")),
            _ => diagnostic::named(names),
        };
        let names: Vec<String> = ends.iter().map(|(names, _)| named(names)).collect();
        let width = names.iter().map(String::len).max().unwrap_or(0);
        let lines = names.iter().zip(&ends).map(|(names, (_, end))| {
            let blanks = width - names.len();
            format!("{NAME}{names}{NAME:#}{:blanks$}  {end}", "")
        });
        lines.collect()
    }

    /// `40 databases, 3 failed, 400 revisions, 3.1 s`.
    fn sum(&self, elapsed: Duration) -> String {
        let lanes = &self.outcome.lanes;
        let of_end = |is_it: fn(&End) -> bool| lanes.iter().filter(|lane| is_it(&lane.end)).count();
        let mut words = vec![count(lanes.len(), "database")];
        let mut add = |number: usize, word: &str| {
            if number > 0 {
                words.push(format!("{number} {word}"));
            }
        };
        add(of_end(|end| matches!(end, End::Refused(_))), "refused");
        add(of_end(|end| matches!(end, End::Failed { .. })), "failed");
        add(of_end(|end| matches!(end, End::HeldBack)), "held back");
        add(of_end(|end| matches!(end, End::Stopped)), "stopped");
        add(
            of_end(|end| matches!(end, End::Undecided(_))),
            "not decided",
        );
        let steps = lanes.iter().map(|lane| lane.done.len()).sum();
        if steps > 0 || words.len() == 1 {
            words.push(self.noun(steps));
        }
        words.push(duration(elapsed));
        format!("{FAINT}{}{FAINT:#}", words.join(", "))
    }

    fn diagnostics(&self, lane: &LaneOutcome) -> Vec<Diagnostic> {
        let of_selection = self.bindings.get(lane.database.as_str()).copied().cloned();
        // A database may be looked at that no target names.
        let Some(binding) = of_selection.or_else(|| self.session.binding(&lane.database).ok())
        else {
            return Vec::new();
        };
        let binding = &binding;
        match &lane.end {
            End::Refused(refusal) => self.session.refusal(refusal, binding),
            End::Failed { .. } => {
                let url = self.session.url(&lane.database).ok();
                let told = diagnostic::failed(lane, &self.session.project, binding, url.as_ref());
                told.map(|told| self.with_rest(told, lane))
                    .into_iter()
                    .collect()
            }
            End::Undecided(participants) => vec![diagnostic::undecided(participants)],
            End::Stopped if !lane.in_doubt.is_empty() => vec![self.in_doubt(lane)],
            End::Done | End::Nothing | End::HeldBack | End::Stopped => Vec::new(),
        }
    }

    /// A run that was given up.
    fn in_doubt(&self, lane: &LaneOutcome) -> Diagnostic {
        let steps = joined(&lane.in_doubt);
        let told = Diagnostic::new(
            "in_doubt",
            format!("nobody has answered whether {steps} stands"),
        );
        told.on(lane.database.as_str()).hint(format!(
            "`rev status {}` tells{}",
            lane.database,
            self.then_on(lane)
        ))
    }

    /// What stands, and what does not.
    fn with_rest(&self, told: Diagnostic, lane: &LaneOutcome) -> Diagnostic {
        let again = self.again(lane);
        let stands = match &lane.half_done {
            _ if !lane.in_doubt.is_empty() => {
                let look = format!("rev status {}", lane.database);
                return told.hint(format!(
                    "nobody answers any more, so what stands is not known: `{look}` tells{}",
                    self.then_on(lane)
                ));
            }
            Some(half_done) if half_done.step.next.is_some() => {
                let mut told = told;
                told.lines.push(standing(half_done));
                return told.hint(format!(
                    "look at the database, then say what you found: `rev repair {}`",
                    lane.database
                ));
            }
            Some(half_done) if half_done.lost.is_some() => {
                let mut told = told;
                told.lines.push(standing(half_done));
                return told.hint(diagnostic::by_hand(&half_done.step, &lane.database));
            }
            Some(half_done) => standing(half_done),
            None if lane.done.is_empty() => "nothing was changed on it".to_owned(),
            None => "the step that failed was undone as a whole".to_owned(),
        };
        told.hint(format!(
            "{stands}; mend the cause, then `{again}` goes on from here"
        ))
    }

    /// What comes after somebody has looked where a lane stands, as far as that can be said.
    fn then_on(&self, lane: &LaneOutcome) -> String {
        let mut lanes = self.selection.iter();
        let given = lanes.find(|(binding, _)| binding.name == lane.database);
        let is_relative = |point: &Point| point.offset().is_some();
        let counts = given.is_some_and(|(_, points)| points.iter().any(is_relative));
        if counts && known(lane).is_none() {
            // `-1` would mean another place by then.
            return String::new();
        }
        format!(", and `{}` goes on from there", self.again(lane))
    }

    /// The command that goes on from where a lane has stopped.
    fn again(&self, lane: &LaneOutcome) -> String {
        let name = &lane.database;
        let mut left: Vec<&RevisionId> = Vec::new();
        for id in lane.in_doubt.iter().chain(&lane.not_begun) {
            if !left.contains(&id) {
                left.push(id);
            }
        }
        let words = |word: &str| {
            left.iter()
                .map(|id| format!(" {word}{id}"))
                .collect::<String>()
        };
        let is_down = match &lane.end {
            End::Failed { action, .. } => *action != rev_core::plan::Action::Upgrade.name(),
            _ => true,
        };
        match self.goal {
            // All is down that was to go, and comes up by itself.
            Goal::Redo if !is_down => format!("rev upgrade{}", words(&format!("{name}@"))),
            Goal::Redo => format!("rev repair {name}{}", words("--redo ")),
            Goal::Accept => format!("rev repair {name}{}", words("--accept ")),
            _ => {
                let named = self.named(lane);
                named.unwrap_or_else(|| self.session.command().to_owned())
            }
        }
    }

    /// The same with the place itself for a target, where one was typed: `-1` would mean
    /// another place now. `None`: the command needs none, or the place has no name here.
    fn named(&self, lane: &LaneOutcome) -> Option<String> {
        let verb = match self.goal {
            Goal::Upgrade => "upgrade",
            Goal::Downgrade => "downgrade",
            Goal::Switch => "switch",
            _ => return None,
        };
        let mut lanes = self.selection.iter();
        let (_, points) = lanes.find(|(binding, _)| binding.name == lane.database)?;
        if points.is_empty() || points[..] == [Point::head()] {
            return None;
        }
        let name = &lane.database;
        let Some(at) = known(lane) else {
            let targets = points.iter().map(|point| format!(" {name}@{point}"));
            return Some(format!("rev {verb}{}", targets.collect::<String>()));
        };
        let graph = self.session.graph();
        let nodes = |ids: &[RevisionId]| {
            let nodes = ids.iter().map(|id| graph.find(id.as_str()));
            nodes.collect::<Option<Vec<Node>>>()
        };
        let mut set = graph.ancestors(nodes(at)?);
        let mut left = nodes(&lane.not_begun)?;
        if lane.heads.is_none() {
            left.extend(nodes(&lane.in_doubt)?);
        }
        left.sort_unstable();
        left.dedup();
        for node in left {
            match set.contains(node) {
                true => set.remove(node),
                false => drop(set.insert(node)),
            }
        }
        let heads = graph.ids(graph.maximal(&set));
        Some(match &heads[..] {
            [] => format!("rev {verb} {name}@base"),
            [head] => format!("rev {verb} {name}@{head}"),
            several => {
                let targets = several.iter().map(|id| format!(" {name}@{id}"));
                format!("rev switch{}", targets.collect::<String>())
            }
        })
    }

    /// How one lane ended, for people; in a line, and perhaps more.
    fn line(&self, lane: &LaneOutcome) -> String {
        let at = self.at(lane.heads.as_deref().unwrap_or(&lane.last));
        let now = match lane.heads.is_some() || !lane.last.is_empty() && lane.in_doubt.is_empty() {
            true => format!("now at {at}"),
            false if lane.last.is_empty() => "at a place that `rev status` tells".to_owned(),
            false => format!("last known at {at}"),
        };
        let is_untouched = lane.done.is_empty() && lane.in_doubt.is_empty();
        let mut text = match &lane.end {
            End::Done => {
                let done = self.done(lane.done.len());
                format!("{GOOD}{done}{GOOD:#}, {now}\n")
            }
            End::Nothing => format!("nothing to do, at {at}\n"),
            End::HeldBack if lane.done.is_empty() => "held back, nothing changed\n".to_owned(),
            End::HeldBack => format!("{WARNING}held back{WARNING:#}, {now}\n"),
            // It was given up before it began.
            End::Stopped if lane.heads.is_none() && is_untouched => {
                format!("{WARNING}stopped{WARNING:#} before a step was begun\n")
            }
            End::Stopped => format!("{WARNING}stopped{WARNING:#}, {now}\n"),
            End::Undecided(_) => format!("{WARNING}not decided{WARNING:#}: `rev repair`\n"),
            End::Refused(_) if lane.done.is_empty() => "refused, nothing changed\n".to_owned(),
            End::Refused(_) => format!("{WARNING}refused{WARNING:#}, {now}\n"),
            End::Failed { .. } => format!("{WARNING}failed{WARNING:#}, {now}\n"),
        };
        let is_whole = match lane.end {
            End::Done | End::Nothing => true,
            End::Refused(_) => lane.done.is_empty(),
            _ => false,
        };
        if !is_whole {
            let mut list = |word: &str, ids: &[RevisionId]| {
                if !ids.is_empty() {
                    let _ = writeln!(text, "   {word:9}  {}", joined(ids));
                }
            };
            list("done", &lane.done);
            list("in doubt", &lane.in_doubt);
            let half_done = lane.half_done.as_ref();
            let is_begun =
                |id: &&RevisionId| half_done.is_none_or(|half| half.step.revision != **id);
            let not_begun: Vec<RevisionId> =
                lane.not_begun.iter().filter(is_begun).cloned().collect();
            list("not begun", &not_begun);
        }
        if let Some(half_done) = &lane.half_done {
            let _ = writeln!(
                text,
                "   {WARNING}half done{WARNING:#}  {}: {}",
                half_done.step.revision,
                standing(half_done)
            );
        }
        if !lane.unknown.is_empty() && matches!(lane.end, End::Nothing | End::Done) {
            let ahead = count(lane.unknown.len(), "revision");
            let _ = writeln!(
                text,
                "   {FAINT}{ahead} there that this checkout lacks: {}{FAINT:#}",
                joined(&lane.unknown)
            );
        }
        text
    }

    fn done(&self, steps: usize) -> String {
        let done = match self.goal {
            Goal::Upgrade => "applied",
            Goal::Downgrade => "taken down",
            Goal::Switch => "done",
            Goal::Stamp => "changed",
            Goal::Accept => "accepted",
            Goal::Redo => "done again",
        };
        format!("{} {done}", self.noun(steps))
    }

    /// So many of what was done.
    fn noun(&self, steps: usize) -> String {
        match self.goal {
            Goal::Upgrade | Goal::Downgrade => count(steps, "revision"),
            Goal::Switch => count(steps, "step"),
            Goal::Stamp => count(steps, "ledger row"),
            // Each of them went twice: out and in.
            Goal::Accept | Goal::Redo => count(steps / 2, "revision"),
        }
    }

    /// `c20f (add missions)`.
    fn at(&self, heads: &[RevisionId]) -> String {
        let graph = self.session.graph();
        let words: Vec<String> = heads
            .iter()
            .map(|id| {
                let message = graph
                    .find(id.as_str())
                    .map(|node| &graph.revision(node).message);
                match message.map(|message| one_line(message)) {
                    Some(message) if !message.is_empty() => format!("{id} ({message})"),
                    _ => id.to_string(),
                }
            })
            .collect();
        match words[..] {
            [] => "base".to_owned(),
            _ => words.join(", "),
        }
    }

    fn outcome(&self, told: &[Vec<Diagnostic>], kept: &[Option<Kept>]) -> format::Outcome {
        let stopped = || Diagnostic::new("stopped", "the run was stopped");
        let is_stopped = !self.outcome.is_complete();
        // Each lane has its own words; here stands each cause once, with all that it concerns.
        let names = self.outcome.lanes.iter().map(|lane| lane.database.clone());
        let causes = self
            .session
            .once(&names.zip(told.iter().cloned()).collect());
        let all = [&self.before.told[..], &causes].concat();
        let error = diagnostic::error(&all)
            .or_else(|| is_stopped.then(|| diagnostic::error(&[stopped()]))?);
        let kept = kept.iter().cloned().chain(std::iter::repeat(None));
        let lanes = self.outcome.lanes.iter().zip(told).zip(kept);
        format::Outcome {
            error,
            changed: self.outcome.has_changed() || self.before.has_changed(),
            reset: self.before.reset.clone(),
            lanes: lanes
                .map(|((lane, told), kept)| lane_of(lane, told, kept))
                .collect(),
        }
    }
}

/// What stands of a step: `statement 1 of 3 stands, statement 2 is in doubt`; how
/// many there are may not be known.
pub(super) fn standing(half_done: &HalfDone) -> String {
    let done = half_done.step.done.len();
    let of = half_done.statements;
    let of = of.map_or_else(String::new, |count| format!(" of {count}"));
    let stand = match done {
        0 => "no statement stands for certain".to_owned(),
        1 => format!("statement 1{of} stands"),
        _ => format!("statements 1 to {done}{of} stand"),
    };
    let gone = match &half_done.lost {
        Some(lost) => format!(
            ", the {} of statement {} is gone with its session",
            lost.what, lost.statement
        ),
        None => String::new(),
    };
    match half_done.step.next {
        Some(_) => format!("{stand}, statement {} is in doubt{gone}", done + 1),
        None => format!("{stand}{gone}"),
    }
}

fn joined(ids: &[RevisionId]) -> String {
    ids.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A step that is half done, for programs.
pub(super) fn half_done_of(half_done: &HalfDone) -> format::HalfDone {
    let HalfDone {
        step, statements, ..
    } = half_done;
    format::HalfDone {
        revision: step.revision.to_string(),
        action: step.action.into(),
        statements: *statements,
        done: step.done.len(),
        in_doubt: step.next.as_ref().map(|intent| intent.statement.clone()),
        run: step.run.clone(),
        operator: step.operator.clone(),
        started: step.started.clone(),
    }
}

fn lane_of(lane: &LaneOutcome, told: &[Diagnostic], dump: Option<Kept>) -> format::LaneOutcome {
    let ids = |ids: &[RevisionId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    format::LaneOutcome {
        database: lane.database.to_string(),
        end: match lane.end {
            End::Done => format::End::Done,
            End::Nothing => format::End::Nothing,
            End::HeldBack => format::End::HeldBack,
            End::Stopped => format::End::Stopped,
            End::Undecided(_) => format::End::Undecided,
            End::Refused(_) => format::End::Refused,
            End::Failed { .. } => format::End::Failed,
        },
        done: ids(&lane.done),
        in_doubt: ids(&lane.in_doubt),
        not_begun: ids(&lane.not_begun),
        heads: lane.heads.as_deref().map(ids),
        unknown: ids(&lane.unknown),
        half_done: lane.half_done.as_ref().map(half_done_of),
        error: diagnostic::error(told),
        dump,
    }
}

/// `0.3 s`, `61.0 s`.
fn duration(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}

/// The heads of a lane, now or when they were last known.
fn known(lane: &LaneOutcome) -> Option<&[RevisionId]> {
    let last = (!lane.last.is_empty()).then_some(&lane.last[..]);
    lane.heads.as_deref().or(last)
}
