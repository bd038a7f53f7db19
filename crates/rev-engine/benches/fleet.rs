//! A fleet: 100,000 revisions on 50 branches, 1,000 shortcuts, and 200 databases
//! that stand in 20 different states, all to be brought to the heads.
//!
//! `just bench` runs this. It prints seconds of one core and the most memory that
//! the process ever had; nothing is read from a database or a disk.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use rev_core::revision::{Entry, Script, Sql};
use rev_core::state::Standing;
use rev_core::{
    Binding, DatabaseName, Dialect, Drift, Goal, Graph, Point, Revision, RevisionId, State,
};
use rev_engine::planner::Planner;

const BRANCHES: usize = 50;
const LENGTH: usize = 2_000;
/// A shortcut a stretch of a branch; every second one has another one in it.
const STRETCH: usize = 150;
const DATABASES: usize = 200;
const STATES: usize = 20;

fn id(branch: usize, place: usize) -> RevisionId {
    // Spread, so that ids are in no relation to the order.
    let spread = ((branch * LENGTH + place) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    RevisionId::new(&format!("{spread:016x}")).expect("hexadecimal digits are an id")
}

fn with_script(mut revision: Revision) -> Arc<Revision> {
    revision.scripts.top = Entry {
        upgrade: Some(Script::Any(Sql::text("SELECT 1"))),
        downgrade: Some(Script::Any(Sql::text("SELECT 2"))),
        ..Entry::default()
    };
    Arc::new(revision)
}

fn revisions() -> Vec<Arc<Revision>> {
    let places = (0..BRANCHES).flat_map(|branch| (0..LENGTH).map(move |place| (branch, place)));
    let revision = |(branch, place): (usize, usize)| {
        let parent = match (branch, place) {
            (0, 0) => None,
            (_, 0) => Some(id(0, 0)),
            _ => Some(id(branch, place - 1)),
        };
        with_script(Revision::new(
            id(branch, place),
            parent.into_iter().collect(),
        ))
    };
    places.map(revision).collect()
}

fn shortcuts() -> Vec<Arc<Revision>> {
    let mut shortcuts = Vec::new();
    let mut add = |branch: usize, first: usize, length: usize| {
        let name = RevisionId::new(&format!("s{}", shortcuts.len())).expect("an id");
        let mut shortcut = Revision::new(name, vec![id(branch, first - 1)]);
        shortcut.replaces = (first..first + length)
            .map(|place| id(branch, place))
            .collect();
        shortcuts.push(with_script(shortcut));
    };
    for branch in 0..BRANCHES {
        for stretch in 0..LENGTH / STRETCH {
            let first = 1 + stretch * STRETCH;
            add(branch, first, STRETCH - 1);
            if stretch % 2 == 1 {
                add(branch, first + 10, 20);
            }
        }
        add(branch, LENGTH - 40, 30);
    }
    shortcuts
}

/// A graph, and how long it took to make.
fn graph(revisions: Vec<Arc<Revision>>) -> (Arc<Graph>, Duration) {
    let begun = Instant::now();
    let graph = Graph::new(revisions).expect("a graph");
    (Arc::new(graph), begun.elapsed())
}

/// Every branch brought up equally far: the more, the higher the number.
fn state(graph: &Graph, number: usize) -> State {
    let place = LENGTH * number / STATES;
    let heads = (0..BRANCHES).map(|branch| graph.find(id(branch, place).as_str()));
    State::of_heads(graph, heads.map(|node| node.expect("a revision")))
}

/// Plans a fleet; tells how long that took and how many steps there are.
fn plan(graph: &Arc<Graph>, databases: usize, states: usize) -> (Duration, usize) {
    let standings: Vec<Standing> = (0..states)
        .map(|number| Standing {
            graph: graph.clone(),
            state: state(graph, number),
            drift: Drift::default(),
        })
        .collect();
    let heads = [Point::parse("heads").expect("a point")];
    let begun = Instant::now();
    let planner = Planner::new(graph);
    let mut lanes = Vec::new();
    for number in 0..databases {
        let name = DatabaseName::new(&format!("tenant_{number}")).expect("a name");
        let binding = Arc::new(Binding::new(name, Dialect::Sqlite));
        let standing = &standings[number % states];
        let lane = planner.prepare(&binding, standing, Goal::Upgrade, &heads, false, None);
        lanes.push(lane.expect("a plan"));
    }
    let elapsed = begun.elapsed();
    (elapsed, lanes.iter().map(|it| it.lane.steps.len()).sum())
}

/// The most memory that this process has had, in MiB.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kibibytes.map_or("unknown".to_owned(), |it| format!("{} MiB", it / 1024))
}

fn main() {
    let (plain, built) = graph(revisions());
    println!("{} revisions, {BRANCHES} branches", plain.len());
    println!("build                           {built:>9.3?}");
    let (alone, steps) = plan(&plain, 1, 1);
    println!("plan one from base              {alone:>9.3?}  {steps} steps");
    let mut all = revisions();
    all.extend(shortcuts());
    let (cut, built) = graph(all);
    println!("with {} shortcuts", cut.shortcuts().len());
    println!("build                           {built:>9.3?}");
    let (through, steps) = plan(&cut, 1, 1);
    println!("plan one from base              {through:>9.3?}  {steps} steps");
    let ratio = through.as_secs_f64() / alone.as_secs_f64();
    println!("  to the same without shortcuts {ratio:>9.2}");
    println!(
        "{DATABASES} databases in {STATES} states, memory so far {}",
        peak_memory()
    );
    let (fleet, steps) = plan(&cut, DATABASES, STATES);
    println!("plan all, with shortcuts        {fleet:>9.3?}  {steps} steps");
    println!("most memory                     {:>9}", peak_memory());
    let (fleet, steps) = plan(&plain, DATABASES, STATES);
    println!("plan all, without shortcuts     {fleet:>9.3?}  {steps} steps");
    println!("most memory                     {:>9}", peak_memory());
}
