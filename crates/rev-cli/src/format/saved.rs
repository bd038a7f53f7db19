//! A saved plan: what was approved, to be run exactly so or not at all.
//!
//! A file of it is signed by the digest of its own content, so an edit shows. The
//! content is what the fields hold: comments, quotes and line ends count for
//! nothing.

use rev_core::plan::Wait;
use rev_core::{Binding, DatabaseName, Digest, NameError, RevisionId, digest};
use rev_engine::pin::{PinnedLane, PinnedStep, Place};
use serde::{Deserialize, Serialize};

use super::plan::{WaitsFor, texts};
use super::{Action, Dialect, Goal, Transaction};

/// The version that is written, and the newest that is read.
pub(crate) const FORMAT: u32 = 1;

/// A plan that `rev apply` runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SavedPlan {
    /// The version of this format.
    pub(crate) format: u32,
    /// Of everything else in this file; the log of each database names it.
    pub(crate) digest: String,
    /// What was asked for.
    pub(crate) action: Goal,
    /// Whether it works beside revisions that the files lacked.
    pub(crate) beside: bool,
    /// A lane a database, by name.
    pub(crate) lanes: Vec<SavedLane>,
}

/// What is to be done to one database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SavedLane {
    /// The database's name in `rev.yaml`.
    pub(crate) database: String,
    dialect: Dialect,
    /// The groups that it was in.
    groups: Vec<String>,
    /// Whether it took top-level scripts.
    shared: bool,
    /// Where it stood.
    from: SavedPlace,
    /// Where it is led.
    to: SavedPlace,
    /// What to do, in order.
    steps: Vec<SavedStep>,
}

/// A state of a database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SavedPlace {
    /// Its heads, ascending; empty: base.
    heads: Vec<String>,
    /// Of all that is applied, and of what ran.
    contents: String,
}

/// One revision, one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SavedStep {
    action: Action,
    revision: String,
    message: String,
    /// What the ledger gets, or had, as its parents and dependencies.
    stands_on: Vec<String>,
    transaction: Transaction,
    /// Of the script that runs; left out: nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// Of the way up that the ledger gets, or had; left out: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upgrade: Option<String>,
    /// Of the way down that the ledger gets, or had; left out: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    downgrade: Option<String>,
    /// The revisions whose work a shortcut does, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replaces: Vec<String>,
    /// What must have become of other databases first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    waits_for: Vec<WaitsFor>,
    /// What runs, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    statements: Vec<String>,
}

/// The part of a saved plan that every version of the format has.
#[derive(Debug, Deserialize)]
pub(crate) struct Head {
    /// The version.
    pub(crate) format: u32,
}

/// Why a saved plan is not one that can run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// Its digest is another one than it says.
    #[error("the plan was edited after it was saved")]
    Edited,
    /// A name that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A digest that is none.
    #[error("`{text}` is not a digest")]
    Digest {
        /// As written.
        text: String,
    },
}

impl SavedPlan {
    /// The plan of these lanes, signed.
    pub(crate) fn of(action: Goal, beside: bool, lanes: &[PinnedLane]) -> Self {
        let mut plan = Self {
            format: FORMAT,
            digest: String::new(),
            action,
            beside,
            lanes: lanes.iter().map(SavedLane::of).collect(),
        };
        plan.digest = plan.signature().to_string();
        plan
    }

    /// The digest of all but the digest.
    fn signature(&self) -> Digest {
        let unsigned = Self {
            digest: String::new(),
            ..self.clone()
        };
        let text = serde_json::to_string(&unsigned).expect("texts always serialise");
        digest::saved_plan(&text)
    }

    /// Its digest, which must be what its content says.
    pub(crate) fn verified(&self) -> Result<Digest, Unusable> {
        let signature = self.signature();
        match self.digest == signature.to_string() {
            true => Ok(signature),
            false => Err(Unusable::Edited),
        }
    }

    /// Its lanes as they were pinned.
    pub(crate) fn pinned(&self) -> Result<Vec<PinnedLane>, Unusable> {
        let lanes = self.lanes.iter();
        lanes
            .map(|lane| lane.pinned(self.action, self.beside))
            .collect()
    }
}

impl SavedLane {
    fn of(lane: &PinnedLane) -> Self {
        Self {
            database: lane.binding.name.to_string(),
            dialect: lane.binding.dialect.into(),
            groups: texts(&lane.binding.groups),
            shared: lane.binding.shared,
            from: SavedPlace::of(&lane.from),
            to: SavedPlace::of(&lane.to),
            steps: lane.steps.iter().map(SavedStep::of).collect(),
        }
    }

    fn pinned(&self, action: Goal, beside: bool) -> Result<PinnedLane, Unusable> {
        let groups = self.groups.iter().map(|name| DatabaseName::new(name));
        let steps = self.steps.iter().map(SavedStep::pinned);
        Ok(PinnedLane {
            goal: action.into(),
            beside,
            binding: Binding {
                groups: groups.collect::<Result<_, _>>()?,
                shared: self.shared,
                ..Binding::new(DatabaseName::new(&self.database)?, self.dialect.into())
            },
            from: self.from.place()?,
            to: self.to.place()?,
            steps: steps.collect::<Result<_, _>>()?,
        })
    }
}

impl SavedPlace {
    fn of(place: &Place) -> Self {
        Self {
            heads: texts(&place.heads),
            contents: place.contents.to_string(),
        }
    }

    fn place(&self) -> Result<Place, Unusable> {
        Ok(Place {
            heads: ids(&self.heads)?,
            contents: digest_of(&self.contents)?,
        })
    }
}

impl SavedStep {
    fn of(step: &PinnedStep) -> Self {
        Self {
            action: step.action.into(),
            revision: step.revision.to_string(),
            message: step.message.clone(),
            stands_on: step.stands_on.clone(),
            transaction: step.transaction.into(),
            digest: of_script(step.digest),
            upgrade: of_script(step.upgrade),
            downgrade: of_script(step.downgrade),
            replaces: texts(&step.replaces),
            waits_for: step.waits.iter().map(WaitsFor::from).collect(),
            statements: step.statements.clone(),
        }
    }

    fn pinned(&self) -> Result<PinnedStep, Unusable> {
        let waits = self.waits_for.iter().map(|wait| {
            Ok(Wait {
                database: DatabaseName::new(&wait.database)?,
                revision: RevisionId::new(&wait.revision)?,
                until: wait.until.into(),
            })
        });
        Ok(PinnedStep {
            action: self.action.into(),
            revision: RevisionId::new(&self.revision)?,
            message: self.message.clone(),
            stands_on: self.stands_on.clone(),
            transaction: self.transaction.into(),
            digest: script_of(self.digest.as_deref())?,
            upgrade: script_of(self.upgrade.as_deref())?,
            downgrade: script_of(self.downgrade.as_deref())?,
            replaces: ids(&self.replaces)?,
            waits: waits.collect::<Result<_, NameError>>()?,
            statements: self.statements.clone(),
        })
    }
}

fn ids(texts: &[String]) -> Result<Vec<RevisionId>, NameError> {
    texts.iter().map(|text| RevisionId::new(text)).collect()
}

/// The digest of a script, if there is one.
fn of_script(digest: Digest) -> Option<String> {
    (digest != digest::script(None)).then(|| digest.to_string())
}

fn script_of(text: Option<&str>) -> Result<Digest, Unusable> {
    text.map_or_else(|| Ok(digest::script(None)), digest_of)
}

fn digest_of(text: &str) -> Result<Digest, Unusable> {
    Digest::from_hex(text).ok_or_else(|| Unusable::Digest {
        text: text.to_owned(),
    })
}
