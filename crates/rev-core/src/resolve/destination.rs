//! Destinations: the set of revisions that an action and a point lead to.

use super::{Branch, Direction, Meaning, Place, ResolveError, Scope};
use crate::plan::Goal;
use crate::target::Point;
use crate::{Node, NodeSet};

/// The set of revisions that are to be applied in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Closed under parents and dependencies where the state was.
    pub set: NodeSet,
}

impl Scope<'_> {
    /// Where `goal` leads with these points; a union of them where it goes up.
    ///
    /// # Errors
    ///
    /// [`ResolveError`].
    pub fn destination(&self, goal: Goal, points: &[Point]) -> Result<Destination, ResolveError> {
        let set = match goal {
            Goal::Upgrade => self.upgraded(points)?,
            Goal::Downgrade => self.downgraded(points)?,
            Goal::Switch => self.switched(points)?,
            Goal::Stamp => self.stamped(points)?,
            Goal::Accept | Goal::Redo => self.applied()?.clone(),
        };
        Ok(Destination { set })
    }

    fn upgraded(&self, points: &[Point]) -> Result<NodeSet, ResolveError> {
        let mut set = self.applied()?.clone();
        for point in points {
            let meaning = self.meaning(point)?;
            let added = match &meaning.place {
                Place::Base => continue,
                Place::Revisions(nodes) | Place::Heads(nodes) => {
                    self.graph.ancestors(nodes.iter().copied())
                }
                Place::Current => return Err(ResolveError::Current),
                Place::Offset(offset) if *offset <= 0 => {
                    return Err(wrong_way(point, Direction::Up));
                }
                Place::Offset(_) => self.offset_from_state(point, &meaning)?,
            };
            set = set.union(&added);
        }
        Ok(set)
    }

    fn downgraded(&self, points: &[Point]) -> Result<NodeSet, ResolveError> {
        let applied = self.applied()?;
        let [point] = points else {
            for point in points {
                self.meaning(point)?;
            }
            let points = points.iter().map(Point::to_string).collect();
            return Err(ResolveError::SeveralPoints { points });
        };
        let meaning = self.meaning(point)?;
        let set = match &meaning.place {
            Place::Base => self.down_to_base(meaning.branch.as_ref(), applied),
            Place::Heads(nodes) if nodes.len() > 1 => {
                return Err(ResolveError::SeveralRevisions {
                    point: point.to_string(),
                    revisions: self.graph.ids(nodes.iter().copied()),
                });
            }
            Place::Revisions(nodes) | Place::Heads(nodes) => {
                if let Some(&missing) = nodes.iter().find(|&&node| !applied.contains(node)) {
                    return Err(ResolveError::NotApplied {
                        revision: self.graph.id(missing).clone(),
                    });
                }
                self.down_to(nodes, meaning.branch.as_ref(), applied)
            }
            Place::Current => return Err(ResolveError::Current),
            Place::Offset(offset) if *offset >= 0 => {
                return Err(wrong_way(point, Direction::Down));
            }
            Place::Offset(_) => self.offset_from_state(point, &meaning)?,
        };
        self.within_label(point, &meaning, set)
    }

    fn switched(&self, points: &[Point]) -> Result<NodeSet, ResolveError> {
        let mut set = NodeSet::default();
        for point in points {
            let meaning = self.meaning(point)?;
            let wanted = match &meaning.place {
                Place::Base if meaning.branch.is_some() => {
                    return Err(ResolveError::BranchBase {
                        point: point.to_string(),
                    });
                }
                Place::Base => continue,
                Place::Revisions(nodes) | Place::Heads(nodes) => {
                    self.graph.ancestors(nodes.iter().copied())
                }
                Place::Current => return Err(ResolveError::Current),
                Place::Offset(_) => {
                    let set = self.offset_from_state(point, &meaning)?;
                    self.within_label(point, &meaning, set)?
                }
            };
            set = set.union(&wanted);
        }
        Ok(set)
    }

    /// What `downgrade` would leave where all of it is applied, else what
    /// `upgrade` would.
    fn stamped(&self, points: &[Point]) -> Result<NodeSet, ResolveError> {
        let meanings = points
            .iter()
            .map(|point| self.meaning(point))
            .collect::<Result<Vec<Meaning>, _>>()?;
        let set = self.stamped_to(points, &meanings)?;
        match (points, &meanings[..]) {
            ([point], [meaning]) => self.within_label(point, meaning, set),
            _ => Ok(set),
        }
    }

    fn stamped_to(&self, points: &[Point], meanings: &[Meaning]) -> Result<NodeSet, ResolveError> {
        let applied = self.applied()?;
        if let ([point], [meaning]) = (points, meanings) {
            match meaning.place {
                Place::Base => return Ok(self.down_to_base(meaning.branch.as_ref(), applied)),
                Place::Offset(_) => return self.offset_from_state(point, meaning),
                _ => {}
            }
        }
        let mut nodes = NodeSet::default();
        for (point, meaning) in points.iter().zip(meanings) {
            match &meaning.place {
                Place::Revisions(of) | Place::Heads(of) => nodes.extend(of.iter().copied()),
                Place::Base => {}
                Place::Current => return Err(ResolveError::Current),
                Place::Offset(_) => return Err(offset_beside(point, points)),
            }
        }
        if !nodes.is_subset(applied) {
            return Ok(applied.union(&self.graph.ancestors(nodes.iter())));
        }
        let branch = match meanings {
            [meaning] => meaning.branch.as_ref(),
            _ => None,
        };
        let nodes: Vec<Node> = nodes.iter().collect();
        Ok(self.down_to(&nodes, branch, applied))
    }

    /// `applied` without the children of these revisions and all that stands
    /// on them. With a branch only the children in its line go.
    pub(super) fn down_to(
        &self,
        nodes: &[Node],
        branch: Option<&Branch>,
        applied: &NodeSet,
    ) -> NodeSet {
        let kept = self.graph.ancestors(nodes.iter().copied());
        let gone = nodes
            .iter()
            .flat_map(|&node| self.graph.children(node))
            .filter(|&child| !kept.contains(child))
            .filter(|&child| branch.is_none_or(|branch| branch.line.contains(child)));
        applied.difference(&self.graph.descendants(gone))
    }

    /// `applied` without everything, or without one branch down to where
    /// another applied branch forks off.
    fn down_to_base(&self, branch: Option<&Branch>, applied: &NodeSet) -> NodeSet {
        let Some(branch) = branch else {
            return NodeSet::default();
        };
        let mut set = applied.difference(&self.graph.descendants(branch.members.iter()));
        let stem = self.graph.line_below(branch.root);
        for &node in self.graph.topological().iter().rev() {
            if !stem.contains(node) || !set.contains(node) {
                continue;
            }
            let is_fork = self
                .graph
                .children(node)
                .into_iter()
                .any(|child| set.contains(child));
            if !is_fork {
                set = set.difference(&self.graph.descendants([node]));
            }
        }
        set
    }
}

fn offset_beside(offset: &Point, points: &[Point]) -> ResolveError {
    let others = points.iter().filter(|it| *it != offset);
    ResolveError::OffsetBeside {
        offset: offset.to_string(),
        others: others.map(Point::to_string).collect(),
    }
}

fn wrong_way(point: &Point, direction: Direction) -> ResolveError {
    ResolveError::WrongWay {
        point: point.to_string(),
        direction,
    }
}
