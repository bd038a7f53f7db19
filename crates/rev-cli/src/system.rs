//! What the engine and new revisions need of the system: the time, who works
//! here, and a little randomness.

use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use rev_engine::clock::Clock;

/// The system's clock.
pub(crate) struct SystemClock(Instant);

impl SystemClock {
    /// A clock that counts from now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> String {
        format!("{:.3}", jiff::Timestamp::now())
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

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
