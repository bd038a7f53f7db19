//! The queries, each row of which is one JSON text that [`super::rows`] knows.
//!
//! Names are spelt as the session's search path asks, which is the one schema that a
//! name without a schema means: see [`super::settings`]. So the texts of two
//! databases are equal where they mean the same, whatever those schemas are called.
//! Columns that older servers lack are asked for by version.

use rev_core::Dialect;

use super::Scope;
use super::rights::RIGHTS;
use crate::ledger::{Ledger, text};

/// What is left out or asked for.
pub(super) struct Selection<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) scope: Scope,
    /// As `server_version_num`: 150004.
    pub(super) version: u32,
}

impl Selection<'_> {
    /// All queries, each with its semicolon.
    pub(super) fn text(&self) -> String {
        let queries = [
            NAMESPACES, EXTENSIONS, TABLES, SEQUENCES, ENUMS, DOMAINS, COMPOSITES, RANGES, VIEWS,
            ROUTINES, AGGREGATES, TRIGGERS, POLICIES, RULES, STATISTICS, NEEDS, RIGHTS,
        ];
        let queries = queries.map(|query| format!("WITH {COMMON}\n{};\n", query.trim()));
        self.filled(&queries.concat())
    }

    fn filled(&self, text: &str) -> String {
        let tables = self.ledger.tables();
        let own = tables.map(|table| self::text(&table, Dialect::Postgres));
        let scope = match self.scope {
            Scope::Everything => "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'",
            Scope::Home => "n.nspname = current_schema()",
        };
        let from = |version, text| {
            if self.version >= version {
                text
            } else {
                "NULL"
            }
        };
        let text = text
            .replace("{own}", &own.join(", "))
            .replace("{scope}", scope)
            .replace(
                "{compression}",
                from(140_000, "nullif(a.attcompression::text, '')"),
            )
            .replace(
                "{statistics}",
                if self.version >= 140_000 {
                    "pg_get_statisticsobjdef_expressions(x.oid)"
                } else {
                    "NULL::text[]"
                },
            )
            .replace(
                "{multirange}",
                from(140_000, "r.rngmultitypid::regtype::text"),
            )
            .replace(
                "{multirange of}",
                from(
                    140_000,
                    "(SELECT m.typname FROM pg_type m WHERE m.oid = r.rngmultitypid)",
                ),
            )
            .replace(
                "{unlogged sequence}",
                // Before, each is logged, also where its table is not.
                if self.version >= 150_000 {
                    "c.relpersistence = 'u'"
                } else {
                    "coalesce((SELECT p.relpersistence FROM pg_class p WHERE p.oid = o.oid) = 'u', false)"
                },
            )
            .replace(
                "{clone}",
                if self.version >= 130_000 {
                    "t.tgparentid <> 0"
                } else {
                    "false"
                },
            );
        let mut filled = String::new();
        let mut rest = text.as_str();
        // `{free pg_class c.oid}`: belongs to no extension.
        while let Some(start) = rest.find("{free ") {
            let end = start + rest[start..].find('}').expect("it is closed above");
            let words = rest[start + 6..end].split_once(' ');
            let (catalogue, oid) = words.expect("both are named");
            filled.push_str(&rest[..start]);
            filled.push_str(&format!(
                "NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{catalogue}'::regclass \
                 AND e.objid = {oid} AND e.deptype = 'e')"
            ));
            rest = &rest[end + 1..];
        }
        filled + rest
    }
}

/// Schemas and relations.
const COMMON: &str = r"
space AS MATERIALIZED (
  SELECT n.oid, n.nspname::text AS name,
    CASE WHEN n.nspname = current_schema() THEN '' ELSE quote_ident(n.nspname) || '.' END AS prefix
  FROM pg_namespace n WHERE {scope} AND {free pg_namespace n.oid}
), relation AS (
  SELECT c.oid, c.relkind::text AS kind, c.relname, c.relnamespace, c.reloptions,
    s.name AS space, s.prefix || quote_ident(c.relname) AS spelt
  FROM pg_class c JOIN space s ON s.oid = c.relnamespace
  WHERE c.relpersistence <> 't' AND c.relname NOT IN ({own}) AND {free pg_class c.oid}
    AND (c.relkind <> 'c' OR {free pg_type c.reltype})
)";

const NEEDS: &str = r"
SELECT json_build_object('needs', json_build_object('of', n.of, 'names', jsonb_agg(DISTINCT n.name)))::text
FROM (
  SELECT CASE WHEN r.oid IS NOT NULL THEN 'pg_class/' || r.ev_class
      WHEN k.contypid <> 0 THEN 'pg_type/' || k.contypid
      WHEN k.oid IS NOT NULL THEN 'pg_class/' || k.conrelid
      WHEN a.oid IS NOT NULL THEN 'pg_class/' || a.adrelid
      WHEN i.indexrelid IS NOT NULL THEN 'pg_class/' || i.indrelid
      ELSE d.classid::regclass || '/' || d.objid END AS of, jsonb_build_array(l.space, l.name) AS name
  FROM pg_depend d
  JOIN (
    SELECT 'pg_class'::regclass AS class, c.oid, s.name AS space, c.relname::text AS name
    FROM pg_class c JOIN space s ON s.oid = c.relnamespace
    UNION ALL SELECT 'pg_proc'::regclass, p.oid, s.name, p.proname || '(' || oidvectortypes(p.proargtypes) || ')'
    FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
    UNION ALL SELECT 'pg_type'::regclass, t.oid, s.name, coalesce(c.relname, e.typname, t.typname)::text
    FROM pg_type t JOIN space s ON s.oid = t.typnamespace
    LEFT JOIN pg_class c ON c.oid = t.typrelid
    LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
  ) l ON l.class = d.refclassid AND l.oid = d.refobjid
  LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND r.rulename = '_RETURN'
  LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid AND k.contype <> 'f'
  LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
  LEFT JOIN pg_index i ON d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid
  WHERE d.deptype IN ('n', 'a')
    AND d.classid IN ('pg_attrdef'::regclass, 'pg_rewrite'::regclass, 'pg_constraint'::regclass, 'pg_class'::regclass, 'pg_type'::regclass,
      'pg_proc'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass)
) n GROUP BY n.of";

const NAMESPACES: &str = r"
SELECT json_build_object('namespace', s.name)::text FROM space s
WHERE s.name NOT IN ('public', current_schema())";

const EXTENSIONS: &str = r"
SELECT json_build_object('object', json_build_object(
  'kind', 'extension', 'name', json_build_array(current_schema(), e.extname),
  'create', json_build_array('CREATE EXTENSION IF NOT EXISTS ' || quote_ident(e.extname)
    || CASE WHEN n.nspname IN ('pg_catalog', current_schema()) THEN '' ELSE ' SCHEMA ' || quote_ident(n.nspname) END),
  'schema', n.nspname))::text
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'";

const TABLES: &str = r"
SELECT json_build_object('table', json_build_object(
  'name', json_build_array(r.space, r.relname), 'id', 'pg_class/' || c.oid,
  'unlogged', c.relpersistence = 'u',
  'partition_by', CASE WHEN r.kind = 'p' THEN pg_get_partkeydef(c.oid) END,
  'bound', CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END,
  'parents', (SELECT json_agg(json_build_array(pn.nspname, p.relname) ORDER BY i.inhseqno)
    FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
    WHERE i.inhrelid = c.oid),
  'storage', r.reloptions,
  'row_security', c.relrowsecurity, 'forced', c.relforcerowsecurity,
  'replica_identity', CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
    WHEN 'i' THEN 'USING INDEX ' || (SELECT quote_ident(x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
      WHERE i.indrelid = c.oid AND i.indisreplident) END,
  'cluster', (SELECT quote_ident(x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND i.indisclustered),
  'comment', obj_description(c.oid, 'pg_class'),
  'columns', (SELECT json_agg(json_build_object(
      'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'not_null', a.attnotnull,
      'default', pg_get_expr(d.adbin, d.adrelid, true),
      'generated', nullif(a.attgenerated::text, ''), 'identity', nullif(a.attidentity::text, ''),
      'collation', CASE WHEN a.attcollation <> t.typcollation THEN (SELECT
        CASE WHEN ln.nspname IN ('pg_catalog', current_schema()) THEN '' ELSE quote_ident(ln.nspname) || '.' END || quote_ident(l.collname)
        FROM pg_collation l JOIN pg_namespace ln ON ln.oid = l.collnamespace WHERE l.oid = a.attcollation) END,
      'storage', CASE WHEN a.attstorage <> t.typstorage THEN
        CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END,
      'statistics', nullif(a.attstattarget, -1),
      'compression', CASE {compression} WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END,
      'comment', col_description(c.oid, a.attnum), 'given', a.attinhcount > 0, 'again', a.attinhcount > 0 AND a.attislocal) ORDER BY a.attnum)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'constraints', (SELECT json_agg(json_build_object(
      'name', k.conname, 'definition', pg_get_constraintdef(k.oid, true),
      'columns', (SELECT json_agg(a.attname ORDER BY o.place) FROM unnest(k.conkey) WITH ORDINALITY o(number, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.number),
      'storage', CASE WHEN k.contype IN ('p', 'u', 'x') THEN (SELECT x.reloptions FROM pg_class x WHERE x.oid = k.conindid) END,
      'comment', obj_description(k.oid, 'pg_constraint'), 'given', NOT k.conislocal OR k.conparentid <> 0))
    FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f', 'c', 'x')),
  'indexes', (SELECT json_agg(json_build_object(
      'name', x.relname, 'definition', pg_get_indexdef(i.indexrelid, 0, true), 'valid', i.indisvalid OR x.relkind = 'I',
      'only', x.relkind = 'I' AND coalesce(f.apart, false), 'given', x.relispartition AND NOT coalesce(f.apart, false),
      'attached', (SELECT json_build_array(on_.nspname, o.relname) FROM pg_inherits h JOIN pg_class o ON o.oid = h.inhparent
        JOIN pg_namespace on_ ON on_.oid = o.relnamespace WHERE h.inhrelid = x.oid),
      'comment', obj_description(x.oid, 'pg_class')))
    FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
    LEFT JOIN LATERAL (
      SELECT bool_or(NOT yi.indisvalid OR (t.parentrelid IS NOT NULL
        AND y.relname !~ '_idx[0-9]*$')) AS apart
      FROM pg_partition_tree(pg_partition_root(x.oid)) t JOIN pg_class y ON y.oid = t.relid
      JOIN pg_index yi ON yi.indexrelid = y.oid
    ) f ON x.relkind = 'I' OR x.relispartition
    WHERE i.indrelid = c.oid AND NOT EXISTS (
      SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')))
))::text
FROM relation r JOIN pg_class c ON c.oid = r.oid WHERE r.kind IN ('r', 'p')";

const SEQUENCES: &str = r"
SELECT json_build_object('sequence', json_build_object(
  'name', json_build_array(r.space, r.relname), 'type', format_type(s.seqtypid, NULL),
  'start', s.seqstart, 'increment', s.seqincrement, 'minimum', s.seqmin, 'maximum', s.seqmax,
  'cache', s.seqcache, 'cycles', s.seqcycle,
  'owner', CASE WHEN o.oid IS NOT NULL THEN json_build_array(o.space, o.relname) END, 'column', a.attname,
  'is_identity', coalesce(d.deptype = 'i', false), 'unlogged', {unlogged sequence},
  'comment', obj_description(r.oid, 'pg_class')
))::text
FROM relation r JOIN pg_class c ON c.oid = r.oid JOIN pg_sequence s ON s.seqrelid = r.oid
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype IN ('a', 'i')
  AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
LEFT JOIN relation o ON o.oid = d.refobjid
WHERE d.refobjid IS NULL OR o.oid IS NOT NULL";

const ENUMS: &str = r"
SELECT json_build_object('enum', json_build_object(
  'name', json_build_array(s.name, t.typname),
  'labels', (SELECT json_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid),
  'comment', obj_description(t.oid, 'pg_type')))::text
FROM pg_type t JOIN space s ON s.oid = t.typnamespace WHERE t.typtype = 'e' AND {free pg_type t.oid}";

const DOMAINS: &str = r"
SELECT json_build_object('object', json_build_object(
  'kind', 'domain', 'name', json_build_array(s.name, t.typname),
  'create', ARRAY['CREATE DOMAIN ' || s.prefix || quote_ident(t.typname) || ' AS ' || format_type(t.typbasetype, t.typtypmod)
    || CASE WHEN t.typcollation <> b.typcollation THEN (SELECT ' COLLATE ' ||
      CASE WHEN ln.nspname IN ('pg_catalog', current_schema()) THEN '' ELSE quote_ident(ln.nspname) || '.' END || quote_ident(l.collname)
      FROM pg_collation l JOIN pg_namespace ln ON ln.oid = l.collnamespace WHERE l.oid = t.typcollation) ELSE '' END
    || coalesce(' DEFAULT ' || pg_get_expr(t.typdefaultbin, 0, true), '')
    || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
    || coalesce((SELECT string_agg(E'\n  CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid, true), '' ORDER BY k.conname)
      FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '')]
    || ARRAY(SELECT 'COMMENT ON CONSTRAINT ' || quote_ident(k.conname) || ' ON DOMAIN ' || s.prefix || quote_ident(t.typname)
      || ' IS ' || quote_literal(obj_description(k.oid, 'pg_constraint'))
      FROM pg_constraint k WHERE k.contypid = t.oid AND obj_description(k.oid, 'pg_constraint') IS NOT NULL ORDER BY k.conname),
  'id', 'pg_type/' || t.oid,
  'comment', obj_description(t.oid, 'pg_type')))::text
FROM pg_type t JOIN space s ON s.oid = t.typnamespace JOIN pg_type b ON b.oid = t.typbasetype
WHERE t.typtype = 'd' AND {free pg_type t.oid}";

const COMPOSITES: &str = r"
SELECT json_build_object('object', json_build_object(
  'kind', 'type', 'name', json_build_array(r.space, r.relname),
  'create', ARRAY['CREATE TYPE ' || r.spelt || ' AS (' || coalesce((SELECT string_agg(E'\n  ' || quote_ident(a.attname) || ' '
      || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attcollation <> t.typcollation THEN (SELECT ' COLLATE ' ||
      CASE WHEN ln.nspname IN ('pg_catalog', current_schema()) THEN '' ELSE quote_ident(ln.nspname) || '.' END || quote_ident(l.collname)
      FROM pg_collation l JOIN pg_namespace ln ON ln.oid = l.collnamespace WHERE l.oid = a.attcollation) ELSE '' END, ',' ORDER BY a.attnum)
      FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped), '') || E'\n)']
    || ARRAY(SELECT 'COMMENT ON COLUMN ' || r.spelt || '.' || quote_ident(a.attname) || ' IS ' || quote_literal(col_description(r.oid, a.attnum))
      FROM pg_attribute a WHERE a.attrelid = r.oid AND NOT a.attisdropped AND col_description(r.oid, a.attnum) IS NOT NULL ORDER BY a.attnum),
  'id', 'pg_class/' || r.oid,
  'comment', (SELECT obj_description(t.oid, 'pg_type') FROM pg_type t WHERE t.typrelid = r.oid)))::text
FROM relation r WHERE r.kind = 'c'";

const RANGES: &str = r"
SELECT json_build_object('object', json_build_object(
  'kind', 'type', 'name', json_build_array(s.name, t.typname),
  'create', ARRAY['CREATE TYPE ' || s.prefix || quote_ident(t.typname) || ' AS RANGE (' || concat_ws(', ',
    'SUBTYPE = ' || format_type(r.rngsubtype, NULL),
    (SELECT 'SUBTYPE_OPCLASS = ' || quote_ident(o.opcname) FROM pg_opclass o WHERE o.oid = r.rngsubopc AND NOT o.opcdefault),
    (SELECT 'COLLATION = ' || quote_ident(l.collname) FROM pg_collation l JOIN pg_type b ON b.oid = r.rngsubtype
      WHERE l.oid = r.rngcollation AND l.oid <> b.typcollation),
    'CANONICAL = ' || nullif(r.rngcanonical::oid, 0)::regproc,
    'SUBTYPE_DIFF = ' || nullif(r.rngsubdiff::oid, 0)::regproc,
    'MULTIRANGE_TYPE_NAME = ' || CASE WHEN {multirange of} <> CASE WHEN t.typname ~ 'range'
      THEN regexp_replace(t.typname, 'range', 'multirange') ELSE t.typname || '_multirange' END THEN {multirange} END) || ')'],
  'id', 'pg_type/' || t.oid,
  'comment', obj_description(t.oid, 'pg_type')))::text
FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN space s ON s.oid = t.typnamespace WHERE {free pg_type t.oid}";

const VIEWS: &str = r"
SELECT json_build_object('object', json_build_object(
  'kind', CASE r.kind WHEN 'v' THEN 'view' ELSE 'materialized_view' END,
  'name', json_build_array(r.space, r.relname),
  'create', ARRAY['CREATE ' || CASE r.kind WHEN 'v' THEN 'VIEW ' ELSE 'MATERIALIZED VIEW ' END || r.spelt
      || coalesce(' WITH (' || array_to_string(r.reloptions, ', ') || ')', '') || E' AS\n' || btrim(pg_get_viewdef(r.oid, true), E' \n;')]
    || ARRAY(SELECT 'ALTER VIEW ' || r.spelt || ' ALTER COLUMN ' || quote_ident(a.attname) || ' SET DEFAULT ' || pg_get_expr(d.adbin, d.adrelid, true)
      FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = r.oid ORDER BY a.attnum)
    || ARRAY(SELECT regexp_replace(pg_get_indexdef(i.indexrelid, 0, true), ' USING btree ', ' ') FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
      WHERE i.indrelid = r.oid ORDER BY x.relname)
    || ARRAY(SELECT 'COMMENT ON INDEX ' || split_part(r.spelt, quote_ident(r.relname), 1) || quote_ident(x.relname) || ' IS ' || quote_literal(obj_description(x.oid, 'pg_class'))
      FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
      WHERE i.indrelid = r.oid AND obj_description(x.oid, 'pg_class') IS NOT NULL ORDER BY x.relname)
    || ARRAY(SELECT 'COMMENT ON COLUMN ' || r.spelt || '.' || quote_ident(a.attname) || ' IS ' || quote_literal(col_description(r.oid, a.attnum))
      FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum > 0 AND col_description(r.oid, a.attnum) IS NOT NULL ORDER BY a.attnum),
  'columns', (SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
    FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum > 0),
  'id', 'pg_class/' || r.oid,
  'comment', obj_description(r.oid, 'pg_class')))::text
FROM relation r WHERE r.kind IN ('v', 'm')";

const ROUTINES: &str = r"
SELECT json_build_object('object', json_build_object(
  'kind', 'routine', 'name', json_build_array(s.name, p.proname || '(' || oidvectortypes(p.proargtypes) || ')'),
  'create', ARRAY['CREATE ' || w.word || ' ' || s.prefix || quote_ident(p.proname) || rtrim(substr(pg_get_functiondef(p.oid),
    length('CREATE OR REPLACE ' || w.word || ' ' || quote_ident(s.name) || '.' || quote_ident(p.proname)) + 1), E' \n')],
  'language', l.lanname, 'body', p.prosrc,
  'id', 'pg_proc/' || p.oid,
  'comment', obj_description(p.oid, 'pg_proc')))::text
FROM pg_proc p JOIN space s ON s.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
CROSS JOIN LATERAL (SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS word) w
WHERE p.prokind <> 'a' AND {free pg_proc p.oid}
  AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')";

const AGGREGATES: &str = r"
SELECT json_build_object('object', json_build_object(
  'kind', 'routine', 'name', json_build_array(s.name, p.proname || '(' || oidvectortypes(p.proargtypes) || ')'),
  'create', ARRAY['CREATE AGGREGATE ' || s.prefix || quote_ident(p.proname)
    || '(' || coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*') || E') (\n  ' || concat_ws(E',\n  ',
    'SFUNC = ' || a.aggtransfn, 'STYPE = ' || format_type(a.aggtranstype, NULL),
    'SSPACE = ' || nullif(a.aggtransspace, 0),
    'FINALFUNC = ' || nullif(a.aggfinalfn::oid, 0)::regproc, CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
    'COMBINEFUNC = ' || nullif(a.aggcombinefn::oid, 0)::regproc,
    'SERIALFUNC = ' || nullif(a.aggserialfn::oid, 0)::regproc,
    'DESERIALFUNC = ' || nullif(a.aggdeserialfn::oid, 0)::regproc,
    'INITCOND = ' || quote_literal(a.agginitval),
    'MSFUNC = ' || nullif(a.aggmtransfn::oid, 0)::regproc, 'MINVFUNC = ' || nullif(a.aggminvtransfn::oid, 0)::regproc,
    'MSTYPE = ' || CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END,
    'MFINALFUNC = ' || nullif(a.aggmfinalfn::oid, 0)::regproc, CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
    'MINITCOND = ' || quote_literal(a.aggminitval),
    (SELECT 'SORTOP = OPERATOR(' || quote_ident(n.nspname) || '.' || o.oprname || ')'
      FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid = a.aggsortop),
    CASE p.proparallel WHEN 's' THEN 'PARALLEL = SAFE' WHEN 'r' THEN 'PARALLEL = RESTRICTED' END,
    CASE WHEN a.aggkind = 'h' THEN 'HYPOTHETICAL' END) || E'\n)'],
  'id', 'pg_proc/' || p.oid,
  'comment', obj_description(p.oid, 'pg_proc')))::text
FROM pg_proc p JOIN pg_aggregate a ON a.aggfnoid = p.oid JOIN space s ON s.oid = p.pronamespace
WHERE {free pg_proc p.oid}";

const TRIGGERS: &str = r"
SELECT json_build_object('object', json_build_object(
  'kind', 'trigger', 'name', json_build_array(current_schema(), t.tgname), 'on', json_build_array(r.space, r.relname),
  'create', ARRAY[pg_get_triggerdef(t.oid, true)] || ARRAY(SELECT 'ALTER TABLE ' || r.spelt
    || CASE t.tgenabled WHEN 'D' THEN ' DISABLE' WHEN 'R' THEN ' ENABLE REPLICA' ELSE ' ENABLE ALWAYS' END
    || ' TRIGGER ' || quote_ident(t.tgname) WHERE t.tgenabled <> 'O'),
  'id', 'pg_trigger/' || t.oid,
  'comment', obj_description(t.oid, 'pg_trigger')))::text
FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid
WHERE NOT t.tgisinternal AND NOT ({clone}) AND {free pg_trigger t.oid}";

const POLICIES: &str = r"
SELECT json_build_object('object', json_build_object(
  'kind', 'policy', 'name', json_build_array(current_schema(), p.polname), 'on', json_build_array(r.space, r.relname),
  'create', ARRAY['CREATE POLICY ' || quote_ident(p.polname) || ' ON ' || r.spelt
    || CASE WHEN p.polpermissive THEN '' ELSE ' AS RESTRICTIVE' END
    || CASE p.polcmd WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT' WHEN 'w' THEN ' FOR UPDATE' WHEN 'd' THEN ' FOR DELETE' ELSE '' END
    || CASE WHEN p.polroles = '{0}' THEN '' ELSE ' TO ' || (SELECT string_agg(quote_ident(u.rolname), ', ' ORDER BY u.rolname)
      FROM pg_roles u WHERE u.oid = ANY (p.polroles)) END
    || coalesce(E'\n  USING (' || pg_get_expr(p.polqual, p.polrelid, true) || ')', '')
    || coalesce(E'\n  WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid, true) || ')', '')],
  'id', 'pg_policy/' || p.oid,
  'comment', obj_description(p.oid, 'pg_policy')))::text
FROM pg_policy p JOIN relation r ON r.oid = p.polrelid";

const RULES: &str = r"
SELECT json_build_object('object', json_build_object(
  'kind', 'rule', 'name', json_build_array(current_schema(), u.rulename), 'on', json_build_array(r.space, r.relname),
  'create', ARRAY[rtrim(pg_get_ruledef(u.oid, true), E' \n;')] || ARRAY(SELECT 'ALTER TABLE ' || r.spelt
    || CASE u.ev_enabled WHEN 'D' THEN ' DISABLE' WHEN 'R' THEN ' ENABLE REPLICA' ELSE ' ENABLE ALWAYS' END
    || ' RULE ' || quote_ident(u.rulename) WHERE u.ev_enabled <> 'O'),
  'id', 'pg_rewrite/' || u.oid,
  'comment', obj_description(u.oid, 'pg_rewrite')))::text
FROM pg_rewrite u JOIN relation r ON r.oid = u.ev_class WHERE u.rulename <> '_RETURN'";

/// Columns by their names: their order in the table, which the server goes by, is not compared.
const STATISTICS: &str = r"
SELECT json_build_object('object', json_build_object(
  'kind', 'statistics', 'name', json_build_array(s.name, x.stxname), 'on', json_build_array(r.space, r.relname),
  'create', ARRAY['CREATE STATISTICS ' || s.prefix || quote_ident(x.stxname)
      || coalesce(' ' || substring(substr(pg_get_statisticsobjdef(x.oid),
        length('CREATE STATISTICS ' || quote_ident(s.name) || '.' || quote_ident(x.stxname)) + 1) FROM '^ (\([a-z, ]+\)) ON '), '')
      || ' ON ' || concat_ws(', ', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname)
          FROM pg_attribute a WHERE a.attrelid = x.stxrelid AND a.attnum = ANY (x.stxkeys::int2[])),
        (SELECT string_agg('(' || e || ')', ', ' ORDER BY e) FROM unnest({statistics}) e))
      || ' FROM ' || r.spelt]
    || ARRAY(SELECT 'ALTER STATISTICS ' || s.prefix || quote_ident(x.stxname) || ' SET STATISTICS ' || target
      FROM (SELECT (to_jsonb(x) ->> 'stxstattarget')::integer AS target) t WHERE target >= 0),
  'comment', obj_description(x.oid, 'pg_statistic_ext')))::text
FROM pg_statistic_ext x JOIN space s ON s.oid = x.stxnamespace JOIN relation r ON r.oid = x.stxrelid
WHERE {free pg_statistic_ext x.oid}";
