//! Logical replication carries rows and no schema: a ledger that it carries says on the
//! subscriber what the publisher has.

use rev_core::{Dialect, SearchPath};
use rev_engine::failure::DatabaseError;
use rev_sql::ledger;

use super::Postgres;
use super::error::from_sqlx;
use crate::rows::LedgerRow as _;

impl Postgres {
    /// Says by which publication or subscription the ledger is replicated, if it is: the
    /// subscription where there is one, since what stands here is then another's.
    pub(super) async fn say_replicated(&mut self) -> Result<Option<String>, DatabaseError> {
        if !self.work().await?.is_replicated {
            return Ok(None);
        }
        let text = |text: &str| ledger::text(text, Dialect::Postgres);
        let tables = self.ledger.tables();
        let names = tables.each_ref().map(|table| text(table)).join(", ");
        let home = self.schema_of_ledger();
        let question = format!(
            "SELECT 1::bigint, s.subname::text FROM pg_catalog.pg_subscription_rel r \
             JOIN pg_catalog.pg_subscription s ON s.oid = r.srsubid \
             JOIN pg_catalog.pg_class c ON c.oid = r.srrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {home} AND c.relname IN ({names}) \
             UNION SELECT 2, pubname::text FROM pg_catalog.pg_publication WHERE puballtables \
             UNION SELECT 2, pubname::text FROM pg_catalog.pg_publication_tables \
             WHERE schemaname = {home} AND tablename IN ({names}) ORDER BY 1, 2"
        );
        let rows = self.work().await?.rows(&question).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let kind = row.number(0).map_err(|e| from_sqlx(&e))?;
        let name = row.text(1).map_err(|e| from_sqlx(&e))?;
        let [ledger_table, log, state] = &tables;
        Ok(Some(if kind == 1 {
            format!(
                "the subscription `{name}` writes the publisher's rows into the ledger here, \
                 which says then what that one has, and not this database: leave `{ledger_table}`, \
                 `{log}` and `{state}` out of what is published"
            )
        } else {
            format!(
                "the publication `{name}` sends the ledger to its subscribers, and no schema with \
                 it: leave `{ledger_table}`, `{log}` and `{state}` out of what is published"
            )
        }))
    }

    /// The schema that holds the ledger, as a literal.
    fn schema_of_ledger(&self) -> String {
        let schema = self.settings.schema.as_ref().map(SearchPath::first);
        let session = self.work.as_ref().and_then(|work| work.schema.as_deref());
        let schema = schema.or(session).unwrap_or_default();
        ledger::text(schema, Dialect::Postgres)
    }
}
