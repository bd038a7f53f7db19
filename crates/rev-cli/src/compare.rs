//! Comparing: what is declared with what is there, for one database.

mod answers;

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;

use rev_core::{Binding, Goal, Graph, Node, NodeSet, Point, RevisionId, Scope, Standing, State};
use rev_engine::outcome::Refusal;
use rev_engine::prepare::Surveyed;
use rev_sql::schema::ddl::{self, Note, NoteKind, Script};
use rev_sql::schema::{BadRename, Diff, Filter, Rename, Schema, resolve_all};

use crate::args::Comparing;
use crate::commands::revision_line;
use crate::diagnostic::{self, Asking, COMPARING, Diagnostic, Failure};
use crate::looking::{UnusedPatterns, beside_others, filter, tell_of_unread};
use crate::models::{self, Declaration};
use crate::scratch::{self, Live};
use crate::session::{Session, runtime};
use crate::terminal::count;

/// What differs on one database, and the scripts that end it.
pub(crate) struct Comparison {
    /// The database.
    pub(crate) binding: Arc<Binding>,
    /// What differs.
    pub(crate) diff: Diff,
    /// The way up.
    pub(crate) up: Script,
    /// The way down.
    pub(crate) down: Script,
    /// Whether it was compared with the live database.
    pub(crate) is_live: bool,
    /// Whether that one holds something though no revision is applied to it.
    pub(crate) lacks_history: bool,
    /// What declares the schema that it is to have.
    pub(crate) declaration: Declaration,
}

impl Comparison {
    /// What differs, and nothing known of where it was compared.
    pub(crate) fn of(binding: Arc<Binding>, diff: Diff, declaration: Declaration) -> Self {
        Self {
            up: ddl::write(&diff, binding.dialect),
            down: ddl::write(&diff.reversed(binding.dialect), binding.dialect),
            binding,
            diff,
            is_live: false,
            lacks_history: false,
            declaration,
        }
    }

    /// The same with the renames that a person says yes to.
    fn asked(self, session: &Session, filter: &Filter) -> Self {
        let diff = asked(session, &self.binding, self.diff, filter);
        Self {
            is_live: self.is_live,
            lacks_history: self.lacks_history,
            ..Self::of(self.binding, diff, self.declaration)
        }
    }

    /// What is lost on the way up: a line each.
    pub(crate) fn losses(&self) -> Vec<String> {
        texts(&self.up, NoteKind::Destructive)
    }

    /// What is lost on the way down.
    pub(crate) fn losses_down(&self) -> Vec<String> {
        texts(&self.down, NoteKind::Destructive)
    }

    /// Whether rows or values are lost on the way up, so that no way down brings them back.
    pub(crate) fn loses_data(&self) -> bool {
        self.diff.fills_nulls() || self.up.notes(NoteKind::Destructive).next().is_some()
    }

    /// What a person should decide on the way up.
    pub(crate) fn decisions(&self) -> Vec<String> {
        texts(&self.up, NoteKind::Decide)
    }
}

/// What becomes of what may be a rename.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubts {
    /// A person is asked, if there is one.
    Asked,
    /// It is taken for none, with a remark that names the flag for it.
    Told,
}

fn texts(script: &Script, kind: NoteKind) -> Vec<String> {
    script.notes(kind).map(Note::sentence).collect()
}

/// Compares the models of databases with what is there, each at its heads: the
/// revisions that its schema is to be the work of.
pub(crate) fn compare_all(
    session: &Session,
    bindings: &[Arc<Binding>],
    flags: &Comparing,
    doubts: Doubts,
    heads: impl Fn(&Binding) -> Result<Vec<Node>, Failure>,
) -> Result<Vec<Comparison>, Failure> {
    let filter = filter(session, &flags.looking)?;
    let mut all = Vec::new();
    // What means nothing to one database may be meant for another.
    let mut unused: Option<Vec<BadRename>> = None;
    let mut patterns = UnusedPatterns::default();
    for binding in bindings {
        let heads = heads(binding)?;
        let compared = compare(session, binding, flags, &filter, &heads, &mut patterns);
        let (mut found, bad) = runtime()?.block_on(compared)?;
        if doubts == Doubts::Asked {
            found = found.asked(session, &filter);
        }
        if found.is_live {
            runtime()?.block_on(answers::ask(session, binding, &mut found.up));
        }
        let before = unused.take().unwrap_or_else(|| bad.clone());
        unused = Some(before.into_iter().filter(|it| bad.contains(it)).collect());
        all.push(found);
    }
    patterns.warn(session, &flags.looking);
    let is_flag = |bad: &&BadRename| flags.renames.iter().any(|flag| flag == bad.text());
    match unused.unwrap_or_default().iter().find(is_flag) {
        None => Ok(all),
        Some(bad) => {
            let hint = match bad {
                BadRename::LeftOut { .. } => {
                    "`--include` and `--exclude`, also those of rev.yaml, say what is left out"
                }
                _ => "`rev diff` shows what is gone and what is new",
            };
            Err(Failure::refused(
                Diagnostic::new("bad_rename", bad).hint(hint),
            ))
        }
    }
}

async fn compare(
    session: &Session,
    binding: &Arc<Binding>,
    flags: &Comparing,
    filter: &Filter,
    heads: &[Node],
    patterns: &mut UnusedPatterns,
) -> Result<(Comparison, Vec<BadRename>), Failure> {
    let (from, is_new, by) = if flags.from_revisions {
        let graph = session.graph();
        let by = Live::LeftAlone;
        let replayed = scratch::replayed(session, binding, graph, heads, &flags.scratch, by);
        (replayed.await?, false, by)
    } else {
        let (schema, is_new) = live(session, binding, heads).await?;
        (schema, is_new, Live::Asked)
    };
    let (to, declaration) = models::declared(session, binding, &flags.scratch, by).await?;
    patterns.see(filter, &[&from, &to]);
    let filter = &beside_others(session, binding, filter, (&from, &to));
    tell_of_unread(session.terminal, binding, filter, &[&from, &to]);
    let settings = &session.project.config.autogenerate.renames;
    let settings: Vec<String> = settings.iter().map(|word| word.text.clone()).collect();
    // A setting that has come true is no mistake.
    let (renames, bad) = resolve_all(
        &flags.renames,
        &settings,
        &from,
        &to,
        filter,
        binding.dialect,
    );
    let diff = Diff::between(&from, &to, &renames, filter, binding.dialect);
    for remark in &diff.remarks {
        session.terminal.talk(remark);
    }
    let found = Comparison {
        is_live: !flags.from_revisions,
        lacks_history: is_new && filter.sees_any(&from),
        ..Comparison::of(binding.clone(), diff, declaration)
    };
    Ok((found, bad))
}

/// The diff with the renames that a person says yes to; nobody is asked where no
/// person is.
fn asked(session: &Session, binding: &Binding, mut diff: Diff, filter: &Filter) -> Diff {
    let terminal = session.terminal;
    let is_person = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !is_person || terminal.is_json() || terminal.quiet {
        return diff;
    }
    let mut refused: Vec<Rename> = Vec::new();
    // Tables first: only then their columns can be compared.
    while let Some(doubt) = diff.doubts.iter().find(|it| !refused.contains(it)).cloned() {
        if !says_yes(session, binding, &doubt) {
            refused.push(doubt);
            continue;
        }
        let mut renames = diff.renames.clone();
        renames.push(doubt);
        diff = Diff::between(&diff.before, &diff.to, &renames, filter, binding.dialect);
    }
    diff
}

fn says_yes(session: &Session, binding: &Binding, rename: &Rename) -> bool {
    let question = match rename {
        Rename::Table { from, to } => format!("is table `{from}` now called `{to}`?"),
        Rename::Column { table, from, to } => {
            format!("is column `{table}.{from}` now called `{to}`?")
        }
    };
    session
        .terminal
        .complain(&format!("{}: {question} [y/N] ", binding.name));
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Where an upgrade of a database leads: its head.
pub(crate) fn head(session: &Session, binding: &Binding) -> Result<Vec<Node>, Failure> {
    let state = State::default();
    let scope = Scope::of_database(session.graph(), binding, &state)
        .map_err(|errors| session.refused(&Refusal::Scripts { errors }, binding))?;
    let destination = scope.destination(Goal::Upgrade, &[Point::head()]);
    let destination = destination.map_err(|error| {
        let asking = Asking {
            command: COMPARING,
            ..session.asking(session.graph(), Some(binding.name.as_str()))
        };
        Failure::refused(diagnostic::resolve(&error, asking).on(binding.name.as_str()))
    })?;
    Ok(session.graph().topmost(&destination.set))
}

/// The schema of the live database, which must stand exactly on these revisions as
/// far as they do anything there; and whether no revision is applied to it.
async fn live(
    session: &Session,
    binding: &Arc<Binding>,
    heads: &[Node],
) -> Result<(Schema, bool), Failure> {
    let surveyed = session.survey(binding).await?;
    at_rest(binding, &surveyed)?;
    let graph = session.graph();
    let due = at_work(graph, &graph.ancestors(heads.iter().copied()), binding);
    let standing = &surveyed.standing;
    let is = at_work(&standing.graph, standing.state.set(), binding);
    let missing: Vec<&RevisionId> = due.difference(&is).collect();
    let extra: Vec<&RevisionId> = is.difference(&due).collect();
    let mut database = session.database(binding)?;
    let schema = scratch::inspect(session, binding, &mut *database).await?;
    if missing.is_empty() && extra.is_empty() {
        return Ok((schema, is.is_empty()));
    }
    let has_past = is.is_empty() && Filter::default().sees_any(&schema);
    Err(elsewhere(session, binding, (&missing, &extra), has_past))
}

/// Refuses a database on which something is half done.
pub(crate) fn at_rest(binding: &Binding, surveyed: &Surveyed) -> Result<(), Failure> {
    let Some(in_flight) = &surveyed.in_flight else {
        return Ok(());
    };
    let line = crate::commands::in_flight_line(&binding.name, in_flight);
    let message = format!("`{}` is not at rest", binding.name);
    Err(Failure::refused(
        Diagnostic::new("half_done", message).line(line),
    ))
}

/// The revisions of a set that do something on a database.
pub(crate) fn at_work(graph: &Graph, set: &NodeSet, binding: &Binding) -> BTreeSet<RevisionId> {
    let works = |node: &Node| {
        let work = graph.revision(*node).work(binding);
        work.is_ok_and(|work| !work.is_empty())
    };
    graph.ids(set.iter().filter(works)).into_iter().collect()
}

fn elsewhere(
    session: &Session,
    binding: &Binding,
    (missing, extra): (&[&RevisionId], &[&RevisionId]),
    has_past: bool,
) -> Failure {
    let graph = session.graph();
    let what = match (missing.len(), extra.len()) {
        (0, extra) => format!("{} too many applied", count(extra, "revision")),
        (missing, 0) => format!("{} not applied", count(missing, "revision")),
        (missing, extra) => format!("{missing} not applied, {extra} too many"),
    };
    let message = format!("`{}` does not stand at the head: {what}", binding.name);
    let mut told = Diagnostic::new("not_at_head", message).fact("database", binding.name.as_str());
    for (sign, ids) in [("missing", missing), ("beside", extra)] {
        for id in ids.iter().take(8) {
            let line = graph.find(id.as_str());
            let line = line.map_or_else(|| id.to_string(), |node| revision_line(graph, node));
            told = told.line(format!("{sign}  {line}"));
        }
        let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
        told = told.fact(sign, ids);
    }
    if has_past {
        told = told.hint(format!(
            "it holds something all the same; where that was there before: `rev adopt {}{}`",
            binding.name,
            session.urls_again([binding.name.as_str()])
        ));
    }
    let offline = "compare with what the revisions give: `--from-revisions`";
    // Beside other heads there is no one place where it should stand.
    if head(session, binding).is_err() {
        return Failure::refused(told.hint(offline));
    }
    let verb = if extra.is_empty() {
        "upgrade"
    } else {
        "switch"
    };
    Failure::refused(told.hint(format!(
        "bring it there: `rev {verb} {}@head{}`\nor {offline}",
        binding.name,
        session.urls_again([binding.name.as_str()])
    )))
}

/// The schema of a live database and that of the very revisions that it stands on.
pub(crate) async fn by_hand(
    session: &Session,
    binding: &Arc<Binding>,
    standing: &Standing,
    servers: &[String],
    filter: &Filter,
    patterns: &mut UnusedPatterns,
) -> Result<Diff, Failure> {
    let heads = standing.graph.topmost(standing.state.set());
    let graph = &standing.graph;
    let from = scratch::replayed(session, binding, graph, &heads, servers, Live::Asked).await?;
    let mut database = session.database(binding)?;
    let to = scratch::inspect(session, binding, &mut *database).await?;
    patterns.see(filter, &[&from, &to]);
    let filter = &beside_others(session, binding, filter, (&to, &from));
    tell_of_unread(session.terminal, binding, filter, &[&from, &to]);
    Ok(Diff::between(&from, &to, &[], filter, binding.dialect))
}
