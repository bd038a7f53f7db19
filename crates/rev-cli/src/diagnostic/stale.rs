//! Words for what has changed since a plan was saved.

use rev_core::{Binding, Digest};
use rev_engine::database::LogEntry;
use rev_engine::pin::Change;
use rev_store::Project;
use serde_json::{Value, json};

use super::Diagnostic;

/// The most changes that people are told; programs get all.
const MOST: usize = 12;

/// A plan that no longer fits: each change with who made it, as far as that is
/// known.
pub(super) fn stale(
    told: Diagnostic,
    plan: &Digest,
    changes: &[Change],
    project: &Project,
) -> Diagnostic {
    let objects: Vec<Value> = changes.iter().map(object).collect();
    let mut told = told.fact("plan", plan.to_string()).fact("changes", objects);
    let lines = changes.iter().flat_map(|change| words(change, project));
    let lines: Vec<String> = lines.collect();
    told.lines = lines.iter().take(MOST).cloned().collect();
    if lines.len() > MOST {
        told.lines.push(format!("and {} more", lines.len() - MOST));
    }
    told.hint("save the plan again, and look at what is different: `rev plan … --save`")
}

fn words(change: &Change, project: &Project) -> Vec<String> {
    let line = match change {
        Change::Rebound { was, now } => return rebound(was, now),
        Change::Came { revision, entry } => match entry {
            Some(entry) => done(entry),
            None => format!("{revision}  is applied, and was not"),
        },
        Change::Left { revision, entry } => match entry {
            Some(entry) => done(entry),
            None => format!("{revision}  is not applied any more"),
        },
        Change::Redone { entry } => {
            let last = entry
                .as_ref()
                .map(|entry| format!("; last: {}", done(entry)));
            format!(
                "what is applied there is not what was applied{}",
                last.unwrap_or_default()
            )
        }
        Change::Between {
            entry: Some(entry), ..
        } => done(entry),
        Change::Between {
            entry: None,
            revision,
        } => format!("{revision}  stands, and the log does not say that this plan did it"),
        Change::Gone { revision } => format!("{revision}  has no file in this checkout any more"),
        Change::Edited {
            revision,
            script,
            was,
            now,
        } => {
            let file = project.shown(revision);
            let file = file.map(|file| format!(": {file}")).unwrap_or_default();
            format!(
                "{revision}  its {script} was edited (planned {}…, now {}…){file}",
                was.short(),
                now.short()
            )
        }
        Change::Reparented { revision, was, now } => {
            format!("{revision}  stood on {}, now on {}", list(was), list(now))
        }
        Change::Committed { revision, was, now } => format!(
            "{revision}  had `transaction: {}`, now `transaction: {}`",
            was.name(),
            now.name()
        ),
        Change::Replaces { revision, was, now } => {
            format!("{revision}  replaced {}, now {}", list(was), list(now))
        }
        Change::Split { revision, number } => format!(
            "{revision}  statement {number} is taken apart otherwise by this version of rev"
        ),
        Change::Member { shortcut, members } => format!(
            "{shortcut}  the upgrade of a revision that it replaces was edited: {}",
            members
                .iter()
                .map(AsRef::as_ref)
                .collect::<Vec<&str>>()
                .join(" or ")
        ),
        Change::Elsewhere { was, now } => {
            format!("the steps led to {}, now to {}", list(was), list(now))
        }
    };
    vec![line]
}

/// `c20f  was applied by ann@host at …, by another run (plan 3f9a…)`.
fn done(entry: &LogEntry) -> String {
    let verb = match entry.action.as_str() {
        "upgrade" => "was applied",
        "downgrade" => "was taken down",
        "stamp" => "was recorded as applied",
        "unstamp" => "was recorded as not applied",
        other => other,
    };
    let plan: String = entry.plan.chars().take(12).collect();
    format!(
        "{}  {verb} by {} at {} (plan {plan})",
        entry.revision, entry.operator, entry.started
    )
}

fn rebound(was: &Binding, now: &Binding) -> Vec<String> {
    let name = &now.name;
    let mut lines = Vec::new();
    if was.dialect != now.dialect {
        let (was, now) = (was.dialect, now.dialect);
        lines.push(format!("{name}  was a {was} database, and is a {now} one"));
    }
    if was.groups != now.groups {
        let (was, now) = (list(&was.groups), list(&now.groups));
        lines.push(format!("{name}  had the groups {was}, now {now}"));
    }
    if was.shared != now.shared {
        let (was, now) = (was.shared, now.shared);
        lines.push(format!("{name}  had `shared: {was}`, now `shared: {now}`"));
    }
    lines
}

fn list<T: ToString>(names: &[T]) -> String {
    match names {
        [] => "nothing".to_owned(),
        names => texts(names).join(", "),
    }
}

fn texts<T: ToString>(names: &[T]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn object(change: &Change) -> Value {
    let with_entry = |kind: &str, revision: Option<String>, entry: Option<&LogEntry>| {
        json!({
            "kind": kind,
            "revision": revision.or_else(|| Some(entry?.revision.clone())),
            "action": entry.map(|entry| &entry.action),
            "operator": entry.map(|entry| &entry.operator),
            "started": entry.map(|entry| &entry.started),
            "run": entry.map(|entry| &entry.run),
            "plan": entry.map(|entry| &entry.plan),
        })
    };
    let turned = |kind: &str, revision: Option<String>, was: Value, now: Value| json!({ "kind": kind, "revision": revision, "was": was, "now": now });
    match change {
        Change::Rebound { was, now } => {
            let bound = |it: &Binding| {
                json!({
                    "dialect": it.dialect.name(),
                    "groups": texts(&it.groups),
                    "shared": it.shared,
                })
            };
            turned("rebound", None, bound(was), bound(now))
        }
        Change::Came { revision, entry } => {
            with_entry("came", Some(revision.to_string()), entry.as_deref())
        }
        Change::Left { revision, entry } => {
            with_entry("left", Some(revision.to_string()), entry.as_deref())
        }
        Change::Redone { entry } => with_entry("redone", None, entry.as_deref()),
        Change::Between { entry, revision } => {
            let revision = entry.is_none().then(|| revision.to_string());
            with_entry("between", revision, entry.as_deref())
        }
        Change::Gone { revision } => with_entry("gone", Some(revision.to_string()), None),
        Change::Edited {
            revision,
            script,
            was,
            now,
        } => {
            let (was, now) = (json!(was.to_string()), json!(now.to_string()));
            let mut edited = turned("edited", Some(revision.to_string()), was, now);
            edited["script"] = json!(script);
            edited
        }
        Change::Reparented { revision, was, now } => turned(
            "reparented",
            Some(revision.to_string()),
            json!(was),
            json!(now),
        ),
        Change::Committed { revision, was, now } => {
            let (was, now) = (json!(was.name()), json!(now.name()));
            turned("committed", Some(revision.to_string()), was, now)
        }
        Change::Replaces { revision, was, now } => {
            let (was, now) = (json!(texts(was)), json!(texts(now)));
            turned("replaces", Some(revision.to_string()), was, now)
        }
        Change::Split { revision, number } => {
            let mut split = with_entry("split", Some(revision.to_string()), None);
            split["statement"] = json!(number);
            split
        }
        Change::Member { shortcut, members } => {
            let mut member = with_entry("member", Some(shortcut.to_string()), None);
            member["replaces"] = json!(texts(members));
            member
        }
        Change::Elsewhere { was, now } => {
            turned("elsewhere", None, json!(texts(was)), json!(texts(now)))
        }
    }
}
