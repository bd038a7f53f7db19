//! The tables in which other tools for migrations keep what they have applied.
//!
//! Each is known by its name *and* its columns: `migrations (id, migration, batch)` is
//! Laravel's, `migrations (id, title)` is somebody's own. Such a table is no part of what a
//! database is to be, unless somebody declares it: it is neither dropped nor written down.

use super::{Name, Schema, Table};

/// A table of a tool: the tool, the table, the columns that it has, those that it may have.
type Entry = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const FLYWAY: &[&str] = &[
    "installed_rank",
    "version",
    "description",
    "type",
    "script",
    "checksum",
    "installed_by",
    "installed_on",
    "execution_time",
    "success",
];

const ATLAS: &[&str] = &[
    "version",
    "description",
    "applied",
    "total",
    "executed_at",
    "execution_time",
    "hash",
];

/// From the tools' own sources and manuals; lower case, as names are compared here.
const ENTRIES: &[Entry] = &[
    ("Alembic", "alembic_version", &["version_num"], &[]),
    ("Flyway", "flyway_schema_history", FLYWAY, &["version_rank"]),
    ("Flyway", "schema_version", FLYWAY, &["version_rank"]),
    (
        "Liquibase",
        "databasechangelog",
        &[
            "id",
            "author",
            "filename",
            "dateexecuted",
            "orderexecuted",
            "exectype",
        ],
        &[
            "md5sum",
            "description",
            "comments",
            "tag",
            "liquibase",
            "contexts",
            "labels",
            "deployment_id",
        ],
    ),
    (
        "Liquibase",
        "databasechangeloglock",
        &["id", "locked", "lockgranted", "lockedby"],
        &[],
    ),
    (
        "Django",
        "django_migrations",
        &["id", "app", "name", "applied"],
        &[],
    ),
    // Rails, dbmate, golang-migrate, Ecto, Supabase.
    (
        "another tool",
        "schema_migrations",
        &["version"],
        &[
            "dirty",
            "inserted_at",
            "statements",
            "name",
            "created_by",
            "idempotency_key",
            "rollback",
        ],
    ),
    ("Sequel", "schema_migrations", &["filename"], &[]),
    ("Sequel", "schema_info", &["version"], &[]),
    (
        "Buffalo",
        "schema_migration",
        &["version"],
        &["version_self"],
    ),
    (
        "Rails",
        "ar_internal_metadata",
        &["key", "value", "created_at", "updated_at"],
        &[],
    ),
    (
        "Prisma",
        "_prisma_migrations",
        &[
            "id",
            "checksum",
            "finished_at",
            "migration_name",
            "logs",
            "rolled_back_at",
            "started_at",
            "applied_steps_count",
        ],
        &[],
    ),
    (
        "Knex",
        "knex_migrations",
        &["id", "name", "batch", "migration_time"],
        &[],
    ),
    ("Knex", "knex_migrations_lock", &["is_locked"], &["index"]),
    (
        "goose",
        "goose_db_version",
        &["id", "version_id", "is_applied", "tstamp"],
        &[],
    ),
    (
        "Sequelize",
        "sequelizemeta",
        &["name"],
        &["createdat", "updatedat"],
    ),
    (
        "Sequelize",
        "sequelizedata",
        &["name"],
        &["createdat", "updatedat"],
    ),
    ("Laravel", "migrations", &["id", "migration", "batch"], &[]),
    ("TypeORM", "migrations", &["id", "timestamp", "name"], &[]),
    ("db-migrate", "migrations", &["id", "name", "run_on"], &[]),
    (
        "CodeIgniter",
        "migrations",
        &[
            "id",
            "version",
            "class",
            "group",
            "namespace",
            "time",
            "batch",
        ],
        &[],
    ),
    ("Yii", "migration", &["version", "apply_time"], &[]),
    (
        "TypeORM",
        "typeorm_metadata",
        &["type", "database", "schema", "table", "name", "value"],
        &[],
    ),
    (
        "SQLx",
        "_sqlx_migrations",
        &[
            "version",
            "description",
            "installed_on",
            "success",
            "checksum",
            "execution_time",
        ],
        &[],
    ),
    (
        "Diesel",
        "__diesel_schema_migrations",
        &["version", "run_on"],
        &[],
    ),
    (
        "SeaORM",
        "seaql_migrations",
        &["version", "applied_at"],
        &[],
    ),
    (
        "Refinery",
        "refinery_schema_history",
        &["version", "name", "applied_on", "checksum"],
        &[],
    ),
    (
        "Atlas",
        "atlas_schema_revisions",
        ATLAS,
        &[
            "type",
            "error",
            "error_stmt",
            "partial_hashes",
            "operator_version",
        ],
    ),
    (
        "Entity Framework",
        "__efmigrationshistory",
        &["migrationid", "productversion"],
        &[],
    ),
    (
        "Drizzle",
        "__drizzle_migrations",
        &["id", "hash", "created_at"],
        &["name", "applied_at"],
    ),
    (
        "Yoyo",
        "_yoyo_migration",
        &["migration_hash", "migration_id", "applied_at_utc"],
        &[],
    ),
    (
        "Yoyo",
        "_yoyo_log",
        &[
            "id",
            "migration_hash",
            "migration_id",
            "operation",
            "username",
            "hostname",
            "comment",
            "created_at_utc",
        ],
        &[],
    ),
    (
        "Yoyo",
        "_yoyo_version",
        &["version", "installed_at_utc"],
        &[],
    ),
    ("Yoyo", "yoyo_lock", &["locked", "ctime", "pid"], &[]),
    (
        "Phinx",
        "phinxlog",
        &[
            "version",
            "migration_name",
            "start_time",
            "end_time",
            "breakpoint",
        ],
        &[],
    ),
    (
        "Doctrine",
        "doctrine_migration_versions",
        &["version", "executed_at", "execution_time"],
        &[],
    ),
    (
        "Doctrine",
        "migration_versions",
        &["version"],
        &["executed_at"],
    ),
    (
        "node-pg-migrate",
        "pgmigrations",
        &["id", "name", "run_on"],
        &[],
    ),
    (
        "MikroORM",
        "mikro_orm_migrations",
        &["id", "name", "executed_at"],
        &[],
    ),
    (
        "Peewee",
        "migratehistory",
        &["id", "name", "migrated_at"],
        &[],
    ),
    ("Kysely", "kysely_migration", &["name", "timestamp"], &[]),
    ("Kysely", "kysely_migration_lock", &["id", "is_locked"], &[]),
    ("sql-migrate", "gorp_migrations", &["id", "applied_at"], &[]),
    ("Tern", "schema_version", &["version"], &[]),
    (
        "Aerich",
        "aerich",
        &["id", "version", "app", "content"],
        &[],
    ),
    (
        "DbUp",
        "schemaversions",
        &["scriptname", "applied"],
        &["schemaversionsid", "id"],
    ),
    (
        "Piccolo",
        "migration",
        &["id", "name", "app_name", "ran_on"],
        &[],
    ),
    (
        "Play",
        "play_evolutions",
        &[
            "id",
            "hash",
            "applied_at",
            "apply_script",
            "revert_script",
            "state",
            "last_problem",
        ],
        &[],
    ),
    ("Play", "play_evolutions_lock", &["lock"], &[]),
    (
        "Evolve",
        "changelog",
        &[
            "id",
            "type",
            "version",
            "description",
            "name",
            "checksum",
            "installed_by",
            "installed_on",
            "success",
        ],
        &[],
    ),
    (
        "MyBatis",
        "changelog",
        &["id", "applied_at", "description"],
        &[],
    ),
    (
        "Sqitch",
        "releases",
        &[
            "version",
            "installed_at",
            "installer_name",
            "installer_email",
        ],
        &[],
    ),
    (
        "Sqitch",
        "projects",
        &[
            "project",
            "uri",
            "created_at",
            "creator_name",
            "creator_email",
        ],
        &[],
    ),
    (
        "Sqitch",
        "changes",
        &[
            "change_id",
            "change",
            "project",
            "note",
            "committed_at",
            "committer_name",
            "committer_email",
            "planned_at",
            "planner_name",
            "planner_email",
        ],
        &["script_hash"],
    ),
    (
        "Sqitch",
        "tags",
        &[
            "tag_id",
            "tag",
            "project",
            "change_id",
            "note",
            "committed_at",
            "committer_name",
            "committer_email",
            "planned_at",
            "planner_name",
            "planner_email",
        ],
        &[],
    ),
    (
        "Sqitch",
        "dependencies",
        &["change_id", "type", "dependency", "dependency_id"],
        &[],
    ),
    (
        "Sqitch",
        "events",
        &[
            "event",
            "change_id",
            "change",
            "project",
            "note",
            "requires",
            "conflicts",
            "tags",
            "committed_at",
            "committer_name",
            "committer_email",
            "planned_at",
            "planner_name",
            "planner_email",
        ],
        &[],
    ),
];

impl Schema {
    /// The tables here in which other tools keep what they have applied, each with the
    /// tool's name, but for those that `declared` has.
    #[must_use]
    pub fn others(&self, declared: &Self) -> Vec<(Name, &'static str)> {
        let undeclared = self
            .tables
            .iter()
            .filter(|(name, _)| !declared.tables.contains_key(name));
        undeclared
            .filter_map(|(name, table)| Some((name.clone(), tool(table)?)))
            .collect()
    }
}

/// Whose table this is, if it is a tool's.
fn tool(table: &Table) -> Option<&'static str> {
    let name = table.name.name.as_str().to_lowercase();
    let columns = table
        .columns
        .iter()
        .map(|it| it.name.as_str().to_lowercase());
    let columns: Vec<String> = columns.collect();
    let is_it = |(_, table, has, may_have): &&Entry| {
        let has_all = has
            .iter()
            .all(|it| columns.iter().any(|column| column == it));
        let knows =
            |column: &String| has.contains(&column.as_str()) || may_have.contains(&column.as_str());
        *table == name && has_all && columns.iter().all(knows)
    };
    ENTRIES.iter().find(is_it).map(|(tool, ..)| *tool)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::testing::schema;

    fn others(text: &str, declared: &str) -> String {
        let others = schema(text).others(&schema(declared));
        let others = others.iter().map(|(name, tool)| format!("{name}: {tool}"));
        others.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_tools_table_is_known_by_its_name_and_its_columns() {
        for (tables, due) in [
            ("alembic_version: version_num", "alembic_version: Alembic"),
            ("Alembic_Version: VERSION_NUM", "Alembic_Version: Alembic"),
            ("alembic_version: version_num at", ""),
            ("alembic_version: version", ""),
            (
                "other.alembic_version: version_num",
                "other.alembic_version: Alembic",
            ),
            ("migrations: id migration batch", "migrations: Laravel"),
            ("migrations: id timestamp name", "migrations: TypeORM"),
            ("migrations: id name", ""),
            (
                "schema_migrations: version",
                "schema_migrations: another tool",
            ),
            (
                "schema_migrations: version dirty",
                "schema_migrations: another tool",
            ),
            ("schema_migrations: version vendor", ""),
            ("tags: id tag", ""),
        ] {
            assert_eq!(others(tables, ""), due, "{tables}");
        }
    }

    #[test]
    fn what_is_declared_is_nobody_elses() {
        let table = "alembic_version: version_num";
        assert_eq!(others(table, table), "");
    }

    #[test]
    fn the_list_is_spelt_as_it_is_compared_and_holds_each_table_once() {
        for (place, (_, name, has, may_have)) in ENTRIES.iter().enumerate() {
            let words = has.iter().chain(*may_have).chain([name]);
            assert!(
                words.into_iter().all(|it| *it == it.to_lowercase()),
                "{name}"
            );
            let same = ENTRIES[..place].iter().filter(|it| it.1 == *name);
            assert!(
                same.into_iter().all(|it| it.2 != *has),
                "{name} stands twice"
            );
        }
    }
}
