//! What the catalogue says of objects: named parts and their definitions.

use rev_core::Dialect;
use rev_engine::failure::DatabaseError;
use rev_sql::effect::{Description, Object, ObjectKind};
use rev_sql::ledger;
use sqlx::postgres::PgRow;

use super::Postgres;
use super::error::from_sqlx;
use crate::rows::LedgerRow as _;

impl Postgres {
    pub(super) async fn describe_all(
        &mut self,
        objects: &[Object],
    ) -> Result<Vec<Description>, DatabaseError> {
        let mut descriptions = Vec::with_capacity(objects.len());
        for object in objects {
            let rows = self.work().await?.rows(&question(object)).await?;
            descriptions.push(description(&rows)?);
        }
        Ok(descriptions)
    }
}

/// Rows of a part, its definition, and whether the object can be used. An object
/// that is there has one row at least.
fn question(object: &Object) -> String {
    let name = ledger::name(&object.name, Dialect::Postgres);
    let whole = match &object.schema {
        Some(schema) => format!("{}.{name}", ledger::name(schema, Dialect::Postgres)),
        None => name,
    };
    let whole = ledger::text(&whole, Dialect::Postgres);
    match object.kind {
        ObjectKind::Table | ObjectKind::View => format!(
            "WITH t AS (SELECT to_regclass({whole}) AS id) \
             SELECT 'option kind', relkind::text || relpersistence::text, 't' \
             FROM pg_catalog.pg_class, t WHERE oid = t.id \
             UNION ALL SELECT 'definition', pg_get_viewdef(t.id), 't' \
             FROM t JOIN pg_catalog.pg_class c ON c.oid = t.id AND c.relkind IN ('v', 'm') \
             UNION ALL SELECT 'column ' || attname, format_type(atttypid, atttypmod) \
               || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END \
               || coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '') \
               || attidentity::text || attgenerated::text, 't' \
             FROM t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.id AND attnum > 0 \
               AND NOT attisdropped \
             LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = t.id AND d.adnum = a.attnum \
             UNION ALL SELECT 'constraint ' || conname, pg_get_constraintdef(oid), 't' \
             FROM pg_catalog.pg_constraint, t WHERE conrelid = t.id \
             UNION ALL SELECT 'index ' || c.relname, pg_get_indexdef(i.indexrelid), 't' \
             FROM t JOIN pg_catalog.pg_index i ON i.indrelid = t.id \
             JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
        ),
        ObjectKind::Index => format!(
            "SELECT 'definition', pg_get_indexdef(indexrelid), \
             CASE WHEN indisvalid AND indisready THEN 't' ELSE 'f' END \
             FROM pg_catalog.pg_index WHERE indexrelid = to_regclass({whole})"
        ),
        // What else there is runs in a transaction with its mark.
        ObjectKind::Trigger | ObjectKind::Routine | ObjectKind::Event | ObjectKind::Schema => {
            "SELECT 'none', 'none', 't' WHERE false".to_owned()
        }
    }
}

fn description(rows: &[PgRow]) -> Result<Description, DatabaseError> {
    let mut description = Description {
        exists: !rows.is_empty(),
        valid: !rows.is_empty(),
        ..Description::default()
    };
    for row in rows {
        let text = |index| row.text(index).map_err(|e| from_sqlx(&e));
        description.parts.insert(text(0)?, text(1)?);
        description.valid &= text(2)? == "t";
    }
    Ok(description)
}
