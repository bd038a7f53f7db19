//! Schemas of MySQL and MariaDB: what is read of them, what is written from one to another.
//!
//! `REV_SCHEMA_PAIRS` says how many random pairs, `REV_SCHEMA_SEED` begins elsewhere.

mod generator;
mod kinds;
mod losses;
mod names;
mod options;
mod real;
mod runs;
mod spoken;
mod steps;

use std::path::Path;
use std::time::Duration;

use rev_core::{DatabaseUrl, Dialect, Sql, TransactionMode};
use rev_db::{Settings, open};
use rev_sql::schema::{Diff, Filter, Schema, ddl, resolve};
use rev_sql::split::split;
use rev_testkit::random::Random;
use rev_testkit::scratch::{Engine, Scratch};

use crate::native::Judge;
use crate::refused_rows::questions;
use generator::{Pair, ROWS};
use spoken::Spoken;

/// Compares with what is recorded for this server.
macro_rules! snapshot {
    ($engine:expr, $($rest:tt)*) => {{
        let mut settings = insta::Settings::clone_current();
        if let Some(suffix) = $crate::models_mysql::spoken($engine).suffix() {
            settings.set_snapshot_suffix(suffix);
        }
        settings.bind(|| insta::assert_snapshot!($($rest)*));
    }};
}
use snapshot;

/// What an engine's server understands.
fn spoken(engine: Engine) -> Spoken {
    Spoken::by(&engine.scratch())
}

/// A database made by this SQL, as far as the server understands it.
pub(crate) fn made(engine: Engine, sql: &str) -> Scratch {
    let scratch = engine.scratch();
    let sql = Spoken::by(&scratch).lines(sql);
    apply(&scratch, &sql).unwrap_or_else(|error| panic!("{error}"));
    scratch
}

/// Runs a script as its statements are split.
fn apply(scratch: &Scratch, script: &str) -> Result<(), String> {
    let text = Sql::text(script);
    let statements = split(&text, Dialect::Mysql, TransactionMode::Step);
    let statements = statements.map_err(|error| error.to_string())?;
    let texts: Vec<&str> = statements.iter().map(|it| it.text.as_str()).collect();
    if texts.is_empty() {
        return Ok(());
    }
    let done = scratch.try_query(&texts.join(";\n"));
    done.map(drop).map_err(|error| error.to_string())
}

pub(crate) fn inspect(scratch: &Scratch) -> Schema {
    let settings = Settings {
        ledger_prefix: "rev_".to_owned(),
        schema: None,
        lock_timeout: Duration::from_secs(5),
        statement_timeout: Duration::ZERO,
        silence_timeout: Duration::from_secs(30),
        operator: "tester".to_owned(),
        is_throw_away: true,
        run: format!("inspect{}", std::process::id()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let url = DatabaseUrl::new(&scratch.url(), Path::new("")).expect("a URL");
        let mut database = open(&url, &settings).expect("a URL");
        let schema = database.inspect().await;
        schema.unwrap_or_else(|error| panic!("{error}"))
    })
}

fn diff(from: &Schema, to: &Schema) -> Diff {
    Diff::between(from, to, &[], &Filter::default(), Dialect::Mysql)
}

fn sql(diff: &Diff) -> String {
    let script = ddl::write(diff, Dialect::Mysql);
    script.to_sql()
}

fn dump(schema: &Schema) -> String {
    let script = ddl::dump(schema, Dialect::Mysql);
    script.for_client(Dialect::Mysql)
}

/// Goes from one schema to the other and back, and says how, if nothing is left.
fn both_ways(engine: Engine, from: &str, to: &str, renames: &[&str]) -> String {
    let (here, there) = (made(engine, from), made(engine, to));
    let (from, to) = (inspect(&here), inspect(&there));
    let renames: Vec<String> = renames.iter().map(ToString::to_string).collect();
    let (renames, bad) = resolve(&renames, &from, &to, Dialect::Mysql);
    assert!(bad.is_empty(), "{bad:?}");
    let up = Diff::between(&from, &to, &renames, &Filter::default(), Dialect::Mysql);
    let down = up.reversed(Dialect::Mysql);
    let (up, down) = (sql(&up), sql(&down));
    let text = format!("{up}--- back\n{down}");
    apply(&here, &up).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let left = diff(&inspect(&here), &to).sentences();
    assert!(left.is_empty(), "{left:#?}\n{text}");
    apply(&here, &down).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let left = diff(&inspect(&here), &from).sentences();
    assert!(left.is_empty(), "{left:#?}\n{text}");
    text
}

/// The dump of a schema: what is made from it is the same, and has the same dump.
fn check_dump(engine: Engine, schema: &Schema) -> String {
    check_rebuilt(engine, schema).unwrap_or_else(|error| panic!("{error}"));
    dump(schema)
}

/// A column of each type that the servers have, with the defaults that are usual for it.
const EVERYTHING: &str = "
[sequences]CREATE SEQUENCE numbers START WITH 10 INCREMENT BY 5 MAXVALUE 1000 NOCACHE CYCLE;
[sequences]CREATE SEQUENCE plain;
CREATE TABLE everything (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  c_bool BOOLEAN NOT NULL DEFAULT FALSE,
  c_tiny TINYINT DEFAULT -5,
  c_small SMALLINT UNSIGNED DEFAULT 5,
  c_medium MEDIUMINT(5) ZEROFILL DEFAULT 7,
  c_int INT NOT NULL DEFAULT 0 COMMENT 'it''s a \\\\ number\\nof two lines',
  c_int5 INT(5),
  c_big BIGINT DEFAULT (1 + 2),
[sequences]  c_next BIGINT DEFAULT (NEXT VALUE FOR numbers),
  c_decimal DECIMAL(12, 4) DEFAULT 1.5,
  c_dec DECIMAL UNSIGNED,
  c_float FLOAT DEFAULT 2.5,
  c_float2 FLOAT(7, 3),
  c_double DOUBLE DEFAULT 1e10,
  c_bit BIT(5) DEFAULT b'10101',
  c_bit1 BIT,
  c_char CHAR(5) DEFAULT 'x',
  c_char1 CHAR,
  c_varchar VARCHAR(50) NOT NULL DEFAULT 'it''s',
  c_varchar_empty VARCHAR(50) NOT NULL DEFAULT '',
  c_latin VARCHAR(50) CHARACTER SET latin1 DEFAULT 'x',
  c_binary_collation VARCHAR(50) COLLATE utf8mb4_bin,
  c_ascii CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
[compressed]  c_compressed VARCHAR(5000) COMPRESSED,
  c_tinytext TINYTEXT,
[literals]  c_text TEXT DEFAULT 'long',
[!literals]  c_text TEXT DEFAULT ('long'),
[compressed]  c_mediumtext MEDIUMTEXT COMPRESSED,
[!compressed]  c_mediumtext MEDIUMTEXT,
  c_longtext LONGTEXT,
  c_json JSON,
[literals]  c_json_default JSON NOT NULL DEFAULT '{}',
[!literals]  c_json_default JSON NOT NULL DEFAULT ('{}'),
  c_json_like LONGTEXT CHECK (json_valid(c_json_like)),
  c_binary BINARY(4) DEFAULT 'ab',
  c_varbinary VARBINARY(20) DEFAULT x'00ff',
  c_tinyblob TINYBLOB,
  c_blob BLOB,
  c_mediumblob MEDIUMBLOB,
  c_longblob LONGBLOB,
  c_enum ENUM('a', 'it''s', 'c\\\\d', '') NOT NULL DEFAULT 'it''s',
  c_set SET('x', 'y', 'z') DEFAULT 'x,z',
  c_date DATE DEFAULT '2020-02-29',
  c_date_now DATE DEFAULT (CURDATE() + INTERVAL 1 DAY),
  c_time TIME DEFAULT '12:30:00',
  c_time6 TIME(6),
  c_datetime DATETIME DEFAULT CURRENT_TIMESTAMP,
  c_datetime3 DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  c_timestamp TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  c_timestamp_null TIMESTAMP NULL,
  c_timestamp_on TIMESTAMP NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP,
  c_year YEAR DEFAULT 2020,
[uuid]  c_uuid UUID NOT NULL DEFAULT UUID(),
[!uuid]  c_uuid CHAR(36) NOT NULL DEFAULT (UUID()),
[inet]  c_inet4 INET4 DEFAULT '127.0.0.1',
[inet]  c_inet6 INET6 DEFAULT '::1',
[vector]  c_vector VECTOR(3),
  c_geometry GEOMETRY,
  c_point POINT NOT NULL,
  c_linestring LINESTRING,
  c_polygon POLYGON,
  c_multipoint MULTIPOINT,
  c_multilinestring MULTILINESTRING,
  c_multipolygon MULTIPOLYGON,
  c_collection GEOMETRYCOLLECTION,
  c_virtual INT AS (c_int * 2 + c_tiny) VIRTUAL COMMENT 'made',
  c_stored VARCHAR(60) AS (concat(c_varchar, ' `x` ')) STORED,
  c_invisible INT INVISIBLE DEFAULT 3,
  c_checked INT NOT NULL CHECK (c_checked BETWEEN 1 AND 10),
  c_expression VARCHAR(80) DEFAULT (concat(c_varchar, 'y')),
  `two words` INT,
  `select` INT,
  `tick``s` INT DEFAULT 1 CHECK (`tick``s` > 0),
  UNIQUE KEY u_prefix (c_varchar(10), c_int DESC),
[long_unique]  UNIQUE KEY u_long (c_text),
[functional]  UNIQUE KEY u_lowered ((lower(c_varchar)), c_int),
  KEY k_comment (c_int) COMMENT 'why',
[ignored]  KEY k_ignored (c_big) IGNORED,
[!ignored]  KEY k_ignored (c_big) INVISIBLE,
  KEY k_words (`two words`, `select`),
  KEY k_virtual (c_virtual),
  FULLTEXT KEY f_text (c_text, c_tinytext),
  SPATIAL KEY s_point (c_point),
  CONSTRAINT fair CHECK (c_int >= 0 AND c_varchar <> 'no (way'),
[not_enforced]  CONSTRAINT unfair CHECK (c_int > 9) NOT ENFORCED,
  CHECK (c_big <> c_int),
  CHECK (`two words` IS NULL OR `two words` > 0)
) COMMENT 'all of ''it''';
CREATE TABLE latin (id INT PRIMARY KEY, a VARCHAR(20), b VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci)
  DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;
CREATE TABLE heap (a INT, b VARCHAR(10), KEY h (a) USING HASH, KEY t (b) USING BTREE) ENGINE=MEMORY MAX_ROWS=100;
[aria]CREATE TABLE aria (a INT AUTO_INCREMENT, b INT, PRIMARY KEY (b, a)) ENGINE=Aria;
CREATE TABLE isam (a INT, FULLTEXT KEY (b), b TEXT) ENGINE=MyISAM CHECKSUM=1;
CREATE TABLE parted (id INT NOT NULL, day DATE NOT NULL, PRIMARY KEY (id, day))
  PARTITION BY RANGE (YEAR(day)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2
  (PARTITION p0 VALUES LESS THAN (2000) COMMENT = 'old', PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE TABLE listed (id INT NOT NULL) PARTITION BY LIST (id) (PARTITION a VALUES IN (1, 2), PARTITION b VALUES IN (3));
CREATE TABLE keyed (id INT PRIMARY KEY) PARTITION BY KEY () PARTITIONS 3;
[versioning]CREATE TABLE versioned (id INT PRIMARY KEY, x INT WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING;
[periods]CREATE TABLE periods (id INT, since DATE, until DATE, rs TIMESTAMP(6) GENERATED ALWAYS AS ROW START INVISIBLE,
[periods]  re TIMESTAMP(6) GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR life (since, until),
[periods]  PERIOD FOR SYSTEM_TIME (rs, re), PRIMARY KEY (id, life WITHOUT OVERLAPS)) WITH SYSTEM VERSIONING;
CREATE TABLE Team (id INT PRIMARY KEY, code VARCHAR(10) NOT NULL UNIQUE, a INT, b INT, UNIQUE KEY ab (a, b));
CREATE TABLE hero (id INT PRIMARY KEY, team_id INT, boss INT, code VARCHAR(10), a INT, b INT,
  FOREIGN KEY (team_id) REFERENCES Team (id) ON DELETE CASCADE ON UPDATE NO ACTION,
  FOREIGN KEY (boss) REFERENCES hero (id) ON DELETE SET NULL,
  CONSTRAINT hero_code FOREIGN KEY (code) REFERENCES Team (code) ON UPDATE CASCADE,
  FOREIGN KEY two (a, b) REFERENCES Team (a, b) ON DELETE RESTRICT);
";

#[test]
fn a_table_of_every_type_is_made_again_from_its_dump() {
    for engine in Engine::MYSQLS {
        let schema = inspect(&made(engine, EVERYTHING));
        snapshot!(engine, check_dump(engine, &schema));
    }
}

/// What a table or column takes from its database is not stated, and no difference
/// between one database and another.
#[test]
fn a_database_of_another_character_set_is_no_difference() {
    for engine in Engine::MYSQLS {
        let tables = "CREATE TABLE hero (name VARCHAR(20), code VARCHAR(9) COLLATE ascii_bin); \
                      CREATE TABLE team (name VARCHAR(20)) COLLATE utf8mb4_bin;";
        let from = format!("ALTER DATABASE CHARACTER SET latin1; {tables}");
        let to = tables.replace("code VARCHAR(9)", "note TEXT, code VARCHAR(10)");
        assert_eq!(
            both_ways(engine, &from, &to, &[]),
            "ALTER TABLE hero\n  MODIFY COLUMN code varchar(10) COLLATE ascii_bin,\n  \
             ADD COLUMN note text AFTER name;\n--- back\n\
             -- destructive: drops column `hero.note` and its values\n\
             -- destructive: `hero.code` goes from varchar(10) to varchar(9): \
             values that do not fit are refused, or cut where sql_mode is not strict\n\
             -- query: SELECT count(*) FROM hero WHERE char_length(code) > 9\n\
             ALTER TABLE hero\n  DROP COLUMN note,\n  MODIFY COLUMN code varchar(9) COLLATE ascii_bin;\n"
        );
        // A column of the database's kind in a table of another says so, by its name here.
        let usual = engine
            .scratch()
            .query("SELECT @@collation_database")
            .concat();
        let to = format!("{tables} ALTER TABLE team ADD COLUMN note VARCHAR(9) COLLATE {usual};");
        let up = both_ways(engine, &from, &to, &[]);
        assert!(
            up.contains("ADD COLUMN note varchar(9) COLLATE latin1_swedish_ci"),
            "{up}"
        );
    }
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Looks at one pair; what is wrong with it, if anything, or how many rows were kept.
fn look(engine: Engine, seed: u64) -> Result<usize, String> {
    let mut random = Random::new(seed);
    let (here, there) = (engine.scratch(), engine.scratch());
    let pair = Pair::new(&Spoken::by(&here), &mut random);
    let (from_sql, to_sql) = (pair.from.sql(), pair.to.sql());
    let run = |scratch: &Scratch, sql: &str, what: &str| {
        let done = apply(scratch, sql);
        done.map_err(|error| format!("{what}: {error}\n--- from\n{from_sql}\n--- to\n{to_sql}"))
    };
    run(&here, &from_sql, "from")?;
    run(&here, &pair.from.rows(), "rows")?;
    run(&there, &to_sql, "to")?;
    let (from, to) = (inspect(&here), inspect(&there));
    let judge = Judge::of(seed, &here, &there);
    let (renames, bad) = resolve(&pair.renames, &from, &to, Dialect::Mysql);
    let up = Diff::between(&from, &to, &renames, &Filter::default(), Dialect::Mysql);
    let written = [&up, &up.reversed(Dialect::Mysql)].map(|it| ddl::write(it, Dialect::Mysql));
    let for_client = written[0].for_client(Dialect::Mysql);
    let (up, down) = (written[0].to_sql(), written[1].to_sql());
    let wrong = |what: &str, more: &dyn std::fmt::Debug| {
        format!(
            "{what}: {more:#?}\n--- from\n{from_sql}\n--- to\n{to_sql}\n--- up\n{up}\n--- down\n{down}"
        )
    };
    if !bad.is_empty() {
        return Err(wrong("renames", &bad));
    }
    let queries = pair.from.kept(&pair.to, &pair.renames);
    let rows = |of: fn(&(String, String)) -> &str| -> Vec<String> {
        let queries: Vec<&str> = queries.iter().map(of).collect();
        match queries.is_empty() {
            true => Vec::new(),
            false => here.query(&queries.join(";\n")),
        }
    };
    let before = rows(|(query, _)| query);
    let ask = |script: &ddl::Script| -> Result<(), String> {
        let questions = questions(script).map_err(|error| wrong("a question", &error))?;
        match questions.is_empty() {
            true => Ok(()),
            false => here
                .try_query(&questions.join(";\n"))
                .map(drop)
                .map_err(|error| wrong("questions", &(questions, error))),
        }
    };
    ask(&written[0])?;
    apply(&here, &up).map_err(|error| wrong("up", &error))?;
    let left = diff(&inspect(&here), &to).sentences();
    if !left.is_empty() {
        return Err(wrong("left after up", &left));
    }
    let judged = |what: &str, ask: &dyn Fn(&Judge) -> Result<(), String>| {
        let found = judge.as_ref().map_or(Ok(()), ask);
        found.map_err(|error| wrong(what, &error.lines().collect::<Vec<_>>()))
    };
    judged("native, after up", &|it| it.is_after(&here))?;
    let after = rows(|(_, query)| query);
    if after != before || after.len() != queries.len() * ROWS {
        return Err(wrong("rows", &(before, after)));
    }
    ask(&written[1])?;
    apply(&here, &down).map_err(|error| wrong("down", &error))?;
    let left = diff(&inspect(&here), &from).sentences();
    if !left.is_empty() {
        return Err(wrong("left after down", &left));
    }
    let again = rows(|(query, _)| query).len();
    if again != after.len() {
        return Err(wrong("rows after down", &again));
    }
    judged("native, after down", &|it| it.is_before(&here))?;
    judged("by the client", &|it| it.run(&here, &for_client))?;
    check_rebuilt(engine, &to).map_err(|error| wrong("dump", &error))?;
    judged("the dump, by the client", &|it| {
        it.run(&engine.scratch(), &dump(&to))
    })?;
    Ok(after.len())
}

/// A schema made from its dump is the same, and has the same dump.
fn check_rebuilt(engine: Engine, schema: &Schema) -> Result<(), String> {
    let text = dump(schema);
    let room = engine.scratch();
    apply(&room, &text)?;
    let again = inspect(&room);
    let left = diff(&again, schema).sentences();
    if !left.is_empty() {
        return Err(format!("{left:#?}\n{text}\n--- again\n{}", dump(&again)));
    }
    match dump(&again) == text {
        true => Ok(()),
        false => Err(format!("{text}\n--- again\n{}", dump(&again))),
    }
}

#[test]
fn nothing_is_left_to_do_between_random_schemas_and_no_row_is_lost() {
    look_at_many(Engine::Mariadb, 300);
}

#[test]
fn nothing_is_left_to_do_between_random_schemas_of_mysql_and_no_row_is_lost() {
    for engine in Engine::Mysql.alone() {
        look_at_many(engine, 100);
    }
}

#[expect(clippy::print_stdout, reason = "a soak says how far it went")]
fn look_at_many(engine: Engine, usual: u64) {
    let (first, pairs) = (
        number("REV_SCHEMA_SEED", 1),
        number("REV_SCHEMA_PAIRS", usual),
    );
    let work = move |half: u64| {
        let seeds = (first..first + pairs).filter(|seed| seed % 2 == half);
        seeds
            .map(|seed| (seed, look(engine, seed)))
            .collect::<Vec<_>>()
    };
    let results = std::thread::scope(|scope| {
        let other = scope.spawn(move || work(1));
        let mut results = work(0);
        results.extend(other.join().expect("it ends"));
        results
    });
    for (seed, error) in results
        .iter()
        .filter_map(|(seed, it)| Some((seed, it.as_ref().err()?)))
    {
        println!(
            "wrong: seed {seed}: {}",
            error.lines().take(4).collect::<String>()
        );
    }
    let wrong: Vec<String> = results
        .iter()
        .filter_map(|(seed, it)| {
            it.as_ref()
                .err()
                .map(|error| format!("seed {seed}: {error}"))
        })
        .collect();
    let kept: usize = results.iter().filter_map(|(_, it)| it.as_ref().ok()).sum();
    println!("{pairs} pairs, {kept} rows kept");
    assert!(
        wrong.is_empty(),
        "{} wrong, such as {}",
        wrong.len(),
        wrong[0]
    );
    assert!(kept as u64 > pairs, "hardly a row was there to be kept");
}
