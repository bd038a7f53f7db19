//! Which parts of schemas are looked at, and which patterns match nothing.

use std::collections::{BTreeMap, BTreeSet};

use rev_core::Binding;
use rev_sql::schema::{Filter, Kind, Name, Schema};
use rev_store::Problem;
use rev_store::config::Word;

use crate::args::Looking;
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::session::Session;
use crate::terminal::{NAME, Terminal};

/// What is looked at: the settings and the flags together.
pub(crate) fn filter(session: &Session, flags: &Looking) -> Result<Filter, Failure> {
    let settings = &session.project.config.autogenerate;
    for word in settings.include.iter().chain(&settings.exclude) {
        if let Err(error) = Filter::new([&word.text], []) {
            return Err(bad_pattern(session, word, error.kind));
        }
    }
    let all = |words: &[Word], flags: &[String]| -> Vec<String> {
        let words = words.iter().map(|word| word.text.clone());
        words.chain(flags.iter().cloned()).collect()
    };
    let include = all(&settings.include, &flags.include);
    let exclude = all(&settings.exclude, &flags.exclude);
    Filter::new(&include, &exclude).map_err(|error| {
        let told = Diagnostic::new("bad_pattern", error);
        Failure::usage(told.hint(KINDS))
    })
}

const KINDS: &str = "a pattern is NAME or SCHEMA.NAME, or one of a kind, such as `trigger:*`,\n\
                     `view:…`, `index:hero.…`, `routine:…`";

fn bad_pattern(session: &Session, word: &Word, kind: String) -> Failure {
    let pattern = word.text.clone();
    let fault = session
        .project
        .config
        .fault_at(word, Problem::BadPattern { pattern, kind });
    Failure::refused(diagnostic::fault(&fault, &session.project.root).hint(KINDS))
}

/// Says what of a database was left aside, since it could not be read or is not compared,
/// unless it is not looked at anyway.
pub(crate) fn tell_of_unread(
    terminal: Terminal,
    binding: &Binding,
    filter: &Filter,
    schemas: &[&Schema],
) {
    let all: BTreeMap<_, _> = schemas.iter().flat_map(|it| &it.unread).collect();
    for (handle, why) in all.into_iter().filter(|(it, _)| filter.looks_at(it)) {
        let (kind, _, name) = handle;
        terminal.warn(format_args!(
            "{} `{name}` of `{}` is left aside: {why}",
            kind.noun(),
            binding.name
        ));
    }
}

/// The filter without the tables of other tools that a database holds and nobody
/// declares, each of which is told.
pub(crate) fn beside_others(
    session: &Session,
    binding: &Binding,
    filter: &Filter,
    (there, declared): (&Schema, &Schema),
) -> Filter {
    let others = there.others(declared);
    let looked_at = |name: &Name| filter.looks_at(&(Kind::Table, None, name.clone()));
    for (table, tool) in others.iter().filter(|(name, _)| looked_at(name)) {
        session.terminal.talk(&format!(
            "{NAME}{}{NAME:#}: `{table}` is {tool}'s, and is left aside",
            binding.name
        ));
    }
    filter
        .clone()
        .aside(others.into_iter().map(|(name, _)| name))
}

/// The patterns that have matched nothing in any database so far.
#[derive(Debug, Default)]
pub(crate) struct UnusedPatterns {
    /// `None` until the first database is seen.
    patterns: Option<BTreeSet<String>>,
}

impl UnusedPatterns {
    /// Takes the schemas of a database into account.
    pub(crate) fn see(&mut self, filter: &Filter, schemas: &[&Schema]) {
        let unused = filter.unused(schemas);
        match &mut self.patterns {
            Some(patterns) => patterns.retain(|it| unused.contains(it.as_str())),
            None => self.patterns = Some(unused.into_iter().map(str::to_owned).collect()),
        }
    }

    /// Says which patterns of the flags match nothing in any database. Of those in the
    /// settings it is not said: they stay there after what they matched is gone.
    pub(crate) fn warn(&self, session: &Session, flags: &Looking) {
        let unused = self.patterns.iter().flatten();
        for pattern in unused.filter(|it| flags.include.contains(it) || flags.exclude.contains(it))
        {
            let text = format_args!("nothing matches the pattern `{pattern}`");
            session.terminal.warn(text);
        }
    }
}
