//! What the journal knows the executed statements of a step by.
//!
//! A step may have a hundred thousand statements, and the journal is written anew
//! with every mark. So it holds their number and one digest over all of them,
//! each chained to the one before, and not a digest of each. The beginnings of
//! the chain's earlier digests say where an edited statement is to be looked for.

use std::fmt;

use rev_core::{Digest, digest};
use rev_sql::split::Statement;
use serde::{Deserialize, Serialize};

/// After so many statements the chain's digest is kept.
const INTERVAL: usize = 100;
/// Of how many hex digits a beginning is. It only tells where to look.
const BEGINNING: usize = 8;

/// The statements of a step that stand: its first ones.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Executed {
    /// How many.
    count: usize,
    /// The digest over all of them, in hex; empty where there is none.
    digest: String,
    /// The beginnings of what it was after each hundredth statement, one behind the
    /// other.
    hundreds: String,
    /// The beginnings of what it was after each statement since.
    since: String,
}

/// Executed statements that are not in the script any more as they ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// The first that may be another one, from 1.
    pub first: usize,
    /// The last that may be.
    pub last: usize,
    /// The piece and the offset of the first, where the script still has one.
    pub place: Option<(usize, usize)>,
}

impl Executed {
    /// How many stand.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds the next statement.
    pub fn push(&mut self, statement: &str) {
        let digest = digest::chain(Digest::from_hex(&self.digest).as_ref(), statement);
        self.count += 1;
        self.digest = digest.to_string();
        let beginning = &self.digest[..BEGINNING];
        if self.count.is_multiple_of(INTERVAL) {
            self.hundreds.push_str(beginning);
            self.since.clear();
        } else {
            self.since.push_str(beginning);
        }
    }

    /// Where the script is not any more what ran; `None`: it is.
    #[must_use]
    pub fn changed(&self, script: &[Statement]) -> Option<Changed> {
        let mut now = Executed::default();
        for statement in script.iter().take(self.count) {
            now.push(&statement.text);
            if !self.continues(&now) {
                return Some(self.from(now.count, script));
            }
        }
        (now != *self).then(|| self.from(now.count + 1, script))
    }

    /// Whether what is known of this leads on from `earlier`.
    fn continues(&self, earlier: &Executed) -> bool {
        let hundreds = self.hundreds.starts_with(&earlier.hundreds);
        // Between two hundreds that are both past nothing is known.
        hundreds
            && (self.hundreds.len() > earlier.hundreds.len()
                || self.since.starts_with(&earlier.since))
    }

    /// What may have changed, where it shows at this statement.
    fn from(&self, number: usize, script: &[Statement]) -> Changed {
        let hundreds = self.hundreds.len() / BEGINNING;
        let (first, last) = if number > hundreds * INTERVAL {
            (number, number)
        } else {
            let before = (number - 1) / INTERVAL * INTERVAL;
            (before + 1, before + INTERVAL)
        };
        let place = script.get(first - 1);
        Changed {
            first,
            last,
            place: place.map(|statement| (statement.piece, statement.offset)),
        }
    }
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Changed { first, last, .. } = self;
        if first == last {
            write!(f, "statement {first}")
        } else {
            write!(f, "one of the statements {first} to {last}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(count: usize) -> Vec<Statement> {
        (1..=count)
            .map(|n| Statement::alone(&format!("INSERT INTO t VALUES ({n})")))
            .collect()
    }

    fn executed(script: &[Statement]) -> Executed {
        let mut executed = Executed::default();
        for statement in script {
            executed.push(&statement.text);
        }
        executed
    }

    #[test]
    fn an_edited_statement_is_told_to_within_a_hundred_and_a_recent_one_exactly() {
        let script = script(250);
        let executed = executed(&script);
        assert_eq!(executed.len(), 250);
        assert_eq!(executed.changed(&script), None);
        for edited in 1..=250 {
            let mut now = script.clone();
            now[edited - 1].text.push(' ');
            let changed = executed.changed(&now).expect("it was edited");
            assert!(
                (changed.first..=changed.last).contains(&edited),
                "{changed}"
            );
            let most = if edited > 200 { 1 } else { 100 };
            assert_eq!(changed.last - changed.first + 1, most, "{changed}");
        }
    }

    #[test]
    fn a_statement_that_went_or_came_shows_where_it_was() {
        let script = script(250);
        let executed = executed(&script);
        for at in 1..=250 {
            let mut shorter = script.clone();
            shorter.remove(at - 1);
            let changed = executed.changed(&shorter).expect("one is missing");
            assert!((changed.first..=changed.last).contains(&at), "{changed}");
            let mut longer = script.clone();
            longer.insert(at - 1, Statement::alone("SELECT 1"));
            let changed = executed.changed(&longer).expect("one came in between");
            assert!((changed.first..=changed.last).contains(&at), "{changed}");
        }
        let shortest = &script[..150];
        let changed = executed.changed(shortest).expect("the end is missing");
        assert_eq!((changed.first, changed.last), (101, 200));
        let mut longer = script.clone();
        longer.push(Statement::alone("SELECT 1"));
        assert_eq!(executed.changed(&longer), None);
    }

    #[test]
    fn two_statements_that_changed_places_show() {
        let script = script(120);
        let executed = executed(&script);
        let mut now = script.clone();
        now.swap(10, 11);
        let changed = executed.changed(&now).expect("they changed places");
        assert_eq!((changed.first, changed.last), (1, 100));
    }

    #[test]
    fn what_is_written_of_a_hundred_thousand_statements_stays_small() {
        let few = serde_json::to_string(&executed(&script(99))).expect("plain data");
        let many = serde_json::to_string(&executed(&script(100_099))).expect("plain data");
        assert!(many.len() < few.len() + 9_000, "{} bytes", many.len());
    }
}
