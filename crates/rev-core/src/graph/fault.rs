//! All that can be wrong with a graph.

use crate::{DatabaseName, Label, RevisionId};

/// What keeps a set of revisions from being a graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphFault {
    /// An id that more than one revision has. Said once for each further one.
    #[error("revision id `{id}` is used more than once")]
    DuplicateId {
        /// The id.
        id: RevisionId,
    },
    /// A parent that does not exist.
    #[error("revision `{child}` names a parent that does not exist: `{parent}`")]
    UnknownParent {
        /// Who names it.
        child: RevisionId,
        /// The id that nobody has.
        parent: RevisionId,
        /// Ids that it may have been meant to be, likeliest first.
        similar: Vec<RevisionId>,
    },
    /// A dependency that is neither an id nor a label.
    #[error("revision `{child}` depends on `{dependency}`, which is no revision and no label")]
    UnknownDependency {
        /// Who names it.
        child: RevisionId,
        /// The word that names nothing.
        dependency: String,
        /// Ids and labels that it may have been meant to be, likeliest first.
        similar: Vec<String>,
    },
    /// A revision that is its own parent.
    #[error("revision `{id}` is its own parent")]
    SelfParent {
        /// The revision.
        id: RevisionId,
    },
    /// A revision that depends on itself.
    #[error("revision `{id}` depends on itself")]
    SelfDependency {
        /// The revision.
        id: RevisionId,
    },
    /// A parent written twice.
    #[error("revision `{child}` names parent `{parent}` twice")]
    RepeatedParent {
        /// Who names it.
        child: RevisionId,
        /// The parent.
        parent: RevisionId,
    },
    /// Revisions that stand on one another in a circle.
    #[error("revisions form a cycle: {}", ring(members))]
    Cycle {
        /// Each stands on the next, the last on the first.
        members: Vec<RevisionId>,
    },
    /// Something about a label.
    #[error(transparent)]
    Label(#[from] LabelFault),
    /// Something about a shortcut.
    #[error(transparent)]
    Shortcut(#[from] ShortcutFault),
}

/// What is wrong with a label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelFault {
    /// A label that two revisions declare, or one twice.
    #[error("label `{label}` is declared by `{first}` and again by `{second}`")]
    Taken {
        /// The label.
        label: Label,
        /// Who declares it first, by id.
        first: RevisionId,
        /// Who declares it again.
        second: RevisionId,
    },
    /// A label that is also a revision's id.
    #[error("label `{label}` of revision `{at}` is also a revision id")]
    IsId {
        /// The label.
        label: Label,
        /// Who declares it.
        at: RevisionId,
    },
    /// A label such as `core-2` beside a name `core`.
    #[error("label `{label}` of revision `{at}` reads as an offset from `{of}`")]
    ReadsAsOffset {
        /// The label.
        label: Label,
        /// The shorter name.
        of: String,
        /// Who declares it.
        at: RevisionId,
    },
}

impl GraphFault {
    /// The revision to point at.
    #[must_use]
    pub fn revision(&self) -> &RevisionId {
        match self {
            GraphFault::DuplicateId { id }
            | GraphFault::SelfParent { id }
            | GraphFault::SelfDependency { id } => id,
            GraphFault::UnknownParent { child, .. }
            | GraphFault::UnknownDependency { child, .. }
            | GraphFault::RepeatedParent { child, .. } => child,
            GraphFault::Cycle { members } => &members[0],
            GraphFault::Shortcut(fault) => fault.shortcut(),
            GraphFault::Label(LabelFault::Taken { second, .. }) => second,
            GraphFault::Label(
                LabelFault::IsId { at, .. } | LabelFault::ReadsAsOffset { at, .. },
            ) => at,
        }
    }

    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            GraphFault::DuplicateId { .. } => "duplicate_id",
            GraphFault::UnknownParent { .. } => "unknown_parent",
            GraphFault::UnknownDependency { .. } => "unknown_dependency",
            GraphFault::SelfParent { .. } => "self_parent",
            GraphFault::SelfDependency { .. } => "self_dependency",
            GraphFault::RepeatedParent { .. } => "repeated_parent",
            GraphFault::Cycle { .. } => "cycle",
            GraphFault::Shortcut(fault) => fault.code(),
            GraphFault::Label(LabelFault::Taken { .. }) => "label_taken",
            GraphFault::Label(LabelFault::IsId { .. }) => "label_is_id",
            GraphFault::Label(LabelFault::ReadsAsOffset { .. }) => "label_reads_as_offset",
        }
    }
}

/// What is wrong with a shortcut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShortcutFault {
    /// An id to replace that nobody has, beside others that have files.
    #[error("`{shortcut}` replaces a revision that does not exist: `{missing}`")]
    Unknown {
        /// The shortcut.
        shortcut: RevisionId,
        /// The id that nobody has.
        missing: RevisionId,
        /// Ids that it may have been meant to be, likeliest first.
        similar: Vec<RevisionId>,
    },
    /// A shortcut that replaces itself, directly or through others.
    #[error("`{shortcut}` replaces itself")]
    Itself {
        /// The shortcut.
        shortcut: RevisionId,
    },
    /// Two shortcuts with revisions in common, neither within the other.
    #[error(
        "`{first}` and `{second}` both replace {}, and neither lies within the other",
        list(shared)
    )]
    Overlap {
        /// The one, by id.
        first: RevisionId,
        /// The other.
        second: RevisionId,
        /// What both replace.
        shared: Vec<RevisionId>,
    },
    /// Revisions that a shortcut would have to come before and after.
    #[error(
        "`{shortcut}` would have to run before and after others: {}",
        ring(members)
    )]
    Knot {
        /// A shortcut on the ring.
        shortcut: RevisionId,
        /// Shortcuts and revisions, each standing on the next, the last on the first.
        members: Vec<RevisionId>,
    },
    /// A shortcut of which one database would wait for another at one of its own
    /// revisions.
    #[error("`{shortcut}` would wait for itself: `{above}` needs `{below}` on `{database}` first")]
    WaitsForItself {
        /// The shortcut.
        shortcut: RevisionId,
        /// The revision that says so.
        above: RevisionId,
        /// What it needs, which the shortcut replaces too.
        below: RevisionId,
        /// Where it needs that.
        database: DatabaseName,
    },
    /// A shortcut whose parents are not those of its set.
    #[error(
        "`{shortcut}` stands on {}, but what it replaces stands on {}",
        list(written),
        list(expected)
    )]
    Parents {
        /// The shortcut.
        shortcut: RevisionId,
        /// What it says.
        written: Vec<RevisionId>,
        /// What the revisions outside are that its set stands on.
        expected: Vec<RevisionId>,
    },
}

impl ShortcutFault {
    /// The shortcut to point at.
    #[must_use]
    pub fn shortcut(&self) -> &RevisionId {
        match self {
            ShortcutFault::Unknown { shortcut, .. }
            | ShortcutFault::Itself { shortcut }
            | ShortcutFault::Knot { shortcut, .. }
            | ShortcutFault::WaitsForItself { shortcut, .. }
            | ShortcutFault::Parents { shortcut, .. } => shortcut,
            ShortcutFault::Overlap { second, .. } => second,
        }
    }

    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            ShortcutFault::Unknown { .. } => "unknown_replaced",
            ShortcutFault::Itself { .. } => "self_replaced",
            ShortcutFault::Overlap { .. } => "shortcuts_overlap",
            ShortcutFault::Knot { .. } => "shortcut_knot",
            ShortcutFault::WaitsForItself { .. } => "shortcut_waits_for_itself",
            ShortcutFault::Parents { .. } => "shortcut_parents",
        }
    }
}

fn list(ids: &[RevisionId]) -> String {
    let words: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    match words.is_empty() {
        true => "nothing".to_owned(),
        false => words.join(", "),
    }
}

/// Ids that lead back to the first.
fn ring(members: &[RevisionId]) -> String {
    let around = members.iter().chain(members.first());
    let words: Vec<String> = around.map(|id| format!("`{id}`")).collect();
    words.join(" → ")
}
