//! What the connected server of the dialect `mysql` understands, so that one text serves
//! them all.

use rev_testkit::scratch::Scratch;
use rev_testkit::server::Server;

/// What one of the two products, or only its later versions, has.
const WORDS: [&str; 13] = [
    "sequences",
    "versioning",
    "periods",
    "uuid",
    "inet",
    "aria",
    "compressed",
    "ignored",
    "literals",
    "long_unique",
    "functional",
    "not_enforced",
    "vector",
];

/// What a server understands.
#[derive(Debug, Clone)]
pub(crate) struct Spoken {
    server: Server,
}

impl Spoken {
    pub(crate) fn by(scratch: &Scratch) -> Self {
        Self {
            server: scratch.server().clone(),
        }
    }

    /// Whether it has something of [`WORDS`].
    pub(crate) fn has(&self, word: &str) -> bool {
        assert!(WORDS.contains(&word), "{word}");
        let is_mysql = self.server.is_mysql_proper();
        match word {
            "functional" | "not_enforced" => is_mysql && self.server.is_from(8, 0),
            "vector" if is_mysql => self.server.is_from(9, 0),
            "vector" => self.server.is_from(11, 7),
            "uuid" | "inet" => !is_mysql && self.server.is_from(10, 10),
            // Literal defaults of TEXT, BLOB and JSON are among them.
            _ => !is_mysql,
        }
    }

    /// The lines that it understands: one that begins with `[word]` needs that, one with
    /// `[!word]` is for those that lack it.
    pub(crate) fn lines(&self, text: &str) -> String {
        let lines = text.lines().filter_map(|line| {
            let marked = line.trim_start().strip_prefix('[');
            let Some((word, rest)) = marked.and_then(|it| it.split_once(']')) else {
                return Some(line);
            };
            let is_meant = match word.strip_prefix('!') {
                Some(word) => !self.has(word),
                None => self.has(word),
            };
            is_meant.then_some(rest)
        });
        let lines: Vec<&str> = lines.collect();
        lines.join("\n")
    }

    /// The name that it makes up for a check without one.
    pub(crate) fn check_name(&self, table: &str, number: usize) -> String {
        match self.server.is_mysql_proper() {
            true => format!("{table}_chk_{number}"),
            false => format!("CONSTRAINT_{number}"),
        }
    }

    /// What snapshots of it are told from each other by.
    pub(crate) fn suffix(&self) -> Option<&'static str> {
        self.server.is_mysql_proper().then_some("mysql")
    }
}
