//! `rev squash`: one revision that does the work of several in one step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rev_core::revision::Work;
use rev_core::{
    Binding, Digest, Graph, NodeSet, Revision, RevisionId, ScriptError, ShortcutId, Standing,
    digest,
};
use rev_db::Scratches;
use rev_engine::database::{Database, DatabaseError};
use rev_engine::outcome::Refusal;
use rev_engine::proof::{Claim, Proof, Unproven, prove};
use rev_sql::effect::makes_rows;
use rev_sql::schema::{Difference, ddl};
use rev_sql::split::split;
use rev_store::config::DatabaseUrl;

use super::authoring::{create, new_id};
use super::test::no_server;
use super::{finish, one_line, range};
use crate::args::Squash;
use crate::diagnostic::{Diagnostic, Failure, Place};
use crate::exit::Exit;
use crate::scratch;
use crate::session::{Session, runtime};
use crate::system::{SystemClock, today};
use crate::terminal::{GOOD, ID, NAME, count};

/// `rev squash`.
pub(crate) fn squash(args: &Squash, session: &Session) -> Result<Exit, Failure> {
    if args.finish {
        return finish::finish(args, session);
    }
    let graph = session.graph();
    let range = match args.range.as_slice() {
        [] => "",
        [range] => range,
        _ => {
            let told = Diagnostic::new("usage", "`rev squash` takes one range");
            return Err(Failure::usage(told.hint(
                "squash them one after another, or what lies around all of them: `rev squash LOW:HIGH`",
            )));
        }
    };
    let set = range::named(session, None, range)?;
    if set.len() < 2 {
        return Err(refused(
            "nothing_to_squash",
            format!("`{range}` is {}", count(set.len(), "revision")),
            "name several, such as `rev squash base:5f1c` or `rev squash LABEL`",
        ));
    }
    let bindings = session.databases(&[])?;
    let known: Vec<&Binding> = bindings.iter().map(AsRef::as_ref).collect();
    let id = new_id(args.id.as_deref(), graph)?;
    let mut revision = rev_core::squash::squash(graph, &set, id, &known)
        .map_err(|error| unclear(session, error, &bindings))?;
    revision.message = match &args.message {
        Some(message) => message.clone(),
        None => message(graph, &set),
    };
    revision.created = Some(today());
    if let Some(name) = &args.from_database {
        dumped(args, session, &mut revision, &set, name)?;
    }
    let with = Arc::new(session.with(&revision)?);
    if !args.no_proof {
        prove_all(args, session, &with, &revision.id, &bindings)?;
    }
    let warnings = finish::warnings(session, &with, &revision.id).into_iter();
    let mut lines: Vec<String> = warnings
        .map(|told| told.text(true).trim_end().to_owned())
        .collect();
    if !session.terminal.is_json() {
        lines.push(format!(
            "{ID}{}{ID:#} does the work of {} in one step",
            revision.id,
            count(set.len(), "revision")
        ));
    }
    create(session, revision, &lines)
}

fn message(graph: &Graph, set: &NodeSet) -> String {
    let ids = graph.ids(graph.topmost(set));
    let ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
    format!(
        "squash {} up to {}",
        count(set.len(), "revision"),
        ids.join(" and ")
    )
}

fn unclear(session: &Session, error: ScriptError, bindings: &[Arc<Binding>]) -> Failure {
    let errors = vec![error];
    match bindings.first() {
        Some(binding) => session.refused(&Refusal::Scripts { errors }, binding),
        None => Failure::refused(Diagnostic::new("scripts", &errors[0])),
    }
}

/// Takes the way up from the schema of a database that stands exactly at the end
/// of the set.
fn dumped(
    args: &Squash,
    session: &Session,
    revision: &mut Revision,
    set: &NodeSet,
    name: &str,
) -> Result<(), Failure> {
    let graph = session.graph();
    let names = session.databases(&[name.to_owned()])?;
    let [binding] = &names[..] else {
        return Err(refused(
            "several_databases",
            format!("`{name}` is not one database"),
            "name one",
        ));
    };
    if graph.ancestors(set.iter()) != *set {
        return Err(refused(
            "not_from_base",
            "a schema tells the work of a set only from the base on".to_owned(),
            &format!("squash from there: `rev squash base:REV --from-database {name}`"),
        ));
    }
    if !args.without_rows {
        check_rows(session, set, binding)?;
    }
    let runtime = runtime()?;
    let standing = runtime.block_on(session.survey(binding))?.standing;
    let here: BTreeSet<RevisionId> = standing
        .graph
        .ids(standing.state.set().iter())
        .into_iter()
        .collect();
    if here != graph.ids(set.iter()).into_iter().collect() {
        return Err(refused(
            "elsewhere",
            format!("`{name}` does not stand exactly at the end of the set"),
            &format!(
                "bring it there: `rev switch {}`",
                targets(name, &graph.ids(graph.topmost(set)))
            ),
        ));
    }
    let mut database = session.database(binding)?;
    let script = runtime
        .block_on(dump(&mut *database, binding))
        .map_err(|error| session.refused(&error.into(), binding))?;
    rev_core::squash::replace_upgrade(revision, binding, script);
    Ok(())
}

/// The statements that make a schema: those that the engine keeps, where it does,
/// else those that its inspection gives.
async fn dump(
    database: &mut dyn Database,
    binding: &Binding,
) -> Result<Vec<String>, DatabaseError> {
    if let Some(kept) = database.dump().await? {
        return Ok(kept);
    }
    let schema = database.inspect().await?;
    let statements = ddl::dump(&schema, binding.dialect).statements.into_iter();
    Ok(statements.map(|it| it.text).collect())
}

/// A schema has no rows; that those which revisions write are not in it, somebody
/// must have said.
fn check_rows(session: &Session, set: &NodeSet, binding: &Binding) -> Result<(), Failure> {
    let graph = session.graph();
    let mut told = Vec::new();
    for node in set.iter() {
        let revision = graph.revision(node);
        let Ok(Work {
            upgrade: Some(sql),
            transaction,
            ..
        }) = revision.work(binding)
        else {
            continue;
        };
        let statements = split(sql, binding.dialect, transaction).unwrap_or_default();
        let mut writing = statements.iter();
        let writing = writing.find(|it| makes_rows(&it.text, binding.dialect));
        let Some(statement) = writing else { continue };
        let place = Place {
            project: &session.project,
            binding,
            revision: &revision.id,
            action: "upgrade",
        };
        let message = format!(
            "revision `{}` may write rows, which the schema of `{}` does not have",
            revision.id, binding.name
        );
        told.push(
            Diagnostic::new("rows_left_out", message)
                .at(place.spot(statement.piece, statement.offset))
                .fact("revision", revision.id.as_str()),
        );
    }
    match told.pop() {
        None => Ok(()),
        Some(last) => {
            told.push(last.hint(
                "squash without `--from-database`: the scripts are joined, and rows come along;\n\
                 or leave the rows out: `--without-rows`",
            ));
            Err(Failure::of(Exit::Refused, told))
        }
    }
}

/// `db1@a db1@b`, or the base.
fn targets(database: &str, heads: &[RevisionId]) -> String {
    match heads {
        [] => format!("{database}@base"),
        heads => {
            let targets = heads.iter().map(|id| format!("{database}@{id}"));
            targets.collect::<Vec<_>>().join(" ")
        }
    }
}

/// Proves the shortcut for every database that it has work for; databases for
/// which the very same runs count as one.
fn prove_all(
    args: &Squash,
    session: &Session,
    with: &Arc<Graph>,
    id: &RevisionId,
    bindings: &[Arc<Binding>],
) -> Result<(), Failure> {
    let shortcut = with.find_shortcut(id.as_str()).expect("it was just added");
    let mut seen: BTreeMap<(&str, Vec<Digest>), &str> = BTreeMap::new();
    for binding in bindings {
        let runs = runs(with, shortcut, binding);
        let runs = runs.map_err(|error| unclear(session, error, bindings))?;
        let nothing = digest::script(None);
        if runs.iter().all(|digest| *digest == nothing) {
            continue;
        }
        let key = (binding.dialect.name(), runs);
        if seen.insert(key, binding.name.as_str()).is_some() {
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

/// The digests of all that can run on a database for the proof.
fn runs(
    graph: &Graph,
    shortcut: ShortcutId,
    binding: &Binding,
) -> Result<Vec<Digest>, ScriptError> {
    let members = graph.members(shortcut);
    let below = graph.ancestors(members.iter().copied());
    let revisions = below.iter().map(|node| graph.revision(node));
    let mut digests = Vec::new();
    for revision in revisions.chain([&graph.shortcut(shortcut).revision]) {
        let work = revision.work(binding)?;
        digests.push(digest::script(work.upgrade));
        digests.push(digest::script(work.downgrade));
    }
    Ok(digests)
}

fn prove_on(
    args: &Squash,
    session: &Session,
    with: &Arc<Graph>,
    shortcut: ShortcutId,
    binding: &Arc<Binding>,
) -> Result<Proof, Failure> {
    let dialect = binding.dialect;
    let servers = session.servers(&args.scratch)?;
    let server = servers.iter().find(|url| url.dialect() == dialect);
    let server = server.map(DatabaseUrl::expose);
    if server.is_none() && dialect != rev_core::Dialect::Sqlite {
        return Err(no_server(binding, "or go without proof: `--no-proof`"));
    }
    let settings = session.settings(binding);
    let request = session.throw_away_request();
    let clock = SystemClock::start();
    let without = Arc::new(session.graph().without_shortcuts());
    let database = |error| session.refused(&Refusal::Database(error), binding);
    runtime()?.block_on(async {
        let scratches = Scratches::new(dialect, server, &settings).map_err(database)?;
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

/// The shortcuts that are named; all that lie in no other one where none is.
pub(super) fn chosen(args: &Squash, session: &Session) -> Result<Vec<ShortcutId>, Failure> {
    let graph = session.graph();
    if args.range.is_empty() {
        let all: Vec<ShortcutId> = graph.shortcut_ids().collect();
        let outermost = all
            .into_iter()
            .filter(|&id| graph.shortcut(id).outer.is_none());
        let outermost: Vec<ShortcutId> = outermost.collect();
        return match outermost.is_empty() {
            false => Ok(outermost),
            true => Err(refused(
                "no_shortcut",
                "there is no shortcut whose replaced revisions still have files".to_owned(),
                "make one: `rev squash base:REV`",
            )),
        };
    }
    let find = |text: &String| {
        graph.find_shortcut(text).ok_or_else(|| {
            let ids = graph.shortcuts().iter().map(|it| it.revision.id.as_str());
            let ids: Vec<&str> = ids.collect();
            refused(
                "no_shortcut",
                format!("`{text}` is no shortcut"),
                &match ids.is_empty() {
                    true => "there is none: make one with `rev squash base:REV`".to_owned(),
                    false => format!("shortcuts: {}", ids.join(", ")),
                },
            )
        })
    };
    args.range.iter().map(find).collect()
}

/// Every database must find in the shortcut what it had in the revisions.
pub(super) fn check_served(session: &Session, chosen: &[ShortcutId]) -> Result<(), Failure> {
    let graph = session.graph();
    let bindings = session.databases(&[])?;
    let mut told = Vec::new();
    for binding in &bindings {
        for &id in chosen {
            let unserved = rev_core::squash::unserved(graph, id, binding)
                .map_err(|error| unclear(session, error, &bindings))?;
            let shortcut = &graph.shortcut(id).revision.id;
            told.extend(unserved.into_iter().map(|action| {
                let message = format!(
                    "`{shortcut}` has no {action} for `{}`, though what it replaces has",
                    binding.name
                );
                Diagnostic::new("unserved", message)
                    .fact("database", binding.name.as_str())
                    .fact("shortcut", shortcut.as_str())
                    .hint(match action {
                        "upgrade" => format!("write it: `rev edit {shortcut}`"),
                        _ => format!(
                            "write it (`rev edit {shortcut}`), or say there `irreversible: true`"
                        ),
                    })
            }));
        }
    }
    match told.is_empty() {
        true => Ok(()),
        false => Err(Failure::of(Exit::Refused, told)),
    }
}

/// Every database must have all of what goes, as the files have it.
pub(super) fn check_past(session: &Session, chosen: &[ShortcutId]) -> Result<(), Failure> {
    let graph = session.graph();
    let runtime = runtime()?;
    let mut told = Vec::new();
    for binding in session.databases(&[])? {
        let standing = runtime.block_on(session.survey(&binding))?.standing;
        let is_applied = |id: &RevisionId| {
            let node = standing.graph.find(id.as_str());
            node.is_some_and(|node| standing.state.set().contains(node))
        };
        for &id in chosen {
            let shortcut = graph.shortcut(id);
            let members = graph.ids(graph.members(id));
            let missing: Vec<&str> = members
                .iter()
                .filter(|id| !is_applied(id))
                .map(AsRef::as_ref)
                .collect();
            if missing.is_empty() {
                told.extend(drifted(
                    &binding,
                    &shortcut.revision.id,
                    &members,
                    &standing,
                ));
                continue;
            }
            let message = format!(
                "`{}` is not past `{}`: it lacks {}",
                binding.name,
                shortcut.revision.id,
                missing.join(", ")
            );
            let tops = graph.ids(shortcut.tops.iter().copied());
            let targets = targets(binding.name.as_str(), &tops);
            told.push(
                Diagnostic::new("not_past", message)
                    .fact("database", binding.name.as_str())
                    .fact("missing", missing)
                    .hint(format!("bring it there: `rev upgrade {targets}`")),
            );
        }
    }
    match told.is_empty() {
        true => Ok(()),
        false => Err(Failure::of(Exit::Refused, told)),
    }
}

/// What went another way than the files have it is not what the shortcut does, and
/// nobody could tell any more.
fn drifted(
    binding: &Binding,
    shortcut: &RevisionId,
    members: &[RevisionId],
    standing: &Standing,
) -> Option<Diagnostic> {
    let drift = &standing.drift;
    let edited = drift.edited.iter().map(|it| &it.revision);
    let moved = drift.reparented.iter().map(|it| &it.revision);
    let ids = edited.chain(moved).chain(&drift.rebound);
    let of_set = ids.filter(|id| members.contains(id) || *id == shortcut);
    let ids: Vec<&str> = of_set.map(AsRef::as_ref).collect();
    if ids.is_empty() {
        return None;
    }
    let message = format!(
        "on `{}` these ran otherwise than `{shortcut}` would: {}",
        binding.name,
        ids.join(", ")
    );
    let told = Diagnostic::new("drifted", message)
        .fact("database", binding.name.as_str())
        .fact("revisions", ids);
    Some(told.hint(format!(
        "mend that first: `rev status {}` says what it is",
        binding.name
    )))
}

fn refused(code: &str, message: String, hint: &str) -> Failure {
    Failure::refused(Diagnostic::new(code, message).hint(hint))
}
