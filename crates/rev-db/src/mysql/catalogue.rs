//! What the catalogue says of objects: named parts and their definitions.

use rev_core::Dialect;
use rev_engine::database::DatabaseError;
use rev_sql::effect::{Description, Object, ObjectKind};
use rev_sql::ledger;

use super::Mysql;
use super::connection::Set;
use super::error::from_sqlx;
use crate::rows::LedgerRow as _;

impl Mysql {
    pub(super) async fn describe_all(
        &mut self,
        objects: &[Object],
    ) -> Result<Vec<Description>, DatabaseError> {
        let mut descriptions = Vec::with_capacity(objects.len());
        for object in objects {
            let questions = questions(object);
            // The first says whether it is there at all; the rest cost ten times that.
            let (first, rest) = questions.split_once(";\n").unwrap_or((&questions, ""));
            let mut sets = self.sets(first).await.map_err(|e| from_sqlx(&e))?;
            let is_there = sets.iter().any(|set| !set.rows.is_empty());
            if is_there && !rest.is_empty() {
                sets.extend(self.sets(rest).await.map_err(|e| from_sqlx(&e))?);
            }
            descriptions.push(description(&sets)?);
        }
        Ok(descriptions)
    }

    /// Whether a transaction holds what these statements do to rows: they touch no
    /// table without transactions, not even by a trigger, view or routine.
    pub(super) async fn touch_only_transactional(
        &mut self,
        statements: &[&str],
    ) -> Result<bool, DatabaseError> {
        let all = statements.join("\n").to_lowercase();
        let text = ledger::text(&all, Dialect::Mysql);
        let tables = self
            .names(&format!(
                "SELECT TABLE_NAME FROM information_schema.TABLES \
                 WHERE (TABLE_SCHEMA = DATABASE() OR LOCATE(LOWER(TABLE_SCHEMA), {text}) > 0) \
                 AND TABLE_SCHEMA NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') \
                 AND TABLE_TYPE = 'BASE TABLE' AND ENGINE NOT IN \
                 (SELECT ENGINE FROM information_schema.ENGINES WHERE TRANSACTIONS = 'YES')"
            ))
            .await?;
        if tables.is_empty() {
            return Ok(true);
        }
        let mut bodies = self
            .names(
                "SELECT ACTION_STATEMENT FROM information_schema.TRIGGERS \
                 WHERE TRIGGER_SCHEMA = DATABASE() \
                 UNION ALL SELECT ROUTINE_DEFINITION FROM information_schema.ROUTINES \
                 WHERE ROUTINE_SCHEMA = DATABASE() \
                 UNION ALL SELECT VIEW_DEFINITION FROM information_schema.VIEWS \
                 WHERE TABLE_SCHEMA = DATABASE()",
            )
            .await?;
        bodies.push(all);
        let names = |body: &String| tables.iter().any(|table| has_word(body, table));
        Ok(!bodies.iter().any(names))
    }

    async fn names(&mut self, question: &str) -> Result<Vec<String>, DatabaseError> {
        let rows = self.work().await?.rows(question).await?;
        let texts = rows.iter().filter_map(|row| row.maybe_text(0).transpose());
        texts.collect::<Result<_, _>>().map_err(|e| from_sqlx(&e))
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let (text, word) = (text.to_lowercase(), word.to_lowercase());
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.match_indices(&word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

/// Statements that each give rows of a part and its definition. An object that is
/// there has one row at least.
fn questions(object: &Object) -> String {
    let text = |text: &str| ledger::text(text, Dialect::Mysql);
    let schema = object.schema.as_deref().map(text);
    let schema = schema.unwrap_or_else(|| "DATABASE()".to_owned());
    let name = text(&object.name);
    let is_it = |prefix: &str| format!("{prefix}_SCHEMA = {schema} AND {prefix}_NAME = {name}");
    match object.kind {
        ObjectKind::Table => {
            let table = is_it("TABLE");
            format!(
                "SELECT 'option kind', CONCAT_WS(' ', TABLE_TYPE, ENGINE, TABLE_COLLATION, \
                 CREATE_OPTIONS, TABLE_COMMENT) FROM information_schema.TABLES WHERE {table};\n\
                 SELECT CONCAT('column ', COLUMN_NAME), CONCAT_WS(' ', COLUMN_TYPE, COLLATION_NAME, \
                 IF(IS_NULLABLE = 'NO', 'NOT NULL', NULL), CONCAT('DEFAULT ', COLUMN_DEFAULT), \
                 EXTRA, GENERATION_EXPRESSION, COLUMN_COMMENT) \
                 FROM information_schema.COLUMNS WHERE {table};\n\
                 SELECT CONCAT('index ', INDEX_NAME), GROUP_CONCAT(CONCAT_WS(' ', COLUMN_NAME, SUB_PART, \
                 COLLATION) ORDER BY SEQ_IN_INDEX), MAX(NON_UNIQUE), MAX(INDEX_TYPE) \
                 FROM information_schema.STATISTICS WHERE {table} GROUP BY INDEX_NAME;\n\
                 SELECT CONCAT('constraint ', CONSTRAINT_NAME), CONCAT_WS(' ', UNIQUE_CONSTRAINT_NAME, \
                 REFERENCED_TABLE_NAME, UPDATE_RULE, DELETE_RULE) \
                 FROM information_schema.REFERENTIAL_CONSTRAINTS \
                 WHERE CONSTRAINT_SCHEMA = {schema} AND TABLE_NAME = {name};\n\
                 SELECT CONCAT('constraint ', CONSTRAINT_NAME), CONSTRAINT_TYPE \
                 FROM information_schema.TABLE_CONSTRAINTS WHERE {table} AND CONSTRAINT_TYPE = 'CHECK'"
            )
        }
        ObjectKind::Index => {
            let table = object.table.as_deref().map(text).unwrap_or_default();
            format!(
                "SELECT CONCAT('part ', SEQ_IN_INDEX), CONCAT_WS(' ', COLUMN_NAME, SUB_PART, NON_UNIQUE, \
                 INDEX_TYPE) FROM information_schema.STATISTICS \
                 WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table} AND INDEX_NAME = {name}"
            )
        }
        ObjectKind::View => format!(
            "SELECT 'definition', VIEW_DEFINITION FROM information_schema.VIEWS WHERE {}",
            is_it("TABLE")
        ),
        ObjectKind::Trigger => format!(
            "SELECT 'definition', CONCAT_WS(' ', ACTION_TIMING, EVENT_MANIPULATION, \
             EVENT_OBJECT_TABLE, ACTION_STATEMENT) FROM information_schema.TRIGGERS WHERE {}",
            is_it("TRIGGER")
        ),
        ObjectKind::Routine => format!(
            "SELECT ROUTINE_TYPE, ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE {}",
            is_it("ROUTINE")
        ),
        ObjectKind::Event => format!(
            "SELECT 'definition', EVENT_DEFINITION FROM information_schema.EVENTS WHERE {}",
            is_it("EVENT")
        ),
        ObjectKind::Schema => format!(
            "SELECT 'option', CONCAT_WS(' ', DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME) \
             FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {name}"
        ),
    }
}

fn description(sets: &[Set]) -> Result<Description, DatabaseError> {
    let rows = || sets.iter().flat_map(|set| &set.rows);
    let is_there = rows().next().is_some();
    let mut description = Description {
        exists: is_there,
        valid: is_there,
        ..Description::default()
    };
    for row in rows() {
        let part = row.text(0).map_err(|e| from_sqlx(&e))?;
        let definition = row.maybe_text(1).map_err(|e| from_sqlx(&e))?;
        description
            .parts
            .insert(part, definition.unwrap_or_default());
    }
    Ok(description)
}
