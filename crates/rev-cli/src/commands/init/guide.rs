//! The questions of `rev init`, for whoever sits at a terminal.

use std::path::Path;

use rev_core::{DatabaseName, Dialect};

use super::{Wanted, database, found};
use crate::args::Init;
use crate::diagnostic::Failure;
use crate::terminal::Terminal;

/// Asks which databases there are, and what declares their schemas.
pub(super) fn ask(
    wanted: &mut Wanted,
    args: &Init,
    root: &Path,
    terminal: Terminal,
) -> Result<(), Failure> {
    terminal.complain(
        "Which databases? One a line, such as db1=sqlite://var/db1.sqlite or db2=${DB2_URL}; \
         an empty line ends.\n",
    );
    loop {
        let answer = terminal.ask("NAME=URL: ")?;
        if answer.is_empty() {
            break;
        }
        match database(&answer, args, root) {
            Ok(mut new) => {
                if new.lacks_dialect() {
                    new.dialect = dialect(&new.name, terminal)?;
                }
                wanted.databases.push(new);
            }
            Err(failure) => drop(failure.tell(terminal)),
        }
    }
    if wanted.databases.len() > 1 && args.shared.is_none() {
        let shared = terminal.says_yes("Do they all get the same revisions? (--shared)", true)?;
        for database in &mut wanted.databases {
            database.shared = Some(shared);
        }
    }
    if wanted.databases.is_empty() || args.models.is_some() {
        return Ok(());
    }
    if let Some(base) = found::sqlalchemy(root) {
        let question = format!("Do the models of {base} declare the schemas? (--template)");
        if terminal.says_yes(&question, true)? {
            wanted.base = Some(base);
        }
    } else if let Some(files) = found::sql(root) {
        let question = format!("Does {files} declare the schemas? (--models)");
        if terminal.says_yes(&question, true)? {
            for database in &mut wanted.databases {
                database.models = Some(files.to_owned());
            }
        }
    }
    Ok(())
}

/// Asks for what only a variable would tell.
pub(super) fn dialect(name: &DatabaseName, terminal: Terminal) -> Result<Option<Dialect>, Failure> {
    let question =
        format!("What is {name}? postgres, mysql or sqlite; empty: unknown (--dialect): ");
    loop {
        let answer = terminal.ask(&question)?;
        if answer.is_empty() {
            return Ok(None);
        }
        if let Ok(dialect) = answer.parse() {
            return Ok(Some(dialect));
        }
    }
}
