//! Many databases asked at once.
//!
//! They are only read, so none waits for another: one that is dead costs its own time-out and
//! nothing of the others. Answers come in the order of names, whoever was first.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use rev_core::{Binding, DatabaseName};
use rev_engine::database::Database;
use rev_engine::prepare::Surveyed;

use crate::args::Patience;
use crate::diagnostic::{self, Diagnostic, Failure, Told};
use crate::session::{Session, runtime};

/// How many databases are asked at once, unless a flag says otherwise.
const MOST_ASKED: usize = 16;

/// How many are asked at once whose time is one and the same: none is to wait for another's
/// silence. The system lets a process open some 1,000 files.
const MOST_AWAITED: usize = 256;

/// What a database answered, or why it cannot be read.
pub(crate) struct Answer<T> {
    /// Who was asked.
    pub(crate) name: DatabaseName,
    /// What came back.
    pub(crate) said: Result<T, Vec<Diagnostic>>,
}

/// How long an answer is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    /// As long as the URL says.
    Url,
    /// So long, each by itself.
    Each(Duration),
    /// So long from this moment, for all in common.
    Common(Duration, Instant),
}

/// How databases are asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    jobs: usize,
    bound: Bound,
    /// The flag that gives more time, where there is one.
    flag: Option<&'static str>,
}

impl Pace {
    /// With one bound for all, and the flag that gives more time.
    pub(crate) fn bounded(bound: Bound, flag: Option<&'static str>) -> Self {
        Self {
            jobs: MOST_ASKED,
            bound,
            flag,
        }
    }

    /// The same, where all wait in common for what may take the whole time.
    pub(crate) fn for_all(self) -> Self {
        Self {
            jobs: MOST_AWAITED,
            ..self
        }
    }
}

impl From<&Patience> for Pace {
    fn from(patience: &Patience) -> Self {
        Self {
            jobs: patience.jobs.map_or(MOST_ASKED, usize::from),
            bound: patience.timeout.map_or(Bound::Url, Bound::Each),
            flag: Some("--timeout"),
        }
    }
}

/// Asks all of these.
pub(crate) fn ask<T>(
    session: &Session,
    names: BTreeSet<DatabaseName>,
    pace: impl Into<Pace>,
    look: impl AsyncFn(&Arc<Binding>) -> Result<T, Failure>,
) -> Result<Vec<Answer<T>>, Failure> {
    let runtime = runtime()?;
    let pace = pace.into();
    let answers = futures_util::stream::iter(names)
        .map(|name| {
            let look = &look;
            async move {
                let said = match session.binding(&name) {
                    Ok(binding) => in_time(&name, pace, look(&binding)).await,
                    Err(failure) => Err(failure),
                };
                let said = said.map_err(Failure::into_diagnostics);
                Answer { name, said }
            }
        })
        .buffered(pace.jobs)
        .collect();
    let answers = runtime.block_on(answers);
    // A name that no server resolves keeps its thread for long.
    runtime.shutdown_background();
    Ok(answers)
}

/// A database, and where it stands.
pub(crate) type Stand = (Arc<Binding>, Surveyed);

/// Asks all of these where they stand; of what a person should know of where a ledger lies it
/// is warned.
pub(crate) fn survey(
    session: &Session,
    names: BTreeSet<DatabaseName>,
    pace: impl Into<Pace>,
) -> Result<Vec<Answer<Stand>>, Failure> {
    let answers = survey_and(session, names, pace, async |_, _| ())?;
    let stands = answers.into_iter().map(|Answer { name, said }| Answer {
        name,
        said: said.map(|(stand, ())| stand),
    });
    Ok(stands.collect())
}

/// The same, with one more question to each, in the same session.
pub(crate) fn survey_and<T>(
    session: &Session,
    names: BTreeSet<DatabaseName>,
    pace: impl Into<Pace>,
    more: impl AsyncFn(&mut dyn Database, &Surveyed) -> T,
) -> Result<Vec<Answer<(Stand, T)>>, Failure> {
    let answers = ask(session, names, pace, async |binding| {
        let (mut database, surveyed, caution) = session.surveyed_open(binding).await?;
        let more = more(&mut *database, &surveyed).await;
        Ok((binding.clone(), surveyed, caution, more))
    })?;
    let mut cautions = Told::new();
    let answers = answers.into_iter().map(|Answer { name, said }| {
        let said = said.map(|(binding, surveyed, caution, more)| {
            cautions.push((name.clone(), caution.into_iter().collect()));
            ((binding, surveyed), more)
        });
        Answer { name, said }
    });
    let answers = answers.collect();
    for caution in session.once(&cautions) {
        session.terminal.talk(caution.text(true).trim_end());
    }
    Ok(answers)
}

/// Parts what was said from what cannot be read.
pub(crate) fn parted<T>(answers: Vec<Answer<T>>) -> (Vec<(DatabaseName, T)>, Told) {
    let (mut said, mut told) = (Vec::new(), Told::new());
    for answer in answers {
        match answer.said {
            Ok(it) => said.push((answer.name, it)),
            Err(diagnostics) => told.push((answer.name, diagnostics)),
        }
    }
    (said, told)
}

async fn in_time<T>(
    name: &DatabaseName,
    pace: Pace,
    answer: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let (most, left) = match pace.bound {
        Bound::Url => return answer.await,
        Bound::Each(most) => (most, most),
        Bound::Common(most, start) => (most, most.saturating_sub(start.elapsed())),
    };
    if left.is_zero() {
        let message = format!("time was over before `{name}` was asked");
        return Err(silent(name, &message, pace.flag));
    }
    let seconds = most.as_secs_f64();
    tokio::time::timeout(left, answer)
        .await
        .unwrap_or_else(|_| {
            let message = format!("`{name}` has not answered within {seconds} s");
            Err(silent(name, &message, pace.flag))
        })
}

fn silent(name: &DatabaseName, message: &str, flag: Option<&str>) -> Failure {
    let told = Diagnostic::new("no_answer", message).fact("database", name.as_str());
    Failure::refused(match flag {
        Some(flag) => told.hint(format!(
            "is the server up and reachable from here? Or wait longer (`{flag} 30s`)"
        )),
        None => told.hint("is the server up and reachable from here?"),
    })
}

/// Tells why some databases cannot be read, beside what the others have said.
pub(crate) fn complain(session: &Session, told: &Told) {
    if told.is_empty() {
        return;
    }
    let texts = session.once(told);
    let texts: Vec<String> = texts.iter().map(|it| it.text(false)).collect();
    session.terminal.complain(&texts.join("\n"));
}

/// Why a database cannot be read, for programs.
pub(crate) fn unread(name: &DatabaseName, told: &[Diagnostic]) -> crate::format::status::Unread {
    let unsaid = || Diagnostic::new("unreadable", "the database cannot be read");
    let error = diagnostic::error(told).or_else(|| diagnostic::error(&[unsaid()]));
    crate::format::status::Unread {
        database: name.to_string(),
        error: error.expect("one thing is told"),
    }
}
