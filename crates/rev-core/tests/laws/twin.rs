//! Random graphs, and slow twins of the fast walks: they share no code.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use rev_core::{
    Binding, DatabaseName, Dialect, Entry, Graph, Label, Node, NodeSet, Revision, RevisionId,
    Script, Sql,
};

pub(crate) type Places = BTreeSet<usize>;

/// A graph to be built, and what it says, by places in the order of the ids.
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    pub(crate) revisions: Vec<Revision>,
    parents: Vec<Places>,
    below: Vec<Places>,
    /// Whether the one stands on the other, or is it.
    covers: Vec<Vec<bool>>,
}

#[derive(Debug, Clone)]
struct Row {
    parents: Vec<Index>,
    dependencies: Vec<Index>,
    labelled: bool,
    by_label: bool,
    works: bool,
}

fn row() -> impl Strategy<Value = Row> {
    // Most have one parent, some none, some redundant ones.
    let parents = prop_oneof![
        1 => vec(any::<Index>(), 0..1),
        6 => vec(any::<Index>(), 1..2),
        3 => vec(any::<Index>(), 2..4),
    ];
    let dependencies = prop_oneof![
        5 => vec(any::<Index>(), 0..1),
        1 => vec(any::<Index>(), 1..3),
    ];
    (
        parents,
        dependencies,
        prop::bool::weighted(0.15),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(parents, dependencies, labelled, by_label, works)| Row {
            parents,
            dependencies,
            labelled,
            by_label,
            works,
        })
}

pub(crate) fn sketch() -> impl Strategy<Value = Sketch> {
    // Few letters, so that many ids begin alike.
    let ids: Vec<String> = (0..64)
        .map(|number| format!("{}{:05b}", ["a", "b"][number % 2], number / 2))
        .collect();
    (Just(ids).prop_shuffle(), vec(row(), 1..36)).prop_map(|(ids, rows)| Sketch::of(&ids, &rows))
}

impl Sketch {
    fn of(ids: &[String], rows: &[Row]) -> Self {
        let mut revisions: Vec<Revision> = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            // Those before it are the ones that it may stand on.
            let pick = |picks: &[Index]| -> Places {
                let picks = picks.iter().filter(|_| index > 0);
                picks.map(|pick| pick.index(index.max(1))).collect()
            };
            let id = |text: &String| RevisionId::new(text).expect("an id");
            let parents = pick(&row.parents).into_iter().map(|at| id(&ids[at]));
            let mut revision = Revision::new(id(&ids[index]), parents.collect());
            revision.depends_on = pick(&row.dependencies)
                .into_iter()
                .map(|at| match revisions[at].labels.first() {
                    Some(label) if row.by_label => label.to_string(),
                    _ => ids[at].clone(),
                })
                .collect();
            if row.labelled {
                revision.labels = vec![Label::new(&format!("line{index}")).expect("a label")];
            }
            if row.works {
                let name = DatabaseName::new("db1").expect("a name");
                revision.scripts.databases.insert(name, entry(&ids[index]));
            }
            revisions.push(revision);
        }
        Self::read(revisions)
    }

    fn read(revisions: Vec<Revision>) -> Self {
        let mut sorted: Vec<&Revision> = revisions.iter().collect();
        sorted.sort_by(|a, b| a.id.cmp(&b.id));
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, revision) in sorted.iter().enumerate() {
            places.insert(revision.id.as_str(), place);
            for label in &revision.labels {
                places.insert(label.as_str(), place);
            }
        }
        let parents: Vec<Places> = sorted
            .iter()
            .map(|it| it.parents.iter().map(|id| places[id.as_str()]).collect())
            .collect();
        let below: Vec<Places> = sorted
            .iter()
            .zip(&parents)
            .map(|(it, parents)| {
                let others = it.depends_on.iter().map(|name| places[name.as_str()]);
                others.chain(parents.iter().copied()).collect()
            })
            .collect();
        let covers = closure(&below);
        Self {
            revisions,
            parents,
            below,
            covers,
        }
    }

    pub(crate) fn graph(&self) -> Graph {
        build(&self.revisions)
    }

    pub(crate) fn len(&self) -> usize {
        self.below.len()
    }

    pub(crate) fn parents(&self, place: usize) -> &Places {
        &self.parents[place]
    }

    pub(crate) fn below(&self, place: usize) -> &Places {
        &self.below[place]
    }

    pub(crate) fn covers(&self, above: usize, below: usize) -> bool {
        self.covers[above][below]
    }

    /// Those that hold, of all.
    pub(crate) fn those(&self, holds: impl Fn(usize) -> bool) -> Places {
        (0..self.len()).filter(|&place| holds(place)).collect()
    }

    pub(crate) fn ancestors(&self, of: &Places) -> Places {
        self.those(|place| of.iter().any(|&seed| self.covers(seed, place)))
    }

    pub(crate) fn descendants(&self, of: &Places) -> Places {
        self.those(|place| of.iter().any(|&seed| self.covers(place, seed)))
    }

    /// The members that no other member stands on.
    pub(crate) fn reduced(&self, of: &Places) -> Places {
        let is_top = |&&place: &&usize| {
            !of.iter()
                .any(|&other| other != place && self.covers(other, place))
        };
        of.iter().filter(is_top).copied().collect()
    }

    pub(crate) fn is_closed(&self, set: &Places) -> bool {
        set.iter().all(|&place| self.below[place].is_subset(set))
    }

    /// Depth-first, what is below first, ids ascending, redundant edges left out.
    pub(crate) fn post_order(&self, heads: &Places) -> Vec<usize> {
        let mut order = Vec::new();
        for &head in heads {
            self.visit(head, &mut order);
        }
        order
    }

    fn visit(&self, place: usize, order: &mut Vec<usize>) {
        if order.contains(&place) {
            return;
        }
        for below in self.reduced(&self.below[place]) {
            self.visit(below, order);
        }
        order.push(place);
    }

    /// A closed set, by what stands on top of it.
    pub(crate) fn state(&self, picks: &[Index]) -> Places {
        self.ancestors(&picks.iter().map(|pick| pick.index(self.len())).collect())
    }
}

/// Floyd's and Warshall's.
fn closure(below: &[Places]) -> Vec<Vec<bool>> {
    let size = below.len();
    let mut covers: Vec<Vec<bool>> = (0..size)
        .map(|above| {
            (0..size)
                .map(|low| above == low || below[above].contains(&low))
                .collect()
        })
        .collect();
    for through in 0..size {
        for above in 0..size {
            for low in 0..size {
                covers[above][low] |= covers[above][through] && covers[through][low];
            }
        }
    }
    covers
}

pub(crate) fn entry(text: &str) -> Entry {
    Entry {
        upgrade: Some(Script::Any(Sql::text(&format!("CREATE {text}")))),
        downgrade: Some(Script::Any(Sql::text(&format!("DROP {text}")))),
        ..Entry::default()
    }
}

pub(crate) fn build(revisions: &[Revision]) -> Graph {
    let revisions = revisions.iter().cloned().map(Arc::new).collect();
    Graph::new(revisions).expect("a sketch is a graph")
}

pub(crate) fn db1() -> Binding {
    let mut binding = Binding::new(DatabaseName::new("db1").expect("a name"), Dialect::Sqlite);
    binding.shared = false;
    binding
}

pub(crate) fn nodes(places: &Places) -> NodeSet {
    places.iter().map(|&place| Node::new(place)).collect()
}

pub(crate) fn places(nodes: impl IntoIterator<Item = Node>) -> Places {
    nodes.into_iter().map(|node| node.index()).collect()
}
