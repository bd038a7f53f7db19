//! What new revisions stand on, and ranges of history.

use super::{Direction, Place, ResolveError, Scope};
use crate::target::Point;
use crate::{Node, NodeSet};

impl Scope<'_> {
    /// The parents of a merge of these points; of all heads where none is
    /// given. Ascending.
    ///
    /// # Errors
    ///
    /// [`ResolveError::NothingToMerge`] for fewer than two, `Overlap` where one
    /// stands on another, `Repeated`, and `NotAHead` unless `splice`.
    pub fn merge_parents(&self, points: &[Point], splice: bool) -> Result<Vec<Node>, ResolveError> {
        let mut nodes = Vec::new();
        if points.is_empty() {
            nodes = self.graph.heads();
        }
        for point in points {
            // Heads by `down_revision`: one that is depended upon is still a head.
            if point.branch.is_none() && point.text == "heads" {
                nodes.extend(self.graph.heads());
            } else {
                nodes.extend(self.revisions(point)?);
            }
        }
        nodes.sort_unstable();
        if let Some(twice) = nodes.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ResolveError::Repeated {
                revision: self.graph.id(twice[0]).clone(),
            });
        }
        if nodes.len() < 2 {
            return Err(ResolveError::NothingToMerge {
                revisions: self.graph.ids(nodes),
            });
        }
        for &above in &nodes {
            let line = self.graph.line_below(above);
            if let Some(&below) = nodes.iter().find(|&&n| n != above && line.contains(n)) {
                return Err(ResolveError::Overlap {
                    above: self.graph.id(above).clone(),
                    below: self.graph.id(below).clone(),
                });
            }
        }
        if !splice {
            self.check_heads(&nodes)?;
        }
        Ok(nodes)
    }

    /// The parents of a new revision: what `point` means, none for the base;
    /// where it is left out, the only head that counts here.
    ///
    /// # Errors
    ///
    /// [`ResolveError`]: `AmbiguousHead` where there is no one head, `NotAHead`
    /// unless `splice`.
    pub fn new_parents(
        &self,
        point: Option<&Point>,
        splice: bool,
    ) -> Result<Vec<Node>, ResolveError> {
        let head = Point::head();
        let point = point.unwrap_or(&head);
        let nodes = self.revisions(point)?;
        let is_head = |node: &Node| self.graph.children(*node).is_empty();
        if point.text == "head" && (nodes.len() > 1 || !nodes.iter().all(is_head)) {
            return Err(ResolveError::AmbiguousHead {
                point: point.to_string(),
                candidates: self.graph.ids(self.graph.heads()),
            });
        }
        if !splice {
            self.check_heads(&nodes)?;
        }
        Ok(nodes)
    }

    fn check_heads(&self, nodes: &[Node]) -> Result<(), ResolveError> {
        match nodes
            .iter()
            .find(|&&node| !self.graph.children(node).is_empty())
        {
            None => Ok(()),
            Some(&node) => Err(ResolveError::NotAHead {
                revision: self.graph.id(node).clone(),
                heads: self.graph.ids(self.graph.heads()),
            }),
        }
    }

    /// The revisions from `low` to `high`, both included: the ancestry of
    /// `high` (of all heads where it is left out); where `low` is given, its
    /// descendants by `down_revision` therein; where it is a branch's base, the
    /// branch therein with all that it stands on. An offset alone counts from
    /// `low` up, or from the head down.
    ///
    /// # Errors
    ///
    /// [`ResolveError`]; `EmptyRange` where nothing lies between.
    pub fn range(
        &self,
        low: Option<&Point>,
        high: Option<&Point>,
    ) -> Result<NodeSet, ResolveError> {
        let lows = match low.map(|low| self.revisions(low)) {
            // Further down than there are revisions: everything.
            Some(Err(ResolveError::TooFar {
                direction: Direction::Down,
                ..
            })) => None,
            Some(lows) => Some(lows?),
            None => None,
        };
        let highs = match high {
            None => self.heads(None),
            Some(point) if self.is_offset_up(point)? => self.up_from(point, lows.as_deref())?,
            Some(point) => self.revisions(point)?,
        };
        let below = self.graph.ancestors(highs);
        let Some(lows) = lows.filter(|lows| !lows.is_empty()) else {
            return self.above_base(low, below);
        };
        let above = lows
            .iter()
            .map(|&low| self.graph.line_above(low))
            .fold(NodeSet::default(), |set, line| set.union(&line));
        let between = below.intersection(&above);
        let is_above = |low: &Node| !self.graph.line_above(*low).intersection(&below).is_empty();
        if between.is_empty() || !lows.iter().all(is_above) {
            let text = |point: Option<&Point>| point.map_or("heads".to_owned(), Point::to_string);
            return Err(ResolveError::EmptyRange {
                low: text(low),
                high: text(high),
            });
        }
        Ok(between)
    }

    /// What of `below` belongs to a range that begins at this base.
    fn above_base(&self, low: Option<&Point>, below: NodeSet) -> Result<NodeSet, ResolveError> {
        let Some(branch) = low.and_then(|low| low.branch.as_deref()) else {
            return Ok(below);
        };
        let line = self.branch(branch)?.line;
        Ok(self.graph.ancestors(below.intersection(&line).iter()))
    }

    /// The upper end of a range that is so many revisions above its lower end,
    /// or above the base; as many as there are, where there are fewer.
    fn up_from(&self, point: &Point, lows: Option<&[Node]>) -> Result<Vec<Node>, ResolveError> {
        let branch = self.meaning(point)?.branch;
        let start = match lows {
            None | Some([]) => Place::Base,
            Some(lows) => Place::Revisions(lows.to_vec()),
        };
        let (_, asked) = point.offset().expect("an offset was just read");
        let walk = |count| self.offset_from_place(point, branch.as_ref(), start.clone(), count);
        let place = match walk(asked) {
            Err(ResolveError::TooFar { available, .. }) => {
                walk(i64::try_from(available).unwrap_or(asked))
            }
            other => other,
        };
        match place? {
            Place::Revisions(nodes) => Ok(nodes),
            _ => Ok(Vec::new()),
        }
    }

    fn is_offset_up(&self, point: &Point) -> Result<bool, ResolveError> {
        Ok(matches!(self.meaning(point)?.place, Place::Offset(offset) if offset > 0))
    }
}
