//! `rev schema`: what an editor needs to know of the files that people write.

use rev_store::schemas;

use crate::args::{Schema, SchemaOf};
use crate::diagnostic::Failure;
use crate::exit::Exit;
use crate::terminal::Terminal;

/// `rev schema`.
pub(crate) fn schema(args: &Schema, terminal: Terminal) -> Result<Exit, Failure> {
    let schema = match args.of {
        SchemaOf::Settings => schemas::of_settings(),
        SchemaOf::Revision => schemas::of_revision(),
    };
    terminal.script(&format!("{schema:#}\n"))?;
    Ok(Exit::Done)
}
