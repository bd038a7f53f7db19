//! Commands that write revisions: `revision`, `merge`.

use std::path::Path;
use std::sync::Arc;

use rev_core::{
    Binding, DatabaseName, Entry, Graph, Label, Need, Node, Point, ResolveError, Revision,
    RevisionId, Scope, Script, Sql, State,
};
use rev_engine::outcome::Refusal;
use rev_store::write;

use super::autogenerate;
use crate::args::{Merge, NewRevision};
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::authoring::Written;
use crate::session::Session;
use crate::system::{random_id, today};

/// `rev revision`.
pub(crate) fn revision(args: &NewRevision, session: &Session) -> Result<Exit, Failure> {
    autogenerate::check_flags(args)?;
    if args.edit {
        // Who has no editor is told before there is a file.
        super::edit::editor()?;
    }
    let graph = session.graph();
    let head = args
        .head
        .as_deref()
        .map(|text| session.point(text))
        .transpose()?;
    let scripts_for = database_names(&args.databases, session)?;
    let parents = parents(args, head.as_ref(), &scripts_for, session)?;
    let ids = graph.ids(parents.iter().copied());
    let mut revision = Revision::new(new_id(args.id.as_deref(), graph)?, ids);
    revision.message.clone_from(&args.message);
    revision.created = Some(today());
    revision.labels = labels(&args.branch_labels)?;
    let (across, within): (Vec<&String>, Vec<&String>) =
        args.depends_on.iter().partition(|text| text.contains('@'));
    revision.depends_on = dependencies(&within, session)?;
    revision.needs = needs(&across, session)?;
    if args.autogenerate {
        return match autogenerate::fill(args, session, revision, &parents)? {
            Some(revision) => create_and_edit(args.edit, session, revision),
            None => Ok(Exit::Done),
        };
    }
    let entry = Entry {
        upgrade: Some(script(args.sql.as_deref(), "-- write the way up here")?),
        downgrade: Some(script(
            args.down_sql.as_deref(),
            "-- write the way down here",
        )?),
        ..Entry::default()
    };
    if scripts_for.is_empty() {
        revision.scripts.top = entry;
    } else {
        let entries = scripts_for.into_iter().map(|name| (name, entry.clone()));
        revision.scripts.databases = entries.collect();
    }
    create_and_edit(args.edit, session, revision)
}

fn create_and_edit(
    is_edited: bool,
    session: &Session,
    revision: Revision,
) -> Result<Exit, Failure> {
    let folder = session.project.config.new_revisions();
    let file = folder.join(write::file_name(&revision));
    let exit = create(session, revision, &[])?;
    if is_edited {
        super::edit::open(&file)?;
    }
    Ok(exit)
}

/// The names, if `rev.yaml` binds them.
fn database_names(texts: &[String], session: &Session) -> Result<Vec<DatabaseName>, Failure> {
    let bound = session.project.config.bound_names();
    texts
        .iter()
        .map(|text| match bound.contains_key(text.as_str()) {
            true => DatabaseName::new(text).map_err(|e| Failure::usage(diagnostic::name(&e))),
            false => Err(Failure::refused(session.unbound(text))),
        })
        .collect()
}

/// What a new revision stands on: where databases are named, the head that
/// concerns them.
fn parents(
    args: &NewRevision,
    head: Option<&Point>,
    scripts_for: &[DatabaseName],
    session: &Session,
) -> Result<Vec<Node>, Failure> {
    let unresolved = |error: ResolveError| match (args.autogenerate, args.comparing.from_revisions)
    {
        (false, _) => session.unresolved(&error),
        (true, false) => session.unresolved_in(&error, " --autogenerate --head", ("", " …")),
        (true, true) => {
            let flags = " --autogenerate --from-revisions --head";
            session.unresolved_in(&error, flags, ("", " …"))
        }
    };
    let databases = match scripts_for {
        [] => Vec::new(),
        _ => session.databases(&args.databases)?,
    };
    stands_on(&databases, head, args.splice, unresolved, session)
}

/// What a new revision for these databases stands on, all of them for none: a point that
/// is given, else the one head that concerns them.
pub(super) fn stands_on(
    databases: &[Arc<Binding>],
    head: Option<&Point>,
    splice: bool,
    unresolved: impl Fn(ResolveError) -> Failure,
    session: &Session,
) -> Result<Vec<Node>, Failure> {
    let graph = session.graph();
    let whole = Scope::of_graph(graph);
    if head.is_some() || databases.is_empty() {
        return whole.new_parents(head, splice).map_err(unresolved);
    }
    let state = State::default();
    let mut found: Option<Vec<Node>> = None;
    for binding in databases {
        let scope = Scope::of_database(graph, binding, &state)
            .map_err(|errors| session.refused(&Refusal::Scripts { errors }, binding))?;
        let parents = scope.new_parents(None, splice).map_err(&unresolved)?;
        // Databases that live on different branches have no one head.
        if found
            .replace(parents.clone())
            .is_some_and(|before| before != parents)
        {
            return whole.new_parents(None, splice).map_err(unresolved);
        }
    }
    Ok(found.unwrap_or_default())
}

pub(super) fn new_id(given: Option<&str>, graph: &Graph) -> Result<RevisionId, Failure> {
    let Some(given) = given else {
        let fresh = std::iter::repeat_with(random_id).find(|id| graph.lookup(id).is_empty());
        let id = fresh.expect("an endless supply has one that is new");
        return RevisionId::new(&id).map_err(|error| Failure::usage(diagnostic::name(&error)));
    };
    RevisionId::new(given).map_err(|error| Failure::usage(diagnostic::name(&error)))
}

fn labels(texts: &[String]) -> Result<Vec<Label>, Failure> {
    let labels = texts.iter().map(|text| Label::new(text));
    labels
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::usage(diagnostic::name(&error)))
}

/// Labels stay labels; anything else becomes the whole id.
fn dependencies(texts: &[&String], session: &Session) -> Result<Vec<String>, Failure> {
    let graph = session.graph();
    let mut names = Vec::new();
    for text in texts {
        if graph.label(text).is_some() {
            names.push((*text).clone());
            continue;
        }
        let nodes = Scope::of_graph(graph)
            .revisions(&session.point(text)?)
            .map_err(|error| session.unresolved_in(&error, " --depends-on", ("", " …")))?;
        names.extend(graph.ids(nodes).iter().map(ToString::to_string));
    }
    Ok(names)
}

/// `database@revision`; what comes first is looked up like any target.
fn needs(texts: &[&String], session: &Session) -> Result<Vec<Need>, Failure> {
    let mut needs = Vec::new();
    for text in texts {
        let (database, point) = text.split_once('@').unwrap_or_default();
        for binding in session.databases(&[database.to_owned()])? {
            let point = point.to_owned();
            let revisions = dependencies(&[&point], session)?.into_iter();
            needs.extend(revisions.map(|revision| Need {
                database: binding.name.clone(),
                revision,
            }));
        }
    }
    Ok(needs)
}

fn script(file: Option<&Path>, otherwise: &str) -> Result<Script, Failure> {
    let Some(path) = file else {
        return Ok(Script::Any(Sql::text(&format!("{otherwise}\n"))));
    };
    let text = rev_store::source::read_text(path).map_err(|error| {
        let message = format!("`{}` cannot be read", path.display());
        Failure::refused(Diagnostic::new("io", message).cause(error))
    })?;
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    if text.trim().is_empty() {
        let message = format!("`{}` is empty", path.display());
        return Err(Failure::refused(Diagnostic::new("empty_script", message)));
    }
    Ok(Script::Any(Sql(vec![text])))
}

/// `rev merge`.
pub(crate) fn merge(args: &Merge, session: &Session) -> Result<Exit, Failure> {
    let graph = session.graph();
    let points: Vec<Point> = args
        .points
        .iter()
        .map(|text| session.point(text))
        .collect::<Result<_, _>>()?;
    let parents = Scope::of_graph(graph)
        .merge_parents(&points, args.splice)
        .map_err(|error| session.unresolved(&error))?;
    let joined = parents
        .iter()
        .map(|&parent| format!("joins {}", super::revision_line(graph, parent)));
    let joined: Vec<String> = joined.collect();
    let ids = graph.ids(parents);
    let names: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
    let message = args
        .message
        .clone()
        .unwrap_or_else(|| format!("merge {}", names.join(" and ")));
    let mut revision = Revision::new(new_id(args.id.as_deref(), graph)?, ids);
    revision.message = message;
    revision.created = Some(today());
    revision.labels = labels(&args.branch_labels)?;
    create(session, revision, &joined)
}

/// Writes a revision that the project can hold, and says where, and these lines
/// once it is written.
pub(super) fn create(
    session: &Session,
    revision: Revision,
    lines: &[String],
) -> Result<Exit, Failure> {
    let path = place(session, &revision)?;
    for line in lines {
        session.terminal.talk(line);
    }
    if session.terminal.is_json() {
        session.terminal.json(&Written::Revision {
            revision: revision.id.to_string(),
            down_revision: revision.parents.iter().map(ToString::to_string).collect(),
            path,
        })?;
    } else {
        session.terminal.data(&format!("{path}\n"))?;
    }
    Ok(Exit::Done)
}

/// Writes a revision that the project can hold. Gives its path from here.
pub(super) fn place(session: &Session, revision: &Revision) -> Result<String, Failure> {
    session.with(revision)?;
    let folder = session.project.config.new_revisions();
    let fence = session.project.config.fence();
    let path =
        write::create(&fence, &folder, revision).map_err(|error| diagnostic::write(&error))?;
    Ok(shown(&std::env::current_dir()?, &path))
}

/// A path from here, where that is shorter.
pub(super) fn shown(here: &Path, path: &Path) -> String {
    path.strip_prefix(here)
        .unwrap_or(path)
        .display()
        .to_string()
}
