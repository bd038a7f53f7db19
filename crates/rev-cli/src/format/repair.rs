//! What is half done or damaged, and what became of it, for programs: `rev repair`.

use serde::Serialize;

use super::error::Error;
use super::run::HalfDone;
use super::status::Unread;

/// What `rev repair` answers. With `--accept` and `--redo` it is a run, and answers as one.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Repair {
    /// What is to be repaired: nothing was chosen.
    Found {
        /// A case a database; none: nothing is to be repaired.
        repair: Vec<Case>,
        /// Databases whose files and ledger disagree, and what helps.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        at_odds: Vec<AtOdds>,
        /// Databases that could not be read.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        unread: Vec<Unread>,
    },
    /// What became of it, once something was chosen.
    Settled {
        repaired: Vec<Settled>,
        /// What went wrong; left out: nothing did.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<Error>,
    },
}

/// A database whose files and ledger disagree.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct AtOdds {
    pub(crate) database: String,
    /// What they disagree about, as an upgrade would be refused.
    pub(crate) error: Error,
}

/// What is to be repaired on one database.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Case {
    /// A step of which some statements stand and others do not.
    Step {
        database: String,
        half_done: HalfDone,
        /// What its session is at; `null`: it is gone.
        session: Option<String>,
        /// What the catalogue tells of the statement in doubt; `null`: none is.
        reading: Option<Reading>,
        /// The same for people.
        reason: Option<String>,
        /// What the catalogue has, and had before the step, where that differs.
        differences: Vec<String>,
    },
    /// A ledger that is not as `rev` writes it.
    Damaged {
        database: String,
        /// What is wrong.
        damaged: String,
        /// The revisions that its log has as applied.
        logged: Vec<String>,
        /// What helps.
        ways: Vec<String>,
    },
    /// A two-phase run that was cut off.
    TwoPhase {
        database: String,
        two_phase: TwoPhase,
    },
}

/// What the catalogue tells of a statement in doubt.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Reading {
    /// It took effect.
    Done,
    /// It took no effect.
    NotDone,
    /// It left something unusable, which goes first.
    Remnant,
    /// Nobody can know.
    Unclear,
}

/// A two-phase run that was cut off.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TwoPhase {
    pub(crate) run: String,
    pub(crate) operator: String,
    /// RFC 3339, in UTC.
    pub(crate) started: String,
    /// All that took part in it.
    pub(crate) databases: Vec<String>,
}

/// What became of one database.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Settled {
    pub(crate) database: String,
    pub(crate) end: End,
}

/// How the repair of one database ended.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum End {
    /// The step was gone on with, and is done.
    Finished,
    /// What a person said of it is in the ledger.
    WrittenDown,
    /// Nothing was to repair any more.
    Nothing,
    /// It was stopped on request.
    Stopped,
    /// It was not gone on with, for another database's sake.
    HeldBack,
    /// The two-phase run stands.
    Committed,
    /// The two-phase run was undone.
    RolledBack,
}
