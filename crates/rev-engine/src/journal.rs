//! The journal: what `rev_state.in_flight` says of work that no single
//! transaction holds.
//!
//! It is written before and after, never guessed: a statement that cannot share
//! a transaction with its mark is noted before it is sent, with what the
//! catalogue said of its object then. So whoever finds the note later can tell
//! what stands, or knows that nobody can.

mod executed;

use rev_core::RevisionId;
use rev_core::plan::Action;
use rev_sql::effect::Description;
use serde::{Deserialize, Serialize};

use crate::failure::{DatabaseError, Part};

pub use executed::{Changed, Executed};

/// What is in flight on one database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InFlight {
    /// A step that goes statement by statement.
    Step(StepInFlight),
    /// A run that commits everywhere or nowhere.
    TwoPhase(Participants),
}

/// A step that goes statement by statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepInFlight {
    /// The revision.
    #[serde(with = "revision_id")]
    pub revision: RevisionId,
    /// Up or down.
    #[serde(with = "action")]
    pub action: Action,
    /// The statements that stand: the first ones of the step.
    pub done: Executed,
    /// The statement that may be under way.
    pub next: Option<Intent>,
    /// The server session that runs it.
    pub session: Box<Session>,
    /// Names the run.
    pub run: String,
    /// Who runs it.
    pub operator: String,
    /// When the step began, as RFC 3339 in UTC.
    pub started: String,
}

/// A statement that was about to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Its text.
    pub statement: String,
    /// What the catalogue said of the objects that it changes.
    pub before: Vec<Description>,
}

/// A session of a server, told from every other one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Session {
    /// The server's number for it.
    pub id: String,
    /// When the server began it, where the server says so.
    pub started: String,
    /// What the run marked it with.
    pub tag: String,
    /// The node of a cluster that has it; `None`: there is one server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Node>,
}

/// A node of a cluster whose nodes all take writes. What runs on one of them cannot be
/// seen from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// What the cluster tells it by.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// Who takes part in a two-phase run. The first one's commit is the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participants {
    /// Names the run.
    pub run: String,
    /// Who runs it.
    pub operator: String,
    /// When it began, as RFC 3339 in UTC.
    pub started: String,
    /// One a database.
    pub members: Vec<Participant>,
}

/// One database of a two-phase run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Its name in `rev.yaml`.
    pub database: String,
    /// The database and ledger, whatever its name.
    pub identity: String,
    /// The name of its prepared transaction.
    pub transaction: String,
}

impl InFlight {
    /// The step, if it is one.
    #[must_use]
    pub fn step(&self) -> Option<&StepInFlight> {
        match self {
            InFlight::Step(step) => Some(step),
            InFlight::TwoPhase(_) => None,
        }
    }

    /// As the ledger stores it.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("the journal's types are plain data")
    }

    /// As the ledger stores it, read back.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Damaged`].
    pub fn from_json(text: &str) -> Result<Self, DatabaseError> {
        serde_json::from_str(text).map_err(|error| {
            let message = format!("what is in flight cannot be read: {error}");
            DatabaseError::damaged(Part::InFlight, message)
        })
    }
}

mod revision_id {
    use super::{Deserialize, RevisionId};
    use serde::{Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(id: &RevisionId, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(id.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<RevisionId, D::Error> {
        let text = String::deserialize(from)?;
        RevisionId::new(&text).map_err(D::Error::custom)
    }
}

mod action {
    use super::{Action, Deserialize};
    use serde::{Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(action: &Action, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(action.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Action, D::Error> {
        let text = String::deserialize(from)?;
        [Action::Upgrade, Action::Downgrade]
            .into_iter()
            .find(|action| action.name() == text)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no action of a script")))
    }
}
