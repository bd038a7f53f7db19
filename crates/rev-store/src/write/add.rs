//! Binding one more database in `rev.yaml`: all else in it stays, to the byte.
//!
//! As in [`declare`](super::declare): of the ways to write it the first is taken whose result
//! reads back as what was there and the new one.

use std::path::{Path, PathBuf};

use super::declare::{entry_mut, sorted};
use super::init::{NewDatabase, ignore};
use super::reparent::{bounds, without_mark};
use super::{Draft, WriteError};
use crate::config::{Config, Environment};
use crate::source;
use crate::yaml::{self, Node, Value};

/// Binds another database in the settings at `path`. Returns the files that were changed.
///
/// # Errors
///
/// [`WriteError::Bound`] where one of that name is bound, [`WriteError::Unadded`] where the
/// settings are written in a way that cannot be added to by itself, [`WriteError::Settings`]
/// where they would be a fault then; [`WriteError::Io`]. Then nothing is changed.
pub fn add(path: &Path, database: &NewDatabase) -> Result<Vec<PathBuf>, WriteError> {
    let text = source::read_text(path).map_err(WriteError::io(path))?;
    let content = without_mark(&text);
    let mark = &text[..text.len() - content.len()];
    let unadded = || WriteError::Unadded {
        path: path.to_owned(),
        entry: database.block(2, None),
    };
    if bound(content, database.name.as_str()) {
        return Err(WriteError::Bound {
            path: path.to_owned(),
            database: database.name.clone(),
        });
    }
    let changed = with(content, database).filter(|_| !path.is_symlink());
    let changed = changed.ok_or_else(unadded)?;
    let root = path.parent().unwrap_or(path);
    let (_, before) = Config::read(root, content, Environment::default());
    let (_, after) = Config::read(root, &changed, Environment::default());
    if let Some((_, problem)) = after.into_iter().nth(before.len()) {
        let problem = Box::new(problem);
        return Err(WriteError::Settings { problem });
    }
    Draft::write_like(path, &format!("{mark}{changed}"))?.replace(path)?;
    let ignored = ignore(root, std::slice::from_ref(database))?;
    Ok([path.to_owned()].into_iter().chain(ignored).collect())
}

fn bound(content: &str, name: &str) -> bool {
    let root = yaml::placed(content).ok();
    let databases = root.as_ref().and_then(|root| root.get("databases"));
    databases.is_some_and(|it| it.get(name).is_some())
}

fn with(content: &str, database: &NewDatabase) -> Option<String> {
    let root = yaml::placed(content).ok()?;
    let ways = [below_the_last, within_braces, above_the_first, as_the_first];
    let wanted = wanted(content, database)?;
    let is_wanted = |changed: &String| {
        let is_placed = yaml::placed(changed).is_ok();
        is_placed && yaml::quick(changed).is_ok_and(|it| sorted(it) == wanted)
    };
    let changed = ways.iter().filter_map(|way| way(content, &root, database));
    changed.into_iter().find(is_wanted)
}

/// What the changed text is to read as.
fn wanted(content: &str, database: &NewDatabase) -> Option<Node> {
    let mut root = yaml::quick(content).ok()?;
    let Value::Map(mut new) = yaml::quick(&format!("databases:\n{}", database.block(2, None)))
        .ok()?
        .value
    else {
        return None;
    };
    match entry_mut(&mut root, "databases") {
        Some(Node {
            value: Value::Map(entries),
            ..
        }) => {
            let (_, node) = new.pop()?;
            let Value::Map(new) = node.value else {
                return None;
            };
            entries.extend(new);
        }
        Some(node) if node.value == Value::Null => *node = new.pop()?.1,
        Some(_) => return None,
        None => {
            let Value::Map(entries) = &mut root.value else {
                return None;
            };
            entries.extend(new);
        }
    }
    Some(sorted(root))
}

fn entries(root: &Node) -> Option<&[(yaml::Key, Node)]> {
    match &root.get("databases")?.value {
        Value::Map(entries) => Some(entries),
        _ => None,
    }
}

/// Below the last line of the last database.
fn below_the_last(content: &str, root: &Node, database: &NewDatabase) -> Option<String> {
    let (key, value) = entries(root)?.last()?;
    let indent = key.place?.column - 1;
    let line = last_line(value).max(key.place?.line);
    Some(with_lines(content, line, &database.block(indent, None)))
}

/// The last line on which anything begins in a value.
fn last_line(node: &Node) -> usize {
    let own = node.place.map_or(0, |place| place.line);
    let within = match &node.value {
        Value::Map(entries) => entries.iter().map(|(_, it)| last_line(it)).max(),
        Value::List(nodes) => nodes.iter().map(last_line).max(),
        _ => None,
    };
    own.max(within.unwrap_or_default())
}

/// Above the first database.
fn above_the_first(content: &str, root: &Node, database: &NewDatabase) -> Option<String> {
    let place = entries(root)?.first()?.0.place?;
    let block = database.block(place.column - 1, None);
    Some(with_lines(content, place.line - 1, &block))
}

/// In braces that are there.
fn within_braces(content: &str, root: &Node, database: &NewDatabase) -> Option<String> {
    let node = root.get("databases")?;
    let start = bounds(content, node)?.0;
    let first = entries(root)?.first()?;
    // An indented map begins at its first key.
    let start = match content[start..].starts_with('{') {
        true => start,
        false => content[..bounds_of_key(content, &first.0)?].rfind('{')?,
    };
    let (before, after) = content.split_at(start + 1);
    Some(format!("{before}{}, {after}", database.flow()))
}

fn bounds_of_key(content: &str, key: &yaml::Key) -> Option<usize> {
    let node = Node {
        value: Value::Null,
        place: key.place,
    };
    Some(bounds(content, &node)?.0)
}

/// The first of all: in the place of `{}` or nothing, or with its key at the end of the file.
fn as_the_first(content: &str, root: &Node, database: &NewDatabase) -> Option<String> {
    let block = database.block(2, None);
    let Some((key, _)) = root.entry("databases") else {
        let gap = if content.ends_with('\n') { "" } else { "\n" };
        return Some(format!("{content}{gap}databases:\n{block}"));
    };
    let number = key.place?.line;
    let line = content.lines().nth(number - 1)?;
    let (name, rest) = line.split_once(':')?;
    let comment = rest.find(" #").map_or("", |at| &rest[at..]);
    let lines = content.split_inclusive('\n').enumerate();
    let changed = lines.map(|(at, line)| match at + 1 == number {
        true => format!("{name}:{comment}\n"),
        false => line.to_owned(),
    });
    Some(with_lines(&changed.collect::<String>(), number, &block))
}

/// The text with a block below a line.
fn with_lines(content: &str, below: usize, block: &str) -> String {
    let is_dos = content.contains("\r\n");
    let block = match is_dos {
        true => block.replace('\n', "\r\n"),
        false => block.to_owned(),
    };
    let mut changed = String::new();
    for (number, line) in (1..).zip(content.split_inclusive('\n')) {
        changed.push_str(line);
        if number == below {
            if !line.ends_with('\n') {
                changed.push('\n');
            }
            changed.push_str(&block);
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use rev_core::DatabaseName;

    use super::*;

    fn added(text: &str) -> Option<String> {
        let name = DatabaseName::new("new").expect("a name");
        with(text, &NewDatabase::new(name, "sqlite://n".to_owned()))
    }

    #[test]
    fn a_database_is_added_in_each_way_to_write_them_and_all_else_stays() {
        for (text, wanted) in [
            (
                "databases:\n  a: sqlite://a # why\n\n# below\nledger: {prefix: x}\n",
                "databases:\n  a: sqlite://a # why\n  new: \"sqlite://n\"\n\n# below\nledger: {prefix: x}\n",
            ),
            (
                "databases:\n    a:\n        url: sqlite://a\n        groups:\n        - x\n        - y\n",
                "databases:\n    a:\n        url: sqlite://a\n        groups:\n        - x\n        - y\n    new: \"sqlite://n\"\n",
            ),
            (
                "databases: {a: 'sqlite://a'}\n",
                "databases: {new: \"sqlite://n\", a: 'sqlite://a'}\n",
            ),
            (
                "databases: {} # none yet\nledger: {prefix: x}\n",
                "databases: # none yet\n  new: \"sqlite://n\"\nledger: {prefix: x}\n",
            ),
            ("databases:\n", "databases:\n  new: \"sqlite://n\"\n"),
            (
                "revisions: revisions",
                "revisions: revisions\ndatabases:\n  new: \"sqlite://n\"\n",
            ),
            (
                "databases:\r\n  a: x\r\n",
                "databases:\r\n  a: x\r\n  new: \"sqlite://n\"\r\n",
            ),
            (
                "databases:\n  a: sqlite://a",
                "databases:\n  a: sqlite://a\n  new: \"sqlite://n\"\n",
            ),
            (
                "databases:\n  # first\n  a: \"sqlite://\\\n    a\"\n",
                "databases:\n  # first\n  new: \"sqlite://n\"\n  a: \"sqlite://\\\n    a\"\n",
            ),
        ] {
            assert_eq!(added(text).as_deref(), Some(wanted), "{text}");
        }
        for text in ["databases: [\n", "databases: x\n", "- a\n"] {
            assert_eq!(added(text), None, "{text}");
        }
    }
}
