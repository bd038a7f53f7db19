//! Printed hints, followed: each command that a refusal offers is run in the very situation.
//!
//! A hint offers *ways*: the commands that lead on from one another by "then" are one way, all
//! others are ways of their own. A way is followed in a copy of the situation. No command of it
//! may be refused for how it is written, and none may come back to the error that it was offered
//! for: either it succeeds, or it is refused for another reason, whose hints are followed in turn.

use std::collections::BTreeSet;

/// What a command said.
#[derive(Debug, Clone)]
pub struct Told {
    /// How it ended.
    pub exit: Option<i32>,
    /// What it said to people.
    pub err: String,
}

/// Commands that are run one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The words of each, without `rev`.
    pub commands: Vec<Vec<String>>,
    /// Whether somebody has to do something first, such as to mend the cause.
    pub is_after_a_person: bool,
}

/// The hints of a text, each on one line.
#[must_use]
pub fn hints(text: &str) -> Vec<String> {
    let mut hints: Vec<String> = Vec::new();
    let mut is_within = false;
    for line in text.lines() {
        if let Some(hint) = line.strip_prefix("hint: ") {
            hints.push(hint.to_owned());
            is_within = true;
        } else if is_within && line.starts_with("      ") {
            let hint = hints.last_mut().expect("one was begun");
            hint.push(' ');
            hint.push_str(line.trim());
        } else {
            is_within = false;
        }
    }
    hints
}

/// The first line of what went wrong.
fn error(told: &Told) -> &str {
    let lines = told.err.lines();
    let mut errors = lines.filter(|line| line.starts_with("error: "));
    errors.next().unwrap_or_default()
}

/// Whether a word is to be filled in by who reads it: `URL`, `<url>`, `db1=URL`, `…`.
fn is_blank(word: &str) -> bool {
    let is_capital = |part: &str| part.len() > 1 && part.bytes().all(|it| it.is_ascii_uppercase());
    word.contains(['…', '<']) || word.split([':', '=', '@', '/']).any(is_capital)
}

/// Words as a shell would part them.
#[must_use]
pub fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for character in command.chars() {
        match character {
            '"' | '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            _ => words.last_mut().expect("one is there").push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Flags that have a value, where a hint may name them without one.
const VALUED: [&str; 8] = [
    "--onto",
    "--format",
    "--from",
    "--from-database",
    "--lock-wait",
    "--save",
    "--scratch",
    "--url",
];

/// `asked` without a flag and its value, or with it.
fn with_flag(asked: &[String], flag: &str, is_without: bool) -> Vec<String> {
    let flag = words(flag);
    let mut command = asked.to_vec();
    let name = |word: &String| word.split('=').next().unwrap_or_default().to_owned();
    if let Some(at) = command.iter().position(|word| name(word) == flag[0]) {
        let is_apart = !command.remove(at).contains('=');
        let is_value = command
            .get(at)
            .is_some_and(|word| word == "-" || !word.starts_with('-'));
        if is_value && is_apart && VALUED.contains(&flag[0].as_str()) {
            command.remove(at);
        }
    }
    if !is_without {
        command.extend(flag);
    }
    command
}

/// The commands in the quotes of a text, whole ones with all their words.
#[must_use]
pub fn commands(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let commands = quoted.filter_map(|it| it.strip_prefix("rev "));
    let whole = commands.filter(|it| !it.split(' ').any(is_blank));
    whole.map(str::to_owned).collect()
}

/// The ways that a hint offers to who asked for `asked`.
#[must_use]
pub fn ways(hint: &str, asked: &[String]) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    let parts: Vec<&str> = hint.split('`').collect();
    // What was said since the last command, quoted words with it.
    let mut before = String::new();
    let mut is_without = false;
    for (number, part) in parts.iter().enumerate() {
        if number % 2 == 0 {
            before.push_str(part);
            continue;
        }
        let command = if let Some(command) = part.strip_prefix("rev ") {
            words(command)
        } else if part.starts_with("--") {
            let said = before.trim_end();
            let after = parts.get(number + 1).copied().unwrap_or_default();
            let goes_on = is_without && said.trim() == "and";
            is_without = said.ends_with("without") || after.starts_with(" out") || goes_on;
            if goes_on && let Some(way) = ways.last_mut() {
                // Without the one and the other.
                way.commands[0] = with_flag(&way.commands[0], part, true);
                before.clear();
                continue;
            }
            with_flag(asked, part, is_without)
        } else {
            before.push_str(part);
            continue;
        };
        let is_chained = before.contains("then") && !before.contains("or ");
        match ways.last_mut() {
            Some(way) if is_chained => way.commands.push(command),
            _ => {
                let acts = ["then", "once ", "where ", "if ", "after ", "such as"];
                let is_after_a_person = acts.iter().any(|act| before.contains(act));
                ways.push(Way {
                    commands: vec![command],
                    is_after_a_person,
                });
            }
        }
        before.clear();
    }
    ways
}

/// What is wrong with the hints of an answer, if anything is: each way is followed in a copy of
/// its own, which `copy` makes and `run` runs commands in.
pub fn follow<S>(
    asked: &[String],
    told: &Told,
    copy: &dyn Fn() -> S,
    run: &dyn Fn(&S, &[String]) -> Told,
) -> Vec<String> {
    let mut seen = BTreeSet::from([error(told).to_owned()]);
    let mut wrong = Vec::new();
    for way in all_ways(asked, told) {
        let situation = copy();
        for command in &way.commands {
            if command.iter().any(|word| is_blank(word)) {
                wrong.extend(check_blank(command, &situation, run));
                continue;
            }
            let answer = run(&situation, command);
            let shown = format!("`rev {}`", command.join(" "));
            if answer.err.contains("a value is required for") {
                // A flag that is only spoken of.
                continue;
            } else if !is_command(&answer) {
                wrong.push(format!("{shown} is no command: {}", answer.err));
            } else if way.is_after_a_person {
                continue;
            } else if !error(&answer).is_empty() && !seen.insert(error(&answer).to_owned()) {
                wrong.push(format!("{shown} leads in a circle: {}", answer.err));
            } else if answer.exit == Some(1) && !says_what(&answer.err) {
                wrong.push(format!("{shown} leads nowhere: {}", answer.err));
            }
        }
    }
    wrong
}

/// Whether an error says where it is, whence it came, or what helps. Without words, what it says
/// is for programs.
fn says_what(error: &str) -> bool {
    let marks = ["hint: ", "caused by: ", "  --> "];
    error.is_empty() || marks.iter().any(|mark| error.contains(mark))
}

/// Whether the command line took it: what else was asked may be refused all the same.
fn is_command(answer: &Told) -> bool {
    match answer.exit {
        Some(2) => !answer.err.contains("\nUsage: ") && !answer.err.contains("unexpected argument"),
        exit => matches!(exit, Some(0 | 1 | 3 | 4)),
    }
}

fn all_ways(asked: &[String], told: &Told) -> Vec<Way> {
    let hints = hints(&told.err);
    hints.iter().flat_map(|hint| ways(hint, asked)).collect()
}

/// What somebody has to fill in is not run, but the command and its flags are there.
fn check_blank<S>(
    command: &[String],
    situation: &S,
    run: &dyn Fn(&S, &[String]) -> Told,
) -> Option<String> {
    let verbs: Vec<String> = command
        .iter()
        .take_while(|word| !word.starts_with('-') && !is_blank(word))
        .take(1)
        .cloned()
        .collect();
    let asked: Vec<String> = verbs.into_iter().chain(["--help".to_owned()]).collect();
    let help = run(situation, &asked);
    let flags = command.iter().filter(|word| word.starts_with("--"));
    let flags = flags.map(|word| word.split('=').next().unwrap_or_default());
    let mut unknown = flags.filter(|flag| !help.err.contains(*flag));
    match unknown.next() {
        None if help.exit == Some(0) => None,
        flag => Some(format!(
            "`rev {}`: no {flag:?}: {help:?}",
            command.join(" ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(hint: &str) -> Vec<String> {
        let asked = words("upgrade db1@head --lock-wait 0");
        let ways = ways(hint, &asked);
        let shown = ways.iter().map(|way| {
            let commands: Vec<String> = way.commands.iter().map(|it| it.join(" ")).collect();
            let person = if way.is_after_a_person {
                "person: "
            } else {
                ""
            };
            format!("{person}{}", commands.join(" > "))
        });
        shown.collect()
    }

    #[test]
    fn ways_are_read_as_people_read_them() {
        let cases: [(&str, &[&str]); 6] = [
            (
                "`rev switch db1@b`, then `rev upgrade`; or `rev stamp db1@c`",
                &["switch db1@b > upgrade", "stamp db1@c"],
            ),
            ("did you mean `head`?", &[]),
            (
                "wait longer (`--lock-wait 5m`), or without end by leaving `--lock-wait` out",
                &["upgrade db1@head --lock-wait 5m", "upgrade db1@head"],
            ),
            (
                "mend the cause, then `rev upgrade` goes on from here",
                &["person: upgrade"],
            ),
            (
                "run it without `--two-phase`",
                &["upgrade db1@head --lock-wait 0"],
            ),
            (
                "say so: `rev revision -m \"two words\"`",
                &["revision -m two words"],
            ),
        ];
        for (hint, expected) in cases {
            assert_eq!(found(hint), expected, "{hint}");
        }
    }

    #[test]
    fn a_circle_is_found_and_a_way_that_helps_is_not() {
        let told = |exit, err: &str| Told {
            exit: Some(exit),
            err: err.to_owned(),
        };
        let asked = words("upgrade");
        let run = |_: &(), words: &[String]| match words[0].as_str() {
            "upgrade" => told(1, "error: a\nhint: `rev circle`, or\n      `rev help`\n"),
            "circle" => told(1, "error: a\n"),
            "typo" => told(2, "error: what?\n\nUsage: rev\n"),
            _ => told(0, ""),
        };
        let wrong = |hint: &str| {
            let answer = told(1, &format!("error: a\nhint: {hint}\n"));
            follow(&asked, &answer, &|| (), &run).len()
        };
        assert_eq!(wrong("`rev help`"), 0);
        assert_eq!(wrong("`rev circle`"), 1);
        assert_eq!(wrong("`rev typo`"), 1);
        assert_eq!(wrong("`rev upgrade`"), 1);
        assert_eq!(hints("error: a\nhint: b\n      c\nhint: d\n"), ["b c", "d"]);
    }
}
