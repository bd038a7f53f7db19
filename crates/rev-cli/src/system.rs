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
        .find_map(variable);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .or_else(|| ["HOSTNAME", "COMPUTERNAME"].into_iter().find_map(variable));
    let or_unknown = |word: Option<String>| word.unwrap_or_else(|| "unknown".to_owned());
    format!("{}@{}", or_unknown(user), or_unknown(host))
}

/// Twelve hex digits, unlike any other twelve: the standard library seeds its
/// hashers from the system's randomness.
pub(crate) fn random_id() -> String {
    let hash = RandomState::new().hash_one(std::process::id());
    format!("{:012x}", hash & 0xffff_ffff_ffff)
}
