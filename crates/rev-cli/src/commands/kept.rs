//! Schema files: `dump:` in rev.yaml names one, which is kept as its database is.
//!
//! It is what `rev dump` prints, under a line that says where the database stood. It is written
//! anew after each run that leaves it behind, in the place of its own kind alone; and a run whose
//! schema could not be kept is as good as any, so that is told and changes no exit code.

use std::io::{Error, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use rev_core::{Binding, DatabaseName, Goal, Point, RevisionId, Scope, State};
use rev_engine::outcome::{LaneOutcome, Outcome};
use rev_render::heads as heads_phrase;
use rev_sql::schema::Schema;
use rev_store::{saved, source};

use super::dump;
use super::stop::until_asked;
use crate::args::Looking;
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::format::run::Kept;
use crate::looking::filter;
use crate::scratch;
use crate::session::{Selection, Session};
use crate::terminal::{NAME, Terminal};

/// What became of the schema files after a run, by lane; `None`: nothing was to do. Who asks to
/// stop is not kept waiting.
pub(super) fn keep(
    outcome: &Outcome,
    selection: &Selection,
    session: &Session,
) -> Vec<Option<Kept>> {
    let lanes = &outcome.lanes;
    let mut kept = Vec::new();
    if lanes.iter().all(|it| file(session, &it.database).is_none()) {
        return kept;
    }
    let all = async {
        for lane in lanes {
            kept.push(match Due::of(lane, selection, session) {
                Some(due) => Some(due.told(due.keep(session).await)),
                None => None,
            });
        }
    };
    let why = match until_asked(Box::pin(all)) {
        Ok(_) => "it was asked to stop".to_owned(),
        Err(failure) => in_words(failure),
    };
    for lane in &lanes[kept.len()..] {
        let due = Due::of(lane, selection, session);
        kept.push(due.map(|due| due.told(Err(why.clone()))));
    }
    kept
}

/// Tells people what became of them.
pub(super) fn tell(outcome: &Outcome, kept: &[Option<Kept>], session: &Session) {
    for (lane, kept) in outcome.lanes.iter().zip(kept) {
        let Some(Kept { path, error }) = kept else {
            continue;
        };
        let name = &lane.database;
        let terminal = session.terminal;
        match error {
            None => terminal.talk(&format!("{NAME}{name}{NAME:#}  schema kept: {path}")),
            Some(why) => terminal.warn(format_args!(
                "the schema of `{name}` is not kept in `{path}`: {why}"
            )),
        }
    }
}

/// A schema that is to be kept.
struct Due<'a> {
    binding: &'a Arc<Binding>,
    /// As `dump:` names it.
    path: &'a str,
    first: String,
    there: There,
}

impl<'a> Due<'a> {
    /// `None`: none is kept, or the file is that of where the database stands.
    fn of(lane: &LaneOutcome, selection: &'a Selection, session: &'a Session) -> Option<Self> {
        let name = &lane.database;
        let path = file(session, name)?;
        let heads = lane.heads.as_ref()?;
        // What is half done is no schema that anybody wants to keep.
        if lane.half_done.is_some() || !lane.in_doubt.is_empty() {
            return None;
        }
        let first = first_line(name, heads);
        let there = There::at(&session.project.root.join(path), name);
        if lane.done.is_empty() && matches!(&there, There::Ours(line) if *line == first) {
            return None;
        }
        let (binding, _) = { selection.iter() }.find(|(it, _)| it.name == *name)?;
        Some(Self {
            binding,
            path,
            first,
            there,
        })
    }

    fn told(&self, written: Result<(), String>) -> Kept {
        Kept {
            path: self.path.to_owned(),
            error: written.err(),
        }
    }

    async fn keep(&self, session: &Session) -> Result<(), String> {
        match &self.there {
            There::Nothing | There::Ours(_) => {}
            There::Other => {
                return Err("a file is there that holds something else; move it away".to_owned());
            }
            There::Unread(error) => {
                return Err(format!("what is there is not read: {error}"));
            }
        }
        let sql = schema(session, self.binding).await.map_err(in_words)?;
        let text = format!("{}\n\n{sql}", self.first);
        let fence = session.project.config.fence();
        let path = session.project.root.join(self.path);
        let written = saved::write_text(&fence, &path, &text);
        written.map_err(|error| in_words(diagnostic::write(&error)))
    }
}

/// What is in the place of a schema file.
enum There {
    Nothing,
    /// A schema of the same database, by its first line.
    Ours(String),
    Other,
    /// Nobody knows what.
    Unread(Error),
}

impl There {
    fn at(path: &Path, name: &DatabaseName) -> Self {
        match source::read_text(path) {
            Ok(text) => match text.lines().next() {
                Some(line) if is_ours(line, name) => Self::Ours(line.to_owned()),
                _ => Self::Other,
            },
            // A link that leads nowhere is there itself.
            Err(_) if path.symlink_metadata().is_err_and(|it| is_missing(&it)) => Self::Nothing,
            Err(error) => Self::Unread(error),
        }
    }
}

fn is_missing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Whether a line is the first of a schema of this database, wherever that stood.
fn is_ours(line: &str, name: &DatabaseName) -> bool {
    let (start, end) = around(name);
    let place = line.strip_prefix(&start);
    let place = place.and_then(|it| it.strip_suffix(end));
    place.is_some_and(|it| {
        it == heads_phrase(&[]) || it.split(", ").all(|id| RevisionId::new(id).is_ok())
    })
}

/// The first of what a failure tells, in a line.
fn in_words(failure: Failure) -> String {
    let told = failure.into_diagnostics().into_iter().next();
    told.map_or_else(String::new, |it| {
        let causes = it.causes.iter().map(|cause| format!(": {cause}"));
        it.message + &causes.collect::<String>()
    })
}

async fn schema(session: &Session, binding: &Arc<Binding>) -> Result<String, Failure> {
    let mut database = session.database(binding)?;
    let schema = scratch::inspect(session, binding, &mut *database).await;
    let _ = database.unlock().await;
    let schema = schema?;
    let others = schema.others(&Schema::default());
    let filter = filter(session, &Looking::default())?;
    let filter = filter.aside(others.into_iter().map(|(name, _)| name));
    // What a program reads of a run has lines of another kind.
    let terminal = Terminal {
        quiet: session.terminal.quiet || session.terminal.is_json(),
        ..session.terminal
    };
    Ok(dump::printed(terminal, binding, &filter, schema))
}

/// What is told of a schema that is not kept.
pub(super) fn not_kept(
    name: &DatabaseName,
    path: &str,
    why: &str,
    session: &Session,
) -> Diagnostic {
    let again = session.urls_again([name.as_str()]);
    let message = format!("the schema of `{name}` is not kept in `{path}`: {why}");
    let told = Diagnostic::new("stale_dump", message).fact("database", name.as_str());
    told.hint(format!(
        "mend that, and write it: `rev upgrade {name}@head{again}`"
    ))
}

/// The first line: whose schema it is, and where that stood.
fn first_line(name: &DatabaseName, heads: &[RevisionId]) -> String {
    let (start, end) = around(name);
    format!("{start}{}{end}", heads_phrase(heads))
}

/// What stands around the place in the first line.
fn around(name: &DatabaseName) -> (String, &'static str) {
    let start = format!("-- The schema of `{name}` at ");
    (start, ", as `rev` keeps it: not to be edited.")
}

/// The file that a database's schema is kept in, below the project's root.
pub(super) fn file<'a>(session: &'a Session, name: &DatabaseName) -> Option<&'a str> {
    let database = session.project.config.databases.get(name)?;
    database.dump.as_ref().map(|it| it.text.as_str())
}

/// Says where a schema file is not that of the database's head, as far as files tell.
pub(super) fn stale(session: &Session, binding: &Arc<Binding>) -> Option<Diagnostic> {
    let name = &binding.name;
    let path = file(session, name)?;
    let graph = session.graph();
    let nothing = State::default();
    let scope = Scope::of_database(graph, binding, &nothing).ok()?;
    let head = scope.destination(Goal::Upgrade, &[Point::head()]).ok()?;
    let heads = graph.ids(graph.maximal(&head.set));
    let again = session.urls_again([name.as_str()]);
    let bring = format!("`rev upgrade {name}@head{again}`");
    let (message, hint) = match There::at(&session.project.root.join(path), name) {
        There::Ours(line) if line == first_line(name, &heads) => return None,
        There::Ours(_) => (
            format!("`{path}` does not hold the schema of `{name}` at its head"),
            format!("bring the database to its head, which writes it: {bring}"),
        ),
        There::Nothing => (
            format!("`{path}`, in which the schema of `{name}` is kept, is not there"),
            format!("bring the database to its head, which writes it: {bring}"),
        ),
        There::Other => (
            format!("`{path}` holds something else than the schema of `{name}` as it is kept"),
            format!("move it away, and bring the database to its head, which writes it: {bring}"),
        ),
        There::Unread(error) => (
            format!("`{path}`, in which the schema of `{name}` is kept, is not read: {error}"),
            format!(
                "let it be read or move it away, and bring the database to its head, which writes it: {bring}"
            ),
        ),
    };
    let told = Diagnostic::new("stale_dump", message).fact("database", name.as_str());
    Some(told.hint(hint))
}
