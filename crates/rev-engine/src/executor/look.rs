//! The look over all databases before any is touched.
//!
//! Each one is read and its lane planned, as many at once as the request has jobs, and closed
//! again unless all of them may stay open. What is kept of a database is where it stands and its
//! lane, whose steps are shared by all that go the same way.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::PoisonError;

use futures_util::{StreamExt as _, stream};
use rev_core::plan::{self, Action, View};
use rev_core::{Binding, DatabaseName};

use super::run::{Certainty, Lane, Run};
use crate::event::Event;
use crate::outcome::{End, Refusal};

impl Run<'_> {
    /// Reads and plans some of these lanes; refuses one database under two names.
    pub(super) async fn look(
        &self,
        lanes: &mut [Lane],
        at_once: AtOnce,
        which: impl Fn(&Lane) -> bool,
    ) {
        let chosen = lanes.iter_mut().filter(|lane| which(lane));
        self.each(at_once, chosen.map(|lane| self.look_at(lane)))
            .await;
        self.refuse_twins(lanes);
    }

    async fn look_at(&self, lane: &mut Lane) {
        if self.stop.is_requested() {
            lane.end = Some(End::Stopped);
            return;
        }
        match lane.job.database.identity().await {
            Ok(identity) => {
                lane.identity = Some(identity);
                self.decide_lane(lane).await;
            }
            Err(error) => lane.end = Some(End::Refused(error.into())),
        }
        if let Some(decided) = &mut lane.decided {
            // Found anew under the lock, and as long as the lane.
            decided.prepared.waits = Vec::new();
        }
        self.put_away(lane).await;
    }

    /// Asks which database each one is, and refuses one under two names.
    pub(super) async fn identify(&self, lanes: &mut [Lane]) {
        for lane in lanes.iter_mut() {
            match lane.job.database.identity().await {
                Ok(identity) => lane.identity = Some(identity),
                Err(error) => lane.end = Some(End::Refused(error.into())),
            }
        }
        self.refuse_twins(lanes);
    }

    /// Of databases that are only asked whether something is needed there, one may be a twin.
    fn refuse_twins(&self, lanes: &mut [Lane]) {
        let mut known = self
            .identities
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for lane in lanes
            .iter_mut()
            .filter(|lane| !lane.job.watched || lane.is_read)
        {
            let Some(identity) = lane.identity.take() else {
                continue;
            };
            let name = &lane.job.binding.name;
            let first = known.entry(identity).or_insert_with(|| name.clone());
            if first != name {
                lane.decided = None;
                lane.end = Some(End::Refused(Refusal::SameDatabase {
                    first: first.clone(),
                    second: name.clone(),
                }));
            }
        }
    }

    /// Closes a database that was looked at, unless all of them may stay open.
    async fn put_away(&self, lane: &mut Lane) {
        if !self.stays_open {
            // Nothing was written, and whoever opens it again finds out what is wrong.
            let _ = lane.job.database.unlock().await;
        }
    }

    async fn each(&self, at_once: AtOnce, all: impl Iterator<Item = impl Future<Output = ()>>) {
        let count = match at_once {
            AtOnce::Jobs => self.request.jobs.max(1),
            AtOnce::One => 1,
        };
        stream::iter(all).buffer_unordered(count).count().await;
    }

    /// Reads the databases that lanes depend on, or that depend on them; says
    /// whether there are more of them than before.
    pub(super) async fn look_at_others(&self, lanes: &mut [Lane], at_once: AtOnce) -> bool {
        if !self.are_linked() {
            return false;
        }
        self.ask_who_needs(lanes, at_once).await;
        let read: BTreeMap<DatabaseName, usize> = self
            .ties(lanes)
            .into_iter()
            .map(|(lane, on)| (on, lane))
            .collect();
        let known: BTreeSet<&DatabaseName> =
            lanes.iter().map(|lane| &lane.job.binding.name).collect();
        if let Some((on, &lane)) = read.iter().find(|(on, _)| !known.contains(on)) {
            let refusal = self.not_at_hand(&lanes[lane], on.clone());
            lanes[lane].end = Some(End::Refused(refusal));
            return false;
        }
        let mut has_more = false;
        for lane in lanes.iter_mut() {
            if !lane.is_read && read.contains_key(&lane.job.binding.name) {
                has_more |= !lane.is_locked();
                lane.is_read = true;
            }
        }
        let is_new = |lane: &Lane| lane.is_read && lane.decided.is_none() && lane.end.is_none();
        self.look(lanes, at_once, is_new).await;
        has_more
    }

    /// Why a lane cannot go on that depends on a database which is not beside it.
    fn not_at_hand(&self, lane: &Lane, on: DatabaseName) -> Refusal {
        let database = lane.job.binding.name.clone();
        if self.bindings.iter().any(|binding| binding.name == on) {
            Refusal::DependsSince { database, on }
        } else {
            Refusal::OutOfSight { database, on }
        }
    }

    /// Reads all other databases where something is taken down: what needs it there
    /// may have no file here. One that cannot be asked is told of, and left.
    async fn ask_who_needs(&self, lanes: &mut [Lane], at_once: AtOnce) {
        if !lanes.iter().any(goes_down) {
            return;
        }
        let unasked = lanes
            .iter_mut()
            .filter(|lane| lane.job.watched && lane.decided.is_none() && !lane.is_unseen);
        self.each(at_once, unasked.map(|lane| self.ask(lane))).await;
    }

    async fn ask(&self, lane: &mut Lane) {
        if self.stop.is_requested() {
            return;
        }
        let asked = async {
            let identity = lane.job.database.identity().await?;
            let decided = self.read_and_prepare(lane, Certainty::Passing).await?;
            Ok::<_, Refusal>((identity, decided))
        };
        match asked.await {
            Ok((identity, decided)) => {
                lane.identity = Some(identity);
                lane.decided = Some(decided);
            }
            Err(refusal) => {
                lane.is_unseen = true;
                self.tell(Event::Unseen {
                    database: lane.job.binding.name.to_string(),
                    message: refusal.to_string(),
                });
            }
        }
        if !lane.is_read {
            // Mostly nothing is needed there, and nobody comes back.
            let _ = lane.job.database.unlock().await;
        }
    }

    /// Who depends on whom: lanes, and each database that one of them needs or that may need
    /// what it takes down.
    pub(super) fn ties(&self, lanes: &[Lane]) -> Vec<(usize, DatabaseName)> {
        let all = self.bindings.iter().chain(&self.request.unseen);
        let all: Vec<&Binding> = all.map(|binding| &**binding).collect();
        let views: Vec<(usize, View<'_>)> = (0..)
            .zip(lanes)
            .filter_map(|(at, lane)| Some((at, lane.view()?)))
            .collect();
        let mut ties = Vec::new();
        for (at, view) in &views {
            ties.extend(plan::concerned(view, &all).into_iter().map(|on| (*at, on)));
            if !goes_down(&lanes[*at]) {
                continue;
            }
            let others = views
                .iter()
                .filter(|(other, it)| other != at && !it.standing.graph.crossings().is_empty());
            // What cannot be told of a script is told with its lane.
            let needing = others.filter(|(_, it)| plan::is_needed_by(view, it).unwrap_or(true));
            ties.extend(needing.map(|(_, it)| (*at, it.binding.name.clone())));
        }
        ties
    }
}

/// How many databases are looked at, at the same time.
#[derive(Debug, Clone, Copy)]
pub(super) enum AtOnce {
    /// As many as the request has jobs.
    Jobs,
    /// One: others are open already.
    One,
}

pub(super) fn goes_down(lane: &Lane) -> bool {
    let decided = lane.decided.iter();
    let mut steps = decided.flat_map(|it| it.prepared.lane.steps.iter());
    steps.any(|step| step.action == Action::Downgrade)
}

impl Lane {
    /// The database, before and after; `None`: nobody looked yet.
    pub(super) fn view(&self) -> Option<View<'_>> {
        let decided = self.decided.as_ref()?;
        Some(View {
            binding: &self.job.binding,
            standing: &decided.standing,
            lane: Some(&decided.prepared.lane),
        })
    }
}
