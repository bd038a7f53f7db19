//! What databases hold before anything is written, and what that leads to.

use std::sync::Arc;

use rev_core::{Binding, Goal, Node, Point, RevisionId, Scope, State};
use rev_engine::outcome::Refusal;
use rev_sql::schema::{Diff, Filter, Schema};

use crate::args::{Adopt, Looking};
use crate::commands::dump;
use crate::compare::{at_rest, at_work};
use crate::diagnostic::{Diagnostic, Failure, either};
use crate::exit::Exit;
use crate::format::adopt::Course;
use crate::looking::{beside_others, filter, tell_of_unread};
use crate::models::{self, Declaration, has_models};
use crate::scratch::{self, Live};
use crate::session::{Session, runtime};

/// A database as it was found.
pub(super) struct Past {
    pub(super) binding: Arc<Binding>,
    /// What it leads to.
    pub(super) course: Course,
    /// Where its ledger says that it stands, or is to say so; of one whose history begins
    /// here nothing yet.
    pub(super) heads: Vec<RevisionId>,
    /// What it holds, as far as it is looked at.
    pub(super) schema: Schema,
    /// What is looked at.
    pub(super) filter: Filter,
    /// Whether revisions do something on it that it does not have.
    pub(super) has_due: bool,
    /// What its models declare, where they are there.
    pub(super) declared: Option<(Schema, Declaration)>,
}

impl Past {
    /// Whether it is adopted now.
    pub(super) fn is_taken_up(&self) -> bool {
        matches!(self.course, Course::Begun | Course::Recorded)
    }
}

/// Looks at databases; all that keeps any of them from being adopted is told at once.
pub(super) fn look(args: &Adopt, session: &Session) -> Result<Vec<Past>, Failure> {
    let filter = filter(session, &Looking::default())?;
    let at = args.at.as_deref().map(|text| session.point(text));
    let at = at.transpose()?.unwrap_or_else(Point::head);
    let mut found = Vec::new();
    let mut told = Vec::new();
    for binding in session.databases(&args.databases)? {
        let looked = Look {
            args,
            session,
            binding: &binding,
            filter: &filter,
        };
        match runtime()?.block_on(looked.past(&at)) {
            Ok(past) => found.push(past),
            Err(failure) => told.extend(failure.into_diagnostics()),
        }
    }
    if told.is_empty() {
        return Ok(found);
    }
    let fits = found.iter().filter(|it| it.is_taken_up());
    let fits: Vec<&str> = fits.map(|it| it.binding.name.as_str()).collect();
    if !fits.is_empty() {
        let last = told.pop();
        let hint = format!(
            "nothing was written; the others alone: `rev adopt {}{}`",
            fits.join(" "),
            session.urls_again(fits.iter().copied())
        );
        told.extend(last.map(|it| it.hint(hint)));
    }
    Err(Failure::of(Exit::Refused, told))
}

struct Look<'a> {
    args: &'a Adopt,
    session: &'a Session,
    binding: &'a Arc<Binding>,
    filter: &'a Filter,
}

impl Look<'_> {
    async fn past(&self, at: &Point) -> Result<Past, Failure> {
        let Self {
            session, binding, ..
        } = *self;
        let surveyed = session.survey(binding).await?;
        at_rest(binding, &surveyed)?;
        let standing = &surveyed.standing;
        let applied = standing.state.set();
        let is_known = !standing.drift.unknown.is_empty()
            || !at_work(&standing.graph, applied, binding).is_empty();
        let topmost = standing.graph.topmost(applied);
        let mut past = Past {
            binding: binding.clone(),
            course: if is_known {
                Course::Known
            } else {
                Course::Empty
            },
            heads: standing.graph.ids(topmost),
            schema: Schema::default(),
            filter: self.filter.clone(),
            has_due: false,
            declared: None,
        };
        if is_known {
            return Ok(past);
        }
        // Where its head is, matters only if it holds something.
        past.has_due = self.nodes(at).is_ok_and(|it| self.has_work(&it));
        let mut database = session.database(binding)?;
        let schema = scratch::inspect(session, binding, &mut *database).await?;
        if !self.filter.sees_any(&schema) {
            return Ok(past);
        }
        if has_models(session, binding) && models::unwritten(session, binding).is_none() {
            let servers = &self.args.scratch;
            let declared = models::declared(session, binding, servers, Live::Asked).await?;
            past.declared = Some(declared);
        }
        let nothing = Schema::default();
        let declared = past.declared.as_ref().map_or(&nothing, |(it, _)| it);
        past.filter = beside_others(session, binding, self.filter, (&schema, declared));
        tell_of_unread(session.terminal, binding, &past.filter, &[&schema]);
        past.schema = dump::seen(session.terminal, binding, &past.filter, schema);
        if !past.filter.sees_any(&past.schema) {
            return Ok(past);
        }
        let nodes = self.nodes(at)?;
        if !self.has_work(&nodes) {
            past.course = Course::Begun;
            return Ok(past);
        }
        self.check_same(&past, &nodes).await?;
        past.course = Course::Recorded;
        past.heads = session.graph().ids(nodes);
        Ok(past)
    }

    /// Whether these revisions, or what they stand on, do something on the database.
    fn has_work(&self, nodes: &[Node]) -> bool {
        let graph = self.session.graph();
        let all = graph.ancestors(nodes.iter().copied());
        !at_work(graph, &all, self.binding).is_empty()
    }

    /// The revisions that a database without history is taken to stand on.
    fn nodes(&self, at: &Point) -> Result<Vec<Node>, Failure> {
        let (session, binding) = (self.session, self.binding);
        let state = State::default();
        let scope = Scope::of_database(session.graph(), binding, &state)
            .map_err(|errors| session.refused(&Refusal::Scripts { errors }, binding))?;
        let destination = scope.destination(Goal::Upgrade, std::slice::from_ref(at));
        let flag = format!(" {} --at", binding.name);
        let destination =
            destination.map_err(|error| session.unresolved_in(&error, &flag, ("", "")))?;
        Ok(session.graph().topmost(&destination.set))
    }

    /// Refuses a database that is not what these revisions give, and says how it differs.
    async fn check_same(&self, past: &Past, nodes: &[Node]) -> Result<(), Failure> {
        let (session, binding) = (self.session, self.binding);
        let graph = session.graph();
        let servers = &self.args.scratch;
        let given = scratch::replayed(session, binding, graph, nodes, servers, Live::Asked);
        let given = given.await?;
        let dialect = binding.dialect;
        let diff = Diff::between(&given, &past.schema, &[], &past.filter, dialect);
        if diff.is_empty() {
            return Ok(());
        }
        let name = binding.name.as_str();
        let ids = graph.ids(nodes.iter().copied());
        let ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
        let message = format!(
            "`{name}` is not what its revisions give up to {}: it is as if somebody had changed it there by hand",
            either(&ids)
        );
        let sentences = diff.sentences();
        let mut told = Diagnostic::new("differs", message)
            .fact("database", name)
            .fact("revisions", ids.clone())
            .fact("changes", sentences.clone());
        told.lines.extend(sentences);
        let again = session.urls_again([name]);
        let targets: Vec<String> = ids.iter().map(|id| format!(" {name}@{id}")).collect();
        Err(Failure::refused(told.hint(format!(
            "make it what they give, or name the revision that it stands at: `rev adopt {name} --at ID{again}`;\n\
             or record it as it is, after which `rev check --live` goes on telling this: `rev stamp{}{again}`",
            targets.concat()
        ))))
    }
}
