//! `rev check`: mistakes that a project can be read with, but should not ship.

mod models;

use std::collections::BTreeSet;
use std::sync::Arc;

use rev_core::{Binding, Dialect, Goal, Point, Revision, Scope, Sql, State, TransactionMode};
use rev_engine::outcome::Refusal;
use rev_sql::effect::counts_found_rows;
use rev_sql::ledger::Ledger;
use rev_sql::split::{Statement, split};

use super::kept;
use crate::args::{Check, Looking};
use crate::diagnostic::{self, Diagnostic, Failure, Place};
use crate::exit::Exit;
use crate::format::schema::Findings;
use crate::models::has_models;
use crate::session::Session;
use crate::terminal::{GOOD, count};

/// `rev check`. Faults of files have been reported when the project was opened.
/// With `--models` or `--live`, schemas are compared instead.
pub(crate) fn check(args: &Check, session: &Session) -> Result<Exit, Failure> {
    let mut findings = Vec::new();
    if !args.models && !args.live {
        only_with_schemas(args)?;
        findings = self::findings(session)?;
    }
    if args.models {
        findings.extend(models::of_models(args, session)?);
    }
    if args.live {
        findings.extend(models::of_live(args, session)?);
    }
    if session.terminal.is_json() {
        let findings = findings.iter().map(Diagnostic::finding).collect();
        session.terminal.json(&Findings { findings })?;
    } else if findings.is_empty() {
        let revisions = count(session.graph().len(), "revision");
        let databases = count(session.project.config.databases.len(), "database");
        session
            .terminal
            .data(&format!("{GOOD}ok{GOOD:#}: {revisions}, {databases}\n"))?;
    } else {
        let texts: Vec<String> = findings.iter().map(|finding| finding.text(true)).collect();
        session.terminal.data(&texts.join("\n"))?;
        session
            .terminal
            .talk(&format!("\n{}", count(findings.len(), "finding")));
    }
    Ok(if findings.is_empty() {
        Exit::Done
    } else {
        Exit::Difference
    })
}

/// Where these databases differ from what their revisions give, and their models, if they have
/// any, from that.
pub(super) fn left(
    session: &Session,
    databases: &[Arc<Binding>],
    scratch: &[String],
) -> Result<Vec<Diagnostic>, Failure> {
    let names = |of: fn(&Session, &Binding) -> bool| -> Vec<String> {
        let named = databases.iter().filter(|it| of(session, it));
        named.map(|it| it.name.to_string()).collect()
    };
    let mut args = Check {
        databases: names(has_models),
        models: true,
        live: true,
        scratch: scratch.to_vec(),
        looking: Looking::default(),
    };
    let mut findings = Vec::new();
    if !args.databases.is_empty() {
        findings.extend(models::of_models(&args, session)?);
    }
    args.databases = names(|_, _| true);
    if !args.databases.is_empty() {
        findings.extend(models::of_live(&args, session)?);
    }
    Ok(findings)
}

/// Refuses what means something only where schemas are compared.
fn only_with_schemas(args: &Check) -> Result<(), Failure> {
    let looking = &args.looking;
    let lists = [
        &args.databases,
        &args.scratch,
        &looking.include,
        &looking.exclude,
    ];
    if lists.iter().all(|list| list.is_empty()) {
        return Ok(());
    }
    let told = Diagnostic::new("usage", "databases are named, but no schemas are compared");
    Err(Failure::usage(told.hint("add `--models` or `--live`")))
}

fn findings(session: &Session) -> Result<Vec<Diagnostic>, Failure> {
    let mut findings: Vec<Diagnostic> = session
        .project
        .warnings()
        .iter()
        .map(|fault| diagnostic::fault(fault, &session.project.root))
        .collect();
    let databases = &session.project.config.databases;
    if databases.is_empty() {
        findings.extend(head_of_graph(session));
        return Ok(findings);
    }
    // A script that two databases share is wrong once.
    let mut seen = BTreeSet::new();
    for name in databases.keys() {
        let binding = match session.binding(name) {
            Ok(binding) => binding,
            Err(failure) => {
                findings.extend(failure.into_diagnostics());
                continue;
            }
        };
        findings.extend(head_of(session, &binding));
        findings.extend(kept::stale(session, &binding));
        for revision in session.graph().files() {
            for finding in scripts(session, &binding, revision) {
                if seen.insert((
                    finding.code.clone(),
                    finding.message.clone(),
                    spot(&finding),
                )) {
                    findings.push(finding);
                }
            }
        }
    }
    Ok(findings)
}

fn spot(finding: &Diagnostic) -> Option<(String, Option<rev_store::Place>)> {
    finding
        .spot
        .as_ref()
        .map(|spot| (spot.path.clone(), spot.place))
}

fn head_of_graph(session: &Session) -> Option<Diagnostic> {
    let graph = session.graph();
    let error = Scope::of_graph(graph).revisions(&Point::head()).err()?;
    Some(diagnostic::resolve(&error, session.asking(graph, None)))
}

/// Whether an upgrade of this database knows where to go.
fn head_of(session: &Session, binding: &Arc<Binding>) -> Vec<Diagnostic> {
    let state = State::default();
    let scope = match Scope::of_database(session.graph(), binding, &state) {
        Ok(scope) => scope,
        Err(errors) => return session.refusal(&Refusal::Scripts { errors }, binding),
    };
    match scope.destination(Goal::Upgrade, &[Point::head()]) {
        Ok(_) => Vec::new(),
        Err(error) => session.refusal(&error.into(), binding),
    }
}

/// What is wrong with a revision's scripts for one database.
fn scripts(session: &Session, binding: &Binding, revision: &Revision) -> Vec<Diagnostic> {
    // A script that cannot be chosen was told with the database's head.
    let Ok(work) = revision.work(binding) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (action, sql) in [("upgrade", work.upgrade), ("downgrade", work.downgrade)] {
        let Some(sql) = sql else { continue };
        let place = Place {
            project: &session.project,
            binding,
            revision: &revision.id,
            action,
        };
        found.extend(script(place, sql, work.transaction));
    }
    if work.upgrade.is_some() && work.downgrade.is_none() && !revision.irreversible {
        let message = format!("revision `{}` has no way down", revision.id);
        let place = Place {
            project: &session.project,
            binding,
            revision: &revision.id,
            action: "upgrade",
        };
        found.push(
            finding("no_downgrade", message, place, (0, 0))
                .hint("write a `downgrade`, or say `irreversible: true`"),
        );
    }
    found
}

fn script(place: Place<'_>, sql: &Sql, transaction: TransactionMode) -> Option<Diagnostic> {
    match split(sql, place.binding.spelling(), transaction) {
        Err(error) => Some(diagnostic::split(&error, place)),
        Ok(statements) if statements.is_empty() => {
            let message = format!(
                "the {} script of revision `{}` holds no statement",
                place.action, place.revision
            );
            let told = finding("unwritten_script", message, place, (0, 0));
            Some(told.hint(format!("write it: `rev edit {}`", place.revision)))
        }
        Ok(statements) => names_ledger(place, &statements).or_else(|| {
            let is_mysql = place.binding.dialect == Dialect::Mysql;
            is_mysql.then(|| found_rows(place, &statements)).flatten()
        }),
    }
}

/// What is wrong with a revision, at a piece of its script and an offset there.
fn finding(code: &str, message: String, place: Place<'_>, at: (usize, usize)) -> Diagnostic {
    Diagnostic::new(code, message)
        .at(place.spot(at.0, at.1))
        .fact("revision", place.revision.as_str())
}

/// The ledger's tables in a script, by which a run would refuse it.
fn names_ledger(place: Place<'_>, statements: &[Statement]) -> Option<Diagnostic> {
    let prefix = &place.project.config.ledger_prefix;
    let ledger = Ledger::new(prefix, place.binding.dialect);
    let (statement, table) = statements
        .iter()
        .find_map(|it| Some((it, ledger.named_in(&it.text)?)))?;
    let message = format!(
        "the {} script of revision `{}` names the ledger's table `{table}`",
        place.action, place.revision
    );
    let told = finding(
        "names_ledger",
        message,
        place,
        (statement.piece, statement.offset),
    );
    Some(told.hint("take the statement out: runs alone write the ledger, and refuse such a script"))
}

/// `ROW_COUNT()` where it gives another number than in the server's own client.
fn found_rows(place: Place<'_>, statements: &[Statement]) -> Option<Diagnostic> {
    let texts: Vec<&str> = statements.iter().map(|it| it.text.as_str()).collect();
    let statement = &statements[counts_found_rows(&texts)?];
    let message = format!(
        "the {} script of revision `{}` asks `ROW_COUNT()` after an `UPDATE`",
        place.action, place.revision
    );
    let told = finding(
        "found_rows",
        message,
        place,
        (statement.piece, statement.offset),
    );
    Some(told.hint(
        "count with a `SELECT` instead: a row that an `UPDATE` leaves as it was counts here, and in the\n\
         `mysql` client it does not; behind a statement of the journal the number is the journal's",
    ))
}
