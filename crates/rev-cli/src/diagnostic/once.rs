//! One cause told once, with the databases it concerns.
//!
//! Forty databases that stand before the same fork have one fault, not forty. Two diagnostics are
//! the same where they differ in their database's name alone: with a mark in the name's place they
//! are equal. So what does differ (a row, a head) is still told apart.
//!
//! A name may be a word of something else too: of a path, or of the server's own database. So a
//! message is reworded for all of them only where it surely means ours; else a line names them.

use std::collections::{BTreeSet, HashMap};

use rev_core::DatabaseName;

use super::Diagnostic;
use crate::terminal::{FAINT, count};

/// The mark in the place of a database's name; no text of ours holds it.
const MARK: char = '\u{0}';

/// The most databases that are named where one cause concerns several.
const MOST_NAMED: usize = 4;

/// The most databases that are named in the message itself.
const MOST_IN_MESSAGE: usize = 3;

/// The most causes that are told in full.
const MOST_TOLD: usize = 20;

/// What was told of each database.
pub(crate) type Told = Vec<(DatabaseName, Vec<Diagnostic>)>;

/// How the databases of a project can be named together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Naming<'a> {
    /// All that are bound.
    pub(crate) all: &'a BTreeSet<DatabaseName>,
    /// The groups and who is in them.
    pub(crate) groups: &'a [(String, BTreeSet<DatabaseName>)],
}

/// A cause, and the databases that it was told of.
struct Cause<'a> {
    first: &'a Diagnostic,
    /// Of whom it was told first.
    first_name: &'a DatabaseName,
    /// With the mark in the place of the name.
    marked: Diagnostic,
    names: BTreeSet<DatabaseName>,
    /// Whether it was told of another database in the very same words.
    is_word_for_word: bool,
}

/// Each cause once, in the order in which it was met first.
pub(crate) fn once(told: &Told, naming: Naming<'_>) -> Vec<Diagnostic> {
    let causes = causes(told);
    causes.iter().map(|it| together(it, naming)).collect()
}

/// The same for people: of many causes that differ the first, and whom the others concern.
pub(crate) fn first_of(told: &Told, naming: Naming<'_>) -> Vec<Diagnostic> {
    let causes = causes(told);
    let (first, rest) = causes.split_at(causes.len().min(MOST_TOLD));
    let mut all: Vec<Diagnostic> = first.iter().map(|it| together(it, naming)).collect();
    if !rest.is_empty() {
        let names = rest.iter().flat_map(|it| it.names.iter().cloned());
        let (number, names) = (rest.len(), named(&names.collect()));
        let message = format!("{number} more that differ, on {names}");
        all.push(Diagnostic::new("more", message));
    }
    all
}

fn causes(told: &Told) -> Vec<Cause<'_>> {
    let mut causes: Vec<Cause<'_>> = Vec::new();
    let mut word_for_word: HashMap<String, usize> = HashMap::new();
    let mut but_for_names: HashMap<String, usize> = HashMap::new();
    for (name, diagnostics) in told {
        for diagnostic in diagnostics {
            let marked = marked(diagnostic, name);
            let (said, meant) = (said(diagnostic), said(&marked));
            let alike = word_for_word.get(&said);
            let is_word_for_word = alike.is_some();
            if let Some(&same) = alike.or_else(|| but_for_names.get(&meant)) {
                causes[same].names.insert(name.clone());
                causes[same].is_word_for_word |= is_word_for_word;
                continue;
            }
            word_for_word.insert(said, causes.len());
            but_for_names.insert(meant, causes.len());
            causes.push(Cause {
                first: diagnostic,
                first_name: name,
                marked,
                names: BTreeSet::from([name.clone()]),
                is_word_for_word: false,
            });
        }
    }
    causes
}

/// What it says to people. Facts are for programs, who read them by database.
fn said(it: &Diagnostic) -> String {
    format!("{} {}", it.code, it.text(false))
}

/// A diagnostic with the mark in the place of a database's name.
fn marked(diagnostic: &Diagnostic, name: &DatabaseName) -> Diagnostic {
    let mark = |text: &String| marked_text(text, name.as_str());
    let all = |texts: &[String]| texts.iter().map(mark).collect();
    Diagnostic {
        message: mark(&diagnostic.message),
        lines: all(&diagnostic.lines),
        causes: all(&diagnostic.causes),
        hints: all(&diagnostic.hints),
        ..diagnostic.clone()
    }
}

fn marked_text(text: &str, name: &str) -> String {
    let goes_on = |character: char| character.is_alphanumeric() || "_-".contains(character);
    let mut marked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, found) = rest.split_at(at);
        let after = &found[name.len()..];
        let is_whole = !before.ends_with(goes_on) && !after.starts_with(goes_on);
        marked.push_str(before);
        if is_whole {
            marked.push(MARK);
        } else {
            marked.push_str(name);
        }
        rest = after;
    }
    marked + rest
}

/// One diagnostic for all databases of a cause.
fn together(cause: &Cause<'_>, naming: Naming<'_>) -> Diagnostic {
    let (marked, first, names) = (&cause.marked, cause.first, &cause.names);
    let mut told = first.clone();
    if names.len() == 1 {
        return told;
    }
    let mut name_in_line = |what: &str, names: &BTreeSet<DatabaseName>| {
        let names = named(names);
        told.lines.push(format!("{FAINT}{what}{FAINT:#} {names}"));
    };
    if cause.is_word_for_word {
        // What all are told concerns the project.
        if names != naming.all {
            name_in_line("on", names);
        }
        return told;
    }
    let message = message(&marked.message, names);
    let is_named = first.message.contains(&format!("`{}`", cause.first_name));
    match &message {
        Some(_) if names.len() <= MOST_IN_MESSAGE => {}
        None if is_named => {
            let mut others = names.clone();
            others.remove(cause.first_name);
            name_in_line("the same on", &others);
        }
        _ => name_in_line("on", names),
    }
    if let Some(message) = message {
        told.message = message;
    }
    let selector = selector(names, naming);
    let hints = marked.hints.iter().zip(&first.hints);
    told.hints = hints
        .map(|(marked, first)| {
            let of_all = selector.as_ref().and_then(|it| hint(marked, it));
            of_all.unwrap_or_else(|| first.clone())
        })
        .collect();
    told
}

/// The first few names, and how many more there are.
pub(crate) fn named(names: &BTreeSet<DatabaseName>) -> String {
    let first: Vec<&str> = names
        .iter()
        .take(MOST_NAMED)
        .map(|it| it.as_str())
        .collect();
    match names.len() - first.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// The message with all databases in the place of the one: `(on 40 databases)`, `failed on each of
/// 40 databases`. `None`: it names the database more than once, or perhaps means another thing of
/// that name.
fn message(marked: &str, names: &BTreeSet<DatabaseName>) -> Option<String> {
    let quoted = format!("`{MARK}`");
    let at = marked.find(&quoted)?;
    let (before, after) = (&marked[..at], &marked[at + quoted.len()..]);
    // `shop` at `127.0.0.1`, and the table `shop`.`hero`: the server's.
    let is_ours = !after.starts_with(" at `") && !after.starts_with('.');
    if !is_ours || before.contains(MARK) || after.contains(MARK) {
        return None;
    }
    let all = match names.len() {
        ..=MOST_IN_MESSAGE => super::all_of(names.iter().map(DatabaseName::as_str)),
        number => count(number, "database"),
    };
    // `each of` keeps the rest of the sentence in the singular.
    let each = if before.ends_with("(on ") {
        ""
    } else {
        "each of "
    };
    Some(format!("{before}{each}{all}{after}"))
}

/// What selects exactly these: empty for all, a group, or a pattern. `None`: nothing does.
fn selector(names: &BTreeSet<DatabaseName>, naming: Naming<'_>) -> Option<String> {
    if names == naming.all {
        return Some(String::new());
    }
    let group = naming.groups.iter().find(|(_, members)| members == names);
    if let Some((group, _)) = group {
        return Some(group.clone());
    }
    let (first, last) = (names.first()?.as_str(), names.last()?.as_str());
    let alike = first
        .bytes()
        .zip(last.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let prefix = &first[..alike];
    let is_like = |name: &&DatabaseName| name.as_str().starts_with(prefix);
    let matched = naming.all.iter().filter(is_like).count();
    (alike > 0 && matched == names.len()).then(|| format!("{prefix}*"))
}

/// A hint whose commands serve all of them at once; `None`: they cannot.
fn hint(marked: &str, selector: &str) -> Option<String> {
    let mut parts = Vec::new();
    for (number, part) in marked.split('`').enumerate() {
        let is_command = number % 2 == 1 && part.starts_with("rev ");
        parts.push(match part.contains(MARK) {
            false => part.to_owned(),
            true if is_command => command(part, selector)?,
            true => return None,
        });
    }
    Some(parts.join("`"))
}

fn command(marked: &str, selector: &str) -> Option<String> {
    let quoted = |word: String| match word.contains('*') {
        true => format!("'{word}'"),
        false => word,
    };
    let mut words: Vec<String> = Vec::new();
    for word in marked.split(' ') {
        let is_value = words.last().is_some_and(|last| last.starts_with('-'));
        match word.strip_prefix(MARK) {
            _ if !word.contains(MARK) => words.push(word.to_owned()),
            Some("") if !is_value && selector.is_empty() => {}
            Some("") if !is_value => words.push(quoted(selector.to_owned())),
            Some(rest) if rest.starts_with('@') && !rest.contains(MARK) => {
                words.push(match selector {
                    "" => rest[1..].to_owned(),
                    _ => quoted(format!("{selector}{rest}")),
                });
            }
            _ => return None,
        }
    }
    Some(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(texts: &[&str]) -> BTreeSet<DatabaseName> {
        let name = |text: &&str| DatabaseName::new(text).expect("a name");
        texts.iter().map(name).collect()
    }

    fn told_once(all: &[&str], concerned: &[&str], fault: impl Fn(&str) -> Diagnostic) -> String {
        let told = concerned.iter().map(|&name| {
            let database = DatabaseName::new(name).expect("a name");
            (database, vec![fault(name)])
        });
        let (all, groups) = (names(all), [("eu".to_owned(), names(&["a", "c"]))]);
        let naming = Naming {
            all: &all,
            groups: &groups,
        };
        let told: Vec<String> = once(&told.collect(), naming)
            .iter()
            .map(|it| it.text(false))
            .collect();
        anstream::adapter::strip_str(&told.join("\n")).to_string()
    }

    fn fork(name: &str) -> Diagnostic {
        Diagnostic::new("ambiguous", "`head` is ambiguous")
            .on(name)
            .hint(format!(
                "name one: `rev upgrade {name}@x1`, or look: `rev status {name}`"
            ))
    }

    #[test]
    fn one_cause_is_told_once_with_a_hint_for_all() {
        assert_eq!(
            told_once(&["a", "b"], &["a", "b"], fork),
            "error: `head` is ambiguous (on `a` and `b`)\n\
             hint: name one: `rev upgrade x1`, or look: `rev status`\n"
        );
        assert_eq!(
            told_once(&["a", "b", "c"], &["a", "c"], fork),
            "error: `head` is ambiguous (on `a` and `c`)\n\
             hint: name one: `rev upgrade eu@x1`, or look: `rev status eu`\n"
        );
        assert_eq!(
            told_once(&["a", "t1", "t2"], &["t1", "t2"], fork),
            "error: `head` is ambiguous (on `t1` and `t2`)\n\
             hint: name one: `rev upgrade 't*@x1'`, or look: `rev status 't*'`\n"
        );
        // Nothing names these two alone.
        assert_eq!(
            told_once(&["a", "b", "c"], &["a", "b"], fork),
            "error: `head` is ambiguous (on `a` and `b`)\n\
             hint: name one: `rev upgrade a@x1`, or look: `rev status a`\n"
        );
    }

    #[test]
    fn of_many_databases_four_are_named() {
        let all = ["a", "b", "c", "d", "e", "f"];
        let fails =
            |name: &str| Diagnostic::new("x", format!("step 1 failed on `{name}` (sqlite)"));
        assert_eq!(
            told_once(&all, &all, fails),
            "error: step 1 failed on each of 6 databases (sqlite)\n   on a, b, c, d and 2 more\n"
        );
    }

    #[test]
    fn what_differs_in_more_than_the_name_is_told_apart() {
        let differs = |name: &str| fork(name).line(format!("row {}", name.len()));
        assert_eq!(
            told_once(&["a", "bb"], &["a", "bb"], differs)
                .matches("error")
                .count(),
            2
        );
        // A name that is a word of the message stays a word of it.
        let alike = told_once(&["is", "ambiguous"], &["is", "ambiguous"], fork);
        assert!(alike.contains("`head` is ambiguous"), "{alike}");
    }

    #[test]
    fn a_hint_that_needs_the_one_database_keeps_it() {
        let url = |name: &str| {
            let told = Diagnostic::new("x", "no URL").on(name);
            told.hint(format!("give it: `--url {name}=URL`"))
        };
        assert!(told_once(&["a", "b"], &["a", "b"], url).contains("`--url a=URL`"));
    }
}
