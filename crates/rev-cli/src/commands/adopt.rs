//! `rev adopt`: the history of databases that are there already begins, and nothing in
//! them is changed but the ledger.
//!
//! All is read and proven before anything is written: what each database holds, and that
//! revisions give just that on a throw-away database. Then models, settings and revision are
//! written, and the ledgers last. So whoever runs it again after it was cut off finds files
//! that are right, and goes on with the ledgers.

mod baseline;
mod past;

use std::path::Path;

use rev_core::DatabaseName;
use rev_engine::replay::points;
use rev_store::write;

use super::authoring::{self, shown};
use super::{check, kept, one_line, run};
use crate::args::{Adopt, Global};
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::adopt::{Adopted, Adoption, Course};
use crate::format::run::Kept;
use crate::session::{Selection, Session};
use crate::terminal::{FAINT, GOOD, NAME, Terminal};

use baseline::Baseline;
use past::Past;

/// `rev adopt`.
pub(crate) fn adopt(args: &Adopt, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let session = Session::open(global, terminal, "adopt")?;
    let mut pasts = past::look(args, &session)?;
    let baseline = Baseline::of(args, &session, &pasts)?;
    if let Some(baseline) = &baseline {
        let begun = pasts.iter_mut().filter(|it| it.course == Course::Begun);
        for past in begun {
            past.heads = vec![baseline.revision.id.clone()];
        }
    }
    let done = if args.dry_run {
        let baseline = baseline.as_ref();
        let mut files = baseline.map_or_else(Vec::new, |it| it.files.clone());
        let taken_up = pasts.iter().filter(|it| it.is_taken_up());
        let kept = taken_up.filter_map(|it| kept::file(&session, &it.binding.name));
        let here = std::env::current_dir()?;
        files.extend(kept.map(|it| shown(&here, &session.project.root.join(it))));
        Done {
            files,
            findings: baseline.map_or_else(Vec::new, |it| it.left(&pasts)),
        }
    } else {
        carry_out(args, global, &session, &pasts, baseline.as_ref())?
    };
    let told = Told {
        args,
        session: &session,
        pasts: &pasts,
        baseline: baseline.as_ref(),
        done: &done,
    };
    told.tell()?;
    Ok(if done.findings.is_empty() {
        Exit::Done
    } else {
        Exit::Difference
    })
}

/// What was done, and what is left.
struct Done {
    /// The files that were written or changed, as shown.
    files: Vec<String>,
    findings: Vec<Diagnostic>,
}

/// Writes files, then ledgers, then looks at it all anew.
fn carry_out(
    args: &Adopt,
    global: &Global,
    session: &Session,
    pasts: &[Past],
    baseline: Option<&Baseline>,
) -> Result<Done, Failure> {
    let mut files = Vec::new();
    let mut not_kept = Vec::new();
    let mut is_recorded = false;
    let written = match baseline {
        Some(baseline) => write_files(session, baseline, &mut files),
        None => Ok(()),
    };
    let found = written.and_then(|()| {
        // What is left aside, and the like, was told.
        let quiet = Terminal {
            quiet: true,
            ..session.terminal
        };
        let session = Session::open(global, quiet, "adopt")?;
        let kept = record(&session, pasts)?;
        is_recorded = pasts.iter().any(Past::is_taken_up);
        let here = std::env::current_dir()?;
        for (name, Kept { path, error }) in kept {
            if let Some(why) = error {
                not_kept.push(kept::not_kept(&name, &path, &why, &session));
            } else {
                files.push(shown(&here, &session.project.root.join(path)));
            }
        }
        let known = pasts.iter().filter(|it| it.course != Course::Empty);
        let known: Vec<_> = known.map(|it| it.binding.clone()).collect();
        check::left(&session, &known, &args.scratch)
    });
    match found {
        Ok(mut findings) => {
            findings.extend(not_kept);
            Ok(Done { files, findings })
        }
        Err(failure) if files.is_empty() && !is_recorded => Err(failure),
        Err(failure) => Err(part_way(failure, &files)),
    }
}

/// A failure after something was written.
fn part_way(failure: Failure, files: &[String]) -> Failure {
    let mut told = failure.into_diagnostics();
    if !files.is_empty() {
        let files = files.join(", ");
        let hint = format!("these files stand, and `rev adopt` goes on from there: {files}");
        let last = told.pop();
        told.extend(last.map(|it| it.hint(hint)));
    }
    Failure::of(Exit::PartWay, told)
}

/// Writes models, settings and the revision, and notes each once it stands.
fn write_files(
    session: &Session,
    baseline: &Baseline,
    files: &mut Vec<String>,
) -> Result<(), Failure> {
    let failed = |error: &write::WriteError| diagnostic::write(error);
    let project = &session.project;
    let here = std::env::current_dir()?;
    let seen = |path: &Path| shown(&here, path);
    let fence = project.config.fence();
    for (path, text) in &baseline.models {
        let path = project.root.join(path);
        write::models(&fence, &path, text).map_err(|error| failed(&error))?;
        files.push(seen(&path));
    }
    if let Some(settings) = &baseline.settings {
        settings.write().map_err(|error| failed(&error))?;
        files.push(seen(&project.settings()));
    }
    files.push(authoring::place(session, &baseline.revision)?);
    Ok(())
}

/// Writes into the ledgers where databases stand; what became of the files of their schemas.
fn record(session: &Session, pasts: &[Past]) -> Result<Vec<(DatabaseName, Kept)>, Failure> {
    let taken_up = pasts.iter().filter(|it| it.is_taken_up());
    let selection: Selection = taken_up
        .map(|it| (it.binding.clone(), points(&it.heads)))
        .collect();
    if selection.is_empty() {
        return Ok(Vec::new());
    }
    run::record(&selection, session)
}

/// What is told in the end.
struct Told<'a> {
    args: &'a Adopt,
    session: &'a Session,
    pasts: &'a [Past],
    baseline: Option<&'a Baseline>,
    done: &'a Done,
}

impl Told<'_> {
    fn tell(&self) -> Result<(), Failure> {
        let terminal = self.session.terminal;
        if terminal.is_json() {
            terminal.json(&self.adoption())?;
            return Ok(());
        }
        let mut text = String::new();
        let would = if self.args.dry_run {
            "would write "
        } else {
            ""
        };
        for file in &self.done.files {
            text.push_str(&format!("{would}{file}\n"));
        }
        text.extend(self.pasts.iter().map(|it| self.line(it)));
        terminal.data(&text)?;
        let texts: Vec<String> = self.done.findings.iter().map(|it| it.text(true)).collect();
        if !texts.is_empty() {
            terminal.complain(&texts.join("\n"));
        } else if self.pasts.iter().any(|it| it.course != Course::Empty) && !self.args.dry_run {
            terminal.talk("nothing is left: what is declared, what revisions give and what is there are the same");
        }
        Ok(())
    }

    /// One database, for people.
    fn line(&self, past: &Past) -> String {
        let name = format!("{NAME}{}{NAME:#}", past.binding.name);
        let heads: Vec<String> = past.heads.iter().map(|id| self.at(id.as_str())).collect();
        let at = heads.join(", ");
        let adopted = if self.args.dry_run {
            format!("would be adopted, and stand at {at}")
        } else {
            format!("{GOOD}adopted{GOOD:#}, stands at {at}")
        };
        match past.course {
            Course::Begun | Course::Recorded => format!("{name}  {adopted}\n"),
            Course::Known => format!("{name}  {FAINT}has a history already, at {at}{FAINT:#}\n"),
            Course::Empty if past.has_due => format!(
                "{name}  holds nothing yet: `rev upgrade {}@head{}` makes its schema\n",
                past.binding.name,
                self.session.urls_again([past.binding.name.as_str()])
            ),
            Course::Empty => format!("{name}  holds nothing, and is left alone\n"),
        }
    }

    /// `c20f (add missions)`.
    fn at(&self, id: &str) -> String {
        let new = self.baseline.map(|it| &it.revision);
        let new = new.filter(|it| it.id.as_str() == id);
        let graph = self.session.graph();
        let message = match (new, graph.find(id)) {
            (Some(new), _) => &new.message,
            (None, Some(node)) => &graph.revision(node).message,
            (None, None) => return id.to_owned(),
        };
        if message.is_empty() {
            return id.to_owned();
        }
        format!("{id} ({})", one_line(message))
    }

    fn adoption(&self) -> Adoption {
        let heads = |past: &Past| past.heads.iter().map(ToString::to_string).collect();
        let databases = self.pasts.iter().map(|it| Adopted {
            database: it.binding.name.to_string(),
            dialect: it.binding.dialect.into(),
            course: it.course,
            heads: heads(it),
        });
        Adoption {
            dry_run: self.args.dry_run,
            databases: databases.collect(),
            revision: self.baseline.map(|it| it.revision.id.to_string()),
            files: self.done.files.clone(),
            findings: self.done.findings.iter().map(Diagnostic::finding).collect(),
        }
    }
}
