//! The same questions, asked of our own graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use rev_core::plan::{Through, moves};
use rev_core::{
    Binding, DatabaseName, Dialect, Entry, Goal, Graph, Label, NodeSet, Point, ResolveError,
    Revision, RevisionId, Scope, Script, Sql, State,
};

use super::oracle::{Answer, Case, Page, Words};

/// The graph of a page, with work in every revision; or the code of its fault.
pub(crate) fn load(page: &Page) -> Result<Graph, String> {
    let revisions = page
        .graph
        .iter()
        .map(|node| revision(node).map(Arc::new))
        .collect::<Result<Vec<_>, String>>()?;
    Graph::new(revisions).map_err(|faults| faults[0].code().to_owned())
}

fn revision(node: &super::oracle::Node) -> Result<Revision, String> {
    let id = |text: &String| RevisionId::new(text).map_err(|_| "bad_id".to_owned());
    let parents = node
        .down_revision
        .iter()
        .map(id)
        .collect::<Result<_, _>>()?;
    let mut revision = Revision::new(id(&node.id)?, parents);
    revision.depends_on.clone_from(&node.depends_on);
    revision.labels = node
        .branch_labels
        .iter()
        .map(|label| Label::new(label).map_err(|_| "bad_label".to_owned()))
        .collect::<Result<_, _>>()?;
    revision.scripts.top = Entry {
        upgrade: Some(Script::Any(Sql::text("SELECT 1"))),
        downgrade: Some(Script::Any(Sql::text("SELECT 1"))),
        ..Entry::default()
    };
    Ok(revision)
}

/// Our answer; `None` where the question has no counterpart.
pub(crate) fn answer(graph: &Result<Graph, String>, case: &Case) -> Option<Answer> {
    let graph = match graph {
        Ok(graph) => graph,
        Err(code) => return Some(Err(code.clone())),
    };
    Desk { graph, case }.answer()
}

struct Desk<'a> {
    graph: &'a Graph,
    case: &'a Case,
}

type Lists = BTreeMap<String, Vec<String>>;

impl Desk<'_> {
    fn answer(&self) -> Option<Answer> {
        Some(match self.case.kind.as_str() {
            "load" => Ok(Lists::new()),
            "structure" => Ok(self.structure()),
            "resolve" => self.resolve(),
            "upgrade" => self.moved(Goal::Upgrade),
            "downgrade" => self.moved(Goal::Downgrade),
            "stamp" => self.moved(Goal::Stamp),
            "current" => Ok(self.one("ids", self.graph.tips(self.state().set()))),
            "history" => self.history(),
            "merge" => self.merge(),
            "range" => return self.range(),
            kind => panic!("no such question: {kind}"),
        })
    }

    fn one(&self, name: &str, nodes: impl IntoIterator<Item = rev_core::Node>) -> Lists {
        let ids = self
            .graph
            .ids(nodes)
            .iter()
            .map(ToString::to_string)
            .collect();
        Lists::from([(name.to_owned(), ids)])
    }

    fn structure(&self) -> Lists {
        let graph = self.graph;
        let mut lists = self.one("heads", graph.heads());
        lists.extend(self.one("effective_heads", graph.effective_heads()));
        lists.extend(self.one("bases", graph.bases()));
        lists.extend(self.one("branchpoints", graph.branch_points()));
        lists.extend(self.one("mergepoints", graph.merge_points()));
        lists
    }

    fn state(&self) -> State {
        let rows = self.case.current.iter().filter(|_| !self.case.purge);
        State::of_heads(self.graph, rows.filter_map(|id| self.graph.find(id)))
    }

    fn resolve(&self) -> Answer {
        let scope = Scope::of_graph(self.graph);
        let mut nodes = NodeSet::default();
        for point in points(&self.case.target)? {
            nodes.extend(scope.revisions(&point).map_err(code)?);
        }
        Ok(self.one("ids", nodes.iter()))
    }

    fn moved(&self, goal: Goal) -> Answer {
        let state = self.state();
        let scope = database(self.graph, &state);
        let points = points(&self.case.target)?;
        let to = scope.destination(goal, &points).map_err(code)?.set;
        let steps = moves(self.graph, state.set(), &to, &Through::default());
        let nodes = steps.into_iter().filter_map(|step| step.hop.revision());
        let mut lists = self.one("steps", nodes);
        lists.extend(self.one("heads_after", self.graph.maximal(&to)));
        Ok(lists)
    }

    fn history(&self) -> Answer {
        let state = self.state();
        let text = self.case.target.list().concat();
        let (low, high) = text.split_once(':').unwrap_or(("", &text));
        // Only `current` asks the database; all else counts from the graph's ends.
        let scope = match low.starts_with("current") || high.starts_with("current") {
            true => database(self.graph, &state),
            false => Scope::of_graph(self.graph),
        };
        let shown = scope.range(end(low)?.as_ref(), end(high)?.as_ref());
        Ok(self.steps(&shown.map_err(code)?))
    }

    /// Children first.
    fn steps(&self, shown: &NodeSet) -> Lists {
        let order = self.graph.topological().iter().rev().copied();
        self.one("steps", order.filter(|&node| shown.contains(node)))
    }

    /// A list is merged; one word is what a new revision stands on.
    fn merge(&self) -> Answer {
        let scope = Scope::of_graph(self.graph);
        let points = points(&self.case.target)?;
        let splice = self.case.splice;
        for dependency in self::points(&self.case.depends_on)? {
            scope.revisions(&dependency).map_err(code)?;
        }
        let parents = match (&self.case.target, &points[..]) {
            (Words::Several(_), []) => Ok(Vec::new()),
            (Words::One(word), [point]) if word != "heads" => {
                scope.new_parents(Some(point), splice)
            }
            _ => scope.merge_parents(&points, splice),
        };
        Ok(self.one("down_revision", parents.map_err(code)?))
    }

    /// `iterate_revisions`: an upgrade where it starts at an implied base and
    /// leaves out the lower end, else a range.
    fn range(&self) -> Option<Answer> {
        let case = self.case;
        if case.argument("select_for_downgrade") {
            return None;
        }
        match (case.argument("implicit_base"), case.argument("inclusive")) {
            (true, false) => Some(self.range_up()),
            (false, inclusive) => Some(self.range_between(inclusive)),
            (true, true) => None,
        }
    }

    fn range_up(&self) -> Answer {
        let graph = Scope::of_graph(self.graph);
        let mut rows = Vec::new();
        for point in points(&self.case.lower)? {
            rows.extend(graph.revisions(&point).map_err(code)?);
        }
        let state = State::of_heads(self.graph, rows);
        let scope = database(self.graph, &state);
        let to = scope.destination(Goal::Upgrade, &points(&self.case.upper)?);
        let up = to.map_err(code)?.set.difference(state.set());
        Ok(self.steps(&up))
    }

    fn range_between(&self, inclusive: bool) -> Answer {
        let scope = Scope::of_graph(self.graph);
        let mut lows = points(&self.case.lower)?
            .into_iter()
            .map(Some)
            .collect::<Vec<_>>();
        if lows.is_empty() {
            lows.push(None);
        }
        let mut highs = points(&self.case.upper)?;
        if highs.is_empty() {
            highs.push(point("base")?);
        }
        let several = lows.len() > 1 || highs.len() > 1;
        let mut shown = NodeSet::default();
        for low in &lows {
            for high in &highs {
                match scope.range(low.as_ref(), Some(high)) {
                    Ok(between) => shown = shown.union(&between),
                    Err(ResolveError::EmptyRange { .. }) if several => {}
                    Err(error) => return Err(code(error)),
                }
            }
        }
        if !inclusive {
            for low in lows.iter().flatten() {
                for node in scope.revisions(low).map_err(code)? {
                    shown.remove(node);
                }
            }
        }
        Ok(self.steps(&shown))
    }
}

fn database<'a>(graph: &'a Graph, state: &'a State) -> Scope<'a> {
    let name = DatabaseName::new("oracle").expect("a name");
    let binding = Binding::new(name, Dialect::Sqlite);
    Scope::of_database(graph, &binding, state).expect("one script serves every dialect")
}

fn code(error: ResolveError) -> String {
    error.code().to_owned()
}

fn points(words: &Words) -> Result<Vec<Point>, String> {
    words.list().iter().map(|word| point(word)).collect()
}

fn point(word: &str) -> Result<Point, String> {
    Point::parse(word).map_err(|error| error.code().to_owned())
}

fn end(word: &str) -> Result<Option<Point>, String> {
    match word {
        "" => Ok(None),
        _ => point(word).map(Some),
    }
}
