//! What is written down of a step, and how its statements are watched, alike on
//! every engine.

use std::future::Future;
use std::time::{Duration, Instant};

use rev_engine::boundary;
use rev_engine::database::{Batch, LogEntry, Sent, StatementFailure, StepError, Work};
use rev_engine::event::{Pulse, Sign};
use rev_sql::ledger::{Elapsed, Ledger, LogLine};

/// How often a running statement is said to live.
const BEAT: Duration = Duration::from_secs(1);
/// How often somebody asks whether it is to be aborted.
const LOOK: Duration = Duration::from_millis(100);

/// The ledger row and the log row of a step, as SQL. `None`: it has not begun yet,
/// and the server is to tell how long it takes.
pub(crate) fn rows_of(
    ledger: &Ledger,
    batch: &Batch,
    work: &Work,
    begun: Option<Instant>,
) -> String {
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
    lines.join("\n")
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

/// Waits for a statement, telling every second that it lives. Cancels it when it
/// is to be aborted, and goes on waiting: what was sent is answered.
pub(crate) async fn watch<T, C>(
    running: impl Future<Output = T>,
    number: usize,
    pulse: &mut Pulse<'_>,
    cancel: impl Fn() -> C,
) -> T
where
    C: Future<Output = ()>,
{
    boundary::reach();
    let begun = Instant::now();
    let mut beats = 1;
    let mut is_cancelled = false;
    let mut running = std::pin::pin!(running);
    loop {
        tokio::select! {
            biased;
            result = &mut running => return result,
            () = tokio::time::sleep(LOOK) => {}
        }
        if begun.elapsed() >= BEAT * beats {
            beats += 1;
            (pulse.tell)(Sign::Alive {
                statement: number,
                elapsed_ms: milliseconds(begun),
            });
        }
        if pulse.stop.is_abort() && !std::mem::replace(&mut is_cancelled, true) {
            cancel().await;
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

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
