//! `rev apply`: runs a saved plan, exactly so or not at all.

use std::path::Path;
use std::sync::Arc;

use rev_core::{Binding, DatabaseName};
use rev_engine::pin::{self, Pin};
use rev_engine::prepare::Prepared;
use rev_store::{saved, source};

use super::in_flight_line;
use super::run::{self, Pins};
use crate::args::Apply;
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::saved::{FORMAT, Head, SavedPlan, Unusable};
use crate::render;
use crate::session::{Selection, Session, runtime};

/// The first lines of a saved plan.
const COMMENT: &str = "\
# What will run, as it was planned. `rev apply` runs exactly this, or says what has
# changed since. It is signed: to change it, plan again.
";

/// `rev apply`.
pub(crate) fn apply(args: &Apply, session: &Session) -> Result<Exit, Failure> {
    let saved = read(&args.file)?;
    let unusable = |error: Unusable| unusable(&error, &args.file);
    let plan = saved.verified().map_err(unusable)?;
    let lanes = saved.pinned().map_err(unusable)?;
    let mut selection = Selection::new();
    let mut pins = Pins::new();
    for lane in lanes {
        let name = lane.binding.name.clone();
        selection.push((bound(session, &name, &args.file)?, Vec::new()));
        pins.insert(name, Arc::new(Pin { plan, lane }));
    }
    if args.dry_run {
        return preview(args, session, &selection, &pins);
    }
    let request = run::request(saved.action.into(), &args.pace, session);
    run::carry_out(&request, &selection, &pins, session)
}

/// Prints what is left of a plan, if it still fits.
fn preview(
    args: &Apply,
    session: &Session,
    selection: &Selection,
    pins: &Pins,
) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let mut lanes: Vec<Prepared> = Vec::new();
    let mut told: Vec<Diagnostic> = Vec::new();
    for (binding, _) in selection {
        let Some(pin) = pins.get(&binding.name) else {
            continue;
        };
        let mut database = session.database(binding)?;
        let left = pin::left(&mut *database, binding, session.graph(), pin);
        match runtime.block_on(left) {
            Ok(left) => {
                if let Some(in_flight) = &left.in_flight {
                    let line = in_flight_line(&binding.name, in_flight);
                    session.terminal.warn(line);
                }
                lanes.push(left.prepared);
            }
            Err(refusal) => told.extend(session.refusal(&refusal, binding)),
        }
    }
    if !told.is_empty() {
        return Err(Failure::of(Exit::Refused, told));
    }
    let goal = pins.values().next().map(|pin| pin.lane.goal);
    let Some(goal) = goal else {
        let told = Diagnostic::new("bad_plan", "the plan has no lane");
        return Err(Failure::refused(told.line(args.file.display().to_string())));
    };
    let format = session.terminal.format;
    let places = super::plan::places(session, &lanes, format)?;
    let plan = render::Plan {
        goal,
        lanes: &lanes,
        places: &places,
        refused: Vec::new(),
        most: None,
    };
    let text = render::plan(format, plan, session.terminal);
    session.terminal.data(&text)?;
    Ok(Exit::Done)
}

/// The database of this name as it is bound now.
fn bound(session: &Session, name: &DatabaseName, file: &Path) -> Result<Arc<Binding>, Failure> {
    if session.project.config.databases.contains_key(name) {
        return session.binding(name);
    }
    let mut told = session.unbound(name.as_str());
    told.message = format!(
        "`{}` plans for `{name}`, which rev.yaml does not bind",
        file.display()
    );
    Err(Failure::refused(told))
}

/// Reads a saved plan: first its version, since others may have another shape.
fn read(file: &Path) -> Result<SavedPlan, Failure> {
    let shown = file.display().to_string();
    let faults = |faults| diagnostic::open(&rev_store::OpenError::Faults(faults), Path::new(""));
    let head: Head = saved::read(file, &shown).map_err(faults)?;
    if head.format != FORMAT {
        let message = format!(
            "`{shown}` has format {}; this program knows format {FORMAT}",
            head.format
        );
        let told = Diagnostic::new("other_format", message).fact("format", head.format);
        let hint = "use the version of rev that saved it, or plan again";
        return Err(Failure::refused(told.hint(hint)));
    }
    saved::read(file, &shown).map_err(faults)
}

fn unusable(error: &Unusable, file: &Path) -> Failure {
    let (code, hint) = match error {
        Unusable::Edited => (
            "edited_plan",
            "a saved plan is read, not edited: change the revisions or the targets, and save it \
             again (`rev plan … --save`)",
        ),
        Unusable::Name(_) | Unusable::Digest { .. } => ("bad_plan", "save it again"),
    };
    let told = Diagnostic::new(code, format!("`{}`: {error}", file.display()));
    Failure::refused(told.fact("path", file.display().to_string()).hint(hint))
}

/// Writes a saved plan, in the place of another one, and of nothing else.
pub(super) fn write(file: &Path, plan: &SavedPlan) -> Result<(), Failure> {
    let is_saved_plan = |text: String| {
        let first = COMMENT.lines().next().unwrap_or_default();
        text.is_empty() || text.starts_with(first)
    };
    if file.exists() && !source::read_text(file).is_ok_and(is_saved_plan) {
        let message = format!("`{}` is there, and is no saved plan", file.display());
        let told = Diagnostic::new("exists", message);
        return Err(Failure::refused(told.hint("give the plan another name")));
    }
    saved::write(file, COMMENT, plan).map_err(|error| diagnostic::write(&error))
}
