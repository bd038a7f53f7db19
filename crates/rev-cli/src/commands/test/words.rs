//! What came of trials, in words: a line each, for people and for programs.

use std::collections::BTreeMap;

use rev_engine::trial::{Judgement, Kind, Moment, Remark, Report, Skip, Subject, Verdict};

use crate::commands::one_line;
use crate::diagnostic::Diagnostic;
use crate::format::trial::{TestLine, Totals, Trial, TrialResult};
use crate::terminal::{ERROR, FAINT, GOOD, ID, NAME, Terminal, WARNING, count};

/// The lines of trials, in their order, however they end.
pub(super) struct Lines<'a> {
    terminal: Terminal,
    /// What is wrong where one failed.
    told: &'a (dyn Fn(&Verdict) -> Option<Diagnostic> + Sync),
    next: usize,
    waiting: BTreeMap<usize, Verdict>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(
        terminal: Terminal,
        told: &'a (dyn Fn(&Verdict) -> Option<Diagnostic> + Sync),
    ) -> Self {
        Self {
            terminal,
            told,
            next: 0,
            waiting: BTreeMap::new(),
        }
    }

    /// All lines that can be told now that this trial has ended.
    pub(super) fn next(&mut self, verdict: Verdict) -> String {
        self.waiting.insert(verdict.number, verdict);
        let mut text = String::new();
        while let Some(verdict) = self.waiting.remove(&self.next) {
            self.next += 1;
            let is_news = !self.terminal.quiet || matches!(verdict.judgement, Judgement::Failed(_));
            if self.terminal.is_json() {
                text.push_str(&self.json(&verdict));
            } else if is_news {
                text.push_str(&line(&verdict, self.terminal));
            }
        }
        text
    }

    fn json(&self, verdict: &Verdict) -> String {
        let told = (self.told)(verdict);
        json_line(&TestLine::Test(Box::new(trial(verdict, told.as_ref()))))
    }
}

/// A line for programs.
pub(super) fn json_line(line: &TestLine) -> String {
    let text = serde_json::to_string(line).expect("it holds no map");
    format!("{text}\n")
}

fn line(verdict: &Verdict, terminal: Terminal) -> String {
    let end = match &verdict.judgement {
        Judgement::Passed => format!("{GOOD}ok{GOOD:#}"),
        Judgement::Failed(_) => format!("{ERROR}FAILED{ERROR:#}"),
        Judgement::Skipped(skip) => format!("{WARNING}skipped{WARNING:#}: {}", reason(skip)),
    };
    // A time is no news to a file, and would make two runs differ.
    let time = match terminal.is_watched() {
        true => format!(" {FAINT}({} ms){FAINT:#}", verdict.elapsed_ms),
        false => String::new(),
    };
    let only_up = verdict.remarks.iter().find_map(|it| match it {
        Remark::OnlyUp { is_irreversible } => Some(match is_irreversible {
            true => ", only up: irreversible",
            false => ", only up: it has no way down",
        }),
        _ => None,
    });
    let only_up = only_up.unwrap_or_default();
    let mut text = format!("{} … {end}{only_up}{time}\n", subject(&verdict.subject));
    if terminal.verbose {
        for remark in verdict.remarks.iter().filter(is_untried) {
            text.push_str(&format!("   {FAINT}{}{FAINT:#}\n", remark_words(remark)));
        }
    }
    text
}

/// `db1  5f1c2a9be0d4  create missions`.
pub(super) fn subject(subject: &Subject) -> String {
    let Subject {
        database,
        kind,
        revision,
        message,
    } = subject;
    let name = format!("{NAME}{database}{NAME:#}");
    let Some(revision) = revision else {
        return format!("{name}  head");
    };
    let what = match kind {
        Kind::Revision | Kind::Head => "",
        Kind::Merge => "merge ",
        Kind::Shortcut => "shortcut ",
    };
    let words = format!("{name}  {what}{ID}{revision}{ID:#}  {}", one_line(message));
    words.trim_end().to_owned()
}

/// Why something is not tried, as a phrase.
pub(super) fn reason(skip: &Skip) -> String {
    match skip {
        Skip::StandsOn(id) => format!("it stands on `{id}`, which failed"),
        Skip::Stopped => "the run was stopped".to_owned(),
    }
}

/// A moment, as a phrase.
pub(super) fn moment(moment: &Moment) -> String {
    match moment {
        Moment::Before => "the way to where it begins".to_owned(),
        Moment::Upgrade => "the upgrade".to_owned(),
        Moment::Downgrade => "the downgrade".to_owned(),
        Moment::UpgradeAgain => "the second upgrade, after the downgrade,".to_owned(),
        Moment::Order(order) => format!("the order {}", ids(order)),
    }
}

/// `a`, `b`, as people read it.
pub(super) fn ids(ids: &[rev_core::RevisionId]) -> String {
    let words: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    words.join(", ")
}

/// A remark, as a sentence.
pub(super) fn remark_words(remark: &Remark) -> String {
    match remark {
        Remark::OnlyUp { is_irreversible } => {
            let why = match is_irreversible {
                true => "it says that it is irreversible",
                false => "it has no way down",
            };
            format!("only its way up was proven: {why}")
        }
        Remark::NoSample { table, reason } => {
            format!(
                "no rows for `{table}` could be invented: {}",
                one_line(reason)
            )
        }
        Remark::SampleRefused { moment: at, reason } => format!(
            "whether rows are kept was not tried: {} fails on invented rows: {}",
            moment(at),
            one_line(reason)
        ),
        Remark::RowsLeft { table, rows } => format!(
            "the downgrade leaves {} in `{table}`: {}",
            count(rows.len(), "row"),
            rows.join("; ")
        ),
        Remark::OrdersLeftOut { tried, left_out } => format!(
            "{tried} of {} of its sides were tried, each side first and last",
            count(tried + left_out, "order")
        ),
    }
}

/// `12 passed, 1 failed, 1 skipped; 2 databases were made`.
pub(super) fn summary(report: &Report) -> String {
    let tally = Counts::of(&report.verdicts);
    let made = match report.made {
        1 => "1 database was made".to_owned(),
        made => format!("{} were made", count(made, "database")),
    };
    let failed = match tally.failed {
        0 => "0 failed".to_owned(),
        failed => format!("{ERROR}{failed} failed{ERROR:#}"),
    };
    format!(
        "\n{} passed, {failed}, {} skipped; {made}\n",
        tally.passed, tally.skipped
    )
}

/// Whether a remark is not told with the line of its trial.
fn is_untried(remark: &&Remark) -> bool {
    !matches!(remark, Remark::OnlyUp { .. })
}

/// That something was not tried, if so.
pub(super) fn remarks(report: &Report) -> Option<String> {
    let all = report.verdicts.iter().flat_map(|it| &it.remarks);
    let remarks = all.filter(is_untried).count();
    (remarks > 0).then(|| {
        let remarks = count(remarks, "remark");
        format!("{remarks} on what could not be tried: `-v` says them")
    })
}

/// How many went which way.
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Counts {
    fn of(verdicts: &[Verdict]) -> Self {
        let count =
            |is: fn(&Judgement) -> bool| verdicts.iter().filter(|it| is(&it.judgement)).count();
        Self {
            passed: count(|it| matches!(it, Judgement::Passed)),
            failed: count(|it| matches!(it, Judgement::Failed(_))),
            skipped: count(|it| matches!(it, Judgement::Skipped(_))),
        }
    }
}

/// What came of all, for programs.
pub(super) fn totals(report: &Report) -> TestLine {
    let tally = Counts::of(&report.verdicts);
    TestLine::End(Totals {
        format: 2,
        passed: tally.passed,
        failed: tally.failed,
        skipped: tally.skipped,
        databases_made: report.made,
    })
}

fn trial(verdict: &Verdict, told: Option<&Diagnostic>) -> Trial {
    let (result, reason) = match &verdict.judgement {
        Judgement::Passed => (TrialResult::Passed, None),
        Judgement::Failed(_) => (TrialResult::Failed, None),
        Judgement::Skipped(skip) => (TrialResult::Skipped, Some(reason(skip))),
    };
    let subject = &verdict.subject;
    Trial {
        database: subject.database.to_string(),
        kind: subject.kind.name().to_owned(),
        revision: subject.revision.as_ref().map(ToString::to_string),
        message: subject.message.clone(),
        result,
        elapsed_ms: verdict.elapsed_ms,
        reason,
        remarks: verdict.remarks.iter().map(remark_words).collect(),
        error: told.map(Diagnostic::finding),
    }
}
