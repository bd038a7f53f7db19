//! `rev wait`, and `--wait`: until servers that are still starting can be reached.
//!
//! Only what time may heal is waited for. A server that turns a user away, or a URL that
//! cannot be used, is the same in a minute.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rev_core::{Binding, DatabaseName};
use rev_engine::failure::DatabaseError;

use crate::args::Wait;
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::fleet::{self, Answer, Bound, Pace};
use crate::format::desk::Reached;
use crate::session::Session;
use crate::terminal::NAME;

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(250);

/// `rev wait`.
pub(crate) fn wait(args: &Wait, session: &Session) -> Result<Exit, Failure> {
    let bindings = session.databases(&args.databases)?;
    until_reached(session, bindings.iter(), args.timeout, "--timeout")?;
    let lines = bindings
        .iter()
        .map(|it| format!("{NAME}{}{NAME:#}  can be reached\n", it.name));
    if session.terminal.is_json() {
        let reached = bindings.iter().map(|it| it.name.to_string()).collect();
        session.terminal.json(&Reached { reached })?;
    } else {
        session.terminal.data(&lines.collect::<String>())?;
    }
    Ok(Exit::Done)
}

/// Asks a database who it is; what may heal is told apart from what cannot.
async fn identity(
    session: &Session,
    binding: &Binding,
) -> Result<Result<(), DatabaseError>, Failure> {
    let mut database = session.database(binding)?;
    let answer = database.identity().await;
    let _ = database.unlock().await;
    Ok(answer.map(drop))
}

fn heals(error: &DatabaseError) -> bool {
    matches!(
        error,
        DatabaseError::Connect { .. } | DatabaseError::Lost { .. } | DatabaseError::Busy { .. }
    )
}

/// Waits until each of them can be reached, all in the same time. The flag is the one that
/// gave the time.
pub(super) fn until_reached<'a>(
    session: &Session,
    bindings: impl Iterator<Item = &'a Arc<Binding>>,
    most: Duration,
    flag: &'static str,
) -> Result<(), Failure> {
    let start = Instant::now();
    // Who has no time asks once, and that takes as long as the URL says.
    let bound = if most.is_zero() {
        Bound::Url
    } else {
        Bound::Common(most, start)
    };
    let pace = Pace::bounded(bound, Some(flag)).for_all();
    let mut waiting: BTreeSet<DatabaseName> = bindings.map(|it| it.name.clone()).collect();
    let mut why: BTreeMap<DatabaseName, Vec<Diagnostic>> = BTreeMap::new();
    let look = async |binding: &Arc<Binding>| identity(session, binding).await;
    loop {
        let mut may_heal = true;
        for Answer { name, said } in fleet::ask(session, waiting, pace, look)? {
            match said {
                Ok(Ok(())) => {
                    why.remove(&name);
                }
                Ok(Err(error)) => {
                    may_heal &= heals(&error);
                    if may_heal && start.elapsed() < most && !why.contains_key(&name) {
                        session
                            .terminal
                            .talk(&format!("waiting for `{name}`: {error}"));
                    }
                    let told = session.refusal(&error.into(), &*session.binding(&name)?);
                    why.insert(name, told);
                }
                // What it has answered before says more than that time is over.
                Err(told) => {
                    may_heal = false;
                    why.entry(name).or_insert(told);
                }
            }
        }
        if why.is_empty() {
            return Ok(());
        }
        if !may_heal || start.elapsed() >= most {
            let told = session.once(&why.into_iter().collect());
            return Err(Failure::of(Exit::Refused, told));
        }
        waiting = why.keys().cloned().collect();
        std::thread::sleep(PAUSE.min(most.saturating_sub(start.elapsed())));
    }
}
