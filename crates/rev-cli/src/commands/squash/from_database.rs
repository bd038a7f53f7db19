//! The way up of a shortcut, taken from the schema of a database.

use std::collections::BTreeSet;

use rev_core::revision::Work;
use rev_core::{Binding, NodeSet, Revision, RevisionId};
use rev_engine::database::Database;
use rev_engine::failure::DatabaseError;
use rev_sql::effect::makes_rows;
use rev_sql::schema::ddl;
use rev_sql::split::split;

use super::{refused, targets};
use crate::args::Squash;
use crate::diagnostic::{Diagnostic, Failure, Place};
use crate::exit::Exit;
use crate::session::{Session, runtime};

/// Takes the way up from the schema of a database that stands exactly at the end
/// of the set.
pub(super) fn dumped(
    args: &Squash,
    session: &Session,
    revision: &mut Revision,
    set: &NodeSet,
    name: &str,
) -> Result<(), Failure> {
    let graph = session.graph();
    let names = session.databases(&[name.to_owned()])?;
    let [binding] = &names[..] else {
        return Err(refused(
            "several_databases",
            format!("`{name}` is not one database"),
            "name one",
        ));
    };
    if graph.ancestors(set.iter()) != *set {
        return Err(refused(
            "not_from_base",
            "a schema tells the work of a set only from the base on".to_owned(),
            &format!("squash from there: `rev squash base:REV --from-database {name}`"),
        ));
    }
    if !args.without_rows {
        check_rows(session, set, binding)?;
    }
    let runtime = runtime()?;
    let standing = runtime.block_on(session.survey(binding))?.standing;
    let here: BTreeSet<RevisionId> = standing
        .graph
        .ids(standing.state.set().iter())
        .into_iter()
        .collect();
    if here != graph.ids(set.iter()).into_iter().collect() {
        return Err(refused(
            "elsewhere",
            format!("`{name}` does not stand exactly at the end of the set"),
            &format!(
                "bring it there: `rev switch {}`",
                targets(name, &graph.ids(graph.topmost(set)))
            ),
        ));
    }
    let mut database = session.database(binding)?;
    let script = runtime
        .block_on(dump(&mut *database, binding))
        .map_err(|error| session.refused(&error.into(), binding))?;
    rev_core::squash::replace_upgrade(revision, binding, script);
    Ok(())
}

/// The statements that make a schema: those that the engine keeps, where it does,
/// else those that its inspection gives.
async fn dump(
    database: &mut dyn Database,
    binding: &Binding,
) -> Result<Vec<String>, DatabaseError> {
    if let Some(kept) = database.dump().await? {
        return Ok(kept);
    }
    let schema = database.inspect().await?;
    if let Some(((kind, _, name), why)) = schema.unread.iter().chain(&schema.broken).next() {
        return Err(DatabaseError::Other {
            message: format!(
                "{} `{name}` cannot be put into a script: {why}",
                kind.noun()
            ),
        });
    }
    let statements = ddl::dump(&schema, binding.dialect).statements.into_iter();
    Ok(statements.map(|it| it.text).collect())
}

/// A schema has no rows; that those which revisions write are not in it, somebody
/// must have said.
fn check_rows(session: &Session, set: &NodeSet, binding: &Binding) -> Result<(), Failure> {
    let graph = session.graph();
    let mut told = Vec::new();
    for node in set.iter() {
        let revision = graph.revision(node);
        let Ok(Work {
            upgrade: Some(sql),
            transaction,
            ..
        }) = revision.work(binding)
        else {
            continue;
        };
        let statements = split(sql, binding.spelling(), transaction).unwrap_or_default();
        let mut writing = statements.iter();
        let writing = writing.find(|it| makes_rows(&it.text, binding.dialect));
        let Some(statement) = writing else { continue };
        let place = Place {
            project: &session.project,
            binding,
            revision: &revision.id,
            action: "upgrade",
        };
        let message = format!(
            "revision `{}` may write rows, which the schema of `{}` does not have",
            revision.id, binding.name
        );
        told.push(
            Diagnostic::new("rows_left_out", message)
                .at(place.spot(statement.piece, statement.offset))
                .fact("revision", revision.id.as_str()),
        );
    }
    match told.pop() {
        None => Ok(()),
        Some(last) => {
            told.push(last.hint(
                "squash without `--from-database`: the scripts are joined, and rows come along;\n\
                 or leave the rows out: `--without-rows`",
            ));
            Err(Failure::of(Exit::Refused, told))
        }
    }
}
