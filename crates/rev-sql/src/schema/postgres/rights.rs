//! Owners and privileges, where they are not those that a new object would have.
//!
//! A new object is one that the user who asks would make: default privileges count. So
//! what is made again has the very same rights once these differences are written.

/// One row for whatever has an owner or privileges of its own.
pub(super) const RIGHTS: &str = r#"
, me AS (SELECT oid FROM pg_roles WHERE rolname = current_user), thing AS (
  SELECT CASE r.kind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view' WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
    r.space, r.relname::text AS name, c.relnamespace AS namespace, c.relowner AS owner, c.relacl AS acl,
    CASE r.kind WHEN 'S' THEN 'S' ELSE 'r' END AS letter, c.oid AS relation
  FROM relation r JOIN pg_class c ON c.oid = r.oid WHERE r.kind IN ('r', 'p', 'v', 'm', 'S')
  UNION ALL SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'type' END,
    s.name, t.typname, t.typnamespace, t.typowner, t.typacl, 'T', NULL
  FROM pg_type t JOIN space s ON s.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
  WHERE (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND {free pg_type t.oid}
  UNION ALL SELECT 'routine', s.name, p.proname || '(' || oidvectortypes(p.proargtypes) || ')',
    p.pronamespace, p.proowner, p.proacl, 'f', NULL
  FROM pg_proc p JOIN space s ON s.oid = p.pronamespace WHERE {free pg_proc p.oid}
  UNION ALL SELECT 'schema', '', s.name, 0, n.nspowner, n.nspacl, 'n', NULL FROM space s JOIN pg_namespace n ON n.oid = s.oid
)
SELECT json_build_object('rights', json_build_object('kind', t.kind, 'name', json_build_array(t.space, t.name),
  'owner', CASE WHEN t.owner <> me.oid THEN pg_get_userbyid(t.owner) END,
  'granted', g.granted, 'revoked', g.revoked))::text
FROM thing t CROSS JOIN me CROSS JOIN LATERAL (
  WITH has AS (
    SELECT a.grantee, a.privilege_type, a.is_grantable, NULL::name AS of_column
    FROM aclexplode(coalesce(t.acl, acldefault(replace(t.letter, 'S', 's')::"char", t.owner))) a
    UNION ALL SELECT a.grantee, a.privilege_type, a.is_grantable, c.attname
    FROM pg_attribute c CROSS JOIN LATERAL aclexplode(c.attacl) a WHERE c.attrelid = t.relation AND NOT c.attisdropped
  ), due AS (
    SELECT CASE WHEN a.grantee = me.oid THEN t.owner ELSE a.grantee END AS grantee, a.privilege_type, a.is_grantable, NULL::name AS of_column
    FROM (
      SELECT (aclexplode(coalesce((SELECT d.defaclacl FROM pg_default_acl d
        WHERE d.defaclrole = me.oid AND d.defaclnamespace = 0 AND d.defaclobjtype = t.letter::"char"),
        acldefault(replace(t.letter, 'S', 's')::"char", me.oid)))).*
      UNION ALL SELECT (aclexplode(d.defaclacl)).* FROM pg_default_acl d
      WHERE d.defaclrole = me.oid AND d.defaclnamespace = t.namespace AND d.defaclobjtype = t.letter::"char"
    ) a
  ), apart AS (
    (SELECT true AS is_granted, has.* FROM has EXCEPT SELECT true, due.* FROM due)
    UNION ALL (SELECT false, due.* FROM due EXCEPT SELECT false, has.* FROM has)
  ), each AS (
    SELECT is_granted, of_column, coalesce(u.rolname::text, '') AS role, is_grantable, json_build_object(
      'role', u.rolname, 'column', of_column, 'is_grantable', is_grantable,
      'words', json_agg(privilege_type ORDER BY privilege_type)) AS text
    FROM apart LEFT JOIN pg_roles u ON u.oid = grantee WHERE grantee = 0 OR u.oid IS NOT NULL
    GROUP BY is_granted, of_column, u.rolname, is_grantable
  )
  SELECT json_agg(text ORDER BY of_column NULLS FIRST, role, is_grantable) FILTER (WHERE is_granted) AS granted,
    json_agg(text ORDER BY role, is_grantable) FILTER (WHERE NOT is_granted) AS revoked
  FROM each
) g
WHERE t.owner <> me.oid OR g.granted IS NOT NULL OR g.revoked IS NOT NULL"#;
