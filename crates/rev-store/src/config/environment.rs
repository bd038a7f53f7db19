//! The environment as a value: variables, and URLs given on the command line.

use std::collections::BTreeMap;
use std::fmt;

use rev_core::DatabaseName;

use crate::fault::{Place, Problem};
use crate::yaml::Finding;

/// What the surroundings say about URLs. Tests make one of their own; the
/// command makes one of the process's variables and its `--url` flags.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    urls: BTreeMap<String, String>,
}

impl Environment {
    /// An environment of these variables.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            variables: variables.into_iter().collect(),
            urls: BTreeMap::new(),
        }
    }

    /// This environment, with a URL that wins over all others for `database`.
    #[must_use]
    pub fn with_url(mut self, database: &DatabaseName, url: &str) -> Self {
        self.urls
            .insert(database.as_str().to_owned(), url.to_owned());
        self
    }

    /// The databases that were given a URL.
    pub fn overridden(&self) -> impl Iterator<Item = &str> {
        self.urls.keys().map(String::as_str)
    }

    /// The URL given for `database`.
    pub(crate) fn url(&self, database: &DatabaseName) -> Option<&str> {
        self.urls.get(database.as_str()).map(String::as_str)
    }

    /// The value of a variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }
}

/// Names only: values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.len())
            .field("urls", &self.urls.keys())
            .finish()
    }
}

/// The variables of a `.env` file: `NAME=value` lines, `export` allowed, `#`
/// comments, single quotes verbatim, double quotes with `\n`, `\"`, `\\`.
pub(crate) fn dotenv(text: &str) -> (BTreeMap<String, String>, Vec<Finding>) {
    let mut variables = BTreeMap::new();
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        match assignment(trimmed) {
            Some((name, value)) => {
                variables.insert(name, value);
            }
            None => findings.push((Some(Place::at(index + 1, 1)), Problem::EnvironmentLine)),
        }
    }
    (variables, findings)
}

fn assignment(line: &str) -> Option<(String, String)> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    is_variable(name).then_some(())?;
    Some((name.to_owned(), unquoted(value.trim())?))
}

fn unquoted(value: &str) -> Option<String> {
    if let Some(quoted) = value.strip_prefix('\'') {
        let (text, rest) = quoted.split_once('\'')?;
        return is_end(rest).then(|| text.to_owned());
    }
    if let Some(quoted) = value.strip_prefix('"') {
        return unescaped(quoted);
    }
    let end = value.find(" #").unwrap_or(value.len());
    Some(value[..end].trim_end().to_owned())
}

fn unescaped(quoted: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return is_end(chars.as_str()).then_some(text),
            '\\' => match chars.next()? {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    None
}

fn is_end(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with('#')
}

/// Whether a text can be the name of a variable.
pub(crate) fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_files_know_quotes_comments_and_export() {
        let (variables, findings) = dotenv(
            "# c\nA=1\nexport B = two words # c\nC='x # y'\nD=\"a\\\"b\\n\" # c\n\nE=\nF=postgres://u:p#q@h/d\n",
        );
        assert!(findings.is_empty(), "{findings:?}");
        let shown: Vec<String> = variables
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        assert_eq!(
            shown.join(" "),
            r#"A="1" B="two words" C="x # y" D="a\"b\n" E="" F="postgres://u:p#q@h/d""#
        );
    }

    #[test]
    fn env_lines_that_set_nothing_are_faults_with_their_line() {
        let (_, findings) = dotenv("A=1\nnonsense\n1B=2\nC='open\n");
        let lines: Vec<usize> = findings
            .iter()
            .filter_map(|(place, _)| place.map(|place| place.line))
            .collect();
        assert_eq!(lines, [2, 3, 4]);
    }

    #[test]
    fn an_environment_shows_no_values() {
        let environment = Environment::new([("A".to_owned(), "secret".to_owned())]);
        assert!(!format!("{environment:?}").contains("secret"));
    }
}
