//! What new revisions stand on, and ranges of history.

use super::{Meaning, Place, ResolveError, Scope};
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
        let head = Point {
            branch: None,
            text: "head".to_owned(),
        };
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
    /// branch with all that it stands on. An offset alone counts from `low` up,
    /// or from the head down, and stops where the graph ends.
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
            None | Some(Err(ResolveError::TooFar { .. })) => Vec::new(),
            Some(lows) => lows?,
        };
        let below = self.graph.ancestors(self.range_ends(&lows, high)?);
        let between = match low {
            Some(low) if lows.is_empty() => match self.meaning(low) {
                Ok(Meaning {
                    branch: Some(branch),
                    place: Place::Base,
                }) => self
                    .graph
                    .ancestors(below.intersection(&branch.line).iter()),
                _ => return Ok(below),
            },
            None => return Ok(below),
            Some(_) => self.between(&lows, &below),
        };
        if between.is_empty() {
            let text = |point: Option<&Point>| point.map_or("heads".to_owned(), Point::to_string);
            return Err(ResolveError::EmptyRange {
                low: text(low),
                high: text(high),
            });
        }
        Ok(between)
    }

    /// What of `below` lies on a line above `lows`; nothing unless each of them
    /// is one of `below`.
    fn between(&self, lows: &[Node], below: &NodeSet) -> NodeSet {
        if !lows.iter().all(|&low| below.contains(low)) {
            return NodeSet::default();
        }
        let lines = lows.iter().map(|&low| self.graph.line_above(low));
        let above = lines.fold(NodeSet::default(), |set, line| set.union(&line));
        below.intersection(&above)
    }

    fn range_ends(&self, lows: &[Node], high: Option<&Point>) -> Result<Vec<Node>, ResolveError> {
        let Some(point) = high else {
            return Ok(self.heads(None));
        };
        let [low] = lows else {
            return self.revisions(point);
        };
        if !self.is_offset_up(point)? {
            return self.revisions(point);
        }
        let branch = self.meaning(point)?.branch;
        let (_, offset) = point.offset().expect("an offset was just read");
        let start = || Place::Revisions(vec![*low]);
        let end = match self.offset_from_place(point, branch.as_ref(), start(), offset) {
            Err(ResolveError::TooFar { available: 0, .. }) => start(),
            Err(ResolveError::TooFar { available, .. }) => {
                let offset = i64::try_from(available).unwrap_or(offset);
                self.offset_from_place(point, branch.as_ref(), start(), offset)?
            }
            end => end?,
        };
        match end {
            Place::Revisions(nodes) => Ok(nodes),
            _ => Ok(Vec::new()),
        }
    }

    fn is_offset_up(&self, point: &Point) -> Result<bool, ResolveError> {
        Ok(matches!(self.meaning(point)?.place, Place::Offset(offset) if offset > 0))
    }
}
