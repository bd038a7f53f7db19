//! Components: lanes that are open together, because one waits for another.
//!
//! Most lanes owe nothing to any other one. Such a lane is a component by itself: its database is
//! opened when its turn comes, locked, read again, run and closed, so a run over any number of
//! databases has no more sessions than its jobs need. Lanes that a dependency between databases
//! joins, such as an `orders` that needs a revision of `users`, are locked and decided together,
//! and all lanes of a two-phase run are one component. One with more lanes than jobs is open as a
//! whole all the same: sessions at any moment are at most two a lane of max(jobs, the largest
//! component).

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use futures_util::lock::Mutex;
use futures_util::{StreamExt as _, stream};
use rev_core::{DatabaseName, plan};
use tokio::sync::Semaphore;

use super::look::{AtOnce, goes_down};
use super::run::{Lane, Run};
use super::wait::Waited;
use crate::event::Event;
use crate::outcome::{End, Refusal};
use crate::request::Commitment;

/// Lanes that are locked, decided, run and closed together.
struct Component {
    lanes: Vec<Lane>,
    /// Whether only the locks tell if it can go on: a step was cut off, or what was seen does
    /// not go together, which another run may just be mending.
    is_doubtful: bool,
}

impl Run<'_> {
    /// Runs all lanes with work, and gives all lanes back in no stated order.
    pub(super) async fn run_components(&self, lanes: Vec<Lane>) -> Vec<Lane> {
        let (components, idle) = self.components(lanes);
        let idle = Mutex::new(idle);
        let components = self.some_admitted(components, async |component| {
            if component.is_doubtful {
                self.try_out(component, &idle).await;
            }
        });
        let is_refused = |it: &Component| it.lanes.iter().any(Lane::is_refused);
        let mut components = components.await;
        if !components.iter().any(is_refused) {
            components = self
                .some_admitted(components, async |component| {
                    self.run_component(component, &idle).await;
                })
                .await;
        }
        let lanes = components.into_iter().flat_map(|it| it.lanes);
        lanes.chain(idle.into_inner()).collect()
    }

    /// Does something with each component, with as many at once as the request's jobs allow.
    async fn some_admitted(
        &self,
        components: Vec<Component>,
        deed: impl AsyncFn(&mut Component),
    ) -> Vec<Component> {
        let jobs = self.request.jobs.max(1);
        let admission = Semaphore::new(jobs);
        let running = components.into_iter().map(async |mut component| {
            let places = component.lanes.len().min(jobs);
            let places = u32::try_from(places).unwrap_or(u32::MAX);
            let _admitted = admission.acquire_many(places).await;
            deed(&mut component).await;
            component
        });
        stream::iter(running).buffer_unordered(jobs).collect().await
    }

    /// The lanes with work and those that they depend on, by who waits for whom; and the rest.
    fn components(&self, lanes: Vec<Lane>) -> (Vec<Component>, Vec<Lane>) {
        let (mut lanes, idle): (Vec<Lane>, Vec<Lane>) =
            lanes.into_iter().partition(Lane::is_locked);
        let mut roots: Vec<usize> = (0..lanes.len()).collect();
        if self.request.commitment == Commitment::Run {
            roots.fill(0);
        } else if self.are_linked() {
            let names: BTreeMap<_, usize> = lanes
                .iter()
                .enumerate()
                .map(|(at, lane)| (&lane.job.binding.name, at))
                .collect();
            for (lane, on) in self.ties(&lanes) {
                if let Some(&other) = names.get(&on) {
                    let (one, other) = (root(&mut roots, lane), root(&mut roots, other));
                    roots[one.max(other)] = one.min(other);
                }
            }
        }
        let mut parts: BTreeMap<usize, Vec<Lane>> = BTreeMap::new();
        for (at, lane) in lanes.drain(..).enumerate() {
            let root = root(&mut roots, at);
            parts.entry(root).or_default().push(lane);
        }
        let components = parts.into_values().map(|lanes| Component {
            is_doubtful: lanes.iter().any(Lane::is_cut_off) || self.do_not_go_together(&lanes),
            lanes,
        });
        (components.collect(), idle)
    }

    fn do_not_go_together(&self, lanes: &[Lane]) -> bool {
        let views: Vec<_> = lanes.iter().filter_map(Lane::view).collect();
        self.are_linked() && plan::waits(&views).is_err()
    }

    /// Finds out under the locks whether a component can go on, before any other is touched.
    async fn try_out(&self, component: &mut Component, idle: &Mutex<Vec<Lane>>) {
        if !self.stop.is_requested() {
            self.lock_and_decide(&mut component.lanes, idle).await;
            component.close().await;
        }
    }

    async fn run_component(&self, component: &mut Component, idle: &Mutex<Vec<Lane>>) {
        let lanes = &mut component.lanes;
        if self.is_halted() {
            return;
        }
        if self.stop.is_requested() {
            for lane in lanes.iter_mut().filter(|lane| lane.has_work()) {
                lane.end.get_or_insert(End::Stopped);
            }
            return;
        }
        self.tell_if_large(lanes);
        if self.lock_and_decide(lanes, idle).await {
            self.run_locked(lanes).await;
        } else if !self.request.keep_going && lanes.iter().any(Lane::has_met_an_error) {
            self.halted.store(true, Ordering::SeqCst);
        }
        component.close().await;
    }

    fn tell_if_large(&self, lanes: &[Lane]) {
        if lanes.len() > self.request.jobs.max(1) {
            self.tell(Event::OpenTogether {
                database: lanes[0].job.binding.name.to_string(),
                databases: lanes.len(),
                jobs: self.request.jobs.max(1),
            });
        }
    }

    /// Locks the databases of a component, and reads and plans them again; says whether they
    /// may run.
    async fn lock_and_decide(&self, lanes: &mut Vec<Lane>, idle: &Mutex<Vec<Lane>>) -> bool {
        loop {
            self.lock(lanes).await;
            if lanes.iter().any(|lane| lane.end.is_some()) {
                return false;
            }
            self.decide_again(lanes).await;
            if lanes.iter().any(Lane::is_refused) {
                return false;
            }
            // What another run has left meanwhile may depend on more databases. They cannot be
            // locked beside these: only in the order of names do no two runs wait for each other.
            let has_more = self.join_idle(lanes, idle).await;
            if lanes.iter().any(Lane::is_refused) {
                return false;
            }
            if !has_more {
                break;
            }
            for lane in lanes.iter_mut() {
                let _ = lane.job.database.unlock().await;
            }
        }
        self.link(lanes);
        !lanes.iter().any(Lane::is_refused)
    }

    /// Takes those databases in, of the ones that no component has, which these lanes depend on
    /// by now; says whether there are any.
    async fn join_idle(&self, lanes: &mut Vec<Lane>, idle: &Mutex<Vec<Lane>>) -> bool {
        if !self.are_linked() {
            return false;
        }
        let asks_all = lanes.iter().any(goes_down);
        if !asks_all && self.are_all_beside(lanes) {
            // Of thousands of lanes mostly none needs another one: the idle ones stay where they are.
            return self.look_at_others(lanes, AtOnce::One).await;
        }
        let mut idle = idle.lock().await;
        if !idle.is_empty() && asks_all {
            for lane in lanes.iter_mut() {
                // Whoever is asked now has a session, too.
                let _ = lane.job.database.rest().await;
            }
        }
        for lane in idle.iter_mut().filter(|lane| lane.job.watched) {
            // It was asked before the locks were taken.
            lane.decided = None;
        }
        let own = lanes.len();
        lanes.append(&mut idle);
        let has_more = self.look_at_others(lanes, AtOnce::One).await;
        idle.extend(lanes.extract_if(own.., |lane| !lane.is_locked()));
        has_more
    }

    /// Whether each database that these lanes depend on is among them.
    fn are_all_beside(&self, lanes: &[Lane]) -> bool {
        let is_here = |on: &DatabaseName| lanes.iter().any(|lane| lane.job.binding.name == *on);
        self.ties(lanes).iter().all(|(_, on)| is_here(on))
    }

    /// Locks every database with work, and every one that another one depends on,
    /// in the order of names.
    async fn lock(&self, lanes: &mut [Lane]) {
        let mut order: Vec<&mut Lane> = lanes.iter_mut().collect();
        order.sort_by(|a, b| a.job.binding.name.cmp(&b.job.binding.name));
        for lane in order {
            match self.take_guard(&mut lane.job).await {
                Ok(Waited::Taken) => {}
                Ok(Waited::Stopped) => {
                    lane.end = Some(End::Stopped);
                    return;
                }
                Err(refusal) => {
                    lane.end = Some(End::Refused(refusal));
                    return;
                }
            }
        }
    }

    /// Runs the lanes of a component whose databases are locked. What is only looked at stays
    /// locked to the end.
    async fn run_locked(&self, lanes: &mut Vec<Lane>) {
        let looked_at: Vec<Lane> = lanes.extract_if(.., |lane| lane.job.watched).collect();
        self.board
            .begin(lanes.iter().map(|lane| &lane.job.binding.name));
        match self.request.commitment {
            Commitment::Run => self.run_together(lanes).await,
            Commitment::Step | Commitment::Lane => self.run_lanes(lanes).await,
        }
        lanes.extend(looked_at);
    }
}

impl Component {
    async fn close(&mut self) {
        for lane in &mut self.lanes {
            // What was done stands; a lock that is not given back here goes with the process.
            let _ = lane.job.database.unlock().await;
        }
    }
}

impl Lane {
    /// Whether its database did not answer as it should: a fault, and no refusal of ours.
    fn has_met_an_error(&self) -> bool {
        matches!(self.end, Some(End::Refused(Refusal::Database(_))))
    }
}

/// The first lane of the component of one.
fn root(roots: &mut [usize], mut at: usize) -> usize {
    while roots[at] != at {
        roots[at] = roots[roots[at]];
        at = roots[at];
    }
    at
}
