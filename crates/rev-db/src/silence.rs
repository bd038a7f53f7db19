//! How long a server may be silent while an answer is awaited.
//!
//! A connection can die without a word: a firewall that forgets it, a proxy that reads and
//! forwards nothing. The driver shows no socket, and whoever stands between acknowledges what
//! it does not forward, so nothing below this would notice. So while an answer is awaited a
//! second session asks every ten seconds whether the server still works on what the first one
//! sent. As long as it does the wait has no end. Where it does not, or does not answer
//! either, for as long as the setting says, the first session is given up, and what it did is
//! in doubt. No wait of ours for a server is outside of this, or of [`REACH`].

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long reaching a server may take.
pub(crate) const REACH: Duration = Duration::from_secs(10);
/// How often a second session asks.
const ASK: Duration = Duration::from_secs(10);
/// How long a session that is of no more use is ended in order.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a cancelling of what another session runs may take.
const CANCEL: Duration = Duration::from_secs(3);
/// What the slowest way to a server carries, in bytes a second: while a long text is on its
/// way there the server works on nothing.
const SLOWEST: usize = 10_000;

/// What a second session says of the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The server works on what it sent.
    AtWork,
    /// The server works on nothing for it, or does not know it any more.
    Idle,
    /// Another server has answered, or one that does not tell: somebody lives.
    Unknown,
}

impl Seen {
    /// By the word that a server answers with.
    pub(crate) fn of_word(word: Option<&str>) -> Self {
        match word {
            Some("at work") => Self::AtWork,
            Some("idle") => Self::Idle,
            _ => Self::Unknown,
        }
    }
}

/// Why a session was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Silence {
    /// The server lives, and has long done or forgotten what it was sent.
    NoAnswer(Duration),
    /// Nobody answers there at all.
    Nobody(Duration),
}

impl Silence {
    /// As an error of the driver's kind: the connection is of no more use.
    pub(crate) fn into_error(self) -> sqlx::Error {
        let message = match self {
            Self::NoAnswer(limit) => format!(
                "no answer for {limit:?}, and the server is not at work on one: what it \
                 answered was lost on the way"
            ),
            Self::Nobody(limit) => {
                format!("no answer for {limit:?}, and a second session gets none either")
            }
        };
        sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, message))
    }
}

/// How much was heard of an answer that is not at its end yet.
#[derive(Debug, Default)]
pub(crate) struct Heard(AtomicU64);

impl Heard {
    /// A row of it has come, or its end.
    pub(crate) fn more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn so_far(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Waits for an answer to a text of so many bytes, as long as the server works on it or more
/// of the answer comes. `ask` is the second session: `None` where it does not answer. A limit
/// of zero: without end.
pub(crate) async fn attend<T, A>(
    running: impl Future<Output = T>,
    limit: Duration,
    bytes: usize,
    heard: &Heard,
    ask: impl Fn() -> A,
) -> Result<T, Silence>
where
    A: Future<Output = Option<Seen>>,
{
    if limit.is_zero() {
        return Ok(running.await);
    }
    let mut running = std::pin::pin!(running);
    let on_the_way = Duration::from_secs(u64::try_from(bytes / SLOWEST).unwrap_or(u64::MAX));
    let mut quiet_since: Option<Instant> = None;
    let mut before = heard.so_far();
    loop {
        tokio::select! {
            biased;
            answer = &mut running => return Ok(answer),
            () = tokio::time::sleep(ASK.min(limit)) => {}
        }
        let asked = Instant::now();
        let asking = tokio::time::timeout(REACH.min(limit), ask());
        let seen = tokio::select! {
            biased;
            answer = &mut running => return Ok(answer),
            seen = asking => seen.ok().flatten(),
        };
        let is_coming = std::mem::replace(&mut before, heard.so_far()) != heard.so_far();
        if is_coming || matches!(seen, Some(Seen::AtWork | Seen::Unknown)) {
            quiet_since = None;
            continue;
        }
        let quiet = quiet_since.get_or_insert(asked).elapsed();
        match seen {
            None if quiet >= limit => return Err(Silence::Nobody(limit)),
            Some(_) if quiet >= limit.saturating_add(on_the_way) => {
                return Err(Silence::NoAnswer(limit));
            }
            _ => {}
        }
    }
}

/// Ends a session in order, if that is quickly done.
pub(crate) async fn goodbye<T>(closing: impl Future<Output = T>) {
    // It is of no more use, whatever the server says.
    let _ = tokio::time::timeout(GOODBYE, closing).await;
}

/// Cancels what another session runs, if that is quickly done.
pub(crate) async fn cancel(cancelling: impl Future<Output = ()>) {
    // Who asks twice does not wait for the answer.
    let _ = tokio::time::timeout(CANCEL, cancelling).await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::{Heard, Seen, Silence, attend};

    const LIMIT: Duration = Duration::from_millis(3);
    /// After how many questions the answer comes, if it is still waited for.
    const ANSWERED: usize = 40;

    async fn wait(seen: &[Option<Seen>]) -> Result<(), Silence> {
        wait_for(0, seen).await
    }

    /// What becomes of a wait for an answer that takes long, as the second session says
    /// these things, the last one for ever.
    async fn wait_for(bytes: usize, seen: &[Option<Seen>]) -> Result<(), Silence> {
        let asked = AtomicUsize::new(0);
        let ask = || {
            let number = asked.fetch_add(1, Ordering::SeqCst);
            let seen = seen[number.min(seen.len() - 1)];
            async move { seen }
        };
        let answer = async {
            while asked.load(Ordering::SeqCst) < ANSWERED {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        attend(answer, LIMIT, bytes, &Heard::default(), ask).await
    }

    #[tokio::test]
    async fn a_long_statement_on_a_living_server_is_never_ended() {
        for seen in [Seen::AtWork, Seen::Unknown] {
            assert_eq!(wait(&[Some(seen)]).await, Ok(()));
        }
    }

    #[tokio::test]
    async fn a_server_that_nobody_can_ask_is_given_up() {
        let nobody = Err(Silence::Nobody(LIMIT));
        assert_eq!(wait(&[None]).await, nobody);
        assert_eq!(wait(&[Some(Seen::AtWork), None]).await, nobody);
    }

    #[tokio::test]
    async fn an_answer_that_was_lost_is_not_waited_for() {
        let seen = [Some(Seen::AtWork), Some(Seen::Idle)];
        assert_eq!(wait(&seen).await, Err(Silence::NoAnswer(LIMIT)));
    }

    /// A server has long sent what is still on its way to us.
    #[tokio::test]
    async fn an_answer_that_still_comes_is_waited_for() {
        let (asked, heard) = (AtomicUsize::new(0), Heard::default());
        let ask = || {
            asked.fetch_add(1, Ordering::SeqCst);
            async { Some(Seen::Idle) }
        };
        let answer = async {
            while asked.load(Ordering::SeqCst) < ANSWERED {
                heard.more();
                tokio::time::sleep(Duration::from_micros(100)).await;
            }
        };
        assert_eq!(attend(answer, LIMIT, 0, &heard, ask).await, Ok(()));
    }

    #[tokio::test]
    async fn a_long_text_has_the_time_that_it_takes_to_get_there() {
        assert!(wait(&[Some(Seen::Idle)]).await.is_err());
        assert_eq!(wait_for(10_000_000, &[Some(Seen::Idle)]).await, Ok(()));
    }
}
