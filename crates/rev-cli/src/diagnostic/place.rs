//! Where in the files something stands that a message is about.

use rev_core::{Binding, Dialect, Revision, RevisionId, Sql, TransactionMode};
use rev_sql::split::{Statement, line_and_column, split};
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

impl<'a> Place<'a> {
    /// The revision, its script, and how that is held together.
    fn script(self) -> Option<(&'a Revision, &'a Sql, TransactionMode)> {
        let node = self.project.graph.find(self.revision.as_str())?;
        let revision = self.project.graph.revision(node);
        let work = revision.work(self.binding).ok()?;
        let script = match self.action {
            "downgrade" => work.downgrade?,
            _ => work.upgrade?,
        };
        Some((revision, script, work.transaction))
    }

    /// Whether the script has a backslash, which not every server reads alike.
    pub(crate) fn has_backslash(self) -> bool {
        let script = self.script().map(|(_, script, _)| script);
        self.binding.dialect != Dialect::Sqlite
            && script.is_some_and(|it| it.0.iter().any(|text| text.contains('\\')))
    }

    /// Whether the script can run where a backslash in quotes is read the other way.
    pub(crate) fn can_run_otherwise(self) -> bool {
        let mut spelling = self.binding.spelling();
        spelling.quoting.backslash = !spelling.quoting.backslash;
        let script = self.script().filter(|_| self.has_backslash());
        script.is_some_and(|(_, script, transaction)| split(script, spelling, transaction).is_ok())
    }

    /// A statement of the script as it is now, by its number from 1.
    pub(crate) fn statement(self, number: usize) -> Option<Statement> {
        let (_, script, transaction) = self.script()?;
        let statements = split(script, self.binding.spelling(), transaction).ok()?;
        statements.into_iter().nth(number.checked_sub(1)?)
    }

    /// The place in the file of a statement of the script, by its number from 1.
    pub(crate) fn spot_of(self, number: usize) -> Option<Spot> {
        let statement = self.statement(number)?;
        self.spot(statement.piece, statement.offset)
    }

    /// The place in the file of a byte of a piece of the script.
    pub(crate) fn spot(self, piece: usize, offset: usize) -> Option<Spot> {
        let (revision, script, _) = self.script()?;
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
        let text = rev_store::source::read_text(file).ok()?;
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
