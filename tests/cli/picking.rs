//! A target that is ambiguous, on a terminal: what it means is picked from a list.

use crate::harness::{Project, SETTINGS, table};
use crate::terminal::Sitting;

const QUESTION: &str = "which one? 1 to 2";

/// Runs a command, picks by these keys, and says how it ended and what is on the screen.
fn picked(project: &Project, words: &str, keys: &str) -> (Option<i32>, String) {
    let words: Vec<&str> = words.split(' ').collect();
    let mut sitting = Sitting::begin(project, &words, 100);
    sitting.until(|shown| shown.contains(QUESTION));
    sitting.press(keys);
    let (exit, shown, _) = sitting.end();
    (exit, shown)
}

/// Runs a command that asks nothing, to its end.
fn unasked(project: &Project, words: &str) -> String {
    let words: Vec<&str> = words.split(' ').collect();
    let (exit, shown, _) = Sitting::begin(project, &words, 100).end();
    assert_eq!(exit, Some(1), "{shown}");
    assert!(!shown.contains("which one"), "{shown}");
    shown
}

fn stands(project: &Project, database: &str) -> String {
    project.rev(&format!("current {database}")).out
}

#[test]
fn one_of_two_heads_is_picked_from_a_list() {
    let project = Project::fork();
    project.write("rev.yaml", "databases: {db1: sqlite://db1.sqlite}\n");
    // What is no number of the list is asked again.
    let (exit, shown) = picked(&project, "upgrade", "3\rx\r2\r");
    assert_eq!(exit, Some(0), "{shown}");
    assert!(shown.contains("   1  bbbb  add mission"), "{shown}");
    assert!(shown.contains("   2  cccc  add invoice"), "{shown}");
    assert_eq!(shown.matches(QUESTION).count(), 3, "{shown}");
    assert!(stands(&project, "db1").contains("cccc"), "{shown}");

    // A beginning of an id that two have.
    for id in ["dead1111", "dead2222"] {
        project.write(&format!("revisions/{id}.yaml"), &table(id, "cccc", id));
    }
    let (exit, shown) = picked(&project, "upgrade dead", "1\r");
    assert_eq!(exit, Some(0), "{shown}");
    assert!(stands(&project, "db1").contains("dead1111"), "{shown}");
}

#[test]
fn a_pick_is_for_the_database_that_was_named() {
    let project = Project::fork();
    project.write("rev.yaml", SETTINGS);
    let (exit, shown) = picked(&project, "stamp db1@head", "1\r");
    assert_eq!(exit, Some(0), "{shown}");
    assert!(stands(&project, "db1").contains("bbbb"), "{shown}");
    assert!(!project.has("db2.sqlite"), "{shown}");
    // For several databases, or several targets, nobody is asked.
    for words in [
        "upgrade",
        "upgrade head",
        "stamp head",
        "upgrade db2@head db2@aaaa",
    ] {
        let shown = unasked(&project, words);
        assert!(shown.contains("ambiguous"), "{words}: {shown}");
        assert!(!project.has("db2.sqlite"), "{words}: {shown}");
    }
    assert!(!stands(&project, "db1").contains("cccc"));
}

#[test]
fn an_empty_answer_picks_nothing() {
    let project = Project::fork();
    let (exit, shown) = picked(&project, "upgrade db1@head", "\r");
    assert_eq!(exit, Some(1), "{shown}");
    assert!(
        shown.contains("hint: name one (`rev upgrade db1@"),
        "{shown}"
    );
    assert!(!project.has("db1.sqlite"), "{shown}");
}
