//! No allowed plan is shorter: a search over states is the oracle.
//!
//! The oracle knows a graph as masks and costs; it shares no code with the
//! planner, and finds the cheapest way by trying every move from every state.
//! `REV_PLAN_CASES` says how many random cases are compared (20,000 without).

mod retrace;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use rev_core::plan::{PlanError, lane};
use rev_core::{
    Applied, Digest, Entry, Goal, Graph, Lane, NodeSet, Revision, RevisionId, Script, Sql, Standing,
};

use super::twin::{db1, nodes};

/// Steps with work, then steps.
type Price = (u32, u32);
type Mask = u16;

/// Marsaglia's xorshift: the cases are the same on every machine.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    pub(crate) fn chance(&mut self, in_hundred: usize) -> bool {
        self.roll(100) < in_hundred
    }
}

/// What there is to do one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Nothing,
    Script,
    /// Something is done that nothing undoes.
    Stuck,
}

#[derive(Debug, Clone, Copy)]
struct Work {
    up: Way,
    down: Way,
}

/// A graph as the oracle sees it: what each revision stands on, and what the
/// shortcuts replace.
#[derive(Debug, Clone)]
struct Sketch {
    parents: Vec<Mask>,
    dependencies: Vec<Mask>,
    works: Vec<Work>,
    shortcuts: Vec<(Mask, Work)>,
    /// Whose upgrade is not what ran, and whether what ran can be undone.
    edited: BTreeMap<usize, Way>,
}

fn work(dice: &mut Dice) -> Work {
    let (up, down) = match dice.roll(10) {
        0..5 => (Way::Script, Way::Script),
        5..8 => (Way::Nothing, Way::Nothing),
        8 => (Way::Script, Way::Stuck),
        _ => (Way::Nothing, Way::Script),
    };
    Work { up, down }
}

fn bits(mask: Mask) -> impl Iterator<Item = usize> {
    (0..Mask::BITS as usize).filter(move |bit| mask >> bit & 1 == 1)
}

impl Sketch {
    fn random(dice: &mut Dice) -> Self {
        let size = 1 + dice.roll(9);
        let mut sketch = Self {
            parents: Vec::new(),
            dependencies: Vec::new(),
            works: (0..size).map(|_| work(dice)).collect(),
            shortcuts: Vec::new(),
            edited: BTreeMap::new(),
        };
        for place in 0..size {
            // Mostly the one before, so that there are long lines to cut short.
            let mut parents: Mask = 0;
            for _ in 0..[1, 1, 1, 2, 0][dice.roll(5)] {
                if place > 0 {
                    let near = if dice.chance(60) {
                        1
                    } else {
                        1 + dice.roll(place)
                    };
                    parents |= 1 << (place - near);
                }
            }
            sketch.parents.push(parents);
            let dependency: Mask = match place > 0 && dice.chance(12) {
                true => 1 << dice.roll(place),
                false => 0,
            };
            sketch.dependencies.push(dependency & !parents);
        }
        for _ in 0..dice.roll(5) {
            let low = dice.roll(size);
            let high = low + dice.roll(size - low);
            let mut set: Mask = (low..=high).fold(0, |set, bit| set | 1 << bit);
            if dice.chance(25) {
                set &= !(1 << dice.roll(size));
            }
            if set != 0 {
                sketch.shortcuts.push((set, work(dice)));
            }
        }
        sketch
    }

    fn below(&self, place: usize) -> Mask {
        self.parents[place] | self.dependencies[place]
    }

    fn is_closed(&self, state: Mask) -> bool {
        bits(state).all(|place| self.below(place) & !state == 0)
    }

    fn closure(&self, seeds: Mask) -> Mask {
        let mut state = seeds;
        loop {
            let more = bits(state).fold(state, |state, place| state | self.below(place));
            if more == state {
                return state;
            }
            state = more;
        }
    }

    /// Whether the shortcuts nest or are disjoint, no two alike, and all of one
    /// depth can be taken as one node each.
    fn is_lawful(&self) -> bool {
        let sets: Vec<Mask> = self.shortcuts.iter().map(|it| it.0).collect();
        for (at, &one) in sets.iter().enumerate() {
            for &other in &sets[at + 1..] {
                let shared = one & other;
                if one == other || (shared != 0 && shared != one && shared != other) {
                    return false;
                }
            }
        }
        let depth = |set: Mask| sets.iter().filter(|&&other| set & !other == 0).count();
        (1..=sets.len()).all(|level| {
            let level: Vec<Mask> = sets
                .iter()
                .copied()
                .filter(|&it| depth(it) == level)
                .collect();
            self.can_be_ordered(&level)
        })
    }

    /// Whether these sets can each be brought up at once: taking whatever is
    /// free, until nothing is left.
    fn can_be_ordered(&self, sets: &[Mask]) -> bool {
        let all: Mask = (0..self.works.len()).fold(0, |set, bit| set | 1 << bit);
        let mut up: Mask = 0;
        while up != all {
            let free = bits(all & !up).find_map(|place| {
                let own: Mask = 1 << place;
                let set = sets.iter().copied().find(|set| set & own != 0);
                let set = set.unwrap_or(own);
                let below = bits(set).fold(0, |below, it| below | self.below(it));
                (below & !set & !up == 0).then_some(set)
            });
            match free {
                Some(set) => up |= set,
                None => return false,
            }
        }
        true
    }

    /// The down way of a revision that is applied.
    fn down(&self, place: usize) -> Way {
        *self.edited.get(&place).unwrap_or(&self.works[place].down)
    }

    /// What a shortcut costs, where it may be gone through.
    fn through(&self, set: Mask, work: Work, up: bool) -> Option<Price> {
        let way = if up { work.up } else { work.down };
        let idle = |place: usize| match up {
            true => self.works[place].up == Way::Nothing,
            false => self.down(place) == Way::Nothing,
        };
        if !up && bits(set).any(|place| self.edited.contains_key(&place)) {
            return None;
        }
        match way {
            Way::Script => Some((1, 1)),
            _ if bits(set).all(idle) => Some((0, 1)),
            _ => None,
        }
    }

    /// All moves: what goes at once, which way, and its price.
    fn moves(&self) -> Vec<(Mask, bool, Price)> {
        let mut moves = Vec::new();
        for up in [true, false] {
            for place in 0..self.works.len() {
                let way = if up {
                    self.works[place].up
                } else {
                    self.down(place)
                };
                match way {
                    Way::Nothing => moves.push((1 << place, up, (0, 1))),
                    Way::Script => moves.push((1 << place, up, (1, 1))),
                    Way::Stuck => {}
                }
            }
            for &(set, work) in &self.shortcuts {
                if let Some(price) = self.through(set, work, up) {
                    moves.push((set, up, price));
                }
            }
        }
        moves
    }

    /// The least price of a way from the one state to the other that takes down
    /// nothing that both hold and brings up nothing that neither holds.
    fn least(&self, from: Mask, to: Mask) -> Option<Price> {
        let moves = self.moves();
        let mut best: BTreeMap<Mask, Price> = BTreeMap::from([(from, (0, 0))]);
        let mut queue = BinaryHeap::from([Reverse(((0, 0), from))]);
        while let Some(Reverse((price, state))) = queue.pop() {
            if state == to {
                return Some(price);
            }
            for &(set, up, cost) in &moves {
                let (is_free, next) = match up {
                    true => (set & state == 0 && set & !(to & !from) == 0, state | set),
                    false => (set & !state == 0 && set & !(from & !to) == 0, state & !set),
                };
                let sum = (price.0 + cost.0, price.1 + cost.1);
                let is_better = best.get(&next).is_none_or(|&known| sum < known);
                if is_free && self.is_closed(next) && is_better {
                    best.insert(next, sum);
                    queue.push(Reverse((sum, next)));
                }
            }
        }
        None
    }

    fn revisions(&self) -> Vec<Arc<Revision>> {
        let all = |mask: Mask| bits(mask).map(id).collect::<Vec<_>>();
        let mut revisions = Vec::new();
        for (place, work) in self.works.iter().enumerate() {
            let mut revision = Revision::new(id(place), all(self.parents[place]));
            revision.depends_on = all(self.dependencies[place])
                .iter()
                .map(ToString::to_string)
                .collect();
            revisions.push(with_work(revision, *work));
        }
        for (number, &(set, work)) in self.shortcuts.iter().enumerate() {
            let parents = bits(set).fold(0, |below, it| below | self.parents[it]) & !set;
            let name = RevisionId::new(&format!("s{number}")).expect("an id");
            let mut revision = Revision::new(name, all(parents));
            revision.replaces = all(set);
            revisions.push(with_work(revision, work));
        }
        revisions
    }
}

fn id(place: usize) -> RevisionId {
    // In no relation to the order.
    RevisionId::new(&format!("r{}", place * 7 % 16)).expect("an id")
}

fn with_work(mut revision: Revision, work: Work) -> Arc<Revision> {
    let script = |way, verb| {
        let text = format!("{verb} {}", revision.id);
        (way == Way::Script).then(|| Script::Any(Sql::text(&text)))
    };
    let entry = Entry {
        upgrade: script(work.up, "CREATE"),
        downgrade: script(work.down, "DROP"),
        ..Entry::default()
    };
    revision.scripts.databases.insert(db1().name, entry);
    Arc::new(revision)
}

fn set(graph: &Graph, state: Mask) -> NodeSet {
    let places = bits(state).map(|it| graph.find(id(it).as_str()).expect("a node").index());
    nodes(&places.collect())
}

/// What the rows of a lane's steps say, as a mask.
fn moved(step: &rev_core::Step, count: usize) -> Mask {
    let of = |row: &Applied| (0..count).find(|&place| id(place) == row.revision);
    step.rows
        .iter()
        .filter_map(of)
        .fold(0, |set, place| set | 1 << place)
}

/// A ledger that was brought to `state`, some of its rows edited since.
fn ledger(sketch: &mut Sketch, dice: &mut Dice, graph: &Arc<Graph>, state: Mask) -> Vec<Applied> {
    let binding = Arc::new(db1());
    let empty = Standing::read(graph, &binding, &[]).expect("an empty ledger");
    let up = lane(&binding, &empty, Goal::Upgrade, &set(graph, state), None).expect("a way up");
    let mut rows: Vec<Applied> = up.steps.iter().flat_map(|step| step.rows.clone()).collect();
    for row in &mut rows {
        if row.through.is_none() && dice.chance(8) {
            row.upgrade_digest = Digest::from_hex(&"ab".repeat(32)).expect("64 digits");
            let place = (0..sketch.works.len()).find(|&place| id(place) == row.revision);
            let way = match row.downgrade {
                Some(_) => Way::Script,
                None => Way::Stuck,
            };
            sketch.edited.insert(place.expect("a revision"), way);
        }
    }
    rows
}

/// Follows a lane from state to state and tells what it costs.
fn follow(sketch: &Sketch, lane: &Lane, from: Mask, to: Mask) -> Price {
    let mut state = from;
    let mut price = (0, 0);
    for step in lane.steps.iter() {
        let set = moved(step, sketch.works.len());
        let is_free = if step.action.applies() {
            set & state == 0
        } else {
            set & !state == 0
        };
        assert!(set != 0 && is_free, "{step:?}");
        state ^= set;
        assert!(sketch.is_closed(state), "{step:?}");
        price = (price.0 + u32::from(!step.is_empty()), price.1 + 1);
    }
    assert_eq!(state, to);
    assert_eq!(lane.cost().with_work as u32, price.0);
    assert_eq!(lane.cost().steps as u32, price.1);
    price
}

fn cases() -> usize {
    let cases = std::env::var("REV_PLAN_CASES").ok();
    cases.map_or(20_000, |cases| cases.parse().expect("a number"))
}

#[derive(Debug, Default)]
struct Seen {
    unlawful: usize,
    with_shortcuts: usize,
    shortened: usize,
    nested: usize,
    stuck: usize,
    both_ways: usize,
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "`just soak` shows how much was compared"
)]
fn no_allowed_plan_is_shorter() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut seen = Seen::default();
    let mut compared = 0;
    while compared < cases() {
        let mut sketch = Sketch::random(&mut dice);
        let graph = Graph::new(sketch.revisions());
        assert_eq!(graph.is_ok(), sketch.is_lawful(), "{sketch:?} {graph:?}");
        let Ok(graph) = graph.map(Arc::new) else {
            seen.unlawful += 1;
            continue;
        };
        let mut state = || {
            let all: Mask = (1 << sketch.works.len()) - 1;
            let picks = (0..1 + dice.roll(3)).map(|_| dice.roll(sketch.works.len()));
            let some = picks.fold(0, |set: Mask, bit| set | 1 << bit);
            sketch.closure([0, all, some, some][dice.roll(4)])
        };
        let (from, to) = (state(), state());
        let rows = ledger(&mut sketch, &mut dice, &graph, from);
        let binding = Arc::new(db1());
        let standing = Standing::read(&graph, &binding, &rows).expect("a state");
        let plan = lane(&binding, &standing, Goal::Switch, &set(&graph, to), None);
        let least = sketch.least(from, to);
        match plan {
            Ok(plan) => {
                assert_eq!(
                    Some(follow(&sketch, &plan, from, to)),
                    least,
                    "{sketch:?} {from:b} {to:b} {plan:?}"
                );
                seen.note(&sketch, &plan);
            }
            Err(PlanError::NoWayDown { .. }) => {
                assert_eq!(least, None, "{sketch:?} {from:b} {to:b}");
                seen.stuck += 1;
            }
            Err(error) => panic!("{error}"),
        }
        compared += 1;
    }
    println!("{compared} plans compared: {seen:?}");
    // A comparison says little unless all of these are there.
    for count in [
        seen.with_shortcuts,
        seen.shortened,
        seen.nested,
        seen.stuck,
        seen.both_ways,
    ] {
        assert!(count * 200 > compared, "{seen:?}");
    }
    assert!(seen.unlawful > 0);
}

impl Seen {
    fn note(&mut self, sketch: &Sketch, plan: &Lane) {
        let taken = plan.steps.iter().filter(|step| !step.replaces.is_empty());
        let taken = taken.count();
        self.with_shortcuts += usize::from(!sketch.shortcuts.is_empty());
        self.shortened += usize::from(taken > 0);
        let nests = |set: Mask| {
            sketch
                .shortcuts
                .iter()
                .any(|it| it.0 != set && set & !it.0 == 0)
        };
        self.nested += usize::from(taken > 0 && sketch.shortcuts.iter().any(|it| nests(it.0)));
        let goes = |up| plan.steps.iter().any(|step| step.action.applies() == up);
        self.both_ways += usize::from(goes(true) && goes(false));
    }
}
