//! The clock, passed in so that tests can hold it.

use std::time::Instant;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, as RFC 3339 in UTC with milliseconds: `2026-11-23T09:00:00.000Z`.
    fn now(&self) -> String;

    /// Milliseconds since some fixed moment, never going back.
    fn elapsed_ms(&self) -> u64;
}

/// The system's clock.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl SystemClock {
    /// A clock that counts from now.
    #[must_use]
    pub fn start() -> Self {
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
