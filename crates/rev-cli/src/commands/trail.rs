//! What a run told before it was given up: the only thing that is known of it then.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rev_core::{DatabaseName, RevisionId};
use rev_engine::event::Event;
use rev_engine::outcome::{End, LaneOutcome, Outcome};

use crate::session::Selection;

/// What was told, by database.
#[derive(Debug, Default)]
pub(super) struct Trail(Mutex<BTreeMap<String, Lane>>);

#[derive(Debug, Default)]
struct Lane {
    done: Vec<RevisionId>,
    /// The steps that were begun and not ended.
    begun: Vec<RevisionId>,
    /// The heads, where all was done.
    heads: Option<Vec<RevisionId>>,
}

impl Trail {
    /// Notes what an event says of what stands.
    pub(super) fn follow(&self, event: &Event) {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::StepStarted {
                database, revision, ..
            } => lane(&mut lanes, database)
                .begun
                .extend(RevisionId::new(revision)),
            Event::StepDone {
                database, revision, ..
            } => {
                let lane = lane(&mut lanes, database);
                lane.begun.retain(|begun| begun.as_str() != revision);
                lane.done.extend(RevisionId::new(revision));
            }
            Event::StepFailed { database, .. } => lane(&mut lanes, database).begun.clear(),
            Event::LaneDone {
                database, heads, ..
            } => {
                let heads = heads.iter().filter_map(|id| RevisionId::new(id).ok());
                lane(&mut lanes, database).heads = Some(heads.collect());
            }
            _ => {}
        }
    }

    /// What became of each database, as far as that was told.
    pub(super) fn outcome(&self, selection: &Selection) -> Outcome {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let names = selection.iter().map(|(binding, _)| &binding.name);
        let lanes = names.map(|name| told.remove(name.as_str()).unwrap_or_default().end(name));
        Outcome {
            lanes: lanes.collect(),
        }
    }
}

fn lane<'l>(lanes: &'l mut BTreeMap<String, Lane>, database: &str) -> &'l mut Lane {
    lanes.entry(database.to_owned()).or_default()
}

impl Lane {
    fn end(self, database: &DatabaseName) -> LaneOutcome {
        LaneOutcome {
            database: database.clone(),
            done: self.done,
            in_doubt: self.begun,
            not_begun: Vec::new(),
            end: match self.heads {
                Some(_) => End::Done,
                None => End::Stopped,
            },
            heads: self.heads,
            last: Vec::new(),
            unknown: Vec::new(),
            half_done: None,
        }
    }
}
