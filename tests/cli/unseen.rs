//! Characters that nobody sees: they are shown as escapes wherever a revision is shown, and
//! `rev check` says where they stand.

use crate::harness::{Project, SETTINGS};

/// One or two of each kind that Unicode has.
const UNSEEN: [char; 24] = [
    '\u{202a}',
    '\u{202b}',
    '\u{202c}',
    '\u{202d}',
    '\u{202e}',
    '\u{2066}',
    '\u{2069}',
    '\u{200e}',
    '\u{200f}',
    '\u{61c}',
    '\u{200b}',
    '\u{200d}',
    '\u{2060}',
    '\u{2064}',
    '\u{ad}',
    '\u{34f}',
    '\u{3164}',
    '\u{fe0f}',
    '\u{180e}',
    '\u{2028}',
    '\u{fff9}',
    '\u{e0041}',
    '\u{1d173}',
    '\u{e0100}',
];

fn project(message: &str, name: &str) -> Project {
    let project = Project::empty();
    let snapshots = "snapshots: {one: {targets: db1@head}}\n";
    project.write("rev.yaml", &format!("{SETTINGS}{snapshots}"));
    let text = format!(
        "revision: aaaa\ndown_revision: null\nmessage: \"{message}\"\nupgrade: \"CREATE TABLE a (b TEXT DEFAULT '{name}'); SELECT 1\"\ndowngrade: DROP TABLE a\n"
    );
    project.write("revisions/aaaa_x.yaml", &text);
    project
}

const SHOWING: [&str; 16] = [
    "history",
    "heads",
    "show aaaa",
    "plan db1@head --from base",
    "plan db1@head --from base -v",
    "plan db1@head --from base --format mermaid",
    "plan db1@head --from base --format markdown",
    "plan db1@head --from base --format markdown -v",
    "plan db1@head --from base --format json",
    "graph",
    "graph --format mermaid",
    "show aaaa --format json",
    "check",
    "check --format json",
    "upgrade db1@head",
    "status",
];

#[test]
fn what_nobody_sees_is_written_out_wherever_it_is_shown() {
    for character in UNSEEN {
        let code = u32::from(character);
        let project = project(&format!("one {character}two"), &format!("x{character}y"));
        let escape = format!("\\u{{{code:x}}}");
        for words in SHOWING {
            let answer = project.rev(words);
            let shown = answer.to_string();
            assert!(!shown.contains(character), "{code:x}, {words}: {shown}");
            if words.starts_with("check") {
                assert_eq!(answer.exit, Some(4), "{code:x}: {shown}");
                assert!(shown.contains(&format!("U+{code:04X}")), "{shown}");
                continue;
            }
            assert_eq!(answer.exit, Some(0), "{code:x}, {words}: {shown}");
            let is_told = ["history", "show aaaa", "plan db1@head --from base -v"];
            if is_told.contains(&words) {
                assert!(shown.contains(&escape), "{code:x}, {words}: {shown}");
            }
            if words.contains("json") {
                let text = answer.json().to_string();
                assert!(text.contains(character), "JSON says what is there: {text}");
            }
        }
        for words in ["snapshot", "plan db1@base --save plan.yaml", "merge --help"] {
            assert_eq!(project.rev(words).exit, Some(0));
        }
        for file in ["snapshots/one.txt", "plan.yaml"] {
            let text = std::fs::read_to_string(project.path().join(file)).expect("a file");
            assert!(!text.contains(character), "{code:x}, {file}: {text}");
        }
    }
}

#[test]
fn control_characters_are_written_out_too() {
    for (escape, shown) in [
        ("\\x1b[31m", "\\u{1b}[31m"),
        ("\\x1b[8m", "\\u{1b}[8m"),
        ("\\x1b]0;x\\a", "\\u{1b}]0;x\\u{7}"),
        ("\\b", "\\u{8}"),
        ("\\r", "\\u{d}"),
        ("\\x9b", "\\u{9b}"),
        ("\\x7f", "\\u{7f}"),
    ] {
        let project = project(&format!("one {escape}two"), &format!("x{escape}y"));
        for words in ["history", "show aaaa", "plan db1@head --from base -v"] {
            for colour in ["never", "always"] {
                let answer = project.rev(&format!("{words} --color {colour}"));
                assert!(
                    answer.out.contains(shown),
                    "{escape}, {words}: {:?}",
                    answer.out
                );
            }
        }
        let answer = project.rev("check");
        assert_eq!(answer.exit, Some(4), "{answer}");
        assert!(
            answer.out.contains("unseen") || answer.out.contains("nobody sees"),
            "{answer}"
        );
    }
}

#[test]
fn a_check_says_where_what_nobody_sees_stands() {
    let project = project("one", "x\u{202e}y");
    let answer = project.rev("check");
    assert_eq!(answer.exit, Some(4), "{answer}");
    assert!(answer.out.contains("revisions/aaaa_x.yaml:4:"), "{answer}");
    assert!(answer.out.contains("'x\\u{202e}y'"), "{answer}");
    project.write("rev.yaml", &format!("{SETTINGS}# \u{2066}\n"));
    assert!(project.rev("check").out.contains("rev.yaml:6:3"));
    project.write("rev.yaml", SETTINGS);
    project.write(
        "revisions/aaaa_x.yaml",
        "revision: aaaa\ndown_revision: null\nmessage: größer, 大きい, أكبر\nupgrade: SELECT 1\ndowngrade: SELECT 1\n",
    );
    assert_eq!(project.rev("check").exit, Some(0));
}

#[test]
fn a_plan_for_a_review_is_not_live_and_shows_its_statements() {
    let message = "see https://evil.example www.evil.example @ann #12 ![x](http://a/b) <img> `c`";
    let project = project(message, "``` @ann");
    let answer = project.rev("plan db1@head --from base --format markdown");
    // A code span: nothing of it is live.
    let span = format!("| `` {message} `` |");
    assert!(answer.out.contains(&span), "{answer}");
    let block = "\n````sql\nCREATE TABLE a (b TEXT DEFAULT '``` @ann');\nSELECT 1;\n````\n";
    assert!(answer.out.contains(block), "{answer}");
}
