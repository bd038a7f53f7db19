//! Where databases stand, for programs: `rev current` and `rev status`.
//!
//! With `--ledger`, what `rev status` answers is also a fleet's recorded state: it holds the
//! ledgers, so that a plan made from it is the plan that would be made on the databases
//! themselves.

use rev_core::{
    Applied, DatabaseName, Digest, NameError, Need, RevisionId, Sql, TransactionMode, digest,
};
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::plan::texts;
use super::{Dialect, Direction, Transaction};

/// The version that is written, and the newest that is read.
pub(crate) const FORMAT: u32 = 1;

/// `rev status`: all databases on one screen; with `--from`, a recorded state.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Status {
    /// The version of this format.
    pub(crate) format: u32,
    /// By name; with `--pending` without those that have nothing to do.
    pub(crate) databases: Vec<DatabaseStatus>,
    /// Of all that were asked.
    pub(crate) sum: Sum,
}

/// How many databases are in which state; one may count in several.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Sum {
    /// All that were asked.
    pub(crate) databases: usize,
    /// Nothing is pending, half done or drifted.
    pub(crate) up_to_date: usize,
    /// Some revision is pending, or what is pending is not known.
    pub(crate) pending: usize,
    /// Something is half done.
    pub(crate) half_done: usize,
    /// Ledger and files disagree.
    pub(crate) drifted: usize,
    /// Could not be read.
    pub(crate) unread: usize,
    /// Have tables, and no history.
    #[serde(default)]
    pub(crate) not_adopted: usize,
}

/// What `rev status` says of a database.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum DatabaseStatus {
    /// It was read.
    Read(Box<Read>),
    /// It could not be read.
    Unread(Box<Unread>),
}

/// A database that could not be read.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Unread {
    pub(crate) database: String,
    /// Why.
    pub(crate) error: Error,
}

/// A database that was read.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Read {
    #[serde(flatten)]
    pub(crate) standing: Standing,
    /// How many revisions an upgrade to the head would apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<usize>,
    /// How many of these have work there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pending_with_work: Option<usize>,
    /// Why that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pending_error: Option<Error>,
    /// Whether it has tables and no run has ever written its ledger; left out: it is not so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) not_adopted: bool,
    /// Who is at work on it.
    pub(crate) holder: Option<Holder>,
    /// Where its ledger and the files disagree.
    pub(crate) drift: Drift,
    /// What its ledger holds, by revision; only where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ledger: Option<Vec<LedgerRow>>,
}

/// `rev current`: where databases stand.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Current {
    /// By name.
    pub(crate) databases: Vec<DatabaseStanding>,
}

/// What `rev current` says of a database.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum DatabaseStanding {
    /// It was read.
    Read(Box<Standing>),
    /// It could not be read.
    Unread(Box<Unread>),
}

/// Where a database stands.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Standing {
    /// Its name in `rev.yaml`.
    pub(crate) database: String,
    pub(crate) dialect: Dialect,
    /// The applied revisions that no applied one stands on; empty: base.
    pub(crate) heads: Vec<Head>,
    /// The applied revisions that have no applied child, though one may depend on
    /// them.
    pub(crate) tips: Vec<Head>,
    /// How many revisions are applied.
    pub(crate) applied: usize,
    /// What is half done.
    pub(crate) in_flight: Option<InFlight>,
}

/// An applied revision.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Head {
    pub(crate) revision: String,
    pub(crate) message: String,
    /// Whether this checkout has its file.
    pub(crate) in_checkout: bool,
}

/// Who is at work on a database.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Holder {
    /// `user@host`.
    pub(crate) operator: String,
    /// The number of the process there.
    pub(crate) process: u32,
    /// RFC 3339, in UTC.
    pub(crate) since: String,
    /// The node of a cluster that it is on, where that is another one than asked.
    pub(crate) node: Option<String>,
}

/// Revisions of which ledger and files say something else, ascending.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Drift {
    /// Applied, and without a file in this checkout.
    pub(crate) unknown: Vec<String>,
    /// Their upgrade has changed since it ran.
    pub(crate) edited: Vec<String>,
    /// They stand on something else than when they were applied.
    pub(crate) reparented: Vec<String>,
    /// They stand on something that is not applied.
    pub(crate) gaps: Vec<String>,
    /// They would run another script here now.
    pub(crate) rebound: Vec<String>,
    /// Shortcuts that have replaced for good what is applied only in part.
    pub(crate) partial: Vec<String>,
    /// Their stored way down was changed in the ledger.
    pub(crate) altered: Vec<String>,
}

/// What is half done on a database.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum InFlight {
    /// A step that goes statement by statement.
    Step {
        revision: String,
        action: Direction,
        /// How many of its statements stand.
        done: usize,
        /// The statement of which nobody knows whether it took effect.
        in_doubt: Option<String>,
        run: String,
        operator: String,
        /// RFC 3339, in UTC.
        started: String,
    },
    /// A run that commits everywhere or nowhere, and is not concluded.
    TwoPhase {
        run: String,
        operator: String,
        /// RFC 3339, in UTC.
        started: String,
    },
}

/// What a ledger says of one applied revision.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LedgerRow {
    revision: String,
    /// Its parents when it was applied.
    parents: Vec<String>,
    /// What it depended on when it was applied: ids, and `database@id`.
    depends_on: Vec<String>,
    message: String,
    /// Of the upgrade that ran.
    upgrade_digest: String,
    /// Of the downgrade that was stored.
    downgrade_digest: String,
    /// Of all the revision's scripts and edges.
    revision_digest: String,
    /// The way down as it was stored, in pieces.
    downgrade: Option<Vec<String>>,
    transaction: Transaction,
    /// The shortcut that did its work.
    through: Option<String>,
}

/// A row that no ledger holds.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadRow {
    /// A name that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A digest that is none.
    #[error("`{text}` is not a digest")]
    Digest {
        /// As written.
        text: String,
    },
    /// A script that is not the one whose digest stands beside it.
    #[error("the downgrade of `{revision}` is not what its digest says")]
    Downgrade {
        /// The revision.
        revision: String,
    },
}

impl From<&Applied> for LedgerRow {
    fn from(row: &Applied) -> Self {
        let needs = row.needs.iter().map(ToString::to_string);
        Self {
            revision: row.revision.to_string(),
            parents: texts(&row.parents),
            depends_on: texts(&row.dependencies).into_iter().chain(needs).collect(),
            message: row.message.clone(),
            upgrade_digest: row.upgrade_digest.to_string(),
            downgrade_digest: row.downgrade_digest.to_string(),
            revision_digest: row.revision_digest.to_string(),
            downgrade: row.downgrade.as_ref().map(|sql| sql.0.clone()),
            transaction: row.transaction.into(),
            through: row.through.as_ref().map(ToString::to_string),
        }
    }
}

impl Read {
    /// The database's name.
    pub(crate) fn name(&self) -> &str {
        &self.standing.database
    }
}

impl LedgerRow {
    /// The order of rows.
    pub(crate) fn by_revision(one: &Self, other: &Self) -> std::cmp::Ordering {
        one.revision.cmp(&other.revision)
    }

    /// The row as the ledger has it.
    pub(crate) fn applied(&self) -> Result<Applied, BadRow> {
        let ids = |texts: &[String]| {
            let ids = texts.iter().map(|text| RevisionId::new(text));
            ids.collect::<Result<Vec<RevisionId>, NameError>>()
        };
        let (needs, within): (Vec<&String>, Vec<&String>) =
            self.depends_on.iter().partition(|text| text.contains('@'));
        let within: Vec<String> = within.into_iter().cloned().collect();
        let needs = needs.into_iter().filter_map(|text| text.split_once('@'));
        let need = |(database, revision): (&str, &str)| {
            Ok::<Need, NameError>(Need {
                database: DatabaseName::new(database)?,
                revision: revision.to_owned(),
            })
        };
        let downgrade = self.downgrade.clone().map(Sql);
        let downgrade_digest = digest_of(&self.downgrade_digest)?;
        // A file may have been edited, or a word of it hidden as a password.
        if downgrade.is_some() && digest::script(downgrade.as_ref()) != downgrade_digest {
            return Err(BadRow::Downgrade {
                revision: self.revision.clone(),
            });
        }
        Ok(Applied {
            revision: RevisionId::new(&self.revision)?,
            parents: ids(&self.parents)?,
            dependencies: ids(&within)?,
            needs: needs.map(need).collect::<Result<_, _>>()?,
            message: self.message.clone(),
            upgrade_digest: digest_of(&self.upgrade_digest)?,
            downgrade_digest,
            revision_digest: digest_of(&self.revision_digest)?,
            downgrade,
            transaction: TransactionMode::from(self.transaction),
            through: self.through.as_deref().map(RevisionId::new).transpose()?,
        })
    }
}

fn digest_of(text: &str) -> Result<Digest, BadRow> {
    Digest::from_hex(text).ok_or_else(|| BadRow::Digest {
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied() -> Applied {
        let id = |text| RevisionId::new(text).expect("an id");
        let downgrade = Some(Sql(vec![
            "DROP TABLE app".to_owned(),
            "SELECT 1".to_owned(),
        ]));
        Applied {
            revision: id("cccc"),
            parents: vec![id("aaaa"), id("1e10")],
            dependencies: vec![id("bbbb")],
            needs: vec![Need {
                database: DatabaseName::new("db2").expect("a name"),
                revision: "dddd".to_owned(),
            }],
            message: "one\ntwo".to_owned(),
            upgrade_digest: digest::script(None),
            downgrade_digest: digest::script(downgrade.as_ref()),
            revision_digest: digest::statement("x"),
            downgrade,
            transaction: TransactionMode::None,
            through: Some(id("ssss")),
        }
    }

    #[test]
    fn a_row_is_read_back_as_the_ledger_had_it() {
        let text = serde_json::to_string(&LedgerRow::from(&applied())).expect("JSON");
        let row: LedgerRow = serde_json::from_str(&text).expect("a row");
        assert_eq!(row.applied().ok(), Some(applied()));
    }

    #[test]
    fn a_row_whose_script_was_changed_is_no_row() {
        let text = serde_json::to_string(&LedgerRow::from(&applied())).expect("JSON");
        let hidden = text.replace("DROP TABLE app", "DROP TABLE ***");
        let row: LedgerRow = serde_json::from_str(&hidden).expect("a row");
        assert_eq!(
            row.applied().expect_err("refused").to_string(),
            "the downgrade of `cccc` is not what its digest says"
        );
    }
}
