//! Outlines: where the parts of a revision file stand.
//!
//! Made by reading the file again, on the way to an error message only.

use std::path::Path;

use rev_core::{DatabaseName, Dialect};

use crate::fault::Place;
use crate::source;
use crate::yaml::{self, Node, Text, Value};

/// A revision file as a tree with places.
pub(crate) struct Outline(Node);

impl Outline {
    /// The outline of a text; `None` where it is not YAML.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        yaml::placed(text).ok().map(Self)
    }

    /// The outline of a file; `None` where it cannot be read either.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        Self::of(&source::read(path).ok()?)
    }

    /// The value of `revision`.
    pub(crate) fn id(&self) -> Option<Place> {
        self.0.get("revision")?.place
    }

    /// The `skip`th-next mention of `name` under `key`, or else the value of
    /// `key` as a whole.
    fn mention(&self, key: &str, name: &str, skip: usize) -> Option<Place> {
        let node = self.0.get(key)?;
        let mut mentions = node
            .members()
            .iter()
            .filter(|node| node.text() == Some(name));
        mentions.nth(skip)?.place
    }

    /// Where `parent` is named.
    pub(crate) fn parent(&self, parent: &str) -> Option<Place> {
        self.mention("down_revision", parent, 0)
    }

    /// The value of `down_revision`.
    pub(crate) fn parents(&self) -> Option<Place> {
        self.0.get("down_revision")?.place
    }

    /// Where `parent` is named for the second time.
    pub(crate) fn repeated_parent(&self, parent: &str) -> Option<Place> {
        self.mention("down_revision", parent, 1)
    }

    /// Where `dependency` is named.
    pub(crate) fn dependency(&self, dependency: &str) -> Option<Place> {
        self.mention("depends_on", dependency, 0)
    }

    /// Where a revision is depended upon, within the database or across.
    pub(crate) fn dependency_on(&self, revision: &str) -> Option<Place> {
        let node = self.0.get("depends_on")?;
        let names = |text: &str| {
            text == revision || text.split_once('@').is_some_and(|(_, it)| it == revision)
        };
        let mut members = node.members().iter();
        members.find(|node| node.text().is_some_and(names))?.place
    }

    /// Where `replaced` is named among what a shortcut replaces, or else all of it.
    pub(crate) fn replaced(&self, replaced: Option<&str>) -> Option<Place> {
        let named = replaced.and_then(|id| self.mention("replaces", id, 0));
        named.or_else(|| self.0.get("replaces")?.place)
    }

    /// Where a branch label is declared: the last time, if twice.
    pub(crate) fn label(&self, label: &str) -> Option<Place> {
        self.mention("branch_labels", label, 1)
            .or_else(|| self.mention("branch_labels", label, 0))
    }

    /// The key of an entry under `databases`.
    pub(crate) fn database(&self, name: &str) -> Option<Place> {
        self.0.get("databases")?.entry(name)?.0.place
    }

    /// The key `upgrade` or `downgrade` of an entry; `None`: of the top.
    pub(crate) fn direction(&self, entry: Option<&DatabaseName>, direction: &str) -> Option<Place> {
        self.entry(entry)?.entry(direction)?.0.place
    }

    fn entry(&self, entry: Option<&DatabaseName>) -> Option<&Node> {
        match entry {
            None => Some(&self.0),
            Some(name) => self.0.get("databases")?.get(name.as_str()),
        }
    }

    /// Where a line and column (from one) of a piece of a script stand.
    ///
    /// Exact for a literal block (`|`) and on the only line of a plain scalar;
    /// else the start of the scalar, whose escapes and folds are not undone.
    pub(crate) fn sql(&self, at: &SqlPlace<'_>) -> Option<Place> {
        let script = self.entry(at.entry)?.get(at.direction)?;
        let script = match &script.value {
            Value::Map(_) => script.get(at.dialect.name())?,
            _ => script,
        };
        let piece = script.members().get(at.piece)?;
        let start = piece.place?;
        let Value::Text(text) = &piece.value else {
            return None;
        };
        Some(within(text, start, at.line, at.column))
    }
}

/// A place in the SQL of a revision, as the database sees it.
#[derive(Debug, Clone, Copy)]
pub struct SqlPlace<'a> {
    /// The entry under `databases` that was chosen; `None`: the top level.
    pub entry: Option<&'a DatabaseName>,
    /// `upgrade` or `downgrade`.
    pub direction: &'a str,
    /// The dialect of the database.
    pub dialect: Dialect,
    /// Which piece of the script, from zero.
    pub piece: usize,
    /// The line in the piece, from one.
    pub line: usize,
    /// The column in that line, in characters, from one.
    pub column: usize,
}

fn within(text: &Text, start: Place, line: usize, column: usize) -> Place {
    let (line, column) = (line.max(1), column.max(1));
    let plain_line = text.plain && text.text.chars().count() == start.length;
    match text.block {
        Some(block) => {
            let content = text.text.lines().nth(line - 1).unwrap_or_default();
            let beyond = content.trim_end().chars().count() + 1;
            Place {
                line: block.line + line - 1,
                column: block.column + column - 1,
                length: beyond.saturating_sub(column),
            }
        }
        None if plain_line && line == 1 && column <= start.length => Place {
            line: start.line,
            column: start.column + column - 1,
            length: start.length - (column - 1),
        },
        None => start,
    }
}
