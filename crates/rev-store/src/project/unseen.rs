//! Characters in a project's files that a reviewer does not see.

use std::collections::BTreeSet;
use std::path::Path;

use rev_core::unseen::is_unseen;
use rev_core::{Entry, Revision, Script};

use crate::fault::{Fault, Place, Problem};
use crate::source;

/// Those that stand in a file as they are: each once a line, at its place.
pub(super) fn in_file(shown: &str, path: &Path) -> Vec<Fault> {
    let mut found = Vec::new();
    let text = source::read(path).unwrap_or_default();
    for (number, line) in (1..).zip(text.lines()) {
        let mut seen = BTreeSet::new();
        for (column, character) in (1..).zip(line.chars()) {
            if is_unseen(character) && seen.insert(character) {
                found.push(Fault {
                    path: shown.to_owned(),
                    place: Some(Place {
                        line: number,
                        column,
                        length: 1,
                    }),
                    problem: Problem::Unseen { character },
                });
            }
        }
    }
    found
}

/// Those of a revision's message and scripts that its file writes as escapes.
pub(super) fn in_escapes(revision: &Revision, path: &Path) -> Vec<Problem> {
    let written = source::read(path).unwrap_or_default();
    let scripts = revision.scripts.databases.values();
    let scripts = scripts.chain([&revision.scripts.top]).flat_map(texts);
    let characters: BTreeSet<char> = scripts
        .chain([revision.message.as_str()])
        // The line ends of some systems hide nothing.
        .flat_map(|text| text.split("\r\n").flat_map(str::chars))
        .filter(|it| is_unseen(*it) && !written.contains(*it))
        .collect();
    let problem = |character| Problem::Unseen { character };
    characters.into_iter().map(problem).collect()
}

fn texts(entry: &Entry) -> Vec<&str> {
    let scripts = [&entry.upgrade, &entry.downgrade].into_iter().flatten();
    let pieces = scripts.flat_map(|script| match script {
        Script::Any(sql) => vec![sql],
        Script::ByDialect(map) => map.values().flatten().collect(),
    });
    pieces
        .flat_map(|sql| sql.0.iter().map(String::as_str))
        .collect()
}
