//! Throw-away databases: made, brought to some revisions, read, and gone.

use std::sync::Arc;

use rev_core::{Binding, Dialect, Graph, Node};
use rev_db::{Scratch, Scratches};
use rev_engine::clock::SystemClock;
use rev_engine::database::Database;
use rev_engine::event::Stop;
use rev_engine::failure::DatabaseError;
use rev_engine::outcome::{End, LaneOutcome, Refusal};
use rev_engine::replay::{Replay, points};
use rev_sql::schema::Schema;
use rev_store::config::DatabaseUrl;

use crate::diagnostic::{self, Diagnostic, Failure};
use crate::session::Session;

/// Whether a throw-away database may be made like the live one, which is asked for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Live {
    /// It is: the command reads it anyway.
    Asked,
    /// It need not be there, unless throw-away databases stand on its own server.
    LeftAlone,
}

/// Makes a throw-away database for one of the project's: on the server that a flag
/// names, else on its own.
pub(crate) async fn make(
    session: &Session,
    binding: &Binding,
    servers: &[String],
    live: Live,
) -> Result<Scratch, Failure> {
    let servers = session.servers(servers)?;
    let named = servers.iter().find(|url| url.dialect() == binding.dialect);
    let server = match named {
        Some(url) => Some(url.clone()),
        None if binding.dialect == Dialect::Sqlite => None,
        None => Some(session.url(&binding.name)?),
    };
    let settings = session.settings(binding);
    let made = async {
        let mut scratches = Scratches::new(binding.dialect, server.as_ref(), &settings)?;
        clear(session, &scratches).await?;
        if named.is_none() || live == Live::Asked {
            scratches = alike(session, binding, scratches).await;
        }
        scratches.make().await
    };
    made.await.map_err(|error| {
        if named.is_some() || server.is_none() {
            return Failure::refused(not_made(&error, binding));
        }
        let told = session.refusal(&error.into(), binding);
        let hint = "a throw-away database is needed: name a server where one may be made with `--scratch URL`";
        let told = told.into_iter().map(|it| it.hint(hint)).collect();
        Failure::of(crate::exit::Exit::Refused, told)
    })
}

/// Where databases are made like the live one, if that answers: it need not be there yet.
pub(crate) async fn alike(session: &Session, binding: &Binding, scratches: Scratches) -> Scratches {
    let Ok(mut database) = session.database(binding) else {
        return scratches;
    };
    let like = scratches.clone().like(&mut *database).await;
    let _ = database.unlock().await;
    like.unwrap_or(scratches)
}

/// Removes the throw-away databases of runs that were cut off, and says so: once a run on
/// each server.
///
/// # Errors
///
/// [`DatabaseError`], where the server does not answer.
pub(crate) async fn clear(session: &Session, scratches: &Scratches) -> Result<(), DatabaseError> {
    if !session.is_first_on(scratches.server()) {
        return Ok(());
    }
    for name in scratches.remove_leftovers().await? {
        session.terminal.talk(&format!(
            "removed `{name}`, which a run that was cut off had left"
        ));
    }
    Ok(())
}

/// The server that a flag names for a database; SQLite needs none. Without one, `way_out`
/// says what a person can do instead of naming it.
pub(crate) fn named_server<'a>(
    binding: &Binding,
    servers: &'a [DatabaseUrl],
    way_out: &str,
) -> Result<Option<&'a DatabaseUrl>, Failure> {
    let dialect = binding.dialect;
    let server = servers.iter().find(|url| url.dialect() == dialect);
    if server.is_some() || dialect == Dialect::Sqlite {
        return Ok(server);
    }
    let message = format!(
        "`{}` speaks {dialect}, and no server for throw-away databases is named",
        binding.name
    );
    Err(Failure::refused(
        Diagnostic::new("no_scratch", message).hint(format!(
            "name one where databases may be made: `--scratch {dialect}://…`\n{way_out}"
        )),
    ))
}

/// Where throw-away databases are to be made, none can be. That is no matter of
/// `rev.yaml`, nor of any revision.
pub(crate) fn not_made(error: &DatabaseError, binding: &Binding) -> Diagnostic {
    let message = format!(
        "no throw-away database can be made or used for `{}`",
        binding.name
    );
    let hint = match binding.dialect {
        Dialect::Sqlite => {
            "temporary files are needed: let `TMPDIR` name a folder that can be written".to_owned()
        }
        dialect => format!(
            "name a server, not a pooler, with a user who may make databases: `--scratch {dialect}://…`"
        ),
    };
    let told = Diagnostic::new(error.code(), message)
        .cause(error)
        .fact("database", binding.name.as_str());
    match error {
        DatabaseError::Url(fault) => diagnostic::url_fault(told, fault),
        DatabaseError::Certificate { remedy, .. } => told.hint(*remedy),
        _ => told.hint(hint),
    }
}

/// Takes a throw-away database away, and says so where that fails.
pub(crate) async fn discard(session: &Session, scratch: Scratch) {
    if let Err(error) = scratch.drop().await {
        let text = format_args!("a throw-away database stays: {error}");
        session.terminal.warn(text);
    }
}

/// What a database holds.
pub(crate) async fn inspect(
    session: &Session,
    binding: &Binding,
    database: &mut dyn Database,
) -> Result<Schema, Failure> {
    let schema = database.inspect().await;
    schema.map_err(|error| session.refused(&error.into(), binding))
}

/// The schema that these revisions of a graph, and all that they stand on, give.
pub(crate) async fn replayed(
    session: &Session,
    binding: &Arc<Binding>,
    graph: &Arc<Graph>,
    heads: &[Node],
    servers: &[String],
    live: Live,
) -> Result<Schema, Failure> {
    let scratch = make(session, binding, servers, live).await?;
    let result = replay_on(session, binding, graph, heads, &scratch).await;
    discard(session, scratch).await;
    result
}

async fn replay_on(
    session: &Session,
    binding: &Arc<Binding>,
    graph: &Arc<Graph>,
    heads: &[Node],
    scratch: &Scratch,
) -> Result<Schema, Failure> {
    let open = || {
        let opened = scratch.open();
        opened.map_err(|error| session.refused(&error.into(), binding))
    };
    let ids = graph.ids(heads.iter().copied());
    let replay = Replay {
        request: &session.throw_away_request(),
        clock: &SystemClock::start(),
        stop: &Stop::default(),
    };
    let done = replay.run(open()?, binding, graph, &points(&ids)).await;
    done.map_err(|lane| stuck(session, &lane, binding))?;
    inspect(session, binding, &mut *open()?).await
}

/// Why a run on a throw-away database did not come to its end.
pub(crate) fn stuck(session: &Session, lane: &LaneOutcome, binding: &Binding) -> Failure {
    let hint = "this was on a throw-away database; the revisions must run from the base on";
    if let End::Refused(refusal) = &lane.end {
        let told = session.refusal(refusal, binding);
        if let Refusal::Reaches { .. } = refusal {
            return Failure::of(crate::exit::Exit::Refused, told);
        }
        let told = told.into_iter().map(|it| it.hint(hint)).collect();
        return Failure::of(crate::exit::Exit::Refused, told);
    }
    match diagnostic::failed(lane, &session.project, binding, None) {
        Some(told) => Failure::refused(told.hint(hint)),
        None => {
            let message = format!(
                "a run on a throw-away database for `{}` did not come to its end",
                binding.name
            );
            Failure::refused(
                Diagnostic::new("unproven", message)
                    .hint("try `rev upgrade` on an empty database first"),
            )
        }
    }
}
