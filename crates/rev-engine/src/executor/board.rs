//! What lanes tell each other: what stands by now, and who may still do something.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use rev_core::plan::{Until, Wait};
use rev_core::{DatabaseName, RevisionId, Step};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

/// What lanes tell each other, and the places in which they work.
pub(super) struct Board {
    news: Mutex<News>,
    pub(super) bell: Notify,
    slots: Semaphore,
}

#[derive(Default)]
struct News {
    /// What somebody waits for.
    awaited: BTreeSet<Wait>,
    /// What of that has happened.
    happened: BTreeSet<Wait>,
    /// Who may still do something.
    at_work: BTreeSet<DatabaseName>,
}

/// A lane's place among those that work at once; given back while it waits.
pub(super) type Slot<'a> = Option<SemaphorePermit<'a>>;

impl Board {
    pub(super) fn new(jobs: usize) -> Self {
        Self {
            news: Mutex::default(),
            bell: Notify::new(),
            slots: Semaphore::new(jobs.max(1)),
        }
    }

    /// These lanes begin.
    pub(super) fn begin<'a>(&self, names: impl Iterator<Item = &'a DatabaseName>) {
        self.change(|news| news.at_work.extend(names.cloned()));
    }

    /// These things are waited for.
    pub(super) fn expect<'a>(&self, waits: impl Iterator<Item = &'a Wait>) {
        self.change(|news| news.awaited.extend(waits.cloned()));
    }

    pub(super) async fn slot(&self) -> Slot<'_> {
        self.slots.acquire().await.ok()
    }

    fn change(&self, change: impl FnOnce(&mut News)) {
        change(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner));
        self.bell.notify_waiters();
    }

    /// A step stands.
    pub(super) fn tell_step(&self, database: &DatabaseName, step: &Step) {
        let until = match step.action.applies() {
            true => Until::Applied,
            false => Until::Gone,
        };
        self.tell_revisions(database, step.revisions(), until);
    }

    fn tell_revisions<'a>(
        &self,
        database: &DatabaseName,
        revisions: impl Iterator<Item = &'a RevisionId>,
        until: Until,
    ) {
        let happened = revisions.map(|revision| Wait {
            database: database.clone(),
            revision: revision.clone(),
            until,
        });
        self.change(|news| {
            let awaited = happened.filter(|it| news.awaited.contains(it));
            news.happened.extend(awaited);
        });
    }

    /// A lane does nothing more.
    pub(super) fn tell_end(&self, database: &DatabaseName) {
        self.change(|news| {
            news.at_work.remove(database);
        });
    }

    /// The first of these that has not happened yet, and whether it may still.
    pub(super) fn open<'w>(&self, waits: &'w [Wait]) -> Option<(&'w Wait, bool)> {
        let news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = waits.iter().find(|wait| !news.happened.contains(wait))?;
        Some((wait, news.at_work.contains(&wait.database)))
    }
}
