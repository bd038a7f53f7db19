//! SQLite's pragmas, each tried on SQLite: which of them a transaction holds.

use rev_core::Dialect;
use rev_sql::effect::needs_to_be_alone;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

/// Values that some pragma takes.
const VALUES: [&str; 9] = [
    "ON",
    "OFF",
    "1",
    "2",
    "3",
    "WAL",
    "MEMORY",
    "EXCLUSIVE",
    "'UTF-16'",
];

/// Pragmas that would end this very process, or all memory that it may have.
const LEFT_OUT: [&str; 3] = ["hard_heap_limit", "soft_heap_limit", "max_page_count"];

/// A database with a table, always at the same place.
async fn fresh(folder: &std::path::Path) -> SqliteConnection {
    let file = folder.join("tried.sqlite");
    for end in ["", "-wal", "-shm", "-journal"] {
        // Most of them were not there.
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true);
    let mut connection = options.connect().await.expect("a connection");
    let made = run(&mut connection, "CREATE TABLE t (a)").await;
    made.expect("a table");
    connection
}

async fn run(connection: &mut SqliteConnection, sql: &str) -> Result<Vec<String>, String> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .fetch_all(connection)
        .await
        .map_err(|error| error.to_string())?;
    let text = |row: &sqlx::sqlite::SqliteRow| {
        let columns = 0..row.len();
        let texts = columns.map(|at| {
            let text: Result<Option<String>, _> = row.try_get_unchecked(at);
            text.ok().flatten().unwrap_or_default()
        });
        texts.collect::<Vec<String>>().join("|")
    };
    Ok(rows.iter().map(text).collect())
}

/// What a pragma says after a statement has set it, by itself or in a transaction that
/// commits; an error, where SQLite refuses the statement.
async fn outcome(
    folder: &std::path::Path,
    name: &str,
    statement: &str,
    within: bool,
) -> Result<Vec<String>, String> {
    let mut connection = fresh(folder).await;
    if within {
        run(&mut connection, "BEGIN IMMEDIATE").await?;
        run(&mut connection, "INSERT INTO t VALUES (1)").await?;
    }
    let mut result = run(&mut connection, statement).await;
    if result.is_ok() {
        // This one holds until the transaction ends, and is made for it.
        let ends = within && name != "defer_foreign_keys";
        if ends {
            run(&mut connection, "COMMIT")
                .await
                .expect("the transaction is still open");
        }
        result = run(&mut connection, &format!("PRAGMA {name}")).await;
    }
    connection.close().await.expect("it closes");
    result
}

#[tokio::test]
async fn the_pragmas_that_need_to_be_alone_are_those_that_sqlite_says() {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let folder = folder.expect("a folder");
    let mut connection = fresh(folder.path()).await;
    let names = run(&mut connection, "SELECT name FROM pragma_pragma_list").await;
    let names = names.expect("SQLite lists them");
    assert!(names.len() > 60, "{}", names.len());
    let mut alone = Vec::new();
    for name in names.iter().filter(|it| !LEFT_OUT.contains(&it.as_str())) {
        let given = VALUES.map(|value| format!("PRAGMA {name} = {value}"));
        for statement in given.iter().chain([&format!("PRAGMA {name}")]) {
            let by_itself = outcome(folder.path(), name, statement, false).await;
            let within = outcome(folder.path(), name, statement, true).await;
            let is_alone = needs_to_be_alone(statement, Dialect::Sqlite);
            // Of what changes with every commit only errors count.
            let differs = match name.as_str() {
                "data_version" | "freelist_count" | "page_count" => {
                    by_itself.is_ok() != within.is_ok()
                }
                _ => by_itself != within,
            };
            assert!(
                !differs || is_alone,
                "`{statement}`: {by_itself:?}, within {within:?}"
            );
            if differs {
                alone.push(name.clone());
            }
        }
    }
    alone.dedup();
    assert_eq!(
        alone,
        [
            "foreign_keys",
            "journal_mode",
            "synchronous",
            "wal_checkpoint"
        ]
    );
}
