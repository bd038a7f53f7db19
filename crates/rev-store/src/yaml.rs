//! YAML as a tree, read in two ways.
//!
//! [`quick`] is `serde_yaml`: fast, but it knows no places and forgets how a
//! number was spelt. [`placed`] knows the place of every node and refuses what we do
//! not allow (anchors, aliases, tags, several documents, deep nesting). Both
//! give the same [`Node`], so what a document means is written once. Good files
//! are read quickly; a file with a fault, or with a number where a text is
//! wanted, is read again with places.
//!
//! What the quick reader is shown has passed [`is_harmless`] or [`placed`]:
//! `a: [[[[…` costs it quadratic time, and aliases multiply.

mod placed;
mod quick;

pub(crate) use placed::{conflict, placed};
pub(crate) use quick::quick;

use crate::fault::{Place, Problem};

/// How deep flow collections (`[`, `{`) may nest.
pub(crate) const FLOW_DEPTH: usize = 16;
/// How deep block collections may nest.
pub(crate) const BLOCK_DEPTH: usize = 64;

/// A problem and its place, in a file that only the caller knows.
pub(crate) type Finding = (Option<Place>, Problem);

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    /// `None` from the quick reader.
    pub(crate) place: Option<Place>,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// `~`, `null`, or nothing at all.
    Null,
    /// A string, or from the placed reader any scalar, as written.
    Text(Text),
    /// From the quick reader: a plain scalar whose spelling is lost, since it
    /// reads as a number or, as given, a boolean.
    Lost(Option<bool>),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order written, no key twice.
    Map(Vec<(Key, Node)>),
}

/// A scalar's text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub(crate) text: String,
    /// Whether it was written plain, so that `true` is a boolean.
    pub(crate) plain: bool,
    /// Where the lines of a literal block (`|`) stand.
    pub(crate) block: Option<Block>,
}

/// The first line of a literal block's content, and the column where every
/// line of it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A key of a map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) place: Option<Place>,
}

impl Node {
    /// What is there, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Text(_) | Value::Lost(_) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// The value of `key`, where this is a map that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The key and value of `key`, where this is a map that has it.
    pub(crate) fn entry(&self, key: &str) -> Option<(&Key, &Node)> {
        let Value::Map(entries) = &self.value else {
            return None;
        };
        entries
            .iter()
            .find(|(k, _)| k.text == key)
            .map(|(key, node)| (key, node))
    }

    /// The text, where this is a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(&text.text),
            _ => None,
        }
    }

    /// The members of a list, or the node itself as the only one.
    pub(crate) fn members(&self) -> &[Node] {
        match &self.value {
            Value::List(nodes) => nodes,
            _ => std::slice::from_ref(self),
        }
    }
}

/// Whether `text` can hold nothing that the quick reader must not see: no tag,
/// anchor or alias, and no deep nesting of `[` or `{`.
///
/// One pass, ignorant of quotes, comments and blocks, so it errs towards
/// `false`, which costs a second reading and nothing else. `count(*)`, `a * b`
/// and `{1,2}` pass; `SELECT *FROM` does not.
pub(crate) fn is_harmless(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut opened = 0;
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'[' | b'{' => opened += 1,
            b'&' | b'*' | b'!' if begins_property(bytes, index) => return false,
            _ => {}
        }
    }
    opened <= FLOW_DEPTH
}

/// Whether the sign at `index` could begin an anchor, alias or tag: at the
/// start of a token and, a tag excepted, with a name after it.
fn begins_property(bytes: &[u8], index: usize) -> bool {
    let starts = index == 0
        || matches!(
            bytes[index - 1],
            b' ' | b'\t' | b'\n' | b'\r' | b'[' | b'{' | b','
        );
    let named = bytes
        .get(index + 1)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    starts && (bytes[index] == b'!' || named)
}

/// The entries whose key an earlier entry has, each with that earlier one.
fn repeated(entries: &[(Key, Node)]) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|&index| (&entries[index].0.text, index));
    let same = |a: usize, b: usize| entries[a].0.text == entries[b].0.text;
    let pairs = order.windows(2).filter(|pair| same(pair[0], pair[1]));
    pairs.map(|pair| (pair[1], pair[0])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_sql_is_harmless_to_the_quick_reader() {
        for text in [
            "a: SELECT * FROM t",
            "a: SELECT count(*) FROM t",
            "a: |\n  SELECT *, b FROM t WHERE x = '{1,2}' & 3\n",
            "a: [1, 2]",
        ] {
            assert!(is_harmless(text), "{text}");
        }
    }

    #[test]
    fn whatever_could_multiply_or_nest_is_not_harmless() {
        for text in [
            "a: &x 1",
            "a: *x",
            "a: [*x]",
            "a: {*x: 1}",
            "- !t v",
            "!t",
            "a: ! b",
            "a: [1,&x 2]",
            "a: [[[[[[[[[[[[[[[[[",
        ] {
            assert!(!is_harmless(text), "{text}");
        }
    }
}
