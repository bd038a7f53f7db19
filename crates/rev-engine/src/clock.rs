//! The clock, passed in so that tests can hold it.

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, as RFC 3339 in UTC with milliseconds: `2026-11-23T09:00:00.000Z`.
    fn now(&self) -> String;

    /// Milliseconds since some fixed moment, never going back.
    fn elapsed_ms(&self) -> u64;
}
