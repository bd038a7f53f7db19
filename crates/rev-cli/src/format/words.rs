//! Words that stand for one of a few things.

use rev_core::{TransactionMode, plan};
use serde::{Deserialize, Serialize};

/// What a plan was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Goal {
    /// Apply what is missing.
    Upgrade,
    /// Take down what stands above a point.
    Downgrade,
    /// Go to exactly a point.
    Switch,
    /// Change the ledger alone.
    Stamp,
}

impl From<Goal> for plan::Goal {
    fn from(word: Goal) -> Self {
        match word {
            Goal::Upgrade => plan::Goal::Upgrade,
            Goal::Downgrade => plan::Goal::Downgrade,
            Goal::Switch => plan::Goal::Switch,
            Goal::Stamp => plan::Goal::Stamp,
        }
    }
}

/// What one step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Action {
    /// Run the way up and record the revision.
    Upgrade,
    /// Run the way down and forget the revision.
    Downgrade,
    /// Record the revision, running nothing.
    Stamp,
    /// Forget the revision, running nothing.
    Unstamp,
}

impl From<Action> for plan::Action {
    fn from(word: Action) -> Self {
        match word {
            Action::Upgrade => plan::Action::Upgrade,
            Action::Downgrade => plan::Action::Downgrade,
            Action::Stamp => plan::Action::Stamp,
            Action::Unstamp => plan::Action::Unstamp,
        }
    }
}

impl From<plan::Action> for Action {
    fn from(value: plan::Action) -> Self {
        match value {
            plan::Action::Upgrade => Action::Upgrade,
            plan::Action::Downgrade => Action::Downgrade,
            plan::Action::Stamp => Action::Stamp,
            plan::Action::Unstamp => Action::Unstamp,
        }
    }
}

/// A family of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
}

impl From<Dialect> for rev_core::Dialect {
    fn from(word: Dialect) -> Self {
        match word {
            Dialect::Postgres => rev_core::Dialect::Postgres,
            Dialect::Mysql => rev_core::Dialect::Mysql,
            Dialect::Sqlite => rev_core::Dialect::Sqlite,
        }
    }
}

impl From<rev_core::Dialect> for Dialect {
    fn from(value: rev_core::Dialect) -> Self {
        match value {
            rev_core::Dialect::Postgres => Dialect::Postgres,
            rev_core::Dialect::Mysql => Dialect::Mysql,
            rev_core::Dialect::Sqlite => Dialect::Sqlite,
        }
    }
}

/// How a step's statements are committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Transaction {
    /// All of them together with the ledger row.
    Step,
    /// Each by itself.
    None,
}

impl From<Transaction> for TransactionMode {
    fn from(word: Transaction) -> Self {
        match word {
            Transaction::Step => TransactionMode::Step,
            Transaction::None => TransactionMode::None,
        }
    }
}

impl From<TransactionMode> for Transaction {
    fn from(value: TransactionMode) -> Self {
        match value {
            TransactionMode::Step => Transaction::Step,
            TransactionMode::None => Transaction::None,
        }
    }
}

/// What a revision is waited for to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Until {
    /// Applied.
    Applied,
    /// Not applied any more.
    Gone,
}

impl From<Until> for plan::Until {
    fn from(word: Until) -> Self {
        match word {
            Until::Applied => plan::Until::Applied,
            Until::Gone => plan::Until::Gone,
        }
    }
}

impl From<plan::Until> for Until {
    fn from(value: plan::Until) -> Self {
        match value {
            plan::Until::Applied => Until::Applied,
            plan::Until::Gone => Until::Gone,
        }
    }
}

impl Goal {
    /// The word of an action that can be planned; `None`: it mends, and is not.
    pub(crate) fn of(goal: plan::Goal) -> Option<Self> {
        match goal {
            plan::Goal::Upgrade => Some(Goal::Upgrade),
            plan::Goal::Downgrade => Some(Goal::Downgrade),
            plan::Goal::Switch => Some(Goal::Switch),
            plan::Goal::Stamp => Some(Goal::Stamp),
            plan::Goal::Accept | plan::Goal::Redo => None,
        }
    }
}

/// Which way a script goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Direction {
    /// Up.
    Upgrade,
    /// Down.
    Downgrade,
}

impl From<plan::Action> for Direction {
    fn from(action: plan::Action) -> Self {
        match action.applies() {
            true => Direction::Upgrade,
            false => Direction::Downgrade,
        }
    }
}
