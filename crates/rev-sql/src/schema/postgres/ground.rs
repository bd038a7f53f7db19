//! What all that reads a catalogue of PostgreSQL stands on.

use crate::schema::Text;

/// Which schemas of a database are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All but the server's own.
    Everything,
    /// The one that a name without a schema means: where a database is a tenant of
    /// its server's, the others are other tenants'.
    Home,
}

/// An answer that is not understood.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// A definition in a form that is not known.
    #[error("the definition of `{name}` is not understood at `{at}`")]
    Definition {
        /// The constraint or index.
        name: String,
        /// What stands where something else was awaited.
        at: String,
    },
    /// A row in a form that is not known.
    #[error("the catalogue does not answer as it should")]
    Row(#[from] serde_json::Error),
}

/// A name: PostgreSQL keeps it as it means it.
pub(in crate::schema) fn name(text: impl Into<String>) -> Text {
    Text::exact(text)
}
