//! Whether two answers agree, by the rules of `fixtures/conformance/README.md`.

use std::collections::{BTreeMap, BTreeSet};

use super::oracle::{Answer, Case, Page};

type Names<'a> = BTreeSet<&'a str>;

/// What must be on top of what, as written.
pub(crate) struct Edges<'a>(BTreeMap<&'a str, Names<'a>>);

impl<'a> Edges<'a> {
    pub(crate) fn of(page: &'a Page) -> Self {
        let ids: Names = page.graph.iter().map(|node| node.id.as_str()).collect();
        let labels: BTreeMap<&str, &str> = page
            .graph
            .iter()
            .flat_map(|node| {
                node.branch_labels
                    .iter()
                    .map(|label| (label.as_str(), node.id.as_str()))
            })
            .collect();
        let below = |node: &'a super::oracle::Node| {
            let words = node.down_revision.iter().chain(&node.depends_on);
            words
                .filter_map(|word| {
                    ids.get(word.as_str())
                        .or_else(|| labels.get(word.as_str()))
                        .copied()
                })
                .collect::<Names>()
        };
        Self(
            page.graph
                .iter()
                .map(|node| (node.id.as_str(), below(node)))
                .collect(),
        )
    }

    fn closure(&self, seeds: &'a [String]) -> Names<'a> {
        let mut closed = Names::new();
        let mut to_do: Vec<&str> = seeds.iter().map(String::as_str).collect();
        while let Some(id) = to_do.pop() {
            if let Some(below) = self.0.get(id)
                && closed.insert(id)
            {
                to_do.extend(below);
            }
        }
        closed
    }

    /// Whether every step comes at a moment when it may.
    fn allow(&self, case: &'a Case, steps: &'a [String]) -> bool {
        let mut applied = self.closure(&case.current);
        steps.iter().map(String::as_str).all(|step| {
            if case.kind == "upgrade" {
                self.0[step].is_subset(&applied) && applied.insert(step)
            } else {
                let stands = |id: &&str| self.0[id].contains(step);
                !applied.iter().any(stands) && applied.remove(step)
            }
        })
    }

    /// Whether no revision comes before one that stands on it.
    fn children_first(&self, steps: &[String]) -> bool {
        let mut seen = Names::new();
        steps.iter().all(|step| {
            seen.insert(step);
            self.0[step.as_str()].is_disjoint(&seen)
        })
    }
}

/// The lists that must be equal as sets.
fn compared(kind: &str) -> &'static [&'static str] {
    match kind {
        "structure" => &[
            "heads",
            "effective_heads",
            "bases",
            "branchpoints",
            "mergepoints",
        ],
        "resolve" | "current" => &["ids"],
        "upgrade" | "downgrade" => &["steps", "heads_after"],
        "stamp" => &["heads_after"],
        "history" | "range" => &["steps"],
        "merge" => &["down_revision"],
        _ => &[],
    }
}

pub(crate) fn agree(edges: &Edges, case: &Case, theirs: &Answer, ours: &Answer) -> bool {
    let (theirs, ours) = match (theirs, ours) {
        (Ok(theirs), Ok(ours)) => (theirs, ours),
        (theirs, ours) => return theirs.is_err() == ours.is_err(),
    };
    let sorted = |list: &Vec<String>| {
        let mut list = list.clone();
        list.sort_unstable();
        if matches!(case.kind.as_str(), "resolve" | "current") {
            list.dedup();
        }
        list
    };
    let same = compared(&case.kind)
        .iter()
        .all(|&name| sorted(&theirs[name]) == sorted(&ours[name]));
    same && match case.kind.as_str() {
        "upgrade" | "downgrade" => edges.allow(case, &ours["steps"]),
        "history" | "range" => edges.children_first(&ours["steps"]),
        _ => true,
    }
}
