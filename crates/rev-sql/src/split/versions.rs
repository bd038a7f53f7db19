//! Version comments of MySQL and MariaDB: what a statement says to each server.
//!
//! `/*!50001 … */` is code for servers from that version on and a comment for older
//! ones; `/*M!100500 … */` is code for MariaDB only, and MariaDB passes over the
//! numbers that MySQL took after the two parted (50700 to 99999). So one text may be
//! several statements: `/*!80000 SET */ PASSWORD = 'x'`. Whoever asks what a statement
//! does asks it of every reading, and takes the answer that is safe for all of them.
//! <https://dev.mysql.com/doc/refman/9.0/en/comments.html>,
//! <https://mariadb.com/kb/en/comment-syntax/>

use std::collections::BTreeSet;

use rev_core::Dialect;

use super::lexer::{Token, TokenKind};
use super::tokens::tokens;

/// The oldest servers that a text is read for.
const OLDEST_MYSQL: u32 = 50_700;
const OLDEST_MARIADB: u32 = 100_000;

/// The numbers that only MySQL heeds.
const MYSQL_ONLY: std::ops::RangeInclusive<u32> = 50_700..=99_999;

/// A server that may be told a statement.
#[derive(Debug, Clone, Copy)]
enum Server {
    Mysql(u32),
    Mariadb(u32),
}

/// The mark that opens a version comment.
#[derive(Debug, Clone, Copy)]
struct Mark {
    is_mariadb: bool,
    number: u32,
}

impl Mark {
    /// Reads `/*!50001` or `/*M!`; `None` for the mark that closes.
    fn of(fence: &str) -> Option<Self> {
        let digits = |text: &str| text.parse().unwrap_or(0);
        if let Some(number) = fence.strip_prefix("/*M!") {
            return Some(Self {
                is_mariadb: true,
                number: digits(number),
            });
        }
        let number = digits(fence.strip_prefix("/*!")?);
        Some(Self {
            is_mariadb: false,
            number,
        })
    }

    fn is_code_for(self, server: Server) -> bool {
        match server {
            Server::Mysql(version) => !self.is_mariadb && self.number <= version,
            Server::Mariadb(version) => {
                let is_passed_over = !self.is_mariadb && MYSQL_ONLY.contains(&self.number);
                self.number <= version && !is_passed_over
            }
        }
    }
}

/// What a statement says, without comments, on every server that may be told it: one
/// reading a different meaning, and one only where it has no version comment. A reading
/// is empty where all of the statement is a comment to some server.
pub(crate) fn readings(statement: &str, dialect: Dialect) -> Vec<Vec<Token<'_>>> {
    let all = tokens(statement, dialect);
    let is_fence = |token: &&Token<'_>| token.kind == TokenKind::Fence;
    let marks: Vec<Mark> = (all.iter().filter(is_fence))
        .filter_map(|token| Mark::of(token.text))
        .collect();
    if marks.is_empty() {
        return vec![all];
    }
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for server in servers(&marks) {
        let reading = read(&all, server);
        let starts: Vec<usize> = reading.iter().map(|token| token.start).collect();
        if seen.insert(starts) {
            found.push(reading);
        }
    }
    found
}

/// A server of each kind from each number on.
fn servers(marks: &[Mark]) -> Vec<Server> {
    let from = |oldest: u32| {
        let numbers = marks.iter().map(|mark| mark.number.max(oldest));
        numbers.chain([oldest]).collect::<BTreeSet<u32>>()
    };
    let mysql = from(OLDEST_MYSQL).into_iter().map(Server::Mysql);
    let mariadb = from(OLDEST_MARIADB).into_iter().map(Server::Mariadb);
    mysql.chain(mariadb).collect()
}

/// The tokens that are code to a server. A comment ends at its own end, whatever
/// comments stand in it.
fn read<'a>(all: &[Token<'a>], server: Server) -> Vec<Token<'a>> {
    let mut reading = Vec::new();
    // Whether what stands in each comment that is open is code.
    let mut open: Vec<bool> = Vec::new();
    for token in all {
        if token.kind != TokenKind::Fence {
            if open.iter().all(|is_code| *is_code) {
                reading.push(*token);
            }
        } else if let Some(mark) = Mark::of(token.text) {
            open.push(mark.is_code_for(server));
        } else {
            open.pop();
        }
    }
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(statement: &str) -> Vec<String> {
        let readings = readings(statement, Dialect::Mysql);
        let join = |tokens: Vec<Token<'_>>| {
            let words: Vec<&str> = tokens.iter().map(|token| token.text).collect();
            words.join(" ")
        };
        readings.into_iter().map(join).collect()
    }

    #[test]
    fn a_version_comment_is_read_as_every_server_reads_it() {
        assert_eq!(texts("SET a /* no */ = 1"), ["SET a = 1"]);
        assert_eq!(texts("/*!40101 SET a = 1 */"), ["SET a = 1"]);
        assert_eq!(texts("/*! SET */ a"), ["SET a"]);
        // MariaDB passes over it, and so does MySQL 5.7.
        assert_eq!(texts("/*!80000 SET */ a"), ["a", "SET a"]);
        assert_eq!(texts("/*M!100100 SET */ a"), ["a", "SET a"]);
        assert_eq!(
            texts("/*!80000 x *//*!90000 y *//*M! z */ w"),
            ["w", "x w", "x y w", "z w"]
        );
        assert_eq!(texts("/*!50001 a /*!90000 b */ c */"), ["a c", "a b c"]);
    }
}
