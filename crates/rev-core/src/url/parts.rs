//! The parts of a URL, and how it shows itself.

use std::fmt;
use std::path::{Path, PathBuf};

use super::redact::{HIDDEN, redact};
use crate::Dialect;

/// A URL of a database, in its parts, each of them decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    pub(super) dialect: Dialect,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) database: Option<String>,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) file: Option<PathBuf>,
}

impl DatabaseUrl {
    /// The URL of a SQLite file.
    #[must_use]
    pub fn of_file(file: PathBuf) -> Self {
        Self {
            file: Some(file),
            ..Self::empty(Dialect::Sqlite)
        }
    }

    pub(super) fn empty(dialect: Dialect) -> Self {
        Self {
            dialect,
            user: None,
            password: None,
            host: None,
            port: None,
            database: None,
            parameters: Vec::new(),
            file: None,
        }
    }

    /// The same server with another database.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        let mut parameters = self.parameters.clone();
        parameters.retain(|(key, _)| key != "dbname");
        Self {
            database: Some(name.to_owned()),
            parameters,
            ..self.clone()
        }
    }

    /// The dialect that its scheme stands for.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The user, before the `@` or in `user=`.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The password, for the driver and for nobody else.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// The host: a name, an address without brackets, or the path of a socket or its folder.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The port between host and path.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The database that the path names.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The parameters but for `user` and `password`, names as written.
    #[must_use]
    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// The SQLite file; `None` for servers.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// All of it with the password, as a text that can be taken apart again: for programs
    /// that connect by themselves, and for nobody else.
    #[must_use]
    pub fn expose(&self) -> String {
        self.written(self.password.as_deref().map(encoded), true)
    }

    /// `text` without any password: this URL's own wherever it stands, and those in other URLs.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut text = redact(text);
        for secret in self.secrets() {
            text = text.replace(&secret, HIDDEN);
        }
        text
    }

    /// Its password, as it is meant and as it is encoded; none where it is too short to be
    /// told from innocent words.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let of_parameters = self.parameters.iter();
        let of_parameters = of_parameters.filter(|(name, _)| name.contains("pass"));
        let all = (self.password.iter()).chain(of_parameters.map(|(_, value)| value));
        let mut secrets: Vec<String> = all.flat_map(|it| [it.clone(), encoded(it)]).collect();
        secrets.dedup();
        secrets.retain(|secret| secret.len() > 3);
        secrets
    }

    fn written(&self, password: Option<String>, with_parameters: bool) -> String {
        let mut text = format!("{}://", self.dialect);
        if let Some(user) = &self.user {
            text.push_str(&encoded(user));
        }
        if let Some(password) = password {
            text.push(':');
            text.push_str(&password);
        }
        if self.user.is_some() || self.password.is_some() {
            text.push('@');
        }
        match &self.host {
            Some(host) if host.contains(':') => text.push_str(&format!("[{}]", encoded(host))),
            Some(host) => text.push_str(&encoded(host)),
            None => {}
        }
        if let Some(port) = self.port {
            text.push_str(&format!(":{port}"));
        }
        match (&self.file, &self.database) {
            (Some(file), _) => text.push_str(&encoded_path(&file.to_string_lossy())),
            (None, Some(database)) => text.push_str(&format!("/{}", encoded(database))),
            (None, None) => {}
        }
        if with_parameters {
            let pairs = self.parameters.iter();
            let pairs = pairs.map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
            let pairs: Vec<String> = pairs.collect();
            if !pairs.is_empty() {
                text.push_str(&format!("?{}", pairs.join("&")));
            }
        }
        text
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map(|_| HIDDEN.to_owned());
        f.write_str(&self.written(password, false))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// A text as it may stand in any part of a URL: all but letters, digits and `-._~` of ASCII
/// written as `%XX`.
///
/// ```
/// assert_eq!(rev_core::url::encoded("p@ss/50%"), "p%40ss%2F50%25");
/// ```
#[must_use]
pub fn encoded(text: &str) -> String {
    encoded_but(text, "-._~")
}

fn encoded_path(path: &str) -> String {
    encoded_but(path, "-._~/")
}

fn encoded_but(text: &str, kept: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let character = char::from(byte);
        if byte.is_ascii_alphanumeric() || (byte.is_ascii() && kept.contains(character)) {
            encoded.push(character);
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
