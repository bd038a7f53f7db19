//! Which of the two servers a schema is of.

/// Which of the two servers a schema is of: some statements are refused by one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// MariaDB.
    Mariadb,
    /// MySQL itself.
    Mysql,
}

impl Flavour {
    /// By what the server calls its version.
    #[must_use]
    pub fn of_version(version: &str) -> Self {
        match version.to_ascii_lowercase().contains("mariadb") {
            true => Self::Mariadb,
            false => Self::Mysql,
        }
    }
}
