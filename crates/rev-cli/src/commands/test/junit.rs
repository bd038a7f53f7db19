//! The report that build servers read: JUnit's XML, of which three elements are
//! needed. A crate for it would bring an XML writer, times and UUIDs for what is a
//! screen of text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::path::Path;

use rev_core::unseen::shown;
use rev_engine::trial::{Judgement, Verdict};

use super::words::{reason, subject};
use crate::diagnostic::{Diagnostic, Failure};
use crate::terminal::Terminal;

/// Whether a path means the standard output, as elsewhere: `-`.
pub(super) fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// Finds out whether the report can be written, before there is anything to report.
pub(super) fn check(path: &Path) -> Result<(), Failure> {
    if is_stdout(path) {
        return Ok(());
    }
    // A link that leads nowhere is there, too: what it leads to is not ours to remove.
    let is_there = path.exists() || path.is_symlink();
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.map_err(|error| unwritable(path, &error))?;
    if !is_there {
        std::fs::remove_file(path).map_err(|error| unwritable(path, &error))?;
    }
    Ok(())
}

/// Writes the report: a suite a database, a case a trial.
pub(super) fn write(
    path: &Path,
    verdicts: &[Verdict],
    faults: &[(&Verdict, Diagnostic)],
    terminal: Terminal,
) -> Result<(), Failure> {
    if is_stdout(path) {
        // As a script: what looks like colour there may stand in somebody's message.
        return Ok(terminal.script(&text(verdicts, faults))?);
    }
    std::fs::write(path, text(verdicts, faults)).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("`{}` cannot be written", path.display());
    let told = Diagnostic::new("io", message).cause(error);
    Failure::refused(told.hint("name a file in a folder that is there: `--junit FILE`"))
}

fn text(verdicts: &[Verdict], faults: &[(&Verdict, Diagnostic)]) -> String {
    let mut suites: BTreeMap<&str, Vec<&Verdict>> = BTreeMap::new();
    for verdict in verdicts {
        suites
            .entry(verdict.subject.database.as_str())
            .or_default()
            .push(verdict);
    }
    let mut text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"rev test\">\n".to_owned();
    for (database, verdicts) in suites {
        let count =
            |is: fn(&Judgement) -> bool| verdicts.iter().filter(|it| is(&it.judgement)).count();
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" errors=\"0\" time=\"{}\">",
            escaped(database),
            verdicts.len(),
            count(|it| matches!(it, Judgement::Failed(_))),
            count(|it| matches!(it, Judgement::Skipped(_))),
            seconds(verdicts.iter().map(|it| it.elapsed_ms).sum()),
        );
        for verdict in verdicts {
            case(&mut text, verdict, faults);
        }
        text.push_str("  </testsuite>\n");
    }
    text + "</testsuites>\n"
}

fn case(text: &mut String, verdict: &Verdict, faults: &[(&Verdict, Diagnostic)]) {
    let name = plain(&subject(&verdict.subject));
    let _ = write!(
        text,
        "    <testcase classname=\"rev.{}\" name=\"{}\" time=\"{}\"",
        escaped(verdict.subject.database.as_str()),
        escaped(&name),
        seconds(verdict.elapsed_ms),
    );
    match &verdict.judgement {
        Judgement::Passed => text.push_str("/>\n"),
        Judgement::Skipped(skip) => {
            let reason = escaped(&reason(skip));
            let _ = writeln!(text, "><skipped message=\"{reason}\"/></testcase>");
        }
        Judgement::Failed(_) => {
            let told = faults.iter().find(|(it, _)| it.number == verdict.number);
            let (message, details) = told
                .map(|(_, told)| (told.message.clone(), plain(&told.text(false))))
                .unwrap_or_default();
            let _ = writeln!(
                text,
                "><failure message=\"{}\">{}</failure></testcase>",
                escaped(&message),
                escaped(&details)
            );
        }
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// Without colour.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// A text between tags or quotes. What XML cannot hold at all is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in shown(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            '\u{fffe}' | '\u{ffff}' => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_message_ends_its_element() {
        assert_eq!(
            escaped("a < \"b\" & c\u{1b}>\n"),
            "a &lt; &quot;b&quot; &amp; c\\u{1b}&gt;\n"
        );
        assert_eq!(seconds(12_034), "12.034");
    }
}
