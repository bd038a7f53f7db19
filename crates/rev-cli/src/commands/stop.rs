//! Being asked to stop, and stopping whatever happens.
//!
//! Ctrl-C, and what ends a build or a terminal, ask alike. Once: a run stops after the
//! statement at hand; twice: it aborts that. Whoever asks twice is not kept waiting by a
//! server that does not answer: soon after, or at the third time, the run is given up.

use std::time::Duration;

use rev_engine::event::Stop;

use crate::diagnostic::Failure;
use crate::session::runtime;

/// How long a run may take to abort in order.
const GRACE: Duration = Duration::from_secs(4);
/// How often somebody looks whether it is to abort.
const LOOK: Duration = Duration::from_millis(100);

/// Carries a run out; `None`: it was given up, and is at most told by what it told itself.
/// What is heard is said by `say`, so that no line that moves is written over it.
pub(super) fn until_given_up<T>(
    run: std::pin::Pin<Box<dyn Future<Output = T> + '_>>,
    stop: &Stop,
    say: &dyn Fn(&str),
) -> Result<Option<T>, Failure> {
    until(run, |asked| listen(asked, stop.clone(), say))
}

/// Carries out what may as well be left undone; `None`: somebody asked to stop before its end.
pub(super) fn until_asked<T>(
    running: std::pin::Pin<Box<dyn Future<Output = T> + '_>>,
) -> Result<Option<T>, Failure> {
    until(running, |mut asked| async move {
        asked.next().await;
    })
}

/// Carries out what is left as it stands once somebody who hears the requests to stop says so.
fn until<T, H: Future<Output = ()>>(
    mut running: std::pin::Pin<Box<dyn Future<Output = T> + '_>>,
    hears: impl FnOnce(Asked) -> H,
) -> Result<Option<T>, Failure> {
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        // Before it begins: a signal that nobody awaits ends the process.
        let asked = Asked::new();
        tokio::select! {
            biased;
            ended = &mut running => Some(ended),
            () = hears(asked) => None,
        }
    });
    if ended.is_none() {
        // Nothing of it is waited for, not even its taking apart.
        std::mem::forget(running);
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

/// Passes on each request to stop, says so, and returns once nobody is to wait any more.
async fn listen(mut asked: Asked, stop: Stop, say: &dyn Fn(&str)) {
    loop {
        asked.next().await;
        if stop.request() > 1 {
            break;
        }
        say(STOPPING);
    }
    say("aborting");
    tokio::select! {
        () = tokio::time::sleep(GRACE) => {}
        _ = asked.next() => {}
    }
}

/// Passes on each request to stop. Whoever ends a build or closes a terminal does not ask twice.
/// What is heard is said by `say`, so that no line that moves is written over it.
pub(super) async fn pass_on(mut asked: Asked, stop: Stop, say: impl Fn(&str) + Send) {
    loop {
        if asked.next().await == Asker::End {
            stop.request();
        }
        if stop.request() > 1 {
            say("aborting");
        } else {
            say(STOPPING);
        }
    }
}

const STOPPING: &str = "stopping after the statement at hand; Ctrl-C again aborts it";

/// Who asks a process to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// A person at the terminal, by Ctrl-C.
    Person,
    /// What ends a build, or a terminal that is closed.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no such signals"))]
    End,
}

/// The ways in which a process is asked to stop, awaited since this was made.
#[cfg(unix)]
pub(super) struct Asked(Vec<(Asker, tokio::signal::unix::Signal)>);

#[cfg(unix)]
impl Asked {
    /// Within a runtime.
    pub(super) fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![
            (Asker::Person, SignalKind::interrupt()),
            (Asker::End, SignalKind::terminate()),
        ];
        // Who starts a program by `nohup` wants it to outlive the terminal.
        if !is_hangup_ignored() {
            kinds.push((Asker::End, SignalKind::hangup()));
        }
        let signals = kinds.into_iter();
        Self(
            signals
                .filter_map(|(asker, kind)| Some((asker, signal(kind).ok()?)))
                .collect(),
        )
    }

    async fn next(&mut self) -> Asker {
        use std::task::Poll;
        std::future::poll_fn(|context| {
            let came = self.0.iter_mut().find_map(|(asker, signal)| {
                let came = signal.poll_recv(context);
                matches!(came, Poll::Ready(Some(()))).then_some(*asker)
            });
            came.map_or(Poll::Pending, Poll::Ready)
        })
        .await
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
pub(super) struct Asked;

#[cfg(not(unix))]
impl Asked {
    pub(super) fn new() -> Self {
        Self
    }

    async fn next(&mut self) -> Asker {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Asker::Person
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_left_undone_is_left_when_somebody_asks_to_stop() {
        use rustix::process::{Signal, getpid, kill_process};
        for signal in [Signal::INT, Signal::TERM] {
            let asks = async move {
                kill_process(getpid(), signal).expect("sent");
                std::future::pending::<()>().await;
            };
            let ended = until_asked(Box::pin(asks));
            assert!(ended.is_ok_and(|it| it.is_none()));
        }
        let ended = until_asked(Box::pin(async { 7 }));
        assert!(ended.is_ok_and(|it| it == Some(7)));
    }
}
