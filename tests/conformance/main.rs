//! Conformance: what Alembic 1.20.1 answered, asked again of our pure crate.
//!
//! Every binding case agrees, but for the differences that a rule carries; each
//! rule has a reason, is tight, and is used. The snapshot beside this file counts them.

mod answer;
mod oracle;
mod rules;

use std::collections::BTreeMap;

use answer::{Answer, answer, load};
use oracle::{Case, read};
use rules::{Question, RULES};

/// Kinds that are the library's own and no user's question.
const NOT_ASKED: [&str; 1] = ["range"];

/// Why an answer is not the recorded one; `None` where it is.
fn difference(case: &Case, ours: &Answer) -> Option<String> {
    let wrong = |what: &str| Some(what.to_owned());
    match (case.expects_error(), ours) {
        (true, Answer::Error(_)) => None,
        (true, _) => wrong("an error was expected"),
        (false, Answer::Error(message)) => Some(format!("no error was expected: {message}")),
        (false, Answer::Loaded) => None,
        (false, Answer::Structure(fields)) => {
            let field = fields
                .iter()
                .find(|(name, ids)| case.expected(name) != *ids);
            field.map(|(name, _)| format!("other {name}"))
        }
        (false, Answer::Ids(ids)) => {
            let field = match case.kind.as_str() {
                "history" => "steps",
                "merge" => "down_revision",
                _ => "ids",
            };
            (case.expected(field) != *ids).then(|| format!("other {field}: {ids:?}"))
        }
        (
            false,
            Answer::Steps {
                steps,
                heads,
                in_order,
            },
        ) => {
            let mut steps = steps.clone();
            steps.sort();
            if case.expected("heads_after") != *heads {
                return Some(format!("other heads: {heads:?}"));
            }
            if case.kind != "stamp" && case.expected("steps") != steps {
                return Some(format!("other steps: {steps:?}"));
            }
            if *in_order {
                None
            } else {
                wrong("steps out of order")
            }
        }
    }
}

#[derive(Default)]
struct Tally {
    agreed: BTreeMap<String, usize>,
    by_rule: BTreeMap<&'static str, usize>,
    flagged: usize,
    not_asked: usize,
    unexplained: Vec<String>,
}

fn ask(file: &str, tally: &mut Tally) {
    for recorded in read(file) {
        let graph = load(&recorded);
        for case in &recorded.cases {
            if NOT_ASKED.contains(&case.kind.as_str()) {
                tally.not_asked += 1;
                continue;
            }
            let ours = answer(&graph, case);
            if !case.is_binding() {
                tally.flagged += 1;
                continue;
            }
            let Some(why) = difference(case, &ours) else {
                *tally.agreed.entry(case.kind.clone()).or_default() += 1;
                continue;
            };
            let question = Question {
                recorded: &recorded,
                graph: graph.as_deref().ok(),
                case,
                ours: &ours,
            };
            match RULES.iter().find(|rule| (rule.carries)(&question)) {
                Some(rule) => *tally.by_rule.entry(rule.name).or_default() += 1,
                None => tally.unexplained.push(format!(
                    "{} {} {:?} at {:?}: {why}; recorded {:?}",
                    recorded.name,
                    case.kind,
                    case.words(),
                    case.current,
                    case.expect,
                )),
            }
        }
    }
}

#[test]
fn every_binding_answer_agrees_or_a_rule_says_why_not() {
    let mut tally = Tally::default();
    ask("public.jsonl", &mut tally);
    ask("suite.jsonl", &mut tally);
    let mut report = String::from("agreed:\n");
    for (kind, count) in &tally.agreed {
        report += &format!("  {kind:<10} {count:>5}\n");
    }
    report += "differences, by rule:\n";
    for rule in RULES {
        let count = tally.by_rule.get(rule.name).copied().unwrap_or_default();
        report += &format!("  {:<24} {count:>4}  {}\n", rule.name, rule.reason);
    }
    report += &format!(
        "flagged, asked but not judged: {}\nrange, not asked (no user's question): {}\n",
        tally.flagged, tally.not_asked,
    );
    assert!(
        tally.unexplained.is_empty(),
        "{report}{} unexplained:\n{}",
        tally.unexplained.len(),
        tally.unexplained.join("\n"),
    );
    insta::assert_snapshot!("conformance", report);
    for rule in RULES {
        assert!(
            tally.by_rule.contains_key(rule.name),
            "rule {} is never used",
            rule.name
        );
    }
}
