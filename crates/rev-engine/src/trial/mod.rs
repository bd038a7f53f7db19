//! Trials: proving revisions on throw-away databases.
//!
//! A walk takes one database along the history and proves each revision where it
//! stands: up, down, and up again, which leaves the state that the next one
//! needs. So a revision costs three scripts, and a walk one database. After a
//! failure the walk goes on on a fresh database, so that one fault is told once.
//! Merges and shortcuts come afterwards, where the revisions below them have
//! passed. Whatever was made is taken away, however a trial ends.

mod merge;
mod revision;
mod rows;
mod shortcut;
mod stage;
mod verdict;
mod walker;

use std::sync::atomic::AtomicUsize;
use std::sync::{Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream;
use rev_core::trial::{Merge, Program, parted};
use rev_core::{Node, ShortcutId};

use stage::Run;
pub use stage::{Bench, Stage};
pub use verdict::{Fault, Judgement, Kind, Moment, News, Remark, Report, Skip, Subject, Verdict};
use walker::Walker;

/// How many trials a program has.
#[must_use]
pub fn count(program: &Program) -> usize {
    program.heads.len() + program.revisions.len() + program.merges.len() + program.shortcuts.len()
}

/// Runs all trials of all stages.
pub async fn run(
    bench: Bench<'_>,
    stages: &[Stage<'_>],
    tell: &mut (dyn FnMut(News) + Send),
) -> Report {
    let run = Run {
        bench,
        tell: Mutex::new(tell),
        made: AtomicUsize::new(0),
        stayed: Mutex::default(),
        failed: stages.iter().map(|_| Mutex::default()).collect(),
    };
    let mut verdicts = run.heads(stages);
    for courses in [run.walks(stages), rest(stages)] {
        let running = courses.into_iter().map(|course| run.take(stages, course));
        let done: Vec<Vec<Verdict>> = stream::iter(running)
            .buffer_unordered(bench.jobs.max(1))
            .collect()
            .await;
        verdicts.extend(done.into_iter().flatten());
    }
    verdicts.sort_by_key(|verdict| verdict.number);
    Report {
        verdicts,
        made: run.made.into_inner(),
        stayed: run
            .stayed
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner),
    }
}

/// What goes on one after another, on as few databases as can be.
struct Course {
    stage: usize,
    /// The number of the first trial, among all.
    first: usize,
    trials: Trials,
}

enum Trials {
    Revisions(Vec<Node>),
    Merges(Vec<Merge>),
    Shortcuts(Vec<ShortcutId>),
}

/// What is after the walks: merges and shortcuts.
fn rest(stages: &[Stage<'_>]) -> Vec<Course> {
    let mut courses = Vec::new();
    for (stage, first) in starts(stages) {
        let program = stages[stage].program;
        let first = first + program.heads.len() + program.revisions.len();
        courses.push(Course {
            stage,
            first,
            trials: Trials::Merges(program.merges.clone()),
        });
        courses.push(Course {
            stage,
            first: first + program.merges.len(),
            trials: Trials::Shortcuts(program.shortcuts.clone()),
        });
    }
    courses
}

/// The stages, and the number of the first trial of each.
fn starts(stages: &[Stage<'_>]) -> Vec<(usize, usize)> {
    let mut next = 0;
    let starts = stages.iter().enumerate().map(|(stage, it)| {
        let first = next;
        next += count(it.program);
        (stage, first)
    });
    starts.collect()
}

impl<'a> Run<'a> {
    /// What was known before any database is made.
    fn heads(&self, stages: &[Stage<'_>]) -> Vec<Verdict> {
        let heads = starts(stages)
            .into_iter()
            .flat_map(|(stage, first)| (first..).zip(&stages[stage].program.heads));
        let verdicts = heads.map(|(number, head)| {
            let verdict = Verdict {
                number,
                subject: Subject {
                    database: head.database.clone(),
                    kind: Kind::Head,
                    revision: None,
                    message: String::new(),
                },
                judgement: match &head.error {
                    None => Judgement::Passed,
                    Some(error) => Fault::Head(error.clone()).into(),
                },
                remarks: Vec::new(),
                elapsed_ms: 0,
            };
            self.tell(News::Ended(verdict.clone()));
            verdict
        });
        verdicts.collect()
    }

    /// The walks of all stages, long ones parted among walkers.
    fn walks(&self, stages: &[Stage<'_>]) -> Vec<Course> {
        let walkers = self.bench.jobs.max(1).div_ceil(stages.len().max(1));
        let mut courses = Vec::new();
        for (stage, first) in starts(stages) {
            let program = stages[stage].program;
            let mut first = first + program.heads.len();
            for part in parted(&program.revisions, walkers) {
                let length = part.len();
                courses.push(Course {
                    stage,
                    first,
                    trials: Trials::Revisions(part),
                });
                first += length;
            }
        }
        courses
    }

    async fn take(&self, stages: &[Stage<'a>], course: Course) -> Vec<Verdict> {
        let stage = stages[course.stage];
        let mut walker = Walker::new(self, stage);
        let mut verdicts = Vec::new();
        match &course.trials {
            Trials::Revisions(nodes) => {
                for (number, &node) in (course.first..).zip(nodes) {
                    let verdict = self.revision(number, &course, node, &mut walker);
                    verdicts.push(verdict.await);
                }
            }
            Trials::Merges(merges) => {
                for (number, merge) in (course.first..).zip(merges) {
                    let verdict = self.merge(number, &course, merge, &mut walker);
                    verdicts.push(verdict.await);
                }
            }
            Trials::Shortcuts(shortcuts) => {
                for (number, &shortcut) in (course.first..).zip(shortcuts) {
                    let verdict = self.shortcut(number, &course, shortcut, stage);
                    verdicts.push(verdict.await);
                }
            }
        }
        walker.leave().await;
        verdicts
    }

    async fn revision(
        &self,
        number: usize,
        course: &Course,
        node: Node,
        walker: &mut Walker<'_, 'a>,
    ) -> Verdict {
        let id = self.bench.alone.id(node);
        let subject = self.subject(walker.database_name(), Kind::Revision, id);
        let trial = revision::prove(walker, node);
        let verdict = self.time(number, subject, trial).await;
        if !verdict.judgement.holds() {
            self.failed(course.stage, |failed| failed.insert(node));
        }
        verdict
    }

    async fn merge(
        &self,
        number: usize,
        course: &Course,
        merge: &Merge,
        walker: &mut Walker<'_, 'a>,
    ) -> Verdict {
        let graph = self.bench.alone;
        let id = graph.id(merge.node);
        let subject = self.subject(walker.database_name(), Kind::Merge, id);
        let below = graph.ancestors([merge.node]);
        let trial = async {
            match self.first_failed(course.stage, &below) {
                Some(id) => (Judgement::Skipped(Skip::StandsOn(id)), Vec::new()),
                None => merge::prove(walker, merge).await,
            }
        };
        self.time(number, subject, trial).await
    }

    async fn shortcut(
        &self,
        number: usize,
        course: &Course,
        shortcut: ShortcutId,
        stage: Stage<'a>,
    ) -> Verdict {
        let (graph, alone) = (self.bench.graph, self.bench.alone);
        let id = &graph.shortcut(shortcut).revision.id;
        let subject = self.subject(&stage.program.binding.name, Kind::Shortcut, id);
        let members = graph.ids(graph.members(shortcut));
        let members = members.iter().filter_map(|it| alone.find(it.as_str()));
        let below = alone.ancestors(members);
        let trial = async {
            let judgement = match self.first_failed(course.stage, &below) {
                Some(id) => Judgement::Skipped(Skip::StandsOn(id)),
                None => shortcut::prove(self, stage, shortcut).await,
            };
            (judgement, Vec::new())
        };
        self.time(number, subject, trial).await
    }

    /// Carries a trial out, unless it is to stop, and tells of it.
    async fn time(
        &self,
        number: usize,
        subject: Subject,
        trial: impl Future<Output = (Judgement, Vec<Remark>)>,
    ) -> Verdict {
        let begun = self.bench.clock.elapsed_ms();
        let (judgement, remarks) = match self.bench.stop.is_requested() {
            true => (Judgement::Skipped(Skip::Stopped), Vec::new()),
            false => {
                self.tell(News::Begun(subject.clone()));
                trial.await
            }
        };
        let verdict = Verdict {
            number,
            subject,
            judgement: match self.bench.stop.is_requested() {
                // Whatever went wrong went wrong for that.
                true if !matches!(judgement, Judgement::Passed) => {
                    Judgement::Skipped(Skip::Stopped)
                }
                _ => judgement,
            },
            remarks,
            elapsed_ms: self.bench.clock.elapsed_ms().saturating_sub(begun),
        };
        self.tell(News::Ended(verdict.clone()));
        verdict
    }
}
