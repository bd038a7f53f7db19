//! A plan for programs: `rev plan --format json`.

use rev_core::plan;
use rev_engine::prepare::Prepared;
use rev_render::{Alike, alike};
use serde::{Deserialize, Serialize};

use super::status::Unread;
use super::{Action, Dialect, Transaction, Until};

/// What would be done to several databases.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Plan {
    /// The version of this format.
    format: u32,
    /// Databases that go the same way share a lane; by the name of the first.
    lanes: Vec<Lane>,
    /// Databases that could not be read, or not be planned for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Unread>,
}

/// What would be done to one database, or to several alike.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Lane {
    /// Their names in `rev.yaml`, ascending; one or more.
    databases: Vec<String>,
    dialect: Dialect,
    /// The heads of the state that the plan starts from, ascending; empty: base.
    from: Vec<String>,
    /// The heads of the state that it ends in, ascending; empty: base.
    to: Vec<String>,
    /// Names the revisions that it ends in, with all their scripts.
    to_digest: String,
    cost: Cost,
    /// What to do, in order.
    steps: Vec<Step>,
}

/// What no allowed plan undercuts: steps that do work, then steps.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Cost {
    /// Steps that run something, or record that it ran.
    with_work: usize,
    /// All steps.
    steps: usize,
}

/// One revision, one way.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Step {
    action: Action,
    revision: String,
    message: String,
    /// Of the script that runs.
    digest: String,
    /// Whether nothing runs.
    empty: bool,
    transaction: Transaction,
    /// How many statements run.
    statements: usize,
    /// What it takes away for good, as far as its text says so: "drops table `hero`".
    destructive: Vec<String>,
    /// The revisions whose work a shortcut does, ascending.
    replaces: Vec<String>,
    /// What must have become of other databases first.
    waits_for: Vec<WaitsFor>,
}

/// What a step waits for on another lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct WaitsFor {
    /// The other database.
    pub(crate) database: String,
    /// The revision there.
    pub(crate) revision: String,
    /// What must have become of it.
    pub(crate) until: Until,
}

impl Plan {
    /// The plan of these lanes.
    pub(crate) fn of(lanes: &[Prepared], refused: Vec<Unread>) -> Self {
        Self {
            format: 1,
            lanes: alike(lanes).iter().map(lane).collect(),
            refused,
        }
    }
}

impl From<&plan::Wait> for WaitsFor {
    fn from(wait: &plan::Wait) -> Self {
        Self {
            database: wait.database.to_string(),
            revision: wait.revision.to_string(),
            until: wait.until.into(),
        }
    }
}

fn lane(kind: &Alike<'_>) -> Lane {
    let prepared = kind.prepared;
    let lane = &prepared.lane;
    let works = prepared.works.iter().zip(&prepared.waits);
    let steps = lane
        .steps
        .iter()
        .zip(works)
        .map(|(step, (work, waits))| Step {
            action: step.action.into(),
            revision: step.revision.id.to_string(),
            message: step.revision.message.clone(),
            digest: step.digest.to_string(),
            empty: step.is_empty(),
            transaction: step.transaction.into(),
            statements: work.statements.len(),
            destructive: rev_render::losses(step, work, lane.database.dialect),
            replaces: texts(&step.replaces),
            waits_for: waits.iter().map(WaitsFor::from).collect(),
        });
    Lane {
        databases: kind.databases.iter().map(ToString::to_string).collect(),
        dialect: lane.database.dialect.into(),
        from: texts(&lane.from),
        to: texts(&lane.to),
        to_digest: lane.to_digest.to_string(),
        cost: Cost {
            with_work: lane.cost().with_work,
            steps: lane.cost().steps,
        },
        steps: steps.collect(),
    }
}

/// Names as texts.
pub(super) fn texts<T: ToString>(names: &[T]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
