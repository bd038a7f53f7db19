//! What is written down of a step, and how its statements are watched, alike on
//! every engine.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rev_engine::boundary;
use rev_engine::database::{Batch, LogEntry, Sent, Work};
use rev_engine::event::{Pulse, Sign};
use rev_engine::failure::{DatabaseError, StatementFailure, StepError};
use rev_sql::ledger::{Elapsed, Ledger, LogLine};

/// How often a running statement is said to live.
const BEAT: Duration = Duration::from_secs(1);
/// How often somebody asks whether it is to be aborted.
const LOOK: Duration = Duration::from_millis(100);
/// After how long what goes on although it was cancelled is cancelled again.
const AGAIN: Duration = Duration::from_secs(1);

/// The ledger row and the log row of a step, as SQL. `None`: it has not begun yet,
/// and the server is to tell how long it takes.
pub(crate) fn rows_of(
    ledger: &Ledger,
    batch: &Batch,
    work: &Work,
    begun: Option<Instant>,
) -> String {
    each_row_of(ledger, batch, work, begun).join("\n")
}

/// The same, a statement each.
pub(crate) fn each_row_of(
    ledger: &Ledger,
    batch: &Batch,
    work: &Work,
    begun: Option<Instant>,
) -> Vec<String> {
    let plan = batch.plan.to_string();
    let line = LogLine {
        run: &batch.run,
        action: work.action.name(),
        revision: work.revision.as_str(),
        outcome: "done",
        plan: &plan,
        statement: 0,
        error: "",
        started: &batch.started,
        elapsed: match begun {
            Some(begun) => Elapsed::Ms(batch.elapsed_ms.saturating_add(milliseconds(begun))),
            None => Elapsed::Transaction(batch.elapsed_ms),
        },
        operator: &batch.operator,
        version: &batch.version,
    };
    let row = |row| match work.action.applies() {
        true => ledger.insert_row(row, &line),
        false => ledger.delete_row(&row.revision),
    };
    let mut lines: Vec<String> = work.rows.iter().map(row).collect();
    lines.push(ledger.insert_log(&line));
    lines
}

/// The log row of something that failed or was decided, as SQL.
pub(crate) fn log_row(ledger: &Ledger, entry: &LogEntry) -> String {
    ledger.insert_log(&LogLine {
        run: &entry.run,
        action: &entry.action,
        revision: &entry.revision,
        outcome: &entry.outcome,
        plan: &entry.plan,
        statement: entry.statement,
        error: &entry.error,
        started: &entry.started,
        elapsed: Elapsed::Ms(entry.elapsed_ms),
        operator: &entry.operator,
        version: &entry.version,
    })
}

/// Which of several statements that were sent together runs, and since when.
#[derive(Debug)]
pub(crate) struct Progress {
    at: Mutex<(usize, Instant)>,
    last: usize,
    /// Whether what runs first is ours, and is to be told of once it stands.
    owes_sign: AtomicBool,
    cancelled: Mutex<Option<usize>>,
}

impl Progress {
    /// The statement with this number runs, and those up to `last` come after it.
    pub(crate) fn new(number: usize, last: usize) -> Self {
        Self {
            at: Mutex::new((number, Instant::now())),
            last,
            owes_sign: AtomicBool::new(false),
            cancelled: Mutex::new(None),
        }
    }

    /// What is ours runs, and one statement comes after it once that stands: see
    /// [`Progress::tell_stands`].
    pub(crate) fn of_ours() -> Self {
        let progress = Self::new(0, 0);
        progress.owes_sign.store(true, Ordering::SeqCst);
        progress
    }

    /// Whether what is ours stands by now, and the statement after it runs or has run.
    pub(crate) fn stands(&self) -> bool {
        self.at().0 > 0
    }

    /// Tells once that what is ours stands, as soon as it does.
    pub(crate) fn tell_stands(&self, pulse: &mut Pulse<'_>) {
        if self.stands() && self.owes_sign.swap(false, Ordering::SeqCst) {
            (pulse.tell)(Sign::Stands);
        }
    }

    /// The statement with this number runs from now on.
    pub(crate) fn move_to(&self, number: usize) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = (number, Instant::now());
    }

    /// Which statement runs, and since when.
    pub(crate) fn at(&self) -> (usize, Instant) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that runs is to be cancelled. Where one was before, that one stays the one that
    /// was: a server that answers it as if it had come to its end goes on to the next.
    pub(crate) fn cancel(&self) {
        let number = self.at().0;
        let mut cancelled = self
            .cancelled
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        cancelled.get_or_insert(number);
    }

    /// The statement that was to be cancelled. It need not have failed: servers answer
    /// some, such as a sleep, as if they had come to their end.
    pub(crate) fn cancelled(&self) -> Option<usize> {
        *self
            .cancelled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether others come after the one that runs.
    fn goes_on(&self) -> bool {
        self.at().0 < self.last
    }
}

/// Whether something was seen just now, so that there is no need to look again.
pub(crate) fn is_fresh(seen: Option<Instant>) -> bool {
    seen.is_some_and(|seen| seen.elapsed() < BEAT)
}

/// Waits for a statement, as [`watch_all`].
pub(crate) async fn watch<T, C>(
    running: impl Future<Output = T>,
    number: usize,
    pulse: &mut Pulse<'_>,
    cancel: impl Fn() -> C,
) -> T
where
    C: Future<Output = ()>,
{
    watch_all(running, &Progress::new(number, number), pulse, cancel).await
}

/// Waits for statements that were sent together, telling every second that the one
/// that runs lives. Cancels it when it is to be aborted, and where none is to begin
/// after it, again and again as [`insist`]; and goes on waiting: what was sent is answered.
pub(crate) async fn watch_all<T, C>(
    running: impl Future<Output = T>,
    progress: &Progress,
    pulse: &mut Pulse<'_>,
    cancel: impl Fn() -> C,
) -> T
where
    C: Future<Output = ()>,
{
    boundary::reach();
    let mut told = (0, 0);
    let mut cancelled: Option<Instant> = None;
    let mut running = std::pin::pin!(running);
    loop {
        tokio::select! {
            biased;
            result = &mut running => return result,
            () = tokio::time::sleep(LOOK) => {}
        }
        progress.tell_stands(pulse);
        let (number, begun) = progress.at();
        if told.0 != number {
            told = (number, 0);
        }
        if number > 0 && begun.elapsed() >= BEAT * (told.1 + 1) {
            told.1 += 1;
            (pulse.tell)(Sign::Alive {
                statement: number,
                elapsed_ms: milliseconds(begun),
            });
        }
        let is_over = pulse.stop.is_abort() || (pulse.stop.is_requested() && progress.goes_on());
        // A commit of ours that is cancelled may stand all the same.
        let is_over = is_over && (number > 0 || !progress.owes_sign.load(Ordering::SeqCst));
        if is_over && cancelled.is_none_or(|last| last.elapsed() >= AGAIN) {
            progress.cancel();
            cancel().await;
            cancelled = Some(Instant::now());
        }
    }
}

/// Cancels what runs, and waits for its end. One cancel is not enough: the session that
/// cancels may not be let in in time, and a cancel that comes before its statement begins is
/// forgotten by the server, while the statement may run for hours.
pub(crate) async fn insist<T, C>(running: impl Future<Output = T>, cancel: impl Fn() -> C) -> T
where
    C: Future<Output = ()>,
{
    let mut running = std::pin::pin!(running);
    loop {
        cancel().await;
        tokio::select! {
            biased;
            result = &mut running => return result,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

/// Refuses a statement that names the ledger's tables: those are written by the
/// executor alone.
pub(crate) fn check_names(ledger: &Ledger, step: usize, sent: Sent<'_>) -> Result<(), StepError> {
    match ledger.named_in(&sent.statement.text) {
        None => Ok(()),
        Some(table) => {
            let mut failure = Box::new(failure_of(sent));
            failure.message = format!("a script may not name the ledger's table `{table}`");
            failure.is_undone = true;
            Err(StepError::Statement { step, failure })
        }
    }
}

/// A failure of a statement, of which nothing more is known yet.
pub(crate) fn failure_of(sent: Sent<'_>) -> StatementFailure {
    StatementFailure {
        number: sent.number,
        statement: sent.statement.text.clone(),
        piece: sent.statement.piece,
        offset: sent.statement.offset,
        code: None,
        message: String::new(),
        detail: None,
        hint: None,
        context: None,
        is_undone: false,
    }
}

/// The same of what no server has worded.
pub(crate) fn unsaid(sent: Sent<'_>, error: &DatabaseError) -> StatementFailure {
    StatementFailure {
        message: error.to_string(),
        ..failure_of(sent)
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use rev_engine::event::{Pulse, Stop};

    use super::{Progress, insist, watch_all};

    /// At which cancel a statement ends: the first ones came before it began.
    const HEARD: usize = 2;

    /// A statement that ends once it was cancelled often enough.
    async fn statement(cancels: &AtomicUsize) -> usize {
        loop {
            let heard = cancels.load(Ordering::SeqCst);
            if heard >= HEARD {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn what_goes_on_after_it_was_cancelled_is_cancelled_again() {
        let cancels = AtomicUsize::new(0);
        let cancel = || async {
            cancels.fetch_add(1, Ordering::SeqCst);
        };
        assert_eq!(insist(statement(&cancels), cancel).await, HEARD);

        let cancels = AtomicUsize::new(0);
        let cancel = || async {
            cancels.fetch_add(1, Ordering::SeqCst);
        };
        let stop = Stop::default();
        stop.request();
        stop.request();
        let mut tell = |_| {};
        let mut pulse = Pulse {
            stop,
            tell: &mut tell,
        };
        let progress = Progress::new(1, 1);
        let ended = watch_all(statement(&cancels), &progress, &mut pulse, cancel).await;
        assert_eq!((ended, progress.cancelled()), (HEARD, Some(1)));
    }
}
