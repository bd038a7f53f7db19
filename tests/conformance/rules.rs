//! Where we mean to differ from Alembic, and why.
//!
//! A rule looks at the question, never at which case it is. B numbers are those
//! of the oracle's list of Alembic's defects.

use rev_core::{Goal, Graph, Point};

use crate::answer::{Answer, planned};
use crate::oracle::{Case, Recorded};

pub(crate) struct Question<'a> {
    pub recorded: &'a Recorded,
    pub graph: Option<&'a Graph>,
    pub case: &'a Case,
    pub ours: &'a Answer,
}

pub(crate) struct Rule {
    pub name: &'static str,
    pub reason: &'static str,
    pub carries: fn(&Question<'_>) -> bool,
}

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "clash_refused_at_load",
        reason: "`core-2` beside `core` could be read both ways, so the graph is refused (B7)",
        carries: |q| q.graph.is_none() && q.says("reads as an offset"),
    },
    Rule {
        name: "prefix_of_four",
        reason: "a prefix needs four characters and matches ids only (B22)",
        carries: |q| q.is_error() && q.point().is_some_and(|point| q.is_loose_prefix(&point)),
    },
    Rule {
        name: "label_is_looked_at",
        reason: "a label counts always; Alembic's `downgrade label@…` often ignores it (B6)",
        carries: |q| {
            let is_head_of_branch = |point: &Point| {
                point.branch.is_some() && ["head", "heads"].contains(&point.text.as_str())
            };
            let is_one_head = q.case.expects_error()
                && !q.is_error()
                && q.point().is_some_and(|point| is_head_of_branch(&point));
            q.case.kind == "downgrade" && (q.says("is not on branch") || is_one_head)
        },
    },
    Rule {
        name: "one_grammar",
        reason: "`id+N`, `id-N` and `head-N` mean the same in every command (B21)",
        carries: |q| {
            let is_relative = q
                .case
                .words()
                .concat()
                .split(':')
                .any(|text| Point::parse(text).is_ok_and(|point| point.offset().is_some()));
            ["resolve", "stamp", "history"].contains(&q.case.kind.as_str())
                && q.case.expects_error()
                && !q.is_error()
                && is_relative
        },
    },
    Rule {
        name: "nothing_below_base",
        reason: "`base-N` is an error, where Alembic counts down from the heads (B2)",
        carries: |q| {
            let offset = q
                .point()
                .and_then(|point| Some(point.offset()?.0.to_owned()));
            q.says("nothing lies below the base") && offset.as_deref() == Some("base")
        },
    },
    Rule {
        name: "minus_takes_heads",
        reason: "`-N` takes the only head down N times, at a merge too (B14, B20)",
        carries: |q| {
            let is_bare = |point: &Point| point.text.starts_with('-');
            q.case.kind == "downgrade"
                && q.case.expects_error()
                && !q.is_error()
                && q.point().is_some_and(|point| is_bare(&point))
        },
    },
    Rule {
        name: "targets_are_a_union",
        reason: "several targets of one upgrade are a union, an ancestor among them is no error",
        carries: |q| {
            let message = q.case.expect.get("message").and_then(|text| text.as_str());
            q.case.kind == "upgrade"
                && !q.is_error()
                && message.is_some_and(|text| text.contains("overlaps"))
        },
    },
    Rule {
        name: "stamp_is_a_run_unrun",
        reason: "`stamp` leaves what `downgrade` or `upgrade` would leave (B4, B23)",
        carries: |q| q.case.kind == "stamp" && !q.is_error() && q.is_as_if_run(),
    },
    Rule {
        name: "merge_needs_two",
        reason: "a merge of one revision is no merge; no arguments mean all heads",
        carries: |q| {
            let named = q.case.words();
            q.case.kind == "merge" && (q.says("there is nothing to merge") || named.is_empty())
        },
    },
    Rule {
        name: "merge_of_kin",
        reason: "a revision and one that it stands on are not merged (B1)",
        carries: |q| q.case.kind == "merge" && q.says("already stands on"),
    },
];

impl Question<'_> {
    fn is_error(&self) -> bool {
        matches!(self.ours, Answer::Error(_))
    }

    fn says(&self, words: &str) -> bool {
        matches!(self.ours, Answer::Error(message) if message.contains(words))
    }

    fn point(&self) -> Option<Point> {
        match &self.case.words()[..] {
            [word] => Point::parse(word).ok(),
            _ => None,
        }
    }

    /// Whether a name in the point begins an id in fewer than four characters,
    /// or a label.
    fn is_loose_prefix(&self, point: &Point) -> bool {
        let name = point.offset().map_or(point.text.as_str(), |(name, _)| name);
        let names = [Some(name), point.branch.as_deref()];
        names.into_iter().flatten().any(|name| {
            let is_prefix = |whole: &str| whole != name && whole.starts_with(name);
            self.recorded.graph.iter().any(|node| {
                (name.len() < 4 && is_prefix(&node.id))
                    || node.branch_labels.iter().any(|label| is_prefix(label))
            })
        })
    }

    /// Whether our stamp is what our downgrade leaves where all is applied, and
    /// what our upgrade leaves otherwise.
    fn is_as_if_run(&self) -> bool {
        let Some(graph) = self.graph else {
            return false;
        };
        let heads_of = |answer: &Answer| match answer {
            Answer::Steps { heads, .. } => Some(heads.clone()),
            _ => None,
        };
        let run = |goal| planned(graph, self.case, goal).ok();
        let run = run(Goal::Downgrade).or_else(|| run(Goal::Upgrade));
        run.as_ref().and_then(heads_of) == heads_of(self.ours)
    }
}
