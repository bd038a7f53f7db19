//! What stands between a command and what it would destroy.
//!
//! A database with `protected: true` is taken down, and loses tables or rows by a script, only
//! by a plan that was saved: somebody could read that. Elsewhere a person at a terminal is
//! asked before anything is taken down or destroyed; `--yes` answers, and nobody else is asked.

use std::collections::BTreeSet;

use rev_core::plan::Action;
use rev_core::{DatabaseName, Goal};
use rev_engine::prepare::Prepared;

use super::plan;
use crate::args::{Patience, Running};
use crate::diagnostic::{self, Diagnostic, Failure, shell_word};
use crate::exit::Exit;
use crate::session::{Offline, Selection, Session};
use crate::terminal::{ERROR, ID, NAME, WARNING, few};

/// Whether a run may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// A person has said no.
    Denied,
    /// Nobody was asked.
    Given,
    /// A person has said yes, and was told of all that is lost.
    Said,
}

/// Whether a run may go on; a refusal where a database is protected.
pub(super) fn leave(
    goal: Goal,
    targets: &[String],
    selection: &Selection,
    running: &Running,
    session: &Session,
) -> Result<Leave, Failure> {
    match goal {
        Goal::Stamp | Goal::Accept => return Ok(Leave::Given),
        Goal::Redo => return refuse_redo(selection, session).map(|()| Leave::Given),
        Goal::Upgrade | Goal::Downgrade | Goal::Switch => {}
    }
    let terminal = session.terminal;
    let asks = terminal.has_person()
        && !running.yes
        && (goal != Goal::Upgrade || may_destroy(selection, session));
    let guards = selection
        .iter()
        .any(|(it, _)| session.is_protected(&it.name));
    if !(asks || guards) {
        return Ok(Leave::Given);
    }
    let nothing = Offline::default();
    let asked = plan::Asked {
        goal,
        beside: running.beside,
        patience: Patience::default(),
        most: None,
    };
    let planned = plan::planned(session, &asked, selection, nothing)?;
    // What stands half done is to be looked at, whatever keeps the run from it this time.
    let exit = match planned.has_half_done() {
        true => Exit::PartWay,
        false => Exit::Refused,
    };
    // Nobody is asked about a part: what is wrong with one database is wrong with the run.
    planned
        .check_whole(session)
        .map_err(|failure| failure.with_exit(exit))?;
    let (plan, apply) = as_plan(goal, targets, running, session);
    let mut told = Vec::new();
    let mut lost: Vec<(String, BTreeSet<DatabaseName>)> = Vec::new();
    for prepared in planned.lanes() {
        let name = &prepared.lane.database.name;
        let destroyed = Destroyed::of(prepared);
        if destroyed.is_nothing() {
            continue;
        }
        if session.is_protected(name) {
            told.push(refusal(name, &destroyed.ids(), &plan, &apply));
        }
        for line in destroyed.lines() {
            match lost.iter_mut().find(|(it, _)| *it == line) {
                Some((_, names)) => drop(names.insert(name.clone())),
                None => lost.push((line, BTreeSet::from([name.clone()]))),
            }
        }
    }
    if !told.is_empty() {
        return Err(Failure::of(exit, told));
    }
    if lost.is_empty() || !asks {
        return Ok(Leave::Given);
    }
    for (line, names) in &lost {
        let names = diagnostic::named(names);
        terminal.complain(&format!("{NAME}{names}{NAME:#}  {line}\n"));
    }
    Ok(match terminal.says_yes("Go on? (--yes)", false)? {
        true => Leave::Said,
        false => Leave::Denied,
    })
}

/// Words without which no statement of a script takes anything away.
const DESTROYING: [&str; 9] = [
    "DROP",
    "TRUNCATE",
    "DELETE",
    "REPLACE",
    "DISCARD",
    "EXECUTE",
    "CALL",
    "LANGUAGE",
    "DESTRUCTIVE",
];

/// Whether any way up takes something away, at a first look that asks no database.
fn may_destroy(selection: &Selection, session: &Session) -> bool {
    // The shortcuts too, which are no nodes while what they replace has files.
    session.graph().files().iter().any(|revision| {
        selection.iter().any(|(binding, _)| {
            let work = revision.work(binding).ok();
            let pieces = work.and_then(|work| work.upgrade).map(|script| &script.0);
            let pieces = pieces.into_iter().flatten();
            let mut texts = pieces.map(|piece| piece.to_uppercase());
            texts.any(|text| DESTROYING.iter().any(|word| text.contains(word)))
        })
    })
}

/// Refuses to do revisions again on a protected database.
fn refuse_redo(selection: &Selection, session: &Session) -> Result<(), Failure> {
    let names = selection.iter().map(|(it, _)| &it.name);
    let told: Vec<Diagnostic> = names
        .filter(|name| session.is_protected(name))
        .map(|name| {
            let message = format!("`{name}` is protected, and to do a revision again takes it down first");
            Diagnostic::new("protected", message)
                .fact("database", name.as_str())
                .hint("put the change into a new revision, or take `protected: true` out of rev.yaml for this run")
        })
        .collect();
    match told.is_empty() {
        true => Ok(()),
        false => Err(Failure::of(Exit::Refused, told)),
    }
}

fn refusal(name: &DatabaseName, ids: &[String], plan: &str, apply: &str) -> Diagnostic {
    let shown: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    let message = format!(
        "`{name}` is protected, and would lose what these made or hold: {}",
        few(&shown, ", ")
    );
    Diagnostic::new("protected", message)
        .fact("database", name.as_str())
        .fact("revisions", ids.to_vec())
        .hint(format!(
            "save the plan, let somebody read it, and run that: `rev {plan}`, then `rev {apply}`"
        ))
}

/// What plans the same run of the same databases and saves that, and what runs it.
fn as_plan(
    goal: Goal,
    targets: &[String],
    running: &Running,
    session: &Session,
) -> (String, String) {
    let targets = match targets {
        [] => "head".to_owned(),
        targets => {
            let words: Vec<String> = targets.iter().map(|it| shell_word(it)).collect();
            words.join(" ")
        }
    };
    let beside = if running.beside { " --beside" } else { "" };
    // Also of those that are only waited for.
    let databases = session.project.config.databases.keys();
    let urls = session.urls_again(databases.map(DatabaseName::as_str));
    let goal = goal.name();
    (
        format!("plan {goal} {targets}{beside}{urls} --save plan.yaml"),
        format!("apply plan.yaml{urls}"),
    )
}

/// What a plan takes away from one database.
struct Destroyed {
    /// The revisions that go down.
    down: Vec<String>,
    /// The revisions whose way up takes something away, each with what, as `rev plan` shows it.
    up: Vec<(String, Vec<String>)>,
}

impl Destroyed {
    fn of(prepared: &Prepared) -> Self {
        let dialect = prepared.lane.database.dialect;
        let (mut down, mut up) = (Vec::new(), Vec::new());
        for (step, work) in prepared.lane.steps.iter().zip(prepared.works.iter()) {
            let revision = work.revision.to_string();
            if step.action == Action::Downgrade && !work.statements.is_empty() {
                down.push(revision);
            } else if step.action == Action::Upgrade {
                let losses = rev_render::losses(step, work, dialect);
                if !losses.is_empty() {
                    up.push((revision, losses));
                }
            }
        }
        Self { down, up }
    }

    fn is_nothing(&self) -> bool {
        self.down.is_empty() && self.up.is_empty()
    }

    fn ids(&self) -> Vec<String> {
        let up = self.up.iter().map(|(revision, _)| revision);
        self.down.iter().chain(up).cloned().collect()
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.down.is_empty() {
            let ids = few(&self.down, ", ");
            lines.push(format!(
                "{WARNING}loses{WARNING:#} what these made or hold: {ids}"
            ));
        }
        for (revision, losses) in &self.up {
            let losses = few(losses, "; ");
            lines.push(format!(
                "{ERROR}destructive{ERROR:#}: upgrade {ID}{revision}{ID:#} {losses}"
            ));
        }
        lines
    }
}
