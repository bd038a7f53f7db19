//! Counts in messages: `1 revision`, `2 revisions`.

use std::collections::BTreeSet;

use crate::source::{Literal, literals};

/// What is counted by other means than by the helper of all messages.
const NOUNS: [&str; 15] = [
    "byte",
    "change",
    "character",
    "column",
    "file",
    "head",
    "part",
    "problem",
    "script",
    "second",
    "side",
    "table",
    "trial",
    "time",
    "warning",
];

/// The literals with a plural that is never one, and why.
const NEVER_ONE: [(&str, &str); 11] = [
    (
        "`{prefix}` is ambiguous: {} revisions begin so",
        "one is no ambiguity",
    ),
    ("`{point}` is ambiguous: {} heads", "one is no ambiguity"),
    (
        "`{point}` is ambiguous: {} heads are applied",
        "one is no ambiguity",
    ),
    (
        "a downgrade goes to one point; `{point}` means {} revisions",
        "one is one point",
    ),
    (
        "`{name}` is no branch: it means {} revisions",
        "one is a branch",
    ),
    ("`{text}` means {} revisions", "one is taken"),
    (
        "`{text}` is not a target: it has more than {most} parts",
        "two or three",
    ),
    (
        "a {kind} has at most {MAX_ID_LENGTH} characters; this one has {length}",
        "sixty-four",
    ),
    (
        "revision `{revision}` has {direction} scripts by dialect, but none for database `{database}` ({dialect})",
        "it is no number",
    ),
    ("other runs were first {REPLANS} times", "a hundred"),
    (
        "the file has {size} bytes; at most {limit} are read",
        "more than the limit",
    ),
];

/// A place in an output that counts one thing as several: `1 revisions`.
pub(crate) fn of_one(text: &str) -> Option<&str> {
    let starts = text.match_indices("1 ").map(|(at, _)| at);
    let mut starts = starts
        .filter(|at| !text[..*at].ends_with(|it: char| it.is_alphanumeric() || ".,:".contains(it)));
    starts.find_map(|at| {
        let rest = &text[at..];
        let end = rest[2..]
            .find(|it: char| !it.is_alphabetic())
            .map_or(rest.len(), |end| end + 2);
        let noun = rest[2..end].strip_suffix('s')?;
        (NOUNS.contains(&noun) || OFTEN.contains(&noun)).then_some(&rest[..end])
    })
}

/// What most messages count.
const OFTEN: [&str; 6] = [
    "database",
    "finding",
    "revision",
    "row",
    "statement",
    "step",
];

/// Every noun that is counted anywhere.
fn nouns(literals: &[Literal]) -> BTreeSet<String> {
    let is_counted = |it: &&Literal| it.calls.last().is_some_and(|call| call == "count");
    let counted = literals.iter().filter(is_counted);
    let counted = counted.map(|it| {
        it.text
            .split(' ')
            .next_back()
            .unwrap_or_default()
            .to_owned()
    });
    counted.chain(NOUNS.map(str::to_owned)).collect()
}

#[test]
fn no_message_counts_one_thing_as_several() {
    let literals = literals();
    let nouns = nouns(&literals);
    assert!(nouns.len() > NOUNS.len(), "{nouns:?}");
    let is_plural = |word: &str| {
        word.strip_suffix('s')
            .is_some_and(|noun| nouns.contains(noun))
    };
    let (mut met, mut found) = (BTreeSet::new(), Vec::new());
    for literal in &literals {
        let after_numbers = literal.text.split('}').skip(1);
        let mut words = after_numbers.filter_map(|rest| {
            let word = rest
                .strip_prefix(' ')?
                .split(|it: char| !it.is_alphabetic())
                .next()?;
            is_plural(word).then_some(word)
        });
        let Some(word) = words.next() else { continue };
        // An arm for one stands beside it.
        let has_one = literals.iter().any(|it| {
            let singular = word.trim_end_matches('s');
            it.place.split(':').next() == literal.place.split(':').next()
                && (it.text.contains(&format!("1 {singular}"))
                    || it.text.contains(&format!("a {singular}")))
        });
        let never = NEVER_ONE.iter().find(|(text, _)| literal.text == *text);
        met.extend(never.map(|it| it.0));
        if !has_one && never.is_none() {
            found.push(format!(
                "{}: `1 {word}` by: {}",
                literal.place, literal.text
            ));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    let all: BTreeSet<&str> = NEVER_ONE.iter().map(|it| it.0).collect();
    assert_eq!(met, all, "what is excused is there");
}
