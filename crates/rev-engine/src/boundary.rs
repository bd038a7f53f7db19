//! Statement boundaries, where tests stop a run to kill it from outside.
//!
//! Without the feature `boundaries` there is nothing here.

#[cfg(feature = "boundaries")]
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(feature = "boundaries")]
static REACHED: AtomicU64 = AtomicU64::new(0);

/// Counts a boundary. At the one that `REV_HALT_AT` names, from 1, the process
/// says `halted` on standard error and sleeps until it is killed, or until there is the
/// file that `REV_HALT_UNTIL` names; at the one that `REV_PANIC_AT` names it panics with
/// the words of `REV_PANIC_WORDS`.
#[cfg(feature = "boundaries")]
pub fn reach() {
    let number = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
    let is_at = |variable| {
        let at = std::env::var(variable).ok();
        at.and_then(|text| text.parse().ok()) == Some(number)
    };
    assert!(
        !is_at("REV_PANIC_AT"),
        "{}",
        std::env::var("REV_PANIC_WORDS").unwrap_or_default()
    );
    if is_at("REV_HALT_AT") {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "halted");
        let until = std::env::var_os("REV_HALT_UNTIL").map(std::path::PathBuf::from);
        while !until.as_ref().is_some_and(|file| file.exists()) {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

/// Does nothing.
#[cfg(not(feature = "boundaries"))]
#[inline]
pub fn reach() {}
