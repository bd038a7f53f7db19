//! What trials run on, and what a run of them keeps.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rev_core::trial::Program;
use rev_core::{DatabaseName, Graph, NodeSet, RevisionId};

use super::verdict::{Kind, News, Subject};
use crate::clock::Clock;
use crate::event::Stop;
use crate::failure::DatabaseError;
use crate::place::{Ground, Place};
use crate::request::Request;

/// What all trials share.
#[derive(Clone, Copy)]
pub struct Bench<'a> {
    /// The graph.
    pub graph: &'a Arc<Graph>,
    /// The same without shortcuts.
    pub alone: &'a Arc<Graph>,
    /// Who runs it, and how; its goal does not count.
    pub request: &'a Request,
    /// How many databases are worked on at once; at least one.
    pub jobs: usize,
    /// What time it is.
    pub clock: &'a (dyn Clock + Sync),
    /// To be asked to stop by.
    pub stop: &'a Stop,
}

/// A program, and where its databases are made.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    /// What to prove.
    pub program: &'a Program,
    /// Where.
    pub ground: &'a dyn Ground,
}

/// A run of all trials.
pub(super) struct Run<'a> {
    pub(super) bench: Bench<'a>,
    pub(super) tell: Mutex<&'a mut (dyn FnMut(News) + Send)>,
    pub(super) made: AtomicUsize,
    pub(super) stayed: Mutex<Vec<DatabaseError>>,
    /// For each stage the revisions on which nothing can be built.
    pub(super) failed: Vec<Mutex<NodeSet>>,
}

impl Run<'_> {
    pub(super) fn tell(&self, news: News) {
        let mut tell = self.tell.lock().unwrap_or_else(PoisonError::into_inner);
        (*tell)(news);
    }

    pub(super) fn subject(&self, database: &DatabaseName, kind: Kind, id: &RevisionId) -> Subject {
        let graph = self.bench.graph;
        let node = graph.find(id.as_str()).map(|node| graph.revision(node));
        let shortcut = graph.find_shortcut(id.as_str());
        let revision = node.or(shortcut.map(|it| &graph.shortcut(it).revision));
        Subject {
            database: database.clone(),
            kind,
            revision: Some(id.clone()),
            message: revision.map(|it| it.message.clone()).unwrap_or_default(),
        }
    }

    pub(super) fn failed<T>(&self, stage: usize, with: impl FnOnce(&mut NodeSet) -> T) -> T {
        let mut failed = self.failed[stage]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        with(&mut failed)
    }

    /// The first of these revisions on which nothing can be built.
    pub(super) fn first_failed(&self, stage: usize, below: &NodeSet) -> Option<RevisionId> {
        let graph = self.bench.alone;
        let failed = self.failed(stage, |failed| failed.intersection(below));
        let first = graph.topological().iter().find(|it| failed.contains(**it));
        first.map(|&node| graph.id(node).clone())
    }

    pub(super) async fn make(&self, stage: Stage<'_>) -> Result<Box<dyn Place>, DatabaseError> {
        let place = stage.ground.make().await?;
        self.made.fetch_add(1, Ordering::Relaxed);
        Ok(place)
    }

    pub(super) async fn copy(
        &self,
        place: &dyn Place,
    ) -> Result<Option<Box<dyn Place>>, DatabaseError> {
        let copy = place.copy().await?;
        self.made
            .fetch_add(usize::from(copy.is_some()), Ordering::Relaxed);
        Ok(copy)
    }

    /// Takes a place away; one that stays is told in the end.
    pub(super) async fn remove(&self, place: Box<dyn Place>) {
        if let Err(error) = place.remove().await {
            let mut stayed = self.stayed.lock().unwrap_or_else(PoisonError::into_inner);
            stayed.push(error);
        }
    }
}
