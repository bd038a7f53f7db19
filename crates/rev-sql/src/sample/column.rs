//! A column, as far as a value for it can be invented.

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in the engine's words, a domain's underlying one.
    pub kind: String,
    /// Whether it may be left out: it takes NULL, or has a default.
    pub may_lack: bool,
    /// Whether the engine computes it.
    pub is_generated: bool,
    /// Of an enumeration: the first value.
    pub label: Option<String>,
}
