//! `rev squash`: one revision that does the work of several in one step.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use rev_core::{
    Binding, Digest, Graph, NodeSet, Point, Revision, RevisionId, Scope, ScriptError, ShortcutId,
    digest,
};
use rev_db::Scratch;
use rev_engine::database::{Database, DatabaseError};
use rev_engine::outcome::Refusal;
use rev_engine::proof::{Claim, Proof, Unproven, prove};
use rev_sql::schema::ddl;
use rev_store::config::DatabaseUrl;
use serde_json::json;

use super::authoring::{create, new_id};
use super::one_line;
use crate::args::Squash;
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::scratch;
use crate::session::{Session, runtime};
use crate::system::{SystemClock, today};
use crate::terminal::{GOOD, ID, NAME, WARNING, count};

/// `rev squash`.
pub(crate) fn squash(args: &Squash, session: &Session) -> Result<Exit, Failure> {
    if args.finish {
        return finish(args, session);
    }
    let graph = session.graph();
    let range = args.range.first().map_or("", String::as_str);
    let set = set(session, range)?;
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
        dumped(session, &mut revision, &set, name)?;
    }
    let with = whole(graph, &revision)?;
    if !args.no_proof {
        prove_all(args, session, &with, &revision.id, &bindings)?;
    }
    if !session.terminal.is_json() {
        session.terminal.talk(&format!(
            "{ID}{}{ID:#} does the work of {} in one step",
            revision.id,
            count(set.len(), "revision")
        ));
    }
    create(session, revision)
}

/// The revisions that a word or `LOW:HIGH` names: a label's members, one
/// revision, or all between two, both included.
fn set(session: &Session, text: &str) -> Result<NodeSet, Failure> {
    let graph = session.graph();
    let scope = Scope::of_graph(graph);
    let unresolved = |error| session.unresolved(&error);
    let Some((low, high)) = text.split_once(':') else {
        if let Some(root) = graph.label(text) {
            return Ok(graph.line_above(root));
        }
        let found = scope.revisions(&session.point(text)?).map_err(unresolved)?;
        return Ok(found.into_iter().collect());
    };
    let point = |text: &str| match text {
        "" => Ok(None),
        text => session.point(text).map(Some),
    };
    let (low, high): (Option<Point>, Option<Point>) = (point(low)?, point(high)?);
    scope.range(low.as_ref(), high.as_ref()).map_err(unresolved)
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

/// The graph with the shortcut, if it can hold it.
fn whole(graph: &Graph, revision: &Revision) -> Result<Arc<Graph>, Failure> {
    let mut all = graph.files().to_vec();
    all.push(Arc::new(revision.clone()));
    Graph::new(all)
        .map(Arc::new)
        .map_err(|faults| Failure::of(Exit::Refused, diagnostic::graph_faults(&faults)))
}

/// Takes the way up from the schema of a database that stands exactly at the end
/// of the set.
fn dumped(
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
    let Some(script) = script else {
        return Err(refused(
            "no_dump",
            format!(
                "the schema of a {} database cannot be written as SQL yet",
                binding.dialect
            ),
            "squash without `--from-database`: the scripts of the revisions are then joined",
        ));
    };
    rev_core::squash::replace_upgrade(revision, binding, script);
    Ok(())
}

/// The statements that make a schema: those that the engine keeps, where it does,
/// else those that its inspection gives.
async fn dump(
    database: &mut dyn Database,
    binding: &Binding,
) -> Result<Option<Vec<String>>, DatabaseError> {
    if let Some(kept) = database.dump().await? {
        return Ok(Some(kept));
    }
    let schema = database.inspect().await?;
    let script = schema.and_then(|schema| ddl::dump(&schema, binding.dialect));
    let texts = script.map(|it| it.statements.into_iter().map(|it| it.text).collect());
    Ok(texts)
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
        return Err(refused(
            "no_scratch",
            format!(
                "`{}` speaks {dialect}, and no server for throw-away databases is named",
                binding.name
            ),
            &format!(
                "name one where databases may be made: `--scratch {dialect}://…`\n\
                 or go without proof: `--no-proof`"
            ),
        ));
    }
    let settings = session.settings(binding);
    let request = scratch::request(session);
    let clock = SystemClock::start();
    let database = |error| session.refused(&Refusal::Database(error), binding);
    runtime()?.block_on(async {
        let alone = Scratch::make(dialect, server, &settings)
            .await
            .map_err(database)?;
        let through = Scratch::make(dialect, server, &settings).await;
        let through = match through {
            Ok(through) => through,
            Err(error) => {
                let _ = alone.drop().await;
                return Err(database(error));
            }
        };
        let result = prove(Claim {
            binding,
            with,
            without: session.graph(),
            shortcut,
            alone: &|| alone.open(),
            through: &|| through.open(),
            request: &request,
            clock: &clock,
        })
        .await;
        let dropped = [alone.drop().await, through.drop().await];
        let proof = result.map_err(|error| unproven(session, error, binding))?;
        for error in dropped.into_iter().filter_map(Result::err) {
            let text = format!("{WARNING}warning{WARNING:#}: a throw-away database stays: {error}");
            session.terminal.talk(&text);
        }
        Ok(proof)
    })
}

fn unproven(session: &Session, error: Unproven, binding: &Arc<Binding>) -> Failure {
    match error {
        Unproven::Database(error) => session.refused(&error.into(), binding),
        Unproven::Run(lane) => scratch::stuck(session, &lane, binding),
        Unproven::Differs {
            way,
            missing,
            extra,
        } => {
            let message = format!(
                "not the same on `{}`: {way} the shortcut, the schema is another one",
                binding.name
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

/// Removes the files of what shortcuts replace, once every database is past it.
fn finish(args: &Squash, session: &Session) -> Result<Exit, Failure> {
    let graph = session.graph();
    let chosen = chosen(args, session)?;
    let mut gone: BTreeSet<RevisionId> = BTreeSet::new();
    for &id in &chosen {
        gone.extend(graph.ids(graph.members(id)));
        let mut inner = graph.shortcut(id).inner.clone();
        while let Some(id) = inner.pop() {
            gone.insert(graph.shortcut(id).revision.id.clone());
            inner.extend(&graph.shortcut(id).inner);
        }
    }
    let stays = |revision: &&Arc<Revision>| !gone.contains(&revision.id);
    let rest = graph.files().iter().filter(stays).cloned().collect();
    if let Err(faults) = Graph::new(rest) {
        return Err(Failure::of(
            Exit::Refused,
            diagnostic::graph_faults(&faults),
        ));
    }
    if !args.offline {
        check_past(session, &chosen)?;
    }
    let mut files = Vec::new();
    for id in &gone {
        let path = session
            .project
            .file(id)
            .expect("a revision of the checkout has a file");
        fs::remove_file(path).map_err(|error| {
            let message = format!("`{}` cannot be removed", path.display());
            Failure::refused(Diagnostic::new("io", message).cause(error))
        })?;
        files.extend(session.project.shown(id));
    }
    files.sort_unstable();
    if session.terminal.is_json() {
        session.terminal.json(&json!({ "removed": files }))?;
    } else {
        let lines = files.iter().map(|file| format!("removed {file}\n"));
        session.terminal.data(&lines.collect::<String>())?;
    }
    Ok(Exit::Done)
}

/// The shortcuts that are named; all that lie in no other one where none is.
fn chosen(args: &Squash, session: &Session) -> Result<Vec<ShortcutId>, Failure> {
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

/// Every database must have all of what goes, and every one must be served by
/// the shortcut.
fn check_past(session: &Session, chosen: &[ShortcutId]) -> Result<(), Failure> {
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

fn refused(code: &str, message: String, hint: &str) -> Failure {
    Failure::refused(Diagnostic::new(code, message).hint(hint))
}
