//! The engines' own programs as judges: what they say of a database's schema, and how they run a
//! script.
//!
//! PostgreSQL is asked by `pg_dump`, MySQL by `mysqldump`, each of the server's own release. Debian
//! has `mariadb-dump` in a package that no server needs, so MariaDB is asked by the statements that
//! program prints the answers of. SQLite keeps a text, which tells how it was typed, too, so its
//! pragmas are asked, which need no reader of SQL.
//!
//! What is left out of an answer is no part of a schema; [`schema`] says why of each.

use std::path::Path;
use std::process::{Command, Stdio};

use rev_testkit::scratch::{Engine, Scratch, server_url};

use crate::offline::{client, run_script};

/// What a database's own program says of its schema, without the ledger's tables. The order of
/// columns is part of it, and on PostgreSQL privileges are.
pub(crate) fn dump(database: &Scratch) -> String {
    match database.engine() {
        Engine::Postgres => postgres(database),
        Engine::Mysql => mysql(database),
        Engine::Mariadb => mariadb(database),
        Engine::Sqlite => sqlite(database),
    }
}

/// Likewise, without the order of columns: one that was added later stands at the end.
pub(crate) fn unordered(database: &Scratch) -> String {
    let dump = dump(database);
    if database.engine() == Engine::Sqlite {
        return dump;
    }
    comments_sorted(&rearranged(&dump, <[String]>::sort_unstable))
}

/// A dump in which comments on columns, which stand in the order of these, are sorted.
fn comments_sorted(dump: &str) -> String {
    const COMMENT: &str = "COMMENT ON COLUMN ";
    let mut texts: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in dump.lines() {
        match texts.last_mut() {
            Some(text) if is_open => *text = format!("{text}\n{line}"),
            _ => texts.push(line.to_owned()),
        }
        let last = texts.last().map_or("", String::as_str);
        is_open = last.starts_with(COMMENT) && !line.ends_with(';');
    }
    let is_comment = |it: &String| it.starts_with(COMMENT);
    for group in texts.chunk_by_mut(|one, other| is_comment(one) == is_comment(other)) {
        if group.first().is_some_and(is_comment) {
            group.sort_unstable();
        }
    }
    texts.join("\n")
}

/// A dump in which what stands between the brackets of each `CREATE TABLE` is arranged so.
fn rearranged(dump: &str, arrange: fn(&mut [String])) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut within: Option<usize> = None;
    for line in dump.lines() {
        if let Some(start) = within.filter(|_| line.starts_with(')')) {
            arrange(&mut lines[start..]);
            within = None;
        }
        let line = if within.is_some() {
            line.trim_end_matches(',')
        } else {
            line
        };
        lines.push(line.to_owned());
        let is_table = line.starts_with("CREATE ") && line.contains("TABLE ");
        if is_table && line.ends_with('(') {
            within = Some(lines.len());
        }
    }
    lines.join("\n")
}

/// The lines that only one of two texts has, marked as `diff` does.
pub(crate) fn differences(left: &str, right: &str) -> Vec<String> {
    let only = |sign: char, of: &str, other: &str| {
        let other: Vec<&str> = other.lines().collect();
        let lines = of.lines().filter(|it| !other.contains(it));
        lines.map(|it| format!("{sign} {it}")).collect::<Vec<_>>()
    };
    [only('-', left, right), only('+', right, left)].concat()
}

/// Why two answers are not the same, if they are not.
pub(crate) fn equal(due: &str, found: &str) -> Result<(), String> {
    if due == found {
        return Ok(());
    }
    let lines = differences(due, found);
    if lines.is_empty() {
        return Err(format!("another order:\n{due}\n--- found\n{found}"));
    }
    Err(lines.join("\n"))
}

/// What the own programs say of two databases, of which the first is to become as the second.
pub(crate) struct Judge {
    before: String,
    after: String,
}

/// Every so many-th pair is judged, since each takes several processes; `REV_NATIVE_EVERY=1`: all.
const EVERY: u64 = 8;

impl Judge {
    /// Asks them, or nobody where this pair is not looked at so closely.
    pub(crate) fn of(seed: u64, here: &Scratch, there: &Scratch) -> Option<Self> {
        let every = std::env::var("REV_NATIVE_EVERY").ok();
        let every = every.map_or(EVERY, |it| it.parse().expect("a number"));
        seed.is_multiple_of(every).then(|| Self {
            before: unordered(here),
            after: unordered(there),
        })
    }

    /// Whether a database is as the first was.
    pub(crate) fn is_before(&self, here: &Scratch) -> Result<(), String> {
        equal(&self.before, &unordered(here))
    }

    /// Whether it is as the second is.
    pub(crate) fn is_after(&self, here: &Scratch) -> Result<(), String> {
        equal(&self.after, &unordered(here))
    }

    /// Runs a script by the database's own client, which stops at the first error, and looks
    /// whether it leads to the second.
    pub(crate) fn run(&self, here: &Scratch, script: &str) -> Result<(), String> {
        let script = match here.engine() {
            Engine::Postgres => format!("\\set ON_ERROR_STOP on\nBEGIN;\n{script}\nCOMMIT;\n"),
            Engine::Sqlite => format!("BEGIN;\n{script}\nCOMMIT;\n"),
            _ => script.to_owned(),
        };
        run_script(here, &script).ended()?;
        self.is_after(here)
    }
}

fn printed(command: &mut Command) -> String {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn postgres(database: &Scratch) -> String {
    let newest = std::env::var("REV_TEST_POSTGRES18_URL").unwrap_or_default();
    let server = if newest == server_url("REV_TEST_POSTGRES_URL") {
        "REV_TEST_POSTGRES18"
    } else {
        "REV_TEST_POSTGRES"
    };
    let program = Path::new(&server_url(&format!("{server}_BIN"))).join("pg_dump");
    // No password to hash at the socket.
    let url = database.url_on(&server_url(&format!("{server}_SOCKET_URL")));
    let options = ["--schema-only", "--no-sync", "--exclude-table=rev_*"];
    let text = printed(Command::new(program).args(options).args(["--dbname", &url]));
    // Comments name what follows them; the key of `\restrict` is another one each time.
    let lines = text
        .lines()
        .filter(|it| !it.is_empty() && !it.starts_with("--") && !it.starts_with('\\'));
    lines.map(unnamed).collect::<Vec<_>>().join("\n")
}

/// A column without the name that PostgreSQL gave to its `NOT NULL`, from 18 on: a partition takes
/// it from its parent (`p_n_not_null`) and keeps it when it leaves, and a table keeps it when it is
/// renamed, so it tells where a table comes from and not what it is.
fn unnamed(line: &str) -> String {
    let named = line.split_once(" CONSTRAINT ").and_then(|(before, rest)| {
        // `"Fight Log_id_not_null"`, where the table had a name that is quoted.
        let ends = ["_not_null NOT NULL", "_not_null\" NOT NULL"].into_iter();
        let rest = ends
            .filter_map(|end| Some(rest.split_once(end)?.1))
            .next()?;
        Some(format!("{before} NOT NULL{rest}"))
    });
    named.unwrap_or_else(|| line.to_owned())
}

fn mysql(database: &Scratch) -> String {
    let client = client(database);
    let mut program = Command::new(format!("{}/mysqldump", Engine::Mysql.setting("BIN")));
    let password = client.get_envs().find(|(name, _)| *name == "MYSQL_PWD");
    program.env("MYSQL_PWD", password.and_then(|it| it.1).expect("one"));
    let parts = "--no-data --routines --triggers --events --skip-comments --no-tablespaces --set-gtid-purged=OFF";
    let ledger = ["ledger", "log", "state"]
        .map(|table| format!("--ignore-table={}.rev_{table}", database.name()));
    let text = printed(
        program
            .args(parts.split(' '))
            .args(ledger)
            .args(client.get_args()),
    );
    shown(&text)
}

/// Without what is said for the reader of a dump, the session's settings and drops, and without the
/// order of keys, which is that in which they were made.
fn shown(text: &str) -> String {
    let is_of_session = |line: &str| {
        let bare = line.trim_start_matches("/*!");
        let bare = bare.trim_start_matches(|it: char| it.is_ascii_digit() || it == ' ');
        ["SET ", "DROP ", "DELIMITER"]
            .iter()
            .any(|it| bare.starts_with(it))
    };
    let lines = text
        .lines()
        .filter(|it| !it.is_empty() && !is_of_session(it));
    let text = lines.map(plain).collect::<Vec<_>>().join("\n");
    let text = rearranged(&text, |lines| {
        let is_key = |it: &String| !it.starts_with("  `");
        lines.sort_by(|one, other| {
            let (one, other) = (
                Some(one).filter(|it| is_key(it)),
                Some(other).filter(|it| is_key(it)),
            );
            one.cmp(&other)
        });
    });
    uncollated(&text)
}

/// Without the collation of a column that is its table's: MySQL remembers that it was said once,
/// before the table had it.
///
/// And without `USING BTREE`, which is the only way but in memory.
fn uncollated(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut start = 0;
    for end in 0..lines.len() {
        if lines[end].starts_with("CREATE ") {
            start = end + 1;
        }
        let of_table = lines[end]
            .split_once(" COLLATE=")
            .filter(|_| lines[end].starts_with(')'));
        let Some((_, rest)) = of_table else { continue };
        let collation = rest.split(' ').next().unwrap_or_default();
        let said = format!(" COLLATE {collation} ");
        let is_in_memory = lines[end].contains("ENGINE=MEMORY");
        for line in &mut lines[start..end] {
            if !is_in_memory {
                *line = line.replace(" USING BTREE", "");
            }
            *line = format!("{line} ")
                .replacen(&said, " ", 1)
                .trim_end()
                .to_owned();
        }
    }
    lines.join("\n")
}

/// A line without the number that the next row gets, which is of rows; without `PAGE_CHECKSUM`, which
/// Aria leaves behind on a table that leaves it, and no statement takes away; without an action that
/// keys have anyway, which stays where it was said; without the character set before a collation,
/// which names it; without the time at which an event was made and begins where it does not say
/// when (those that say so begin in the thirties); without names that the server makes up,
/// which count the checks and keys of a table in the order in which they were made; without the
/// character set of a text, which is that of the session that said it; and without the semicolon that a client has sent along with a body, which MySQL keeps.
fn plain(line: &str) -> String {
    let mut line = line.to_owned();
    for number in [" AUTO_INCREMENT=", " PAGE_CHECKSUM="] {
        line = without(&line, number, |it| it.is_ascii_digit());
    }
    for action in [" ON DELETE NO ACTION", " ON UPDATE NO ACTION"] {
        line = line.replace(action, "");
    }
    // MySQL computes what is constant when the table is altered: `-(100)` becomes `-100`.
    line = unbracketed(&line);
    for set in ["_utf8mb3'", "_utf8mb4'", "_latin1'"] {
        line = line.replace(set, "'");
    }
    if line.contains(" COLLATE ") {
        line = without(&line, " CHARACTER SET ", |it| it.is_ascii_alphanumeric());
    }
    if !line.contains(" STARTS '203") {
        line = without(&line, " STARTS '", |it| {
            it.is_ascii_digit() || "-:' ".contains(it)
        });
    }
    if let Some(rest) = line.strip_prefix("  CONSTRAINT `")
        && let Some((name, rest)) = rest.split_once("` ")
        && is_made_up(name)
    {
        line = format!("  {rest}");
    }
    let ends = [';', ' '];
    let body = line.trim_end_matches(ends);
    let body = body.strip_suffix("*/").unwrap_or(body);
    body.trim_end_matches(ends).to_owned()
}

fn unbracketed(line: &str) -> String {
    let mut pieces = line.split("-(");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.');
        let number = &piece[..piece.len() - rest.len()];
        match rest.strip_prefix(')').filter(|_| !number.is_empty()) {
            Some(rest) => plain.push_str(&format!("-{number}{rest}")),
            None => plain.push_str(&format!("-({piece}")),
        }
    }
    plain
}

/// A line without a word and the characters of this kind after it.
fn without(line: &str, word: &str, is_of_it: fn(char) -> bool) -> String {
    match line.split_once(word) {
        Some((before, rest)) => format!("{before}{}", rest.trim_start_matches(is_of_it)),
        None => line.to_owned(),
    }
}

/// Whether a name is `CONSTRAINT_1`, `hero_chk_1` or `hero_ibfk_1`.
fn is_made_up(name: &str) -> bool {
    let bare = name.trim_end_matches(|it: char| it.is_ascii_digit());
    let is_counted = bare.len() < name.len();
    is_counted && (bare == "CONSTRAINT_" || bare.ends_with("_chk_") || bare.ends_with("_ibfk_"))
}

fn mariadb(database: &Scratch) -> String {
    const NAMES: &str = "
        SELECT IF(TABLE_TYPE IN ('VIEW', 'SEQUENCE'), TABLE_TYPE, 'TABLE'), TABLE_NAME
          FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE 'rev\\_%'
        UNION ALL SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()
        UNION ALL SELECT 'EVENT', EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()
        ORDER BY 1, 2";
    const TRIGGERS: &str = "
        SELECT EVENT_OBJECT_TABLE, EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER, TRIGGER_NAME, ACTION_STATEMENT
          FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1, 2, 3, 4";
    let named = database.query(NAMES);
    let questions = named.iter().map(|it| {
        let (kind, name) = it.split_once('|').expect("two columns");
        format!("SHOW CREATE {kind} `{}`", name.replace('`', "``"))
    });
    let questions: Vec<String> = questions.chain([TRIGGERS.to_owned()]).collect();
    let told = database.query(&questions.join(";\n"));
    let told = told.iter().map(|row| statement(row));
    let told = told.collect::<Vec<_>>().join("\n");
    // A default that draws from a sequence names the database, too.
    shown(&told.replace(&format!("`{}`.", database.name()), ""))
}

/// The statement in an answer to `SHOW CREATE`, without the name before it, and without the
/// character sets after it, which those who made a routine had.
fn statement(row: &str) -> &str {
    let Some((_, mut text)) = row.split_once("|CREATE ") else {
        return row;
    };
    text = &row[row.len() - text.len() - "CREATE ".len()..];
    while let Some((before, last)) = text.rsplit_once('|') {
        let is_charset = ["utf8mb", "latin1"].iter().any(|it| last.starts_with(it));
        if !is_charset {
            break;
        }
        text = before;
    }
    text
}

fn sqlite(database: &Scratch) -> String {
    // No rowid is NULL, whether that is said of it or not.
    let columns = "SELECT m.name, c.cid, c.name, c.type, c.\"notnull\" OR c.pk, c.dflt_value, c.pk, c.hidden FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c \
                   WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'rev\\_%' ESCAPE '\\' ORDER BY 1, 2";
    let indexes = "SELECT m.name, i.name, i.\"unique\", i.partial, x.name, x.desc, x.coll FROM sqlite_schema m \
                   JOIN pragma_index_list(m.name) i JOIN pragma_index_xinfo(i.name) x \
                   WHERE m.type = 'table' AND m.name NOT LIKE 'rev\\_%' ESCAPE '\\' ORDER BY 1, 2, x.seqno";
    [columns, indexes]
        .map(|sql| database.query(sql).join("\n"))
        .join("\n")
}
