//! `rev show`: a revision with its scripts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use rev_core::unseen::shown;
use rev_core::{Entry, Graph, Node, Revision, RevisionId, Scope, Script, ShortcutId, Sql, Target};

use super::{dependencies, one_line, revision_line, revision_of};
use crate::args::Show;
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::revision::{Scripts, Shown, ShownRevision};
use crate::session::{Session, runtime};
use crate::terminal::{FAINT, ID, NAME};

/// `rev show`.
pub(crate) fn show(args: &Show, session: &Session) -> Result<Exit, Failure> {
    let target = session.target(&args.target)?;
    if let Some(id) = session.graph().find_shortcut(&target.point.text)
        && target.selector.is_none()
    {
        return show_shortcut(session, id);
    }
    let found = match find(session, &target) {
        Err(failure) => by_message(session, &args.target).ok_or(failure)??,
        found => found?,
    };
    if session.terminal.is_json() {
        let revisions = found.iter().map(|(graph, node)| ShownRevision::Revision {
            revision: revision_of(session, graph, *node),
            irreversible: graph.revision(*node).irreversible,
            loses_data: graph.revision(*node).loses_data,
            scripts: scripts(graph.revision(*node)),
        });
        let revisions = revisions.collect();
        session.terminal.json(&Shown { revisions })?;
        return Ok(Exit::Done);
    }
    if found.is_empty() {
        session.terminal.talk("the base: no revision");
    }
    let texts: Vec<String> = found
        .iter()
        .map(|(graph, node)| text(session, graph, *node))
        .collect();
    session.terminal.data(&texts.join("\n"))?;
    Ok(Exit::Done)
}

/// The one revision whose message has this text, in any case of letters; where several have
/// it they are listed. `None`: no message has it.
#[expect(clippy::type_complexity, reason = "as `find` gives them")]
fn by_message(session: &Session, text: &str) -> Option<Result<Vec<(Arc<Graph>, Node)>, Failure>> {
    let graph = session.graph();
    let text = text.to_lowercase();
    let has_it = |node: &Node| {
        let message = graph.revision(*node).message.to_lowercase();
        message.contains(&text)
    };
    let found: Vec<Node> = graph.nodes().filter(has_it).collect();
    match found[..] {
        [] => None,
        [only] => Some(Ok(vec![(graph.clone(), only)])),
        [first, ..] => {
            let message = format!("`{text}` is in {} messages", found.len());
            let mut told = Diagnostic::new("several_messages", message);
            for &node in found.iter().take(12) {
                told = told.line(revision_line(graph, node));
            }
            if found.len() > 12 {
                told = told.line(format!("and {} more", found.len() - 12));
            }
            let hint = format!("name one: `rev show {}`", graph.id(first));
            Some(Err(Failure::refused(told.hint(hint))))
        }
    }
}

/// A shortcut is no node, but has a file like any revision.
fn show_shortcut(session: &Session, id: ShortcutId) -> Result<Exit, Failure> {
    let graph = session.graph();
    let shortcut = graph.shortcut(id);
    let revision = &shortcut.revision;
    let members = graph.ids(graph.members(id));
    if session.terminal.is_json() {
        let ids = |ids: &[RevisionId]| ids.iter().map(ToString::to_string).collect();
        let revisions = vec![ShownRevision::Shortcut {
            revision: revision.id.to_string(),
            down_revision: ids(&revision.parents),
            message: revision.message.clone(),
            replaces: ids(&members),
            irreversible: revision.irreversible,
            loses_data: revision.loses_data,
            scripts: scripts(revision),
        }];
        session.terminal.json(&Shown { revisions })?;
        return Ok(Exit::Done);
    }
    let phrase = |ids: &[RevisionId]| {
        let ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
        ids.join(", ")
    };
    let mut text = format!(
        "{ID}{}{ID:#}  {}\n",
        revision.id,
        one_line(&revision.message)
    );
    let mut line = |word: &str, value: &str| {
        let _ = writeln!(text, "  {FAINT}{word:8}{FAINT:#} {value}");
    };
    line("replaces", &phrase(&members));
    line("means", &phrase(&graph.ids(shortcut.tops.iter().copied())));
    let file = session.project.shown(&revision.id);
    line("file", &file.unwrap_or_default());
    for (name, entry) in entries(revision) {
        entry_text(&mut text, name, entry);
    }
    session.terminal.data(&text)?;
    Ok(Exit::Done)
}

pub(super) type Found = Vec<(Arc<Graph>, Node)>;

/// Points of the graph need no database; points of a database are read there.
pub(super) fn find(session: &Session, target: &Target) -> Result<Found, Failure> {
    let graph = session.graph();
    let Some(selector) = &target.selector else {
        let nodes = Scope::of_graph(graph).revisions(&target.point);
        let nodes = nodes.map_err(|error| session.unresolved(&error))?;
        return Ok(nodes
            .into_iter()
            .map(|node| (graph.clone(), node))
            .collect());
    };
    let mut found = Found::new();
    let runtime = runtime()?;
    for binding in session.databases(std::slice::from_ref(selector))? {
        let standing = runtime.block_on(session.survey(&binding))?.standing;
        for node in session.revisions_on(&binding, &standing, &target.point)? {
            let id = standing.graph.id(node);
            if !found.iter().any(|(graph, node)| graph.id(*node) == id) {
                found.push((standing.graph.clone(), node));
            }
        }
    }
    Ok(found)
}

fn text(session: &Session, graph: &Graph, node: Node) -> String {
    let revision = graph.revision(node);
    let mut text = revision_line(graph, node) + "\n";
    let mut line = |word: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {FAINT}{word:8}{FAINT:#} {value}");
        }
    };
    let ids = |nodes: Vec<Node>| {
        let ids: Vec<String> = graph.ids(nodes).iter().map(ToString::to_string).collect();
        ids.join(", ")
    };
    let parents = graph.parents(node);
    let stands_on = match parents.is_empty() {
        true => "nothing: it is a base".to_owned(),
        false => ids(parents),
    };
    line("parent", stands_on);
    line("needs", dependencies(graph, node).join(", "));
    line("children", ids(graph.children(node)));
    line("made", revision.created.clone().unwrap_or_default());
    line(
        "file",
        session
            .project
            .shown(&revision.id)
            .unwrap_or_else(|| "none in this checkout".to_owned()),
    );
    if revision.irreversible {
        line("way down", "none, on purpose".to_owned());
    }
    if revision.loses_data {
        line("way down", "loses rows, on purpose".to_owned());
    }
    for (name, entry) in entries(graph.revision(node)) {
        entry_text(&mut text, name, entry);
    }
    text
}

/// The top-level scripts under the name `*`, then the others.
fn entries(revision: &Revision) -> impl Iterator<Item = (&str, &Entry)> {
    let scripts = &revision.scripts;
    let others = scripts
        .databases
        .iter()
        .map(|(name, entry)| (name.as_str(), entry));
    std::iter::once(("*", &scripts.top)).chain(others)
}

fn entry_text(text: &mut String, name: &str, entry: &Entry) {
    for (direction, script) in [("upgrade", &entry.upgrade), ("downgrade", &entry.downgrade)] {
        let Some(script) = script else { continue };
        for (dialect, sql) in variants(script) {
            let place = match name {
                "*" => String::new(),
                name => format!(" {name}"),
            };
            let dialect = dialect.map(|d| format!(" ({d})")).unwrap_or_default();
            let _ = writeln!(text, "\n{NAME}{direction}{place}{dialect}{NAME:#}");
            for line in sql
                .into_iter()
                .flat_map(|sql| &sql.0)
                .flat_map(|piece| piece.lines())
            {
                let line = shown(line);
                let _ = writeln!(text, "{}", format!("  {line}").trim_end());
            }
        }
    }
}

fn variants(script: &Script) -> Vec<(Option<&'static str>, Option<&Sql>)> {
    match script {
        Script::Any(sql) => vec![(None, Some(sql))],
        Script::ByDialect(map) => {
            let variants = map
                .iter()
                .map(|(dialect, sql)| (Some(dialect.name()), sql.as_ref()));
            variants.collect()
        }
    }
}

fn scripts(revision: &Revision) -> BTreeMap<String, Scripts> {
    let entries = entries(revision);
    entries
        .map(|(name, entry)| (name.to_owned(), Scripts::from(entry)))
        .collect()
}
