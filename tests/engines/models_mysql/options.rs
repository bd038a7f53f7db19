//! Options of tables, indexes and columns, each that the servers' manuals name: read, written, taken
//! back, and no difference where there is none.

use rev_testkit::scratch::Engine;

use super::{apply, diff, dump, inspect, sql};
use crate::native;

/// A table with something in the place of `{table}`, `{index}`, `{key}` or `{column}`.
const TABLE: &str = "CREATE TABLE t (id INT NOT NULL, n INT{column}, t VARCHAR(20) DEFAULT 'x',
  PRIMARY KEY (id){key}, KEY i (n){index}, FULLTEXT KEY f (t){fulltext}){table}";

/// What is in which place, and on which server: what it refuses is no option of it.
const OPTIONS: &[(&str, &[Engine], &[&str])] = &[
    (
        "{table}",
        BOTH,
        &[
            "ENGINE=MyISAM",
            "ENGINE=MyISAM ROW_FORMAT=FIXED",
            "ENGINE=MyISAM DELAY_KEY_WRITE=1 CHECKSUM=1",
            "ENGINE=MyISAM PACK_KEYS=1",
            "ENGINE=MyISAM AVG_ROW_LENGTH=100 MAX_ROWS=1000 MIN_ROWS=5",
            "ROW_FORMAT=DYNAMIC",
            "ROW_FORMAT=COMPACT",
            "ROW_FORMAT=REDUNDANT",
            "ROW_FORMAT=COMPRESSED",
            "ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=4",
            "KEY_BLOCK_SIZE=8",
            "STATS_PERSISTENT=0",
            "STATS_PERSISTENT=1 STATS_AUTO_RECALC=0",
            "STATS_AUTO_RECALC=1",
            "STATS_SAMPLE_PAGES=20",
            "AVG_ROW_LENGTH=100",
            "MAX_ROWS=10",
            "MIN_ROWS=10",
            "PACK_KEYS=0",
            "CHECKSUM=1",
            "DELAY_KEY_WRITE=1",
            "COMMENT='of it''s own'",
            "DEFAULT CHARSET=latin1",
            "AUTO_INCREMENT=100",
        ],
    ),
    (
        "{table}",
        MYSQL,
        &[
            "COMPRESSION='zlib'",
            "COMPRESSION='none'",
            "ENCRYPTION='N'",
            "AUTOEXTEND_SIZE=4M",
            "TABLESPACE=innodb_system",
            "TABLESPACE=innodb_file_per_table",
            "SECONDARY_ENGINE_ATTRIBUTE='{\"a\": 1}'",
        ],
    ),
    (
        "{table}",
        MARIADB,
        &[
            "PAGE_COMPRESSED=1",
            "PAGE_COMPRESSED=1 PAGE_COMPRESSION_LEVEL=3",
            "ENCRYPTED=NO",
            "ENGINE=Aria",
            "ENGINE=Aria TRANSACTIONAL=1",
            "ENGINE=Aria TRANSACTIONAL=0 ROW_FORMAT=FIXED",
            "ENGINE=Aria PAGE_CHECKSUM=0",
        ],
    ),
    (
        "{index}",
        BOTH,
        &["COMMENT 'quick'", "KEY_BLOCK_SIZE=4", "USING BTREE"],
    ),
    (
        "{index}",
        MYSQL,
        &["INVISIBLE", "VISIBLE", "COMMENT 'q' INVISIBLE"],
    ),
    (
        "{index}",
        MARIADB,
        &["IGNORED", "NOT IGNORED", "COMMENT 'q' IGNORED"],
    ),
    (
        "{key}",
        BOTH,
        &["COMMENT 'own'", "KEY_BLOCK_SIZE=4", "USING BTREE"],
    ),
    ("{fulltext}", BOTH, &["COMMENT 'words'"]),
    ("{fulltext}", MYSQL, &["WITH PARSER ngram", "INVISIBLE"]),
    ("{fulltext}", MARIADB, &["IGNORED"]),
    (
        "{column}",
        BOTH,
        &["COMMENT 'c'", "INVISIBLE", "DEFAULT 3 COMMENT 'c'"],
    ),
    (
        "{column}",
        MYSQL,
        &[
            "COLUMN_FORMAT FIXED",
            "COLUMN_FORMAT DYNAMIC",
            "STORAGE DISK",
            "NOT SECONDARY",
        ],
    ),
];

const BOTH: &[Engine] = &[Engine::Mysql, Engine::Mariadb];
const MYSQL: &[Engine] = &[Engine::Mysql];
const MARIADB: &[Engine] = &[Engine::Mariadb];

fn with(place: &str, option: &str) -> String {
    let mut text = TABLE.to_owned();
    for it in ["{table}", "{index}", "{key}", "{fulltext}", "{column}"] {
        let option = if it == place {
            format!(" {option}")
        } else {
            String::new()
        };
        text = text.replace(it, &option);
    }
    text
}

/// Each becomes the plain table and the plain table it, up and down, as the server's own client
/// sees it; with `REV_FORMS=all` each the next one, too.
#[test]
fn every_option_of_the_manuals_comes_goes_and_is_no_false_difference() {
    let mut wrong = Vec::new();
    for engine in Engine::MYSQLS {
        let options = OPTIONS
            .iter()
            .filter(|(_, engines, _)| engines.contains(&engine));
        let all =
            options.flat_map(|(place, _, options)| options.iter().map(move |it| (*place, *it)));
        let all: Vec<(&str, &str)> = [("", "")].into_iter().chain(all).collect();
        for (number, from) in all.iter().enumerate() {
            let mut others = vec![all[0]];
            if std::env::var("REV_FORMS").is_ok_and(|it| it == "all") {
                others.push(all[(number + 1) % all.len()]);
            }
            for to in others.into_iter().filter(|it| it != from) {
                if let Err(error) = look(engine, *from, to) {
                    wrong.push(format!("{engine:?}: {from:?} to {to:?}: {error}"));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

fn look(engine: Engine, from: (&str, &str), to: (&str, &str)) -> Result<(), String> {
    let (here, there, again) = (engine.scratch(), engine.scratch(), engine.scratch());
    apply(&here, &with(from.0, from.1))?;
    apply(&there, &with(to.0, to.1))?;
    let (before, after) = (native::unordered(&here), native::unordered(&there));
    let (old, new) = (inspect(&here), inspect(&there));
    let way = diff(&old, &new);
    let (up, down) = (sql(&way), sql(&way.reversed(rev_core::Dialect::Mysql)));
    let told = |what: &str, more: String| format!("{what}\n{more}\n--- up\n{up}--- down\n{down}");
    // A counter is no part of a schema; nor is that files of its own are stated, or a collation
    // that a column would have anyway.
    let is_plain = |(_, option): (&str, &str)| {
        let loose = ["AUTO_INCREMENT", "TABLESPACE", "DEFAULT CHARSET"];
        loose.iter().any(|it| option.starts_with(it))
    };
    // An index keeps the one that its table had when it was made, which InnoDB never asks for.
    let equal = |due: &str, found: &str| {
        let bare = |text: &str| -> String {
            let lines = text
                .lines()
                .map(|line| match line.split_once(" KEY_BLOCK_SIZE=") {
                    Some((start, _)) if line.contains("KEY ") && line.starts_with("  ") => start,
                    _ => line,
                });
            lines
                .map(|it| it.trim_end_matches(','))
                .collect::<Vec<_>>()
                .join("\n")
        };
        native::equal(&bare(due), &bare(found))
    };
    for (script, due, reached) in [(&up, &after, &new), (&down, &before, &old)] {
        apply(&here, script).map_err(|error| told("it fails", error))?;
        let left = diff(&inspect(&here), reached).sentences();
        if !left.is_empty() {
            return Err(told("left", left.join("\n")));
        }
        if !is_plain(from) && !is_plain(to) {
            equal(due, &native::unordered(&here)).map_err(|it| told("native", it))?;
        }
    }
    apply(&again, &dump(&old)).map_err(|error| told("the dump fails", error))?;
    let left = diff(&inspect(&again), &old).sentences();
    if !left.is_empty() {
        return Err(told("left after the dump", left.join("\n")));
    }
    if !is_plain(from) {
        equal(&before, &native::unordered(&again)).map_err(|it| told("the dump", it))?;
    }
    Ok(())
}
