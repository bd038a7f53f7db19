//! One revision: up, down, and up again.
//!
//! After the way down the schema must be the one before, and the rows of all
//! columns that lived before must be there, unless the revision says that it
//! loses data. After the second way up the schema must be the one after the first.

use rev_core::{Node, Work};
use rev_sql::sample;
use rev_sql::schema::without_extensions_left;

use super::rows::Rows;
use super::verdict::{Judgement, Moment, Remark};
use super::walker::{Walker, fault};
use crate::outcome::End;
use crate::proof::Unproven;

/// Proves a revision, and leaves the walker where it is applied.
pub(super) async fn prove(walker: &mut Walker<'_, '_>, node: Node) -> (Judgement, Vec<Remark>) {
    let mut remarks = Vec::new();
    let judgement = match steps(walker, node, &mut remarks).await {
        Ok(()) => Judgement::Passed,
        Err(judgement) => judgement,
    };
    if !judgement.holds() {
        // What a script has left that failed must not be told of the next one.
        walker.leave().await;
    }
    (judgement, remarks)
}

async fn steps(
    walker: &mut Walker<'_, '_>,
    node: Node,
    remarks: &mut Vec<Remark>,
) -> Result<(), Judgement> {
    let graph = walker.run.bench.alone.clone();
    let revision = graph.revision(node);
    // Which script it is was decided with the program.
    let work = revision.work(walker.binding()).unwrap_or_default();
    let has_way_down = work.upgrade.is_none() || work.downgrade.is_some();
    walker.stand_below(node).await?;
    let before = walker.schema().await?;
    let mut rows = match has_way_down && !revision.loses_data {
        true => sow(walker, &work, &before, remarks).await?,
        false => None,
    };
    bring(walker, node, Moment::Upgrade, &mut rows, remarks).await?;
    if !has_way_down {
        remarks.push(Remark::OnlyUp {
            is_irreversible: revision.irreversible,
        });
        return Ok(());
    }
    let first = walker.schema().await?;
    let down = bring(walker, node, Moment::Downgrade, &mut rows, remarks).await;
    let down = match down {
        Ok(()) => below_again(walker, node, &before, rows, remarks).await,
        Err(judgement) => Err(judgement),
    };
    let again = match down {
        Ok(()) => up_again(walker, node, &first).await,
        Err(judgement) => Err(judgement),
    };
    // It came up once, so others can stand on it.
    walker.count_as_applied(node);
    again
}

/// After the way down all must be as it was before.
async fn below_again(
    walker: &mut Walker<'_, '_>,
    node: Node,
    before: &[String],
    rows: Option<Rows>,
    remarks: &mut Vec<Remark>,
) -> Result<(), Judgement> {
    let back = without_extensions_left(before, &walker.schema().await?);
    walker.compare(Moment::Downgrade, before, &back)?;
    let Some(rows) = rows else {
        return Ok(());
    };
    let database = walker.database().await;
    let mut database = database.map_err(|error| fault(Moment::Downgrade, error))?;
    let told = remarks.len();
    rows.compare(&mut database, remarks).await?;
    let has_left = remarks.len() > told;
    match has_left && rows.has_sample() {
        // Whether the second way up stands these rows must not depend on ours, which
        // lie among them.
        true => {
            walker.leave().await;
            let up = walker.up(node).await;
            up.map_err(|error| fault(Moment::Upgrade, error))?;
            let down = walker.down(node).await;
            down.map_err(|error| fault(Moment::Downgrade, error))
        }
        false if rows.reap(&mut database).await => Ok(()),
        false => {
            walker.leave().await;
            Ok(())
        }
    }
}

async fn up_again(
    walker: &mut Walker<'_, '_>,
    node: Node,
    first: &[String],
) -> Result<(), Judgement> {
    let up = walker.up(node).await;
    up.map_err(|error| fault(Moment::UpgradeAgain, error))?;
    let second = walker.schema().await?;
    walker.compare(Moment::UpgradeAgain, first, &second)
}

async fn sow(
    walker: &mut Walker<'_, '_>,
    work: &Work<'_>,
    schema: &[String],
    remarks: &mut Vec<Remark>,
) -> Result<Option<Rows>, Judgement> {
    let pieces = [work.upgrade, work.downgrade];
    let pieces = pieces.into_iter().flatten().flat_map(|sql| &sql.0);
    let scripts: Vec<&str> = pieces.map(String::as_str).collect();
    if !sample::are_any_concerned(schema, &scripts, walker.dialect()) {
        return Ok(None);
    }
    let mut database = walker
        .database()
        .await
        .map_err(|it| fault(Moment::Before, it))?;
    let rows = Rows::sow(&mut database, &scripts, walker.dialect(), remarks).await?;
    Ok(Some(rows))
}

/// Brings a revision up or takes it down; where that fails on invented rows, once
/// more without: those may be rows that nobody would have.
async fn bring(
    walker: &mut Walker<'_, '_>,
    node: Node,
    moment: Moment,
    rows: &mut Option<Rows>,
    remarks: &mut Vec<Remark>,
) -> Result<(), Judgement> {
    let Err(error) = step(walker, node, &moment).await else {
        return Ok(());
    };
    let mut error = error;
    if let Some(reason) = refused(&error)
        && !walker.run.bench.stop.is_requested()
        && let Some(sown) = rows.take_if(|it| it.has_sample())
        && let Ok(mut database) = walker.database().await
    {
        sown.reap(&mut database).await;
        match step(walker, node, &moment).await {
            Ok(()) => {
                remarks.push(Remark::SampleRefused { moment, reason });
                return Ok(());
            }
            Err(again) => error = again,
        }
    }
    if moment == Moment::Upgrade {
        walker.break_at(node);
    }
    Err(fault(moment, error))
}

async fn step(walker: &mut Walker<'_, '_>, node: Node, moment: &Moment) -> Result<(), Unproven> {
    match moment {
        Moment::Downgrade => walker.down(node).await,
        _ => walker.up(node).await,
    }
}

/// What the database said to a script that it refused.
fn refused(error: &Unproven) -> Option<String> {
    match error {
        Unproven::Run(lane) => match &lane.end {
            End::Failed { error, .. } => Some(error.to_string()),
            _ => None,
        },
        _ => None,
    }
}
