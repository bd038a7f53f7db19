//! Giving a revision other parents in the file that a person has written: all
//! else in it stays, to the byte.

use std::fs;
use std::path::Path;

use rev_core::RevisionId;

use super::{Draft, WriteError, emit};
use crate::document;
use crate::fault::Place;
use crate::source;
use crate::yaml::{self, Node, Value};

/// Writes other parents into a revision's file.
///
/// # Errors
///
/// [`WriteError`]; then the file is as it was. [`WriteError::Fixed`] where the
/// parents are written in a way that cannot be changed by itself.
pub fn reparent(path: &Path, parents: &[RevisionId]) -> Result<(), WriteError> {
    let text = source::read_text(path).map_err(WriteError::io(path))?;
    let mut wanted = document::read(&text).revision;
    if let Some(revision) = &mut wanted {
        revision.parents = parents.to_vec();
    }
    let ways = [on_their_lines, in_their_place];
    let changed = ways.iter().filter_map(|way| way(&text, parents));
    let is_wanted = |changed: &String| {
        let after = document::read(changed).revision;
        after.is_some() && after == wanted
    };
    let Some(changed) = changed.into_iter().find(is_wanted) else {
        return Err(WriteError::Fixed {
            path: path.to_owned(),
            place: place(&text),
        });
    };
    let draft = Draft::write(path, &changed)?;
    fs::rename(draft.path(), path).map_err(WriteError::io(path))
}

/// Where the parents stand.
fn place(text: &str) -> Option<Place> {
    let root = yaml::placed(without_mark(text)).ok()?;
    let (key, _) = root.entry("down_revision")?;
    key.place
}

pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// The text with other parents on one line, in the place of all the lines that
/// the key and its value take.
fn on_their_lines(text: &str, parents: &[RevisionId]) -> Option<String> {
    let content = without_mark(text);
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

/// The text with other parents just where the value stands, which shares its line
/// with others, or ends on another one.
fn in_their_place(text: &str, parents: &[RevisionId]) -> Option<String> {
    let content = without_mark(text);
    let root = yaml::placed(content).ok()?;
    let (_, value) = root.entry("down_revision")?;
    let (start, mut end) = bounds(content, value)?;
    if matches!(value.value, Value::List(_)) {
        if let Some(last) = value.members().last() {
            end = bounds(content, last)?.1;
        }
        // No id holds this sign.
        end += content[end..].find(']')? + 1;
    }
    let mark = text.len() - content.len();
    let (before, after) = (&text[..mark + start], &text[mark + end..]);
    Some(format!("{before}{}{after}", written(parents)))
}

/// From which byte to which a node stands, as far as its first line goes.
pub(super) fn bounds(text: &str, node: &Node) -> Option<(usize, usize)> {
    let place = node.place?;
    let lines = text.split_inclusive('\n').take(place.line - 1);
    let line = lines.map(str::len).sum::<usize>();
    let at = |column: usize| {
        let mut characters = text[line..].char_indices();
        Some(line + characters.nth(column)?.0)
    };
    let start = at(place.column - 1)?;
    Some((start, at(place.column - 1 + place.length)?))
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
    format!("down_revision: {}{comment}{end}", written(parents))
}

fn written(parents: &[RevisionId]) -> String {
    let ids: Vec<String> = parents.iter().map(|id| emit::quoted(id.as_str())).collect();
    match ids.as_slice() {
        [] => "null".to_owned(),
        [id] => id.clone(),
        ids => format!("[{}]", ids.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands in a file once it was given other parents.
    fn changed(text: &str, parents: &[&str]) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("b.yaml");
        fs::write(&path, text).expect("a file");
        let ids = parents.iter().map(|id| RevisionId::new(id).expect("an id"));
        reparent(&path, &ids.collect::<Vec<_>>()).ok()?;
        fs::read_to_string(&path).ok()
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
    fn parents_in_flow_style_are_changed_where_they_stand() {
        for (text, wanted) in [
            (
                "{message: \"é\", revision: b, down_revision: [a]}",
                "{message: \"é\", revision: b, down_revision: \"d\"}",
            ),
            (
                "{revision: b, down_revision: 'a', message: x} # why\n",
                "{revision: b, down_revision: \"d\", message: x} # why\n",
            ),
            (
                "\u{feff}revision: b\r\ndown_revision: [a,\r\n  c\r\n  ]\r\nmessage: x\r\n",
                "\u{feff}revision: b\r\ndown_revision: \"d\"\r\nmessage: x\r\n",
            ),
            (
                "{down_revision: [], revision: b}\n",
                "{down_revision: \"d\", revision: b}\n",
            ),
        ] {
            assert_eq!(changed(text, &["d"]).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn a_file_that_cannot_be_changed_by_itself_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("b.yaml");
        let text = "revision: b\ndown_revision: \"a\\\n  c\"\nmessage: x\n";
        fs::write(&path, text).expect("a file");
        let parents = [RevisionId::new("d").expect("an id")];
        let error = reparent(&path, &parents).expect_err("its id ends on another line");
        let WriteError::Fixed { place, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(place.map(|it| (it.line, it.column)), Some((2, 1)));
        assert_eq!(fs::read_to_string(&path).expect("a file"), text);
    }
}
