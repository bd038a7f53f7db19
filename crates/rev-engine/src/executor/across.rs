//! Lanes that depend on each other: who waits for what, and how it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rev_core::plan::{self, View, Wait};
use rev_core::{DatabaseName, RevisionId, Step};

use super::board::Slot;
use super::run::{Aim, Decided, Lane, Run};
use crate::event::Event;
use crate::outcome::{End, Refusal};
use crate::request::Commitment;

/// The longest that a waiting lane does not look whether it is to stop.
const LOOK: Duration = Duration::from_millis(100);

impl Run<'_> {
    /// Whether what revisions need of other databases counts.
    pub(super) fn are_linked(&self) -> bool {
        self.aim == Aim::Goal && !self.request.alone
    }

    /// Lays down what each step waits for on other lanes; refuses what cannot be.
    pub(super) fn link(&self, lanes: &mut [Lane]) {
        if !self.are_linked() {
            return;
        }
        let views: Vec<View<'_>> = lanes.iter().filter_map(Lane::view).collect();
        let waits = match plan::waits(&views) {
            Ok(waits) => waits,
            Err(error) => {
                let at = lanes
                    .iter()
                    .position(|lane| error.is_of(&lane.job.binding.name));
                let lane = &mut lanes[at.unwrap_or_default()];
                lane.end = Some(End::Refused(Refusal::Across(error)));
                return;
            }
        };
        for lane in lanes.iter_mut() {
            let of = waits.get(&lane.job.binding.name);
            let (Some(decided), Some(of)) = (&mut lane.decided, of) else {
                continue;
            };
            let steps = decided.prepared.lane.steps.iter().zip(of);
            lane.waits = steps
                .filter(|(_, waits)| !waits.is_empty())
                .map(|(step, waits)| (key(step), waits.clone()))
                .collect();
            decided.prepared.waits.clone_from(of);
            self.board.expect(lane.waits.values().flatten());
        }
        self.check_apart(lanes);
    }

    /// What commits together with others cannot wait for them in between.
    fn check_apart(&self, lanes: &mut [Lane]) {
        let reason = match self.request.commitment {
            Commitment::Step => return,
            Commitment::Run => "it waits for a step on another database",
            Commitment::Lane => "its database and another one wait for each other",
        };
        let on = |lane: &Lane| -> BTreeSet<DatabaseName> {
            let waits = lane.waits.values().flatten();
            waits.map(|wait| wait.database.clone()).collect()
        };
        let mut waiting: BTreeMap<DatabaseName, BTreeSet<DatabaseName>> = lanes
            .iter()
            .map(|lane| (lane.job.binding.name.clone(), on(lane)))
            .filter(|(_, on)| !on.is_empty())
            .collect();
        if self.request.commitment == Commitment::Lane {
            while let Some(free) = free(&waiting) {
                waiting.remove(&free);
            }
        }
        let stuck = |lane: &&mut Lane| waiting.contains_key(&lane.job.binding.name);
        if let Some(lane) = lanes.iter_mut().find(stuck) {
            let first = lane.waits.keys().next();
            let revision = first.map(|(revision, _)| revision.clone());
            lane.end =
                revision.map(|revision| End::Refused(Refusal::NotAtomic { revision, reason }));
        }
    }

    /// Waits until the batch at hand may begin; the end of the lane where it may
    /// not.
    pub(super) async fn wait_for_others<'s>(
        &'s self,
        lane: &Lane,
        decided: &Decided,
        slot: &mut Slot<'s>,
    ) -> Option<End> {
        let count = decided.batch(self.request.commitment).len();
        let waits: Vec<Wait> = decided.prepared.waits[decided.at..decided.at + count].concat();
        let mut has_said = false;
        loop {
            let bell = self.board.bell.notified();
            let (wait, may_happen) = self.board.open(&waits)?;
            if self.stop.is_requested() {
                return Some(End::Stopped);
            }
            if self.is_halted() || !may_happen {
                return Some(End::HeldBack);
            }
            if !std::mem::replace(&mut has_said, true) {
                *slot = None;
                self.tell(Event::WaitingFor {
                    database: lane.job.binding.name.to_string(),
                    revision: decided.prepared.works[decided.at].revision.to_string(),
                    on: wait.database.to_string(),
                    needed: wait.revision.to_string(),
                    until: wait.until.name(),
                });
            }
            let _ = tokio::time::timeout(LOOK, bell).await;
            if self.board.open(&waits).is_none() {
                *slot = self.board.slot().await;
            }
        }
    }

    /// Tells what stands by now, whoever did it, and finds the waits of a new plan.
    pub(super) fn link_again(&self, lane: &Lane, first: &Decided, now: &mut Decided) {
        let name = &lane.job.binding.name;
        for step in first.standing_in(now) {
            self.board.tell_step(name, &step);
        }
        let steps = now.prepared.lane.steps.iter();
        let waits = steps.map(|step| lane.waits.get(&key(step)).cloned().unwrap_or_default());
        now.prepared.waits = waits.collect();
    }
}

/// A database that waits for none of the others.
fn free(waiting: &BTreeMap<DatabaseName, BTreeSet<DatabaseName>>) -> Option<DatabaseName> {
    let is_free = |on: &BTreeSet<DatabaseName>| !on.iter().any(|it| waiting.contains_key(it));
    let found = waiting.iter().find(|(_, on)| is_free(on));
    found.map(|(name, _)| name.clone())
}

/// What a step is known by when its lane is planned again.
fn key(step: &Step) -> (RevisionId, bool) {
    (step.revision.id.clone(), step.action.applies())
}
