//! Drift between models, revisions and live databases.

use rev_core::Binding;
use rev_engine::prepare;
use rev_sql::schema::Diff;

use crate::args::{Check, Comparing};
use crate::commands::autogenerate;
use crate::compare::{Doubts, by_hand, compare_all, head};
use crate::diagnostic::{Diagnostic, Failure};
use crate::looking::{UnusedPatterns, filter};
use crate::session::{Session, runtime};

/// Where the models declare something else than the revisions give.
pub(super) fn of_models(args: &Check, session: &Session) -> Result<Vec<Diagnostic>, Failure> {
    let comparing = Comparing {
        from_revisions: true,
        scratch: args.scratch.clone(),
        looking: args.looking.clone(),
        renames: Vec::new(),
    };
    let databases = autogenerate::databases(session, &args.databases)?;
    let heads = |binding: &Binding| head(session, binding);
    let mut findings = Vec::new();
    for found in compare_all(session, &databases, &comparing, Doubts::Told, heads)? {
        let name = found.binding.name.as_str();
        let message = format!("the models of `{name}` are not what its revisions give");
        findings.extend(
            finding("models_differ", message, name, &found.diff).map(|told| {
                told.hint(format!(
                    "write the difference down: `rev revision --autogenerate -d {name} -m \"…\"`"
                ))
            }),
        );
    }
    Ok(findings)
}

/// Where a live database holds something else than its revisions give.
pub(super) fn of_live(args: &Check, session: &Session) -> Result<Vec<Diagnostic>, Failure> {
    let filter = filter(session, &args.looking)?;
    let mut findings = Vec::new();
    let mut patterns = UnusedPatterns::default();
    for binding in session.databases(&args.databases)? {
        // What an edited file gives is not what was applied: nobody's hand need have done it.
        let standing = runtime()?.block_on(session.survey(&binding))?.standing;
        if let Some(disagreement) = prepare::disagreement(&binding, &standing) {
            findings.extend(session.refusal(&disagreement, &binding));
            continue;
        }
        let servers = &args.scratch;
        let found = by_hand(
            session,
            &binding,
            &standing,
            servers,
            &filter,
            &mut patterns,
        );
        let found = runtime()?.block_on(found)?;
        let name = binding.name.as_str();
        let message =
            format!("`{name}` is not what its applied revisions give: it was changed by hand");
        findings.extend(
            finding("changed_by_hand", message, name, &found).map(|told| {
                told.hint(format!(
                    "take it back there, or put it into a revision and record that one: `rev stamp {name}@ID`"
                ))
            }),
        );
    }
    patterns.warn(session, &args.looking);
    Ok(findings)
}

fn finding(code: &str, message: String, database: &str, diff: &Diff) -> Option<Diagnostic> {
    let sentences = diff.sentences();
    let mut told = Diagnostic::new(code, message)
        .fact("database", database)
        .fact("changes", sentences.clone());
    told.lines.extend(sentences);
    (!diff.is_empty()).then_some(told)
}
