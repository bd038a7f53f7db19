//! Targets: what a user typed, before it means anything.
//!
//! ```text
//! TARGET   := [ SELECTOR '@' ] POINT          no SELECTOR: every bound database
//! SELECTOR := database | group | glob         'tenant_*'
//! POINT    := [ BRANCH '@' ] NAME [ OFFSET ] | [ BRANCH '@' ] OFFSET
//! NAME     := 'head' | 'heads' | 'base' | 'current' | id | id prefix | label
//! OFFSET   := '+'N | '-'N
//! ```
//!
//! The grammar is anchored at both ends. Whether `core-2` is a name or an
//! offset from `core` depends on the names there are, so a point keeps its text
//! and gives both readings; whoever knows the graph tries the exact name first.

use std::fmt;

use crate::name::RESERVED;

/// Which databases, and what point in the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// A database, a group or a glob; `None`: every bound database.
    pub selector: Option<String>,
    /// Where to.
    pub point: Point,
}

/// A place in the graph, as typed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Point {
    /// A label, an id or an id prefix that narrows to one branch.
    pub branch: Option<String>,
    /// The name and offset, as one text; never empty.
    pub text: String,
}

/// Why a text is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Nothing, or nothing beside an `@`.
    #[error("`{text}` is not a target: a part of it is empty")]
    EmptyPart {
        /// The text as typed.
        text: String,
    },
    /// More parts than a target has.
    #[error("`{text}` is not a target: it has more than {most} parts")]
    TooManyParts {
        /// The text as typed.
        text: String,
        /// How many parts there may be.
        most: usize,
    },
    /// Three parts of which the first names no database.
    #[error("`{text}` is not a target: `{selector}` is no database, group or pattern")]
    UnknownSelector {
        /// The text as typed.
        text: String,
        /// Its first part.
        selector: String,
    },
    /// A place before its `@`, where only a branch or a database may stand.
    #[error("`{text}` is not a target: `{place}` is a place and stands last")]
    TurnedAround {
        /// The text as typed.
        text: String,
        /// The place: `head`, `+2`.
        place: String,
        /// The text the right way round, where its last part can go first.
        turned: Option<String>,
    },
    /// A character that no name or offset holds.
    #[error("`{text}` is not a target: `{part}` is neither a name nor an offset")]
    Malformed {
        /// The text as typed.
        text: String,
        /// The part that is wrong.
        part: String,
    },
}

impl TargetError {
    /// A stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            TargetError::UnknownSelector { .. } => "unknown_database",
            _ => "malformed_target",
        }
    }
}

impl Target {
    /// Reads a target. The first part is a selector where `is_selector` says
    /// so, or where it is a glob.
    ///
    /// # Errors
    ///
    /// [`TargetError`], where the text does not fit the grammar.
    pub fn parse(text: &str, is_selector: impl Fn(&str) -> bool) -> Result<Self, TargetError> {
        if let Some((first, rest)) = text.split_once('@') {
            if !first.is_empty() && (is_selector(first) || is_glob(first)) {
                return Ok(Self {
                    selector: Some(first.to_owned()),
                    point: Point::parse_within(rest, text)?,
                });
            }
            if rest.contains('@') {
                return Err(TargetError::UnknownSelector {
                    text: text.to_owned(),
                    selector: first.to_owned(),
                });
            }
        }
        Ok(Self {
            selector: None,
            point: Point::parse(text)?,
        })
    }
}

/// Whether a selector holds a wildcard.
#[must_use]
pub fn is_glob(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether `name` matches `pattern`, in which `*` stands for any characters and
/// `?` for one.
#[must_use]
pub fn glob_matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last star stood, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

impl Point {
    /// `head`.
    #[must_use]
    pub fn head() -> Self {
        Self {
            branch: None,
            text: "head".to_owned(),
        }
    }

    /// Reads a point.
    ///
    /// # Errors
    ///
    /// [`TargetError`], where the text does not fit the grammar.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        Self::parse_within(text, text)
    }

    fn parse_within(text: &str, whole: &str) -> Result<Self, TargetError> {
        let parts: Vec<&str> = text.split('@').collect();
        if parts.len() > 2 {
            return Err(TargetError::TooManyParts {
                text: whole.to_owned(),
                most: 3,
            });
        }
        if parts.iter().any(|part| part.is_empty()) {
            return Err(TargetError::EmptyPart {
                text: whole.to_owned(),
            });
        }
        let (branch, name) = match parts[..] {
            [branch, name] => (Some(branch), name),
            _ => (None, text),
        };
        if let Some(place) = branch.filter(|it| is_place(it)) {
            let before = whole.strip_suffix(text).unwrap_or_default();
            let can_lead = !is_place(name) && is_well_formed(name, name);
            return Err(TargetError::TurnedAround {
                text: whole.to_owned(),
                place: place.to_owned(),
                turned: can_lead.then(|| format!("{before}{name}@{place}")),
            });
        }
        let name_start = name.strip_prefix(['+', '-']).unwrap_or(name);
        for (part, body) in branch.iter().map(|b| (*b, *b)).chain([(name, name_start)]) {
            if !is_well_formed(part, body) {
                return Err(TargetError::Malformed {
                    text: whole.to_owned(),
                    part: part.to_owned(),
                });
            }
        }
        Ok(Self {
            branch: branch.map(str::to_owned),
            text: name.to_owned(),
        })
    }

    /// The reading as a name and an offset, where the text ends in one. The
    /// name is empty for an offset alone.
    #[must_use]
    pub fn offset(&self) -> Option<(&str, i64)> {
        let at = self.text.rfind(['+', '-'])?;
        let (name, offset) = self.text.split_at(at);
        let digits = &offset[1..];
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        // Nobody has more revisions than this, so a longer number means the same.
        is_number.then(|| {
            (
                name,
                offset.parse().unwrap_or(if offset.starts_with('-') {
                    -i64::from(u32::MAX)
                } else {
                    i64::from(u32::MAX)
                }),
            )
        })
    }
}

/// Whether a part says where to, whatever branches and databases there are: `head`, `-1`.
fn is_place(part: &str) -> bool {
    RESERVED.contains(&part)
        || part
            .strip_prefix(['+', '-'])
            .is_some_and(|body| is_well_formed(part, body))
}

/// `body` is `part` without a leading sign.
fn is_well_formed(part: &str, body: &str) -> bool {
    let signed = body.len() < part.len();
    if signed {
        return !body.is_empty() && body.bytes().all(|b| b.is_ascii_digit());
    }
    let name = match body.rsplit_once('+') {
        Some((name, digits)) => {
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return false;
            }
            name
        }
        None => body,
    };
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(branch) = &self.branch {
            write!(f, "{branch}@")?;
        }
        f.write_str(&self.text)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(selector) = &self.selector {
            write!(f, "{selector}@")?;
        }
        write!(f, "{}", self.point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match Target::parse(text, |name| ["db1", "reporting"].contains(&name)) {
            Ok(target) => {
                let part = |text: &Option<String>| text.clone().unwrap_or("·".into());
                format!(
                    "{} {} {} {:?}",
                    part(&target.selector),
                    part(&target.point.branch),
                    target.point.text,
                    target.point.offset(),
                )
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_form_is_read_and_nothing_else() {
        let table: Vec<String> = [
            "head",
            "db1@head",
            "db1@billing@head",
            "billing@head",
            "reporting@5f1c",
            "db1@+2",
            "db1@5f1c-1",
            "-1",
            "+10",
            "core-2",
            "core-2-1",
            "tenant_*@head",
            "db1@tenant_*",
            "",
            "@",
            "db1@",
            "@head",
            "a@b@head",
            "db1@a@b@c",
            "a+1junk",
            "+",
            "-",
            "a+",
            "a b",
            "+1+1",
            "a-",
            "head+99999999999999999999",
            "é",
            "base@billing",
            "db1@heads@billing",
            "head@db1",
            "+1@db1",
            "base@head",
            "db1@-1@+1",
        ]
        .into_iter()
        .map(|text| format!("{text:<16} {}", read(text)))
        .collect();
        insta::assert_snapshot!(table.join("\n"));
    }

    #[test]
    fn a_glob_matches_whole_names() {
        assert!(glob_matches("tenant_*", "tenant_42"));
        assert!(glob_matches("*", ""));
        assert!(glob_matches("a*b*c", "aXbYbc"));
        assert!(glob_matches("t?n", "ten"));
        assert!(!glob_matches("tenant_*", "my_tenant_1"));
        assert!(!glob_matches("t?n", "tn"));
        assert!(!glob_matches("a*b", "abc"));
    }
}
