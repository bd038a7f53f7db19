//! The oracle: what Alembic answers, and where we differ on purpose.
//!
//! Every binding case agrees or is carried by exactly one of [`rules::RULES`]
//! (the first that covers it). A rule that carries nothing is a failure too.

mod answer;
mod judge;
mod oracle;
mod rules;

use std::fs;
use std::path::Path;

use rules::{Difference, RULES};

#[derive(Default)]
struct Tally {
    agreed: usize,
    flagged: usize,
    unasked: usize,
    by_rule: Vec<usize>,
    unexplained: Vec<String>,
}

impl Tally {
    fn take(&mut self, page: &oracle::Page) {
        let graph = answer::load(page);
        let edges = judge::Edges::of(page);
        for (index, case) in page.cases.iter().enumerate() {
            // Flagged cases are asked as well: nothing may panic.
            let ours = answer::answer(&graph, case);
            let theirs = case.expected();
            let Some(ours) = ours else {
                self.unasked += 1;
                continue;
            };
            if !case.binds() {
                self.flagged += 1;
            } else if judge::agree(&edges, case, &theirs, &ours) {
                self.agreed += 1;
            } else {
                let difference = Difference {
                    graph: graph.as_ref().map_err(String::as_str),
                    case,
                    theirs: &theirs,
                    ours: &ours,
                };
                match RULES.iter().position(|rule| (rule.covers)(&difference)) {
                    Some(rule) => self.by_rule[rule] += 1,
                    None => self.unexplained.push(format!(
                        "{} case {index}: {} {:?} at {:?}\n  Alembic {theirs:?}\n  ours    {ours:?}",
                        page.name, case.kind, case.target, case.current,
                    )),
                }
            }
        }
    }
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the count of each rule is the test's report"
)]
fn every_binding_answer_agrees_or_differs_by_a_rule() {
    let mut tally = Tally {
        by_rule: vec![0; RULES.len()],
        ..Tally::default()
    };
    for file in ["public.jsonl", "suite.jsonl"] {
        for page in oracle::read(file) {
            tally.take(&page);
        }
    }
    println!("{} agree", tally.agreed);
    for (rule, count) in RULES.iter().zip(&tally.by_rule) {
        println!("{count:5} differ: {}", rule.name);
    }
    assert!(
        tally.unexplained.is_empty(),
        "{}",
        tally.unexplained.join("\n")
    );
    let unused: Vec<&str> = RULES
        .iter()
        .zip(&tally.by_rule)
        .filter_map(|(rule, &count)| (count == 0).then_some(rule.name))
        .collect();
    assert!(unused.is_empty(), "rules that carry nothing: {unused:?}");
    check_page(&rules::page(
        &tally.by_rule,
        tally.agreed,
        tally.flagged,
        tally.unasked,
    ));
}

fn check_page(page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    if std::env::var_os("REV_UPDATE_DOCS").is_some() {
        fs::write(&path, page).expect("docs/ can be written");
    }
    let written = fs::read_to_string(&path).expect("docs/conformance.md is there");
    assert_eq!(written, page, "docs/conformance.md is out of date");
}
