//! The text of a revision file, in the one shape and order of keys.
//!
//! Whatever is written means the same to readers of YAML 1.1 and 1.2: ids are
//! quoted always, other words where one reader might see a number, a boolean
//! or nothing. SQL goes into literal blocks (`|`), or into double quotes where
//! a block would not carry it exactly: control characters, white space that
//! some reader takes for indentation, line breaks that only some readers know.

use std::fmt::Write;

use rev_core::{Entry, Revision, Script, Sql, TransactionMode, unseen};

/// The longest script that stays on the line of its key.
const SHORT: usize = 80;

/// Words that YAML 1.1 or 1.2 read as something else than a text.
const WORDS: [&str; 11] = [
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf",
];

/// The text of the file of this revision. A revision without scripts gets
/// commented lines that show where they go.
#[must_use]
pub fn text(revision: &Revision) -> String {
    let mut out = String::new();
    line(&mut out, 0, "revision", &quoted(revision.id.as_str()));
    let parents: Vec<String> = revision
        .parents
        .iter()
        .map(|p| quoted(p.as_str()))
        .collect();
    let parents = match parents.as_slice() {
        [] => "null".to_owned(),
        [parent] => parent.clone(),
        parents => format!("[{}]", parents.join(", ")),
    };
    line(&mut out, 0, "down_revision", &parents);
    if !revision.message.is_empty() {
        line(&mut out, 0, "message", &scalar(&revision.message));
    }
    if let Some(created) = &revision.created {
        line(&mut out, 0, "created", &timestamp(created));
    }
    if !revision.labels.is_empty() {
        let labels: Vec<String> = revision.labels.iter().map(|l| scalar(l.as_str())).collect();
        line(
            &mut out,
            0,
            "branch_labels",
            &format!("[{}]", labels.join(", ")),
        );
    }
    let needs = revision.needs.iter().map(ToString::to_string);
    let names: Vec<String> = revision.depends_on.iter().cloned().chain(needs).collect();
    if !names.is_empty() {
        let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        line(
            &mut out,
            0,
            "depends_on",
            &format!("[{}]", names.join(", ")),
        );
    }
    if !revision.replaces.is_empty() {
        let ids: Vec<String> = revision
            .replaces
            .iter()
            .map(|id| quoted(id.as_str()))
            .collect();
        line(&mut out, 0, "replaces", &format!("[{}]", ids.join(", ")));
    }
    let scripts = &revision.scripts;
    entry(&mut out, 0, &scripts.top);
    if scripts.databases.is_empty() && scripts.top == Entry::default() && revision.parents.len() < 2
    {
        out.push_str(SKELETON);
    }
    databases(&mut out, revision);
    if revision.irreversible {
        line(&mut out, 0, "irreversible", "true");
    }
    if revision.loses_data {
        line(&mut out, 0, "loses_data", "true");
    }
    out
}

const SKELETON: &str = "\
# upgrade: |
#   CREATE TABLE …;
# downgrade: |
#   DROP TABLE …;
";

fn databases(out: &mut String, revision: &Revision) {
    if revision.scripts.databases.is_empty() {
        return;
    }
    out.push_str("databases:\n");
    for (name, scripts) in &revision.scripts.databases {
        let name = scalar(name.as_str());
        if *scripts == Entry::default() {
            line(out, 2, &name, "{}");
        } else {
            let _ = writeln!(out, "  {name}:");
            entry(out, 4, scripts);
        }
    }
}

fn line(out: &mut String, indent: usize, key: &str, value: &str) {
    let _ = writeln!(out, "{:indent$}{key}: {value}", "");
}

fn entry(out: &mut String, indent: usize, entry: &Entry) {
    if entry.transaction == TransactionMode::None {
        line(out, indent, "transaction", "none");
    }
    for (key, script) in [("upgrade", &entry.upgrade), ("downgrade", &entry.downgrade)] {
        match script {
            None => {}
            Some(Script::Any(text)) => sql(out, indent, key, text),
            Some(Script::ByDialect(map)) => {
                let _ = writeln!(out, "{:indent$}{key}:", "");
                for (dialect, text) in map {
                    match text {
                        None => line(out, indent + 2, dialect.name(), "null"),
                        Some(text) => sql(out, indent + 2, dialect.name(), text),
                    }
                }
            }
        }
    }
}

fn sql(out: &mut String, indent: usize, key: &str, Sql(pieces): &Sql) {
    if let [piece] = pieces.as_slice() {
        let _ = write!(out, "{:indent$}{key}: ", "");
        script(out, indent + 2, piece);
    } else {
        let _ = writeln!(out, "{:indent$}{key}:", "");
        for piece in pieces {
            let _ = write!(out, "{:indent$}  - ", "");
            script(out, indent + 4, piece);
        }
    }
}

/// A script after its key, in lines indented by `indent`, two more than what
/// holds it.
pub(crate) fn script(out: &mut String, indent: usize, text: &str) {
    if is_plain(text) && text.len() <= SHORT {
        let _ = writeln!(out, "{text}");
    } else if fits_block(text) {
        block(out, indent, text);
    } else {
        let _ = writeln!(out, "{}", quoted(text));
    }
}

fn block(out: &mut String, indent: usize, text: &str) {
    let indicator = if text.starts_with(' ') { "2" } else { "" };
    let body = text.trim_end_matches('\n');
    let chomp = match text.len() - body.len() {
        0 => "-",
        1 => "",
        _ => "+",
    };
    let _ = writeln!(out, "|{indicator}{chomp}");
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        if line.is_empty() {
            out.push('\n');
        } else {
            let _ = writeln!(out, "{:indent$}{line}", "");
        }
    }
}

/// Whether every reader gets `text` back from a literal block.
fn fits_block(text: &str) -> bool {
    let mut lines = text.trim_end_matches('\n').split('\n');
    let first = lines.next().unwrap_or_default();
    let last = lines.next_back().unwrap_or(first);
    !first.trim().is_empty()
        && !last.trim().is_empty()
        && !first.trim_start_matches(' ').starts_with('\t')
        && text
            .chars()
            .all(|c| c == '\n' || c == '\t' || is_printable(c))
}

/// Whether every reader takes the character as it is, and as no line break, and a person
/// sees it.
fn is_printable(c: char) -> bool {
    !(unseen::is_unseen(c) || c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// A word or sentence, quoted where some reader might take it for more.
pub(crate) fn scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Whether every reader takes a plain `text` for this very text. Errs towards
/// quotes.
fn is_plain(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let ends_well = !text.ends_with([' ', ':']);
    let harmless = |c: char| c.is_ascii_alphanumeric() || " _.,;()=<>/+-'*".contains(c);
    starts_well
        && ends_well
        && text.chars().all(harmless)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// A timestamp as `rev` writes it needs no quotes: whoever reads it as a time
/// means the same time.
fn timestamp(text: &str) -> String {
    let is_time = text.len() == 20
        && text.ends_with('Z')
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            10 => byte == b'T',
            13 | 16 => byte == b':',
            19 => true,
            _ => byte.is_ascii_digit(),
        });
    if is_time {
        text.to_owned()
    } else {
        quoted(text)
    }
}

pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if is_printable(c) => quoted.push(c),
            c if u32::from(c) < 0x100 => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(c));
            }
            c if u32::from(c) > 0xffff => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(c));
            }
            c => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use rev_core::{DatabaseName, Dialect, Label, RevisionId};

    use super::*;
    use crate::{document, yaml};

    fn revision() -> Revision {
        let id = |text| RevisionId::new(text).expect(text);
        let mut revision = Revision::new(id("0012"), vec![id("1e10"), id("no")]);
        revision.message = "no: it's #1".to_owned();
        revision.created = Some("2026-11-23T09:00:00Z".to_owned());
        revision.labels = vec![Label::new("yes").expect("a label")];
        revision.depends_on = vec!["2026".to_owned()];
        revision
    }

    /// A revision whose every script place holds one of the texts.
    fn with_scripts(texts: &[String]) -> Revision {
        let mut revision = revision();
        let all = Sql(texts.to_vec());
        let one = Sql::text(&texts[0]);
        revision.scripts.top.upgrade = Some(Script::Any(one.clone()));
        revision.scripts.top.downgrade = Some(Script::Any(all.clone()));
        let map = BTreeMap::from([
            (Dialect::Mysql, None),
            (Dialect::Postgres, Some(one)),
            (Dialect::Sqlite, Some(all)),
        ]);
        let entry = Entry {
            upgrade: Some(Script::ByDialect(map)),
            downgrade: None,
            transaction: TransactionMode::None,
        };
        let name = |text| DatabaseName::new(text).expect(text);
        revision.scripts.databases.insert(name("off"), entry);
        revision
            .scripts
            .databases
            .insert(name("db2"), Entry::default());
        revision
    }

    /// Reads with both readers, which must agree with `revision`.
    fn check(revision: &Revision) {
        let text = text(revision);
        let read = document::parse("r.yaml", &text);
        assert_eq!(read.as_ref(), Ok(revision), "{text}");
        let quick = yaml::quick(&text).expect(&text);
        let placed = yaml::placed(&text).expect(&text);
        assert_eq!(texts_of(&quick), texts_of(&placed), "{text}");
    }

    fn texts_of(node: &yaml::Node) -> Vec<String> {
        match &node.value {
            yaml::Value::List(nodes) => nodes.iter().flat_map(texts_of).collect(),
            yaml::Value::Map(entries) => entries
                .iter()
                .flat_map(|(key, node)| [vec![key.text.clone()], texts_of(node)].concat())
                .collect(),
            yaml::Value::Text(text) => vec![text.text.clone()],
            yaml::Value::Null | yaml::Value::Lost(_) => vec![format!("{}", node.kind())],
        }
    }

    #[test]
    fn the_shape_of_a_file_is_fixed() {
        insta::assert_snapshot!(text(&with_scripts(&["CREATE TABLE t (\n  id int\n);\n".to_owned(), "SELECT 1".to_owned(), "a -- 'b'".to_owned()])), @r#"
        revision: "0012"
        down_revision: ["1e10", "no"]
        message: "no: it's #1"
        created: 2026-11-23T09:00:00Z
        branch_labels: ["yes"]
        depends_on: ["2026"]
        upgrade: |
          CREATE TABLE t (
            id int
          );
        downgrade:
          - |
            CREATE TABLE t (
              id int
            );
          - SELECT 1
          - a -- 'b'
        databases:
          db2: {}
          "off":
            transaction: none
            upgrade:
              postgres: |
                CREATE TABLE t (
                  id int
                );
              mysql: null
              sqlite:
                - |
                  CREATE TABLE t (
                    id int
                  );
                - SELECT 1
                - a -- 'b'
        "#);
    }

    #[test]
    fn a_revision_without_scripts_shows_where_they_go() {
        let revision = Revision::new(RevisionId::new("ab12").expect("an id"), Vec::new());
        insta::assert_snapshot!(text(&revision), @r#"
        revision: "ab12"
        down_revision: null
        # upgrade: |
        #   CREATE TABLE …;
        # downgrade: |
        #   DROP TABLE …;
        "#);
        check(&revision);
    }

    #[test]
    fn nasty_sql_reads_back_as_it_was() {
        for sql in [
            "a",
            "a\n",
            "a\n\n",
            "a\n\n\n",
            " a",
            "  a\nb\n",
            "\ta",
            "a\n\tb",
            "\na",
            "\n\na\n",
            "a ",
            "a \nb",
            "a\n \nb\n",
            "a\n  ",
            "a\n\t\n",
            "a\r\nb\r\n",
            "a\rb",
            "a\u{2028}b",
            "a\u{85}b",
            "a\u{feff}b",
            "\u{feff}a",
            "# a",
            "a # b",
            "a: b",
            "a:",
            "- a",
            "--- ",
            "---\na",
            "...\na",
            "'a'",
            "\"a\"",
            "\\",
            "%a",
            "@a",
            "`a`",
            "!a",
            "&a",
            "*a",
            "[a",
            "{a",
            "|",
            ">",
            "? a",
            "~",
            "null",
            "no",
            "1",
            "1_000",
            "12:30:45",
            "0x1f",
            ".5",
            "=",
            "<<",
            "é",
            "日本\n",
            "😀",
            "a\u{1}b",
            "a\u{7f}b",
            "a\u{fffe}b",
            "\u{a0}a\n",
            "a\n\nb\n\n\nc\n",
            "a\n   b\n  c\nd",
            " \n a",
            " \t a\n",
            "a\nb \t\n c",
            "x: |\n  y\n",
        ] {
            check(&with_scripts(&[
                sql.to_owned(),
                format!("{sql}{sql}"),
                sql.to_owned(),
            ]));
            let mut revision = revision();
            revision.message = sql.to_owned();
            revision.created = Some(sql.to_owned());
            check(&revision);
        }
    }

    proptest! {
        #[test]
        fn any_sql_reads_back_as_it_was(
            texts in proptest::collection::vec("([ \t\n]|\r\n|[a#:'\"\\\\|>*&!%@`,\\[\\]{}?-]|[\u{85}\u{2028}\u{feff}é😀\u{1}]|; |- |--|\n\n|\n {1,5}){0,12}x?", 1..4)
        ) {
            prop_assume!(texts.iter().all(|text| !text.trim().is_empty()));
            check(&with_scripts(&texts));
        }

        #[test]
        fn any_message_reads_back_as_it_was(message in "\\PC{1,30}|[a-z #:-]{1,12}") {
            let mut revision = revision();
            revision.message = message;
            check(&revision);
        }
    }
}
