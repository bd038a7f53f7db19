//! Offsets: `+N` and `-N`, counted in revisions with work.
//!
//! Revisions without work go along uncounted, and neither a side of a fork that
//! leads to no work nor a head without work since its fork makes a walk
//! ambiguous.
//!
//! With a label a walk down counts the label's own revisions and ends where these end:
//! `billing@-1` typed once too often must not take down the trunk, nor the branches that
//! stand on it.

use super::{Branch, Direction, Meaning, Place, ResolveError, Scope};
use crate::target::Point;
use crate::{Graph, Node, NodeSet};

/// A walk's point of departure.
enum Start {
    Base,
    At(Vec<Node>),
}

impl Scope<'_> {
    /// `id+N`, `head-N`, `base+N` and the like.
    pub(super) fn offset_from_place(
        &self,
        point: &Point,
        branch: Option<&Branch>,
        start: Place,
        offset: i64,
    ) -> Result<Place, ResolveError> {
        let count = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
        let nodes = match start {
            Place::Base if offset > 0 => {
                let node = self.walk_up(point, &Start::Base, count, branch)?;
                return Ok(Place::Revisions(vec![node]));
            }
            Place::Base if offset == 0 => return Ok(Place::Base),
            Place::Base => {
                return Err(ResolveError::TooFar {
                    point: point.to_string(),
                    from: None,
                    direction: Direction::Down,
                    available: 0,
                });
            }
            Place::Revisions(nodes) | Place::Heads(nodes) => nodes,
            Place::Current | Place::Offset(_) => return Ok(Place::Offset(offset)),
        };
        let [node] = nodes[..] else {
            return Err(ResolveError::AmbiguousHead {
                point: point.to_string(),
                candidates: self.graph.ids(nodes),
            });
        };
        if offset < 0 {
            let nodes = self.walk_down(point, node, count, branch)?;
            return Ok(match nodes.is_empty() {
                true => Place::Base,
                false => Place::Revisions(nodes),
            });
        }
        let node = self.walk_up(point, &Start::At(vec![node]), count, branch)?;
        Ok(Place::Revisions(vec![node]))
    }

    /// An offset alone, without a database: counted from the head, so only down.
    pub(super) fn offset_from_head(
        &self,
        point: &Point,
        meaning: &Meaning,
        offset: i64,
    ) -> Result<Vec<Node>, ResolveError> {
        let branch = meaning.branch.as_ref();
        let head = Place::Revisions(self.head(point, branch)?);
        match self.offset_from_place(point, branch, head, offset)? {
            Place::Revisions(nodes) => Ok(nodes),
            _ => Ok(Vec::new()),
        }
    }

    /// Where an offset from the database's state leads.
    pub(super) fn offset_from_state(
        &self,
        point: &Point,
        meaning: &Meaning,
    ) -> Result<NodeSet, ResolveError> {
        let Place::Offset(offset) = meaning.place else {
            unreachable!("asked of offsets only");
        };
        let count = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
        if offset < 0 {
            return self.taken_down(point, count, meaning.branch.as_ref());
        }
        let applied = self.applied()?;
        if offset == 0 {
            return Ok(applied.clone());
        }
        let node = self.up_from_state(point, count, meaning.branch.as_ref())?;
        Ok(applied.union(&self.graph.ancestors([node])))
    }

    pub(super) fn applied(&self) -> Result<&NodeSet, ResolveError> {
        Ok(self.state.ok_or(ResolveError::NoDatabase)?.set())
    }

    fn up_from_state(
        &self,
        point: &Point,
        count: usize,
        branch: Option<&Branch>,
    ) -> Result<Node, ResolveError> {
        let applied = self.applied()?;
        let mut heads = self.graph.maximal(applied);
        if let Some(branch) = branch {
            heads.retain(|&head| branch.line.contains(head));
            if heads.is_empty() {
                // Nothing of the branch is a head of the state: begin at the
                // topmost revisions that it shares with what is applied.
                heads = self.graph.topmost(&applied.intersection(&branch.line));
            }
        }
        if heads.is_empty() {
            return self.walk_up(point, &Start::Base, count, branch);
        }
        let contenders = self.contenders(&heads);
        match contenders[..] {
            [_, _, ..] => Err(ResolveError::SeveralHeads {
                point: point.to_string(),
                heads: self.graph.ids(contenders),
            }),
            [only] if !self.ways_up(&[only], branch).is_empty() => {
                self.walk_up(point, &Start::At(vec![only]), count, branch)
            }
            _ if !self.ways_up(&heads, branch).is_empty() => {
                self.walk_up(point, &Start::At(heads), count, branch)
            }
            // The heads have nothing above them; the work below them may.
            _ => {
                let line = branch.map_or_else(|| self.graph.all(), |branch| branch.line.clone());
                let work = applied.intersection(&self.work).intersection(&line);
                let work = self.graph.topmost(&work);
                let start = if work.is_empty() { heads } else { work };
                self.walk_up(point, &Start::At(start), count, branch)
            }
        }
    }

    /// Of several heads those with work that no other one shares; the only
    /// head, whatever its work.
    fn contenders(&self, heads: &[Node]) -> Vec<Node> {
        if let [only] = heads {
            return vec![*only];
        }
        #[derive(Clone, Copy, PartialEq)]
        enum Owner {
            Nobody,
            One(usize),
            Shared,
        }
        let mut owners = vec![Owner::Nobody; self.graph.len()];
        let mut works = vec![false; heads.len()];
        for (index, head) in heads.iter().enumerate() {
            owners[head.index()] = Owner::One(index);
        }
        for &node in self.graph.topological().iter().rev() {
            let owner = owners[node.index()];
            if owner == Owner::Nobody {
                continue;
            }
            if let Owner::One(index) = owner {
                works[index] |= self.work.contains(node);
            }
            for below in self.graph.below(node) {
                let of_below = &mut owners[below.index()];
                *of_below = match *of_below {
                    Owner::Nobody => owner,
                    same if same == owner => owner,
                    _ => Owner::Shared,
                };
            }
        }
        let works = works.into_iter().zip(heads);
        works
            .filter_map(|(works, &head)| works.then_some(head))
            .collect()
    }

    /// The children, in the branch, through which there is work to be reached.
    fn ways_up(&self, from: &[Node], branch: Option<&Branch>) -> Vec<Node> {
        let children: NodeSet = from
            .iter()
            .flat_map(|&node| self.graph.children(node))
            .collect();
        self.leading(children.iter(), branch)
    }

    fn leading(&self, nodes: impl Iterator<Item = Node>, branch: Option<&Branch>) -> Vec<Node> {
        let leading = self.leading.get_or_init(|| self.all_leading());
        nodes
            .filter(|&node| leading.contains(node))
            .filter(|&node| match branch {
                Some(branch) => branch.line.contains(node),
                None => self.is_followed(node),
            })
            .collect()
    }

    /// Whether a revision lies on a branch that the database lives on.
    fn is_followed(&self, node: Node) -> bool {
        let mut lines = self.follow.iter().map(|branch| &branch.line);
        self.follow.is_empty() || lines.any(|line| line.contains(node))
    }

    /// The next revisions on these ways: the only way as it is; of several
    /// those with work that are reached without passing other work, so that a
    /// side without work that joins another again is no choice to make.
    fn nearest(&self, ways: &[Node], branch: Option<&Branch>) -> Vec<Node> {
        if ways.len() < 2 {
            return ways.to_vec();
        }
        let mut found: Vec<Node> = Vec::new();
        let mut seen: NodeSet = ways.iter().copied().collect();
        let mut stack = ways.to_vec();
        while let Some(node) = stack.pop() {
            if self.work.contains(node) {
                found.push(node);
                continue;
            }
            let further = self.ways_up(&[node], branch);
            stack.extend(further.into_iter().filter(|&next| seen.insert(next)));
        }
        found.sort_unstable();
        let stands_on_other = |node: Node| found.iter().any(|&low| self.graph.stands_on(node, low));
        let is_choice = |node: &Node| ways.contains(node) || !stands_on_other(*node);
        found.iter().copied().filter(is_choice).collect()
    }

    /// The revisions that have work, or have a descendant in the files that has.
    fn all_leading(&self) -> NodeSet {
        let mut leading = NodeSet::default();
        for &node in self.graph.topological().iter().rev() {
            let leads = |child: Node| leading.contains(child);
            if !self.graph.is_foreign(node)
                && (self.work.contains(node) || self.graph.children(node).into_iter().any(leads))
            {
                leading.insert(node);
            }
        }
        leading
    }

    fn walk_up(
        &self,
        point: &Point,
        start: &Start,
        count: usize,
        branch: Option<&Branch>,
    ) -> Result<Node, ResolveError> {
        let (mut at, mut ways) = match start {
            Start::Base => (None, self.leading(self.graph.bases().into_iter(), branch)),
            Start::At(nodes) => (nodes.first().copied(), self.ways_up(nodes, branch)),
        };
        let from = at;
        let id = |node: Option<Node>| node.map(|node| self.graph.id(node).clone());
        let mut done = 0;
        while done < count {
            let next = match self.nearest(&ways, branch)[..] {
                [next] => next,
                [] => {
                    return Err(ResolveError::TooFar {
                        point: point.to_string(),
                        from: id(from),
                        direction: Direction::Up,
                        available: done,
                    });
                }
                _ => {
                    return Err(ResolveError::WalkForks {
                        point: point.to_string(),
                        at: id(at),
                        direction: Direction::Up,
                        candidates: self.graph.ids(ways),
                    });
                }
            };
            done += usize::from(self.work.contains(next));
            at = Some(next);
            if done < count {
                ways = self.ways_up(&[next], branch);
            }
        }
        // Only `+0` has not moved.
        at.ok_or_else(|| ResolveError::TooFar {
            point: point.to_string(),
            from: None,
            direction: Direction::Up,
            available: 0,
        })
    }

    /// Where one stands after taking so many revisions down from `from`: one revision,
    /// or all parents of a merge that declares the branch; none: the base.
    fn walk_down(
        &self,
        point: &Point,
        from: Node,
        count: usize,
        branch: Option<&Branch>,
    ) -> Result<Vec<Node>, ResolveError> {
        let is_own = |node: &Node| branch.is_none_or(|branch| branch.members.contains(*node));
        let mut at = vec![from];
        let mut done = 0;
        while done < count {
            let node = match (at.first(), branch) {
                (Some(&node), _) if is_own(&node) => node,
                (_, Some(branch)) => {
                    return Err(self.past_label(point, branch, done, count - done));
                }
                (_, None) => {
                    return Err(ResolveError::TooFar {
                        point: point.to_string(),
                        from: Some(self.graph.id(from).clone()),
                        direction: Direction::Down,
                        available: done,
                    });
                }
            };
            done += usize::from(self.work.contains(node));
            at = self.step_down(point, node, branch)?;
        }
        Ok(at)
    }

    /// The parent on the way down; at a merge the one that has work, on the branch.
    fn step_down(
        &self,
        point: &Point,
        node: Node,
        branch: Option<&Branch>,
    ) -> Result<Vec<Node>, ResolveError> {
        let all = self.graph.parents(node);
        let parents = match branch {
            Some(branch) if branch.root == node => return Ok(all),
            Some(branch) => all
                .into_iter()
                .filter(|&parent| branch.members.contains(parent))
                .collect(),
            None => all,
        };
        if parents.len() < 2 {
            return Ok(parents);
        }
        match self.contenders(&parents)[..] {
            [parent] => Ok(vec![parent]),
            _ => Err(ResolveError::WalkForks {
                point: point.to_string(),
                at: Some(self.graph.id(node).clone()),
                direction: Direction::Down,
                candidates: self.graph.ids(parents),
            }),
        }
    }

    /// A walk down that would leave the label, with the point that does go there:
    /// `rest` revisions further down than the label's first.
    fn past_label(
        &self,
        point: &Point,
        branch: &Branch,
        available: usize,
        rest: usize,
    ) -> ResolveError {
        let is_applied = |node: &Node| self.state.is_none_or(|it| it.set().contains(*node));
        let beyond = match self.graph.parents(branch.root)[..] {
            [parent] if is_applied(&parent) => self.walk_down(point, parent, rest, None).ok(),
            _ => None,
        };
        ResolveError::PastLabel {
            point: point.to_string(),
            label: branch.name.clone(),
            available,
            beyond: beyond.map(|nodes| match nodes.first() {
                Some(&node) => self.graph.id(node).to_string(),
                None => "base".to_owned(),
            }),
        }
    }

    /// Checks that a relative target with a label takes down nothing outside its line.
    pub(super) fn within_label(
        &self,
        point: &Point,
        meaning: &Meaning,
        set: NodeSet,
    ) -> Result<NodeSet, ResolveError> {
        let Some(branch) = meaning.branch.as_ref().filter(|_| meaning.is_relative) else {
            return Ok(set);
        };
        let gone = self.applied()?.difference(&set);
        let outside = gone.difference(&branch.members);
        let Some(foreign) = outside.iter().next() else {
            return Ok(set);
        };
        let below = self.graph.below(foreign);
        let on = below.into_iter().find(|&below| gone.contains(below));
        Err(ResolveError::OutsideLabel {
            point: point.to_string(),
            label: branch.name.clone(),
            revision: self.graph.id(foreign).clone(),
            on: on.map(|on| self.graph.id(on).clone()),
            explicit: self.explicit(branch, &set),
        })
    }

    /// The target without an offset whose downgrade leaves exactly `set`.
    fn explicit(&self, branch: &Branch, set: &NodeSet) -> Option<String> {
        let applied = self.applied().ok()?;
        let gone = applied.difference(set);
        let below = gone.iter().flat_map(|node| self.graph.parents(node));
        let places: NodeSet = below.filter(|&parent| set.contains(parent)).collect();
        let leads =
            |branch: Option<&Branch>, node: Node| self.down_to(&[node], branch, applied) == *set;
        if set.is_empty() {
            return Some("base".to_owned());
        }
        places.iter().find_map(|node| {
            let id = self.graph.id(node);
            if branch.line.contains(node) && leads(Some(branch), node) {
                return Some(format!("{}@{id}", branch.name));
            }
            leads(None, node).then(|| id.to_string())
        })
    }

    /// What remains after taking the only head down so many times: the label's, if one is
    /// given, and then no more than the label has.
    fn taken_down(
        &self,
        point: &Point,
        count: usize,
        branch: Option<&Branch>,
    ) -> Result<NodeSet, ResolveError> {
        let mut descent = Descent::new(self.graph, self.applied()?, branch);
        let from = descent.heads.first().copied();
        let mut done = 0;
        let mut contender = None;
        while done < count {
            if let Some(branch) = branch.filter(|_| descent.heads.is_empty()) {
                return Err(self.past_label(point, branch, done, count - done));
            }
            if descent.heads.is_empty() {
                return Err(ResolveError::TooFar {
                    point: point.to_string(),
                    from: from.map(|node| self.graph.id(node).clone()),
                    direction: Direction::Down,
                    available: done,
                });
            }
            // Asking which heads contend walks the whole graph, so go on with
            // the one that did as long as it is a head and its line lasts.
            let next = match descent.heads[..] {
                [only] => vec![only],
                _ => match contender.filter(|node| descent.heads.contains(node)) {
                    Some(node) => vec![node],
                    None => match self.contenders(&descent.heads)[..] {
                        [node] => vec![node],
                        // No head has work of its own: all go along.
                        [] => descent.heads.clone(),
                        ref several => {
                            return Err(ResolveError::SeveralHeads {
                                point: point.to_string(),
                                heads: self.graph.ids(several.iter().copied()),
                            });
                        }
                    },
                },
            };
            let before = descent.heads.clone();
            for node in next {
                done += usize::from(self.work.contains(node));
                descent.take(node);
            }
            let mut fresh = descent.heads.iter().filter(|head| !before.contains(head));
            contender = match (fresh.next(), fresh.next()) {
                (Some(&node), None) => Some(node),
                _ => None,
            };
        }
        Ok(descent.set)
    }
}

/// A state that is taken down head by head: a branch's own heads, if one is given.
struct Descent<'a> {
    graph: &'a Graph,
    set: NodeSet,
    line: Option<NodeSet>,
    heads: Vec<Node>,
}

impl<'a> Descent<'a> {
    fn new(graph: &'a Graph, applied: &NodeSet, branch: Option<&Branch>) -> Self {
        let line = branch.map(|branch| branch.members.clone());
        let heads = match &line {
            Some(line) => graph.tips(&applied.intersection(line)),
            None => graph.maximal(applied),
        };
        Self {
            graph,
            set: applied.clone(),
            line,
            heads,
        }
    }

    /// Takes a revision and all that stands on it out, and finds the new heads.
    fn take(&mut self, node: Node) {
        let mut removed = vec![node];
        self.set.remove(node);
        let mut at = 0;
        while at < removed.len() {
            for above in self.graph.above(removed[at]) {
                if self.set.contains(above) {
                    self.set.remove(above);
                    removed.push(above);
                }
            }
            at += 1;
        }
        self.heads.retain(|&head| self.set.contains(head));
        for gone in removed {
            for below in self.graph.below(gone) {
                if self.is_head(below) && !self.heads.contains(&below) {
                    self.heads.push(below);
                }
            }
        }
        self.heads.sort_unstable();
    }

    fn is_head(&self, node: Node) -> bool {
        if !self.set.contains(node) {
            return false;
        }
        let applied = |above: Node| self.set.contains(above);
        match &self.line {
            None => !self.graph.above(node).into_iter().any(applied),
            Some(line) => {
                let in_line = |child: Node| line.contains(child) && applied(child);
                line.contains(node) && !self.graph.children(node).into_iter().any(in_line)
            }
        }
    }
}
