//! What runs and new revisions need of the system: who works here, the day, and a
//! little randomness.

use std::hash::{BuildHasher, RandomState};

/// Now, to the second, as written into new files.
pub(crate) fn today() -> String {
    format!("{:.0}", jiff::Timestamp::now())
}

/// `user@host`, as far as the system tells.
pub(crate) fn operator() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(variable)
        .or_else(account);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .or_else(|| ["HOSTNAME", "COMPUTERNAME"].into_iter().find_map(variable));
    let or_unknown = |word: Option<String>| word.unwrap_or_else(|| "unknown".to_owned());
    format!("{}@{}", or_unknown(user), or_unknown(host))
}

/// The name of the account that this process belongs to: services and containers often
/// have no variable for it.
#[cfg(unix)]
fn account() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let user = std::fs::metadata("/proc/self").ok()?.uid();
    name_of(user, &std::fs::read_to_string("/etc/passwd").ok()?)
}

#[cfg(not(unix))]
fn account() -> Option<String> {
    None
}

/// The name of a user in the text of `/etc/passwd`: `name:password:id:…`.
#[cfg(unix)]
fn name_of(user: u32, accounts: &str) -> Option<String> {
    let user = user.to_string();
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1) == Some(user.as_str())).then(|| name.to_owned())
    })
}

/// Twelve hex digits, unlike any other twelve: the standard library seeds its
/// hashers from the system's randomness.
pub(crate) fn random_id() -> String {
    let hash = RandomState::new().hash_one(std::process::id());
    format!("{:012x}", hash & 0xffff_ffff_ffff)
}

#[cfg(all(test, unix))]
mod tests {
    use super::name_of;

    #[test]
    fn an_account_is_found_by_its_whole_id() {
        let accounts =
            "root:x:0:0:root:/root:/bin/sh\n\n:x:10:\nbroken\nada:x:100:1::/:\nbob:x:10:100::/:\n";
        assert_eq!(name_of(0, accounts).as_deref(), Some("root"));
        assert_eq!(name_of(10, accounts).as_deref(), Some("bob"));
        assert_eq!(name_of(1, accounts), None);
    }
}
