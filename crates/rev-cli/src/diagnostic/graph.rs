//! Words for targets that mean nothing, or too much.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use rev_core::{Graph, GraphFault, NameError, Node, ResolveError, RevisionId, TargetError};

use rev_store::Problem;

use super::{Diagnostic, did_you_mean, either, problem};

/// Who asks, for hints in real commands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    /// The graph that was looked at.
    pub(crate) graph: &'a Graph,
    /// `rev upgrade`.
    pub(crate) command: &'a str,
    /// The database, where one was named.
    pub(crate) database: Option<&'a str>,
    /// All databases and groups.
    pub(crate) bound: &'a [String],
    /// What stands before and after the point in its argument, such as `base:`.
    pub(crate) around: (&'a str, &'a str),
}

/// The command of [`Asking`] where a schema is looked for: it lets nobody choose a head.
pub(crate) const COMPARING: &str = "rev diff";

/// A text that is no target.
pub(crate) fn target(error: &TargetError, bound: &[String]) -> Diagnostic {
    let told = Diagnostic::new(error.code(), error);
    match error {
        TargetError::UnknownSelector { selector, .. } => near(told, selector, bound),
        TargetError::TurnedAround {
            turned: Some(turned),
            ..
        } => told.hint(format!("write `{turned}`")),
        _ => told
            .hint("a target is [DATABASE@]POINT, such as db1@head, billing@head, 5f1c, +2, base"),
    }
}

/// A selector that selects nothing.
pub(crate) fn unknown_database(selector: &str, bound: &[String]) -> Diagnostic {
    let message = if rev_core::target::is_glob(selector) {
        format!("no database matches `{selector}`")
    } else {
        format!("there is no database or group `{selector}` in rev.yaml")
    };
    near(
        Diagnostic::new("unknown_database", message),
        selector,
        bound,
    )
}

fn near(told: Diagnostic, typed: &str, bound: &[String]) -> Diagnostic {
    let similar = rev_core::name::similar(typed, bound.iter().map(String::as_str));
    if similar.is_empty() && !bound.is_empty() {
        return told.hint(format!("rev.yaml binds {}", either(bound)));
    }
    did_you_mean(told, &similar)
}

/// A text that is no name.
pub(crate) fn name(error: &NameError) -> Diagnostic {
    Diagnostic::new("bad_name", error)
}

/// What a new revision would break.
pub(crate) fn graph_faults(faults: &[GraphFault]) -> Vec<Diagnostic> {
    let problems = faults.iter().cloned().map(Problem::Graph);
    problems.map(|found| problem(&found)).collect()
}

/// A point that means nothing here, or too much.
pub(crate) fn resolve(error: &ResolveError, asking: Asking<'_>) -> Diagnostic {
    let mut told = Diagnostic::new(error.code(), error);
    if let Some(database) = asking.database {
        told = told.fact("database", database);
        if depends_on_state(error) {
            told = told.on(database);
        }
    }
    if !error.candidates().is_empty() {
        let ids: Vec<&str> = error.candidates().iter().map(AsRef::as_ref).collect();
        told = told.fact("candidates", ids);
        told.lines = asking.listing(error.candidates());
    }
    asking.advise(told, error)
}

/// Whether another database might answer otherwise, so that its name matters.
fn depends_on_state(error: &ResolveError) -> bool {
    matches!(
        error,
        ResolveError::AmbiguousHead { .. }
            | ResolveError::WalkForks { .. }
            | ResolveError::TooFar { .. }
            | ResolveError::PastLabel { .. }
            | ResolveError::OutsideLabel { .. }
            | ResolveError::SeveralHeads { .. }
            | ResolveError::NotApplied { .. }
    )
}

/// The most candidates that are listed.
const LISTED: usize = 12;
/// The most labels of each.
const MOST_LABELS: usize = 3;

impl Asking<'_> {
    /// Ids with messages and branches, in columns.
    fn listing(self, ids: &[RevisionId]) -> Vec<String> {
        let nodes = ids.iter().filter_map(|id| self.graph.find(id.as_str()));
        let lines: Vec<BTreeSet<&str>> = nodes
            .map(|node| self.labels_above(node).into_iter().map(|it| it.0).collect())
            .collect();
        let is_common = |label: &str| lines.len() > 1 && lines.iter().all(|it| it.contains(label));
        let rows: Vec<(&str, &str, String)> = ids
            .iter()
            .take(LISTED)
            .map(|id| match self.graph.find(id.as_str()) {
                Some(node) => {
                    let message = self.graph.revision(node).message.as_str();
                    (id.as_str(), message, self.branches(node, &is_common))
                }
                None => (id.as_str(), "", String::new()),
            })
            .collect();
        let wide = |of: fn(&(&str, &str, String)) -> usize| rows.iter().map(of).max().unwrap_or(0);
        let (id_width, message_width) = (
            wide(|row| row.0.chars().count()),
            wide(|row| row.1.chars().count()),
        );
        let mut lines: Vec<String> = rows
            .iter()
            .map(|(id, message, branches)| {
                let line = format!("{id:id_width$}  {message:message_width$}  {branches}");
                line.trim_end().to_owned()
            })
            .collect();
        if ids.len() > LISTED {
            lines.push(format!("and {} more", ids.len() - LISTED));
        }
        lines
    }

    /// The labels whose branches a revision is on, with who declares them.
    fn labels_above(&self, node: Node) -> Vec<(&str, Node)> {
        let line = self.graph.line_below(node);
        self.graph
            .labels()
            .iter()
            .filter(|(_, root)| line.contains(**root))
            .map(|(label, root)| (label.as_str(), *root))
            .collect()
    }

    /// The labels that tell a revision from its neighbours, its nearest branch first.
    fn branches(&self, node: Node, is_common: &dyn Fn(&str) -> bool) -> String {
        let mut labels = self.labels_above(node);
        labels.retain(|(label, _)| !is_common(label));
        labels.sort_by_key(|(_, root)| Reverse(self.graph.line_below(*root).iter().count()));
        let is_cut = labels.len() > MOST_LABELS;
        labels.truncate(MOST_LABELS);
        let mut names: Vec<&str> = labels.into_iter().map(|(label, _)| label).collect();
        if is_cut {
            names.push("…");
        }
        names.join(", ")
    }

    /// The whole command, with another point.
    fn with(self, point: &str) -> String {
        let (before, after) = self.around;
        format!("{} {}{before}{point}{after}", self.command, self.prefix())
    }

    /// `db1@`, or nothing.
    fn prefix(self) -> String {
        self.database
            .map(|name| format!("{name}@"))
            .unwrap_or_default()
    }

    /// The same command for each of these points.
    fn one_by_one(self, points: &[String]) -> String {
        let commands = points.iter().map(|point| format!("`{}`", self.with(point)));
        let commands: Vec<String> = commands.collect();
        format!(
            "take them one after the other: {}",
            commands.join(", then ")
        )
    }

    fn advise(self, told: Diagnostic, error: &ResolveError) -> Diagnostic {
        let (command, at) = (self.command, self.prefix());
        match error {
            ResolveError::Unknown { name, similar } => self.advise_unknown(told, name, similar),
            ResolveError::AmbiguousHead { point, candidates } => self.advise_heads(told, point, candidates),
            ResolveError::AmbiguousPrefix { .. } => told.hint("type more of the id"),
            ResolveError::ShortPrefix { candidates, .. } => match &candidates[..] {
                [only] => told.hint(format!("did you mean `{only}`?")),
                _ => told,
            },
            ResolveError::WalkForks { candidates, .. } => match candidates.first() {
                Some(first) => told.hint(format!("name where to go: `{}`", self.with(first.as_str()))),
                None => told,
            },
            ResolveError::SeveralHeads { heads, .. } => match heads.first() {
                Some(first) => told.hint(format!(
                    "name the branch: `{}`, or the revision to go to",
                    self.with(&format!("{}@-1", self.word(first)))
                )),
                None => told,
            },
            ResolveError::NotApplied { revision } => told
                .fact("revision", revision.as_str())
                .hint(format!("`rev current` says where databases stand; `rev upgrade {at}{revision}` goes up to it")),
            ResolveError::SeveralRevisions { point, .. } => told.hint(format!(
                "take one point a database; `rev switch {at}{point}` goes to several"
            )),
            ResolveError::SeveralPoints { points } => told.hint(self.one_by_one(points)),
            ResolveError::OffsetBeside { offset, others } => {
                let points: Vec<String> = [offset].into_iter().chain(others).cloned().collect();
                told.hint(self.one_by_one(&points))
            }
            ResolveError::NotOneBranch { .. } => told.hint("name one of them in its place"),
            ResolveError::WrongWay { point, direction } => told.hint(match direction {
                rev_core::resolve::Direction::Up => format!("`rev downgrade {at}{point}` leads down"),
                rev_core::resolve::Direction::Down => format!("`rev upgrade {at}{point}` leads up"),
            }),
            ResolveError::NoDatabase => told.hint(format!("name one: `{command} DATABASE@current`")),
            ResolveError::BranchBase { point } => {
                told.hint(format!("`rev downgrade {at}{point}` takes the branch down"))
            }
            ResolveError::NotAHead { revision, .. } => told
                .fact("revision", revision.as_str())
                .hint("to start a branch there on purpose, add `--splice`"),
            ResolveError::NotOnBranch { revision, branch } => told
                .fact("revision", revision.as_str())
                .fact("branch", branch.as_str()),
            ResolveError::TooFar { available, .. } => told
                .fact("available", *available)
                .hint("`rev history` shows what lies each way"),
            ResolveError::PastLabel { label, available, beyond, .. } => {
                let told = told.fact("label", label.as_str()).fact("available", *available);
                match beyond {
                    Some(point) => told.hint(format!(
                        "to go below `{label}`, and take down what else stands there, name where to: `{}`",
                        self.with(point)
                    )),
                    None => told,
                }
            }
            ResolveError::OutsideLabel { label, revision, explicit, .. } => {
                let told = told.fact("label", label.as_str()).fact("revision", revision.as_str());
                match explicit {
                    Some(point) => told.hint(format!(
                        "to take both down, name where to go: `{}`",
                        self.with(point)
                    )),
                    None => told.hint("to take both down, name the revision to go down to"),
                }
            }
            _ => told,
        }
    }

    fn advise_unknown(self, told: Diagnostic, name: &str, similar: &[String]) -> Diagnostic {
        if self.bound.iter().any(|bound| bound == name) {
            let command = self.command;
            // Down from where it stands, and anywhere else up to the end.
            let point = if command.ends_with("downgrade") {
                "-1"
            } else {
                "head"
            };
            return told.fact("name", name).hint(format!(
                "`{name}` is a database or group; a target says where to, too: `{command} {name}@{point}`"
            ));
        }
        let databases = rev_core::name::similar(name, self.bound.iter().map(String::as_str));
        let mut names: Vec<&str> = databases;
        names.extend(similar.iter().map(String::as_str));
        names.dedup();
        if names.is_empty() {
            return told
                .fact("name", name)
                .hint("`rev history` lists all revisions, `rev branches` all labels");
        }
        did_you_mean(told.fact("name", name), &names)
    }

    fn advise_heads(self, told: Diagnostic, point: &str, candidates: &[RevisionId]) -> Diagnostic {
        let Some(first) = candidates.first() else {
            return told;
        };
        let ids: Vec<&str> = candidates.iter().map(AsRef::as_ref).collect();
        let join = format!("join them (`rev merge {}`)", ids.join(" "));
        // It goes to the one head that there is.
        if self.command == COMPARING || self.command.starts_with("rev reset") {
            return told.hint(join);
        }
        // Not every command that looks for a head takes targets, or takes several.
        let asking = match self.command {
            "rev check" | "rev status" => Asking {
                command: "rev upgrade",
                ..self
            },
            "rev revision" => Asking {
                command: "rev revision --head",
                around: ("", " …"),
                ..self
            },
            _ => self,
        };
        let takes_several = !["rev revision", "rev rebase", "rev edit"]
            .iter()
            .any(|command| self.command.starts_with(command));
        let one = match self.word(first) {
            word if word == first.as_str() || self.command == "rev revision" => word,
            label => format!("{label}@head"),
        };
        let name = format!("name one (`{}`)", asking.with(&one));
        if !takes_several {
            return told.hint(format!("{name}, or {join}"));
        }
        // Other branches may have heads, too.
        let all = match point.rsplit_once('@') {
            Some((branch, "head")) => format!("{branch}@heads"),
            _ => "heads".to_owned(),
        };
        let both = if candidates.len() == 2 { "both" } else { "all" };
        told.hint(format!(
            "{name}, take {both} (`{}`),\nor {join}",
            asking.with(&all)
        ))
    }

    /// The label that means this head alone, else its id.
    fn word(self, id: &RevisionId) -> String {
        let label = self.graph.find(id.as_str()).and_then(|node| {
            self.labels_above(node).into_iter().find(|(_, root)| {
                let members = self.graph.line_above(*root);
                let heads = self.graph.heads();
                heads.iter().filter(|head| members.contains(**head)).count() == 1
            })
        });
        label.map_or_else(|| id.to_string(), |(label, _)| label.to_owned())
    }
}
