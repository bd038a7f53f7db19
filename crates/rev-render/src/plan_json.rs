//! A plan for programs. The shape is promised: see `format`.

use rev_engine::prepare::Prepared;
use serde::Serialize;

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    lanes: Vec<Lane<'a>>,
}

#[derive(Serialize)]
struct Lane<'a> {
    database: &'a str,
    dialect: &'a str,
    from: Vec<&'a str>,
    to: Vec<&'a str>,
    to_digest: String,
    cost: Cost,
    steps: Vec<Step<'a>>,
}

/// What no allowed plan undercuts: steps that do work, then steps.
#[derive(Serialize)]
struct Cost {
    with_work: usize,
    steps: usize,
}

#[derive(Serialize)]
struct Step<'a> {
    action: &'a str,
    revision: &'a str,
    message: &'a str,
    digest: String,
    empty: bool,
    transaction: &'a str,
    statements: usize,
    /// What a shortcut does the work of.
    replaces: Vec<&'a str>,
    /// Steps of other lanes to wait for.
    waits_for: Vec<Wait<'a>>,
}

#[derive(Serialize)]
struct Wait<'a> {
    database: &'a str,
    revision: &'a str,
    until: &'a str,
}

/// One object, and a line's end.
#[must_use]
pub fn render(lanes: &[Prepared]) -> String {
    let document = Document {
        format: 1,
        lanes: lanes.iter().map(lane).collect(),
    };
    let text =
        serde_json::to_string_pretty(&document).expect("strings and numbers always serialise");
    text + "\n"
}

fn lane(prepared: &Prepared) -> Lane<'_> {
    let lane = &prepared.lane;
    let steps = lane
        .steps
        .iter()
        .zip(&prepared.works)
        .zip(&prepared.waits)
        .map(|((step, work), waits)| Step {
            action: step.action.name(),
            revision: step.revision.id.as_str(),
            message: &step.revision.message,
            digest: step.digest.to_string(),
            empty: step.is_empty(),
            transaction: step.transaction.name(),
            statements: work.statements.len(),
            replaces: step.replaces.iter().map(AsRef::as_ref).collect(),
            waits_for: waits
                .iter()
                .map(|wait| Wait {
                    database: wait.database.as_str(),
                    revision: wait.revision.as_str(),
                    until: wait.until.name(),
                })
                .collect(),
        });
    Lane {
        database: lane.database.name.as_str(),
        dialect: lane.database.dialect.name(),
        from: lane.from.iter().map(AsRef::as_ref).collect(),
        to: lane.to.iter().map(AsRef::as_ref).collect(),
        to_digest: lane.to_digest.to_string(),
        cost: Cost {
            with_work: lane.cost().with_work,
            steps: lane.cost().steps,
        },
        steps: steps.collect(),
    }
}
