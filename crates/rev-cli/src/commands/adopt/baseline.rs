//! The revision that histories begin with, and the files around it, proven but not written.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use rev_core::{DatabaseName, Graph, Node, Point, ResolveError, Revision};
use rev_sql::schema::{Diff, Schema, ddl};
use rev_store::config::ModelFile;
use rev_store::write::{self, Declared};

use super::past::Past;
use crate::args::Adopt;
use crate::commands::{authoring, autogenerate};
use crate::compare::Comparison;
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::adopt::Course;
use crate::models::{self, Declaration, has_models};
use crate::scratch::{self, Live};
use crate::session::{Session, runtime};
use crate::system::today;

/// The folders in which the models of a database that has none may go, the first first.
const FOLDERS: [&str; 3] = ["schema", "models", "declared"];

/// What is to be written.
pub(super) struct Baseline {
    /// The revision.
    pub(super) revision: Revision,
    /// Model files that are not there yet, by their paths from the root.
    pub(super) models: BTreeMap<String, String>,
    /// The settings that name them, where they do not yet.
    pub(super) settings: Option<Declared>,
    /// What each database declares then that was given models now.
    declared: BTreeMap<DatabaseName, Schema>,
    /// All of these files, as shown.
    pub(super) files: Vec<String>,
}

impl Baseline {
    /// What the histories begin with of all databases that have none; `None`: there is none.
    pub(super) fn of(
        args: &Adopt,
        session: &Session,
        pasts: &[Past],
    ) -> Result<Option<Self>, Failure> {
        let begun: Vec<&Past> = pasts
            .iter()
            .filter(|it| it.course == Course::Begun)
            .collect();
        if begun.is_empty() {
            return Ok(None);
        }
        let writing = Writing::of(session, &begun)?;
        let parents = parents(args, session, &begun)?;
        let ids = session.graph().ids(parents.iter().copied());
        let id = authoring::new_id(args.id.as_deref(), session.graph())?;
        let mut revision = Revision::new(id, ids);
        revision.message.clone_from(&args.message);
        revision.created = Some(today());
        let found = begun.iter().map(|past| {
            let declaration = writing.declaration(past);
            runtime()?.block_on(begins(args, session, past, &parents, declaration))
        });
        let found: Vec<Comparison> = found.collect::<Result<_, Failure>>()?;
        revision.scripts = autogenerate::scripts(session, &found)?;
        writing.prove(args, session)?;
        prove(args, session, &begun, &revision)?;
        let settings = match &writing.named[..] {
            [] => None,
            named => {
                let declared = write::declare(&session.project.settings(), named);
                Some(declared.map_err(|error| diagnostic::write(&error))?)
            }
        };
        let project = &session.project;
        let mut files: Vec<PathBuf> = writing
            .texts
            .keys()
            .map(|it| project.root.join(it))
            .collect();
        files.extend(settings.as_ref().map(|_| project.settings()));
        files.push(
            project
                .config
                .new_revisions()
                .join(write::file_name(&revision)),
        );
        let here = std::env::current_dir()?;
        Ok(Some(Self {
            revision,
            models: writing.texts,
            settings,
            declared: writing.declared,
            files: files.iter().map(|it| authoring::shown(&here, it)).collect(),
        }))
    }

    /// What would be left: where models declare something else than is there.
    pub(super) fn left(&self, pasts: &[Past]) -> Vec<Diagnostic> {
        let mut left = Vec::new();
        for past in pasts.iter().filter(|it| it.course == Course::Begun) {
            let name = &past.binding.name;
            let own = past.declared.as_ref().map(|(it, _)| it);
            let Some(declared) = own.or_else(|| self.declared.get(name)) else {
                continue;
            };
            let dialect = past.binding.dialect;
            let diff = Diff::between(&past.schema, declared, &[], &past.filter, dialect);
            if diff.is_empty() {
                continue;
            }
            let message = format!("the models of `{name}` are not what it holds");
            let sentences = diff.sentences();
            let mut told = Diagnostic::new("models_differ", message)
                .fact("database", name.as_str())
                .fact("changes", sentences.clone());
            told.lines.extend(sentences);
            left.push(told.hint(
                "the first revision is to make what it holds, and a second one may make what they declare",
            ));
        }
        left
    }
}

/// The model files that are to be written.
#[derive(Default)]
struct Writing<'a> {
    /// What stands in them, by their paths.
    texts: BTreeMap<String, String>,
    /// The databases whose schema that is, by the same.
    firsts: BTreeMap<String, &'a Past>,
    /// The databases in whose settings they are to be named, and their paths.
    named: Vec<(DatabaseName, String)>,
    /// The path and what will be declared, of each database whose models are to be written.
    paths: BTreeMap<DatabaseName, String>,
    declared: BTreeMap<DatabaseName, Schema>,
}

impl<'a> Writing<'a> {
    /// Of databases that name one file the first one's schema goes into it.
    fn of(session: &Session, begun: &[&'a Past]) -> Result<Self, Failure> {
        let mut writing = Self::default();
        for past in begun.iter().copied().filter(|it| it.declared.is_none()) {
            let name = &past.binding.name;
            let path = match models::unwritten(session, &past.binding) {
                Some(path) => path,
                None if has_models(session, &past.binding) => continue,
                None => {
                    let path = free(session, past)?;
                    writing.named.push((name.clone(), path.clone()));
                    path
                }
            };
            let first = *writing.firsts.entry(path.clone()).or_insert(past);
            if first.binding.dialect != past.binding.dialect {
                return Err(several_dialects(first, past, &path));
            }
            writing.declared.insert(name.clone(), first.schema.clone());
            writing.paths.insert(name.clone(), path);
        }
        for (path, past) in &writing.firsts {
            // One that is there says the same.
            if !session.project.root.join(path).exists() {
                writing.texts.insert(path.clone(), text(past));
            }
        }
        Ok(writing)
    }

    /// Refuses models that do not declare just what their databases hold.
    fn prove(&self, args: &Adopt, session: &Session) -> Result<(), Failure> {
        for (path, past) in &self.firsts {
            let file = ModelFile {
                path: path.clone(),
                text: text(past),
            };
            let (binding, servers) = (&past.binding, &args.scratch);
            let given = models::given(session, binding, file, servers, Live::Asked);
            let given = runtime()?.block_on(given)?;
            if let Some(told) = lacking(past, &given, "a dump that declares") {
                return Err(Failure::refused(told));
            }
        }
        Ok(())
    }

    fn declaration(&self, past: &Past) -> Declaration {
        match (&past.declared, self.paths.get(&past.binding.name)) {
            (Some((_, declaration)), _) => declaration.clone(),
            (None, path) => Declaration::Files(path.cloned().into_iter().collect()),
        }
    }
}

/// The schema of a database as models.
fn text(past: &Past) -> String {
    ddl::dump(&past.schema, past.binding.dialect).for_client(past.binding.dialect)
}

/// Where the models of a database go that has none: a file that is nobody else's, and is not
/// there unless it says the same.
fn free(session: &Session, past: &Past) -> Result<String, Failure> {
    let name = &past.binding.name;
    let config = &session.project.config;
    let paths = FOLDERS.map(|folder| format!("{folder}/{name}.sql"));
    let Some(path) = paths
        .iter()
        .find(|path| !config.takes_in(path) && !config.keeps(path))
    else {
        let message = format!("no file is free for the models of `{name}`");
        return Err(Failure::refused(Diagnostic::new("exists", message).hint(
            "name one in rev.yaml that is not there yet, such as `models: declared.sql`",
        )));
    };
    let whole = session.project.root.join(path);
    let is_same = |there: String| there == text(past);
    if whole.exists() && !rev_store::source::read_text(&whole).is_ok_and(is_same) {
        let message = format!("`{path}` is there, and is not what `{name}` holds");
        return Err(Failure::refused(
            Diagnostic::new("exists", message).hint(format!(
                "where it declares `{name}`, say so in rev.yaml: `models: {path}`; else give it another name"
            )),
        ));
    }
    Ok(path.clone())
}

fn several_dialects(first: &Past, other: &Past, path: &str) -> Failure {
    let message = format!(
        "`{path}` is to declare `{}` and `{}`, which speak {} and {}",
        first.binding.name, other.binding.name, first.binding.dialect, other.binding.dialect
    );
    let told = Diagnostic::new("bad_models", message);
    Failure::refused(told.hint("name a file for each of them under `models:` in rev.yaml"))
}

/// What the revision stands on.
fn parents(args: &Adopt, session: &Session, begun: &[&Past]) -> Result<Vec<Node>, Failure> {
    let at = args.at.as_deref().map(|text| session.point(text));
    let at: Option<Point> = at.transpose()?;
    let databases: Vec<_> = begun.iter().map(|it| it.binding.clone()).collect();
    let names = databases.iter().map(|it| format!(" {}", it.name));
    let flag = format!("{} --at", names.collect::<String>());
    let unresolved = |error: ResolveError| session.unresolved_in(&error, &flag, ("", ""));
    authoring::stands_on(&databases, at.as_ref(), false, unresolved, session)
}

/// What brings a new database from the parents to what this one holds.
async fn begins(
    args: &Adopt,
    session: &Session,
    past: &Past,
    parents: &[Node],
    declaration: Declaration,
) -> Result<Comparison, Failure> {
    let from = given(args, session, past, session.graph(), parents).await?;
    let dialect = past.binding.dialect;
    let diff = Diff::between(&from, &past.schema, &[], &past.filter, dialect);
    for remark in &diff.remarks {
        session.terminal.talk(remark);
    }
    Ok(Comparison::of(past.binding.clone(), diff, declaration))
}

async fn given(
    args: &Adopt,
    session: &Session,
    past: &Past,
    graph: &Arc<Graph>,
    nodes: &[Node],
) -> Result<Schema, Failure> {
    let servers = &args.scratch;
    scratch::replayed(session, &past.binding, graph, nodes, servers, Live::Asked).await
}

/// Refuses a revision that does not give just what the databases hold.
fn prove(
    args: &Adopt,
    session: &Session,
    begun: &[&Past],
    revision: &Revision,
) -> Result<(), Failure> {
    let graph = Arc::new(session.with(revision)?);
    let nodes: Vec<Node> = graph.find(revision.id.as_str()).into_iter().collect();
    let mut told = Vec::new();
    for past in begun {
        let given = runtime()?.block_on(given(args, session, past, &graph, &nodes))?;
        told.extend(lacking(past, &given, "a script that makes"));
    }
    if told.is_empty() {
        return Ok(());
    }
    Err(Failure::of(Exit::Refused, told))
}

/// What is wrong where something was to give what a database holds, and gives something else.
fn lacking(past: &Past, given: &Schema, what: &str) -> Option<Diagnostic> {
    let dialect = past.binding.dialect;
    let diff = Diff::between(given, &past.schema, &[], &past.filter, dialect);
    if diff.is_empty() {
        return None;
    }
    let name = past.binding.name.as_str();
    let message = format!(
        "`{name}` is not adopted: {what} just what it holds cannot be written, this would be left"
    );
    let sentences = diff.sentences();
    let mut told = Diagnostic::new("not_given", message)
        .fact("database", name)
        .fact("changes", sentences.clone());
    told.lines.extend(sentences);
    Some(told.hint(
        "nothing was written; leave it aside under `autogenerate: exclude:` in rev.yaml, and make it in a \
         revision by hand",
    ))
}
