//! `rev snapshot`: plans whose text is kept in the repository.
//!
//! A snapshot never opens a database: where it starts is written in `rev.yaml`, or
//! recorded in a file. As with the snapshots of test runners, what is missing is
//! written, and what differs is shown and left as it is until `--update`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use rev_store::config::Snapshot as Named;
use rev_store::{Fence, saved, source};
use similar::TextDiff;

use super::plan;
use crate::args::{Patience, Snapshot as Arguments};
use crate::diagnostic::{self, Diagnostic, Failure, either};
use crate::exit::Exit;
use crate::format::snapshot::{Found, Snapshot, Snapshots};
use crate::session::Session;
use crate::terminal::{ERROR, FAINT, GOOD, NAME, WARNING, count};

/// The folder of snapshots, relative to the project.
const FOLDER: &str = "snapshots";

/// `rev snapshot`.
pub(crate) fn snapshot(args: &Arguments, session: &Session) -> Result<Exit, Failure> {
    let fence = session.project.config.fence();
    if fence.breach(&folder(session)).is_some() {
        warn_of_link(session, FOLDER);
    }
    let mut all = compare(args, session)?;
    if args.names.is_empty() {
        all.extend(orphans(session)?);
    }
    for it in &mut all {
        if !args.check && it.is_to_be_written(args.update) {
            it.write(&fence)?;
        }
    }
    tell(session, &all)?;
    let is_open = |it: &Compared| match it.found {
        Found::Same => false,
        Found::Orphaned => args.check,
        Found::Missing | Found::Different => !it.is_written,
    };
    Ok(match all.iter().any(is_open) {
        true => Exit::Difference,
        false => Exit::Done,
    })
}

/// A snapshot, its file, and what the plan says now.
struct Compared {
    name: String,
    path: PathBuf,
    found: Found,
    diff: Option<String>,
    /// The plan now; `None`: there is none of that name.
    text: Option<String>,
    is_written: bool,
}

impl Compared {
    /// Its file, as shown.
    fn shown(&self) -> String {
        format!("{FOLDER}/{}.txt", self.name)
    }

    fn is_to_be_written(&self, update: bool) -> bool {
        match self.found {
            Found::Same => false,
            Found::Missing => true,
            Found::Different | Found::Orphaned => update,
        }
    }

    /// Makes the file what the plan says; removes it where there is no plan.
    fn write(&mut self, fence: &Fence) -> Result<(), Failure> {
        match &self.text {
            Some(text) => saved::write_text(fence, &self.path, text)
                .map_err(|error| diagnostic::write(&error))?,
            None => fs::remove_file(&self.path)?,
        }
        self.is_written = true;
        Ok(())
    }
}

/// Plans all that are asked for, and compares them with their files. Says of all
/// that cannot be planned why.
fn compare(args: &Arguments, session: &Session) -> Result<Vec<Compared>, Failure> {
    let snapshots = &session.project.config.snapshots;
    if let Some(unknown) = args
        .names
        .iter()
        .find(|name| !snapshots.contains_key(*name))
    {
        let names: Vec<&String> = snapshots.keys().collect();
        let told = Diagnostic::new(
            "unknown_snapshot",
            format!("rev.yaml names no snapshot `{unknown}`"),
        );
        return Err(Failure::refused(match names.is_empty() {
            true => told.hint("name one: `snapshots: {fresh: {from: base, targets: head}}`"),
            false => told.hint(format!("it names {}", either(&names))),
        }));
    }
    let is_chosen = |name: &String| args.names.is_empty() || args.names.contains(name);
    let (mut all, mut told) = (Vec::new(), Vec::new());
    for (name, named) in snapshots.iter().filter(|(name, _)| is_chosen(name)) {
        match text(session, name, named) {
            Ok(text) => all.push(compared(session, name, text)?),
            Err(failure) => {
                let of = format!("of snapshot `{name}`");
                let diagnostics = failure.into_diagnostics().into_iter();
                told.extend(diagnostics.map(|told| told.line(&of)));
            }
        }
    }
    match told.is_empty() {
        true => Ok(all),
        false => Err(Failure::of(Exit::Refused, told)),
    }
}

/// What the plan of a snapshot says now.
fn text(session: &Session, name: &str, named: &Named) -> Result<String, Failure> {
    let selection = session.selection(&named.targets)?;
    let offline = session.offline(&named.from, session.project.config.root())?;
    let source = format!("`from` of snapshot `{name}`");
    let offline = offline.closed(&source, "add it there, in rev.yaml");
    let asked = plan::Asked {
        goal: named.action,
        beside: false,
        patience: Patience::default(),
        most: None,
    };
    let planned = plan::planned(session, &asked, &selection, offline)?;
    planned.check_whole(session)?;
    Ok(planned.snapshot())
}

fn compared(session: &Session, name: &str, text: String) -> Result<Compared, Failure> {
    let path = folder(session).join(format!("{name}.txt"));
    let before = match leads_out(session, &path) {
        true => None,
        false => match source::read_text(&path) {
            Ok(before) => Some(before.replace("\r\n", "\n")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(unreadable(&path, &error)),
        },
    };
    let found = match &before {
        None => Found::Missing,
        Some(before) if *before == text => Found::Same,
        Some(_) => Found::Different,
    };
    let mut compared = Compared {
        name: name.to_owned(),
        path,
        found,
        diff: None,
        text: Some(text),
        is_written: false,
    };
    if found != Found::Same {
        compared.diff = compared.text.as_ref().map(|text| {
            let diff = TextDiff::from_lines(before.as_deref().unwrap_or_default(), text);
            let mut diff = diff.unified_diff();
            diff.header(&compared.shown(), "the plan now").to_string()
        });
    }
    Ok(compared)
}

/// Whether a snapshot's file is a link out of the project, which is warned of, or stands in
/// a folder that is one.
fn leads_out(session: &Session, path: &Path) -> bool {
    let fence = session.project.config.fence();
    let Some(link) = fence.breach(path) else {
        return false;
    };
    if fence.breach(&folder(session)).is_none() {
        warn_of_link(session, &link.path);
    }
    true
}

fn warn_of_link(session: &Session, link: &str) {
    session.terminal.warn(format_args!(
        "`{link}` is a link that leads out of the project, and is left aside"
    ));
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("`{}` cannot be read", path.display());
    Failure::refused(Diagnostic::new("io", message).cause(error))
}

fn folder(session: &Session) -> PathBuf {
    session.project.config.root().join(FOLDER)
}

/// The files of snapshots that `rev.yaml` does not name.
fn orphans(session: &Session) -> Result<Vec<Compared>, Failure> {
    let folder = folder(session);
    if session.project.config.fence().breach(&folder).is_some() {
        return Ok(Vec::new());
    }
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&folder, &error)),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(".txt")
            && !name.starts_with('.')
            && !session.project.config.snapshots.contains_key(name)
        {
            names.insert(name.to_owned());
        }
    }
    let orphan = |name: String| Compared {
        path: folder.join(format!("{name}.txt")),
        name,
        found: Found::Orphaned,
        diff: None,
        text: None,
        is_written: false,
    };
    Ok(names.into_iter().map(orphan).collect())
}

fn tell(session: &Session, all: &[Compared]) -> Result<(), Failure> {
    let terminal = session.terminal;
    if terminal.is_json() {
        let snapshots = all.iter().map(|it| Snapshot {
            snapshot: it.name.clone(),
            path: it.shown(),
            found: it.found,
            written: it.is_written,
            diff: it.diff.clone(),
        });
        terminal.json(&Snapshots {
            snapshots: snapshots.collect(),
        })?;
        return Ok(());
    }
    if all.is_empty() {
        terminal.talk("rev.yaml names no snapshots");
        return Ok(());
    }
    let diffs: Vec<String> = all
        .iter()
        .filter(|it| it.found == Found::Different)
        .filter_map(|it| it.diff.as_deref().map(coloured))
        .collect();
    let width = all.iter().map(|it| it.name.len()).max().unwrap_or(0);
    let lines: String = all.iter().map(|it| line(it, width)).collect();
    terminal.data(&[diffs.concat(), lines].concat())?;
    let open = all
        .iter()
        .filter(|it| it.found != Found::Same && !it.is_written);
    let open = open.count();
    if open > 0 {
        let snapshots = count(open, "snapshot");
        terminal.talk(&format!(
            "{snapshots} to look at; where that is what was meant: `rev snapshot --update`"
        ));
    }
    Ok(())
}

/// `fresh  differs`.
fn line(it: &Compared, width: usize) -> String {
    let words = match (it.found, it.is_written) {
        (Found::Same, _) => format!("{GOOD}same{GOOD:#}"),
        (Found::Different, false) => format!("{WARNING}differs{WARNING:#}"),
        (Found::Different, true) => format!("{GOOD}updated{GOOD:#}"),
        (Found::Missing, false) => format!("{WARNING}missing{WARNING:#}"),
        (Found::Missing, true) => format!("{GOOD}written{GOOD:#}"),
        (Found::Orphaned, false) => {
            format!("{WARNING}orphaned{WARNING:#}: rev.yaml does not name it")
        }
        (Found::Orphaned, true) => format!("{GOOD}removed{GOOD:#}: rev.yaml does not name it"),
    };
    format!("{NAME}{:width$}{NAME:#}  {words}\n", it.name)
}

/// A unified diff with the colours that people know.
fn coloured(diff: &str) -> String {
    let mut text = String::new();
    for line in diff.lines() {
        let style = match line.as_bytes().first() {
            _ if line.starts_with("---") || line.starts_with("+++") => Some(NAME),
            Some(b'+') => Some(GOOD),
            Some(b'-') => Some(ERROR),
            Some(b'@') => Some(FAINT),
            _ => None,
        };
        let _ = match style {
            Some(style) => writeln!(text, "{style}{line}{style:#}"),
            None => writeln!(text, "{line}"),
        };
    }
    text + "\n"
}
