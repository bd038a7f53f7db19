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
mod verdict;
mod walker;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream;
use rev_core::trial::{Merge, Program, parted};
use rev_core::{DatabaseName, Graph, Node, NodeSet, RevisionId, ShortcutId};

use crate::clock::Clock;
use crate::database::DatabaseError;
use crate::event::Stop;
use crate::place::{Ground, Place};
use crate::request::Request;
pub use verdict::{Fault, Judgement, Kind, Moment, News, Remark, Report, Skip, Subject, Verdict};
use walker::Walker;

/// What all trials share.
#[derive(Clone, Copy)]
pub struct Bench<'a> {
    /// The graph.
    pub graph: &'a Arc<Graph>,
    /// The same without shortcuts.
    pub alone: &'a Arc<Graph>,
    /// Who runs it, and how; its goal does not count.
    pub request: &'a Request,
    /// How many databases are worked on at once; at least one.
    pub jobs: usize,
    /// What time it is.
    pub clock: &'a (dyn Clock + Sync),
    /// To be asked to stop by.
    pub stop: &'a Stop,
}

/// A program, and where its databases are made.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    /// What to prove.
    pub program: &'a Program,
    /// Where.
    pub ground: &'a dyn Ground,
}

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

/// A run of all trials.
struct Run<'a> {
    bench: Bench<'a>,
    tell: Mutex<&'a mut (dyn FnMut(News) + Send)>,
    made: AtomicUsize,
    stayed: Mutex<Vec<DatabaseError>>,
    /// For each stage the revisions on which nothing can be built.
    failed: Vec<Mutex<NodeSet>>,
}

impl<'a> Run<'a> {
    fn tell(&self, news: News) {
        let mut tell = self.tell.lock().unwrap_or_else(PoisonError::into_inner);
        (*tell)(news);
    }

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

    fn subject(&self, database: &DatabaseName, kind: Kind, id: &RevisionId) -> Subject {
        let graph = self.bench.graph;
        let node = graph.find(id.as_str()).map(|node| graph.revision(node));
        let shortcut = graph.find_shortcut(id.as_str());
        let revision = node.or(shortcut.map(|it| &graph.shortcut(it).revision));
        Subject {
            database: database.clone(),
            kind,
            revision: Some(id.clone()),
            message: revision.map(|it| it.message.clone()).unwrap_or_default(),
        }
    }

    fn failed<T>(&self, stage: usize, with: impl FnOnce(&mut NodeSet) -> T) -> T {
        let mut failed = self.failed[stage]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        with(&mut failed)
    }

    /// The first of these revisions on which nothing can be built.
    fn first_failed(&self, stage: usize, below: &NodeSet) -> Option<RevisionId> {
        let graph = self.bench.alone;
        let failed = self.failed(stage, |failed| failed.intersection(below));
        let first = graph.topological().iter().find(|it| failed.contains(**it));
        first.map(|&node| graph.id(node).clone())
    }

    async fn make(&self, stage: Stage<'_>) -> Result<Box<dyn Place>, DatabaseError> {
        let place = stage.ground.make().await?;
        self.made.fetch_add(1, Ordering::Relaxed);
        Ok(place)
    }

    async fn copy(&self, place: &dyn Place) -> Result<Option<Box<dyn Place>>, DatabaseError> {
        let copy = place.copy().await?;
        self.made
            .fetch_add(usize::from(copy.is_some()), Ordering::Relaxed);
        Ok(copy)
    }

    /// Takes a place away; one that stays is told in the end.
    async fn remove(&self, place: Box<dyn Place>) {
        if let Err(error) = place.remove().await {
            let mut stayed = self.stayed.lock().unwrap_or_else(PoisonError::into_inner);
            stayed.push(error);
        }
    }
}
