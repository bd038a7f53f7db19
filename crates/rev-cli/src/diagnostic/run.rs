//! Words for runs that were refused or failed.

use rev_core::plan::WaitError;
use rev_core::state::Drift;
use rev_core::{Binding, DatabaseName, PlanError, RevisionId, ScriptError};
use rev_engine::database::{DatabaseError, Holder, StatementFailure, StepError};
use rev_engine::journal::{Participants, StepInFlight};
use rev_engine::outcome::{End, LaneOutcome, Refusal};
use rev_sql::schema::Reach;
use rev_sql::split::{SplitError, line_and_column};
use rev_store::config::DatabaseUrl;
use rev_store::project::chosen_entry;
use rev_store::{Project, SqlPlace};

use super::stale::stale;
use super::{Asking, Diagnostic, Spot, resolve};

/// Which script of which revision, on which database.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The project.
    pub(crate) project: &'a Project,
    /// The database.
    pub(crate) binding: &'a Binding,
    /// The revision.
    pub(crate) revision: &'a RevisionId,
    /// `upgrade` or `downgrade`.
    pub(crate) action: &'a str,
}

impl Place<'_> {
    /// The place in the file of a byte of a piece of the script.
    pub(crate) fn spot(self, piece: usize, offset: usize) -> Option<Spot> {
        let node = self.project.graph.find(self.revision.as_str())?;
        let revision = self.project.graph.revision(node);
        let work = revision.work(self.binding).ok()?;
        let script = match self.action {
            "downgrade" => work.downgrade?,
            _ => work.upgrade?,
        };
        let (line, column) = line_and_column(script.0.get(piece)?, offset);
        let at = SqlPlace {
            entry: chosen_entry(revision, self.binding),
            direction: self.action,
            dialect: self.binding.dialect,
            piece,
            line,
            column,
        };
        let (path, place) = self.project.locate(self.revision, &at)?;
        let file = self.project.files.get(self.revision)?;
        let text = std::fs::read_to_string(file).ok()?;
        let excerpt = text.lines().nth(place.line.checked_sub(1)?);
        Some(Spot {
            path,
            place: Some(place),
            excerpt: excerpt.map(str::to_owned),
        })
    }
}

/// The place of a byte of a text that stands in a file of its own.
pub(crate) fn spot_in(path: &str, text: &str, offset: usize) -> Spot {
    let (line, column) = line_and_column(text, offset);
    Spot {
        path: path.to_owned(),
        place: Some(rev_store::Place::at(line, column)),
        excerpt: text.lines().nth(line.saturating_sub(1)).map(str::to_owned),
    }
}

/// A lane that was refused; nothing was touched.
pub(crate) fn refusal(
    refusal: &Refusal,
    project: &Project,
    binding: &Binding,
    asking: Asking<'_>,
) -> Vec<Diagnostic> {
    let told = Diagnostic::new(refusal.code(), refusal).fact("database", binding.name.as_str());
    let told = match refusal {
        Refusal::Resolve(error) => resolve(error, asking),
        Refusal::Scripts { errors } => return errors.iter().map(script).collect(),
        Refusal::Plan(PlanError::Script(error)) => script(error),
        Refusal::Plan(PlanError::StoodUpon { above, .. }) => {
            let ids: Vec<String> = above.iter().map(|id| format!("--redo {id}")).collect();
            told.on(binding.name.as_str()).hint(format!(
                "do these again, too: {}; or take them down first",
                ids.join(" ")
            ))
        }
        Refusal::Plan(PlanError::NoFile { .. }) => told
            .on(binding.name.as_str())
            .hint("check out the files, or leave that branch: `rev switch`"),
        Refusal::Plan(PlanError::NoWayDown { revisions, stored }) => {
            let ids: Vec<&str> = revisions.iter().map(AsRef::as_ref).collect();
            told.on(binding.name.as_str())
                .fact("revisions", ids)
                .hint(no_way_down(revisions, stored, project, binding))
        }
        Refusal::Split {
            revision,
            action,
            error,
        } => split(
            error,
            Place {
                project,
                binding,
                revision,
                action,
            },
        ),
        Refusal::Reaches {
            revision,
            action,
            piece,
            offset,
            reach,
        } => {
            let place = Place {
                project,
                binding,
                revision,
                action,
            };
            told.at(place.spot(*piece, *offset))
                .fact("revision", revision.as_str())
                .hint(stay_within(reach))
        }
        Refusal::Unwritten { revision, action } => {
            let place = Place {
                project,
                binding,
                revision,
                action,
            };
            told.at(place.spot(0, 0))
                .fact("revision", revision.as_str())
                .hint(format!(
                    "write it: `rev edit {revision}`; or take the script out where there is nothing to do"
                ))
        }
        Refusal::Drift {
            drift,
            sound,
            unsound,
            for_good,
            ..
        } => {
            let hint = way_out(drift, (sound, unsound), for_good, binding.name.as_str());
            of_drift(told, drift).hint(hint)
        }
        Refusal::Beside { unknown, database } => {
            let ids: Vec<&str> = unknown.iter().map(AsRef::as_ref).collect();
            let mut told = told.fact("revisions", ids);
            told.lines = unknown.iter().map(ToString::to_string).collect();
            told.hint(format!(
                "get the checkout that has them, go back to what this one knows (`rev switch {database}@head`),\nor work beside them (`--beside`)"
            ))
        }
        Refusal::Locked { holder } => match holder {
            Some(holder) => told.line(held(holder)),
            None => told,
        }
        .on(binding.name.as_str())
        .hint("wait longer (`--lock-wait 5m`), or without end by leaving `--lock-wait` out"),
        Refusal::Moved { heads, database } => {
            let targets: Vec<String> = heads.iter().map(|id| format!("{database}@{id}")).collect();
            told.hint(format!(
                "name the place itself: `{} {}`",
                asking.command,
                targets.join(" ")
            ))
        }
        Refusal::Stale { plan, changes, .. } => stale(told, plan, changes, project),
        Refusal::Across(error) => across(told, error),
        Refusal::OutOfSight { on, .. } => told.on(binding.name.as_str()).hint(format!(
            "give its URL for this run: `{} --url {on}=URL`",
            asking.command
        )),
        Refusal::SameDatabase { .. } => told.hint("give each its own URL in rev.yaml"),
        Refusal::Pooled { revision } => told
            .on(binding.name.as_str())
            .fact("revision", revision.as_str())
            .hint(format!(
                "give the database's own URL for this run: `{} --url {}=URL`",
                asking.command, binding.name
            )),
        Refusal::NotAtomic { revision, .. } => told
            .on(binding.name.as_str())
            .fact("revision", revision.as_str())
            .hint("run it without `--atomic` and `--two-phase`, or up to that revision with it"),
        Refusal::HalfDone { step, .. } => told
            .line(begun(step))
            .fact("revision", step.revision.as_str())
            .hint(format!(
                "see what stands: `rev repair {0}`; or finish it first: `rev repair {0} --resume`",
                binding.name
            )),
        Refusal::StepWithoutFile { step, .. } => told
            .line(begun(step))
            .fact("revision", step.revision.as_str())
            .hint(without_file(step, &binding.name)),
        Refusal::InDoubt {
            step, differences, ..
        } => in_doubt(told, step, differences, project, binding),
        Refusal::ExecutedChanged { step, number, .. } => {
            let place = place_of(step, project, binding);
            told.at(place.spot(number.saturating_sub(1), 0))
                .line(begun(step))
                .fact("revision", step.revision.as_str())
                .hint(format!(
                    "bring statements 1 to {} back as they ran; only what comes after may be mended",
                    step.done.len()
                ))
        }
        Refusal::Orphan { step, .. } => told
            .on(binding.name.as_str())
            .line(begun(step))
            .hint("wait for it, or end it: `--end-session`"),
        Refusal::TwoPhaseOpen { participants } => {
            return vec![undecided(participants).fact("database", binding.name.as_str())];
        }
        Refusal::Database(error) => {
            let command = asking.command;
            of_database(told, error, binding, command)
        }
        Refusal::State(_) => told.on(binding.name.as_str()),
    };
    vec![told]
}

/// What keeps a script within its database.
pub(crate) fn stay_within(reach: &Reach) -> &'static str {
    match reach {
        Reach::Database { .. } => {
            "leave the database's name out: the connection is in the right one already"
        }
        Reach::Beyond { .. } => {
            "a throw-away database stands beside live ones, and nothing may reach these:\n\
             take the statement out, and do by hand what is no matter of one database"
        }
    }
}

fn script(error: &ScriptError) -> Diagnostic {
    let told = Diagnostic::new("unclear_script", error);
    match error {
        ScriptError::TwoGroups { database, .. } => {
            told.hint(format!("give `{database}` an entry of its own"))
        }
        ScriptError::NoDialect { dialect, .. } => told.hint(format!(
            "add a script for `{dialect}`, or `{dialect}: null` where there is nothing to do"
        )),
    }
}

/// A script that is none.
pub(crate) fn split(error: &SplitError, place: Place<'_>) -> Diagnostic {
    let (piece, offset) = error.place();
    let message = format!(
        "the {} script of revision `{}` cannot run: {error}",
        place.action, place.revision
    );
    let told = Diagnostic::new("bad_script", message)
        .at(place.spot(piece, offset))
        .fact("revision", place.revision.as_str());
    match error {
        SplitError::TransactionControl { .. } => told.hint(
            "take it out: every step is one transaction already (`transaction: none` asks for none)",
        ),
        SplitError::NotInTransaction { .. } => told.hint(
            "take it out: a step is one transaction, and a script that drops or renames a\ntable runs with foreign keys off and is checked afterwards",
        ),
        SplitError::Parameter { .. } => told.hint("write the value itself, or put the text in quotes"),
        SplitError::CopyFromStdin { .. } => told.hint("write `INSERT` statements instead"),
        _ => told,
    }
}

/// What would make another database have what is needed, or not need it.
fn across(told: Diagnostic, error: &WaitError) -> Diagnostic {
    match error {
        WaitError::Missing {
            database,
            revision,
            needed,
            on,
        } => told
            .fact("database", database.as_str())
            .fact("revision", revision.as_str())
            .fact("needs", format!("{on}@{needed}"))
            .hint(format!(
                "bring that there first: `rev upgrade {on}@{needed}`\n\
                 or both in one run: `rev upgrade {on}@{needed} {database}@{revision}`"
            )),
        WaitError::Needed {
            database,
            needed,
            revision,
            on,
            below,
        } => {
            let targets = match below.as_slice() {
                [] => format!("downgrade {on}@base"),
                [only] => format!("downgrade {on}@{only}"),
                several => {
                    let targets = several.iter().map(|id| format!(" {on}@{id}"));
                    format!("switch{}", targets.collect::<String>())
                }
            };
            told.fact("database", database.as_str())
                .fact("revision", needed.as_str())
                .fact("needed_by", format!("{on}@{revision}"))
                .hint(format!("take that down first: `rev {targets}`"))
        }
        WaitError::Ring { ring } => {
            let steps = ring.iter().map(|(database, id)| format!("{database}@{id}"));
            told.fact("ring", steps.collect::<Vec<_>>()).hint(
                "check out the files of all of them, so that one order can be found;\n\
                 or take them one database after the other",
            )
        }
        WaitError::Script(_) => told,
    }
}

/// What gives a way down, or does without.
fn no_way_down(
    revisions: &[RevisionId],
    stored: &[RevisionId],
    project: &Project,
    binding: &Binding,
) -> String {
    let has_file = |id: &&RevisionId| !project.graph.lookup(id.as_str()).is_empty();
    let without = "or, where nothing is to be undone, `rev stamp` changes the ledger alone";
    if !stored.iter().all(|id| has_file(&id)) {
        return format!(
            "check out a commit that has the files of all that was applied with these, and take them down there;\n{without}"
        );
    }
    if let Some(id) = stored.first() {
        return format!(
            "what ran of `{id}` has no way down, and is not what its file says; where the database is as the\n\
             file says, its way down counts after `rev repair {} --accept {id}`;\n{without}",
            binding.name
        );
    }
    let of_each = match revisions {
        [_] => "",
        _ => " for each",
    };
    format!("write a downgrade script{of_each};\n{without}")
}

fn of_drift(told: Diagnostic, drift: &Drift) -> Diagnostic {
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
}

/// What mends a drift: what is wrong first is to be mended first.
fn way_out(
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
        let down = match sound {
            [] => format!("rev downgrade {name}@base"),
            heads => format!("rev switch{}", targets(heads)),
        };
        let up = match unsound {
            [] => format!(" {name}@head"),
            heads => targets(heads),
        };
        format!(
            "take down what stands on what is missing, and come up again: `{down}`, \
             then `rev upgrade{up}`;\n\
             or put the files back as they were applied"
        )
    } else if let Some(id) = reparented.chain(&drift.rebound).next() {
        format!(
            "put the files back as they were applied; or, where the database is as the files \
             say: `rev repair {name} --accept {id}`"
        )
    } else if !drift.partial.is_empty() {
        "check out a commit that has the files of these revisions, and bring the database up \
         to their end there"
            .to_owned()
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
    edited
        .chain(reparented)
        .chain(gaps)
        .chain(rebound)
        .chain(partial)
        .chain(unknown)
        .collect()
}

fn held(holder: &Holder) -> String {
    format!(
        "held by {} (process {}) since {}",
        holder.operator, holder.process, holder.since
    )
}

/// What leads out of a step whose script is not here.
pub(crate) fn without_file(step: &StepInFlight, name: &DatabaseName) -> String {
    format!(
        "check out the files that have `{}`, then finish it: `rev repair {name} --resume`;\n\
         or undo by hand what stands of it, then say so: `rev repair {name} --not-applied`",
        step.revision
    )
}

/// When a step was begun, and by whom.
fn begun(step: &StepInFlight) -> String {
    format!("begun by {} at {}", step.operator, step.started)
}

fn place_of<'a>(step: &'a StepInFlight, project: &'a Project, binding: &'a Binding) -> Place<'a> {
    Place {
        project,
        binding,
        revision: &step.revision,
        action: step.action.name(),
    }
}

/// A statement of which nobody knows whether it took effect.
fn in_doubt(
    told: Diagnostic,
    step: &StepInFlight,
    differences: &[String],
    project: &Project,
    binding: &Binding,
) -> Diagnostic {
    let number = step.done.len() + 1;
    let mut told = told
        .at(statement_spot(step, project, binding))
        .fact("revision", step.revision.as_str())
        .fact("statement", number)
        .line(begun(step));
    if let Some(intent) = &step.next {
        told = told.fact("sql", intent.statement.as_str());
        if told.spot.is_none() {
            told.lines
                .extend(intent.statement.lines().take(8).map(str::to_owned));
        }
    }
    told.lines.extend(differences.iter().cloned());
    told.hint(format!(
        "look at the database: if statement {number} took effect, `rev repair {0} --applied`;\n\
         if it did not, `rev repair {0} --not-applied`; then go on with the same command",
        binding.name
    ))
}

/// Where the statement in doubt stands in the file, if it stands there still.
fn statement_spot(step: &StepInFlight, project: &Project, binding: &Binding) -> Option<Spot> {
    let intent = step.next.as_ref()?;
    let place = place_of(step, project, binding);
    let node = project.graph.find(step.revision.as_str())?;
    let work = project.graph.revision(node).work(binding).ok()?;
    let script = match place.action {
        "downgrade" => work.downgrade?,
        _ => work.upgrade?,
    };
    let statements = rev_sql::split::split(script, binding.dialect, work.transaction).ok()?;
    let found = statements.get(step.done.len())?;
    (found.text == intent.statement).then(|| place.spot(found.piece, found.offset))?
}

/// A two-phase run of which the decision is still to be carried out.
pub(crate) fn undecided(participants: &Participants) -> Diagnostic {
    let members = &participants.members;
    let names: Vec<&str> = members
        .iter()
        .map(|member| member.database.as_str())
        .collect();
    Diagnostic::new(
        "two_phase_open",
        "a two-phase run was cut off before it was concluded everywhere",
    )
    .line(format!(
        "begun by {} at {}, on {}",
        participants.operator,
        participants.started,
        names.join(", ")
    ))
    .fact("databases", names)
    .hint("`rev repair --resume` reads the decision on the first of them and carries it out")
}

fn of_database(
    told: Diagnostic,
    error: &DatabaseError,
    binding: &Binding,
    command: &str,
) -> Diagnostic {
    let told = told.on(binding.name.as_str());
    match error {
        DatabaseError::Connect { .. } => told.hint(format!(
            "check its URL in rev.yaml, or give one now: `{command} --url {}=URL`",
            binding.name
        )),
        DatabaseError::Lost { .. } => told.hint(format!(
            "once the server answers again, `{command}` goes on from what stands"
        )),
        DatabaseError::Denied { .. } | DatabaseError::ReadOnly { .. } => told.hint(format!(
            "use a user and a server that may write: `{command} --url {}=URL`",
            binding.name
        )),
        DatabaseError::NoTwoPhase { .. } => told.hint("run it without `--two-phase`"),
        DatabaseError::NewerLedger { .. } => told.hint("use the newer version of rev"),
        DatabaseError::Busy { .. } => {
            told.hint("end the other program's transaction, then try again")
        }
        _ => told,
    }
}

/// A lane whose step failed; `None` where it ended otherwise.
pub(crate) fn failed(
    lane: &LaneOutcome,
    project: &Project,
    binding: &Binding,
    url: Option<&DatabaseUrl>,
) -> Option<Diagnostic> {
    let End::Failed {
        revision,
        number,
        of,
        action,
        statements,
        from_ledger,
        error,
    } = &lane.end
    else {
        return None;
    };
    let message = format!(
        "step {number} of {of} failed on `{}` ({}): {action} `{revision}`",
        binding.name, binding.dialect
    );
    let told = Diagnostic::new("step_failed", message)
        .fact("database", binding.name.as_str())
        .fact("revision", revision.as_str())
        .fact("action", *action);
    let place = Place {
        project,
        binding,
        revision,
        action,
    };
    let told = match error {
        StepError::Statement { failure, .. } => of_statement(
            told,
            failure,
            *statements,
            (!from_ledger).then_some(place),
            url,
        ),
        StepError::ForeignKeys { .. } => told
            .cause(error)
            .hint("mend the rows in the script, before it ends"),
        StepError::Database(error) => {
            let words = url.map_or_else(|| error.to_string(), |url| url.redact(&error.to_string()));
            told.cause(words)
        }
    };
    Some(told)
}

fn of_statement(
    told: Diagnostic,
    failure: &StatementFailure,
    statements: usize,
    place: Option<Place<'_>>,
    url: Option<&DatabaseUrl>,
) -> Diagnostic {
    let clean = |text: &str| url.map_or_else(|| text.to_owned(), |url| url.redact(text));
    let spot = place.and_then(|place| place.spot(failure.piece, failure.offset));
    let mut told = told
        .fact("statement", failure.number)
        .fact("sql", clean(&failure.statement));
    told.message = format!(
        "{}, statement {} of {statements}",
        told.message, failure.number
    );
    if spot.is_none() {
        told.lines = failure.statement.lines().take(8).map(clean).collect();
    }
    let code = failure.code.as_ref().map(|code| format!(" ({code})"));
    let mut cause = clean(&failure.message) + &code.unwrap_or_default();
    let more = failure.detail.iter().chain(&failure.hint);
    for more in more.chain(&failure.context) {
        cause.push('\n');
        cause.push_str(&clean(more));
    }
    let told = told.at(spot).cause(cause);
    // Invalid transaction termination.
    if failure.code.as_deref() == Some("2D000") {
        return told
            .hint("a step is one transaction; with `transaction: none` it may end its own ones");
    }
    if failure.message.contains("already exists") {
        return told.hint(
            "where it is there on purpose, `rev stamp` records the revision without running it",
        );
    }
    told
}
