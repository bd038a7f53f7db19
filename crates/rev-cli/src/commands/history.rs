//! Commands about the graph alone: `heads`, `branches`, `history`, `graph`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::num::NonZeroUsize;

use rev_core::{Node, NodeSet};

use super::beside::Beside;
use super::{one_line, revision_line, revision_of};
use crate::args::{Drawing, Format, GraphArgs, History};
use crate::diagnostic::Failure;
use crate::exit::Exit;
use crate::format::revision::{self as format, Branch, BranchPoint, Branches, Heads};
use crate::graphlog;
use crate::session::Session;
use crate::terminal::{FAINT, NAME, count, is_ascii};
use rev_render::mermaid_text;

/// `rev heads`.
pub(crate) fn heads(session: &Session) -> Result<Exit, Failure> {
    let graph = session.graph();
    let heads = graph.heads();
    if session.terminal.is_json() {
        let heads = heads.iter().map(|&n| revision_of(session, graph, n));
        let heads = heads.collect();
        session.terminal.json(&Heads { heads })?;
    } else if heads.is_empty() {
        session.terminal.talk("there are no revisions yet");
    } else {
        let lines: String = heads
            .iter()
            .map(|&n| revision_line(graph, n) + "\n")
            .collect();
        session.terminal.data(&lines)?;
    }
    Ok(Exit::Done)
}

/// `rev branches`.
pub(crate) fn branches(session: &Session) -> Result<Exit, Failure> {
    let graph = session.graph();
    let heads = graph.heads();
    let labels: Vec<(&str, Node, Vec<Node>)> = graph
        .labels()
        .iter()
        .map(|(label, &root)| {
            let members = graph.line_above(root);
            let heads = heads.iter().copied().filter(|&head| members.contains(head));
            (label.as_str(), root, heads.collect())
        })
        .collect();
    let points = graph.branch_points();
    let ids = |nodes: &[Node]| -> Vec<String> {
        graph
            .ids(nodes.iter().copied())
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    if session.terminal.is_json() {
        let branch = |(label, root, heads): &(&str, Node, Vec<Node>)| Branch {
            label: (*label).to_owned(),
            revision: graph.id(*root).to_string(),
            heads: ids(heads),
        };
        let point = |&node: &Node| BranchPoint {
            revision: graph.id(node).to_string(),
            children: ids(&graph.children(node)),
        };
        session.terminal.json(&Branches {
            branches: labels.iter().map(branch).collect(),
            branch_points: points.iter().map(point).collect(),
        })?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for (label, root, heads) in &labels {
        let heads = ids(heads).join(", ");
        let _ = writeln!(
            text,
            "{NAME}{label}{NAME:#}  from {}  {FAINT}heads {heads}{FAINT:#}",
            graph.id(*root)
        );
    }
    for &point in &points {
        let children = ids(&graph.children(point)).join(", ");
        let _ = writeln!(
            text,
            "{}  {FAINT}forks into {children}{FAINT:#}",
            revision_line(graph, point)
        );
    }
    if text.is_empty() {
        session
            .terminal
            .talk("no labels, and history does not fork");
    }
    session.terminal.data(&text)?;
    Ok(Exit::Done)
}

/// `rev history`.
pub(crate) fn history(args: &History, session: &Session) -> Result<Exit, Failure> {
    // A point alone is the high end.
    let range = args.range.as_deref().unwrap_or_default();
    let (low, high) = range.split_once(':').unwrap_or(("", range));
    let set = session.range(" -r", low, high)?;
    let set = chosen(session, set, &args.drawing);
    if session.terminal.is_json() {
        return list(session, &set);
    }
    let text = drawn(session, &set, &args.drawing, session.terminal.verbose)?;
    session.terminal.pages(&text, &args.drawing.paging)?;
    Ok(Exit::Done)
}

/// Those of a set that are asked for.
fn chosen(session: &Session, set: NodeSet, drawing: &Drawing) -> NodeSet {
    let graph = session.graph();
    let mut nodes = graphlog::newest_first(graph, &set);
    if let Some(text) = &drawing.grep {
        let text = text.to_lowercase();
        nodes.retain(|&node| {
            let revision = graph.revision(node);
            let words = format!("{} {}", revision.id, revision.message);
            words.to_lowercase().contains(&text)
        });
    }
    nodes.truncate(drawing.limit.map_or(usize::MAX, NonZeroUsize::get));
    nodes.into_iter().collect()
}

/// The graph of a set, with what is asked for beside it.
fn drawn(
    session: &Session,
    set: &NodeSet,
    drawing: &Drawing,
    verbose: bool,
) -> Result<String, Failure> {
    let graph = session.graph();
    let beside = Beside::new(session, drawing)?;
    let ascii = drawing.ascii || is_ascii();
    Ok(graphlog::draw(graph, set, ascii, |node| {
        let mut text = beside.line(session, node);
        if verbose {
            text.push_str(&details(session, node));
        }
        text
    }))
}

fn details(session: &Session, node: Node) -> String {
    let graph = session.graph();
    let revision = graph.revision(node);
    let mut text = String::new();
    let mut line = |word: &str, value: String| {
        let _ = write!(text, "\n{FAINT}{word}{FAINT:#} {value}");
    };
    let ids = |nodes: Vec<Node>| {
        let ids: Vec<String> = graph.ids(nodes).iter().map(ToString::to_string).collect();
        ids.join(", ")
    };
    if graph.parents(node).len() > 1 {
        line("joins", ids(graph.parents(node)));
    }
    if !graph.dependencies(node).is_empty() {
        line("needs", ids(graph.dependencies(node)));
    }
    if let Some(created) = &revision.created {
        line("made ", created.clone());
    }
    if let Some(path) = session.project.shown(&revision.id) {
        line("file ", path);
    }
    text
}

fn list(session: &Session, set: &NodeSet) -> Result<Exit, Failure> {
    let graph = session.graph();
    let nodes = graphlog::newest_first(graph, set);
    let revisions = nodes.iter().map(|&n| revision_of(session, graph, n));
    session.terminal.json(&format::History {
        revisions: revisions.collect(),
    })?;
    Ok(Exit::Done)
}

/// `rev graph`.
pub(crate) fn graph(args: &GraphArgs, session: &Session) -> Result<Exit, Failure> {
    let graph = session.graph();
    match session.terminal.format {
        Format::Json => return list(session, &chosen(session, graph.all(), &args.drawing)),
        Format::Mermaid => {
            session.terminal.data(&mermaid(session))?;
            return Ok(Exit::Done);
        }
        _ => {}
    }
    let set = chosen(session, graph.all(), &args.drawing);
    let text = drawn(session, &set, &args.drawing, false)?;
    if text.is_empty() {
        session.terminal.talk("there are no revisions yet");
    }
    session.terminal.pages(&text, &args.drawing.paging)?;
    Ok(Exit::Done)
}

/// The most revisions that all have a box in a diagram: what draws it gives up on some hundreds
/// of arrows.
const MOST_BOXES: usize = 60;

/// The graph as a diagram. Where it is long, what lies on a line between two forks, merges,
/// labels or dependencies is one box, unless more is to be said.
fn mermaid(session: &Session) -> String {
    let graph = session.graph();
    let is_whole = graph.len() <= MOST_BOXES || session.terminal.verbose;
    let needed: BTreeSet<Node> = { graph.nodes() }
        .flat_map(|node| graph.dependencies(node))
        .collect();
    let is_on_a_line = |node: Node| {
        let (parents, children) = (graph.parents(node), graph.children(node));
        let stands_out = needed.contains(&node)
            || !graph.dependencies(node).is_empty()
            || !graph.revision(node).labels.is_empty();
        !is_whole && parents.len() == 1 && children.len() == 1 && !stands_out
    };
    let mut text = String::from("flowchart BT\n");
    // The box of what has none of its own.
    let mut boxes: BTreeMap<Node, Node> = BTreeMap::new();
    for first in graph.nodes() {
        let is_begun = graph.parents(first).into_iter().any(is_on_a_line);
        if is_on_a_line(first) && is_begun {
            continue;
        }
        let mut line = vec![first];
        let mut next = is_on_a_line(first).then(|| graph.children(first)[0]);
        while let Some(node) = next.filter(|&it| is_on_a_line(it)) {
            line.push(node);
            next = Some(graph.children(node)[0]);
        }
        let named = |node: Node| {
            let revision = graph.revision(node);
            format!("{} {}", revision.id, one_line(&revision.message))
        };
        // Two boxes say more than one with a number.
        let lines = match line.len() {
            ..=2 => line.chunks(1).collect(),
            _ => vec![&line[..]],
        };
        for line in lines {
            let words = match line {
                [node] => named(*node),
                _ => {
                    let (low, high) = (line[0], line[line.len() - 1]);
                    let revisions = count(line.len(), "revision");
                    format!("… {revisions}: {} to {}", graph.id(low), graph.id(high))
                }
            };
            let words = mermaid_text(&words);
            let _ = writeln!(text, "  n{}[\"{words}\"]", line[0].index());
            boxes.extend(line.iter().map(|&node| (node, line[0])));
        }
    }
    for node in graph.nodes() {
        for parent in graph.parents(node) {
            let (from, to) = (boxes[&parent], boxes[&node]);
            if from != to {
                let _ = writeln!(text, "  n{} --> n{}", from.index(), to.index());
            }
        }
        for dependency in graph.dependencies(node) {
            let _ = writeln!(text, "  n{} -.-> n{}", dependency.index(), node.index());
        }
    }
    text
}
