//! Saying in `rev.yaml` which file declares the schema of a database: all else in it
//! stays, to the byte.
//!
//! An entry can be written in many ways. For each there are ways to add to it; the first
//! whose result reads back as exactly what is wanted is taken, and where none does a
//! person has to.

use std::path::{Path, PathBuf};

use rev_core::DatabaseName;

use super::reparent::{bounds, without_mark};
use super::{Draft, WriteError, emit};
use crate::source;
use crate::yaml::{self, Key, Node, Text, Value};

const KEY: &str = "models";

/// Settings that say what declares schemas, not written yet.
#[derive(Debug)]
pub struct Declared {
    path: PathBuf,
    text: String,
}

impl Declared {
    /// Puts them in the place of what is there.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; then the settings are as they were.
    pub fn write(&self) -> Result<(), WriteError> {
        Draft::write_like(&self.path, &self.text)?.replace(&self.path)
    }
}

/// The settings in a file with the model files of some databases, which have none.
///
/// # Errors
///
/// [`WriteError::Undeclared`] where an entry is written in a way that cannot be added to by
/// itself, or the file is a link, which would be replaced; [`WriteError::Io`].
pub fn declare(path: &Path, models: &[(DatabaseName, String)]) -> Result<Declared, WriteError> {
    let mut text = source::read_text(path).map_err(WriteError::io(path))?;
    for (database, file) in models {
        let changed = with(&text, database.as_str(), file).filter(|_| !path.is_symlink());
        text = changed.ok_or_else(|| WriteError::Undeclared {
            path: path.to_owned(),
            database: database.clone(),
            models: file.clone(),
        })?;
    }
    let path = path.to_owned();
    Ok(Declared { path, text })
}

/// The text in which one database has this model file.
fn with(text: &str, database: &str, file: &str) -> Option<String> {
    let content = without_mark(text);
    let mark = &text[..text.len() - content.len()];
    let wanted = wanted(content, database, file)?;
    let root = yaml::placed(content).ok()?;
    let entry = root.get("databases")?.entry(database)?;
    let ways = [after_a_line, within_braces, before_a_line, in_its_place];
    let changed = ways.iter().filter_map(|way| way(content, entry, file));
    let is_wanted = |changed: &String| {
        let is_placed = yaml::placed(changed).is_ok();
        is_placed && yaml::quick(changed).is_ok_and(|it| sorted(it) == wanted)
    };
    let changed = changed.into_iter().find(is_wanted)?;
    Some(format!("{mark}{changed}"))
}

/// What the changed text is to read as.
fn wanted(content: &str, database: &str, file: &str) -> Option<Node> {
    let mut root = yaml::quick(content).ok()?;
    let entry = entry_mut(entry_mut(&mut root, "databases")?, database)?;
    let mut fields = match std::mem::replace(&mut entry.value, Value::Null) {
        Value::Null => Vec::new(),
        Value::Map(fields) => fields,
        url => vec![field("url", url)],
    };
    let text = file.to_owned();
    let models = Text {
        text,
        plain: false,
        block: None,
    };
    fields.push(field(KEY, Value::Text(models)));
    entry.value = Value::Map(fields);
    Some(sorted(root))
}

fn field(key: &str, value: Value) -> (Key, Node) {
    let text = key.to_owned();
    (Key { text, place: None }, Node { value, place: None })
}

pub(super) fn entry_mut<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    let Value::Map(entries) = &mut node.value else {
        return None;
    };
    let mut entries = entries.iter_mut();
    entries.find(|(it, _)| it.text == key).map(|(_, node)| node)
}

/// The same with its keys in one order, and all texts alike, however they were quoted.
pub(super) fn sorted(node: Node) -> Node {
    let value = match node.value {
        Value::Map(entries) => {
            let entries = entries.into_iter().map(|(key, node)| (key, sorted(node)));
            let mut entries: Vec<(Key, Node)> = entries.collect();
            entries.sort_by(|(one, _), (other, _)| one.text.cmp(&other.text));
            Value::Map(entries)
        }
        Value::List(nodes) => Value::List(nodes.into_iter().map(sorted).collect()),
        Value::Text(text) => Value::Text(Text {
            plain: false,
            block: None,
            ..text
        }),
        other => other,
    };
    Node { value, ..node }
}

/// On a line of its own below the URL's, or below the last line of one value.
fn after_a_line(content: &str, entry: (&Key, &Node), file: &str) -> Option<String> {
    let (key, value) = fields(entry.1)?
        .iter()
        .filter(|(_, value)| matches!(value.value, Value::Text(_)))
        .max_by_key(|(key, _)| (key.text == "url", key.place.map(|it| it.line)))?;
    let (line, column) = (value.place?.line, key.place?.column);
    Some(with_line(content, line, column, file))
}

/// On a line of its own above the first.
fn before_a_line(content: &str, entry: (&Key, &Node), file: &str) -> Option<String> {
    let place = fields(entry.1)?.first()?.0.place?;
    Some(with_line(content, place.line - 1, place.column, file))
}

fn fields(node: &Node) -> Option<&[(Key, Node)]> {
    match &node.value {
        Value::Map(fields) => Some(fields),
        _ => None,
    }
}

/// The text with the key on a line below this one, at this column.
fn with_line(content: &str, below: usize, column: usize, file: &str) -> String {
    let mut changed = String::new();
    let end = if content.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let added = format!("{}{KEY}: {}", " ".repeat(column - 1), emit::scalar(file));
    for (number, line) in (1..).zip(content.split_inclusive('\n')) {
        changed.push_str(line);
        if number != below {
            continue;
        }
        if !line.ends_with('\n') {
            changed.push_str(end);
        }
        changed.push_str(&added);
        changed.push_str(end);
    }
    changed
}

/// In braces that are there, behind the last value or before the first key.
fn within_braces(content: &str, entry: (&Key, &Node), file: &str) -> Option<String> {
    let fields = fields(entry.1)?;
    let start = bounds(content, entry.1)?.0;
    if !content[start..].starts_with('{') {
        return None;
    }
    let models = format!("{KEY}: {}", emit::scalar(file));
    Some(match fields.last() {
        None => put(content, start + 1, &models),
        Some((_, last)) if matches!(last.value, Value::Text(_)) => {
            put(content, bounds(content, last)?.1, &format!(", {models}"))
        }
        Some(_) => put(content, start + 1, &format!("{models}, ")),
    })
}

/// In braces in the place of the URL, or of nothing.
fn in_its_place(content: &str, (key, value): (&Key, &Node), file: &str) -> Option<String> {
    let models = format!("{KEY}: {}", emit::scalar(file));
    match &value.value {
        Value::Text(text) => {
            let (start, end) = bounds(content, value)?;
            let written = &content[start..end];
            let url = if text.plain && written.contains([',', '[', ']', '{', '}']) {
                emit::quoted(&text.text)
            } else {
                written.to_owned()
            };
            let (before, after) = (&content[..start], &content[end..]);
            Some(format!("{before}{{url: {url}, {models}}}{after}"))
        }
        Value::Null => {
            let place = key.place?;
            let node = Node {
                value: Value::Null,
                place: Some(place),
            };
            let colon = bounds(content, &node)?.1;
            let colon = colon + content[colon..].find(':')?;
            let written = ["~", "null", "Null", "NULL"].into_iter().find(|it| {
                let rest = content[colon + 1..].trim_start_matches(' ');
                rest.starts_with(it)
            });
            let mut rest = content[colon + 1..].to_owned();
            if let Some(written) = written {
                rest = rest.trim_start_matches(' ')[written.len()..].to_owned();
            }
            Some(format!("{}: {{{models}}}{rest}", &content[..colon]))
        }
        _ => None,
    }
}

fn put(content: &str, at: usize, what: &str) -> String {
    format!("{}{what}{}", &content[..at], &content[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(text: &str) -> Option<String> {
        with(text, "db1", "schema/db1.sql")
    }

    #[test]
    fn each_way_to_write_a_database_can_be_added_to() {
        for (text, wanted) in [
            (
                "databases:\n  db1: sqlite://db1.sqlite # why\n",
                "databases:\n  db1: {url: sqlite://db1.sqlite, models: schema/db1.sql} # why\n",
            ),
            (
                "databases:\n  db1: '${DB1_URL}'\n  db2: sqlite://x",
                "databases:\n  db1: {url: '${DB1_URL}', models: schema/db1.sql}\n  db2: sqlite://x",
            ),
            (
                "databases:\n  db1: postgres://a,b/c\n",
                "databases:\n  db1: {url: \"postgres://a,b/c\", models: schema/db1.sql}\n",
            ),
            (
                "databases: {db1: 'sqlite://x'}\n",
                "databases: {db1: {url: 'sqlite://x', models: schema/db1.sql}}\n",
            ),
            (
                "databases:\n  db1: {url: 'sqlite://x'}\n",
                "databases:\n  db1: {url: 'sqlite://x', models: schema/db1.sql}\n",
            ),
            (
                "databases:\n  db1: {url: 'sqlite://x', groups: [a]}\n",
                "databases:\n  db1: {models: schema/db1.sql, url: 'sqlite://x', groups: [a]}\n",
            ),
            (
                "databases:\n  db1: {}\n",
                "databases:\n  db1: {models: schema/db1.sql}\n",
            ),
            (
                "databases:\n  db1:\n  db2:\n",
                "databases:\n  db1: {models: schema/db1.sql}\n  db2:\n",
            ),
            (
                "databases:\n  db1: ~\n",
                "databases:\n  db1: {models: schema/db1.sql}\n",
            ),
            (
                "databases:\r\n  db1:\r\n    groups: [a]\r\n    url: sqlite://x # y\r\n    shared: false\r\n",
                "databases:\r\n  db1:\r\n    groups: [a]\r\n    url: sqlite://x # y\r\n    \
                 models: schema/db1.sql\r\n    shared: false\r\n",
            ),
            (
                "databases:\n  db1:\n    url: sqlite://x",
                "databases:\n  db1:\n    url: sqlite://x\n    models: schema/db1.sql\n",
            ),
            (
                "databases:\n  db1:\n    groups: [a,\n      b]\n",
                "databases:\n  db1:\n    models: schema/db1.sql\n    groups: [a,\n      b]\n",
            ),
        ] {
            assert_eq!(declared(text).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_added_to_is_left_as_it_was() {
        for text in [
            "databases:\n  db1: \"sqlite://\\\n    x\"\n",
            "databases:\n  db2: sqlite://x\n",
            "databases: [\n",
        ] {
            assert_eq!(declared(text), None, "{text}");
        }
    }

    #[test]
    fn settings_are_changed_for_several_databases_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rev.yaml");
        let text = "\u{feff}databases:\n  db1: sqlite://a\n  db2: {url: 'sqlite://b'}\n";
        std::fs::write(&path, text).expect("written");
        let name = |text: &str| DatabaseName::new(text).expect("a name");
        let models = [
            (name("db1"), "a.sql".to_owned()),
            (name("db2"), "b.sql".to_owned()),
        ];
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .expect("set");
        let declared = declare(&path, &models).expect("declared");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
        declared.write().expect("written");
        assert_eq!(
            std::fs::read_to_string(&path).expect("read"),
            "\u{feff}databases:\n  db1: {url: sqlite://a, models: a.sql}\n  \
             db2: {url: 'sqlite://b', models: b.sql}\n"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path)
                .expect("a file")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
