//! A shortcut, against what it replaces: on two databases, up and down.

use rev_core::ShortcutId;

use super::stage::{Run, Stage};
use super::verdict::{Fault, Judgement};
use crate::database::Database;
use crate::failure::DatabaseError;
use crate::place::{Kept, Place};
use crate::proof::{self, Claim, Unproven};

/// Proves a shortcut.
pub(super) async fn prove(run: &Run<'_>, stage: Stage<'_>, shortcut: ShortcutId) -> Judgement {
    let alone = match run.make(stage).await {
        Ok(place) => place,
        Err(error) => return error.into(),
    };
    let through = match run.make(stage).await {
        Ok(place) => place,
        Err(error) => {
            run.remove(alone).await;
            return error.into();
        }
    };
    let proven = claim(run, stage, shortcut, [&*alone, &*through]).await;
    run.remove(alone).await;
    run.remove(through).await;
    match proven {
        Ok(()) => Judgement::Passed,
        Err(Unproven::Database(error)) => error.into(),
        Err(unproven) => Fault::Shortcut(unproven).into(),
    }
}

async fn claim(
    run: &Run<'_>,
    stage: Stage<'_>,
    shortcut: ShortcutId,
    places: [&dyn Place; 2],
) -> Result<(), Unproven> {
    let [alone, through] = [Kept::new(places[0].open()?), Kept::new(places[1].open()?)];
    let open =
        |kept: &Kept| -> Result<Box<dyn Database>, DatabaseError> { Ok(Box::new(kept.clone())) };
    let proven = proof::prove(Claim {
        // They may have been left out on purpose.
        counts_rows: false,
        binding: &stage.program.binding,
        with: run.bench.graph,
        without: run.bench.alone,
        shortcut,
        alone: &|| open(&alone),
        through: &|| open(&through),
        request: run.bench.request,
        clock: run.bench.clock,
        stop: run.bench.stop,
    })
    .await;
    alone.close().await;
    through.close().await;
    proven.map(drop)
}
