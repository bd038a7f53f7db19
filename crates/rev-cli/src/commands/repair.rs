//! `rev repair`: what is half done, and what a person says of it.

use std::fmt::Write as _;
use std::sync::Arc;

use rev_core::{Binding, DatabaseName, Goal};
use rev_engine::clock::SystemClock;
use rev_engine::database::{Database, Decision, Sighting};
use rev_engine::event::Stop;
use rev_engine::failure::{DatabaseError, Part};
use rev_engine::journal::Participants;
use rev_engine::outcome::{End, Refusal};
use rev_engine::prepare;
use rev_engine::repair::{self, Case, Choice, Damage, StepCase};
use rev_engine::request::{Commitment, Job, Request};
use rev_sql::effect::Reading;

use super::run::{self, half_done_of, standing};
use super::stop::until_given_up;
use crate::args::{Pace, Patience, Repair, Running};
use crate::diagnostic::{self, Diagnostic, Failure, Told};
use crate::exit::Exit;
use crate::fleet;
use crate::format::repair as format;
use crate::reporter::{Losses, Reporter};
use crate::session::{Session, runtime};
use crate::terminal::{FAINT, GOOD, NAME, Terminal, WARNING};

/// `rev repair`.
pub(crate) fn repair(args: &Repair, session: &Session) -> Result<Exit, Failure> {
    if !args.accept.is_empty() {
        blank(args, session)?;
    }
    if !args.redo.is_empty() || !args.accept.is_empty() {
        return mend(args, session);
    }
    if args.rebuild {
        return rebuild(args, session);
    }
    let names = session.names(&args.databases)?;
    let look = async |binding: &Arc<Binding>| {
        let sight = look(session, binding).await?;
        Ok((binding.clone(), sight))
    };
    let answers = fleet::ask(session, names, &Patience::default(), look)?;
    let (said, unread) = fleet::parted(answers);
    let mut seen = Seen {
        unread,
        ..Seen::default()
    };
    for (_, (binding, sight)) in said {
        seen.take(binding, sight);
    }
    match choice(args) {
        None => show(session, seen),
        Some(choice) => settle(args, session, seen, choice),
    }
}

/// Brings ledger and files together again.
fn mend(args: &Repair, session: &Session) -> Result<Exit, Failure> {
    let (goal, points) = match args.redo.is_empty() {
        true => (Goal::Accept, &args.accept),
        false => (Goal::Redo, &args.redo),
    };
    let names = session.names(&args.databases)?;
    let targets = names.iter().flat_map(|name| {
        let target = move |point: &String| format!("{name}@{point}");
        points.iter().map(target)
    });
    let running = Running {
        pace: Pace {
            lock_wait: args.lock_wait,
            end_session: args.end_session,
            ..Pace::default()
        },
        ..Running::default()
    };
    run::run(goal, &targets.collect::<Vec<_>>(), &running, session)
}

/// A generation that no run at work has read.
fn new_generation() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}

/// Makes rows that cannot be read ready to be written anew from the files that are accepted.
fn blank(args: &Repair, session: &Session) -> Result<(), Failure> {
    for binding in session.databases(&args.databases)? {
        let mut database = session.database(&binding)?;
        let is_meant = |id: &str| {
            let is_known = session.graph().find(id).is_some();
            is_known
                && args
                    .accept
                    .iter()
                    .any(|point| id.starts_with(point.as_str()))
        };
        let holder = session.holder();
        let blanked = repair::blank(
            &mut *database,
            &binding,
            session.graph(),
            &holder,
            new_generation(),
            &is_meant,
        );
        runtime()?
            .block_on(blanked)
            .map_err(|refusal| session.refused(&refusal, &binding))?;
    }
    Ok(())
}

/// Makes damaged ledgers whole, as far as that needs no file, and shows what is left.
fn rebuild(args: &Repair, session: &Session) -> Result<Exit, Failure> {
    let mut left = Seen::default();
    for binding in session.databases(&args.databases)? {
        let mut database = session.database(&binding)?;
        let holder = session.holder();
        let mended = repair::rebuild(
            &mut *database,
            &binding,
            session.graph(),
            &holder,
            new_generation(),
        );
        let mended = runtime()?
            .block_on(mended)
            .map_err(|refusal| session.refused(&refusal, &binding))?;
        for damage in &mended {
            let name = &binding.name;
            let line = format!(
                "{NAME}{name}{NAME:#}  {GOOD}rebuilt{GOOD:#}: {}",
                damage.message
            );
            session.terminal.talk(&line);
            for line in afterwards(name, damage) {
                session.terminal.talk(&format!("   {line}"));
            }
        }
        let sight = runtime()?.block_on(look(session, &binding))?;
        left.take(binding, sight);
    }
    show(session, left)
}

/// What a person has to do once a part is rebuilt.
fn afterwards(name: &DatabaseName, damage: &Damage) -> Vec<String> {
    let logged = damage.logged.join(", ");
    let logged = match logged.as_str() {
        "" => "the log does not say what was applied".to_owned(),
        _ => format!("by the log these were applied: {logged}"),
    };
    let has_lost_rows = match &damage.part {
        Part::Tables(tables) => tables.iter().any(|table| table.ends_with("ledger")),
        Part::Row { .. } => true,
        Part::State | Part::InFlight | Part::Other => false,
    };
    if has_lost_rows {
        return vec![
            logged,
            format!("write down what stands, without running it: `rev stamp {name}@ID`"),
        ];
    }
    match &damage.part {
        Part::Tables(_) | Part::State | Part::InFlight => vec![
            "whether a step was half done is not known: look at the end of `rev log`, and at the schema"
                .to_owned(),
        ],
        Part::Row { .. } | Part::Other => Vec::new(),
    }
}

/// What is damaged, and what can be done.
fn damage_text(binding: &Binding, damage: &Damage) -> String {
    let name = &binding.name;
    let mut text = format!(
        "{NAME}{name}{NAME:#}  {WARNING}damaged{WARNING:#}: {}\n",
        damage.message
    );
    for line in damage_ways(name, damage) {
        let _ = writeln!(text, "   {line}");
    }
    text
}

fn damage_ways(name: &DatabaseName, damage: &Damage) -> Vec<String> {
    let rebuild = format!("`rev repair {name} --rebuild`");
    let first = match &damage.part {
        Part::Tables(_) => format!("to make what is missing anew, empty: {rebuild}"),
        Part::State => {
            format!("to write the state anew, with a generation that no run has read: {rebuild}")
        }
        Part::InFlight => format!("to forget what was in flight: {rebuild}"),
        Part::Row { column, .. } if *column == "revision" => {
            format!("to take out the row, which names no revision: {rebuild}")
        }
        Part::Row { revision, .. } => format!(
            "to write the row anew from the revision's file, where that is what was applied: \
             `rev repair {name} --accept {revision}`"
        ),
        Part::Other => "only a person can mend this, with the database's own client; a backup of \
                        the ledger's tables has what was there"
            .to_owned(),
    };
    let after = match damage.mending() {
        Some(_) => afterwards(name, damage),
        None => Vec::new(),
    };
    let after = after.into_iter().map(|line| format!("then {line}"));
    std::iter::once(first).chain(after).collect()
}

fn choice(args: &Repair) -> Option<Choice> {
    match (args.resume, args.applied, args.not_applied) {
        (true, _, _) => Some(Choice::Resume),
        (_, true, _) => Some(Choice::Applied),
        (_, _, true) => Some(Choice::NotApplied),
        _ => None,
    }
}

/// What a look at one database finds.
enum Sight {
    /// Something is half done or damaged.
    Case(Case),
    /// Its files and its ledger disagree.
    AtOdds(Vec<Diagnostic>),
    /// Nothing is to be repaired.
    Well,
}

async fn look(session: &Session, binding: &Arc<Binding>) -> Result<Sight, Failure> {
    let mut database = session.database(binding)?;
    let refused = |refusal: Refusal| session.refused(&refusal, binding);
    let case = repair::survey(&mut *database, binding, session.graph()).await;
    if let Some(case) = case.map_err(refused)? {
        return Ok(Sight::Case(case));
    }
    let surveyed = prepare::survey(&mut *database, binding, session.graph()).await;
    let standing = surveyed.map_err(refused)?.standing;
    Ok(match prepare::at_odds(binding, &standing) {
        Some(refusal) => Sight::AtOdds(session.refusal(&refusal, binding)),
        None => Sight::Well,
    })
}

/// What is seen of all databases.
#[derive(Default)]
struct Seen {
    /// What is half done or damaged, by database.
    found: Vec<(Arc<Binding>, Case)>,
    /// Where files and ledger disagree, and what helps.
    at_odds: Told,
    /// What cannot be read.
    unread: Told,
}

impl Seen {
    fn take(&mut self, binding: Arc<Binding>, sight: Sight) {
        match sight {
            Sight::Case(case) => self.found.push((binding, case)),
            Sight::AtOdds(told) => self.at_odds.push((binding.name.clone(), told)),
            Sight::Well => {}
        }
    }

    fn is_well(&self) -> bool {
        self.found.is_empty() && self.at_odds.is_empty()
    }
}

fn show(session: &Session, seen: Seen) -> Result<Exit, Failure> {
    let unread = &seen.unread;
    if session.terminal.is_json() {
        let cases = seen.found.iter();
        let cases = cases.map(|(binding, case)| format_of(binding, case));
        let at_odds = seen.at_odds.iter().filter_map(|(name, told)| {
            Some(format::AtOdds {
                database: name.to_string(),
                error: diagnostic::error(told)?,
            })
        });
        let unread = unread.iter().map(|(name, told)| fleet::unread(name, told));
        session.terminal.json(&format::Repair::Found {
            repair: cases.collect(),
            at_odds: at_odds.collect(),
            unread: unread.collect(),
        })?;
    } else if !seen.is_well() {
        let texts = seen.found.iter().map(|(binding, case)| text(binding, case));
        let told = session.once(&seen.at_odds);
        let texts = texts.chain(told.iter().map(|it| it.text(true)));
        session
            .terminal
            .data(&texts.collect::<Vec<_>>().join("\n"))?;
    } else if unread.is_empty() {
        session.terminal.data("nothing to repair\n")?;
    }
    if !session.terminal.is_json() {
        fleet::complain(session, unread);
    }
    Ok(match (unread.is_empty(), seen.is_well()) {
        (false, _) => Exit::Refused,
        (true, false) => Exit::Difference,
        (true, true) => Exit::Done,
    })
}

fn text(binding: &Binding, case: &Case) -> String {
    match case {
        Case::Step(case) => step_text(binding, case),
        Case::Damaged(damage) => damage_text(binding, damage),
        Case::TwoPhase(participants) => {
            format!("{NAME}{}{NAME:#}  ", binding.name)
                + &diagnostic::undecided(participants).text(true)
        }
    }
}

fn step_text(binding: &Binding, case: &StepCase) -> String {
    let name = &binding.name;
    let step = &case.half_done.step;
    let mut text = format!(
        "{NAME}{name}{NAME:#}  {WARNING}half done{WARNING:#}: {} {}\n   {}\n   {FAINT}begun by {} at {}{FAINT:#}\n",
        step.action.name(),
        step.revision,
        standing(&case.half_done),
        step.operator,
        step.started,
    );
    match &case.session {
        Sighting::Gone => {}
        Sighting::AtWork(doing) => {
            let _ = writeln!(
                text,
                "   its session is still at work ({doing}): wait, or `--end-session`"
            );
        }
        Sighting::OutOfSight(node) => {
            let _ = writeln!(
                text,
                "   its session was on {}, and may still be at work there: ask by a URL that leads there",
                node.name
            );
        }
    }
    if let Some(intent) = &step.next {
        for line in intent.statement.lines().take(12) {
            let _ = writeln!(text, "   | {line}");
        }
    }
    for line in &case.differences {
        let _ = writeln!(text, "   catalogue: {line}");
    }
    if let Some(reading) = &case.reading {
        let _ = writeln!(text, "   {}", words(reading));
    }
    text + &ways(name, case)
}

/// Both readings of what is in doubt, with what each leads to; or the ways out.
fn ways(name: &DatabaseName, case: &StepCase) -> String {
    let step = &case.half_done.step;
    let again = format!("rev repair {name} --resume");
    let next = step.done.len() + 1;
    if case.half_done.lost.is_some() {
        let way = diagnostic::by_hand(step, name);
        return format!("   {}\n", way.replace('\n', "\n   "));
    }
    match (&step.next, &case.reading, &case.statements) {
        (Some(_), Some(Reading::Unclear(_)), statements) => {
            let is_last = statements.as_ref().is_some_and(|all| all.len() == next);
            let goes_on = match is_last {
                true => "ends the step".to_owned(),
                false => format!("goes on with statement {}", next + 1),
            };
            format!(
                "   if it took effect:         rev repair {name} --applied       then `{again}` {goes_on}\n   \
                 if it did not:             rev repair {name} --not-applied   then `{again}` sends statement {next} again\n",
            )
        }
        (_, _, None) => {
            let way = diagnostic::without_file(step, name);
            format!("   {}\n", way.replace('\n', "\n   "))
        }
        (Some(_), _, Some(_)) => format!("   to finish the step:        {again}\n"),
        (None, _, Some(_)) => format!(
            "   to finish the step:        {again}\n   \
             if you finished it by hand: rev repair {name} --applied\n   \
             if you undid it by hand:    rev repair {name} --not-applied\n"
        ),
    }
}

fn words(reading: &Reading) -> String {
    match reading {
        Reading::Done => "the catalogue shows that it took effect".to_owned(),
        Reading::NotDone => "the catalogue shows that it took no effect".to_owned(),
        Reading::Remnant(removal) => {
            format!("it left something unusable, which goes first: {removal}")
        }
        Reading::Unclear(reason) => format!("nobody can know: {reason}"),
    }
}

fn format_of(binding: &Binding, case: &Case) -> format::Case {
    let database = binding.name.to_string();
    match case {
        Case::Step(case) => format::Case::Step {
            database,
            half_done: half_done_of(&case.half_done),
            session: match &case.session {
                Sighting::Gone => None,
                Sighting::AtWork(doing) => Some(doing.clone()),
                Sighting::OutOfSight(node) => Some(format!("out of sight, on {}", node.name)),
            },
            reading: case.reading.as_ref().map(|reading| match reading {
                Reading::Done => format::Reading::Done,
                Reading::NotDone => format::Reading::NotDone,
                Reading::Remnant(_) => format::Reading::Remnant,
                Reading::Unclear(_) => format::Reading::Unclear,
            }),
            reason: case.reading.as_ref().map(words),
            differences: case.differences.clone(),
        },
        Case::Damaged(damage) => format::Case::Damaged {
            database,
            damaged: damage.message.clone(),
            logged: damage.logged.clone(),
            ways: damage_ways(&binding.name, damage),
        },
        Case::TwoPhase(participants) => format::Case::TwoPhase {
            database,
            two_phase: format::TwoPhase {
                run: participants.run.clone(),
                operator: participants.operator.clone(),
                started: participants.started.clone(),
                databases: { participants.members.iter() }
                    .map(|member| member.database.clone())
                    .collect(),
            },
        },
    }
}

/// How it ended, for people.
fn end_words(end: format::End) -> &'static str {
    match end {
        format::End::Finished => "the step is finished",
        format::End::WrittenDown => "written down",
        format::End::Nothing => "nothing to repair",
        format::End::Stopped => "stopped",
        format::End::HeldBack => "held back",
        format::End::Committed => "committed",
        format::End::RolledBack => "rolled back",
    }
}

/// What became of the databases, and what is to be told of those that are not
/// settled.
#[derive(Default)]
struct Settled {
    /// The database, and its end.
    ends: Vec<(String, format::End)>,
    told: Vec<Diagnostic>,
    exit: Exit,
}

impl Settled {
    fn end(&mut self, name: &str, end: format::End) {
        self.ends.push((name.to_owned(), end));
    }

    /// One that failed does not keep the others from being settled.
    fn take(&mut self, result: Result<Exit, Failure>) {
        let exit = match result {
            Ok(exit) => exit,
            Err(failure) => {
                let exit = failure.exit();
                self.told.extend(failure.into_diagnostics());
                exit
            }
        };
        self.exit = self.exit.max(exit);
    }

    /// The exit code first tells whether anything changed.
    fn exit(&self) -> Exit {
        match self.exit {
            Exit::Refused if !self.ends.is_empty() => Exit::PartWay,
            exit => exit,
        }
    }

    fn tell(&self, terminal: Terminal) -> Result<Exit, Failure> {
        if terminal.is_json() {
            let ends = self.ends.iter().map(|(name, end)| format::Settled {
                database: name.clone(),
                end: *end,
            });
            terminal.json(&format::Repair::Settled {
                repaired: ends.collect(),
                error: diagnostic::error(&self.told),
            })?;
            return Ok(self.exit());
        }
        let texts: Vec<String> = self.told.iter().map(|told| told.text(false)).collect();
        terminal.complain(&texts.join("\n"));
        let ends = self.ends.iter();
        let lines = ends.map(|(name, end)| {
            format!("{NAME}{name}{NAME:#}  {GOOD}{}{GOOD:#}\n", end_words(*end))
        });
        terminal.data(&lines.collect::<String>())?;
        Ok(self.exit())
    }
}

fn settle(args: &Repair, session: &Session, seen: Seen, choice: Choice) -> Result<Exit, Failure> {
    if seen.is_well() && seen.unread.is_empty() {
        session.terminal.talk("nothing to repair");
    }
    let mut settled = Settled::default();
    if !seen.unread.is_empty() {
        let told = session.once(&seen.unread);
        settled.take(Err(Failure::of(Exit::Refused, told)));
    }
    // Whoever asked for a step to be settled is told what stands in the way instead.
    if seen.found.is_empty() && !seen.at_odds.is_empty() {
        let told = session.once(&seen.at_odds);
        settled.take(Err(Failure::of(Exit::Difference, told)));
    }
    let mut concluded: Vec<String> = Vec::new();
    for (binding, case) in seen.found {
        let ended = match case {
            Case::Damaged(damage) => Err(damaged(&binding, &damage)),
            Case::Step(_) => settle_step(args, session, &binding, choice, &mut settled),
            Case::TwoPhase(participants) if concluded.contains(&participants.run) => Ok(Exit::Done),
            Case::TwoPhase(participants) => {
                concluded.push(participants.run.clone());
                settle_run(session, &participants, choice, &mut settled)
            }
        };
        settled.take(ended);
    }
    settled.tell(session.terminal)
}

fn damaged(binding: &Binding, damage: &Damage) -> Failure {
    let message = format!("the ledger is damaged: {}", damage.message);
    let told = Diagnostic::new("damaged_ledger", message).on(binding.name.as_str());
    let ways = damage_ways(&binding.name, damage).into_iter();
    Failure::refused(ways.fold(told, Diagnostic::hint))
}

fn settle_step(
    args: &Repair,
    session: &Session,
    binding: &Arc<Binding>,
    choice: Choice,
    settled: &mut Settled,
) -> Result<Exit, Failure> {
    let request = Request {
        goal: Goal::Upgrade,
        beside: true,
        keep_going: false,
        commitment: Commitment::Step,
        ends_sessions: args.end_session,
        alone: false,
        unseen: Vec::new(),
        jobs: 1,
        lock_wait: args.lock_wait,
        operator: session.operator.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: session.run.clone(),
    };
    let job = Job {
        binding: binding.clone(),
        pin: None,
        watched: false,
        points: Vec::new(),
        database: session.database(binding)?,
    };
    let (clock, stop) = (SystemClock::start(), Stop::default());
    let reporter = Reporter::new(session.terminal, 1, Losses::News);
    let mut tell = |event| reporter.tell(&event);
    let settling = repair::settle(
        &request,
        session.graph(),
        job,
        choice,
        &clock,
        &stop,
        &mut tell,
    );
    let say = |line: &str| reporter.say(line);
    let lane = until_given_up(Box::pin(settling), &stop, &say)?;
    reporter.finish();
    let name = &binding.name;
    let Some(lane) = lane else {
        let told = Diagnostic::new("in_doubt", "nobody has answered what became of the step");
        let told = told.on(name.as_str());
        let told = told.hint(format!("see what stands: `rev repair {name}`"));
        return Err(Failure::of(Exit::PartWay, vec![told]));
    };
    let end = match (&lane.end, choice) {
        (End::Done, Choice::Resume) => format::End::Finished,
        (End::Done, _) => format::End::WrittenDown,
        (End::Nothing, _) => format::End::Nothing,
        (End::Stopped, _) => format::End::Stopped,
        (End::Refused(refusal), _) => return Err(session.refused(refusal, binding)),
        (End::Failed { .. }, _) => {
            let url = session.url(name).ok();
            let told = diagnostic::failed(&lane, &session.project, binding, url.as_ref());
            let told = told.map(|told| told.hint(format!("see what stands: `rev repair {name}`")));
            return Err(Failure::of(Exit::PartWay, told.into_iter().collect()));
        }
        (End::HeldBack | End::Undecided(_), _) => format::End::HeldBack,
    };
    settled.end(name.as_str(), end);
    Ok(match lane.end {
        End::Done | End::Nothing => Exit::Done,
        _ => Exit::PartWay,
    })
}

/// Concludes a two-phase run on all of its databases, whichever were named.
fn settle_run(
    session: &Session,
    participants: &Participants,
    choice: Choice,
    settled: &mut Settled,
) -> Result<Exit, Failure> {
    if choice != Choice::Resume {
        let told = diagnostic::undecided(participants);
        return Err(Failure::refused(told));
    }
    let runtime = runtime()?;
    let mut databases: Vec<Box<dyn Database>> = Vec::new();
    for member in &participants.members {
        let names = [member.database.clone()];
        let binding = session.databases(&names)?.pop();
        let binding = binding.ok_or_else(|| Failure::refused(session.unbound(&member.database)))?;
        let mut database = session.database(&binding)?;
        let identity = runtime.block_on(database.identity());
        let identity = identity.map_err(|error| unreachable(session, &binding, error))?;
        if identity != member.identity {
            let told = Diagnostic::new(
                "other_database",
                format!(
                    "`{}` is not the database that the run prepared",
                    member.database
                ),
            );
            return Err(Failure::refused(told.hint(format!(
                "give the URL of then: `rev repair --resume --url {}=URL`",
                member.database
            ))));
        }
        databases.push(database);
    }
    let holder = session.holder();
    let decision = runtime.block_on(repair::conclude(participants, &mut databases, &holder));
    let decision = decision.map_err(|error| {
        let told = Diagnostic::new(error.code(), &error);
        Failure::of(
            Exit::PartWay,
            vec![
                told.hint("what is decided stays decided: run this again once all of them answer"),
            ],
        )
    })?;
    let end = match decision {
        Decision::Commit => format::End::Committed,
        Decision::RollBack => format::End::RolledBack,
    };
    for member in &participants.members {
        settled.end(&member.database, end);
    }
    Ok(Exit::Done)
}

fn unreachable(session: &Session, binding: &Binding, error: DatabaseError) -> Failure {
    session.refused(&Refusal::Database(error), binding)
}
