//! Names: revision ids, branch labels, database and group names.
//!
//! A name that exists has been checked, so nothing after this module asks again.
//! All are cheap to clone.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The words that a target may consist of, hence no id, label or name.
pub const RESERVED: [&str; 4] = ["head", "heads", "base", "current"];

/// The longest revision id, in characters (all of them ASCII).
pub const MAX_ID_LENGTH: usize = 64;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was written.
    #[error("a {kind} may not be empty")]
    Empty {
        /// What the text was to be.
        kind: &'static str,
    },
    /// A character that this kind of name may not hold.
    #[error("`{text}` is not a {kind}: `{character}` is not allowed {place}")]
    Character {
        /// What the text was to be.
        kind: &'static str,
        /// The text as written.
        text: String,
        /// The first offender.
        character: char,
        /// "in it" or "at its start".
        place: &'static str,
    },
    /// An id of more than [`MAX_ID_LENGTH`] characters.
    #[error("a {kind} has at most {MAX_ID_LENGTH} characters; this one has {length}")]
    TooLong {
        /// What the text was to be.
        kind: &'static str,
        /// Its length in characters.
        length: usize,
    },
    /// One of [`RESERVED`].
    #[error("`{text}` is a word of the target grammar and cannot be a {kind}")]
    Reserved {
        /// What the text was to be.
        kind: &'static str,
        /// The text as written.
        text: String,
    },
}

fn check(
    kind: &'static str,
    text: &str,
    first: fn(char) -> bool,
    rest: fn(char) -> bool,
) -> Result<(), NameError> {
    let offence = |character, place| NameError::Character {
        kind,
        text: text.to_owned(),
        character,
        place,
    };
    let mut chars = text.chars();
    match chars.next() {
        None => return Err(NameError::Empty { kind }),
        Some(c) if !rest(c) => return Err(offence(c, "in it")),
        Some(c) if !first(c) => return Err(offence(c, "at its start")),
        Some(_) => {}
    }
    if let Some(c) = chars.find(|&c| !rest(c)) {
        return Err(offence(c, "in it"));
    }
    if RESERVED.contains(&text) {
        return Err(NameError::Reserved {
            kind,
            text: text.to_owned(),
        });
    }
    Ok(())
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text of the name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }
    };
}

name_type! {
    /// The identity of a revision: `[A-Za-z0-9][A-Za-z0-9_.]{0,63}`, no word of
    /// [`RESERVED`].
    RevisionId
}
name_type! {
    /// The name of a branch: `[A-Za-z][A-Za-z0-9_.-]*`, no word of [`RESERVED`].
    Label
}
name_type! {
    /// The name of a database or of a group of them: `[A-Za-z][A-Za-z0-9_.-]*`,
    /// no word of [`RESERVED`].
    DatabaseName
}

fn id_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

fn word_character(c: char) -> bool {
    id_character(c) || c == '-'
}

impl RevisionId {
    /// Checks and keeps an id.
    ///
    /// # Errors
    ///
    /// [`NameError`], where the text is no revision id.
    pub fn new(text: &str) -> Result<Self, NameError> {
        check(
            "revision id",
            text,
            |c| c.is_ascii_alphanumeric(),
            id_character,
        )?;
        if text.len() > MAX_ID_LENGTH {
            return Err(NameError::TooLong {
                kind: "revision id",
                length: text.len(),
            });
        }
        Ok(Self(text.into()))
    }
}

impl Label {
    /// Checks and keeps a label.
    ///
    /// # Errors
    ///
    /// [`NameError`], where the text is no label.
    pub fn new(text: &str) -> Result<Self, NameError> {
        check(
            "branch label",
            text,
            |c| c.is_ascii_alphabetic(),
            word_character,
        )?;
        Ok(Self(text.into()))
    }
}

impl DatabaseName {
    /// Checks and keeps a database or group name.
    ///
    /// # Errors
    ///
    /// [`NameError`], where the text is no such name.
    pub fn new(text: &str) -> Result<Self, NameError> {
        check(
            "database name",
            text,
            |c| c.is_ascii_alphabetic(),
            word_character,
        )?;
        Ok(Self(text.into()))
    }
}

/// The names that a mistyped one may have been meant to be: at most three,
/// likeliest first. A name is near when it lies within two edits, or begins
/// with the same four characters.
pub fn similar<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut near: Vec<(usize, &str)> = names
        .filter(|name| *name != typed)
        .filter_map(|name| {
            let distance = edit_distance(typed, name);
            let shared = typed.len() >= 4 && name.get(..4) == typed.get(..4);
            let limit = (typed.chars().count() / 2).min(2);
            (distance <= limit || shared).then_some((distance, name))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Levenshtein's distance, letter case counting nothing.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_look_like_a_number_a_date_or_a_word() {
        for text in ["1e10", "0012", "no", "2026", "5f1c2a9be0d4", "a", "v1.2_x"] {
            assert_eq!(RevisionId::new(text).expect(text).as_str(), text);
        }
    }

    #[test]
    fn an_id_refuses_what_the_target_grammar_uses() {
        for text in [
            "", "a-b", "a+1", "a@b", "_a", ".a", "head", "base", "é", "a b",
        ] {
            assert!(RevisionId::new(text).is_err(), "{text}");
        }
        assert!(RevisionId::new(&"x".repeat(64)).is_ok());
        assert!(RevisionId::new(&"x".repeat(65)).is_err());
    }

    #[test]
    fn a_near_miss_suggests_what_was_meant() {
        let names = ["billing", "core", "5f1c2a9be0d4"];
        assert_eq!(similar("biling", names.into_iter()), ["billing"]);
        assert_eq!(similar("CORE", names.into_iter()), ["core"]);
        assert_eq!(similar("5f1c9999", names.into_iter()), ["5f1c2a9be0d4"]);
        assert!(similar("x", names.into_iter()).is_empty());
        // What was typed is no other word than what was typed.
        assert!(similar("core", names.into_iter()).is_empty());
    }

    #[test]
    fn a_label_may_hold_a_dash_and_starts_with_a_letter() {
        assert!(Label::new("core-2").is_ok());
        for text in ["2core", "", "-x", "a@b", "heads", "a+b"] {
            assert!(Label::new(text).is_err(), "{text}");
        }
    }
}
