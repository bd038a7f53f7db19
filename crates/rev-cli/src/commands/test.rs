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
use crate::terminal::{NAME, Terminal, few};
use words::Lines;

use super::run::MOST_JOBS;
use super::stop::{Asked, pass_on, until_long_asked};

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
        if junit::is_stdout(path) && session.terminal.is_json() {
            let told = Diagnostic::new("usage", "two reports cannot share the standard output");
            let hint = "name a file for the one of build servers: `--junit FILE`";
            return Err(Failure::usage(told.hint(hint)));
        }
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
    let bindings: Bindings = bindings
        .iter()
        .map(|it| (it.name.clone(), it.clone()))
        .collect();
    let report = carry_out(args, session, &bindings, bench, &programs, &grounds)?;
    answer(args, session, &bindings, &report)
}

/// By name.
type Bindings = BTreeMap<rev_core::DatabaseName, Arc<Binding>>;

/// Says which databases count as one.
fn say_alike(session: &Session, programs: &[Program]) {
    for program in programs {
        let others = program.alike.iter();
        let others: Vec<String> = others
            .map(|it| format!("{NAME}{}{NAME:#}", it.name))
            .collect();
        let verb = match others.len() {
            0 => continue,
            1 => "runs",
            _ => "run",
        };
        session.terminal.talk(&format!(
            "{} {verb} the very same scripts as {NAME}{}{NAME:#}: proven once",
            few(&others, ", "),
            program.binding.name
        ));
    }
}

/// Runs all trials, telling of each as soon as all before it are told.
fn carry_out(
    args: &Test,
    session: &Session,
    bindings: &Bindings,
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
    let stop = bench.stop.clone();
    let tally = Tally::new(session.terminal, count);
    let runtime = runtime()?;
    // Before the first database is made: a signal that nobody awaits ends the process.
    let asked = {
        let _within = runtime.enter();
        Asked::new()
    };
    let listener = runtime.spawn(pass_on(asked, stop.clone(), tally.voice()));
    let given_up = || {
        let left = "what it has left is taken away by the next `rev test`";
        let told = Diagnostic::new("stopped", "nobody has answered what was asked last");
        Failure::of(Exit::PartWay, vec![told.hint(left)])
    };
    let tried = runtime.block_on(until_long_asked(Box::pin(grounds::try_out(&stages)), &stop));
    tried.ok_or_else(given_up)??;
    let told = |verdict: &Verdict| match &verdict.judgement {
        Judgement::Failed(fault) => Some(fault::told(session, bindings, verdict, fault)),
        _ => None,
    };
    let mut lines = Lines::new(session.terminal, &told);
    let mut tell = |news: News| match news {
        News::Begun(subject) => tally.begin(&words::subject(&subject)),
        News::Ended(verdict) => {
            let text = lines.next(verdict);
            // Whoever stopped reading is told by the exit code.
            tally.end(|| drop(say(args, session.terminal, &text)));
        }
    };
    let run = Box::pin(trial::run(bench, &stages, &mut tell));
    let report = runtime.block_on(until_long_asked(run, &stop));
    listener.abort();
    tally.finish();
    runtime.shutdown_background();
    report.ok_or_else(given_up)
}

/// Says something to people: beside the standard output where that has the report of build
/// servers.
fn say(args: &Test, terminal: Terminal, text: &str) -> std::io::Result<()> {
    if args.junit.as_deref().is_some_and(junit::is_stdout) {
        terminal.complain(text);
        return Ok(());
    }
    terminal.data(text)
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
    let written = args.junit.as_ref().map_or(Ok(()), |path| {
        junit::write(path, &report.verdicts, &faults, session.terminal)
    });
    if session.terminal.is_json() {
        let end = words::json_line(&words::totals(report));
        session.terminal.data(&end)?;
    } else {
        let texts = faults.iter().map(|(_, told)| told.text(false));
        let mut texts: Vec<String> = texts.map(|text| format!("\n{text}")).collect();
        // A server that cannot be reached is so for every revision alike.
        texts.dedup();
        let mut text = texts.concat();
        if !session.terminal.quiet || !faults.is_empty() {
            text.push_str(&words::summary(report));
        }
        say(args, session.terminal, &text)?;
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
