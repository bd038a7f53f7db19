//! Where in the files something stands that a message is about.

use rev_core::{Binding, RevisionId};
use rev_sql::split::line_and_column;
use rev_store::project::chosen_entry;
use rev_store::{Project, SqlPlace};

use super::Spot;

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
