//! The quick reader: `serde_yaml`, without places.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{Key, Node, Text, Value, repeated};
use crate::fault::{Place, Problem};

/// What the quick reader objects to. It seldom knows the right place.
#[derive(Debug)]
pub(crate) struct QuickError(serde_yaml::Error);

impl QuickError {
    /// The objection as a problem, for when the placed reader finds none.
    pub(crate) fn finding(&self) -> (Option<Place>, Problem) {
        let place = self
            .0
            .location()
            .map(|place| Place::at(place.line(), place.column()));
        let detail = self.0.to_string();
        let detail = match detail.rfind(" at line ") {
            Some(end) if place.is_some() => detail[..end].to_owned(),
            _ => detail,
        };
        (place, Problem::Syntax { detail })
    }
}

/// Reads one document.
///
/// # Errors
///
/// [`QuickError`], where it is not YAML, holds a key twice, or several
/// documents.
pub(crate) fn quick(text: &str) -> Result<Node, QuickError> {
    serde_yaml::from_str(text).map_err(QuickError)
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(ValueVisitor)?;
        Ok(Node { value, place: None })
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Lost(Some(value)))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Lost(None))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Lost(None))
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Value, E> {
        Ok(Value::Lost(None))
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Value, E> {
        Ok(Value::Lost(None))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Lost(None))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(Text {
            text,
            plain: false,
            block: None,
        }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = members.next_element()? {
            nodes.push(node);
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        while let Some(text) = map.next_key::<String>()? {
            entries.push((Key { text, place: None }, map.next_value()?));
        }
        match repeated(&entries).first() {
            Some(&(second, _)) => Err(A::Error::custom(format_args!(
                "duplicate key `{}`",
                entries[second].0.text
            ))),
            None => Ok(Value::Map(entries)),
        }
    }
}
