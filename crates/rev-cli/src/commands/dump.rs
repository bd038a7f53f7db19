//! `rev dump`: a schema as sorted SQL, the same for equal schemas.

use std::sync::Arc;

use rev_core::Binding;
use rev_sql::schema::{Filter, Schema, ddl};

use crate::args;
use crate::compare::head;
use crate::diagnostic::Failure;
use crate::exit::Exit;
use crate::format::schema::{Dump, Dumps};
use crate::looking::{UnusedPatterns, beside_others, filter, tell_of_unread};
use crate::scratch::{self, Live};
use crate::session::{Session, runtime};
use crate::terminal::Terminal;

/// `rev dump`.
pub(crate) fn dump(args: &args::Dump, session: &Session) -> Result<Exit, Failure> {
    let filter = filter(session, &args.looking)?;
    let mut dumps = Vec::new();
    let mut patterns = UnusedPatterns::default();
    for binding in session.databases(&args.databases)? {
        let schema = runtime()?.block_on(schema(args, session, &binding))?;
        patterns.see(&filter, &[&schema]);
        let filter = match args.from_revisions {
            true => filter.clone(),
            false => beside_others(session, &binding, &filter, (&schema, &Schema::default())),
        };
        let sql = printed(session.terminal, &binding, &filter, schema);
        dumps.push((binding, sql));
    }
    patterns.warn(session, &args.looking);
    if session.terminal.is_json() {
        let databases = dumps.into_iter().map(|(binding, schema)| Dump {
            database: binding.name.to_string(),
            dialect: binding.dialect.into(),
            schema,
        });
        let databases = databases.collect();
        session.terminal.json(&Dumps { databases })?;
        return Ok(Exit::Done);
    }
    let texts = dumps.iter().map(|(binding, sql)| match dumps.len() {
        1 => sql.clone(),
        _ => format!("-- {}\n{sql}\n", binding.name),
    });
    session.terminal.script(&texts.collect::<String>())?;
    Ok(Exit::Done)
}

/// What is looked at of a schema, as SQL for the engine's own client. What is not in it is told.
pub(super) fn printed(
    terminal: Terminal,
    binding: &Binding,
    filter: &Filter,
    schema: Schema,
) -> String {
    tell_of_unread(terminal, binding, filter, &[&schema]);
    let schema = seen(terminal, binding, filter, schema);
    ddl::dump(&schema, binding.dialect).for_client(binding.dialect)
}

/// What is looked at of a schema, as far as it could be made anew.
pub(super) fn seen(
    terminal: Terminal,
    binding: &Binding,
    filter: &Filter,
    schema: Schema,
) -> Schema {
    let schema = filter.settle(&Schema::default(), schema, &[], binding.dialect);
    whole(terminal, binding, schema)
}

/// A schema without views that could not be made from it, each of which is told.
fn whole(terminal: Terminal, binding: &Binding, mut schema: Schema) -> Schema {
    for (handle, why) in std::mem::take(&mut schema.broken) {
        if !schema.objects.contains_key(&handle) {
            continue;
        }
        schema.remove(&handle);
        terminal.warn(format_args!(
            "view `{}` of `{}` is broken, and left out: {why}",
            handle.2, binding.name
        ));
    }
    schema
}

async fn schema(
    args: &args::Dump,
    session: &Session,
    binding: &Arc<Binding>,
) -> Result<Schema, Failure> {
    if args.from_revisions {
        let heads = head(session, binding)?;
        let (graph, servers) = (session.graph(), &args.scratch);
        return scratch::replayed(session, binding, graph, &heads, servers, Live::LeftAlone).await;
    }
    let mut database = session.database(binding)?;
    scratch::inspect(session, binding, &mut *database).await
}
