//! What runs on throw-away databases: who runs it, and when.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use rev_core::Dialect;
use rev_db::{Scratches, Settings};
use rev_engine::failure::DatabaseError;
use rev_engine::request::Request;
use rev_store::project::OpenError;
use rev_store::{Environment, Project};

/// Names all runs: a throw-away database has no other ones to tell them from.
const RUN: &str = "testing";

/// The project in exactly this folder; no variable of the environment counts.
pub(crate) fn open(folder: &Path) -> Result<(Project, Environment), OpenError> {
    let environment = Environment::default();
    let project = Project::open(folder, Some(Path::new(".")), &environment)?;
    Ok((project, environment))
}

/// Where the project's throw-away databases are made.
pub(crate) fn scratches(project: &Project) -> Result<Scratches, DatabaseError> {
    let settings = Settings {
        ledger_prefix: project.config.ledger_prefix.clone(),
        schema: None,
        lock_timeout: Duration::from_secs(5),
        statement_timeout: Duration::ZERO,
        silence_timeout: Duration::from_secs(30),
        operator: RUN.to_owned(),
        run: RUN.to_owned(),
        is_throw_away: true,
    };
    Scratches::new(Dialect::Sqlite, None, &settings)
}

pub(crate) fn request() -> Request {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Request::on_throw_away(RUN.to_owned(), version, RUN.to_owned())
}

/// Runs something to its end on a thread of its own, since a test may be within a
/// runtime already.
pub(crate) fn wait_for<T: Send, F: Future<Output = T>>(
    make: impl FnOnce() -> F + Send,
) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        let running = std::thread::Builder::new().spawn_scoped(scope, || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            Ok(runtime.block_on(make()))
        })?;
        match running.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
