//! Texts that are compared as the engine compares them, and shown as they are spelt.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A name, a type or a piece of SQL as it is spelt, with the key that it is
/// compared by: two texts are equal where the engine takes them for the same.
#[derive(Debug, Clone, Default)]
pub struct Text {
    text: String,
    /// `None`: the text itself.
    key: Option<String>,
}

impl Text {
    /// A text that is equal to itself alone.
    #[must_use]
    pub fn exact(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            key: None,
        }
    }

    /// A text whose ASCII letters count alike in both cases.
    #[must_use]
    pub fn caseless(text: impl Into<String>) -> Self {
        let text = text.into();
        let key = text.to_ascii_lowercase();
        Self::keyed(text, key)
    }

    /// A text with its key.
    #[must_use]
    pub fn keyed(text: impl Into<String>, key: String) -> Self {
        let text = text.into();
        let key = (key != text).then_some(key);
        Self { text, key }
    }

    /// As it is spelt.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it is compared by.
    #[must_use]
    pub fn key(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.text)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(other.key())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn texts_are_equal_by_key_and_shown_as_spelt() {
        let hero = Text::caseless("Hero");
        assert_eq!(hero, Text::caseless("HERO"));
        assert_eq!(hero.to_string(), "Hero");
        assert_ne!(Text::exact("Hero"), Text::exact("HERO"));
        assert_eq!(
            Text::keyed("a  >  0", "a > 0".to_owned()),
            Text::exact("a > 0")
        );
    }
}
