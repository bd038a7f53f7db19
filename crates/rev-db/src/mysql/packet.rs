//! What is sent in one round trip: statements, and what each is there for.
//!
//! The server runs a text of several statements in order and answers each, so the
//! number of answers before an error names the statement. None is run after one
//! that failed.

use std::time::Duration;

use rev_engine::database::Sent;

/// How long a packet of a script's statements is to take: whoever asks to stop
/// waits about so long.
const AIM: Duration = Duration::from_millis(50);
/// How many statements a packet has at most.
const MOST: usize = 500;
/// How many the first one has.
const FIRST: usize = 8;
/// How long the text of several statements is at most, in bytes: with the protocol's header
/// and the command before it it fits one record of TLS. The driver writes record by record and
/// leaves Nagle's algorithm on, by which a second one waits for the acknowledgement of the
/// first, and the server's kernel takes 40 ms for that.
pub(super) const LONGEST: usize = TLS_RECORD - HEADER - COMMAND;
/// How much text a record of TLS holds at most.
const TLS_RECORD: usize = 16 * 1024;
/// What the protocol puts before each packet: its length and its number.
const HEADER: usize = 4;
/// What a packet begins with that holds a text.
const COMMAND: usize = 1;
/// What stands between two statements.
const BETWEEN: &str = ";\n";

/// What a statement is there for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    /// Begins the transaction, or moves the generation on.
    Opening,
    /// Fails where the generation was not the expected one.
    Won,
    /// A statement of the script of a step, counted from 0.
    Script { step: usize, sent: Sent<'a> },
}

/// Some statements, as one text.
#[derive(Debug, Default)]
pub(super) struct Packet<'a> {
    pub(super) text: String,
    parts: Vec<Part<'a>>,
    scripts: usize,
}

/// How many statements are sent at once, by how long the last ones took.
#[derive(Debug)]
pub(super) struct Pace(usize);

impl<'a> Packet<'a> {
    /// Whether it is no longer than this with one more statement.
    pub(super) fn fits(&self, sql: &str, longest: usize) -> bool {
        self.text.len() + BETWEEN.len() + sql.len() <= longest
    }

    /// Adds a statement.
    pub(super) fn push(&mut self, part: Part<'a>, sql: &str) {
        if !self.text.is_empty() {
            self.text.push_str(BETWEEN);
        }
        self.text.push_str(sql);
        self.parts.push(part);
        self.scripts += usize::from(matches!(part, Part::Script { .. }));
    }

    /// How many statements it has.
    pub(super) fn len(&self) -> usize {
        self.parts.len()
    }

    /// How many of them are a script's.
    pub(super) fn scripts(&self) -> usize {
        self.scripts
    }

    /// The part with this number, from 0.
    pub(super) fn part(&self, number: usize) -> Part<'a> {
        self.parts[number.min(self.parts.len() - 1)]
    }

    /// Whether it has so many answers as statements. One that stands last may give
    /// several: of those before, each gives one.
    pub(super) fn is_answered(&self, answers: usize) -> bool {
        answers == self.len() || (self.scripts < 2 && answers > self.len())
    }

    /// The script's statement of this number.
    pub(super) fn sent(&self, number: usize) -> Option<(usize, Sent<'a>)> {
        self.parts.iter().find_map(|part| match part {
            Part::Script { step, sent } if sent.number == number => Some((*step, *sent)),
            _ => None,
        })
    }

    /// Which statement of its step comes last; 0: none.
    pub(super) fn last(&self) -> usize {
        self.number(self.len() - 1)
    }

    /// Which statement of its step runs once so many are answered; 0: none.
    pub(super) fn number(&self, answered: usize) -> usize {
        match self.parts.get(answered) {
            Some(Part::Script { sent, .. }) => sent.number,
            _ => 0,
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Pace {
    /// How many statements the next packet may have.
    pub(super) fn most(&self) -> usize {
        self.0
    }

    /// Learns from a packet of so many statements that took so long.
    pub(super) fn learn(&mut self, statements: usize, spent: Duration) {
        if spent > AIM {
            self.0 = (statements / 2).max(1);
        } else if statements >= self.0 {
            self.0 = (self.0 * 2).min(MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_together_fits_one_record_of_tls() {
        for row in 1..300 {
            let row = "x".repeat(row);
            let mut packet = Packet::default();
            while packet.fits(&row, LONGEST) {
                packet.push(Part::Opening, &row);
            }
            let sent = packet.text.len() + HEADER + COMMAND;
            assert!(sent <= 16_384, "{sent} bytes of rows of {}", row.len());
            assert!(sent > 16_384 - 303, "{sent} bytes of rows of {}", row.len());
        }
    }

    #[test]
    fn quick_statements_are_sent_by_ever_more_and_slow_ones_one_by_one() {
        let mut pace = Pace::default();
        for _ in 0..20 {
            let most = pace.most();
            pace.learn(most, Duration::from_millis(1));
        }
        assert_eq!(pace.most(), MOST);
        for _ in 0..20 {
            let most = pace.most();
            pace.learn(most, Duration::from_secs(1));
        }
        assert_eq!(pace.most(), 1);
    }
}
