//! URLs of databases as `rev.yaml` writes them: templates, and what they resolve to.
//!
//! What `${NAME}` puts into the user or the password is encoded, so that every character
//! works there. Where that is, the text says, never the value: see [`Template::resolve`].

use std::fmt;

use rev_core::url::{encoded, redact_url};
use rev_core::{DatabaseName, UrlFault};

use super::environment::is_variable;

/// Why a database has no URL now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// A name that `rev.yaml` does not bind.
    #[error("there is no database `{database}` in rev.yaml")]
    UnknownDatabase {
        /// The name.
        database: DatabaseName,
    },
    /// A database without `url:` and without an override.
    #[error("database `{database}` has no URL; `{variable}` is not set")]
    NoUrl {
        /// The database.
        database: DatabaseName,
        /// The variable that would give it one.
        variable: String,
    },
    /// A `${NAME}` without value or default.
    #[error("the URL of database `{database}` needs the variable `{variable}`, which is not set")]
    Unset {
        /// The database.
        database: DatabaseName,
        /// The variable.
        variable: String,
    },
    /// One override variable that means two databases.
    #[error("`{variable}` means both `{first}` and `{second}`")]
    SharedVariable {
        /// The variable.
        variable: String,
        /// One database.
        first: DatabaseName,
        /// The other.
        second: DatabaseName,
    },
    /// A URL that can never be right.
    #[error("the URL of database `{database}` is not usable: {fault}")]
    Fault {
        /// The database.
        database: DatabaseName,
        /// What is wrong.
        fault: UrlFault,
    },
}

/// What stands for a variable in an outline: nothing that parts a URL.
const VARIABLE: &str = "$";

/// A URL as written in `rev.yaml`, with `${NAME}` and `${NAME:-default}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable {
        name: String,
        default: Option<String>,
    },
}

/// A `${` that begins no reference.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadReference;

impl Template {
    /// Reads a template.
    pub(crate) fn parse(text: &str) -> Result<Self, BadReference> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let reference = &rest[start..];
            let end = reference.find('}').ok_or(BadReference)?;
            let inner = &reference[2..end];
            let (name, default) = match inner.split_once(":-") {
                Some((name, default)) => (name, Some(default.to_owned())),
                None => (inner, None),
            };
            if !is_variable(name) || default.as_ref().is_some_and(|d| d.contains("${")) {
                return Err(BadReference);
            }
            if start > 0 {
                parts.push(Part::Literal(rest[..start].to_owned()));
            }
            let name = name.to_owned();
            parts.push(Part::Variable { name, default });
            rest = &reference[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The text, where it refers to no variable.
    pub(crate) fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The text before any variable, where it holds the scheme.
    pub(crate) fn start(&self) -> Option<&str> {
        match self.0.first()? {
            Part::Literal(text) => Some(text.as_str()).filter(|text| text.contains(':')),
            Part::Variable { .. } => None,
        }
    }

    /// The URL; the error is the variable that is not set.
    ///
    /// A value is encoded whole, `%` included, where the text puts it into a user or a
    /// password: between `://` and the last `@`, if a colon there tells the two apart, and in
    /// the parameters `user` and `password`. Elsewhere it is taken as written: it may be the
    /// whole URL, or user and password together (`://${WHO}@`).
    pub(crate) fn resolve<'a>(
        &'a self,
        variable: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<String, String> {
        let credentials = self.credentials();
        let mut url = String::new();
        for (index, part) in self.0.iter().enumerate() {
            match part {
                Part::Literal(text) => url.push_str(text),
                Part::Variable { name, default } => {
                    let value = match default {
                        Some(default) => variable(name)
                            .filter(|value| !value.is_empty())
                            .unwrap_or(default),
                        None => variable(name).ok_or_else(|| name.clone())?,
                    };
                    if credentials.contains(&index) {
                        url.push_str(&encoded(value));
                    } else {
                        url.push_str(value);
                    }
                }
            }
        }
        Ok(url)
    }

    /// Which parts are variables that hold a user or a password, or a piece of one.
    fn credentials(&self) -> Vec<usize> {
        let outline = self.outline();
        let start = outline.find("://").map_or(outline.len(), |at| at + 3);
        let end = outline.rfind('@').unwrap_or_default();
        let are_apart = start < end && outline[start..end].contains(':');
        let is_credential = |at: usize| {
            let before = &outline[..at];
            let parameter = before.rfind(['?', '&']).map(|mark| &before[mark + 1..]);
            let is_parameter =
                parameter.is_some_and(|it| it.starts_with("user=") || it.starts_with("password="));
            (are_apart && (start..end).contains(&at)) || is_parameter
        };
        let mut credentials = Vec::new();
        let mut at = 0;
        for (index, part) in self.0.iter().enumerate() {
            match part {
                Part::Literal(text) => at += text.len(),
                Part::Variable { .. } => {
                    if is_credential(at) {
                        credentials.push(index);
                    }
                    at += VARIABLE.len();
                }
            }
        }
        credentials
    }

    /// The text with a mark for each variable, which may hold anything.
    fn outline(&self) -> String {
        let of_part = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Variable { .. } => VARIABLE.to_owned(),
        };
        self.0.iter().map(of_part).collect()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable {
                    name,
                    default: None,
                } => text.push_str(&format!("${{{name}}}")),
                Part::Variable {
                    name,
                    default: Some(default),
                } => text.push_str(&format!("${{{name}:-{default}}}")),
            }
        }
        f.write_str(&redact_url(&text))
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, value: &'static str) -> String {
        let template = Template::parse(text).expect("a template");
        template.resolve(|_| Some(value)).expect("all are set")
    }

    #[test]
    fn a_template_reads_variables_and_defaults() {
        let template = Template::parse("a://${U}:${P:-x}@h").expect("a template");
        let with = |pairs: &'static [(&str, &str)]| {
            template.resolve(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| *v))
        };
        assert_eq!(with(&[("U", "me"), ("P", "")]), Ok("a://me:x@h".to_owned()));
        assert_eq!(with(&[("P", "y")]), Err("U".to_owned()));
        for bad in ["${", "${}", "${1A}", "${A:-${B}}", "x${A B}"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_variable_in_the_user_or_the_password_is_encoded() {
        for (text, shown) in [
            ("a://app:${P}@h/d", "a://app:%25%40%2F@h/d"),
            ("a://${U}:${P}@h/d", "a://%25%40%2F:%25%40%2F@h/d"),
            ("a://${U}:pw@h/d", "a://%25%40%2F:pw@h/d"),
            ("a://t_${U}:x${P}y@h/d", "a://t_%25%40%2F:x%25%40%2Fy@h/d"),
            ("a://u:p@q${P}@h/d", "a://u:p@q%25%40%2F@h/d"),
            ("${S:-a}://u:${P}@h/d", "%@/://u:%25%40%2F@h/d"),
            (
                "a://h/d?user=${U}&password=x${P}&b=${B}",
                "a://h/d?user=%25%40%2F&password=x%25%40%2F&b=%@/",
            ),
            ("a://u:${P}@${H}/${D}?${Q}", "a://u:%25%40%2F@%@//%@/?%@/"),
        ] {
            assert_eq!(resolved(text, "%@/"), shown, "{text}");
        }
        let template = Template::parse("a://u:${P:-d@/e}@h").expect("a template");
        assert_eq!(
            template.resolve(|_| None),
            Ok("a://u:d%40%2Fe@h".to_owned())
        );
    }

    #[test]
    fn a_variable_that_holds_more_than_one_part_is_taken_as_written() {
        for text in [
            "${URL}",
            "a://${WHO}@h/d",
            "a://${U}${P}@h/d",
            "${A}${B}",
            "a://${ALL}",
        ] {
            let expected = text.replace("${WHO}", "u:%40").replace("${ALL}", "u:%40");
            let expected = expected.replace("${U}${P}", "u:%40u:%40");
            let expected = expected
                .replace("${URL}", "u:%40")
                .replace("${A}${B}", "u:%40u:%40");
            assert_eq!(resolved(text, "u:%40"), expected, "{text}");
        }
    }

    #[test]
    fn a_template_shows_no_password() {
        let template = Template::parse("a://u:se@cr?et@h/${D}").expect("a template");
        assert_eq!(format!("{template:?}"), "Template(a://u:***@h/${D})");
    }
}
