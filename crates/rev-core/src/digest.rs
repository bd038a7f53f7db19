//! Digests: what is hashed, and how.
//!
//! `blake3`, a context string for each kind of digest (so no two kinds can be
//! mistaken for one another, and a new format gets a new name), over parsed
//! content: every text goes in with its length before it. Reformatting a file,
//! its line ends, message, labels or date changes nothing.

use std::fmt;

use crate::revision::{Entry, Script, Sql, Work};
use crate::{Dialect, Revision};

/// A 32-byte `blake3` digest; shown as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The first twelve hex digits, enough for people.
    #[must_use]
    pub fn short(&self) -> String {
        let mut hex = self.to_string();
        hex.truncate(12);
        hex
    }

    /// Reads 64 hex digits; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text)
            .ok()
            .map(|hash| Self(hash.into()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

const SCRIPT: &str = "revgraph 2026-11 script v1";
const REVISION: &str = "revgraph 2026-11 revision v1";
const LINEAGE: &str = "revgraph 2026-11 lineage v1";
const STATE: &str = "revgraph 2026-11 state v1";
const PLAN: &str = "revgraph 2026-11 plan v1";
const CONTENTS: &str = "revgraph 2026-11 contents v1";
const SAVED: &str = "revgraph 2026-11 saved plan v1";
const STATEMENT: &str = "revgraph 2026-11 statement v1";
const CHAIN: &str = "revgraph 2026-11 chain of statements v1";

/// A hasher to which nothing can be given without its length.
struct Framed(blake3::Hasher);

impl Framed {
    fn new(context: &'static str) -> Self {
        Self(blake3::Hasher::new_derive_key(context))
    }

    fn count(&mut self, number: usize) -> &mut Self {
        self.0.update(&(number as u64).to_le_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.count(text.len());
        self.0.update(text.as_bytes());
        self
    }

    fn digest(&mut self, digest: &Digest) -> &mut Self {
        self.0.update(&digest.0);
        self
    }

    fn sql(&mut self, sql: Option<&Sql>) -> &mut Self {
        match sql {
            None => self.count(0),
            Some(sql) => {
                self.count(1).count(sql.0.len());
                for piece in sql.normalized() {
                    self.text(&piece);
                }
                self
            }
        }
    }

    fn script(&mut self, script: Option<&Script>) -> &mut Self {
        match script {
            None => self.count(0),
            Some(Script::Any(sql)) => self.count(1).sql(Some(sql)),
            Some(Script::ByDialect(map)) => {
                self.count(2).count(map.len());
                for (dialect, sql) in map {
                    self.text(dialect.name()).sql(sql.as_ref());
                }
                self
            }
        }
    }

    fn entry(&mut self, entry: &Entry) -> &mut Self {
        self.script(entry.upgrade.as_ref())
            .script(entry.downgrade.as_ref())
            .text(entry.transaction.name())
    }

    fn texts<T: AsRef<str>>(&mut self, texts: &[T]) -> &mut Self {
        let mut sorted: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        sorted.sort_unstable();
        self.count(sorted.len());
        for text in sorted {
            self.text(text);
        }
        self
    }

    fn finish(&self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// The digest of what would run on one database in one direction; `None`:
/// nothing would.
#[must_use]
pub fn script(sql: Option<&Sql>) -> Digest {
    Framed::new(SCRIPT).sql(sql).finish()
}

/// The digests of what a revision does on one database: both scripts, the way up first, and how
/// they are committed. Where these are the same, the very same runs.
#[must_use]
pub fn work(work: &Work<'_>) -> [Digest; 3] {
    let [up, down] = [work.upgrade, work.downgrade].map(script);
    [up, down, statement(work.transaction.name())]
}

/// The digest of all of a revision's scripts and edges. The order in which
/// edges are written does not count.
#[must_use]
pub fn revision(revision: &Revision) -> Digest {
    let mut hash = Framed::new(REVISION);
    let needs = revision.needs.iter().map(ToString::to_string);
    let dependencies: Vec<String> = revision.depends_on.iter().cloned().chain(needs).collect();
    hash.text(revision.id.as_str())
        .texts(&revision.parents)
        .texts(&dependencies)
        .count(usize::from(revision.irreversible))
        .entry(&revision.scripts.top)
        .count(revision.scripts.databases.len());
    for (name, entry) in &revision.scripts.databases {
        hash.text(name.as_str()).entry(entry);
    }
    if !revision.replaces.is_empty() {
        hash.texts(&revision.replaces);
    }
    hash.finish()
}

/// The digest of one statement as it is sent, but for its line ends.
#[must_use]
pub fn statement(text: &str) -> Digest {
    let text = text.replace("\r\n", "\n");
    Framed::new(STATEMENT).text(&text).finish()
}

/// The digest of statements in their order, one more than `before` is of; `None`:
/// the first.
#[must_use]
pub fn chain(before: Option<&Digest>, next: &str) -> Digest {
    let mut hash = Framed::new(CHAIN);
    match before {
        None => hash.count(0),
        Some(before) => hash.count(1).digest(before),
    }
    .digest(&statement(next))
    .finish()
}

/// The digest of a revision and of all that it stands on: its own digest and
/// its parents' and dependencies' lineages, in any order.
#[must_use]
pub fn lineage(own: &Digest, below: &[Digest]) -> Digest {
    let mut sorted = below.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut hash = Framed::new(LINEAGE);
    hash.digest(own).count(sorted.len());
    for digest in &sorted {
        hash.digest(digest);
    }
    hash.finish()
}

/// The digest of a set of revisions, by the lineages of its heads in any order.
#[must_use]
pub fn state(heads: &[Digest]) -> Digest {
    let mut sorted = heads.to_vec();
    sorted.sort_unstable();
    let mut hash = Framed::new(STATE);
    hash.count(sorted.len());
    for digest in &sorted {
        hash.digest(digest);
    }
    hash.finish()
}

/// The digest of what a database has: revisions, ascending, each with the digest
/// of the upgrade that ran there.
#[must_use]
pub fn contents(rows: &[(&str, Digest)]) -> Digest {
    let mut hash = Framed::new(CONTENTS);
    hash.count(rows.len());
    for (revision, digest) in rows {
        hash.text(revision).digest(digest);
    }
    hash.finish()
}

/// The digest that a saved plan is known by, over its canonical text.
#[must_use]
pub fn saved_plan(text: &str) -> Digest {
    Framed::new(SAVED).text(text).finish()
}

/// The digest of an ordered run: for each step a word for its action, its
/// revision and the digest of its script, on a database of this dialect.
pub fn plan<'a>(
    database: &str,
    dialect: Dialect,
    steps: impl Iterator<Item = (&'a str, &'a str, Digest)>,
) -> Digest {
    let mut hash = Framed::new(PLAN);
    hash.text(database).text(dialect.name());
    for (action, revision, digest) in steps {
        hash.text(action).text(revision).digest(&digest);
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TransactionMode;

    fn digest_of(pieces: &[&str]) -> Digest {
        script(Some(&Sql(pieces.iter().map(|s| (*s).to_owned()).collect())))
    }

    #[test]
    fn line_ends_and_trailing_space_do_not_count() {
        assert_eq!(digest_of(&["a\nb"]), digest_of(&["a\r\nb \n\n"]));
    }

    #[test]
    fn pieces_do_not_run_together() {
        assert_ne!(digest_of(&["ab", "c"]), digest_of(&["a", "bc"]));
        assert_ne!(digest_of(&["ab"]), digest_of(&["a", "b"]));
        assert_ne!(digest_of(&[]), script(None));
    }

    #[test]
    fn a_digest_reads_back_from_its_hex() {
        let digest = digest_of(&["x"]);
        assert_eq!(Digest::from_hex(&digest.to_string()), Some(digest));
        assert_eq!(Digest::from_hex("12"), None);
    }

    #[test]
    fn what_is_committed_otherwise_is_not_the_very_same() {
        let sql = Sql::text("SELECT 1");
        let of = |transaction| Work {
            upgrade: Some(&sql),
            downgrade: None,
            transaction,
        };
        let [step, none] = [TransactionMode::Step, TransactionMode::None].map(of);
        assert_eq!(work(&step), work(&step));
        assert_ne!(work(&step), work(&none));
    }

    proptest::proptest! {
        #[test]
        fn any_edit_of_a_script_is_noticed_and_no_reformatting_is(
            text in "[ -~\n]{0,40}", other in "[ -~\n]{0,40}",
        ) {
            let same = text.trim_end() == other.trim_end();
            proptest::prop_assert_eq!(digest_of(&[&text]) == digest_of(&[&other]), same);
            let reformatted = format!("{}\r\n \n", text.replace('\n', "\r\n"));
            proptest::prop_assert_eq!(digest_of(&[&text]), digest_of(&[&reformatted]));
        }
    }
}
