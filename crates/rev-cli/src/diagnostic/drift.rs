//! Words for what ledger and files disagree about.

use std::collections::BTreeSet;

use rev_core::RevisionId;
use rev_core::state::Drift;

use super::Diagnostic;

pub(super) fn of_drift(told: Diagnostic, drift: &Drift) -> Diagnostic {
    let mut told = told;
    told.lines = drift_lines(drift);
    let ids = |ids: Vec<&RevisionId>| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    let edited = ids(drift.edited.iter().map(|edit| &edit.revision).collect());
    told.fact("edited", edited)
        .fact(
            "reparented",
            ids(drift.reparented.iter().map(|r| &r.revision).collect()),
        )
        .fact(
            "gaps",
            ids(drift.gaps.iter().map(|g| &g.revision).collect()),
        )
        .fact("rebound", ids(drift.rebound.iter().collect()))
        .fact(
            "partial",
            ids(drift.partial.iter().map(|it| &it.shortcut).collect()),
        )
        .fact("unknown", ids(drift.unknown.iter().collect()))
        .fact("altered", ids(drift.altered.iter().collect()))
}

/// What mends a drift: what is wrong first is to be mended first.
pub(super) fn way_out(
    drift: &Drift,
    (sound, unsound): (&[RevisionId], &[RevisionId]),
    for_good: &[RevisionId],
    name: &str,
) -> String {
    let targets = |heads: &[RevisionId]| {
        let targets = heads.iter().map(|id| format!(" {name}@{id}"));
        targets.collect::<String>()
    };
    let reparented = drift.reparented.iter().map(|moved| &moved.revision);
    let moved = reparented.chain(&drift.rebound);
    let moved: String = moved.map(|id| format!(" --accept {id}")).collect();
    let as_files_say =
        "where the database is as the files say, write that down, which runs nothing:";
    if let Some(edit) = drift.edited.first() {
        let id = &edit.revision;
        let again = match for_good.contains(id) {
            true => String::new(),
            false => format!("or do it again: `rev repair {name} --redo {id}`;\n"),
        };
        format!(
            "put the old text back, and the change into a new revision (`rev revision -m \"…\"`);\n\
             {again}or, where the database is already as the file says: `rev repair {name} --accept {id}`"
        )
    } else if !drift.gaps.is_empty() {
        let missing: BTreeSet<&RevisionId> = drift.gaps.iter().map(|gap| &gap.missing).collect();
        let missing = missing.into_iter().map(|id| format!(" {name}@{id}"));
        let stamp = format!("`rev stamp{}`", missing.collect::<String>());
        let write_down = if moved.is_empty() {
            stamp
        } else {
            format!("`rev repair {name}{moved}`, then {stamp}")
        };
        let mut ways = format!(
            "{as_files_say} {write_down};\n\
             or put the files back as they were applied, and what is new on top of them"
        );
        // What is in no file here may be the same by another id: it would be made twice.
        if !drift.unknown.is_empty() {
            return ways;
        }
        let down = match sound {
            [] => format!("rev downgrade {name}@base"),
            heads => format!("rev switch{}", targets(heads)),
        };
        let up = match unsound {
            [] => format!(" {name}@head"),
            heads => targets(heads),
        };
        let over: BTreeSet<&str> = drift.gaps.iter().map(|gap| gap.revision.as_ref()).collect();
        let over: Vec<&str> = over.into_iter().collect();
        ways.push_str(&format!(
            ";\nor take down {} and what stands on it, which drops what that made, and its rows, \
             and come up again:\n`{down}`, then `rev upgrade{up}`",
            over.join(", ")
        ));
        ways
    } else if !moved.is_empty() {
        format!(
            "{as_files_say} `rev repair {name}{moved}`;\nor put the files back as they were applied"
        )
    } else if !drift.partial.is_empty() {
        "check out a commit that has the files of these revisions, and bring the database up \
         to their end there"
            .to_owned()
    } else if let Some(id) = drift.altered.first() {
        format!(
            "look at it (`rev log {name}` says who was at work), and take the file's own way down: \
             `rev repair {name} --accept {id}`"
        )
    } else {
        "put the files back as they were applied".to_owned()
    }
}

/// What ledger and files disagree about, a line each.
pub(crate) fn drift_lines(drift: &Drift) -> Vec<String> {
    let phrase = |ids: &[RevisionId]| match ids {
        [] => "nothing".to_owned(),
        ids => ids
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    };
    let edited = drift.edited.iter().map(|edit| {
        let (applied, file) = (edit.applied.short(), edit.file.short());
        format!(
            "{}  edited since it was applied (applied {applied}…, on disk {file}…)",
            edit.revision
        )
    });
    let reparented = drift.reparented.iter().map(|moved| {
        let (applied, file) = (phrase(&moved.applied), phrase(&moved.file));
        format!(
            "{}  stood on {applied} when applied, now on {file}",
            moved.revision
        )
    });
    let gaps = drift.gaps.iter().map(|gap| {
        format!(
            "{}  stands on {}, which is not applied",
            gap.revision, gap.missing
        )
    });
    let rebound = drift
        .rebound
        .iter()
        .map(|id| format!("{id}  would run another script here now: other group or dialect"));
    let partial = drift.partial.iter().map(|it| {
        let (applied, missing) = (phrase(&it.applied), phrase(&it.missing));
        format!(
            "{}  has replaced for good what is applied only in part: {applied}, and not {missing}",
            it.shortcut
        )
    });
    let unknown = drift
        .unknown
        .iter()
        .map(|id| format!("{id}  applied, but not in this checkout"));
    let altered = drift
        .altered
        .iter()
        .map(|id| format!("{id}  its stored way down was changed in the ledger"));
    edited
        .chain(reparented)
        .chain(gaps)
        .chain(rebound)
        .chain(partial)
        .chain(unknown)
        .chain(altered)
        .collect()
}
