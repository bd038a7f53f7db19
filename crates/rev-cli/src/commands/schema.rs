//! `rev schema`: what an editor needs to know of the files that people write.

use rev_store::{schemas, write};

use super::init;
use crate::args::{Global, Schema, SchemaOf};
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::exit::Exit;
use crate::session::Session;
use crate::terminal::Terminal;

/// `rev schema`.
pub(crate) fn schema(args: &Schema, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let schema = match args.of {
        Some(SchemaOf::Settings) => schemas::of_settings(),
        Some(SchemaOf::Revision) => schemas::of_revision(),
        None if args.write => return keep(global, terminal),
        None => {
            let told = Diagnostic::new("usage", "no file is named whose schema is wanted");
            return Err(Failure::usage(told.hint(
                "to keep both in the project: `rev schema --write`;\n\
                 to print one: `rev schema rev.yaml` or `rev schema revision`",
            )));
        }
    };
    terminal.script(&format!("{schema:#}\n"))?;
    Ok(Exit::Done)
}

/// Writes both into the project, and the line that names one into its settings.
fn keep(global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let session = Session::open(global, terminal, "schema --write")?;
    let refused = |error| diagnostic::write(&error);
    let root = &session.project.root;
    let mut files = write::schemas(root).map_err(refused)?;
    if write::name_schema(root).map_err(refused)? {
        files.push(session.project.settings());
    }
    if files.is_empty() {
        terminal.talk("nothing to do: the schemas are there, as this `rev` has them");
    }
    init::tell(terminal, &std::env::current_dir()?, &files)?;
    Ok(Exit::Done)
}
