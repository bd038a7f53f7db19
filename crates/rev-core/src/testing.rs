//! Small notation for graphs in tests, here and in other crates.
//!
//! One line a revision: its id, a colon and its parents; then, in any order,
//! `~name` for a dependency, `~database@name` for one across databases, `#name` for a label, `!name` for a database that
//! it has work for (`!` alone: for every shared database), `=name` for a
//! revision that it replaces.

use std::sync::Arc;

use crate::revision::{Entry, Script, Sql};
use crate::{DatabaseName, Graph, Label, Need, Revision, RevisionId};

/// Reads revisions from notation.
///
/// # Panics
///
/// Where the notation holds a word that is no name.
#[must_use]
pub fn revisions(notation: &str) -> Vec<Revision> {
    notation
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(revision)
        .collect()
}

/// Builds a graph from notation.
///
/// # Panics
///
/// Where the notation is no graph.
#[must_use]
pub fn graph(notation: &str) -> Arc<Graph> {
    let revisions = revisions(notation).into_iter().map(Arc::new).collect();
    Arc::new(Graph::new(revisions).expect("the notation is a graph"))
}

fn revision(line: &str) -> Revision {
    let (id, rest) = line.split_once(':').unwrap_or((line, ""));
    let id = RevisionId::new(id.trim()).expect("an id stands before the colon");
    let mut revision = Revision::new(id, Vec::new());
    for word in rest.split_whitespace() {
        match word.split_at(1) {
            ("~", name) => match name.split_once('@') {
                None => revision.depends_on.push(name.to_owned()),
                Some((database, name)) => revision.needs.push(Need {
                    database: DatabaseName::new(database).expect("a database stands before @"),
                    revision: name.to_owned(),
                }),
            },
            ("#", name) => revision
                .labels
                .push(Label::new(name).expect("a label stands after #")),
            ("=", name) => revision
                .replaces
                .push(RevisionId::new(name).expect("an id stands after =")),
            ("!", "") => revision.scripts.top = entry(revision.id.as_str()),
            ("!", name) => {
                let name = DatabaseName::new(name).expect("a database stands after !");
                let entry = entry(revision.id.as_str());
                revision.scripts.databases.insert(name, entry);
            }
            _ => revision
                .parents
                .push(RevisionId::new(word).expect("a parent is an id")),
        }
    }
    revision
}

fn entry(id: &str) -> Entry {
    Entry {
        upgrade: Some(Script::Any(Sql::text(&format!("CREATE TABLE t_{id} (id)")))),
        downgrade: Some(Script::Any(Sql::text(&format!("DROP TABLE t_{id}")))),
        ..Entry::default()
    }
}
