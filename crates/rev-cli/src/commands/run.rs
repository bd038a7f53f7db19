//! Commands that change databases: `upgrade`, `downgrade`, `switch`, `stamp`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use rev_core::{Binding, Goal, RevisionId};
use rev_engine::event::Stop;
use rev_engine::executor;
use rev_engine::outcome::{End, HalfDone, LaneOutcome, Outcome};
use rev_engine::request::{Commitment, Job, Request};
use serde_json::{Map, Value, json};

use super::{one_line, plan};
use crate::args::{Format, Running};
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::reporter::Reporter;
use crate::session::{Selection, Session, runtime};
use crate::system::SystemClock;
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
        let format = if running.sql {
            Format::Sql
        } else {
            session.terminal.format
        };
        let nothing = BTreeMap::new();
        return plan::print(session, goal, format, &selection, nothing, running.beside);
    }
    let request = Request {
        goal,
        beside: running.beside,
        keep_going: running.keep_going,
        commitment: match (running.atomic, running.two_phase) {
            (true, _) => Commitment::Lane,
            (_, true) => Commitment::Run,
            _ => Commitment::Step,
        },
        ends_sessions: running.end_session,
        alone: false,
        jobs: running
            .jobs
            .map_or(selection.len().clamp(1, MOST_JOBS), usize::from),
        lock_wait: running.lock_wait,
        operator: session.operator.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: session.run.clone(),
    };
    let outcome = execute(&request, &selection, session)?;
    let told = Summary::new(goal, &outcome, &selection, session).tell();
    // The exit code first tells whether anything changed, also where the answer
    // could not be written.
    told.map_err(|failure| match outcome.has_changed() {
        true => failure.with_exit(Exit::PartWay),
        false => failure,
    })
}

fn execute(
    request: &Request,
    selection: &Selection,
    session: &Session,
) -> Result<Outcome, Failure> {
    let jobs = selection
        .iter()
        .map(|(binding, points)| {
            Ok(Job {
                binding: binding.clone(),
                watched: false,
                points: points.clone(),
                database: session.database(binding)?,
            })
        })
        .collect::<Result<Vec<Job>, Failure>>()?;
    let watched = session.watched(selection)?.into_iter();
    let watched = watched.filter_map(|binding| {
        // Without a URL it is told only if it must be looked at.
        let database = session.database(&binding).ok()?;
        Some(Job {
            binding,
            watched: true,
            points: Vec::new(),
            database,
        })
    });
    let jobs = jobs.into_iter().chain(watched).collect();
    let clock = SystemClock::start();
    let stop = Stop::default();
    let reporter = Reporter::new(session.terminal);
    let mut tell = |event| reporter.tell(&event);
    let outcome = runtime()?.block_on(async {
        let listener = tokio::spawn(listen(stop.clone(), session.terminal));
        let run = executor::run(request, session.graph(), jobs, &clock, &stop, &mut tell);
        let outcome = run.await;
        listener.abort();
        outcome
    });
    reporter.finish();
    Ok(outcome)
}

/// Ctrl-C once: stop after the statement at hand; twice: abort it.
pub(super) async fn listen(stop: Stop, terminal: crate::terminal::Terminal) {
    while tokio::signal::ctrl_c().await.is_ok() {
        match stop.request() {
            1 => terminal.talk("stopping after the statement at hand; Ctrl-C again aborts it"),
            _ => terminal.talk("aborting"),
        }
    }
}

/// How it ended, in words.
struct Summary<'a> {
    goal: Goal,
    outcome: &'a Outcome,
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
            self.session.terminal.json(&self.json(&told))?;
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
            End::Done | End::Nothing | End::HeldBack | End::Stopped => Vec::new(),
        }
    }

    /// What stands, and what does not.
    fn with_rest(&self, told: Diagnostic, lane: &LaneOutcome) -> Diagnostic {
        let again = format!("rev {}", self.goal.name());
        let stands = match &lane.half_done {
            _ if lane.heads.is_none() => {
                let look = format!("rev status {}", lane.database);
                return told.hint(format!(
                    "the connection broke, so what stands is not known: `{look}` tells, and \
                     `{again}` goes on from there"
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
            Some(half_done) => standing(half_done),
            None if lane.done.is_empty() => "nothing was changed on it".to_owned(),
            None => "the step that failed was undone as a whole".to_owned(),
        };
        told.hint(format!(
            "{stands}; mend the cause, then `{again}` goes on from here"
        ))
    }

    /// One lane, for people.
    fn line(&self, lane: &LaneOutcome) -> String {
        let name = format!("{NAME}{}{NAME:#}", lane.database);
        let at = self.at(lane);
        let mut text = match &lane.end {
            End::Done => {
                let done = self.done(lane.done.len());
                format!("{name}  {GOOD}{done}{GOOD:#}, now at {at}\n")
            }
            End::Nothing => format!("{name}  nothing to do, at {at}\n"),
            End::HeldBack if lane.done.is_empty() => {
                format!("{name}  held back, nothing changed\n")
            }
            End::HeldBack => format!("{name}  {WARNING}held back{WARNING:#}, now at {at}\n"),
            End::Stopped => format!("{name}  {WARNING}stopped{WARNING:#}, now at {at}\n"),
            End::Undecided(_) => format!("{name}  {WARNING}not decided{WARNING:#}: `rev repair`\n"),
            End::Refused(_) => format!("{name}  refused, nothing changed\n"),
            End::Failed { .. } => format!("{name}  {WARNING}failed{WARNING:#}, now at {at}\n"),
        };
        if !matches!(lane.end, End::Done | End::Nothing | End::Refused(_)) {
            let mut list = |word: &str, ids: &[RevisionId]| {
                if !ids.is_empty() {
                    let _ = writeln!(text, "   {word:9}  {}", joined(ids));
                }
            };
            list("done", &lane.done);
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
    fn at(&self, lane: &LaneOutcome) -> String {
        let graph = self.session.graph();
        let Some(heads) = &lane.heads else {
            return "a place not known".to_owned();
        };
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

    fn json(&self, told: &[Vec<Diagnostic>]) -> Value {
        let lanes: Vec<Value> = self
            .outcome
            .lanes
            .iter()
            .zip(told)
            .map(|(lane, told)| lane_json(lane, told))
            .collect();
        let all: Vec<Diagnostic> = told.concat();
        let mut object = Map::new();
        if !all.is_empty() {
            object.insert("error".into(), diagnostic::error_object(&all));
        } else if !self.outcome.is_complete() {
            let stopped = Diagnostic::new("stopped", "the run was stopped");
            object.insert("error".into(), stopped.json().into());
        }
        object.insert("changed".into(), json!(self.outcome.has_changed()));
        object.insert("lanes".into(), lanes.into());
        object.into()
    }
}

/// What stands of a step: `statement 1 of 3 stands, statement 2 is in doubt`.
pub(super) fn standing(half_done: &HalfDone) -> String {
    let (done, of) = (half_done.step.done.len(), half_done.statements);
    let stand = match done {
        0 => "no statement stands for certain".to_owned(),
        1 => format!("statement 1 of {of} stands"),
        _ => format!("statements 1 to {done} of {of} stand"),
    };
    match half_done.step.next {
        Some(_) => format!("{stand}, statement {} is in doubt", done + 1),
        None => stand,
    }
}

fn joined(ids: &[RevisionId]) -> String {
    ids.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A step that is half done, for programs.
pub(super) fn half_done_json(half_done: &HalfDone) -> Value {
    let HalfDone { step, statements } = half_done;
    json!({
        "revision": step.revision.as_str(),
        "action": step.action.name(),
        "statements": statements,
        "done": step.done.len(),
        "in_doubt": step.next.as_ref().map(|intent| &intent.statement),
        "run": step.run,
        "operator": step.operator,
        "started": step.started,
    })
}

fn lane_json(lane: &LaneOutcome, told: &[Diagnostic]) -> Value {
    let ids = |ids: &[RevisionId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    let end = match lane.end {
        End::Done => "done",
        End::Nothing => "nothing",
        End::HeldBack => "held_back",
        End::Stopped => "stopped",
        End::Undecided(_) => "undecided",
        End::Refused(_) => "refused",
        End::Failed { .. } => "failed",
    };
    json!({
        "database": lane.database.as_str(),
        "end": end,
        "done": ids(&lane.done),
        "not_begun": ids(&lane.not_begun),
        "heads": lane.heads.as_deref().map(ids),
        "unknown": ids(&lane.unknown),
        "half_done": lane.half_done.as_ref().map(half_done_json),
        "error": diagnostic::error_object(told),
    })
}
