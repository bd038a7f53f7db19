//! Why a point means nothing here.

use crate::{Label, RevisionId};

/// Up: towards the heads. Down: towards the bases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Towards the heads.
    Up,
    /// Towards the bases.
    Down,
}

/// Why a point or a destination cannot be told; all facts, no advice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Neither an id, a prefix of one, nor a label.
    #[error("there is no revision or label `{name}`")]
    Unknown {
        /// The word.
        name: String,
        /// Ids and labels that it may have been meant to be, likeliest first.
        similar: Vec<String>,
    },
    /// A beginning of an id of fewer than four characters.
    #[error("`{prefix}` is too short to stand for an id: a prefix has at least four characters")]
    ShortPrefix {
        /// The word.
        prefix: String,
        /// The ids that begin so.
        candidates: Vec<RevisionId>,
    },
    /// A beginning that several ids share.
    #[error("`{prefix}` is ambiguous: {} revisions begin so", candidates.len())]
    AmbiguousPrefix {
        /// The word.
        prefix: String,
        /// The ids that begin so.
        candidates: Vec<RevisionId>,
    },
    /// Several heads, of which none covers all that is wanted.
    #[error("`{point}` is ambiguous: {} heads", candidates.len())]
    AmbiguousHead {
        /// The point as typed.
        point: String,
        /// The heads that it may mean.
        candidates: Vec<RevisionId>,
    },
    /// A revision that lies outside the branch named before it.
    #[error("revision `{revision}` is not on branch `{branch}`")]
    NotOnBranch {
        /// The revision.
        revision: RevisionId,
        /// The branch as typed.
        branch: String,
    },
    /// A walk that comes to a fork or a merge.
    #[error("`{point}` is ambiguous: {}", fork(at.as_ref(), *direction))]
    WalkForks {
        /// The point as typed.
        point: String,
        /// Where it forks; `None`: at the base.
        at: Option<RevisionId>,
        /// Which way the walk went.
        direction: Direction,
        /// The ways on.
        candidates: Vec<RevisionId>,
    },
    /// A walk past the last revision.
    #[error("`{point}` goes too far: {}", too_far(from.as_ref(), *direction, *available))]
    TooFar {
        /// The point as typed.
        point: String,
        /// Where the walk began; `None`: at the base.
        from: Option<RevisionId>,
        /// Which way the walk went.
        direction: Direction,
        /// How many revisions there are that way.
        available: usize,
    },
    /// A walk down past the first revision of the label named before it.
    #[error("`{point}` goes too far: {}", past_label(label, *available))]
    PastLabel {
        /// The point as typed.
        point: String,
        /// The label, or the id in its place.
        label: String,
        /// How many revisions of the label there are to take down.
        available: usize,
        /// The point that the walk would have come to: an id, or `base`.
        beyond: Option<String>,
    },
    /// A relative target with a label, on whose revisions another branch stands.
    #[error("`{point}` would take down `{revision}` too, which is not of `{label}`{}", standing(on.as_ref()))]
    OutsideLabel {
        /// The point as typed.
        point: String,
        /// The label, or the id in its place.
        label: String,
        /// The revision outside the label.
        revision: RevisionId,
        /// What it stands on that would go.
        on: Option<RevisionId>,
        /// The point whose downgrade takes down just that, on purpose.
        explicit: Option<String>,
    },
    /// An offset from a state of several heads.
    #[error("`{point}` is ambiguous: {} heads are applied", heads.len())]
    SeveralHeads {
        /// The point as typed.
        point: String,
        /// The heads, each with work that no other shares.
        heads: Vec<RevisionId>,
    },
    /// A downgrade to what is not applied.
    #[error("revision `{revision}` is not applied")]
    NotApplied {
        /// The revision.
        revision: RevisionId,
    },
    /// A downgrade to several revisions at once.
    #[error("a downgrade goes to one point; `{point}` means {} revisions", revisions.len())]
    SeveralRevisions {
        /// The point as typed.
        point: String,
        /// What it means.
        revisions: Vec<RevisionId>,
    },
    /// A downgrade to several points of one database.
    #[error("a downgrade goes to one point of a database, not to {}: {}", points.len(), quoted(points))]
    SeveralPoints {
        /// The points as typed, at least two.
        points: Vec<String>,
    },
    /// An offset from where the database stands, beside another point.
    #[error(
        "`{offset}` is counted from where the database stands, and is given beside {}",
        quoted(others)
    )]
    OffsetBeside {
        /// The offset as typed.
        offset: String,
        /// The other points as typed, at least one.
        others: Vec<String>,
    },
    /// A word before an `@` that means several revisions, as a shortcut's id may.
    #[error("`{name}` is no branch: it means {} revisions", revisions.len())]
    NotOneBranch {
        /// The word.
        name: String,
        /// What it means, at least two.
        revisions: Vec<RevisionId>,
    },
    /// An offset that leads the other way than the action.
    #[error("`{point}` does not lead {}", match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    })]
    WrongWay {
        /// The point as typed.
        point: String,
        /// Which way the action goes.
        direction: Direction,
    },
    /// `current` where it says nothing.
    #[error("`current` is where the database already stands")]
    Current,
    /// `current` without a database.
    #[error("`current` is a database's, and none is named")]
    NoDatabase,
    /// A branch's base where a whole state is asked for.
    #[error("`{point}` is no state to switch to")]
    BranchBase {
        /// The point as typed.
        point: String,
    },
    /// A followed label that nothing declares.
    #[error("the database follows label `{label}`, which no revision declares")]
    UnknownFollow {
        /// The label.
        label: Label,
    },
    /// A range whose ends lie on different lines.
    #[error("nothing lies between `{low}` and `{high}`")]
    EmptyRange {
        /// The lower end as typed.
        low: String,
        /// The upper end as typed.
        high: String,
    },
    /// A merge of fewer than two revisions.
    #[error("there is nothing to merge: {} given", match revisions.len() {
        0 => "no head".to_owned(),
        _ => format!("one head, `{}`, is", revisions[0]),
    })]
    NothingToMerge {
        /// What was given.
        revisions: Vec<RevisionId>,
    },
    /// A merge of a revision with one that it stands on.
    #[error("revision `{above}` already stands on `{below}`")]
    Overlap {
        /// The one.
        above: RevisionId,
        /// The other.
        below: RevisionId,
    },
    /// A revision named twice.
    #[error("revision `{revision}` is named twice")]
    Repeated {
        /// The revision.
        revision: RevisionId,
    },
    /// A parent that has children already.
    #[error("revision `{revision}` is not a head")]
    NotAHead {
        /// The revision.
        revision: RevisionId,
        /// The heads there are.
        heads: Vec<RevisionId>,
    },
}

impl ResolveError {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ResolveError::Unknown { .. } => "unknown_revision",
            ResolveError::ShortPrefix { .. } => "short_prefix",
            ResolveError::AmbiguousPrefix { .. } => "ambiguous_prefix",
            ResolveError::AmbiguousHead { .. } => "ambiguous_head",
            ResolveError::NotOnBranch { .. } => "not_on_branch",
            ResolveError::WalkForks { .. } => "ambiguous_walk",
            ResolveError::TooFar { .. } | ResolveError::PastLabel { .. } => "too_far",
            ResolveError::OutsideLabel { .. } => "outside_label",
            ResolveError::SeveralHeads { .. } => "several_heads",
            ResolveError::NotApplied { .. } => "not_applied",
            ResolveError::SeveralRevisions { .. } | ResolveError::NotOneBranch { .. } => {
                "several_revisions"
            }
            ResolveError::SeveralPoints { .. } | ResolveError::OffsetBeside { .. } => {
                "several_points"
            }
            ResolveError::WrongWay { .. } => "wrong_way",
            ResolveError::Current => "current_is_no_target",
            ResolveError::NoDatabase => "no_database",
            ResolveError::BranchBase { .. } => "branch_base",
            ResolveError::UnknownFollow { .. } => "unknown_label",
            ResolveError::EmptyRange { .. } => "empty_range",
            ResolveError::NothingToMerge { .. } => "nothing_to_merge",
            ResolveError::Overlap { .. } => "overlap",
            ResolveError::Repeated { .. } => "repeated_revision",
            ResolveError::NotAHead { .. } => "not_a_head",
        }
    }

    /// The revisions that the user may choose from, where there is a choice.
    #[must_use]
    pub fn candidates(&self) -> &[RevisionId] {
        match self {
            ResolveError::ShortPrefix { candidates, .. }
            | ResolveError::AmbiguousPrefix { candidates, .. }
            | ResolveError::AmbiguousHead { candidates, .. }
            | ResolveError::WalkForks { candidates, .. } => candidates,
            ResolveError::SeveralHeads { heads, .. } | ResolveError::NotAHead { heads, .. } => {
                heads
            }
            ResolveError::SeveralRevisions { revisions, .. }
            | ResolveError::NotOneBranch { revisions, .. } => revisions,
            _ => &[],
        }
    }
}

/// "`a`, `b`".
fn quoted(points: &[String]) -> String {
    let points: Vec<String> = points.iter().map(|point| format!("`{point}`")).collect();
    points.join(", ")
}

fn fork(at: Option<&RevisionId>, direction: Direction) -> String {
    match (at, direction) {
        (None, _) => "there are several bases".to_owned(),
        (Some(at), Direction::Up) => format!("the graph forks at `{at}`"),
        (Some(at), Direction::Down) => format!("`{at}` merges several branches"),
    }
}

fn too_far(from: Option<&RevisionId>, direction: Direction, available: usize) -> String {
    let count = match available {
        0 => "there is no revision".to_owned(),
        1 => "there is only 1 revision".to_owned(),
        n => format!("there are only {n} revisions"),
    };
    match (from, direction) {
        (None, Direction::Down) => "nothing lies below the base".to_owned(),
        (None, Direction::Up) => format!("{count} above the base"),
        (Some(from), Direction::Up) => format!("{count} above `{from}`"),
        (Some(from), Direction::Down) => format!("{count} to take down from `{from}`"),
    }
}

fn past_label(label: &str, available: usize) -> String {
    match available {
        0 => format!("nothing of `{label}` is there to take down"),
        1 => format!("`{label}` has only 1 revision to take down"),
        n => format!("`{label}` has only {n} revisions to take down"),
    }
}

fn standing(on: Option<&RevisionId>) -> String {
    on.map(|on| format!(" and stands on `{on}`"))
        .unwrap_or_default()
}
