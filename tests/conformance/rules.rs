//! Where ours stands though Alembic's answer would bind: by rule, each with its
//! reason. A rule sees the question and both answers, never a case's place.

use std::collections::BTreeSet;

use rev_core::Graph;

use super::oracle::{Answer, Case};

/// A disagreement to be explained.
pub(crate) struct Difference<'a> {
    pub(crate) graph: Result<&'a Graph, &'a str>,
    pub(crate) case: &'a Case,
    pub(crate) theirs: &'a Answer,
    pub(crate) ours: &'a Answer,
}

pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) covers: fn(&Difference) -> bool,
}

impl Difference<'_> {
    fn kind(&self, kinds: &[&str]) -> bool {
        kinds.contains(&self.case.kind.as_str())
    }

    /// Ours fails with this code where theirs succeeds.
    fn only_we_refuse(&self, code: &str) -> bool {
        self.theirs.is_ok() && self.ours.as_ref().is_err_and(|ours| ours == code)
    }

    /// Theirs fails with such a message where ours succeeds.
    fn only_they_refuse(&self, message: &str) -> bool {
        self.ours.is_ok()
            && self
                .theirs
                .as_ref()
                .is_err_and(|theirs| theirs.contains(message))
    }

    /// Any word that was typed.
    fn typed(&self, holds: impl Fn(&str) -> bool) -> bool {
        let case = self.case;
        [&case.target, &case.upper, &case.lower]
            .into_iter()
            .flat_map(|words| words.list())
            .flat_map(|word| word.split(':'))
            .any(holds)
    }
}

/// Whether a word ends in `+N` or `-N`.
fn is_relative(word: &str) -> bool {
    word.rsplit_once(['+', '-'])
        .is_some_and(|(_, digits)| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a word is a label or an id with an offset behind it: `billing@head-2`.
fn is_relative_to_label(word: &str) -> bool {
    is_relative(word) && word.contains('@')
}

/// Whether a word, its branch left out, is a short beginning of an id.
fn is_short_prefix(graph: &Graph, word: &str) -> bool {
    word.split('@').any(|name| {
        let name = name.split(['+', '-']).next().unwrap_or(name);
        name.len() < 4 && graph.find(name).is_none() && graph.with_prefix(name).next().is_some()
    })
}

/// Whether a word is a branch and a beginning that several ids share.
fn is_shared_prefix(graph: &Graph, word: &str) -> bool {
    word.split_once('@').is_some_and(|(_, name)| {
        name.len() >= 4 && graph.find(name).is_none() && graph.with_prefix(name).count() > 1
    })
}

/// The rows of both, ancestors implied.
fn is_kept_beside(difference: &Difference) -> bool {
    let (Ok(graph), Ok(theirs), Ok(ours)) = (difference.graph, difference.theirs, difference.ours)
    else {
        return false;
    };
    let closed = |rows: &[String]| graph.ancestors(rows.iter().filter_map(|id| graph.find(id)));
    let (theirs, ours) = (closed(&theirs["heads_after"]), closed(&ours["heads_after"]));
    let before = closed(&difference.case.current);
    // We only keep more, and only what was applied before.
    theirs.is_subset(&ours) && ours.difference(&theirs).is_subset(&before)
}

fn label_grew_upward(difference: &Difference) -> bool {
    let Ok(graph) = difference.graph else {
        return false;
    };
    difference.typed(|word| {
        let branch = word
            .split_once('@')
            .filter(|(_, name)| name.starts_with("head"));
        let root = branch.and_then(|(label, _)| graph.label(label));
        root.is_some_and(|root| {
            let above: BTreeSet<_> = graph.line_above(root).iter().collect();
            let line = graph.ancestors([root]);
            let heads = graph.heads();
            line.len() > 1 && heads.iter().any(|head| !above.contains(head))
        })
    })
}

pub(crate) const RULES: &[Rule] = &[
    Rule {
        name: "labels that read as offsets are refused",
        reason: "`lib-1` beside `lib` has two readings; the graph is refused at load (B7)",
        covers: |it| it.graph.is_err() && it.only_we_refuse("label_reads_as_offset"),
    },
    Rule {
        name: "a label is resolved first",
        reason: "`label@id` outside the label's line is a mistake; Alembic's downgrade runs it regardless (B6)",
        covers: |it| {
            it.kind(&["downgrade"])
                && it.only_we_refuse("not_on_branch")
                && it.typed(|word| word.contains('@'))
        },
    },
    Rule {
        name: "a label is its descendants",
        reason: "Alembic spreads a label upward too, so siblings count as its heads (B8)",
        covers: |it| it.only_they_refuse("Multiple head revisions") && label_grew_upward(it),
    },
    Rule {
        name: "a prefix has four characters",
        reason: "Alembic asks for four characters and takes fewer; we hold to it (B22)",
        covers: |it| {
            it.only_we_refuse("short_prefix")
                && it
                    .graph
                    .is_ok_and(|graph| it.typed(|word| is_short_prefix(graph, word)))
        },
    },
    Rule {
        name: "a branch narrows a prefix in every command",
        reason: "`label@prefix` means one revision where one of the branch begins so; Alembic resolves it, yet does not stamp it (B21)",
        covers: |it| {
            it.kind(&["stamp"])
                && it.only_they_refuse("Can't locate")
                && it
                    .graph
                    .is_ok_and(|graph| it.typed(|word| is_shared_prefix(graph, word)))
        },
    },
    Rule {
        name: "a merge joins two",
        reason: "a merge of one revision joins nothing; a second head stays (B13)",
        covers: |it| it.kind(&["merge"]) && it.only_we_refuse("nothing_to_merge"),
    },
    Rule {
        name: "a merge joins no revision with its ancestor",
        reason: "the parent would be redundant, which is what makes Alembic crash later (B1)",
        covers: |it| it.kind(&["merge"]) && it.case.splice && it.only_we_refuse("overlap"),
    },
    Rule {
        name: "stamp keeps what stays applied",
        reason: "a stamp leaves what a run would leave; Alembic forgets the other side of a merge (B23)",
        covers: |it| it.kind(&["stamp"]) && !it.case.purge && is_kept_beside(it),
    },
    Rule {
        name: "several targets are a union",
        reason: "a target that another implies adds nothing and harms nothing",
        covers: |it| {
            it.kind(&["upgrade", "range"])
                && it.only_they_refuse("overlaps with other requested revisions")
        },
    },
    Rule {
        name: "relative targets mean the same everywhere",
        reason: "one grammar for all commands; Alembic's `show`, `stamp` and `history` know half of it (B21)",
        covers: |it| {
            let refused = [
                "Can't locate",
                "Relative revision",
                "does not refer to ancestor",
            ];
            it.kind(&["resolve", "stamp", "history", "upgrade"])
                && refused.iter().any(|message| it.only_they_refuse(message))
                && it.typed(is_relative)
        },
    },
    Rule {
        name: "`-N` undoes the last steps",
        reason: "at a merge as well, where Alembic sees an ambiguous walk (B20)",
        covers: |it| {
            it.kind(&["downgrade"])
                && it.only_they_refuse("Ambiguous walk")
                && it.typed(is_relative)
        },
    },
    Rule {
        name: "a walk down with a label stays within it",
        reason: "`label@-1` typed once too often must not take down the trunk, or another branch that depends on the label; Alembic walks on into both",
        covers: |it| {
            (it.only_we_refuse("too_far") || it.only_we_refuse("outside_label"))
                && it.typed(is_relative_to_label)
        },
    },
    Rule {
        name: "a label tells the way at a merge",
        reason: "`label@head-1` goes down the label's own side, where Alembic sees an ambiguous walk (B20)",
        covers: |it| {
            it.kind(&["upgrade", "resolve"])
                && it.only_they_refuse("Ambiguous walk")
                && it.typed(is_relative_to_label)
        },
    },
    Rule {
        name: "nothing lies below the base",
        reason: "a walk past the base is said to be one; Alembic takes it for the base (B2)",
        covers: |it| {
            it.kind(&["upgrade", "resolve"])
                && it.only_we_refuse("too_far")
                && it.typed(|word| is_relative(word) && word.contains('-'))
        },
    },
];

/// `docs/conformance.md`: the rules and how many cases each carries.
pub(crate) fn page(counts: &[usize], agreed: usize, flagged: usize, unasked: usize) -> String {
    let mut page = format!(
        "# Where our answers differ from Alembic's\n\n\
         The cases in `fixtures/conformance` hold what Alembic 1.20.1 answers on random\n\
         graphs and on those of its own tests. {agreed} binding cases agree. The others are\n\
         carried by the rules below. {unasked} calls of `iterate_revisions` have no counterpart\n\
         here (its downgrade form, and an implied base beside an included one), and\n\
         {flagged} cases do not bind: there Alembic crashes, or answers by chance.\n\n\
         `cargo test -p rev-core --test conformance` checks this page;\n\
         `REV_UPDATE_DOCS=1` before it writes the page anew.\n\n\
         | rule | cases | why |\n|---|---:|---|\n"
    );
    for (rule, count) in RULES.iter().zip(counts) {
        page += &format!("| {} | {count} | {} |\n", rule.name, rule.reason);
    }
    page
}
