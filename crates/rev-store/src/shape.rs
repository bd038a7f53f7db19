//! Reading shapes out of a tree: fields of a map, texts, lists and flags.
//!
//! A reader never stops at a finding; it notes it and goes on with what there
//! is, so that one run reports everything.

use rev_core::NameError;
use rev_core::name::similar;

use crate::fault::{Place, Problem};
use crate::yaml::{Finding, Key, Node, Text, Value};

/// What to call the root of a file, which has no key.
pub(crate) const WHOLE: &str = "";

/// A text and where it stands.
pub(crate) struct Placed {
    pub(crate) text: String,
    pub(crate) place: Option<Place>,
}

/// The fields of a map that are still to be read.
pub(crate) struct Fields {
    entries: Vec<(Key, Node)>,
    /// Where the map begins.
    pub(crate) place: Option<Place>,
}

impl Fields {
    /// Takes the value of `key`, `null` included.
    pub(crate) fn take(&mut self, key: &str) -> Option<Node> {
        let index = self.entries.iter().position(|(k, _)| k.text == key)?;
        Some(self.entries.swap_remove(index).1)
    }

    /// Takes the value of `key`, where it is there and not `null`.
    pub(crate) fn given(&mut self, key: &str) -> Option<Node> {
        self.take(key).filter(|node| node.value != Value::Null)
    }

    /// Where `key` is written.
    pub(crate) fn place_of(&self, key: &str) -> Option<Place> {
        let entry = self.entries.iter().find(|(k, _)| k.text == key);
        entry.and_then(|(key, _)| key.place)
    }
}

/// Reads shapes, and collects what is wrong.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) findings: Vec<Finding>,
}

impl Reader {
    pub(crate) fn find(&mut self, place: Option<Place>, problem: Problem) {
        self.findings.push((place, problem));
    }

    fn wrong(&mut self, node: &Node, what: &str, expected: &'static str) {
        let what = match what {
            WHOLE => "the file".to_owned(),
            key => format!("`{key}`"),
        };
        let found = node.kind();
        self.find(
            node.place,
            Problem::WrongType {
                what,
                expected,
                found,
            },
        );
    }

    /// The entries of a map, in the order written.
    pub(crate) fn entries(&mut self, node: Node, what: &str) -> Vec<(Key, Node)> {
        match node.value {
            Value::Map(entries) => entries,
            _ => {
                self.wrong(&node, what, "a map");
                Vec::new()
            }
        }
    }

    /// The fields of a map; keys that are not `known` are findings.
    pub(crate) fn fields(
        &mut self,
        node: Node,
        what: &str,
        known: &'static [&'static str],
    ) -> Option<Fields> {
        let place = node.place;
        let Value::Map(entries) = node.value else {
            self.wrong(&node, what, "a map");
            return None;
        };
        for (key, _) in &entries {
            if !known.contains(&key.text.as_str()) {
                let similar = similar(&key.text, known.iter().copied());
                let key_text = key.text.clone();
                self.find(
                    key.place,
                    Problem::UnknownKey {
                        key: key_text,
                        similar,
                    },
                );
            }
        }
        Some(Fields { entries, place })
    }

    /// A scalar, as written.
    pub(crate) fn text(&mut self, node: Node, what: &str) -> Option<Placed> {
        let place = node.place;
        match node.value {
            Value::Text(Text { text, .. }) if text.contains('\0') => {
                self.find(place, Problem::Nul);
                None
            }
            Value::Text(Text { text, .. }) => Some(Placed { text, place }),
            _ => {
                self.wrong(&node, what, "a text");
                None
            }
        }
    }

    /// A scalar or a list of them. `null` is an empty list.
    pub(crate) fn texts(&mut self, node: Node, what: &str) -> Vec<Placed> {
        match node.value {
            Value::Null => Vec::new(),
            Value::List(nodes) => nodes
                .into_iter()
                .filter_map(|node| self.text(node, what))
                .collect(),
            Value::Map(_) => {
                self.wrong(&node, what, "a text or a list of texts");
                Vec::new()
            }
            _ => self.text(node, what).into_iter().collect(),
        }
    }

    /// A boolean, written `true` or `false`.
    pub(crate) fn flag(&mut self, node: &Node, what: &str) -> Option<bool> {
        let flag = match &node.value {
            Value::Lost(flag) => *flag,
            Value::Text(Text {
                text, plain: true, ..
            }) => match text.as_str() {
                "true" | "True" | "TRUE" => Some(true),
                "false" | "False" | "FALSE" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if flag.is_none() {
            self.wrong(node, what, "`true` or `false`");
        }
        flag
    }

    /// A checked name.
    pub(crate) fn name<T>(
        &mut self,
        text: &Placed,
        new: impl Fn(&str) -> Result<T, NameError>,
    ) -> Option<T> {
        new(&text.text)
            .map_err(|error| self.find(text.place, error.into()))
            .ok()
    }

    /// A scalar or list of checked names.
    pub(crate) fn names<T>(
        &mut self,
        node: Node,
        what: &str,
        new: impl Fn(&str) -> Result<T, NameError>,
    ) -> Vec<T> {
        let texts = self.texts(node, what);
        texts
            .iter()
            .filter_map(|text| self.name(text, &new))
            .collect()
    }
}
