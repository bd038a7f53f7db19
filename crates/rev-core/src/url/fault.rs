//! Why a URL cannot be used.

use crate::Dialect;

/// Why a URL can never be right, whatever answers it. Quotes no more of it than the scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// A scheme that is no engine's.
    #[error("{}", match scheme.as_str() {
        "" => "the URL has no scheme, such as `sqlite:`".to_owned(),
        other => format!("`{other}` is not the scheme of a database that is known"),
    })]
    UnknownScheme {
        /// The text before `://`; empty where there is none.
        scheme: String,
    },
    /// SQLite in memory.
    #[error("a database in memory is gone when the command ends, so nothing would be migrated")]
    InMemory,
    /// A SQLite URL without a file.
    #[error("the URL names no file")]
    NoFile,
    /// A SQLite file that is missing, directly in the root folder.
    #[error("three slashes lead from the root folder, and there is no such file in it")]
    InRoot {
        /// Its name: `reports.sqlite`.
        file: String,
    },
    /// A `dialect:` that is not the URL's.
    #[error("the URL is for {of_url}, but the dialect says {stated}")]
    OtherDialect {
        /// What `dialect:` says.
        stated: Dialect,
        /// What the scheme says.
        of_url: Dialect,
    },
    /// A server's URL that does not go on with `//`.
    #[error("the URL does not go on with `//` after its scheme")]
    NoSlashes,
    /// A character that ends a part of a URL stands within one: `@` after the host, `#`.
    #[error("the URL cannot be taken apart: it has a character that must be percent-encoded")]
    Unencoded,
    /// A `%` without two hexadecimal digits, or what they give is no UTF-8.
    #[error("the URL has a `%` that begins no escape of a character")]
    Escape,
    /// What stands after the host's colon.
    #[error("the port in the URL is not a number from 1 to 65535")]
    Port,
    /// A character that no host's name has.
    #[error("the host in the URL has a character that no host has")]
    Host,
    /// What stands between brackets, or has colons without them.
    #[error("the host in the URL is not an IPv6 address in brackets")]
    Address,
    /// Hosts or ports with commas between them.
    #[error("the URL names several hosts")]
    SeveralHosts,
    /// A character that SCRAM's preparation of passwords prohibits (RFC 4013).
    #[error("the password has a character that the login does not take")]
    Password,
    /// A server's URL without a database, where there is no default.
    #[error("the URL names no database")]
    NoDatabase,
    /// A parameter without `=`.
    #[error("parameter {number} of the URL has no `=`")]
    NoValue {
        /// Which one, from 1.
        number: usize,
    },
    /// A parameter that nobody knows. Its name is not told: it may be a password's.
    #[error("parameter {number} of the URL is not one for {dialect}")]
    UnknownParameter {
        /// Whose URL it is.
        dialect: Dialect,
        /// Which one, from 1.
        number: usize,
        /// One that is spelt nearly so.
        similar: Option<&'static str>,
        /// Those that there are.
        known: Vec<&'static str>,
    },
    /// A parameter that is known and cannot be kept.
    #[error("the parameter `{parameter}` cannot be kept")]
    NotKept {
        /// Its name.
        parameter: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// A value that a parameter does not have.
    #[error("the value of `{parameter}` is none that it has")]
    Value {
        /// The parameter.
        parameter: &'static str,
        /// Those that there are, as a phrase.
        values: &'static str,
    },
    /// Two parameters of which there is one.
    #[error("`{given}` needs `{missing}` beside it")]
    Half {
        /// The one.
        given: &'static str,
        /// The other one.
        missing: &'static str,
    },
    /// Two parameters that contradict one another.
    #[error("`{one}` and `{other}` do not go together")]
    Contradiction {
        /// The one.
        one: &'static str,
        /// The other one.
        other: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// A file that a parameter names.
    #[error("the file that `{parameter}` names cannot be read: {reason}")]
    Unreadable {
        /// The parameter.
        parameter: &'static str,
        /// What the system says.
        reason: String,
    },
}
