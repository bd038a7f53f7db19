//! Where `rev test` makes its databases.

use std::collections::BTreeSet;

use rev_core::Binding;
use rev_core::trial::Program;
use rev_db::Scratches;
use rev_engine::trial::Stage;
use rev_store::config::DatabaseUrl;

use crate::args::Test;
use crate::diagnostic::Failure;
use crate::scratch::{clear, named_server, not_made};
use crate::session::{Session, runtime};

/// Where to make databases for each program, rid of what killed runs have left.
pub(super) fn grounds(
    args: &Test,
    session: &Session,
    programs: &[Program],
) -> Result<Vec<Scratches>, Failure> {
    let servers = session.servers(&args.scratch)?;
    let all = programs.iter().map(|it| &*it.binding);
    let grounds = all.clone().map(|it| ground(session, it, &servers));
    let grounds: Vec<Scratches> = grounds.collect::<Result<_, _>>()?;
    let runtime = runtime()?;
    for (binding, ground) in all.zip(&grounds) {
        let cleared = runtime.block_on(clear(session, ground));
        cleared.map_err(|error| Failure::refused(not_made(&error, binding)))?;
    }
    Ok(grounds)
}

fn ground(
    session: &Session,
    binding: &Binding,
    servers: &[DatabaseUrl],
) -> Result<Scratches, Failure> {
    let way_out = "or leave the database out: `--database NAME`";
    let server = named_server(binding, servers, way_out)?;
    Scratches::new(binding.dialect, server, &session.settings(binding))
        .map_err(|error| Failure::refused(not_made(&error, binding)))
}

/// Makes a database of each dialect, and takes it away: where none can be made, no
/// revision is at fault, and none is tried.
pub(super) async fn try_out(stages: &[Stage<'_>]) -> Result<(), Failure> {
    let all = stages.iter().map(|it| (&*it.program.binding, it.ground));
    for (binding, ground) in one_of_each_dialect(all) {
        let gone = match ground.make().await {
            Ok(place) => place.remove().await,
            Err(error) => Err(error),
        };
        gone.map_err(|error| Failure::refused(not_made(&error, binding)))?;
    }
    Ok(())
}

/// The first of each dialect: all databases of one are made at the same place.
fn one_of_each_dialect<'a, T>(
    all: impl Iterator<Item = (&'a Binding, T)>,
) -> impl Iterator<Item = (&'a Binding, T)> {
    let mut seen = BTreeSet::new();
    all.filter(move |(binding, _)| seen.insert(binding.dialect))
}
