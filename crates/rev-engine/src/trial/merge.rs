//! A merge: its sides in every order, from what all of them share.
//!
//! Between two orders the database goes back the way it came, since each
//! revision below has proven its way down. Where one has none, each order
//! begins on a copy.

use rev_core::trial::Merge;
use rev_core::{Node, RevisionId};
use rev_sql::schema::{ColumnOrder, difference};

use super::verdict::{Fault, Judgement, Moment, Remark};
use super::walker::{Walker, fault};
use crate::place::Place;

/// Proves that all orders of a merge's sides give one schema.
pub(super) async fn prove(walker: &mut Walker<'_, '_>, merge: &Merge) -> (Judgement, Vec<Remark>) {
    let judgement = match orders(walker, merge).await {
        Ok(()) => Judgement::Passed,
        Err(judgement) => {
            walker.leave().await;
            judgement
        }
    };
    let remarks = match merge.left_out {
        0 => Vec::new(),
        left_out => vec![Remark::OrdersLeftOut {
            tried: merge.orders.len(),
            left_out,
        }],
    };
    (judgement, remarks)
}

async fn orders(walker: &mut Walker<'_, '_>, merge: &Merge) -> Result<(), Judgement> {
    begin(walker, merge).await?;
    let template = match can_go_back(walker, merge) {
        true => None,
        false => walker.let_go().await,
    };
    let result = each(walker, merge, template.as_deref()).await;
    if let Some(template) = template {
        walker.run.remove(template).await;
    }
    result
}

async fn each(
    walker: &mut Walker<'_, '_>,
    merge: &Merge,
    template: Option<&dyn Place>,
) -> Result<(), Judgement> {
    let mut due: Option<(Vec<RevisionId>, Vec<String>)> = None;
    for order in &merge.orders {
        let ids = walker.ids(order);
        match template {
            Some(template) => {
                let copied = walker.go_on_from(template, &merge.base).await;
                copied.map_err(|error| fault(Moment::Before, error))?;
            }
            None => {
                let moment = match due {
                    None => Moment::Before,
                    Some(_) => Moment::Downgrade,
                };
                let back = walker.go(&merge.base).await;
                back.map_err(|error| fault(moment, error))?;
            }
        }
        let is = through(walker, merge, order).await?;
        // Two branches that add columns to one table add them in some order, and
        // neither of them could do anything about it.
        if let Some((first, due)) = &due {
            let difference = difference(due, &is, ColumnOrder::Free);
            if !difference.is_none() {
                return Err(Fault::Order {
                    first: first.clone(),
                    second: ids,
                    difference,
                }
                .into());
            }
        } else {
            due = Some((ids, is));
        }
    }
    Ok(())
}

/// Stands at what all sides share; on a fresh database where there is no way back.
async fn begin(walker: &mut Walker<'_, '_>, merge: &Merge) -> Result<(), Judgement> {
    if walker.go(&merge.base).await.is_ok() {
        return Ok(());
    }
    walker.leave().await;
    walker.forget();
    let fresh = walker.go(&merge.base).await;
    fresh.map_err(|error| fault(Moment::Before, error))
}

/// Brings the sides up in this order, and the merge, and reads the schema.
async fn through(
    walker: &mut Walker<'_, '_>,
    merge: &Merge,
    order: &[Node],
) -> Result<Vec<String>, Judgement> {
    let graph = walker.run.bench.alone.clone();
    let mut destination = merge.base.clone();
    for &end in order.iter().chain([&merge.node]) {
        destination = destination.union(&graph.ancestors([end]));
        let up = walker.go(&destination).await;
        up.map_err(|error| fault(Moment::Order(walker.ids(order)), error))?;
    }
    walker.schema().await
}

/// Whether all between the base and the merge has a way down.
fn can_go_back(walker: &Walker<'_, '_>, merge: &Merge) -> bool {
    let graph = walker.run.bench.alone;
    let between = graph.ancestors([merge.node]).difference(&merge.base);
    let has_way_down = |node: Node| {
        let work = graph
            .revision(node)
            .work(walker.binding())
            .unwrap_or_default();
        work.upgrade.is_none() || work.downgrade.is_some()
    };
    between.iter().all(has_way_down)
}
