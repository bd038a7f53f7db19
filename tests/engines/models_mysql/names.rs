//! Names that are words of the language: the server says which there are, and judges what
//! is written with them.

use std::collections::BTreeSet;

use rev_testkit::scratch::{Engine, Scratch};

use super::{both_ways, check_dump, inspect, made};

/// Every word that the server knows, and what it takes for the character set of a text.
fn words(engine: Engine) -> BTreeSet<String> {
    let server: Scratch = engine.scratch();
    let words = server.query(
        "SELECT LOWER(WORD) FROM information_schema.KEYWORDS; \
         SELECT CONCAT('_', LOWER(CHARACTER_SET_NAME)) FROM information_schema.CHARACTER_SETS",
    );
    let is_name = |word: &String| {
        let mut characters = word.chars();
        let begins = characters
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        begins && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    words.into_iter().filter(is_name).collect()
}

/// The name of an index: one has the primary key alone.
fn index(word: &str) -> &str {
    match word {
        "primary" => "not primary",
        word => word,
    }
}

/// The name of a partition: MySQL reads its own account of it, in which it leaves out quotes.
fn partition(word: &str) -> &str {
    match word.starts_with('_') {
        true => "first",
        false => word,
    }
}

/// A table, its columns, its index and its check, a view with its column, its table's
/// alias and its own name, and a partition, each under this name.
fn declared(number: usize, word: &str) -> String {
    let (index, partition) = (index(word), partition(word));
    format!(
        "CREATE TABLE `{word}` (`{word}` INT NOT NULL DEFAULT 1, zz_a INT, \
           KEY `{index}` (`{word}`, zz_a), CONSTRAINT `{word}` CHECK (`{word}` > 0 AND zz_a < `{word}`)); \
         CREATE TABLE t{number} (`{word}` INT) PARTITION BY RANGE (`{word}`) \
           (PARTITION `{partition}` VALUES LESS THAN (9)); \
         CREATE VIEW v{number} (`{word}`) AS SELECT `{word}`.`{word}` + zz_a FROM `{word}` AS `{word}` \
           WHERE `{word}` = 1 ORDER BY `{word}`; \
         CREATE VIEW w{number} AS SELECT sum(`{word}`) AS `{word}` FROM v{number} GROUP BY `{word}`; \
         CREATE TRIGGER `{word}` BEFORE INSERT ON `{word}` FOR EACH ROW SET @a = 1;"
    )
}

/// The same, otherwise in every part.
fn changed(number: usize, word: &str) -> String {
    let (index, partition) = (index(word), partition(word));
    let range = match word.starts_with('_') {
        true => "RANGE",
        false => "RANGE COLUMNS",
    };
    format!(
        "CREATE TABLE `{word}` (zz_a INT, `{word}` BIGINT NOT NULL DEFAULT 2, zz_b INT AS (`{word}` * 2), \
           KEY `{index}` (`{word}` DESC), CONSTRAINT `{word}` CHECK (1 < `{word}`)); \
         CREATE TABLE t{number} (`{word}` INT) PARTITION BY {range} (`{word}`) \
           (PARTITION `{partition}` VALUES LESS THAN (8)); \
         CREATE VIEW v{number} AS SELECT zz_a AS `{word}` FROM `{word}`;"
    )
}

/// A hundred at once: a server that refuses one says near which word.
#[test]
fn every_word_of_the_language_is_a_name() {
    for engine in Engine::MYSQLS {
        let words: Vec<String> = words(engine).into_iter().collect();
        assert!(words.len() > 600, "{engine:?} names {} words", words.len());
        for (turn, some) in words.chunks(100).enumerate() {
            let text = |of: fn(usize, &str) -> String| {
                let numbered = some.iter().enumerate();
                let texts = numbered.map(|(number, word)| of(turn * 100 + number, word));
                texts.collect::<Vec<_>>().join("\n")
            };
            let (from, to) = (text(declared), text(changed));
            check_dump(engine, &inspect(&made(engine, &from)));
            both_ways(engine, &from, &to, &[]);
        }
    }
}
