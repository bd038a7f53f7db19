//! Commands that change databases: `upgrade`, `downgrade`, `switch`, `stamp`, and
//! what they share with `apply`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use rev_core::{Binding, DatabaseName, Goal, Node, Point, RevisionId};
use rev_engine::clock::SystemClock;
use rev_engine::event::Stop;
use rev_engine::executor;
use rev_engine::outcome::{End, HalfDone, LaneOutcome, Outcome};
use rev_engine::pin::Pin;
use rev_engine::request::{Commitment, Job, Request};

use super::stop::until_given_up;
use super::trail::Trail;
use super::{one_line, plan};
use crate::args::{Format, Pace, Running};
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::run as format;
use crate::reporter::Reporter;
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
    let targets = match targets {
        [] => vec!["head".to_owned()],
        targets => targets.to_vec(),
    };
    let selection = session.selection(&targets)?;
    if running.dry_run || running.sql {
        let form = if running.sql {
            Format::Sql
        } else {
            session.terminal.format
        };
        let nothing = Offline::default();
        plan::planned(session, goal, &selection, nothing, running.beside)?.print(session, form)?;
        return Ok(Exit::Done);
    }
    let mut request = request(goal, &running.pace, selection.len(), session);
    request.beside = running.beside;
    carry_out(&request, &selection, &Pins::new(), session)
}

/// Approved lanes, by database.
pub(super) type Pins = BTreeMap<DatabaseName, Arc<Pin>>;

/// What is asked of the engine for so many databases.
pub(super) fn request(goal: Goal, pace: &Pace, databases: usize, session: &Session) -> Request {
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
        jobs: pace.jobs.map_or(databases.clamp(1, MOST_JOBS), usize::from),
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
    let (outcome, ended) = execute(request.clone(), selection, pins, session)?;
    let told = Summary::new(request.goal, &outcome, selection, session).tell();
    // The exit code first tells whether anything changed, also where the answer could not be
    // written. Of a run that was given up nobody knows that nothing has.
    let may_have_changed = outcome.has_changed() || ended == Ended::GivenUp;
    match told {
        Ok(Exit::Refused) if may_have_changed => Ok(Exit::PartWay),
        Err(failure) if may_have_changed => Err(failure.with_exit(Exit::PartWay)),
        told => told,
    }
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
    let clock = SystemClock::start();
    let stop = Stop::default();
    let reporter = Reporter::new(session.terminal);
    let trail = Trail::default();
    let mut tell = |event| {
        reporter.tell(&event);
        trail.follow(&event);
    };
    let run = executor::run(&request, session.graph(), jobs, &clock, &stop, &mut tell);
    let outcome = until_given_up(Box::pin(run), &stop, session.terminal)?;
    reporter.finish();
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
            session,
        }
    }

    fn tell(&self) -> Result<Exit, Failure> {
        let told: Vec<Vec<Diagnostic>> = self
            .outcome
            .lanes
            .iter()
            .map(|lane| self.diagnostics(lane))
            .collect();
        if self.session.terminal.is_json() {
            self.session.terminal.json(&self.outcome(&told))?;
        } else {
            let mut texts: Vec<String> = told.iter().flatten().map(|d| d.text(false)).collect();
            // What is wrong with a script is wrong for every database alike.
            texts.dedup();
            self.session.terminal.complain(&texts.join("\n"));
            let lines = self.outcome.lanes.iter().map(|lane| self.line(lane));
            self.session.terminal.data(&lines.collect::<String>())?;
        }
        Ok(
            match (self.outcome.is_complete(), self.outcome.has_changed()) {
                (true, _) => Exit::Done,
                (false, true) => Exit::PartWay,
                (false, false) => Exit::Refused,
            },
        )
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

    /// One lane, for people.
    fn line(&self, lane: &LaneOutcome) -> String {
        let name = format!("{NAME}{}{NAME:#}", lane.database);
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
                format!("{name}  {GOOD}{done}{GOOD:#}, {now}\n")
            }
            End::Nothing => format!("{name}  nothing to do, at {at}\n"),
            End::HeldBack if lane.done.is_empty() => {
                format!("{name}  held back, nothing changed\n")
            }
            End::HeldBack => format!("{name}  {WARNING}held back{WARNING:#}, {now}\n"),
            // It was given up before it began.
            End::Stopped if lane.heads.is_none() && is_untouched => {
                format!("{name}  {WARNING}stopped{WARNING:#} before a step was begun\n")
            }
            End::Stopped => format!("{name}  {WARNING}stopped{WARNING:#}, {now}\n"),
            End::Undecided(_) => format!("{name}  {WARNING}not decided{WARNING:#}: `rev repair`\n"),
            End::Refused(_) if lane.done.is_empty() => {
                format!("{name}  refused, nothing changed\n")
            }
            End::Refused(_) => format!("{name}  {WARNING}refused{WARNING:#}, {now}\n"),
            End::Failed { .. } => format!("{name}  {WARNING}failed{WARNING:#}, {now}\n"),
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
        match self.goal {
            Goal::Upgrade => format!("{} applied", count(steps, "revision")),
            Goal::Downgrade => format!("{} taken down", count(steps, "revision")),
            Goal::Switch => format!("{} done", count(steps, "step")),
            Goal::Stamp => format!("{} changed", count(steps, "ledger row")),
            // Each of them went twice: out and in.
            Goal::Accept => format!("{} accepted", count(steps / 2, "revision")),
            Goal::Redo => format!("{} done again", count(steps / 2, "revision")),
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

    fn outcome(&self, told: &[Vec<Diagnostic>]) -> format::Outcome {
        let stopped = || Diagnostic::new("stopped", "the run was stopped");
        let is_stopped = !self.outcome.is_complete();
        let error = diagnostic::error(&told.concat())
            .or_else(|| is_stopped.then(|| diagnostic::error(&[stopped()]))?);
        let lanes = self.outcome.lanes.iter().zip(told);
        format::Outcome {
            error,
            changed: self.outcome.has_changed(),
            lanes: lanes.map(|(lane, told)| lane_of(lane, told)).collect(),
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

fn lane_of(lane: &LaneOutcome, told: &[Diagnostic]) -> format::LaneOutcome {
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
    }
}

/// The heads of a lane, now or when they were last known.
fn known(lane: &LaneOutcome) -> Option<&[RevisionId]> {
    let last = (!lane.last.is_empty()).then_some(&lane.last[..]);
    lane.heads.as_deref().or(last)
}
