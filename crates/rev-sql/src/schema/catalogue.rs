//! What a catalogue holds, asked so that equal schemas give equal answers: one
//! query an engine, each row a sentence about one object or part. The ledger's
//! own tables, and what belongs to the engine or to an extension, are left out.

use rev_core::Dialect;

use crate::ledger::{Ledger, text};

/// The query for a dialect: one column of text, in no stated order.
#[must_use]
pub fn select(dialect: Dialect, ledger: &Ledger) -> String {
    let tables = ledger.tables().map(|table| text(&table, dialect));
    let own = tables.join(", ");
    match dialect {
        Dialect::Sqlite => SQLITE.replace("{own}", &own),
        Dialect::Postgres => POSTGRES.replace("{own}", &own),
        Dialect::Mysql => MYSQL.replace("{own}", &own),
    }
}

/// The statements that make a SQLite schema, tables first, each as its catalogue
/// keeps it: one column of text.
#[must_use]
pub fn select_sqlite_dump(ledger: &Ledger) -> String {
    let tables = ledger.tables().map(|table| text(&table, Dialect::Sqlite));
    format!(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name NOT IN ({}) \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name NOT IN \
         (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow') \
         ORDER BY type <> 'table', rowid",
        tables.join(", ")
    )
}

const SQLITE: &str = "SELECT type || ' ' || name || ': ' || coalesce(sql, 'of ' || tbl_name) \
    FROM sqlite_schema WHERE tbl_name NOT IN ({own}) AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

const POSTGRES: &str = r"
WITH own AS (
  SELECT n.oid, n.nspname FROM pg_namespace n
  WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
), extension AS (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), relation AS (
  SELECT c.oid, c.relkind, c.relpersistence, own.nspname || '.' || c.relname AS name
  FROM pg_class c JOIN own ON own.oid = c.relnamespace
  WHERE c.relname NOT IN ({own})
    AND NOT EXISTS (SELECT FROM extension e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid)
    AND NOT EXISTS (
      SELECT FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_class'::regclass AND t.relname IN ({own}))
)
SELECT 'extension ' || extname || ' ' || extversion FROM pg_extension
UNION ALL SELECT 'schema ' || nspname FROM own
UNION ALL SELECT 'relation ' || name || ' ' || relkind::text || relpersistence::text
  || CASE WHEN relkind IN ('v', 'm') THEN ' ' || pg_get_viewdef(oid) ELSE '' END
  FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
UNION ALL SELECT 'column ' || r.name || '.' || a.attname
  || ' ' || (rank() OVER (PARTITION BY a.attrelid ORDER BY a.attnum))::text
  || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
  || ' identity=' || a.attidentity::text || ' generated=' || a.attgenerated::text
  || ' default=' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
  || ' collation=' || coalesce((SELECT collname FROM pg_collation l WHERE l.oid = a.attcollation), '')
  FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
  WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL SELECT 'constraint ' || r.name || ' ' || c.conname || ' ' || pg_get_constraintdef(c.oid)
  || CASE WHEN c.convalidated THEN '' ELSE ' not valid' END
  FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid
UNION ALL SELECT 'index ' || pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END
  FROM relation r JOIN pg_index i ON i.indrelid = r.oid
UNION ALL SELECT 'trigger ' || pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
  FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
UNION ALL SELECT 'policy ' || r.name || ' ' || p.polname || ' ' || p.polcmd::text || ' '
  || coalesce(pg_get_expr(p.polqual, p.polrelid), '') || ' ' || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
  FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
UNION ALL SELECT 'sequence ' || r.name || ' ' || format_type(s.seqtypid, NULL) || ' start ' || s.seqstart
  || ' by ' || s.seqincrement || ' from ' || s.seqmin || ' to ' || s.seqmax || CASE WHEN s.seqcycle THEN ' cycle' ELSE '' END
  FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid
UNION ALL SELECT 'routine ' || own.nspname || ' ' || CASE WHEN p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid)
  ELSE p.proname || '(' || pg_get_function_arguments(p.oid) || ')' END
  FROM pg_proc p JOIN own ON own.oid = p.pronamespace
  WHERE NOT EXISTS (SELECT FROM extension e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid)
UNION ALL SELECT 'type ' || own.nspname || '.' || t.typname || ' ' || t.typtype::text || ' '
  || coalesce((SELECT string_agg(l.enumlabel, ',' ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid), '')
  || CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) || ' ' || coalesce(t.typdefault, '')
     || coalesce((SELECT string_agg(pg_get_constraintdef(c.oid), ' ' ORDER BY c.conname) FROM pg_constraint c WHERE c.contypid = t.oid), '')
     ELSE '' END
  FROM pg_type t JOIN own ON own.oid = t.typnamespace WHERE t.typtype IN ('e', 'd', 'r')
    AND NOT EXISTS (SELECT FROM extension e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid)
UNION ALL SELECT 'comment ' || r.name || '.' || d.objsubid || ' ' || d.description
  FROM relation r JOIN pg_description d ON d.objoid = r.oid AND d.classoid = 'pg_class'::regclass";

const MYSQL: &str = r"
SELECT CONCAT_WS(' ', 'table', TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COLLATION, TABLE_COMMENT, CREATE_OPTIONS)
  FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT IN ({own})
UNION ALL SELECT CONCAT_WS(' ', 'column', TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_TYPE, IS_NULLABLE,
  COALESCE(COLUMN_DEFAULT, '-'), EXTRA, COLLATION_NAME, COALESCE(GENERATION_EXPRESSION, ''), COLUMN_COMMENT)
  FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT IN ({own})
UNION ALL SELECT CONCAT_WS(' ', 'index', TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, COLLATION, SUB_PART, NON_UNIQUE, INDEX_TYPE)
  FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT IN ({own})
UNION ALL SELECT CONCAT_WS(' ', 'constraint', TABLE_NAME, CONSTRAINT_NAME, CONSTRAINT_TYPE)
  FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT IN ({own})
UNION ALL SELECT CONCAT_WS(' ', 'reference', k.TABLE_NAME, k.CONSTRAINT_NAME, k.COLUMN_NAME, k.ORDINAL_POSITION,
  k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, r.UPDATE_RULE, r.DELETE_RULE)
  FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r
    ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME
  WHERE k.TABLE_SCHEMA = DATABASE() AND k.REFERENCED_TABLE_NAME IS NOT NULL
UNION ALL SELECT CONCAT_WS(' ', 'check', CONSTRAINT_NAME, CHECK_CLAUSE)
  FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE() AND CHECK_CLAUSE <> '`id` = 1'
UNION ALL SELECT CONCAT_WS(' ', 'view', TABLE_NAME, REPLACE(VIEW_DEFINITION, CONCAT('`', DATABASE(), '`'), '`.`'), CHECK_OPTION)
  FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()
UNION ALL SELECT CONCAT_WS(' ', 'trigger', TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, EVENT_OBJECT_TABLE, ACTION_STATEMENT)
  FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
UNION ALL SELECT CONCAT_WS(' ', 'routine', ROUTINE_TYPE, ROUTINE_NAME, DTD_IDENTIFIER, ROUTINE_DEFINITION)
  FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()
UNION ALL SELECT CONCAT_WS(' ', 'event', EVENT_NAME, EVENT_DEFINITION)
  FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()";
