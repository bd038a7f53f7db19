//! `rev revision --autogenerate`: a revision that brings databases to their models.

use std::collections::BTreeMap;
use std::sync::Arc;

use rev_core::arrange::{Share, arrange};
use rev_core::{Binding, DatabaseName, Node, Revision, Scripts, Sql, TransactionMode};

use crate::args::{Comparing, NewRevision};
use crate::compare::{Comparison, Doubts, compare_all};
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::format::authoring::Written;
use crate::models::{has_models, no_models};
use crate::session::Session;
use crate::terminal::{HINT, NAME, WARNING, few};

/// Whether any of the flags is given that only make sense with `--autogenerate`.
pub(super) fn check_flags(args: &NewRevision) -> Result<(), Failure> {
    let Comparing {
        from_revisions,
        scratch,
        looking,
        renames,
    } = &args.comparing;
    let lists = [scratch, &looking.include, &looking.exclude, renames];
    if args.autogenerate || !(*from_revisions || lists.iter().any(|list| !list.is_empty())) {
        return Ok(());
    }
    let told = Diagnostic::new(
        "usage",
        "flags of comparing are given, but nothing is compared",
    );
    Err(Failure::usage(told.hint("add `--autogenerate`")))
}

/// The databases whose models are compared: those that are named, else all that
/// have models.
pub(super) fn databases(session: &Session, names: &[String]) -> Result<Vec<Arc<Binding>>, Failure> {
    let all = session.databases(names)?;
    if !names.is_empty() {
        return match all.iter().find(|it| !has_models(session, it)) {
            Some(without) => Err(no_models(format!("`{}` has no models", without.name))),
            None => Ok(all),
        };
    }
    let all: Vec<Arc<Binding>> = all
        .into_iter()
        .filter(|it| has_models(session, it))
        .collect();
    match all.is_empty() {
        true => Err(no_models("no database has models".to_owned())),
        false => Ok(all),
    }
}

/// Compares and fills the revision in; `None` where nothing differs, which is told.
pub(super) fn fill(
    args: &NewRevision,
    session: &Session,
    mut revision: Revision,
    parents: &[Node],
) -> Result<Option<Revision>, Failure> {
    let databases = databases(session, &args.databases)?;
    let heads = |_: &Binding| Ok(parents.to_vec());
    let found = compare_all(session, &databases, &args.comparing, Doubts::Asked, heads)?;
    check_history(session, &found)?;
    for found in found.iter().filter(|it| !it.diff.is_empty()) {
        tell(session, found);
    }
    if found.iter().all(|it| it.diff.is_empty()) {
        nothing(session, &found)?;
        return Ok(None);
    }
    tell_of_hand_made(session, &found);
    revision.loses_data = found.iter().any(Comparison::loses_data);
    if revision.loses_data {
        session.terminal.talk(
            "the revision says `loses_data: true`: its way down cannot bring back what is lost on the way up",
        );
    }
    revision.scripts = scripts(session, &found)?;
    debug_assert!(revision.scripts != Scripts::default());
    Ok(Some(revision))
}

/// The scripts that end what differs, in the entries of one revision.
pub(super) fn scripts(session: &Session, found: &[Comparison]) -> Result<Scripts, Failure> {
    let declarations = declarations(session, found);
    let differing = found.iter().zip(declarations);
    let differing = differing.filter(|(it, _)| !it.diff.is_empty());
    let shares: BTreeMap<DatabaseName, Share> = differing
        .map(|(it, declaration)| (it.binding.name.clone(), share(it, declaration)))
        .collect();
    let known = session.databases(&[])?;
    let known: Vec<&Binding> = known.iter().map(AsRef::as_ref).collect();
    Ok(arrange(&known, &shares))
}

/// Refuses what would begin the history of a database in the middle: its first revision
/// would stand on what no revision makes, and drop what the models do not know.
fn check_history(session: &Session, all: &[Comparison]) -> Result<(), Failure> {
    let refused = all
        .iter()
        .filter(|it| it.lacks_history && !it.diff.is_empty());
    let refused: Vec<Diagnostic> = refused.map(|it| without_history(session, it)).collect();
    match refused.is_empty() {
        true => Ok(()),
        false => Err(Failure::of(Exit::Refused, refused)),
    }
}

fn without_history(session: &Session, found: &Comparison) -> Diagnostic {
    let name = &found.binding.name;
    let message = format!(
        "`{name}` holds a schema, but no revision is applied to it: \
         a first revision that begins there would fail on every new database"
    );
    let mut told = Diagnostic::new("no_history", message).fact("database", name.as_str());
    told.lines.extend(found.diff.sentences());
    told.hint(adopting(session, found))
}

/// How a database that is there already gets a history.
fn adopting(session: &Session, found: &Comparison) -> String {
    format!(
        "to begin its history with what is there: `rev adopt {}{}`;\n\
         what is not to be looked at stands under `autogenerate: exclude:` in rev.yaml",
        found.binding.name,
        session.urls_again([found.binding.name.as_str()])
    )
}

/// For each of these the place of the first one among them that is declared alike.
fn declarations(session: &Session, all: &[Comparison]) -> Vec<usize> {
    let mut firsts: Vec<usize> = Vec::new();
    let mut of = Vec::new();
    for (place, it) in all.iter().enumerate() {
        let is_alike = |first: &&usize| {
            let first = &all[**first];
            let (declared, binding) = (&first.declaration, &first.binding);
            declared.is_alike(binding, &it.declaration, &it.binding, session)
        };
        let first = firsts.iter().find(is_alike).copied();
        if first.is_none() {
            firsts.push(place);
        }
        of.push(first.unwrap_or(place));
    }
    of
}

fn share(found: &Comparison, declaration: usize) -> Share {
    Share {
        declaration,
        upgrade: Sql::text(&found.up.to_sql()),
        downgrade: Sql::text(&found.down.to_sql()),
        transaction: TransactionMode::Step,
    }
}

/// Says what differs, and what to look at.
fn tell(session: &Session, found: &Comparison) {
    let name = &found.binding.name;
    let talk = |text: &str| {
        session
            .terminal
            .talk(&format!("{NAME}{name}{NAME:#}: {text}"))
    };
    let sentences: Vec<String> = found.diff.sentences().into_iter().collect();
    for sentence in &sentences {
        talk(sentence);
    }
    for loss in found.losses() {
        talk(&format!("{WARNING}destructive{WARNING:#}: {loss}"));
    }
    // That a new table goes on the way down is no news, and tires the eye for what is.
    let is_news = |loss: &String| {
        let table = loss
            .strip_prefix("drops table `")
            .and_then(|it| it.split_once('`'));
        table.is_none_or(|(table, _)| {
            let added = format!("creates table `{table}`");
            !sentences
                .iter()
                .any(|sentence| sentence.starts_with(&added))
        })
    };
    let down: Vec<String> = found.losses_down().into_iter().filter(is_news).collect();
    if !down.is_empty() {
        let down = few(&down, "; ");
        talk(&format!(
            "{WARNING}destructive{WARNING:#} on the way down: {down}"
        ));
    }
    for decision in found.decisions() {
        talk(&format!("{WARNING}decide{WARNING:#}: {decision}"));
    }
}

/// Says once, where something is dropped from a live database, that it may be what
/// somebody made there by hand: that stands in no revision, and others may not have it.
pub(super) fn tell_of_hand_made(session: &Session, found: &[Comparison]) {
    let is_told = |it: &Comparison| it.is_live && !it.lacks_history && it.diff.drops();
    if found.iter().any(is_told) {
        session.terminal.talk(
            "what was made by hand counts as there, and goes too: `rev check --live` tells it, \
             `--from-revisions` leaves it out",
        );
    }
}

/// Says that there is nothing to do, and what leads on where a database has all that
/// is declared, but no history.
fn nothing(session: &Session, found: &[Comparison]) -> Result<(), Failure> {
    let terminal = session.terminal;
    if terminal.is_json() {
        terminal.json(&Written::Nothing { revision: () })?;
        return Ok(());
    }
    terminal.talk("nothing to do: the models declare what is there");
    tell_of_adopting(session, found);
    Ok(())
}

/// Says how a database begins its history that has a schema and none.
pub(super) fn tell_of_adopting(session: &Session, found: &[Comparison]) {
    if let Some(first) = found.iter().find(|it| it.lacks_history) {
        let (name, hint) = (
            &first.binding.name,
            adopting(session, first).replace('\n', "\n      "),
        );
        session.terminal.talk(&format!(
            "{HINT}hint{HINT:#}: `{name}` has a schema, but no revision is applied; {hint}"
        ));
    }
}
