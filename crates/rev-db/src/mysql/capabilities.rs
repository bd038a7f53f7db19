//! What a server can do, by what it says of itself when a session begins.
//!
//! MySQL and MariaDB speak one protocol and number their versions apart, and others speak
//! it too. Whoever differs is told by its capabilities, and a server that is not known
//! well has none.

/// What a server can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    /// Whether DDL and account statements are all or nothing, as MySQL's are from 8.0 on:
    /// an error that was answered means that nothing was done, also of `DROP TABLE a, b`.
    /// MariaDB's are so for each table or user of a list by itself.
    /// <https://dev.mysql.com/doc/refman/9.0/en/atomic-ddl.html>
    pub(super) atomic_ddl: bool,
}

impl Capabilities {
    /// By `VERSION()` and `@@version_comment`.
    pub(super) fn of(version: &str, comment: &str) -> Self {
        let says = |word: &str| {
            [version, comment]
                .iter()
                .any(|text| text.to_lowercase().contains(word))
        };
        let is_another = ["mariadb", "tidb", "vitess", "oceanbase", "singlestore"]
            .into_iter()
            .any(says);
        let major = version.split('.').next().and_then(|it| it.parse().ok());
        let major: u32 = major.unwrap_or_default();
        Self {
            atomic_ddl: !is_another && major >= 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Capabilities;

    #[test]
    fn a_server_that_is_not_known_well_can_do_nothing_special() {
        let is_atomic = |version, comment| Capabilities::of(version, comment).atomic_ddl;
        assert!(is_atomic("8.0.36", "MySQL Community Server - GPL"));
        assert!(is_atomic("9.7.4-2", "(Debian)"));
        assert!(!is_atomic("5.7.44-log", "MySQL Community Server (GPL)"));
        assert!(!is_atomic("10.11.14-MariaDB-0+deb12u2", "Debian 12"));
        assert!(!is_atomic("11.8.9", "MariaDB Server"));
        assert!(!is_atomic("8.0.11-TiDB-v7.5.0", "TiDB Server"));
        assert!(!is_atomic("", ""));
    }
}
