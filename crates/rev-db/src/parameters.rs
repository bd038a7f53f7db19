//! What is done with the parameters of a server's URL.
//!
//! None is passed over in silence. One is kept; or it asks for nothing that would be done
//! otherwise, as the words of connection pools do; or it is refused, with what to say instead.

use rev_core::{Dialect, UrlFault};

/// A parameter by its name, and what is done with it.
pub(crate) type Parameter = (&'static str, Keep);

/// What is done with a parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keep {
    /// It means something here.
    Yes,
    /// It changes nothing here, whatever it says.
    Idle,
    /// These values change nothing; others cannot be kept, and this is to be done instead.
    OneOf(&'static [&'static str], &'static str),
    /// It cannot be kept, and this is to be done instead.
    No(&'static str),
}

/// The parameter of this name.
pub(crate) fn find<'a>(table: &'a [Parameter], name: &str) -> Option<&'a Parameter> {
    table.iter().find(|(known, _)| *known == name)
}

/// Refuses what is unknown, or cannot be kept. A name that stands in no table is not told: in a
/// URL that somebody has not encoded it may be a piece of a password.
pub(crate) fn check(
    name: &str,
    value: &str,
    found: Option<&Parameter>,
    table: &'static [Parameter],
    dialect: Dialect,
    number: usize,
) -> Result<(), UrlFault> {
    let Some((parameter, keep)) = found else {
        let names = || table.iter().filter(|(_, keep)| matches!(keep, Keep::Yes));
        return Err(UrlFault::UnknownParameter {
            dialect,
            number,
            similar: table
                .iter()
                .map(|(known, _)| *known)
                .find(|known| is_similar(known, name)),
            known: names().map(|(known, _)| *known).collect(),
        });
    };
    match keep {
        Keep::Yes | Keep::Idle => Ok(()),
        Keep::OneOf(values, _) if values.contains(&value) => Ok(()),
        Keep::OneOf(_, instead) | Keep::No(instead) => {
            Err(UrlFault::NotKept { parameter, instead })
        }
    }
}

/// Whether two names are the same but for case, `-` and `_`.
fn is_similar(known: &str, name: &str) -> bool {
    plain(known) == plain(name)
}

/// A name in lower case without `-` and `_`.
pub(crate) fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '-' | '_'));
    letters.map(|c| c.to_ascii_lowercase()).collect()
}
