//! Statement boundaries, where tests stop a run to kill it from outside.
//!
//! Without the feature `boundaries` there is nothing here.

#[cfg(feature = "boundaries")]
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(feature = "boundaries")]
static REACHED: AtomicU64 = AtomicU64::new(0);

/// Counts a boundary. At the one that `REV_HALT_AT` names, from 1, the process
/// says `halted` on standard error and sleeps until it is killed.
#[cfg(feature = "boundaries")]
pub fn reach() {
    let number = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
    let halt_at = std::env::var("REV_HALT_AT").ok();
    if halt_at.and_then(|text| text.parse().ok()) == Some(number) {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "halted");
        loop {
            std::thread::park();
        }
    }
}

/// Does nothing.
#[cfg(not(feature = "boundaries"))]
#[inline]
pub fn reach() {}
