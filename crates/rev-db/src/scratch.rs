//! Throw-away databases: made to prove something, gone afterwards.
//!
//! For SQLite a file in a folder of its own; for the others a database on a
//! server that the user names, under a name that nothing else has.

use std::sync::atomic::{AtomicU32, Ordering};

use rev_core::Dialect;
use rev_engine::database::{Database, DatabaseError, Sent, StepError};
use rev_engine::event::{Pulse, Stop};
use rev_sql::ledger;
use rev_sql::split::Statement;
use tempfile::TempDir;

use crate::{Settings, open};

/// A throw-away database.
#[derive(Debug)]
pub struct Scratch {
    dialect: Dialect,
    settings: Settings,
    url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    File(#[expect(dead_code, reason = "the folder goes when this is dropped")] TempDir),
    Server { url: String, name: String },
}

impl Scratch {
    /// Makes an empty database: in a temporary folder, or on the server at `url`.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`]; where there is no `url` but the dialect asks for a
    /// server, [`DatabaseError::Connect`].
    pub async fn make(
        dialect: Dialect,
        url: Option<&str>,
        settings: &Settings,
    ) -> Result<Self, DatabaseError> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let settings = Settings {
            schema: None,
            ..settings.clone()
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (url, place) = match (dialect, url) {
            (Dialect::Sqlite, _) => {
                let folder = tempfile::tempdir().map_err(|error| DatabaseError::Connect {
                    message: format!("no temporary folder can be made: {error}"),
                })?;
                let url = format!(
                    "sqlite://{}",
                    folder.path().join("scratch.sqlite").display()
                );
                (url, Place::File(folder))
            }
            (_, None) => {
                return Err(DatabaseError::Connect {
                    message: format!("no server for throw-away databases is named ({dialect})"),
                });
            }
            (_, Some(server)) => {
                let name = format!("rev_scratch_{}_{number}", settings.run);
                let quoted = ledger::name(&name, dialect);
                run(
                    server,
                    dialect,
                    &settings,
                    &format!("CREATE DATABASE {quoted}"),
                )
                .await?;
                let url = at(server, &name);
                let server = server.to_owned();
                (url, Place::Server { url: server, name })
            }
        };
        Ok(Self {
            dialect,
            settings,
            url,
            place,
        })
    }

    /// Makes ready to reach it.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Connect`].
    pub fn open(&self) -> Result<Box<dyn Database>, DatabaseError> {
        open(&self.url, self.dialect, &self.settings)
    }

    /// Runs statements one after the other, each by itself.
    ///
    /// # Errors
    ///
    /// [`StepError`], with the statement where one failed.
    pub async fn load(&self, statements: &[Statement]) -> Result<(), StepError> {
        let mut database = self.open()?;
        if self.dialect == Dialect::Sqlite {
            // What is thrown away need not survive a power cut.
            send(&mut *database, 0, &statement("PRAGMA synchronous = OFF")).await?;
        }
        for (number, statement) in (1..).zip(statements) {
            send(&mut *database, number, statement).await?;
        }
        Ok(())
    }

    /// Takes it away; all that was opened must be closed by then.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`]: then it is still there, under a name that begins with
    /// `rev_scratch_`.
    pub async fn drop(self) -> Result<(), DatabaseError> {
        let Place::Server { url, name } = &self.place else {
            return Ok(());
        };
        let force = match self.dialect {
            Dialect::Postgres => " WITH (FORCE)",
            Dialect::Mysql | Dialect::Sqlite => "",
        };
        let name = ledger::name(name, self.dialect);
        let text = format!("DROP DATABASE {name}{force}");
        run(url, self.dialect, &self.settings, &text).await
    }
}

/// A server's URL with another database in it.
fn at(server: &str, name: &str) -> String {
    let (rest, parameters) = match server.split_once('?') {
        Some((rest, parameters)) => (rest, format!("?{parameters}")),
        None => (server, String::new()),
    };
    let start = rest.find("://").map_or(0, |at| at + 3);
    let host = rest[start..]
        .find('/')
        .map_or(rest, |at| &rest[..start + at]);
    format!("{host}/{name}{parameters}")
}

async fn run(
    url: &str,
    dialect: Dialect,
    settings: &Settings,
    text: &str,
) -> Result<(), DatabaseError> {
    let mut database = open(url, dialect, settings)?;
    let result = send(&mut *database, 1, &statement(text)).await;
    result.map_err(StepError::into_database_error)
}

async fn send(
    database: &mut dyn Database,
    number: usize,
    statement: &Statement,
) -> Result<(), StepError> {
    let mut silence = |_| {};
    let mut pulse = Pulse {
        stop: Stop::default(),
        tell: &mut silence,
    };
    let sent = Sent { number, statement };
    database.run_alone(sent, &mut pulse).await
}

fn statement(text: &str) -> Statement {
    Statement {
        text: text.to_owned(),
        piece: 0,
        offset: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn a_server_is_named_with_or_without_a_database() {
        for (server, named) in [
            ("postgres://u:p@h:1", "postgres://u:p@h:1/new"),
            ("postgres://h/old?a=b", "postgres://h/new?a=b"),
            ("postgres:///old?host=/run/x", "postgres:///new?host=/run/x"),
            ("mysql://u@h/old", "mysql://u@h/new"),
        ] {
            assert_eq!(at(server, "new"), named);
        }
    }
}
