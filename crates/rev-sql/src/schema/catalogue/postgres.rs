//! PostgreSQL's catalogue. Grants are told where they differ from what the kind
//! of object has by itself, since a grant that is taken back leaves that written
//! out. What has no sentence of its own is told by its kind and name.

pub(super) const QUERY: &str = r#"
WITH own AS (
  SELECT n.oid, n.nspname, n.nspacl, n.nspowner FROM pg_namespace n
  WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
), extension AS (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), ledger AS (
  SELECT c.oid FROM pg_class c JOIN own ON own.oid = c.relnamespace WHERE c.relname IN ({own})
), relation AS (
  SELECT c.*, own.nspname || '.' || c.relname AS name
  FROM pg_class c JOIN own ON own.oid = c.relnamespace
  WHERE c.oid NOT IN (SELECT oid FROM ledger)
    AND NOT EXISTS (SELECT FROM extension e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid)
    -- Of a composite type the extension has the type, and not what holds its columns.
    AND NOT EXISTS (SELECT FROM extension e WHERE c.relkind = 'c' AND e.classid = 'pg_type'::regclass AND e.objid = c.reltype)
    AND NOT EXISTS (
      SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid IN (SELECT oid FROM ledger))
), routine AS (
  SELECT p.*, own.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name
  FROM pg_proc p JOIN own ON own.oid = p.pronamespace
  WHERE NOT EXISTS (SELECT FROM extension e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid)
), kind AS (
  SELECT t.*, own.nspname || '.' || t.typname AS name
  FROM pg_type t JOIN own ON own.oid = t.typnamespace WHERE t.typtype IN ('e', 'd', 'r')
    AND NOT EXISTS (SELECT FROM extension e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid)
), acl AS (
  SELECT name AS object, relacl AS has,
    acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner) AS due
    FROM relation WHERE relacl IS NOT NULL
  UNION ALL SELECT r.name || '.' || a.attname, a.attacl, NULL FROM relation r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attacl IS NOT NULL
  UNION ALL SELECT nspname, nspacl, acldefault('n', nspowner) FROM own WHERE nspacl IS NOT NULL AND oid >= 16384
  UNION ALL SELECT name, proacl, acldefault('f', proowner) FROM routine WHERE proacl IS NOT NULL
  UNION ALL SELECT name, typacl, acldefault('T', typowner) FROM kind WHERE typacl IS NOT NULL
), other AS (
  SELECT tableoid, oid, '' AS more FROM pg_operator
  UNION ALL SELECT tableoid, oid, castcontext::text FROM pg_cast
  UNION ALL SELECT tableoid, oid, '' FROM pg_collation
  UNION ALL SELECT tableoid, oid, '' FROM pg_conversion
  UNION ALL SELECT tableoid, oid, '' FROM pg_opclass
  UNION ALL SELECT tableoid, oid, '' FROM pg_opfamily
  UNION ALL SELECT tableoid, oid, '' FROM pg_ts_config
  UNION ALL SELECT tableoid, oid, coalesce(dictinitoption, '') FROM pg_ts_dict
  UNION ALL SELECT tableoid, oid, '' FROM pg_ts_parser
  UNION ALL SELECT tableoid, oid, '' FROM pg_ts_template
  UNION ALL SELECT tableoid, oid, '' FROM pg_language
  UNION ALL SELECT tableoid, oid, coalesce(fdwoptions::text, '') FROM pg_foreign_data_wrapper
  UNION ALL SELECT tableoid, oid, coalesce(srvoptions::text, '') FROM pg_foreign_server
  UNION ALL SELECT tableoid, oid, evtenabled::text FROM pg_event_trigger
  UNION ALL SELECT tableoid, oid, concat(puballtables, pubinsert, pubupdate, pubdelete) FROM pg_publication
  UNION ALL SELECT tableoid, oid, '' FROM pg_publication_rel
  UNION ALL SELECT tableoid, oid, defaclacl::text FROM pg_default_acl
  UNION ALL SELECT tableoid, oid, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
  UNION ALL SELECT tableoid, oid, '' FROM pg_am
)
SELECT 'extension ' || extname || ' ' || extversion || ' in ' || nspname
  FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
UNION ALL SELECT 'schema ' || nspname FROM own
UNION ALL SELECT CASE relkind WHEN 'r' THEN 'table ' WHEN 'p' THEN 'partitioned table ' WHEN 'v' THEN 'view '
    WHEN 'm' THEN 'materialized view ' WHEN 'f' THEN 'foreign table ' ELSE 'composite type ' END || name
  || CASE relpersistence WHEN 'u' THEN ' unlogged' ELSE '' END
  || CASE relkind WHEN 'p' THEN ' by ' || pg_get_partkeydef(oid) ELSE '' END
  || CASE WHEN relispartition THEN ' partition ' || pg_get_expr(relpartbound, oid) ELSE '' END
  || coalesce((SELECT ' inherits ' || string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = relation.oid), '')
  || coalesce(' with ' || reloptions::text, '')
  || CASE WHEN relrowsecurity THEN ' row security' ELSE '' END || CASE WHEN relforcerowsecurity THEN ' forced' ELSE '' END
  || CASE relreplident WHEN 'd' THEN '' WHEN 'n' THEN '' ELSE ' replica identity ' || relreplident::text END
  || CASE reltablespace WHEN 0 THEN '' ELSE ' tablespace ' || (SELECT spcname FROM pg_tablespace s WHERE s.oid = reltablespace) END
  || CASE WHEN relkind IN ('v', 'm') THEN ' ' || pg_get_viewdef(oid) ELSE '' END
  FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL SELECT 'column ' || r.name || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
  || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
  || CASE a.attidentity WHEN '' THEN '' WHEN 'a' THEN ' identity always' ELSE ' identity by default' END
  || CASE a.attgenerated WHEN '' THEN '' ELSE ' generated' END
  || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
  || coalesce((SELECT ' collation ' || collname FROM pg_collation l WHERE l.oid = a.attcollation AND l.collname <> 'default'), '')
  || CASE WHEN a.attstorage <> t.typstorage THEN ' storage ' || a.attstorage::text ELSE '' END
  || CASE WHEN coalesce(a.attstattarget, -1) >= 0 THEN ' statistics ' || a.attstattarget ELSE '' END
  || coalesce(' with ' || a.attoptions::text, '') || coalesce(' options ' || a.attfdwoptions::text, '')
  FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
  WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL SELECT 'columns ' || r.name || ': ' || string_agg(a.attname, ', ' ORDER BY a.attnum)
  FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') GROUP BY r.name
-- Since 18 `NOT NULL` is a constraint, whose made-up name depends on what was made before it.
UNION ALL SELECT 'constraint ' || CASE WHEN c.contype = 'n' THEN '' ELSE c.conname || ' ' END || 'on ' || r.name || ' ' || pg_get_constraintdef(c.oid)
  || CASE WHEN c.convalidated THEN '' ELSE ' not valid' END
  FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid
UNION ALL SELECT 'index ' || x.relname || ': ' || pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END
  || CASE WHEN i.indisclustered THEN ' clustered' ELSE '' END || CASE WHEN i.indisreplident THEN ' replica identity' ELSE '' END
  FROM relation r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class x ON x.oid = i.indexrelid
UNION ALL SELECT 'trigger ' || t.tgname || ': ' || pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'O' THEN '' ELSE ' ' || t.tgenabled::text END
  FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
UNION ALL SELECT 'rule ' || w.rulename || ': ' || pg_get_ruledef(w.oid)
  FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'
UNION ALL SELECT 'policy ' || p.polname || ' on ' || r.name || ' ' || CASE WHEN p.polpermissive THEN '' ELSE 'restrictive ' END || p.polcmd::text
  || ' to ' || p.polroles::regrole[]::text
  || coalesce(' using ' || pg_get_expr(p.polqual, p.polrelid), '') || coalesce(' check ' || pg_get_expr(p.polwithcheck, p.polrelid), '')
  FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
UNION ALL SELECT 'sequence ' || r.name || ' ' || format_type(s.seqtypid, NULL) || ' start ' || s.seqstart
  || ' by ' || s.seqincrement || ' from ' || s.seqmin || ' to ' || s.seqmax || ' cache ' || s.seqcache || CASE WHEN s.seqcycle THEN ' cycle' ELSE '' END
  || coalesce((SELECT ' owned by ' || a.attrelid::regclass || '.' || a.attname FROM pg_depend d
       JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
       WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')), '')
  FROM relation r JOIN pg_sequence s ON s.seqrelid = r.oid
UNION ALL SELECT 'routine ' || name || ' ' || CASE WHEN prokind IN ('f', 'p', 'w') THEN pg_get_functiondef(oid)
  ELSE (SELECT concat_ws(' ', 'aggregate', g.aggtransfn, g.aggfinalfn, g.aggtranstype::regtype, g.agginitval) FROM pg_aggregate g WHERE g.aggfnoid = routine.oid) END
  FROM routine
UNION ALL SELECT 'type ' || name || CASE typtype
    WHEN 'e' THEN ' enum ' || coalesce((SELECT string_agg(l.enumlabel, ', ' ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = kind.oid), '')
    WHEN 'd' THEN ' domain ' || format_type(typbasetype, typtypmod) || CASE WHEN typnotnull THEN ' not null' ELSE '' END
      || coalesce(' default ' || typdefault, '')
      || coalesce((SELECT ' ' || string_agg(c.conname || ' ' || pg_get_constraintdef(c.oid), ' ' ORDER BY c.conname) FROM pg_constraint c WHERE c.contypid = kind.oid), '')
    ELSE ' range of ' || coalesce((SELECT g.rngsubtype::regtype::text FROM pg_range g WHERE g.rngtypid = kind.oid), '') END
  FROM kind
UNION ALL SELECT 'grant ' || g.privilege_type || ' on ' || acl.object || ' to '
  || CASE g.grantee WHEN 0 THEN 'public' ELSE g.grantee::regrole::text END || CASE WHEN g.is_grantable THEN ' with grant option' ELSE '' END
  FROM acl, LATERAL (SELECT * FROM aclexplode(acl.has) EXCEPT SELECT * FROM aclexplode(acl.due)) g
UNION ALL SELECT 'revoke ' || g.privilege_type || ' on ' || acl.object || ' from '
  || CASE g.grantee WHEN 0 THEN 'public' ELSE g.grantee::regrole::text END
  FROM acl, LATERAL (SELECT * FROM aclexplode(acl.due) EXCEPT SELECT * FROM aclexplode(acl.has)) g
UNION ALL SELECT i.type || ' ' || i.identity || CASE o.more WHEN '' THEN '' ELSE ' ' || o.more END
  FROM other o, LATERAL pg_identify_object(o.tableoid, o.oid, 0) i
  WHERE o.oid >= 16384 AND NOT EXISTS (SELECT FROM extension e WHERE e.classid = o.tableoid AND e.objid = o.oid)
UNION ALL SELECT 'comment on ' || i.type || ' ' || i.identity || ': ' || d.description
  FROM pg_description d, LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
  WHERE d.objoid >= 16384 AND d.objoid NOT IN (SELECT oid FROM ledger)
    AND NOT EXISTS (SELECT FROM extension e WHERE e.classid = d.classoid AND e.objid = d.objoid)"#;
