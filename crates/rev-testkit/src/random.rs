//! Random numbers, by splitmix64: what a test makes of them is found again by its seed.

use std::time::{Duration, UNIX_EPOCH};

/// A source of random numbers.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The same numbers for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Other numbers in every run, where what they hit is chance in any case.
    ///
    /// # Panics
    ///
    /// Panics if the clock stands before 1970.
    #[must_use]
    pub fn by_the_clock() -> Self {
        let now = UNIX_EPOCH.elapsed().expect("a clock");
        Self(now.subsec_nanos().into())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to one below the limit.
    ///
    /// # Panics
    ///
    /// Panics if the limit is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("it is small")
    }

    /// A time shorter than this one, to the microsecond.
    ///
    /// # Panics
    ///
    /// Panics if the time is longer than half a million years.
    pub fn shorter_than(&mut self, longest: Duration) -> Duration {
        let longest = u64::try_from(longest.as_micros()).expect("a short time");
        Duration::from_micros(self.next() % longest.max(1))
    }

    /// True so many times of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the items.
    ///
    /// # Panics
    ///
    /// Panics if there are none.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
}
