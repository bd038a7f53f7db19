//! `rev rebase`: moves a branch that no database has applied.

use std::collections::BTreeSet;
use std::sync::Arc;

use rev_core::{Graph, Node, NodeSet, Revision, RevisionId, Scope};
use rev_store::write;

use super::one_line;
use crate::args::Rebase;
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::authoring::Moved;
use crate::session::{Session, runtime};
use crate::terminal::{ID, count};

/// `rev rebase`.
pub(crate) fn rebase(args: &Rebase, session: &Session) -> Result<Exit, Failure> {
    let graph = session.graph();
    let flag = format!(" {} --onto", args.branch);
    let onto = one(session, &flag, &args.onto)?;
    let branch = Branch::between(session, &args.branch, onto)?;
    let root = graph.revision(branch.root);
    if graph.parents(branch.root) == [onto] {
        return tell(args, session, root, root, 0);
    }
    let mut moved = Revision::clone(root);
    moved.parents = vec![graph.id(onto).clone()];
    check_graph(graph, &moved)?;
    if !args.offline {
        check_databases(args, session, &branch)?;
    }
    let path = session.project.file(&root.id);
    let path = path.expect("a revision of the checkout has a file");
    write::reparent(path, &moved.parents).map_err(|error| diagnostic::write(&error))?;
    tell(args, session, root, &moved, branch.moved.len())
}

/// What moves.
struct Branch {
    /// Its first revision, whose parents change.
    root: Node,
    /// All of it.
    moved: NodeSet,
}

impl Branch {
    /// The revisions below `branch` that are not below `onto`.
    fn between(session: &Session, branch: &str, onto: Node) -> Result<Self, Failure> {
        let graph = session.graph();
        let tips = revisions(session, "", branch)?;
        let below = graph.ancestors([onto]);
        let moved = graph.ancestors(tips).difference(&below);
        let is_root = |&node: &Node| {
            graph
                .below(node)
                .iter()
                .all(|below| !moved.contains(*below))
        };
        let roots: Vec<Node> = moved.iter().filter(is_root).collect();
        match roots[..] {
            [root] => Ok(Self { root, moved }),
            [] => Err(refused(
                "nothing_to_rebase",
                format!("`{}` stands on `{branch}` already", graph.id(onto)),
                "name the branch that is to move first, and what it is to stand on behind `--onto`",
            )),
            _ => Err(refused(
                "several_roots",
                format!(
                    "`{branch}` has several beginnings: {}",
                    listed(&graph.ids(roots.iter().copied()))
                ),
                "name one of them, and move them one after another",
            )),
        }
    }
}

fn revisions(session: &Session, flag: &str, text: &str) -> Result<Vec<Node>, Failure> {
    let found = Scope::of_graph(session.graph()).revisions(&session.point(text)?);
    found.map_err(|error| session.unresolved_in(&error, flag, ("", "")))
}

fn one(session: &Session, flag: &str, text: &str) -> Result<Node, Failure> {
    match revisions(session, flag, text)?[..] {
        [node] => Ok(node),
        [] => Err(refused(
            "no_revision",
            format!("`{text}` is no revision"),
            "name one: `rev history` lists them",
        )),
        _ => Err(refused(
            "several_parents",
            format!("`{text}` is not one revision"),
            "join them first: `rev merge`",
        )),
    }
}

/// The files must still make a graph.
fn check_graph(graph: &Graph, moved: &Revision) -> Result<(), Failure> {
    let revisions = graph
        .files()
        .iter()
        .map(|revision| match revision.id == moved.id {
            true => Arc::new(moved.clone()),
            false => revision.clone(),
        });
    match Graph::new(revisions.collect()) {
        Ok(_) => Ok(()),
        Err(faults) => Err(Failure::of(
            Exit::Refused,
            diagnostic::graph_faults(&faults),
        )),
    }
}

/// No database may have applied any of it, but those that the user knows of.
fn check_databases(args: &Rebase, session: &Session, branch: &Branch) -> Result<(), Failure> {
    let graph = session.graph();
    // No name would mean all of them.
    let known = match args.applied_on.is_empty() {
        true => BTreeSet::new(),
        false => session.names(&args.applied_on)?,
    };
    let runtime = runtime()?;
    let mut found = Vec::new();
    for binding in session.databases(&[])? {
        let standing = runtime.block_on(session.survey(&binding))?.standing;
        let is_moved = |node: &Node| {
            let here = graph.find(standing.graph.id(*node).as_str());
            here.is_some_and(|here| branch.moved.contains(here))
        };
        if standing.state.set().iter().any(|node| is_moved(&node)) && !known.contains(&binding.name)
        {
            found.push(binding.name.to_string());
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    let flags: Vec<String> = found
        .iter()
        .map(|name| format!("--applied-on {name}"))
        .collect();
    // The branch alone, down to what it stands on.
    let root = graph.id(branch.root);
    let parents = &graph.revision(branch.root).parents;
    let below = parents.first().map_or("base", AsRef::as_ref);
    let downgrades: Vec<String> = found
        .iter()
        .map(|name| format!("`rev downgrade {name}@{root}@{below}`"))
        .collect();
    Err(refused(
        "applied",
        format!("the branch is applied on {}", found.join(", ")),
        &format!(
            "take it down there first ({}), or merge instead (`rev merge`);\n\
             or move it all the same: `{}`, and then `rev repair --accept {root}`",
            downgrades.join(", then "),
            flags.join(" "),
        ),
    ))
}

fn tell(
    args: &Rebase,
    session: &Session,
    root: &Revision,
    moved: &Revision,
    revisions: usize,
) -> Result<Exit, Failure> {
    let ids = |ids: &[RevisionId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    if session.terminal.is_json() {
        session.terminal.json(&Moved {
            revision: root.id.to_string(),
            from: ids(&root.parents),
            onto: ids(&moved.parents),
            moved: revisions,
        })?;
        return Ok(Exit::Done);
    }
    if revisions == 0 {
        let nothing = "nothing to do: it stands there already\n";
        session.terminal.data(nothing)?;
        return Ok(Exit::Done);
    }
    let line = format!(
        "{ID}{}{ID:#}  {} stands on {} now ({})\n",
        root.id,
        one_line(&root.message),
        listed(&moved.parents),
        count(revisions, "revision")
    );
    session.terminal.data(&line)?;
    for name in &args.applied_on {
        let line = format!("tell `{name}`: `rev repair {name} --accept {}`", root.id);
        session.terminal.talk(&line);
    }
    Ok(Exit::Done)
}

fn listed(ids: &[RevisionId]) -> String {
    let words: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    words.join(", ")
}

fn refused(code: &str, message: String, hint: &str) -> Failure {
    Failure::refused(Diagnostic::new(code, message).hint(hint))
}
