//! Words for runs that were refused.

use rev_core::plan::WaitError;
use rev_core::state::StateError;
use rev_core::{Binding, Dialect, PlanError, Quoting, RevisionId, ScriptError};
use rev_engine::database::Holder;
use rev_engine::failure::DatabaseError;
use rev_engine::outcome::{Forgetting, Refusal};
use rev_sql::isolation::Fault;
use rev_sql::reach::Reach;
use rev_sql::split::{Construct, SplitError};
use rev_store::Project;

use super::drift::{of_drift, way_out};
use super::half_done::{begun, by_hand, in_doubt, place_of, undecided, without_file};
use super::stale::stale;
use super::{Asking, Diagnostic, Place, resolve, url_fault};

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
        Refusal::Plan(PlanError::Altered { revisions }) => {
            let ids: Vec<&str> = revisions.iter().map(AsRef::as_ref).collect();
            let name = &binding.name;
            let accept: Vec<String> = ids.iter().map(|id| format!("--accept {id}")).collect();
            let accept = accept.join(" ");
            told.on(name.as_str()).fact("revisions", ids).hint(format!(
                "check out a commit that has these files, whose own ways down run then;\n\
                 or look at what is stored, `rev status {name} --ledger --format json`, and take it as it is: \
                 `rev repair {name} {accept}`"
            ))
        }
        Refusal::Plan(PlanError::NoFile { .. }) => told
            .on(binding.name.as_str())
            .hint(format!(
                "check out the files, or leave that branch: `rev switch {}@head`",
                binding.name
            )),
        Refusal::Plan(PlanError::NoWayDown { revisions, stored }) => {
            let ids: Vec<&str> = revisions.iter().map(AsRef::as_ref).collect();
            told.on(binding.name.as_str())
                .fact("revisions", ids)
                .hint(no_way_down(revisions, stored, project, binding, asking))
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
        Refusal::Beside {
            unknown,
            database,
            forgetting,
        } => {
            let ids: Vec<&str> = unknown.iter().map(AsRef::as_ref).collect();
            let mut told = told.fact("revisions", ids);
            told.lines = unknown.iter().map(ToString::to_string).collect();
            told.hint(format!(
                "get the checkout that has them, or work beside them (`--beside`);\n{}\
                 or take them down, which drops what they made, and its rows: `rev switch {database}@head`",
                forgetting.as_ref().map_or_else(String::new, |it| forget(it, database.as_str()))
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
        Refusal::DependsSince { .. } => told.on(binding.name.as_str()).hint(format!(
            "look at both together, by running it again: `{}`",
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
        Refusal::SessionGone { step, lost, .. } => {
            let place = place_of(step, project, binding);
            told.at(place.spot_of(lost.statement))
                .line(begun(step))
                .fact("revision", step.revision.as_str())
                .hint(by_hand(step, &binding.name))
        }
        Refusal::ExecutedChanged { step, changed, .. } => {
            let place = place_of(step, project, binding);
            told.at(changed.place.and_then(|(piece, offset)| place.spot(piece, offset)))
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
        Refusal::OutOfReach { step, node } => told
            .on(binding.name.as_str())
            .line(begun(step))
            .hint(format!(
                "run it by a URL that leads to {}, which sees its own sessions; or once it has left the cluster",
                node.name
            )),
        Refusal::TwoPhaseOpen { participants } => {
            return vec![undecided(participants).fact("database", binding.name.as_str())];
        }
        Refusal::Database(error) => {
            let command = asking.command;
            of_database(told, error, binding, command)
        }
        Refusal::State(StateError::Cycle { members }) => {
            let accept: Vec<String> = members.iter().map(|id| format!("--accept {id}")).collect();
            told.on(binding.name.as_str()).hint(format!(
                "take the parents of these from their files: `rev repair {} {}`",
                binding.name,
                accept.join(" ")
            ))
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
        SplitError::TransactionControl { .. } if place.binding.dialect == Dialect::Mysql => told.hint(
            "take it out: `rev` begins and commits, a step of rows as one transaction, any other\n\
             statement by statement, since the server commits each change of the schema",
        ),
        SplitError::TransactionControl { .. } => told.hint(
            "take it out: every step is one transaction already (`transaction: none` asks for none)",
        ),
        SplitError::NotInTransaction { text, .. } if text.to_lowercase().contains("foreign_keys") => {
            told.hint(
                "take it out: a script that drops or renames a table runs with foreign keys off and is checked\n\
                 afterwards; or say `transaction: none` in the revision, and put nothing else into it",
            )
        }
        SplitError::NotInTransaction { .. } => told.hint(
            "say `transaction: none` in the revision, and put nothing else into it",
        ),
        SplitError::Parameter { .. } => told.hint("write the value itself, or put the text in quotes"),
        SplitError::CopyFromStdin { .. } => told.hint("write `INSERT` statements instead"),
        // What a client would take for a command may be left of a text that is read otherwise.
        SplitError::ClientCommand { .. } if place.can_run_otherwise() => {
            told.hint(reads_otherwise(place.binding, "'"))
        }
        SplitError::ClientCommand { text, .. } => told.hint(instead_of(text)),
        SplitError::Lock { .. } => told.hint(
            "take it out: a run has the database to itself among runs, and\n\
             `mysqldump --skip-add-locks` leaves its locks out",
        ),
        SplitError::Isolation { fault, .. } => told.hint(chosen_level(*fault, place.binding.dialect)),
        SplitError::ClientFile { .. } => told.hint(
            "write `INSERT` statements instead, or let the server read a file of its own: without `LOCAL`",
        ),
        SplitError::Unterminated {
            construct: Construct::Text | Construct::Name,
            text,
            ..
        } if place.has_backslash() => {
            told.hint(reads_otherwise(place.binding, text))
        }
        _ => told,
    }
}

/// What to do where a script chooses the isolation level, and nobody could keep it.
fn chosen_level(fault: Fault, dialect: Dialect) -> &'static str {
    match (fault, dialect) {
        (Fault::NotFirst, _) => "put it at the beginning of the script",
        (Fault::ReadOnly, _) => "take `READ ONLY` out",
        (Fault::NoTransaction, Dialect::Mysql) => {
            "where rows alone are changed, put them into a revision of their own, without `transaction: none`,\n\
             which is one transaction; for each statement by itself: `SET SESSION TRANSACTION …`"
        }
        (Fault::NoTransaction, _) => {
            "leave `transaction: none` out; for each statement by itself:\n\
             `SET SESSION CHARACTERISTICS AS TRANSACTION …`"
        }
    }
}

/// What to say where the server may read quoted text otherwise.
fn reads_otherwise(binding: &Binding, opening: &str) -> String {
    let Quoting {
        backslash,
        ansi_quotes,
    } = binding.quoting;
    let is_mysql = binding.dialect == Dialect::Mysql;
    let (now, word) = if is_mysql && opening == "\"" && !ansi_quotes {
        ("`\"…\"` is a string", "ansi_quotes")
    } else if backslash {
        (
            "a backslash in quotes takes the next character along",
            "no_backslash_escapes",
        )
    } else {
        ("a backslash in quotes is itself", "backslash_escapes")
    };
    let setting = match (word, is_mysql) {
        ("ansi_quotes", _) => "ANSI_QUOTES",
        ("no_backslash_escapes", true) => "NO_BACKSLASH_ESCAPES",
        (_, true) => "no NO_BACKSLASH_ESCAPES",
        ("no_backslash_escapes", false) => "standard_conforming_strings = on",
        (_, false) => "standard_conforming_strings = off",
    };
    let mut words = vec![word];
    // What is said already stays true.
    if ansi_quotes && word != "ansi_quotes" {
        words.push("ansi_quotes");
    }
    if is_mysql && !backslash && word == "ansi_quotes" {
        words.push("no_backslash_escapes");
    }
    format!(
        "{now} here; where the server has `{setting}`, say so beside `url:` in rev.yaml: `quoting: [{}]`",
        words.join(", ")
    )
}

/// The commands by which a ledger forgets revisions.
fn forget(forgetting: &Forgetting, database: &str) -> String {
    let below = forgetting.below.as_ref().map_or("base", AsRef::as_ref);
    let heads = forgetting.heads.iter();
    let up = heads.map(|id| format!(" {database}@{id}"));
    let up = match &forgetting.heads[..] {
        [] => String::new(),
        [head] if Some(head) == forgetting.below.as_ref() => String::new(),
        _ => format!(", then `rev stamp{}`", up.collect::<String>()),
    };
    format!(
        "or, where the files have them by other ids now, let the ledger forget them, which runs nothing:\n\
         `rev stamp {database}@{below}`{up};\n"
    )
}

/// What a script says instead of a command of an engine's own client.
fn instead_of(command: &str) -> &'static str {
    // Words are written in any case, letters are not.
    let word = command.trim_start_matches(['\\', '.']);
    let word = match word.len() {
        1 => word.to_owned(),
        _ => word.to_lowercase(),
    };
    match word.as_str() {
        "i" | "ir" | "include" | "include_relative" | "source" | "read" | "" => {
            "put the statements of that file here, or into a revision of their own"
        }
        "c" | "connect" | "u" | "open" => {
            "take it out: rev.yaml says which database a script runs on"
        }
        "copy" | "import" => "write `INSERT` statements instead",
        "g" | "G" | "gx" | "go" | "ego" => "end the statement with `;`",
        "gexec" => "write the statements themselves, or let a `DO` block run them with `EXECUTE`",
        "if" | "elif" | "else" | "endif" => {
            "write the statements that are meant, or decide in a `DO` block"
        }
        _ => "take it out: it tells the client something, and a script goes to the server",
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
    asking: Asking<'_>,
) -> String {
    let has_file = |id: &&RevisionId| !project.graph.lookup(id.as_str()).is_empty();
    // What is done again has no point to go to.
    let without = if asking.command == "rev repair" {
        String::new()
    } else {
        format!(
            ";\nor, where nothing is to be undone, change the ledger alone: `rev stamp {}@POINT`, with the point \
             that was asked for",
            binding.name
        )
    };
    if !stored.iter().all(|id| has_file(&id)) {
        return format!(
            "check out a commit that has the files of all that was applied with these, and take them down there{without}"
        );
    }
    if let Some(id) = stored.first() {
        return format!(
            "what ran of `{id}` has no way down, and is not what its file says; where the database is as the\n\
             file says, its way down counts after `rev repair {} --accept {id}`{without}",
            binding.name
        );
    }
    let of_each = match revisions {
        [_] => "",
        _ => " for each",
    };
    format!("write a downgrade script{of_each}{without}")
}

/// What makes a schema be there, or another one do.
fn no_schema(schema: Option<&str>) -> String {
    let Some(schema) = schema else {
        return "make one, or name one by `schema:` beside `url:` in rev.yaml".to_owned();
    };
    let name = rev_sql::ledger::name(schema, Dialect::Postgres);
    format!(
        "make it: `CREATE SCHEMA {name}`; or mend `schema:` in rev.yaml, where several are written as a list, \
         `schema: [app, public]`"
    )
}

fn held(holder: &Holder) -> String {
    format!(
        "held by {} (process {}){} since {}",
        holder.operator,
        holder.process,
        on_node(holder),
        holder.since
    )
}

/// Where a run is that is not on our own node, or nothing.
pub(crate) fn on_node(holder: &Holder) -> String {
    let node = holder.node.as_ref();
    node.map_or_else(String::new, |node| format!(" on node {}", node.name))
}

/// The name of an engine's servers.
fn server(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "PostgreSQL",
        Dialect::Mysql => "MySQL or MariaDB",
        Dialect::Sqlite => "SQLite",
    }
}

/// What lets a user make the ledger's tables.
pub(super) fn may_make_ledger(binding: &Binding) -> String {
    let right = match binding.dialect {
        Dialect::Postgres => {
            "the user needs a schema to make tables in: `GRANT CREATE ON SCHEMA … TO …`, or another one by \
             `schema:` beside `url:` in rev.yaml"
        }
        Dialect::Mysql => {
            "the user needs the right to make tables: `GRANT CREATE, ALTER, INSERT, UPDATE, DELETE, SELECT ON …`"
        }
        Dialect::Sqlite => "the file and its folder must be writable",
    };
    format!(
        "no script has run: `rev` keeps what is applied in tables of its own, and made none;\n{right}"
    )
}

fn of_database(
    told: Diagnostic,
    error: &DatabaseError,
    binding: &Binding,
    command: &str,
) -> Diagnostic {
    let told = told.on(binding.name.as_str());
    match error {
        DatabaseError::Connect { .. } => {
            let question = match binding.dialect {
                Dialect::Sqlite => "is its URL right?",
                _ => "is the server up and reachable from here, and is its URL right?",
            };
            told.hint(format!(
                "{question} another one goes in rev.yaml, or `{command} --url {}=URL`",
                binding.name
            ))
        }
        DatabaseError::TurnedAway { .. } => told.hint(format!(
            "the server has answered: look at the user, the password and the database's name in the URL; \
             another one goes in rev.yaml, or `{command} --url {}=URL`",
            binding.name
        )),
        DatabaseError::NoDatabase { .. } => told.hint(format!(
            "the server has answered, and has no database of that name: mend the name in the URL, in rev.yaml \
             or by `{command} --url {}=URL`",
            binding.name
        )),
        DatabaseError::InUse { .. } => {
            told.hint("close what has it open, or end these sessions, and try again")
        }
        DatabaseError::NotOfItsKind { .. } => told.hint(format!(
            "what answers there is no {} server: look at the host, the port and the scheme of the URL; \
             another one goes in rev.yaml, or `{command} --url {}=URL`",
            server(binding.dialect),
            binding.name
        )),
        DatabaseError::NoLedger { .. } => told.hint(may_make_ledger(binding)),
        DatabaseError::Url(fault) => url_fault(told, fault),
        DatabaseError::NoSchema { schema } => told.hint(no_schema(schema.as_deref())),
        DatabaseError::Certificate { remedy, .. } => told.hint(*remedy),
        DatabaseError::Lost { .. } => told.hint(format!(
            "once the server answers again, `{command}` goes on from what stands"
        )),
        DatabaseError::Denied { .. } | DatabaseError::ReadOnly { .. } => told.hint(format!(
            "use a user and a server that may write: `{command} --url {}=URL`",
            binding.name
        )),
        DatabaseError::NotReplicated { .. } => told.hint(
            "let every node have it: take the setting back, for the user or the server (wsrep_OSU_method = TOI)",
        ),
        DatabaseError::NoTwoPhase { .. } => told.hint("run it without `--two-phase`"),
        DatabaseError::NewerLedger { .. } => told.hint(
            "use the newer version of rev; where there is none, somebody wrote the number by hand:\n\
             write the format of this version into the ledger's `state` table",
        ),
        DatabaseError::Damaged { .. } => told.hint(format!(
            "see what is damaged, and what can be rebuilt: `rev repair {}`",
            binding.name
        )),
        DatabaseError::Busy { .. } => {
            told.hint("end the other program's transaction, then try again")
        }
        _ => told,
    }
}
