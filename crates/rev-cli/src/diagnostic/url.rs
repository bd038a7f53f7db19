//! What to do about a URL that cannot be used.

use rev_core::UrlFault;

use super::{Diagnostic, either};

/// The schemes to write, one for each kind of server, and SQLite's.
const SCHEMES: &str = "it begins with `postgres://`, `mysql://`, `mariadb://` or `sqlite://`";

/// Adds what to do about a URL.
pub(crate) fn url_fault(told: Diagnostic, fault: &UrlFault) -> Diagnostic {
    match fault {
        UrlFault::UnknownScheme { scheme } if scheme.starts_with("jdbc:") => {
            told.hint("take `jdbc:` off")
        }
        UrlFault::UnknownScheme { .. } | UrlFault::NoSlashes => told.hint(SCHEMES),
        UrlFault::InMemory | UrlFault::NoFile => {
            told.hint("name a file, such as `sqlite://var/db1.sqlite`, from the folder of rev.yaml on")
        }
        UrlFault::InRoot { file } => told.hint(format!(
            "from the folder of rev.yaml on it is `sqlite://{file}`; where the root folder is meant, make \
             the file there first"
        )),
        UrlFault::OtherDialect { .. } => told.hint("let both be the same, or leave `dialect:` out"),
        UrlFault::Unencoded => told.hint(
            "in a user, a password or a name `@` is written `%40`, `/` `%2F`, `?` `%3F`, `#` `%23`, `%` \
             `%25`, `:` `%3A`;\nin rev.yaml a variable of its own for the password, \
             `USER:${NAME}@HOST`, is encoded by `rev`",
        ),
        UrlFault::Escape => told.hint(
            "write `%25` for a `%`;\nin rev.yaml a variable of its own for the password, \
             `USER:${NAME}@HOST`, is encoded by `rev`",
        ),
        UrlFault::Port => told.hint(
            "after the host's colon stands a number; a password stands before an `@`, and there a `/`, \
             `?` or `#` is written `%2F`, `%3F`, `%23`",
        ),
        UrlFault::Host => told.hint(
            "write the name or the address alone, or a socket's folder with its slashes as `%2F`",
        ),
        UrlFault::Address => told.hint("write it as in `[2001:db8::1]:5432`"),
        UrlFault::SeveralHosts => told.hint("name the one that takes writes"),
        UrlFault::Password => told.hint(
            "give the user another one: PostgreSQL's login takes letters and signs of Unicode 3.2, and so no \
             emoji",
        ),
        UrlFault::NoDatabase => told.hint("end it in `/NAME`"),
        UrlFault::NoValue { .. } => told.hint("write each as `NAME=VALUE`, and an `&` of a value as `%26`"),
        UrlFault::UnknownParameter { similar, known, .. } => {
            let told = match similar {
                Some(similar) => told.hint(format!("did you mean `{similar}`?")),
                None => told,
            };
            told.fact("known", known.clone())
                .hint(format!("those are {}", either(known)))
        }
        UrlFault::NotKept { instead, .. } | UrlFault::Contradiction { instead, .. } => {
            told.hint(*instead)
        }
        UrlFault::Value { values, .. } => told.hint(format!("it may be {values}")),
        UrlFault::Half { missing, .. } => told.hint(format!("name the other file: `{missing}=FILE`")),
        UrlFault::Unreadable { .. } => {
            told.hint("a path is taken from where the command is run: write the whole one")
        }
    }
}
