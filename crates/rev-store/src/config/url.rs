//! URLs of databases: templates as written, and what they resolve to.
//!
//! A resolved URL may hold a password. [`DatabaseUrl`] shows itself without it,
//! in `Debug` too; only [`DatabaseUrl::expose`] gives it away, to the driver.

use std::fmt;
use std::path::{Path, PathBuf};

use rev_core::{DatabaseName, Dialect};

use super::environment::is_variable;

/// What stands in place of a password.
const HIDDEN: &str = "***";

/// Why a URL can never be right, whatever the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// A scheme that is no engine's.
    #[error("{}", match scheme.as_str() {
        "" => "the URL has no scheme, such as `sqlite:`".to_owned(),
        other => format!("`{other}` is not the scheme of a database that is known"),
    })]
    UnknownScheme {
        /// The text before the first colon.
        scheme: String,
    },
    /// SQLite in memory.
    #[error("a database in memory is gone when the command ends, so nothing would be migrated")]
    InMemory,
    /// A SQLite URL without a file.
    #[error("the URL names no file")]
    NoFile,
    /// A `dialect:` that is not the URL's.
    #[error("the URL is for {of_url}, but the dialect says {stated}")]
    OtherDialect {
        /// What `dialect:` says.
        stated: Dialect,
        /// What the scheme says.
        of_url: Dialect,
    },
}

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
    #[error("the URL of database `{database}` is not usable")]
    Fault {
        /// The database.
        database: DatabaseName,
        /// What is wrong.
        #[source]
        fault: UrlFault,
    },
}

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

    /// The scheme, where it is written before any variable.
    pub(crate) fn scheme(&self) -> Option<&str> {
        match self.0.first()? {
            Part::Literal(text) => text.split_once(':').map(|(scheme, _)| scheme),
            Part::Variable { .. } => None,
        }
    }

    /// The URL; the error is the variable that is not set.
    pub(crate) fn resolve<'a>(
        &'a self,
        variable: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<String, String> {
        let mut url = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => url.push_str(text),
                Part::Variable { name, default } => {
                    let value = match default {
                        Some(default) => variable(name)
                            .filter(|value| !value.is_empty())
                            .unwrap_or(default),
                        None => variable(name).ok_or_else(|| name.clone())?,
                    };
                    url.push_str(value);
                }
            }
        }
        Ok(url)
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

/// A resolved URL, ready to connect with.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    text: String,
    dialect: Dialect,
    file: Option<PathBuf>,
}

impl DatabaseUrl {
    /// Checks a URL; a SQLite file is relative to `root`.
    ///
    /// # Errors
    ///
    /// [`UrlFault`], where no connection could be made with it.
    pub fn new(text: &str, root: &Path) -> Result<Self, UrlFault> {
        let dialect = Dialect::of_url(text).ok_or_else(|| UrlFault::UnknownScheme {
            scheme: scheme(text),
        })?;
        let file = match dialect {
            Dialect::Sqlite => Some(root.join(sqlite_file(text)?)),
            _ => None,
        };
        Ok(Self {
            text: text.to_owned(),
            dialect,
            file,
        })
    }

    /// The dialect that its scheme stands for.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The SQLite file; `None` for servers.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The URL with its password, for the driver and for nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// `text` without any password: this URL's own wherever it stands, and
    /// those in other URLs.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut text = redact(text);
        for secret in self.secrets() {
            text = text.replace(&secret, HIDDEN);
        }
        text
    }

    /// Its password, as it is written and as it is meant; none where it is too
    /// short to be told from innocent words.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let of_authority = self.text.find("://").and_then(|found| {
            let start = found + 3;
            userinfo_password(&self.text[start..]).map(|r| start + r.start..start + r.end)
        });
        let Some(range) = of_authority.or_else(|| password(&self.text, 0)) else {
            return Vec::new();
        };
        let written = &self.text[range];
        let mut secrets = vec![written.to_owned(), percent_decoded(written)];
        secrets.dedup();
        secrets.retain(|secret| secret.len() > 3);
        secrets
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact_url(&self.text))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// The scheme to name in an error; never more, since a text without a scheme
/// may be a password.
fn scheme(text: &str) -> String {
    match text.split_once(':') {
        Some((scheme, _))
            if scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'+') =>
        {
            scheme.to_owned()
        }
        _ => String::new(),
    }
}

/// The file that a SQLite URL names.
pub(crate) fn sqlite_file(text: &str) -> Result<PathBuf, UrlFault> {
    let rest = text.strip_prefix("sqlite:").unwrap_or(text);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    if path.ends_with(":memory:") || query.split('&').any(|pair| pair == "mode=memory") {
        return Err(UrlFault::InMemory);
    }
    if path.is_empty() {
        return Err(UrlFault::NoFile);
    }
    Ok(PathBuf::from(percent_decoded(path)))
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let hex = (bytes[index] == b'%').then(|| text.get(index + 1..index + 3));
        match hex
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            Some(byte) => {
                decoded.push(byte);
                index += 3;
            }
            None => {
                decoded.push(bytes[index]);
                index += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

/// `text` with the password of every URL and every `password=` hidden.
#[must_use]
pub fn redact(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut done = 0;
    while let Some(range) = password(text, done) {
        redacted.push_str(&text[done..range.start]);
        redacted.push_str(HIDDEN);
        done = range.end;
    }
    redacted.push_str(&text[done..]);
    redacted
}

/// The first password at or after `from`, in a URL or after `password=`.
fn password(text: &str, from: usize) -> Option<std::ops::Range<usize>> {
    let in_url = of_authority(text, from);
    let in_query = ["password=", "passwd=", "pwd="]
        .iter()
        .filter_map(|key| of_key(text, from, key))
        .min_by_key(|range| range.start);
    match (in_url, in_query) {
        (Some(a), Some(b)) => Some(if a.start <= b.start { a } else { b }),
        (a, b) => a.or(b),
    }
}

/// A text that is one URL, without its password, whatever characters that has.
fn redact_url(url: &str) -> String {
    let Some(start) = url.find("://").map(|found| found + 3) else {
        return redact(url);
    };
    match userinfo_password(&url[start..]) {
        Some(range) => {
            let (head, tail) = (&url[..start + range.start], &url[start + range.end..]);
            format!("{head}{HIDDEN}{}", redact(tail))
        }
        None => redact(url),
    }
}

/// The password in `user:password@host/…`. Where it holds an unescaped `@`, `/`
/// or `?`, rather too much is hidden than too little.
fn userinfo_password(token: &str) -> Option<std::ops::Range<usize>> {
    let at = token.rfind('@')?;
    let colon = token[..at].find(':')?;
    (colon + 1 < at).then_some(colon + 1..at)
}

/// A password between `://user:` and `@host`, in a URL that ends with white
/// space or a quote.
fn of_authority(text: &str, from: usize) -> Option<std::ops::Range<usize>> {
    let mut search = from;
    while let Some(found) = text[search..].find("://") {
        let start = search + found + 3;
        let token_end = text[start..]
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '<' | '>'))
            .map_or(text.len(), |length| start + length);
        let token = &text[start..token_end];
        if let Some(range) = userinfo_password(token) {
            return Some(start + range.start..start + range.end);
        }
        search = start;
    }
    None
}

fn of_key(text: &str, from: usize, key: &str) -> Option<std::ops::Range<usize>> {
    let lower = text[from..].to_ascii_lowercase();
    let mut search = 0;
    while let Some(found) = lower[search..].find(key) {
        let start = from + search + found + key.len();
        let length = text[start..]
            .find(|c: char| c.is_whitespace() || matches!(c, '&' | ';' | '"' | '\'' | '`'))
            .unwrap_or(text.len() - start);
        if length > 0 {
            return Some(start..start + length);
        }
        search += found + key.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_wherever_they_stand() {
        for (text, shown) in [
            ("postgres://u:secret@h:5432/d", "postgres://u:***@h:5432/d"),
            ("postgres://u@h:5432/d", "postgres://u@h:5432/d"),
            ("mysql://u:p@ss/w?rd@h/d", "mysql://u:***@h/d"),
            (
                "postgres://h:5432/d?user=u&password=secret&x=1",
                "postgres://h:5432/d?user=u&password=***&x=1",
            ),
            (
                "cannot reach `postgres://u:s@h/d`: PASSWORD=x",
                "cannot reach `postgres://u:***@h/d`: PASSWORD=***",
            ),
            ("two a://u:s@h b://u:t@h", "two a://u:***@h b://u:***@h"),
            ("nothing to hide", "nothing to hide"),
        ] {
            assert_eq!(redact(text), shown);
        }
    }

    #[test]
    fn a_password_may_hold_what_ends_a_url_in_a_sentence() {
        let url = DatabaseUrl::new("mysql://u:p\"a w<d@h/d", Path::new("/p")).expect("a URL");
        assert_eq!(url.to_string(), "mysql://u:***@h/d");
        assert_eq!(url.redact("it was p\"a w<d"), "it was ***");
    }

    #[test]
    fn a_url_shows_itself_without_its_password() {
        let url = DatabaseUrl::new("postgres://u:s%20cret@h/d", Path::new("/p")).expect("a URL");
        assert_eq!(
            format!("{url} {url:?}"),
            "postgres://u:***@h/d DatabaseUrl(postgres://u:***@h/d)"
        );
        assert_eq!(url.redact("bad: s cret or s%20cret"), "bad: *** or ***");
    }

    #[test]
    fn a_sqlite_file_is_relative_to_the_project() {
        for (text, path) in [
            ("sqlite://var/db1.sqlite", "/p/var/db1.sqlite"),
            ("sqlite:var/x.db", "/p/var/x.db"),
            ("sqlite:///abs/path", "/abs/path"),
            ("sqlite:/abs/path", "/abs/path"),
            ("sqlite://a%20b.db?mode=rwc", "/p/a b.db"),
        ] {
            let url = DatabaseUrl::new(text, Path::new("/p")).expect(text);
            assert_eq!(url.file(), Some(Path::new(path)));
        }
    }

    #[test]
    fn a_url_that_can_never_work_is_refused() {
        for (text, fault) in [
            ("sqlite::memory:", UrlFault::InMemory),
            ("sqlite://:memory:", UrlFault::InMemory),
            ("sqlite://x?mode=memory", UrlFault::InMemory),
            ("sqlite://", UrlFault::NoFile),
            (
                "oracle://h",
                UrlFault::UnknownScheme {
                    scheme: "oracle".into(),
                },
            ),
            (
                "hunter2",
                UrlFault::UnknownScheme {
                    scheme: String::new(),
                },
            ),
        ] {
            assert_eq!(DatabaseUrl::new(text, Path::new("/p")), Err(fault));
        }
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
}
