//! Where databases are taken to stand, without asking them.
//!
//! `base`, heads with their ancestors, another checkout of the project, or a fleet's recorded state: what
//! `rev status --ledger --format json` answered. The last holds the ledgers, so a plan made
//! from it is the one that would be made on the databases themselves; and it is
//! all there is, so no database is opened beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use rev_core::state::Standing;
use rev_core::{Applied, Binding, DatabaseName, Drift, Graph, Scope, State};
use rev_engine::outcome::Refusal;
use rev_store::Project;

use super::Session;
use crate::diagnostic::{self, Diagnostic, Failure};
use crate::format::status::{DatabaseStatus, FORMAT, LedgerRow, Read, Status};

/// What is known of databases without asking them.
#[derive(Default)]
pub(crate) struct Offline {
    /// Where they stand.
    pub(crate) standings: BTreeMap<DatabaseName, Standing>,
    /// Those of them that were asked and have no ledger yet.
    pub(crate) new: BTreeSet<DatabaseName>,
    /// Whether a step stands half done on any that was asked.
    pub(crate) has_half_done: bool,
    /// Whether the others are asked nevertheless.
    asks_others: bool,
    /// Why no other database may be asked, and what then helps; `None`: it may.
    closed: Option<Closed>,
}

struct Closed {
    /// What does not say where a database stands.
    source: String,
    hint: String,
    /// Databases that could not be read then, and why.
    unread: BTreeMap<String, String>,
}

impl Offline {
    /// The same, where `source` is all there is.
    pub(crate) fn closed(mut self, source: &str, hint: &str) -> Self {
        self.closed.get_or_insert_with(|| Closed {
            source: source.to_owned(),
            hint: hint.to_owned(),
            unread: BTreeMap::new(),
        });
        self
    }

    /// These databases, empty as they are going to be; others are asked.
    pub(crate) fn renewed<'a>(
        graph: &Arc<Graph>,
        names: impl IntoIterator<Item = &'a DatabaseName>,
    ) -> Self {
        let empty = Standing {
            graph: graph.clone(),
            state: State::of_heads(graph, std::iter::empty()),
            drift: Drift::default(),
        };
        let standings = names.into_iter().map(|it| (it.clone(), empty.clone()));
        Self {
            standings: standings.collect(),
            asks_others: true,
            ..Self::default()
        }
    }

    /// Whether anything is known, so that nothing else is looked at.
    pub(crate) fn is_any(&self) -> bool {
        !self.asks_others && (!self.standings.is_empty() || self.closed.is_some())
    }

    /// Refuses where this database is not known and may not be asked.
    pub(crate) fn check_may_ask(&self, name: &DatabaseName) -> Result<(), Failure> {
        let Some(closed) = &self.closed else {
            return Ok(());
        };
        let message = format!("{} does not say where `{name}` stands", closed.source);
        let told = Diagnostic::new("no_state", message).fact("database", name.as_str());
        let told = match closed.unread.get(name.as_str()) {
            Some(why) => told.cause(why),
            None => told,
        };
        Err(Failure::refused(told.hint(&closed.hint)))
    }
}

impl Session {
    /// Where databases are taken to stand, by these words; files are relative to
    /// `folder`.
    pub(crate) fn offline(&self, from: &[String], folder: &Path) -> Result<Offline, Failure> {
        let mut offline = Offline::default();
        for text in from {
            if is_file(text) && folder.join(text).is_dir() {
                self.of_checkout(&folder.join(text), text, &mut offline)?;
                continue;
            }
            if is_file(text) {
                self.recorded(&folder.join(text), text, &mut offline)?;
                continue;
            }
            let (selector, heads) = match text.split_once('=') {
                Some((selector, heads)) => (Some(selector), heads),
                None => (None, text.as_str()),
            };
            // `db1=` is no heads, so the base; nothing at all is a variable that is not set.
            let is_empty = |id: &str| id.trim().is_empty();
            let has_gap = heads.contains(',') && heads.split(',').any(is_empty);
            if has_gap || (selector.is_none() && is_empty(heads)) {
                let told = Diagnostic::new("usage", "`--from` names no revision");
                return Err(Failure::usage(told.hint(
                    "say `base` for an empty database, such as `--from db1=base`",
                )));
            }
            let standing = self.standing_at(heads)?;
            for name in self.selected(selector)? {
                offline.standings.insert(name, standing.clone());
            }
        }
        Ok(offline)
    }

    /// All databases at what another checkout of the project has, as far as this one has it, too.
    fn of_checkout(&self, path: &Path, shown: &str, offline: &mut Offline) -> Result<(), Failure> {
        let there = Project::open(path, Some(path), &self.environment)
            .map_err(|error| diagnostic::open(&error, path).with_line(&format!("of `{shown}`")))?;
        let ids = there.graph.nodes().map(|node| there.graph.id(node));
        let nodes = ids.filter_map(|id| self.graph().find(id.as_str()));
        let standing = Standing {
            graph: self.graph().clone(),
            state: State::of_heads(self.graph(), nodes),
            drift: Drift::default(),
        };
        for name in self.selected(None)? {
            offline.standings.insert(name, standing.clone());
        }
        Ok(())
    }

    fn standing_at(&self, heads: &str) -> Result<Standing, Failure> {
        let scope = Scope::of_graph(self.graph());
        let mut nodes = Vec::new();
        for text in heads.split(',').map(str::trim) {
            if text.is_empty() {
                continue;
            }
            let found = scope.revisions(&self.point(text)?);
            nodes.extend(found.map_err(|error| self.unresolved(&error))?);
        }
        Ok(Standing {
            graph: self.graph().clone(),
            state: State::of_heads(self.graph(), nodes),
            drift: Drift::default(),
        })
    }

    /// Takes over a recorded state.
    fn recorded(&self, path: &Path, shown: &str, offline: &mut Offline) -> Result<(), Failure> {
        let hint = format!("record it again: `rev status --ledger --format json > {shown}`");
        let mut unread = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for database in read(path, shown, &hint)?.databases {
            let name = match &database {
                DatabaseStatus::Unread(it) => it.database.as_str(),
                DatabaseStatus::Read(it) => it.name(),
            };
            if !seen.insert(name.to_owned()) {
                let twice = format!("`{name}` is in it twice");
                return Err(unfit(shown, &twice, &hint));
            }
            match database {
                DatabaseStatus::Unread(it) => {
                    unread.insert(it.database, it.error.message().to_owned());
                }
                DatabaseStatus::Read(it) => {
                    let databases = &self.project.config.databases;
                    // What is not bound here cannot be planned for, either.
                    let Some(name) = databases.keys().find(|name| name.as_str() == it.name())
                    else {
                        continue;
                    };
                    let binding = self.binding(name)?;
                    let standing = self.standing_of(&it, &binding, shown, &hint)?;
                    offline.standings.insert(name.clone(), standing);
                }
            }
        }
        offline.closed = Some(Closed {
            source: format!("`{shown}`"),
            hint,
            unread,
        });
        Ok(())
    }

    fn standing_of(
        &self,
        read: &Read,
        binding: &Arc<Binding>,
        shown: &str,
        hint: &str,
    ) -> Result<Standing, Failure> {
        let name = &binding.name;
        let dialect = read.standing.dialect.into();
        if binding.dialect != dialect {
            let message = format!(
                "`{shown}` says that `{name}` is a {dialect} database, rev.yaml that it is a {} one",
                binding.dialect
            );
            let told = Diagnostic::new("other_dialect", message);
            return Err(Failure::refused(told.hint(hint)));
        }
        let Some(ledger) = &read.ledger else {
            let message = format!("`{shown}` was recorded without what the ledgers hold");
            let told = Diagnostic::new("bad_state", message);
            return Err(Failure::refused(told.hint(hint)));
        };
        let rows = ledger.iter().map(LedgerRow::applied);
        let rows: Vec<Applied> = rows
            .collect::<Result<_, _>>()
            .map_err(|error| unfit(shown, &error, hint))?;
        if read.standing.in_flight.is_some() {
            self.terminal.warn(format_args!(
                "a step was half done on `{name}` when `{shown}` was recorded"
            ));
        }
        Standing::read(self.graph(), binding, &rows)
            .map_err(|error| self.refused(&Refusal::State(error), binding))
    }
}

/// Whether a word of `--from` names a file: no id or label looks like one.
fn is_file(text: &str) -> bool {
    !text.contains('=') && (text.ends_with(".json") || text.contains('/'))
}

fn read(path: &Path, shown: &str, hint: &str) -> Result<Status, Failure> {
    let text = rev_store::source::read_text(path).map_err(|error| {
        let told = Diagnostic::new("io", format!("`{shown}` cannot be read"));
        Failure::refused(told.cause(error).hint(hint))
    })?;
    let status: Status = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| unfit(shown, &error, hint))?;
    if status.format != FORMAT {
        let message = format!(
            "`{shown}` has format {}; this program knows format {FORMAT}",
            status.format
        );
        return Err(Failure::refused(
            Diagnostic::new("other_format", message).hint(hint),
        ));
    }
    Ok(status)
}

fn unfit(shown: &str, error: &impl ToString, hint: &str) -> Failure {
    let told = Diagnostic::new("bad_state", format!("`{shown}` is no recorded state"));
    Failure::refused(told.cause(error.to_string()).hint(hint))
}
