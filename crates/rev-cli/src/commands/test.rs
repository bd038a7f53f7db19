//! `rev test`: revisions proven on throw-away databases.

mod choice;
mod fault;
mod grounds;
mod junit;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use rev_core::Binding;
use rev_core::trial::{Choice, Program, programs};
use rev_db::Scratches;
use rev_engine::clock::SystemClock;
use rev_engine::event::Stop;
use rev_engine::outcome::Refusal;
use rev_engine::trial::{self, Bench, Fault, Judgement, News, Report, Skip, Stage, Verdict};

use crate::args::Test;
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::reporter::Tally;
use crate::session::{Session, runtime};
use crate::terminal::{NAME, Terminal};
use words::Lines;

use super::run::MOST_JOBS;
use super::stop::until_long_asked;

/// `rev test`.
pub(crate) fn test(args: &Test, session: &Session) -> Result<Exit, Failure> {
    let bindings = session.databases(&args.databases)?;
    let graph = session.graph();
    let alone = Arc::new(graph.without_shortcuts());
    let chosen = choice::read(session, &args.revisions, &bindings)?;
    let programs = programs(
        graph,
        &alone,
        Choice {
            bindings: &bindings,
            is_chosen: &|binding, id| chosen.has(binding, id),
            with_heads: args.revisions.is_empty(),
        },
    )
    .map_err(|(binding, errors)| session.refused(&Refusal::Scripts { errors }, &binding))?;
    say_alike(session, &programs);
    if let Some(path) = &args.junit {
        junit::check(path)?;
    }
    let grounds = grounds::grounds(args, session, &programs)?;
    let request = session.throw_away_request();
    let clock = SystemClock::start();
    let stop = Stop::default();
    let bench = Bench {
        graph,
        alone: &alone,
        request: &request,
        jobs: args
            .jobs
            .map_or(programs.len().clamp(1, MOST_JOBS), usize::from),
        clock: &clock,
        stop: &stop,
    };
    let report = carry_out(session, bench, &programs, &grounds)?;
    let bindings = bindings
        .iter()
        .map(|it| (it.name.clone(), it.clone()))
        .collect();
    answer(args, session, &bindings, &report)
}

/// By name.
type Bindings = BTreeMap<rev_core::DatabaseName, Arc<Binding>>;

/// Says which databases count as one.
fn say_alike(session: &Session, programs: &[Program]) {
    for program in programs {
        for other in &program.alike {
            session.terminal.talk(&format!(
                "{NAME}{}{NAME:#} runs the very same scripts as {NAME}{}{NAME:#}: proven once",
                other.name, program.binding.name
            ));
        }
    }
}

/// Runs all trials, telling of each as soon as all before it are told.
fn carry_out(
    session: &Session,
    bench: Bench<'_>,
    programs: &[Program],
    grounds: &[Scratches],
) -> Result<Report, Failure> {
    let stages: Vec<Stage<'_>> = programs
        .iter()
        .zip(grounds)
        .map(|(program, ground)| Stage { program, ground })
        .collect();
    let count = programs.iter().map(trial::count).sum();
    let (stop, terminal) = (bench.stop.clone(), session.terminal);
    let runtime = runtime()?;
    let listener = runtime.spawn(listen(stop.clone(), terminal));
    let given_up = || {
        let left = "what it has left is taken away by the next `rev test`";
        let told = Diagnostic::new("stopped", "nobody has answered what was asked last");
        Failure::of(Exit::PartWay, vec![told.hint(left)])
    };
    let tried = runtime.block_on(until_long_asked(Box::pin(grounds::try_out(&stages)), &stop));
    tried.ok_or_else(given_up)??;
    let tally = Tally::new(session.terminal, count);
    let mut lines = Lines::new(session.terminal);
    let mut tell = |news: News| match news {
        News::Begun(subject) => tally.begin(&words::subject(&subject)),
        News::Ended(verdict) => {
            let text = lines.next(verdict);
            // Whoever stopped reading is told by the exit code.
            tally.end(|| drop(session.terminal.data(&text)));
        }
    };
    let run = Box::pin(trial::run(bench, &stages, &mut tell));
    let report = runtime.block_on(until_long_asked(run, &stop));
    listener.abort();
    tally.finish();
    runtime.shutdown_background();
    report.ok_or_else(given_up)
}

/// Ctrl-C, or the end that a build server asks for: databases are to go before.
async fn listen(stop: Stop, terminal: Terminal) {
    let pressed = pressed(stop.clone(), terminal);
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let asked = async |kind| {
            let Ok(mut asked) = signal(kind) else {
                return;
            };
            while asked.recv().await.is_some() {
                // Whoever asks so is not going to ask twice.
                stop.request();
                stop.request();
                terminal.talk("aborting");
            }
        };
        // A terminal that is closed asks by the second one.
        tokio::join!(
            pressed,
            asked(SignalKind::terminate()),
            asked(SignalKind::hangup())
        );
    }
    #[cfg(not(unix))]
    pressed.await;
}

/// Ctrl-C once: stop after the statement at hand; twice: abort it.
async fn pressed(stop: Stop, terminal: Terminal) {
    while tokio::signal::ctrl_c().await.is_ok() {
        match stop.request() {
            1 => terminal.talk("stopping after the statement at hand; Ctrl-C again aborts it"),
            _ => terminal.talk("aborting"),
        }
    }
}

/// Tells what came of it, in detail, and how to exit.
fn answer(
    args: &Test,
    session: &Session,
    bindings: &Bindings,
    report: &Report,
) -> Result<Exit, Failure> {
    for error in &report.stayed {
        session.terminal.warn(format_args!(
            "a throw-away database stays until one is needed again: {error}"
        ));
    }
    let faults: Vec<(&Verdict, Diagnostic)> = report
        .verdicts
        .iter()
        .filter_map(|verdict| match &verdict.judgement {
            Judgement::Failed(fault) => {
                Some((verdict, fault::told(session, bindings, verdict, fault)))
            }
            _ => None,
        })
        .collect();
    // Told last: a report that cannot be written takes no result away.
    let written = args
        .junit
        .as_ref()
        .map_or(Ok(()), |path| junit::write(path, &report.verdicts, &faults));
    if session.terminal.is_json() {
        session.terminal.json(&words::json(report, &faults))?;
    } else {
        let texts = faults.iter().map(|(_, told)| told.text(false));
        let mut texts: Vec<String> = texts.map(|text| format!("\n{text}")).collect();
        // A server that cannot be reached is so for every revision alike.
        texts.dedup();
        let mut text = texts.concat();
        if !session.terminal.quiet || !faults.is_empty() {
            text.push_str(&words::summary(report));
        }
        session.terminal.data(&text)?;
        if let Some(line) = words::remarks(report).filter(|_| !session.terminal.verbose) {
            session.terminal.talk(&line);
        }
    }
    written?;
    Ok(exit(&report.verdicts))
}

/// What was found counts more than what could not be tried.
fn exit(verdicts: &[Verdict]) -> Exit {
    let exits = verdicts.iter().map(|verdict| match &verdict.judgement {
        Judgement::Passed => Exit::Done,
        Judgement::Skipped(Skip::Stopped) => Exit::Refused,
        Judgement::Skipped(_) => Exit::Done,
        Judgement::Failed(fault) if matches!(**fault, Fault::Database(_)) => Exit::Refused,
        Judgement::Failed(_) => Exit::Difference,
    });
    exits.max().unwrap_or(Exit::Done)
}
