//! Our answers to the same questions, through the pure crate alone.

use std::sync::Arc;

use rev_core::plan::moves;
use rev_core::revision::{Entry, Script, Sql};
use rev_core::{
    Binding, DatabaseName, Dialect, Goal, Graph, Label, Node, Point, Revision, RevisionId, Scope,
    State,
};

use crate::oracle::{Case, Recorded};

/// An answer in the oracle's form; lists of ids are sorted, but for `steps`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Error(String),
    Loaded,
    Structure(Vec<(&'static str, Vec<String>)>),
    Ids(Vec<String>),
    Steps {
        steps: Vec<String>,
        heads: Vec<String>,
        in_order: bool,
    },
}

pub(crate) fn load(recorded: &Recorded) -> Result<Arc<Graph>, String> {
    let mut revisions = Vec::new();
    for node in &recorded.graph {
        let id = |text: &str| RevisionId::new(text).map_err(|e| e.to_string());
        let parents: Result<_, _> = node.down_revision.iter().map(|p| id(p)).collect();
        let labels: Result<_, _> = node.branch_labels.iter().map(|l| Label::new(l)).collect();
        let mut revision = Revision::new(id(&node.id)?, parents?);
        revision.depends_on.clone_from(&node.depends_on);
        revision.labels = labels.map_err(|e| e.to_string())?;
        // Every revision has work, as it has for Alembic.
        revision.scripts.top = Entry {
            upgrade: Some(Script::Any(Sql::text("SELECT 1"))),
            ..Entry::default()
        };
        revisions.push(Arc::new(revision));
    }
    let graph = Graph::new(revisions).map_err(|faults| faults[0].to_string())?;
    Ok(Arc::new(graph))
}

pub(crate) fn answer(graph: &Result<Arc<Graph>, String>, case: &Case) -> Answer {
    match graph {
        Err(message) => Answer::Error(message.clone()),
        Ok(graph) => answer_in(graph, case).unwrap_or_else(Answer::Error),
    }
}

fn ids(graph: &Graph, nodes: impl IntoIterator<Item = Node>) -> Vec<String> {
    let ids = graph.ids(nodes);
    ids.iter().map(ToString::to_string).collect()
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

fn points(words: &[String]) -> Result<Vec<Point>, String> {
    let points: Result<Vec<Point>, _> = words.iter().map(|word| Point::parse(word)).collect();
    points.map_err(|error| error.to_string())
}

fn state(graph: &Graph, case: &Case) -> State {
    let rows = case.current.iter().filter_map(|id| graph.find(id));
    State::of_heads(graph, rows)
}

fn answer_in(graph: &Graph, case: &Case) -> Result<Answer, String> {
    let scope = Scope::of_graph(graph);
    match case.kind.as_str() {
        "load" => Ok(Answer::Loaded),
        "structure" => Ok(Answer::Structure(vec![
            ("heads", ids(graph, graph.heads())),
            ("effective_heads", ids(graph, graph.effective_heads())),
            ("bases", ids(graph, graph.bases())),
            ("branchpoints", ids(graph, graph.branch_points())),
            ("mergepoints", ids(graph, graph.merge_points())),
        ])),
        "resolve" => {
            let mut nodes = Vec::new();
            for point in points(&case.words())? {
                nodes.extend(scope.revisions(&point).map_err(|e| e.to_string())?);
            }
            Ok(Answer::Ids(sorted(ids(graph, nodes))))
        }
        "current" => {
            let state = state(graph, case);
            Ok(Answer::Ids(ids(graph, graph.tips(state.set()))))
        }
        "upgrade" => planned(graph, case, Goal::Upgrade),
        "downgrade" => planned(graph, case, Goal::Downgrade),
        "stamp" => planned(graph, case, Goal::Stamp),
        "history" => history(graph, case),
        "merge" => {
            let points = points(&case.words())?;
            let parents = scope.merge_parents(&points, case.splice);
            Ok(Answer::Ids(ids(graph, parents.map_err(|e| e.to_string())?)))
        }
        other => panic!("no such kind of question: {other}"),
    }
}

fn binding() -> Binding {
    Binding::new(DatabaseName::new("db1").expect("a name"), Dialect::Sqlite)
}

pub(crate) fn planned(graph: &Graph, case: &Case, goal: Goal) -> Result<Answer, String> {
    let state = state(graph, case);
    let scope = Scope::of_database(graph, &binding(), &state).expect("scripts for every database");
    let destination = scope.destination(goal, &points(&case.words())?);
    let to = destination.map_err(|e| e.to_string())?.set;
    let steps = moves(graph, state.set(), &to);
    let mut have = state.set().clone();
    let mut in_order = true;
    for step in &steps {
        if step.up {
            in_order &= graph.below(step.node).into_iter().all(|n| have.contains(n));
            have.insert(step.node);
        } else {
            in_order &= !graph.above(step.node).into_iter().any(|n| have.contains(n));
            have.remove(step.node);
        }
    }
    Ok(Answer::Steps {
        steps: ids(graph, steps.iter().map(|step| step.node)),
        heads: ids(graph, graph.maximal(&to)),
        in_order,
    })
}

fn history(graph: &Graph, case: &Case) -> Result<Answer, String> {
    let word = case.words().concat();
    let (low, high) = word.split_once(':').ok_or("a range has a colon")?;
    let state = state(graph, case);
    let of_state = Scope::of_database(graph, &binding(), &state).expect("scripts");
    let of_graph = Scope::of_graph(graph);
    let uses_state = [low, high].iter().any(|end| end.contains("current"));
    let scope = if uses_state { &of_state } else { &of_graph };
    let point = |text: &str| match text {
        "" => Ok(None),
        text => Point::parse(text).map(Some).map_err(|e| e.to_string()),
    };
    let range = scope.range(point(low)?.as_ref(), point(high)?.as_ref());
    let set = range.map_err(|e| e.to_string())?;
    Ok(Answer::Ids(sorted(ids(graph, set.iter()))))
}
