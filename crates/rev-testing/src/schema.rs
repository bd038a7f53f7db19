//! A database at a target, for whatever the service does with it.

use std::path::Path;
use std::sync::Arc;

use rev_core::Dialect;
use rev_db::Scratch;
use rev_engine::clock::SystemClock;
use rev_engine::event::Stop;
use rev_engine::outcome::End;
use rev_engine::replay::Replay;

use crate::Error;
use crate::plan::target;
use crate::run::{open, request, scratches, wait_for};

/// A throw-away database of SQLite, brought to a target. It is gone when dropped.
pub struct Schema {
    url: String,
    #[expect(dead_code, reason = "the file goes when this is dropped")]
    scratch: Scratch,
}

impl Schema {
    /// Brings an empty database to a target for one database, such as `db1@head`.
    ///
    /// # Errors
    ///
    /// [`Error`], where it does not come there.
    pub fn at(project: impl AsRef<Path>, to: &str) -> Result<Self, Error> {
        let (project, environment) = open(project.as_ref())?;
        let (names, point) = target(&project, to)?;
        let [name] = &names[..] else {
            return Err(Error::Unbound {
                name: to.to_owned(),
            });
        };
        let binding = Arc::new(project.config.binding(name, &environment)?);
        if binding.dialect != Dialect::Sqlite {
            return Err(Error::NotSqlite {
                database: name.clone(),
            });
        }
        let scratches = scratches(&project)?;
        let (scratch, done) = wait_for(|| async {
            let scratch = scratches.make().await?;
            let replay = Replay {
                request: &request(),
                clock: &SystemClock::start(),
                stop: &Stop::default(),
            };
            let database = scratch.open()?;
            let points = [point];
            let done = replay.run(database, &binding, &project.graph, &points);
            let done = done.await;
            Ok::<_, Error>((scratch, done))
        })??;
        match done {
            Ok(_) => Ok(Self {
                url: scratch.url().expose(),
                scratch,
            }),
            Err(lane) => Err(Error::NotUp {
                database: name.clone(),
                reason: reason(&lane.end),
            }),
        }
    }

    /// Its URL, `sqlite:///…`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Why a run did not come to its end.
fn reason(end: &End) -> String {
    match end {
        End::Refused(refusal) => refusal.to_string(),
        End::Failed {
            revision, error, ..
        } => format!("`{revision}`: {error}"),
        other => format!("{other:?}"),
    }
}
