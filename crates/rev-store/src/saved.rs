//! Files that are written to be read by people, and read back by `rev`: saved
//! plans.
//!
//! Any value that serialises becomes YAML in the order of its fields. Scripts go
//! into literal blocks as in revision files, so that they can be reviewed. What was
//! written is read back and compared before it takes its place.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_yaml::Value;

use crate::fault::{Fault, Faults, Place, Problem};
use crate::fence::Fence;
use crate::write::{Draft, WriteError, scalar, script};
use crate::{document, source, yaml};

/// The longest list of words that stays on the line of its key.
const SHORT: usize = 80;

/// Reads a file; `shown` is its name in faults.
///
/// # Errors
///
/// What is wrong with it, and where.
pub fn read<T: DeserializeOwned>(path: &Path, shown: &str) -> Result<T, Faults> {
    let faults = |findings| Faults::new(document::faults(shown, findings));
    let text = source::read(path).map_err(|finding| faults(vec![finding]))?;
    parse(&text).map_err(|fault| match fault {
        Objection::Yaml(findings) => faults(findings),
        Objection::Shape(error) => Faults::new(vec![shape(shown, &error)]),
    })
}

enum Objection {
    Yaml(Vec<yaml::Finding>),
    Shape(serde_yaml::Error),
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Objection> {
    if !yaml::is_harmless(text) {
        yaml::placed(text).map_err(Objection::Yaml)?;
    }
    serde_yaml::from_str(text).map_err(|error| match yaml::conflict(text) {
        Some(conflict) => Objection::Yaml(vec![conflict]),
        None => Objection::Shape(error),
    })
}

/// What does not suit the shape of the value, in the reader's words.
fn shape(shown: &str, error: &serde_yaml::Error) -> Fault {
    let place = error.location();
    let detail = error.to_string();
    let detail = match detail.rfind(" at line ") {
        Some(end) if place.is_some() => detail[..end].to_owned(),
        _ => detail,
    };
    Fault {
        path: shown.to_owned(),
        place: place.map(|place| Place::at(place.line(), place.column())),
        problem: Problem::Shape { detail },
    }
}

/// Writes a value under comment lines, in the place of what was there.
///
/// # Errors
///
/// [`WriteError`]; then what was there is there still.
pub fn write<T>(path: &Path, comment: &str, value: &T) -> Result<(), WriteError>
where
    T: Serialize + DeserializeOwned + PartialEq,
{
    let text = format!("{comment}{}", text(value));
    let draft = Draft::write(path, &text)?;
    let read: Option<T> = source::read(draft.path())
        .ok()
        .and_then(|text| parse(&text).ok());
    if read.as_ref() != Some(value) {
        return Err(WriteError::Unreadable {
            path: path.to_owned(),
        });
    }
    draft.replace(path)
}

/// Writes a text of a project in the place of what was there, for the same people to read,
/// making the folder where it is missing.
///
/// # Errors
///
/// [`WriteError`]; then what was there is there still.
pub fn write_text(fence: &Fence, path: &Path, text: &str) -> Result<(), WriteError> {
    if let Some(folder) = path.parent() {
        fence.check_for_writing(folder)?;
        fs::create_dir_all(folder).map_err(WriteError::io(folder))?;
    }
    let draft = if path.exists() {
        Draft::write_like(path, text)?
    } else {
        Draft::write(path, text)?
    };
    draft.replace(path)
}

/// A value as YAML.
fn text<T: Serialize>(value: &T) -> String {
    let value = serde_yaml::to_value(value).expect("plain data always serialises");
    let mut out = String::new();
    if let Value::Mapping(entries) = &value {
        fields(&mut out, 0, false, entries);
    }
    out
}

/// The entries of a map, a line or more each. The first may follow a dash.
fn fields(out: &mut String, indent: usize, follows: bool, entries: &serde_yaml::Mapping) {
    for (index, (key, value)) in entries.iter().enumerate() {
        let indented = if follows && index == 0 { 0 } else { indent };
        let key = key.as_str().unwrap_or_default();
        let _ = write!(out, "{:indented$}{}:", "", scalar(key));
        member(out, indent, value);
    }
}

/// A value after its key or dash, with the line's end.
fn member(out: &mut String, indent: usize, value: &Value) {
    match value {
        Value::Mapping(entries) if entries.is_empty() => out.push_str(" {}\n"),
        Value::Mapping(entries) => {
            out.push('\n');
            fields(out, indent + 2, false, entries);
        }
        Value::Sequence(list) => match words(list) {
            Some(words) => {
                let _ = writeln!(out, " [{words}]");
            }
            None => {
                out.push('\n');
                list.iter().for_each(|value| item(out, indent + 2, value));
            }
        },
        // Where quotes would need escapes, a block is easier to read.
        Value::String(text) if text.contains(['\n', '"', '\\']) => {
            out.push(' ');
            script(out, indent + 2, text);
        }
        Value::String(text) => {
            let _ = writeln!(out, " {}", scalar(text));
        }
        other => {
            let _ = writeln!(out, " {}", plain(other));
        }
    }
}

fn item(out: &mut String, indent: usize, value: &Value) {
    let _ = write!(out, "{:indent$}-", "");
    match value {
        Value::Mapping(entries) if !entries.is_empty() => {
            out.push(' ');
            fields(out, indent + 2, true, entries);
        }
        value => member(out, indent, value),
    }
}

/// A short list of words, on one line.
fn words(list: &[Value]) -> Option<String> {
    let word = |value: &Value| match value {
        Value::String(text) if !text.contains([' ', '\n']) => Some(scalar(text)),
        _ => None,
    };
    let words: Vec<String> = list.iter().map(word).collect::<Option<_>>()?;
    let words = words.join(", ");
    (words.len() <= SHORT).then_some(words)
}

fn plain(value: &Value) -> String {
    match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        _ => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Whole {
        format: u32,
        is_odd: bool,
        none: Option<String>,
        parts: Vec<Part>,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Part {
        name: String,
        words: Vec<String>,
        scripts: Vec<String>,
        inner: Inner,
    }

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Inner {
        text: String,
    }

    fn whole(texts: &[String]) -> Whole {
        let part = |text: &String| Part {
            name: text.clone(),
            words: texts.to_vec(),
            scripts: vec![format!("{text}\n{text}"), String::new()],
            inner: Inner { text: text.clone() },
        };
        Whole {
            format: 1,
            is_odd: true,
            none: None,
            parts: texts.iter().map(part).collect(),
        }
    }

    #[test]
    fn values_are_written_for_people() {
        let script = "CREATE TABLE a (\n  b int\n);".to_owned();
        let mut value = whole(&["1e10".to_owned(), "no".to_owned()]);
        value.parts.truncate(1);
        value.parts[0].scripts = vec![script.clone(), "SELECT 1".to_owned()];
        value.parts[0].inner.text = script;
        insta::assert_snapshot!(text(&value), @r#"
        format: 1
        is_odd: true
        none: null
        parts:
          - name: "1e10"
            words: ["1e10", "no"]
            scripts:
              - |-
                CREATE TABLE a (
                  b int
                );
              - SELECT 1
            inner:
              text: |-
                CREATE TABLE a (
                  b int
                );
        "#);
    }

    #[test]
    fn what_does_not_suit_is_told_at_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.yaml");
        let told = |text: &str| {
            fs::write(&path, text).expect("written");
            let read: Result<Whole, Faults> = read(&path, "x.yaml");
            read.expect_err("a fault").to_string()
        };
        assert_eq!(
            told("format: 1\nis_odd: 3\nnone: null\nparts: []\n"),
            "x.yaml:2:9: this is not what it should be: is_odd: invalid type: integer `3`, \
             expected a boolean"
        );
        assert!(told("format: &a 1\n").contains("anchors are not allowed"));
        assert!(told("").contains("x.yaml"));
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.yaml");
        for text in ["a", "b"] {
            let value = whole(&[text.to_owned()]);
            write(&path, "# comment\n", &value).expect("written");
            let back: Whole = read(&path, "x.yaml").expect("read");
            assert_eq!(back, value);
        }
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
    }

    proptest! {
        #[test]
        fn any_text_reads_back_as_it_was(
            texts in proptest::collection::vec("([ \t\n]|\r\n|[a#:'\"\\\\|>*&!%@`,\\[\\]{}?-]|[\u{85}\u{2028}\u{feff}é😀\u{1}]|; |- |--|\n\n|\n {1,5}|[0-9e.]){0,12}x?", 1..4)
        ) {
            let value = whole(&texts);
            let written = text(&value);
            let back = parse::<Whole>(&written).map_err(|_| written.clone());
            prop_assert_eq!(back, Ok(value), "{}", written);
        }
    }
}
