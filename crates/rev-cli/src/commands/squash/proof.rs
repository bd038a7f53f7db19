//! The proof that a shortcut does what it stands for.

use std::collections::BTreeSet;
use std::sync::Arc;

use rev_core::revision::Work;
use rev_core::{Binding, Digest, Graph, RevisionId, ScriptError, ShortcutId, digest};
use rev_db::Scratches;
use rev_engine::clock::SystemClock;
use rev_engine::outcome::Refusal;
use rev_engine::proof::{Claim, Proof, Unproven, prove};
use rev_sql::schema::Difference;

use super::{refused, unclear};
use crate::args::Squash;
use crate::commands::one_line;
use crate::diagnostic::{Diagnostic, Failure};
use crate::scratch;
use crate::session::{Session, runtime};
use crate::terminal::{GOOD, NAME};

/// Proves the shortcut for every database that it has work for; databases for
/// which the very same runs count as one.
pub(super) fn prove_all(
    args: &Squash,
    session: &Session,
    with: &Arc<Graph>,
    id: &RevisionId,
    bindings: &[Arc<Binding>],
) -> Result<(), Failure> {
    let shortcut = with.find_shortcut(id.as_str()).expect("it was just added");
    let mut seen: BTreeSet<(&str, Vec<Digest>)> = BTreeSet::new();
    for binding in bindings {
        let runs = runs(with, shortcut, binding);
        let runs = runs.map_err(|error| unclear(session, error, bindings))?;
        let Some(runs) = runs else { continue };
        let key = (binding.dialect.name(), runs);
        if !seen.insert(key) {
            continue;
        }
        let proof = prove_on(args, session, with, shortcut, binding)?;
        let way = if proof.down {
            "up and down"
        } else {
            "up; there is no way down"
        };
        session.terminal.talk(&format!(
            "{GOOD}proven{GOOD:#} for {NAME}{}{NAME:#}, on throw-away databases: {way}",
            binding.name
        ));
    }
    Ok(())
}

/// The digests of all that can run on a database for the proof; `None`: nothing can.
fn runs(
    graph: &Graph,
    shortcut: ShortcutId,
    binding: &Binding,
) -> Result<Option<Vec<Digest>>, ScriptError> {
    let members = graph.members(shortcut);
    let below = graph.ancestors(members.iter().copied());
    let revisions = below.iter().map(|node| graph.revision(node));
    let revisions = revisions.chain([&graph.shortcut(shortcut).revision]);
    let works: Vec<Work<'_>> = revisions
        .map(|it| it.work(binding))
        .collect::<Result<_, _>>()?;
    let runs = !works.iter().all(Work::is_empty);
    Ok(runs.then(|| works.iter().flat_map(digest::work).collect()))
}

fn prove_on(
    args: &Squash,
    session: &Session,
    with: &Arc<Graph>,
    shortcut: ShortcutId,
    binding: &Arc<Binding>,
) -> Result<Proof, Failure> {
    let servers = session.servers(&args.scratch)?;
    let way_out = "or go without proof: `--no-proof`";
    let server = scratch::named_server(binding, &servers, way_out)?;
    let settings = session.settings(binding);
    let request = session.throw_away_request();
    let clock = SystemClock::start();
    let without = Arc::new(session.graph().without_shortcuts());
    let database = |error| session.refused(&Refusal::Database(error), binding);
    runtime()?.block_on(async {
        let scratches = Scratches::new(binding.dialect, server, &settings).map_err(database)?;
        scratch::clear(session, &scratches)
            .await
            .map_err(database)?;
        // A schema read from a live database says nothing of what that has by default.
        let scratches = if args.from_database.is_some() {
            scratch::alike(session, binding, scratches).await
        } else {
            scratches
        };
        let alone = scratches.make().await.map_err(database)?;
        let through = scratches.make().await;
        let through = match through {
            Ok(through) => through,
            Err(error) => {
                scratch::discard(session, alone).await;
                return Err(database(error));
            }
        };
        let result = prove(Claim {
            counts_rows: !args.without_rows,
            binding,
            with,
            without: &without,
            shortcut,
            alone: &|| alone.open(),
            through: &|| through.open(),
            request: &request,
            clock: &clock,
            stop: &rev_engine::event::Stop::default(),
        })
        .await;
        scratch::discard(session, alone).await;
        scratch::discard(session, through).await;
        result.map_err(|error| unproven(session, error, binding))
    })
}

fn unproven(session: &Session, error: Unproven, binding: &Arc<Binding>) -> Failure {
    match error {
        Unproven::Database(error) => session.refused(&error.into(), binding),
        Unproven::Run(lane) => scratch::stuck(session, &lane, binding),
        Unproven::NotTaken { way } => {
            let message = format!(
                "on `{}` no plan goes {way} through the shortcut, so nothing can be proven",
                binding.name
            );
            let hint = "give it a script only where what it replaces has one";
            refused("not_taken", message, hint)
        }
        Unproven::Differs {
            what,
            way,
            difference: Difference { missing, extra },
        } => {
            let message = format!(
                "not the same on `{}`: {way} the shortcut, {}",
                binding.name,
                what.words()
            );
            let mut told = Diagnostic::new("not_the_same", message)
                .fact("missing", missing.clone())
                .fact("extra", extra.clone())
                .hint("mend the scripts of the revisions, or squash fewer of them; nothing was written");
            let line = |sign: &str, text: &String| format!("{sign} {}", one_line(text));
            told.lines
                .extend(missing.iter().map(|text| line("-", text)));
            told.lines.extend(extra.iter().map(|text| line("+", text)));
            Failure::refused(told)
        }
    }
}
