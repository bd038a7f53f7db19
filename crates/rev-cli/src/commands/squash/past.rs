//! Whether every database is past the shortcuts whose members are to go.

use rev_core::{Binding, RevisionId, ShortcutId, Standing};

use super::{refused, targets, unclear};
use crate::args::Squash;
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::session::{Session, runtime};

/// The shortcuts that are named; all that lie in no other one where none is.
pub(super) fn chosen(args: &Squash, session: &Session) -> Result<Vec<ShortcutId>, Failure> {
    let graph = session.graph();
    if args.range.is_empty() {
        let all: Vec<ShortcutId> = graph.shortcut_ids().collect();
        let outermost = all
            .into_iter()
            .filter(|&id| graph.shortcut(id).outer.is_none());
        let outermost: Vec<ShortcutId> = outermost.collect();
        return match outermost.is_empty() {
            false => Ok(outermost),
            true => Err(refused(
                "no_shortcut",
                "there is no shortcut whose replaced revisions still have files".to_owned(),
                "make one: `rev squash base:REV`",
            )),
        };
    }
    let find = |text: &String| {
        graph.find_shortcut(text).ok_or_else(|| {
            let ids = graph.shortcuts().iter().map(|it| it.revision.id.as_str());
            let ids: Vec<&str> = ids.collect();
            refused(
                "no_shortcut",
                format!("`{text}` is no shortcut"),
                &match ids.is_empty() {
                    true => "there is none: make one with `rev squash base:REV`".to_owned(),
                    false => format!("shortcuts: {}", ids.join(", ")),
                },
            )
        })
    };
    args.range.iter().map(find).collect()
}

/// Every database must find in the shortcut what it had in the revisions.
pub(super) fn check_served(session: &Session, chosen: &[ShortcutId]) -> Result<(), Failure> {
    let graph = session.graph();
    let bindings = session.databases(&[])?;
    let mut told = Vec::new();
    for binding in &bindings {
        for &id in chosen {
            let unserved = rev_core::squash::unserved(graph, id, binding)
                .map_err(|error| unclear(session, error, &bindings))?;
            let shortcut = &graph.shortcut(id).revision.id;
            told.extend(unserved.into_iter().map(|action| {
                let message = format!(
                    "`{shortcut}` has no {action} for `{}`, though what it replaces has",
                    binding.name
                );
                Diagnostic::new("unserved", message)
                    .fact("database", binding.name.as_str())
                    .fact("shortcut", shortcut.as_str())
                    .hint(match action {
                        "upgrade" => format!("write it: `rev edit {shortcut}`"),
                        _ => format!(
                            "write it (`rev edit {shortcut}`), or say there `irreversible: true`"
                        ),
                    })
            }));
        }
    }
    match told.is_empty() {
        true => Ok(()),
        false => Err(Failure::of(Exit::Refused, told)),
    }
}

/// Every database must have all of what goes, as the files have it.
pub(super) fn check_past(session: &Session, chosen: &[ShortcutId]) -> Result<(), Failure> {
    let graph = session.graph();
    let runtime = runtime()?;
    let mut told = Vec::new();
    for binding in session.databases(&[])? {
        let standing = runtime.block_on(session.survey(&binding))?.standing;
        let is_applied = |id: &RevisionId| {
            let node = standing.graph.find(id.as_str());
            node.is_some_and(|node| standing.state.set().contains(node))
        };
        for &id in chosen {
            let shortcut = graph.shortcut(id);
            let members = graph.ids(graph.members(id));
            let missing: Vec<&str> = members
                .iter()
                .filter(|id| !is_applied(id))
                .map(AsRef::as_ref)
                .collect();
            if missing.is_empty() {
                told.extend(drifted(
                    &binding,
                    &shortcut.revision.id,
                    &members,
                    &standing,
                ));
                continue;
            }
            let message = format!(
                "`{}` is not past `{}`: it lacks {}",
                binding.name,
                shortcut.revision.id,
                missing.join(", ")
            );
            let tops = graph.ids(shortcut.tops.iter().copied());
            let targets = targets(binding.name.as_str(), &tops);
            told.push(
                Diagnostic::new("not_past", message)
                    .fact("database", binding.name.as_str())
                    .fact("missing", missing)
                    .hint(format!("bring it there: `rev upgrade {targets}`")),
            );
        }
    }
    match told.is_empty() {
        true => Ok(()),
        false => Err(Failure::of(Exit::Refused, told)),
    }
}

/// What went another way than the files have it is not what the shortcut does, and
/// nobody could tell any more.
fn drifted(
    binding: &Binding,
    shortcut: &RevisionId,
    members: &[RevisionId],
    standing: &Standing,
) -> Option<Diagnostic> {
    let drift = &standing.drift;
    let edited = drift.edited.iter().map(|it| &it.revision);
    let moved = drift.reparented.iter().map(|it| &it.revision);
    let ids = edited.chain(moved).chain(&drift.rebound);
    let of_set = ids.filter(|id| members.contains(id) || *id == shortcut);
    let ids: Vec<&str> = of_set.map(AsRef::as_ref).collect();
    if ids.is_empty() {
        return None;
    }
    let message = format!(
        "on `{}` these ran otherwise than `{shortcut}` would: {}",
        binding.name,
        ids.join(", ")
    );
    let told = Diagnostic::new("drifted", message)
        .fact("database", binding.name.as_str())
        .fact("revisions", ids);
    Some(told.hint(format!(
        "mend that first: `rev status {}` says what it is",
        binding.name
    )))
}
