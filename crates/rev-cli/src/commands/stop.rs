//! Being asked to stop, and stopping whatever happens.
//!
//! Ctrl-C, and what ends a build or a terminal, ask alike. Once: a run stops after the
//! statement at hand; twice: it aborts that. Whoever asks twice is not kept waiting by a
//! server that does not answer: soon after, or at the third time, the run is given up.

use std::time::Duration;

use rev_engine::event::Stop;

use crate::diagnostic::Failure;
use crate::session::runtime;
use crate::terminal::Terminal;

/// How long a run may take to abort in order.
const GRACE: Duration = Duration::from_secs(4);
/// How often somebody looks whether it is to abort.
const LOOK: Duration = Duration::from_millis(100);

/// Carries a run out; `None`: it was given up, and is at most told by what it told itself.
pub(super) fn until_given_up<T>(
    mut run: std::pin::Pin<Box<dyn Future<Output = T> + '_>>,
    stop: &Stop,
    terminal: Terminal,
) -> Result<Option<T>, Failure> {
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        tokio::select! {
            biased;
            ended = &mut run => Some(ended),
            () = listen(stop.clone(), terminal) => None,
        }
    });
    if ended.is_none() {
        // Nothing of it is waited for, not even its taking apart.
        std::mem::forget(run);
    }
    runtime.shutdown_background();
    Ok(ended)
}

/// Carries out what takes itself apart once it is to abort; `None`: that took too long.
pub(super) async fn until_long_asked<T>(
    mut running: std::pin::Pin<Box<dyn Future<Output = T> + '_>>,
    stop: &Stop,
) -> Option<T> {
    let asked = async {
        while !stop.is_abort() {
            tokio::time::sleep(LOOK).await;
        }
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        biased;
        ended = &mut running => return Some(ended),
        () = asked => {}
    }
    std::mem::forget(running);
    None
}

/// Passes on each request to stop, and returns once nobody is to wait any more.
pub(super) async fn listen(stop: Stop, terminal: Terminal) {
    let mut asked = Asked::new();
    loop {
        asked.next().await;
        if stop.request() > 1 {
            break;
        }
        terminal.talk("stopping after the statement at hand; Ctrl-C again aborts it");
    }
    terminal.talk("aborting");
    tokio::select! {
        () = tokio::time::sleep(GRACE) => {}
        () = asked.next() => {}
    }
}

/// The ways in which a process is asked to stop.
#[cfg(unix)]
struct Asked(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Asked {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        // Who starts a program by `nohup` wants it to outlive the terminal.
        if !is_hangup_ignored() {
            kinds.push(SignalKind::hangup());
        }
        Self(
            kinds
                .into_iter()
                .filter_map(|kind| signal(kind).ok())
                .collect(),
        )
    }

    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let mut signals = self.0.iter_mut();
            match signals
                .any(|signal| matches!(signal.poll_recv(context), std::task::Poll::Ready(Some(()))))
            {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            }
        })
        .await;
    }
}

/// Whether our parent has let us ignore that the terminal is closed, as far as can be seen.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    const HANGUP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & HANGUP > 0)
}

#[cfg(not(unix))]
struct Asked;

#[cfg(not(unix))]
impl Asked {
    fn new() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
