//! Giving a revision other parents in the file that a person has written: all
//! else in it stays, to the byte.

use std::fs;
use std::path::Path;

use rev_core::RevisionId;

use super::{Draft, WriteError, emit};
use crate::document;
use crate::yaml::{self, Node};

/// Writes other parents into a revision's file.
///
/// # Errors
///
/// [`WriteError`]; then the file is as it was. [`WriteError::NotFaithful`] where
/// the parents are written in a way that cannot be changed by itself.
pub fn reparent(path: &Path, parents: &[RevisionId]) -> Result<(), WriteError> {
    let text = fs::read_to_string(path).map_err(WriteError::io(path))?;
    let before = document::read(&text).revision;
    let changed = with_parents(&text, parents).unwrap_or_default();
    let after = document::read(&changed).revision;
    let wanted = before.map(|mut revision| {
        revision.parents = parents.to_vec();
        revision
    });
    if wanted.is_none() || after != wanted {
        let id = wanted.map_or_else(|| parents[0].clone(), |revision| revision.id);
        return Err(WriteError::NotFaithful { id });
    }
    let draft = Draft::write(path, &changed)?;
    fs::rename(&draft.0, path).map_err(WriteError::io(path))
}

/// The text with other parents, where they can be found in it.
fn with_parents(text: &str, parents: &[RevisionId]) -> Option<String> {
    let content = text.strip_prefix('\u{feff}').unwrap_or(text);
    let root = yaml::placed(content).ok()?;
    let (key, value) = root.entry("down_revision")?;
    let (first, last) = (key.place?.line, last_line(value)?);
    let mut changed = text[..text.len() - content.len()].to_owned();
    for (number, line) in (1..).zip(content.split_inclusive('\n')) {
        if number == first {
            changed.push_str(&rewritten(line, parents));
        } else if !(first..=last).contains(&number) {
            changed.push_str(line);
        }
    }
    Some(changed)
}

fn last_line(value: &Node) -> Option<usize> {
    let lines = value.members().iter().map(|node| node.place);
    let lines = lines.chain([value.place]).flatten();
    lines.map(|place| place.line).max()
}

/// The line of the key, with its comment and its end.
fn rewritten(line: &str, parents: &[RevisionId]) -> String {
    let body = line.trim_end_matches(['\r', '\n']);
    let end = &line[body.len()..];
    // No id holds this sign.
    let comment = body.find(" #").map_or("", |at| body[at..].trim_end());
    let ids: Vec<String> = parents.iter().map(|id| emit::quoted(id.as_str())).collect();
    let value = match ids.as_slice() {
        [] => "null".to_owned(),
        [id] => id.clone(),
        ids => format!("[{}]", ids.join(", ")),
    };
    format!("down_revision: {value}{comment}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str, parents: &[&str]) -> Option<String> {
        let parents: Vec<RevisionId> = parents
            .iter()
            .map(|id| RevisionId::new(id).expect("an id"))
            .collect();
        with_parents(text, &parents)
    }

    #[test]
    fn only_the_parents_change() {
        let text = "revision: b\ndown_revision: a # why\nmessage: 'x'\n";
        let wanted = "revision: b\ndown_revision: \"c\" # why\nmessage: 'x'\n";
        assert_eq!(changed(text, &["c"]).as_deref(), Some(wanted));
        let text =
            "\u{feff}revision: b\r\ndown_revision:\r\n  - a\r\n  - c\r\nupgrade: |\r\n  x\r\n";
        let wanted =
            "\u{feff}revision: b\r\ndown_revision: [\"c\", \"d\"]\r\nupgrade: |\r\n  x\r\n";
        assert_eq!(changed(text, &["c", "d"]).as_deref(), Some(wanted));
        let text = "revision: b\ndown_revision: null";
        let wanted = "revision: b\ndown_revision: \"0012\"";
        assert_eq!(changed(text, &["0012"]).as_deref(), Some(wanted));
    }

    #[test]
    fn a_file_that_cannot_be_changed_by_itself_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("b.yaml");
        let text = "revision: b\ndown_revision: [a,\n  c\n  ]\n";
        fs::write(&path, text).expect("a file");
        let parents = [RevisionId::new("d").expect("an id")];
        let error = reparent(&path, &parents).expect_err("its list ends on another line");
        assert!(matches!(error, WriteError::NotFaithful { .. }));
        assert_eq!(fs::read_to_string(&path).expect("a file"), text);
    }
}
