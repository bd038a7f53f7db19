//! What `rev test` runs, on SQLite.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rev_core::trial::{Choice, programs};
use rev_core::{Binding, DatabaseName, Dialect};
use rev_engine::clock::SystemClock;
use rev_engine::event::Stop;
use rev_engine::trial::{self, Bench, Judgement, Report, Stage, Verdict};
use rev_render::count;

use crate::Error;
use crate::run::{open, request, scratches, wait_for};

/// What came of proving a project's revisions.
#[derive(Debug)]
pub struct Proofs {
    /// A verdict a trial.
    pub report: Report,
    /// Databases of other engines, for which nothing was proven.
    pub left_out: Vec<DatabaseName>,
}

/// Proves the revisions of the project in this folder on throw-away databases of
/// SQLite, as `rev test` does.
///
/// # Errors
///
/// [`Error`], where the project cannot be read, or a database not be made.
pub fn prove(project: impl AsRef<Path>) -> Result<Proofs, Error> {
    let (project, environment) = open(project.as_ref())?;
    let names = project.config.databases.keys();
    let bindings = names.map(|name| project.config.binding(name, &environment).map(Arc::new));
    let bindings = bindings.collect::<Result<Vec<Arc<Binding>>, _>>()?;
    let (bindings, others): (Vec<_>, Vec<_>) = bindings
        .into_iter()
        .partition(|it| it.dialect == Dialect::Sqlite);
    let graph = &project.graph;
    let alone = Arc::new(graph.without_shortcuts());
    let choice = Choice {
        bindings: &bindings,
        is_chosen: &|_, _| true,
        with_heads: true,
    };
    let programs = programs(graph, &alone, choice).map_err(|(binding, errors)| Error::Scripts {
        database: binding.name.clone(),
        errors,
    })?;
    let ground = scratches(&project)?;
    let report = wait_for(|| async {
        let stages = programs.iter().map(|program| Stage {
            program,
            ground: &ground,
        });
        let stages: Vec<Stage<'_>> = stages.collect();
        let bench = Bench {
            graph,
            alone: &alone,
            request: &request(),
            jobs: 1,
            clock: &SystemClock::start(),
            stop: &Stop::default(),
        };
        trial::run(bench, &stages, &mut |_| {}).await
    })?;
    Ok(Proofs {
        report,
        left_out: others.into_iter().map(|it| it.name.clone()).collect(),
    })
}

impl Proofs {
    /// Whether nothing failed.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failed().next().is_none()
    }

    /// Asserts that nothing failed.
    ///
    /// # Panics
    ///
    /// Where something did, with all that did.
    pub fn assert_good(&self) {
        assert!(self.is_good(), "{self}");
    }

    fn failed(&self) -> impl Iterator<Item = &Verdict> {
        let verdicts = self.report.verdicts.iter();
        verdicts.filter(|it| matches!(it.judgement, Judgement::Failed(_)))
    }
}

impl fmt::Display for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for verdict in self.failed() {
            let Judgement::Failed(fault) = &verdict.judgement else {
                continue;
            };
            let subject = &verdict.subject;
            let revision = subject.revision.as_ref().map(|it| format!(" {it}"));
            let revision = revision.unwrap_or_default();
            writeln!(
                f,
                "{} {}{revision}: {fault}",
                subject.database,
                subject.kind.name()
            )?;
            let (missing, extra) = fault.difference();
            for line in missing {
                writeln!(f, "  - {line}")?;
            }
            for line in extra {
                writeln!(f, "  + {line}")?;
            }
        }
        let failed = self.failed().count();
        write!(
            f,
            "{failed} of {} failed",
            count(self.report.verdicts.len(), "trial")
        )
    }
}
