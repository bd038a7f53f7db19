//! `rev diff`: what `rev revision --autogenerate` would write.

use rev_core::Binding;

use super::autogenerate::{databases, tell_of_adopting, tell_of_hand_made};
use crate::args::{Diff, Format};
use crate::compare::{Comparison, Doubts, compare_all, head};
use crate::diagnostic::Failure;
use crate::exit::Exit;
use crate::format::schema::{DatabaseDiff, Diffs};
use crate::session::Session;
use crate::terminal::{NAME, WARNING};

/// `rev diff`.
pub(crate) fn diff(args: &Diff, session: &Session) -> Result<Exit, Failure> {
    let databases = databases(session, &args.databases)?;
    let heads = |binding: &Binding| head(session, binding);
    let found = compare_all(session, &databases, &args.comparing, Doubts::Told, heads)?;
    tell_of_hand_made(session, &found);
    tell_of_adopting(session, &found);
    match session.terminal.format {
        Format::Json => {
            let databases = found.iter().map(json_of).collect();
            session.terminal.json(&Diffs { databases })?;
        }
        Format::Sql => session.terminal.script(&sql_of(&found))?,
        _ => session
            .terminal
            .data(&found.iter().map(text_of).collect::<String>())?,
    }
    Ok(Exit::Done)
}

fn json_of(found: &Comparison) -> DatabaseDiff {
    DatabaseDiff {
        database: found.binding.name.to_string(),
        dialect: found.binding.dialect.into(),
        changes: found.diff.sentences(),
        destructive: found.losses(),
        destructive_down: found.losses_down(),
        decide: found.decisions(),
        upgrade: found.up.to_sql(),
        downgrade: found.down.to_sql(),
    }
}

/// The upgrade scripts; of several databases each under its name.
fn sql_of(found: &[Comparison]) -> String {
    let scripts = found.iter().map(|it| {
        let sql = it.up.for_client(it.binding.dialect);
        match found.len() {
            1 => sql,
            _ => format!("-- {}\n{sql}\n", it.binding.name),
        }
    });
    scripts.collect()
}

fn text_of(found: &Comparison) -> String {
    let name = &found.binding.name;
    let mut text = format!("{NAME}{name}{NAME:#}");
    if found.diff.is_empty() {
        text.push_str(": no difference\n");
        return text;
    }
    text.push('\n');
    for sentence in found.diff.sentences() {
        text.push_str(&format!("  {sentence}\n"));
    }
    for loss in found.losses() {
        text.push_str(&format!("  {WARNING}destructive{WARNING:#}: {loss}\n"));
    }
    for decision in found.decisions() {
        text.push_str(&format!("  {WARNING}decide{WARNING:#}: {decision}\n"));
    }
    text
}
