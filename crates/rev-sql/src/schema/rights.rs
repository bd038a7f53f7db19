//! Who owns a thing, and who may do what with it.
//!
//! That is not compared: it belongs to a place rather than to a schema. It is carried
//! along, since what is dropped and made again has neither afterwards.

use super::Text;

/// Owner and privileges, as far as they are not what the role that looks at them would give
/// something that it makes now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// Who owns it.
    pub owner: Option<Text>,
    /// What nobody may do though a new thing would allow it: comes first.
    pub revoked: Vec<Privileges>,
    /// What somebody may do besides.
    pub granted: Vec<Privileges>,
}

/// What one role may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Privileges {
    /// Who; `None`: everybody.
    pub role: Option<Text>,
    /// The words: `SELECT`, `USAGE`.
    pub words: Vec<String>,
    /// With what column, where it is one's.
    pub column: Option<Text>,
    /// Whether the role may give them to others.
    pub is_grantable: bool,
}
