//! What a trial has found, in detail: which revision, where, at which moment, and
//! what is not as it must be.

use std::sync::Arc;

use rev_core::{Binding, RevisionId};
use rev_engine::outcome::{End, LaneOutcome, Refusal};
use rev_engine::proof::Unproven;
use rev_engine::trial::{Fault, Moment, Remark, Subject, Verdict};
use rev_sql::schema::Difference;

use super::Bindings;
use super::words::{ids, moment, remark_words};
use crate::commands::one_line;
use crate::diagnostic::{self, Asking, Diagnostic, Place, Spot};
use crate::scratch::not_made;
use crate::session::Session;

/// Words what was found.
pub(super) fn told(
    session: &Session,
    bindings: &Bindings,
    verdict: &Verdict,
    fault: &Fault,
) -> Diagnostic {
    let subject = &verdict.subject;
    let Some(binding) = bindings.get(&subject.database) else {
        return Diagnostic::new("trial", format!("`{}` is not bound", subject.database));
    };
    let trial = Trial {
        session,
        binding,
        subject,
    };
    let mut told = trial.told(fault);
    let is_left = |it: &&Remark| matches!(it, Remark::RowsLeft { .. });
    let left = verdict.remarks.iter().filter(is_left);
    told.lines.extend(left.map(remark_words));
    told.on(binding.name.as_str())
        .fact("database", binding.name.as_str())
}

struct Trial<'a> {
    session: &'a Session,
    binding: &'a Arc<Binding>,
    subject: &'a Subject,
}

impl Trial<'_> {
    fn told(&self, fault: &Fault) -> Diagnostic {
        match fault {
            Fault::Head(error) => {
                let name = Some(self.binding.name.as_str());
                // It is upgrades that it is about.
                let asking = Asking {
                    command: "rev upgrade",
                    ..self.session.asking(self.session.graph(), name)
                };
                diagnostic::resolve(error, asking)
            }
            Fault::Run(moment, lane) => self.run(moment, lane),
            Fault::Schema(moment, difference) => self.schema(moment, difference),
            Fault::Rows {
                table,
                missing,
                extra,
            } => self.rows(table, missing, extra),
            Fault::Order {
                first,
                second,
                difference,
            } => self.order(first, second, difference),
            Fault::Shortcut(unproven) => self.shortcut(unproven),
            Fault::Database(error) => not_made(error, self.binding),
        }
    }

    fn id(&self) -> &str {
        let id = self.subject.revision.as_ref();
        id.map_or("head", RevisionId::as_str)
    }

    /// Where a script of the revision begins; its file, where it has none.
    fn spot(&self, action: &str) -> Option<Spot> {
        let revision = self.subject.revision.as_ref()?;
        let place = Place {
            project: &self.session.project,
            binding: self.binding,
            revision,
            action,
        };
        place.spot(0, 0).or_else(|| {
            Some(Spot {
                path: self.session.project.shown(revision)?,
                place: None,
                excerpt: None,
            })
        })
    }

    fn run(&self, at: &Moment, lane: &LaneOutcome) -> Diagnostic {
        let fails = format!("{} of `{}` fails", moment(at), self.id());
        let message = match at {
            Moment::Order(_) => format!("a side of `{}` fails in {}", self.id(), moment(at)),
            Moment::UpgradeAgain => format!(
                "the second upgrade of `{}`, after the downgrade, fails",
                self.id()
            ),
            Moment::Before => format!(
                "`{}` cannot be tried: a step on the way to it fails",
                self.id()
            ),
            Moment::Upgrade | Moment::Downgrade => fails,
        };
        let failed = diagnostic::failed(lane, &self.session.project, self.binding, None);
        let told = match (&lane.end, failed) {
            (End::Refused(refusal), _) => {
                let told = self
                    .session
                    .refusal(refusal, self.binding)
                    .into_iter()
                    .next();
                told.map(|told| {
                    let cause = told.message.clone();
                    told.cause(cause)
                })
            }
            (_, failed) => failed,
        };
        let mut told = told.unwrap_or_else(|| Diagnostic::new("trial", ""));
        if let End::Refused(Refusal::Reaches { .. }) = &lane.end {
            // It is what keeps it from being tried, and says how to mend it.
            told.causes.clear();
            return told.fact("moment", code(at));
        }
        told.message = message;
        told.code = "step_failed".to_owned();
        told.hints.clear();
        told = told.fact("revision", self.id()).fact("moment", code(at));
        match at {
            Moment::UpgradeAgain => told.hint(
                "the downgrade must take away all that the upgrade makes, so that it can run again",
            ),
            Moment::Order(_) => {
                told.hint("let the side that needs the other one say so: `depends_on`")
            }
            _ => told,
        }
    }

    fn schema(&self, at: &Moment, difference: &Difference) -> Diagnostic {
        let (action, message) = match at {
            Moment::UpgradeAgain => (
                "upgrade",
                format!(
                    "the second upgrade of `{}` gives another schema than the first",
                    self.id()
                ),
            ),
            _ => (
                "downgrade",
                format!(
                    "the downgrade of `{}` does not bring the schema back",
                    self.id()
                ),
            ),
        };
        let told = Diagnostic::new("schema_differs", message)
            .at(self.spot(action))
            .fact("revision", self.id())
            .fact("moment", code(at));
        let told = with_difference(told, &difference.missing, &difference.extra);
        told.hint(match action {
            "downgrade" => "`-` was there before the upgrade and is missing now, `+` is left over",
            _ => "`-` was there after the first upgrade and is missing now, `+` is new",
        })
    }

    fn rows(&self, table: &str, missing: &[String], extra: &[String]) -> Diagnostic {
        let what = match missing.is_empty() {
            false => "does not bring back all rows of",
            true => "leaves rows in",
        };
        let message = format!("the downgrade of `{}` {what} `{table}`", self.id());
        let told = Diagnostic::new("rows_differ", message)
            .at(self.spot("downgrade"))
            .fact("revision", self.id())
            .fact("table", table);
        with_difference(told, missing, extra).hint(
            "keep them on the way up and down; or, where they cannot be kept, say so in the \
             file: `loses_data: true`",
        )
    }

    fn order(
        &self,
        first: &[RevisionId],
        second: &[RevisionId],
        difference: &Difference,
    ) -> Diagnostic {
        let message = format!(
            "the sides of merge `{}` in the order {} give another schema than in the order {}",
            self.id(),
            ids(second),
            ids(first)
        );
        let names = |ids: &[RevisionId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        let told = Diagnostic::new("order_differs", message)
            .at(self.spot("upgrade"))
            .fact("revision", self.id())
            .fact("first", names(first))
            .fact("second", names(second));
        with_difference(told, &difference.missing, &difference.extra).hint(
            "let one side come after the other (`depends_on`), or let the merge's own upgrade \
             make the two alike",
        )
    }

    fn shortcut(&self, unproven: &Unproven) -> Diagnostic {
        match unproven {
            Unproven::NotTaken { .. } => {
                let message = format!("shortcut `{}` is of no use here: {unproven}", self.id());
                Diagnostic::new("not_taken", message)
                    .at(self.spot("upgrade"))
                    .fact("revision", self.id())
                    .hint("give it a script only where what it replaces has one")
            }
            Unproven::Differs {
                what,
                way,
                difference,
            } => {
                let message = format!(
                    "shortcut `{}` is not what it replaces: {way} the shortcut, {}",
                    self.id(),
                    what.words()
                );
                let told = Diagnostic::new("not_the_same", message)
                    .at(self.spot("upgrade"))
                    .fact("revision", self.id());
                with_difference(told, &difference.missing, &difference.extra).hint(
                    "`-` is what the revisions by themselves give, `+` what the shortcut gives",
                )
            }
            Unproven::Run(lane) => {
                let mut told = self.run(&Moment::Upgrade, lane);
                told.message = format!(
                    "shortcut `{}` cannot be held against what it replaces",
                    self.id()
                );
                told
            }
            Unproven::Database(error) => not_made(error, self.binding),
        }
    }
}

fn with_difference(told: Diagnostic, missing: &[String], extra: &[String]) -> Diagnostic {
    let mut told = told
        .fact("missing", missing.to_vec())
        .fact("extra", extra.to_vec());
    let line = |sign: &str, text: &String| format!("{sign} {}", one_line(text));
    told.lines.extend(missing.iter().map(|it| line("-", it)));
    told.lines.extend(extra.iter().map(|it| line("+", it)));
    told
}

/// A moment's word for programs.
fn code(moment: &Moment) -> &'static str {
    match moment {
        Moment::Before => "before",
        Moment::Upgrade => "upgrade",
        Moment::Downgrade => "downgrade",
        Moment::UpgradeAgain => "second_upgrade",
        Moment::Order(_) => "order",
    }
}
