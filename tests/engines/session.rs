//! The session that scripts run in: what the server's own client would have, whatever a
//! server, a database or a role has for its defaults, and a guard that outlives all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::thread;
use std::time::Duration;

use rev_testkit::program::fed;
use rev_testkit::program::wait_until;
use rev_testkit::scratch::{Engine, Scratch, server_url};

use crate::faults::Frail;
use crate::project::{Answer, Project};

/// What the server's own client answers to each line of a text, and on which lines, from 1,
/// the server refused one.
fn client(database: &Scratch, lines: &str) -> (String, BTreeSet<usize>) {
    let url = database.url();
    let (user, rest) = url["mysql://".len()..].split_once(':').expect("a password");
    let (password, rest) = rest.split_once('@').expect("a host");
    let (host, rest) = rest.split_once(':').expect("a port");
    let (port, name) = rest.split_once('/').expect("a database");
    let program = match is_mariadb(database) {
        true => "mariadb".to_owned(),
        false => format!("{}/mysql", server_url("REV_TEST_MYSQL_BIN")),
    };
    let mut client = Command::new(program);
    client
        .args(["-u", user, "-h", host, "-P", port, "--batch", "--force"])
        .args(["--skip-column-names", "--default-character-set=utf8mb4"])
        .arg(name)
        .env("MYSQL_PWD", password);
    let (output, is_read) = fed(&mut client, lines);
    is_read.expect("it reads");
    let errors = String::from_utf8_lossy(&output.stderr);
    let line = |error: &str| {
        let (_, rest) = error.split_once(" at line ")?;
        rest.split(':').next()?.parse().ok()
    };
    let refused = errors
        .lines()
        .filter(|it| it.starts_with("ERROR"))
        .map(|it| line(it).unwrap_or_else(|| panic!("an error without a line: {it}")));
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        refused.collect(),
    )
}

/// Whether it is MariaDB, and not MySQL.
fn is_mariadb(database: &Scratch) -> bool {
    database.engine() == Engine::Mariadb
}

/// Where the server lists its session's settings.
fn session_variables(database: &Scratch) -> &'static str {
    match is_mariadb(database) {
        true => "information_schema.SESSION_VARIABLES",
        false => "performance_schema.session_variables",
    }
}

fn upgrading(database: Scratch, upgrade: &str) -> Project {
    let project = Project::new(vec![("db1", database)]);
    let upgrade = upgrade.replace('\n', "\n  ");
    project.revision(
        "a",
        "null",
        &format!("upgrade: |\n  {upgrade}\nirreversible: true\n"),
    );
    project
}

/// Why a session of ours is not the client's, setting by setting. Whatever else differs
/// fails the test below.
const DIFFERENCES: [(&str, &str); 11] = [
    ("error_count", "of the statement before"),
    (
        "gtid_executed",
        "of the whole server, and the client wrote last",
    ),
    ("in_transaction", "a step of rows is a transaction"),
    ("innodb_lock_wait_timeout", "`lock_timeout` in rev.yaml"),
    ("lock_wait_timeout", "`lock_timeout` in rev.yaml"),
    ("pseudo_thread_id", "the session's number"),
    ("rand_seed1", "random"),
    ("rand_seed2", "random"),
    ("statement_id", "of this very statement"),
    ("timestamp", "now"),
    ("wait_timeout", "the server is not to end a run that waits"),
];

#[test]
fn a_script_meets_the_settings_that_the_servers_own_client_has() {
    for engine in Engine::MYSQLS {
        let database = engine.scratch();
        let settings = session_variables(&database);
        let table = |name: &str| {
            format!("CREATE TABLE {name} (name VARCHAR(64), value LONGTEXT) CHARSET utf8mb4")
        };
        let fill = |name: &str| {
            format!("INSERT INTO {name} SELECT VARIABLE_NAME, VARIABLE_VALUE FROM {settings}")
        };
        let project = upgrading(database, &fill("ours").replace(['\n'], " "));
        project.database().execute(&table("ours"));
        project.database().execute(&table("theirs"));
        project.rev(&["upgrade"]).exits(0);
        let (_, refused) = client(project.database(), &format!("{};\n", fill("theirs")));
        assert!(refused.is_empty(), "{engine:?}");
        let found = project.database().query(
            "SELECT LOWER(name), ours.value, theirs.value FROM ours JOIN theirs USING (name) \
             WHERE NOT ours.value <=> theirs.value ORDER BY 1",
        );
        let is_stated = |line: &&String| {
            let name = line.split('|').next().unwrap_or_default();
            DIFFERENCES.iter().any(|(stated, _)| *stated == name)
        };
        let unstated: Vec<&String> = found.iter().filter(|it| !is_stated(it)).collect();
        assert!(unstated.is_empty(), "{engine:?}: {unstated:#?}");
        assert!(found.iter().any(|line| line.starts_with("wait_timeout|")));
        let all = project
            .database()
            .query("SELECT COUNT(*) FROM ours")
            .concat();
        assert!(all.parse::<u32>().expect("a number") > 300, "{all}");
    }
}

/// The words that this server takes for a table's name unless `IGNORE_SPACE` reserves them.
fn reserved_by_ignore_space(database: &Scratch) -> Vec<String> {
    // MySQL lists no functions; these are the ones of its manual that have aliases.
    let manual = "ADDDATE BIT_AND BIT_OR BIT_XOR CAST COUNT CURDATE CURTIME DATE_ADD DATE_SUB \
                  EXTRACT GROUP_CONCAT MAX MID MIN NOW POSITION SESSION_USER STD STDDEV \
                  STDDEV_POP STDDEV_SAMP SUBDATE SUBSTR SUBSTRING SUM SYSDATE SYSTEM_USER TRIM \
                  VARIANCE VAR_POP VAR_SAMP";
    let listed: &[&str] = match is_mariadb(database) {
        true => &[
            "SELECT WORD FROM information_schema.KEYWORDS",
            "SELECT FUNCTION FROM information_schema.SQL_FUNCTIONS",
        ],
        false => &["SELECT WORD FROM information_schema.KEYWORDS"],
    };
    let mut words: BTreeSet<String> = manual.split_whitespace().map(str::to_lowercase).collect();
    for list in listed {
        words.extend(database.query(list).iter().map(|word| word.to_lowercase()));
    }
    let is_name = |word: &String| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let words: Vec<String> = words.into_iter().filter(is_name).collect();
    let prepare = |word: &String| format!("PREPARE s FROM 'CREATE TABLE {word} (id INT)';\n");
    let all: String = words.iter().map(prepare).collect();
    let (_, always) = client(database, &format!("SET @x = 1;\n{all}"));
    let mode = "SET sql_mode = CONCAT(@@sql_mode, ',IGNORE_SPACE');\n";
    let (_, then) = client(database, &format!("{mode}{all}"));
    then.difference(&always)
        .map(|line| words[line - 2].clone())
        .collect()
}

#[test]
fn a_table_may_have_every_name_that_the_servers_own_client_takes() {
    for engine in Engine::MYSQLS {
        let database = engine.scratch();
        let names = reserved_by_ignore_space(&database);
        assert!(
            names.len() >= 16 && names.contains(&"position".to_owned()),
            "{names:?}"
        );
        let create = |name: &String| format!("CREATE TABLE {name} (id INT PRIMARY KEY, n INT);\n");
        let upgrade: String = names.iter().map(create).collect();
        let project = upgrading(database, upgrade.trim_end());
        project.rev(&["upgrade"]).exits(0);
        let mut made = project.database().tables();
        made.sort();
        assert_eq!(made, names, "{engine:?}");
    }
}

#[test]
fn what_is_stored_with_its_session_is_stored_as_the_servers_own_client_stores_it() {
    let stored = |n: u8| {
        format!(
            "CREATE TABLE t{n} (id INT, n INT);\n\
             CREATE PROCEDURE p{n}() SELECT 'é';\n\
             CREATE FUNCTION f{n}() RETURNS INT DETERMINISTIC RETURN 1;\n\
             CREATE TRIGGER g{n} BEFORE INSERT ON t{n} FOR EACH ROW SET NEW.n = 1;\n\
             CREATE EVENT e{n} ON SCHEDULE EVERY 1 YEAR DISABLE DO SELECT 1;\n\
             CREATE VIEW v{n} AS SELECT id FROM t{n};\n"
        )
    };
    let sessions = |n: u8| {
        let of = |kind: &str, table: &str, extra: &str| {
            format!(
                "SELECT '{kind}', {extra} CHARACTER_SET_CLIENT, COLLATION_CONNECTION \
                 FROM information_schema.{table} WHERE {kind}_SCHEMA = DATABASE() \
                 AND {kind}_NAME LIKE '_{n}'"
            )
        };
        [
            of(
                "ROUTINE",
                "ROUTINES",
                "ROUTINE_TYPE, SQL_MODE, DATABASE_COLLATION,",
            ),
            of("TRIGGER", "TRIGGERS", "SQL_MODE, DATABASE_COLLATION,"),
            of("EVENT", "EVENTS", "SQL_MODE, DATABASE_COLLATION,"),
            of("TABLE", "VIEWS", ""),
        ]
        .join(" UNION ALL ")
        .replace(
            "UNION ALL SELECT 'TABLE',",
            "UNION ALL SELECT 'TABLE', '', '',",
        )
        .replace("SELECT 'TRIGGER',", "SELECT 'TRIGGER', '',")
        .replace("SELECT 'EVENT',", "SELECT 'EVENT', '',")
        .replace("SELECT 'TABLE', '', '',", "SELECT 'TABLE', '', '', '',")
    };
    for engine in Engine::MYSQLS {
        let project = upgrading(engine.scratch(), stored(1).trim_end());
        project.rev(&["upgrade"]).exits(0);
        let (_, refused) = client(project.database(), &stored(2));
        assert!(refused.is_empty(), "{engine:?}: {refused:?}");
        let [mut ours, mut theirs] = [1, 2].map(|n| project.database().query(&sessions(n)));
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{engine:?}");
        assert_eq!(ours.len(), 5, "{ours:?}");
    }
}

/// A history with everything that goes a way of its own: schema changes, rows, a message
/// that no plain literal holds.
fn write_story(project: &Project) {
    project.revision(
        "a",
        "null",
        "upgrade: |\n  CREATE TABLE t (id INT PRIMARY KEY, n INT);\n  \
         INSERT INTO t VALUES (1, 1);\n  CREATE INDEX i ON t (n);\n\
         downgrade: |\n  DROP INDEX_OF_T;\n  DROP TABLE t;\n",
    );
    let file = project.root().join("revisions/a.yaml");
    let drop = match project.database().engine() {
        Engine::Postgres => "DROP INDEX i",
        _ => "DROP INDEX i ON t",
    };
    let text = std::fs::read_to_string(&file).expect("a file");
    let text = text
        .replace("DROP INDEX_OF_T", drop)
        .replace("make a", r"'it''s é \ n'");
    std::fs::write(file, text).expect("a file");
    project.revision(
        "b",
        "a",
        "upgrade: |\n  INSERT INTO t VALUES (2, 2);\n  UPDATE t SET n = n + 1 WHERE id = 2;\n\
         downgrade: DELETE FROM t WHERE id = 2\n",
    );
}

/// Every command of a life, and what it must answer. `None` says which did not.
fn live(project: &Project) -> Result<(), String> {
    // The settings are this session's, too.
    let whole = match project.database().engine() {
        Engine::Postgres => "",
        _ => "SET SESSION sql_select_limit = 1000, sql_big_selects = 1; ",
    };
    let select = format!("{whole}SELECT id, n FROM t ORDER BY id");
    let rows = || project.database().try_query(&select);
    let expect = |words: &[&str], code: i32, says: &str| -> Result<(), String> {
        let answer: Answer = project.rev(words);
        if answer.code == Some(code) && answer.text.contains(says) {
            return Ok(());
        }
        Err(format!(
            "rev {}: {:?}\n{}",
            words.join(" "),
            answer.code,
            answer.text
        ))
    };
    expect(&["upgrade"], 0, "2 revisions applied")?;
    match rows() {
        Ok(rows) if rows == ["1|1", "2|3"] => {}
        other => return Err(format!("rows: {other:?}")),
    }
    expect(&["upgrade"], 0, "nothing to do")?;
    expect(&["current"], 0, "b")?;
    expect(&["status"], 0, "")?;
    expect(&["check", "--live", "db1"], 0, "")?;
    expect(&["repair"], 0, "")?;
    expect(&["downgrade", "base"], 0, "2 revisions taken down")
}

/// A setting and a value of it.
type Setting = (String, String);

/// Lives once with each of these settings: in groups, of which one that fails is parted.
/// Gives those by which it failed, with what was said.
fn those_that_matter(
    settings: &[Setting],
    live_with: &mut dyn FnMut(&[Setting]) -> Result<(), String>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut groups: Vec<Vec<Setting>> = settings.chunks(64).map(<[_]>::to_vec).collect();
    while let Some(group) = groups.pop() {
        let Err(said) = live_with(&group) else {
            continue;
        };
        match &group[..] {
            [(name, value)] => {
                found.insert(format!("{name}={value}"), said);
            }
            several => {
                let (one, two) = several.split_at(several.len() / 2);
                groups.extend([one.to_vec(), two.to_vec()]);
            }
        }
    }
    found
}

/// Each setting goes into a group of its own kind of value, so that a group holds none twice.
fn by_rounds(values: BTreeMap<String, Vec<String>>) -> Vec<Setting> {
    let most = values.values().map(Vec::len).max().unwrap_or_default();
    let nth = |n: usize| {
        let at = values.iter();
        at.filter_map(move |(name, values)| Some((name.clone(), values.get(n)?.clone())))
    };
    (0..most).flat_map(nth).collect()
}

/// Settings of PostgreSQL that a run rightly obeys, each with what it says.
const OBEYED_BY_POSTGRES: [(&str, &str); 1] = [(
    "default_transaction_read_only=on",
    "options=-cdefault_transaction_read_only%3Doff",
)];

#[test]
fn postgres_runs_alike_whatever_its_defaults_are() {
    let mut database = Engine::Postgres.scratch();
    let rows = database.query(
        "SELECT name, vartype, coalesce(enumvals::text, ''), coalesce(min_val, ''), \
         coalesce(max_val, ''), setting FROM pg_settings WHERE context IN ('user', 'superuser') \
         AND vartype <> 'string' AND name NOT LIKE 'log\\_%' AND name NOT LIKE 'debug\\_%' \
         AND name NOT LIKE 'trace\\_%' AND name NOT LIKE '%\\_mem' ORDER BY name",
    );
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &rows {
        let [name, kind, words, least, most, now] = row.split('|').collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let all: Vec<String> = match kind {
            "bool" => vec![if now == "on" { "off" } else { "on" }.to_owned()],
            "enum" => {
                let words = words.trim_matches(['{', '}']).split(',');
                words
                    .map(|word| word.trim_matches('"').to_owned())
                    .collect()
            }
            _ => vec![least.to_owned(), most.to_owned()],
        };
        values.insert(name.to_owned(), all);
    }
    // Strings have no list of values; these are the ones that scripts or people know.
    for (name, value) in [
        ("search_path", "public"),
        ("DateStyle", "German"),
        ("TimeZone", "Asia/Tokyo"),
        ("client_encoding", "LATIN1"),
        ("lc_messages", "C"),
        ("application_name", "theirs"),
        ("default_table_access_method", "heap"),
    ] {
        values.insert(name.to_owned(), vec![value.to_owned()]);
    }
    let mut unset = Vec::new();
    check_all(by_rounds(values), &OBEYED_BY_POSTGRES, &mut |group| {
        database = Engine::Postgres.scratch();
        let name = database.name().to_owned();
        for (setting, value) in group {
            let set = format!("ALTER DATABASE {name} SET \"{setting}\" = '{value}'");
            if rev_testkit::scratch::postgres(&server_url("REV_TEST_POSTGRES_URL"), &set).is_err() {
                unset.push(format!("{setting}={value}"));
            }
        }
        let project = Project::new(vec![(
            "db1",
            std::mem::replace(&mut database, Engine::Sqlite.scratch()),
        )]);
        write_story(&project);
        live(&project)
    });
    assert!(unset.len() < 20, "not taken by the server: {unset:?}");
}

/// Lives with all of these settings: only those stated change what a run does, and then it
/// says why. That several together are too much is not looked for.
fn check_all(
    settings: Vec<Setting>,
    obeyed: &[(&str, &str)],
    live_with: &mut dyn FnMut(&[Setting]) -> Result<(), String>,
) {
    assert!(settings.len() > 200, "{}", settings.len());
    let name = |(setting, value): &Setting| format!("{setting}={value}");
    let is_obeyed = |setting: &Setting| obeyed.iter().any(|(it, _)| *it == name(setting));
    let (stated, others): (Vec<_>, Vec<_>) = settings.into_iter().partition(is_obeyed);
    assert_eq!(stated.len(), obeyed.len(), "{stated:?}");
    for setting in stated {
        let (_, words) = obeyed
            .iter()
            .find(|(it, _)| *it == name(&setting))
            .expect("stated");
        let said = live_with(std::slice::from_ref(&setting)).expect_err("it is obeyed");
        assert!(
            said.contains(words),
            "with {setting:?} no `{words}` in: {said}"
        );
    }
    let found = those_that_matter(&others, live_with);
    assert!(found.is_empty(), "{found:#?}");
}

/// Settings of MySQL that a run rightly obeys, each with what it says.
const OBEYED_BY_MYSQL: [(&str, &str); 3] = [
    ("connection_memory_limit=2097152", "Connection memory limit"),
    ("default_table_encryption=1", "find master key from keyring"),
    (
        "transaction_read_only=1",
        "the server's sessions begin with `transaction_read_only`",
    ),
];

/// The same of MariaDB. Limits at their least are too small for anybody's sessions.
const OBEYED_BY_MARIADB: [(&str, &str); 6] = [
    ("alter_algorithm=4", "ALGORITHM=INSTANT is not supported"),
    ("max_session_mem_used=8192", "--max-session-mem-used"),
    ("old_alter_table=4", "ALGORITHM=INSTANT is not supported"),
    ("sort_buffer_size=1024", "Out of sort memory"),
    ("tmp_disk_table_size=1024", "is full"),
    (
        "tx_read_only=1",
        "the server's sessions begin with `transaction_read_only`",
    ),
];

/// The URL of a database for somebody who is not all-powerful, which is whom servers run
/// `init_connect` for.
fn plain_url(database: &Scratch) -> String {
    let words = "'plain'@'%' IDENTIFIED BY 'my-s3cret-9c'";
    database.execute(&format!("CREATE USER IF NOT EXISTS {words}"));
    database.execute("GRANT ALL ON `rev\\_%`.* TO 'plain'@'%'");
    database.url().replace("//rev:", "//plain:")
}

/// The settings that a session takes from the server, with values at both ends of what they
/// may have.
fn mysql_settings(database: &Scratch) -> BTreeMap<String, Vec<String>> {
    let is_mariadb = is_mariadb(database);
    let rows = database.query(match is_mariadb {
        true => {
            "SELECT LOWER(VARIABLE_NAME), VARIABLE_TYPE, COALESCE(ENUM_VALUE_LIST, ''), \
             COALESCE(NUMERIC_MIN_VALUE, '') FROM information_schema.SYSTEM_VARIABLES \
             WHERE VARIABLE_SCOPE = 'SESSION' AND READ_ONLY = 'NO' \
             AND VARIABLE_NAME NOT LIKE 'wsrep%' AND VARIABLE_NAME NOT LIKE 'debug%' ORDER BY 1"
        }
        false => {
            "SELECT LOWER(VARIABLE_NAME), DATA_TYPE, '', COALESCE(MIN_VALUE, '') \
             FROM performance_schema.variables_metadata WHERE VARIABLE_SCOPE = 'SESSION' \
             AND VARIABLE_NAME NOT LIKE 'debug%' ORDER BY 1"
        }
    });
    let words = |words: &str| words.split(',').map(str::to_owned).collect::<Vec<_>>();
    let mut values = BTreeMap::new();
    for row in &rows {
        let [name, kind, listed, least] = row.split('|').collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let all = match kind.to_uppercase().as_str() {
            "BOOLEAN" => words("0,1"),
            "ENUM" | "ENUMERATION" => match listed {
                "" => words("0,1,2,3"),
                listed => (0..listed.split(',').count())
                    .map(|n| n.to_string())
                    .collect(),
            },
            "SET" if name == "sql_mode" => words(
                "'',ANSI,ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE,\
                 HIGH_NOT_PRECEDENCE,NO_UNSIGNED_SUBTRACTION,PAD_CHAR_TO_FULL_LENGTH,\
                 NO_AUTO_VALUE_ON_ZERO,TRADITIONAL,REAL_AS_FLOAT,ALLOW_INVALID_DATES,ORACLE,\
                 EMPTY_STRING_IS_NULL,MSSQL,DB2,POSTGRESQL,SIMULTANEOUS_ASSIGNMENT,NO_DIR_IN_CREATE,\
                 TIME_TRUNCATE_FRACTIONAL,TIME_ROUND_FRACTIONAL",
            ),
            "INT UNSIGNED" | "BIGINT UNSIGNED" | "INT" | "BIGINT" | "INTEGER" | "NUMERIC"
            | "DOUBLE" => words(least),
            _ => continue,
        };
        let quoted = |value: &String| match value.parse::<f64>() {
            Ok(_) => value.clone(),
            Err(_) => format!("'{}'", value.trim_matches('\'')),
        };
        values.insert(name.to_owned(), all.iter().map(quoted).collect());
    }
    let listed = match is_mariadb {
        true => "latin1,ucs2,cp932",
        false => "latin1,cp932",
    };
    for name in [
        "character_set_client",
        "character_set_results",
        "character_set_connection",
    ] {
        values.insert(
            name.to_owned(),
            listed.split(',').map(|it| format!("'{it}'")).collect(),
        );
    }
    for (name, value) in [
        ("character_set_server", "latin1"),
        ("collation_connection", "latin1_german1_ci"),
        ("default_storage_engine", "MyISAM"),
        ("lc_messages", "de_DE"),
        ("lc_time_names", "de_DE"),
        ("time_zone", "+09:00"),
        (
            "init_connect",
            "SET autocommit = 0, sql_mode = ''ANSI'', completion_type = 2",
        ),
    ] {
        values.insert(name.to_owned(), vec![format!("'{value}'")]);
    }
    values
}

#[test]
fn mariadb_runs_alike_whatever_its_defaults_are() {
    run_alike(Engine::Mariadb, &OBEYED_BY_MARIADB);
}

#[test]
fn mysql_runs_alike_whatever_its_defaults_are() {
    run_alike(Engine::Mysql, &OBEYED_BY_MYSQL);
}

fn run_alike(engine: Engine, obeyed: &[(&str, &str)]) {
    for engine in engine.alone() {
        let server = Frail::of(engine);
        let database = server.scratch();
        let settings = by_rounds(mysql_settings(&database));
        let mut unset = BTreeSet::new();
        check_all(settings, obeyed, &mut |group| {
            let project = Project::new(vec![("db1", server.scratch())]);
            project.bind(plain_url);
            write_story(&project);
            for (setting, value) in group {
                let set = format!("SET GLOBAL {setting} = {value}");
                if database.try_query(&set).is_err() {
                    unset.insert(format!("{setting}={value}"));
                }
            }
            let result = live(&project);
            let reset = group.iter().map(|(name, _)| name);
            for setting in reset {
                let default = match setting.as_str() {
                    "init_connect" => "''",
                    _ => "DEFAULT",
                };
                let _ = database.try_query(&format!("SET GLOBAL {setting} = {default}"));
            }
            result
        });
        assert!(unset.len() < 40, "not taken by the server: {unset:?}");
    }
}

/// Three revisions, of which the second takes its time.
fn write_slow_chain(project: &Project, sleep: &str) {
    project.revision(
        "a",
        "null",
        "upgrade: CREATE TABLE t (n INT)\nirreversible: true\n",
    );
    project.revision(
        "b",
        "a",
        &format!("upgrade: |\n  INSERT INTO t VALUES (1);\n  {sleep};\nirreversible: true\n"),
    );
    project.revision(
        "c",
        "b",
        "upgrade: INSERT INTO t VALUES (2)\nirreversible: true\n",
    );
}

fn wait_for_a(project: &Project) {
    wait_until("the first revision is there", || {
        let rows = project
            .database()
            .try_query("SELECT revision FROM rev_ledger");
        rows.is_ok_and(|rows| rows == ["a"])
    });
}

fn applied(answer: &Answer) -> usize {
    let line = answer
        .text
        .lines()
        .find(|line| line.contains("applied, now at"));
    let words = line.map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.map_or(0, |words| words[1].parse().expect("a number"))
}

#[test]
fn a_server_that_ends_idle_sessions_does_not_end_the_guards() {
    for engine in Engine::SERVERS {
        let server = Frail::of(engine);
        let project = Project::new(vec![("db1", server.scratch())]);
        let name = project.database().name().to_owned();
        match engine {
            Engine::Postgres => {
                write_slow_chain(&project, "SELECT pg_sleep(3)");
                for setting in [
                    "idle_session_timeout",
                    "idle_in_transaction_session_timeout",
                ] {
                    let set = format!("ALTER DATABASE {name} SET {setting} = '500ms'");
                    project.database().execute(&set);
                }
            }
            _ => {
                write_slow_chain(&project, "DO SLEEP(3)");
                project.database().execute("SET GLOBAL wait_timeout = 1");
            }
        }
        let first = project.start(&["upgrade"]);
        wait_for_a(&project);
        let second = project.start(&["upgrade"]);
        let (first, second) = (Answer::end_of(first), Answer::end_of(second));
        if engine != Engine::Postgres {
            project
                .database()
                .execute("SET GLOBAL wait_timeout = DEFAULT");
        }
        let first = first.exits(0).says("3 revisions applied");
        assert!(!first.text.contains("waiting"), "{}", first.text);
        second.exits(0).says("nothing to do").says("waiting");
        assert_eq!(
            project.database().query("SELECT n FROM t ORDER BY n"),
            ["1", "2"]
        );
    }
}

/// Ends the sessions of runs on a database that do nothing: the guard's among them.
fn end_idle_sessions(database: &Scratch) {
    let name = database.name();
    let idle = match database.engine() {
        Engine::Postgres => format!(
            "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
             WHERE datname = '{name}' AND state = 'idle' AND application_name LIKE 'rev %'"
        ),
        _ => format!(
            "SELECT ID FROM information_schema.PROCESSLIST \
             WHERE DB = '{name}' AND COMMAND = 'Sleep'"
        ),
    };
    let found = database.query(&idle);
    assert!(!found.is_empty(), "the guard is idle");
    if database.engine() != Engine::Postgres {
        for id in found {
            // The test's own session may be among them, and gone.
            let _ = database.try_query(&format!("KILL {id}"));
        }
    }
}

#[test]
fn a_run_whose_guard_was_ended_waits_for_who_has_it_and_counts_its_own_steps() {
    for engine in Engine::SERVERS {
        let project = Project::of(engine);
        let sleep = match engine {
            Engine::Postgres => "SELECT pg_sleep(3)",
            _ => "DO SLEEP(3)",
        };
        write_slow_chain(&project, sleep);
        let first = project.start(&["upgrade"]);
        wait_for_a(&project);
        thread::sleep(Duration::from_millis(1200));
        end_idle_sessions(project.database());
        let second = project.start(&["upgrade"]);
        let answers = [
            Answer::end_of(first).exits(0),
            Answer::end_of(second).exits(0),
        ];
        let all: usize = answers.iter().map(applied).sum();
        assert_eq!(all, 3, "{engine:?}: {answers:#?}");
        assert_eq!(
            project.database().query("SELECT n FROM t ORDER BY n"),
            ["1", "2"]
        );
        let log = project
            .database()
            .query("SELECT revision FROM rev_log WHERE outcome = 'done' ORDER BY sequence");
        assert_eq!(log, ["a", "b", "c"], "{engine:?}");
    }
}

/// A login of MySQL's default authentication that the server has never seen: its cache, by
/// which the same login would work, does not know it.
#[test]
fn a_login_that_needs_tls_is_told_so_by_tcp_and_by_socket() {
    for engine in Engine::Mysql.alone() {
        let database = engine.scratch();
        let name = database.name().to_owned();
        let project = upgrading(database, "CREATE TABLE t (n INT);");
        let by_socket = server_url("REV_TEST_MYSQL_SOCKET_URL");
        for (user, way) in [("by_tcp", None), ("by_socket", Some(by_socket))] {
            let user = format!("{user}_{name}");
            let make = format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'my-s3cret-9c'");
            project.database().execute(&make);
            project
                .database()
                .execute(&format!("GRANT ALL ON {name}.* TO '{user}'@'%'"));
            let url = |mode: &str| {
                let (way, mode) = (way.clone(), mode.to_owned());
                let user = user.clone();
                move |scratch: &Scratch| {
                    let url = way
                        .as_ref()
                        .map_or(scratch.url(), |way| scratch.url_on(way));
                    let mark = if url.contains('?') { '&' } else { '?' };
                    url.replace("//rev:", &format!("//{user}:")) + &format!("{mark}ssl-mode={mode}")
                }
            };
            project.bind(url("DISABLED"));
            for _ in 0..2 {
                let answer = project
                    .rev(&["upgrade"])
                    .exits(1)
                    .says("say `ssl-mode=REQUIRED`");
                assert!(!answer.text.contains("feature"), "{}", answer.text);
            }
            project.bind(url("REQUIRED"));
            project.rev(&["upgrade"]).exits(0);
            project
                .database()
                .execute(&format!("DROP USER '{user}'@'%'"));
        }
    }
}

#[test]
fn a_check_tells_of_a_count_that_is_another_one_in_the_servers_own_client() {
    for engine in Engine::MYSQLS {
        let project = upgrading(
            engine.scratch(),
            "UPDATE t SET n = n;\nINSERT INTO t SELECT ROW_COUNT();",
        );
        project
            .rev(&["check"])
            .exits(4)
            .says("revisions/a.yaml:6:3")
            .says("asks `ROW_COUNT()` after an `UPDATE`");
        project.database().execute("CREATE TABLE t (n INT)");
        project.database().execute("INSERT INTO t VALUES (7)");
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(
            project.database().query("SELECT n FROM t ORDER BY n"),
            ["1", "7"]
        );
    }
}
