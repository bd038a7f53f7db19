//! Lanes that are the same plan, once: forty databases at the same place go the same way.

use rev_core::DatabaseName;
use rev_engine::prepare::Prepared;

use crate::count;

/// One plan, and the databases that it is for.
#[derive(Debug)]
pub struct Alike<'a> {
    /// One or more, in the order of the lanes.
    pub databases: Vec<&'a DatabaseName>,
    /// The lane of the first of them, which is that of all.
    pub prepared: &'a Prepared,
}

/// The most databases that are all named.
const HANDFUL: usize = 6;

/// Those that are named where there are more.
const FIRST: usize = 4;

/// Lanes by what they do, in the order of the first of each kind.
#[must_use]
pub fn alike(lanes: &[Prepared]) -> Vec<Alike<'_>> {
    let mut kinds: Vec<Alike<'_>> = Vec::new();
    for prepared in lanes {
        let name = &prepared.lane.database.name;
        match kinds.iter_mut().find(|it| is_same(it.prepared, prepared)) {
            Some(kind) => kind.databases.push(name),
            None => kinds.push(Alike {
                databases: vec![name],
                prepared,
            }),
        }
    }
    kinds
}

impl Alike<'_> {
    /// The names; of many the first few, and a phrase of how many more there are.
    #[must_use]
    pub fn names(&self) -> (Vec<&str>, Option<String>) {
        let all = self.databases.len();
        let (named, more) = match all {
            ..=HANDFUL => (all, None),
            _ => (FIRST, Some(format!("and {} more", all - FIRST))),
        };
        let names = self.databases.iter().take(named);
        (names.map(|name| name.as_str()).collect(), more)
    }

    /// `40 databases`; `None` for one.
    #[must_use]
    pub fn count(&self) -> Option<String> {
        let all = self.databases.len();
        (all > 1).then(|| count(all, "database"))
    }
}

/// Whether both do the same from the same place to the same place.
fn is_same(one: &Prepared, other: &Prepared) -> bool {
    let (a, b) = (&one.lane, &other.lane);
    let is_same_place = a.database.dialect == b.database.dialect
        && (&a.from, &a.to, a.to_digest) == (&b.from, &b.to, b.to_digest)
        && a.steps.len() == b.steps.len()
        && one.waits == other.waits;
    let mut steps = a.steps.iter().zip(b.steps.iter());
    let mut works = one.works.iter().zip(other.works.iter());
    is_same_place
        && steps.all(|(a, b)| {
            (
                a.action,
                &a.revision.id,
                a.digest,
                a.source,
                a.transaction,
                &a.replaces,
            ) == (
                b.action,
                &b.revision.id,
                b.digest,
                b.source,
                b.transaction,
                &b.replaces,
            )
        })
        && works.all(|(a, b)| a.statements == b.statements)
}
