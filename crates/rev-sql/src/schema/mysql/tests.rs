//! What MySQL 8 says where MariaDB says it otherwise: it spells more, and hides what
//! an older server would not read in comments.

use rev_core::Dialect;

use super::*;
use crate::schema::{Diff, Filter, ddl};

fn row(cells: &[&str]) -> Row {
    let cell = |text: &&str| (*text != "NULL").then(|| (*text).to_owned());
    cells.iter().map(cell).collect()
}

fn catalogue(tables: &[&[&str]], columns: &[&[&str]]) -> Catalogue {
    let rows = |rows: &[&[&str]]| rows.iter().map(|it| row(it)).collect::<Vec<_>>();
    let answers = [
        rows(&[&["shop", "0", "InnoDB", "utf8mb4_0900_ai_ci", "9.7.4"]]),
        rows(tables),
        rows(columns),
        rows(&[
            &["b", "hero", "BEFORE INSERT", "SET NEW.name = 'x' -- why"],
            &["a", "hero", "BEFORE INSERT", "BEGIN\n  SET @n = 1;\nEND"],
        ]),
        rows(&[&["twice", "FUNCTION"], &["twice", "PROCEDURE"]]),
        rows(&[&["daily", "2026-01-01 00:00:00"], &["later", "NULL"]]),
        rows(&[&["library", "tools"]]),
    ];
    Catalogue::read(&answers).expect("answers")
}

const HERO: &str = "CREATE TABLE `hero` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `name` varchar(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci DEFAULT NULL COMMENT 'it''s',
  `nick` varchar(20) COLLATE utf8mb4_bin NOT NULL DEFAULT '',
  `team_id` int DEFAULT NULL,
  `uid` char(36) NOT NULL DEFAULT (uuid()),
  `power` int NOT NULL DEFAULT '1',
  `twice` int GENERATED ALWAYS AS ((`power` * 2)) VIRTUAL,
  `kept` int GENERATED ALWAYS AS (((`power` + 1) * (`power` + 2))) STORED NOT NULL,
  `hidden` int DEFAULT NULL /*!80023 INVISIBLE */,
  `place` point NOT NULL /*!80003 SRID 4326 */,
  `more` json DEFAULT (json_array()),
  `made` timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`nick`(5) DESC,`team_id`),
  KEY `lowered` ((lower(`name`)),`power`) USING BTREE COMMENT 'by name',
  KEY `passed_over` (`power`) /*!80000 INVISIBLE */,
  SPATIAL KEY `where` (`place`),
  FULLTEXT KEY `words` (`nick`) /*!50100 WITH PARSER `ngram` */ ,
  CONSTRAINT `hero_ibfk_1` FOREIGN KEY (`team_id`) REFERENCES `team` (`id`) ON DELETE CASCADE ON UPDATE RESTRICT,
  CONSTRAINT `fair` CHECK (((`power` > 0) and (`nick` <> _utf8mb4'no')))  /*!80016 NOT ENFORCED */,
  CONSTRAINT `hero_chk_1` CHECK ((`power` < 100))
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci STATS_PERSISTENT=0 COMMENT='all'";

const TEAM: &str = "CREATE TABLE `team` (
  `id` int NOT NULL,
  `day` date NOT NULL,
  PRIMARY KEY (`id`,`day`)
) /*!50100 TABLESPACE `innodb_system` */ ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci
/*!50100 PARTITION BY RANGE (year(`day`))
(PARTITION p0 VALUES LESS THAN (2000) ENGINE = InnoDB,
 PARTITION p1 VALUES LESS THAN MAXVALUE ENGINE = InnoDB) */";

const VIEW: &str = "CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER \
     VIEW `v` (`a`,`b`) AS select `shop`.`hero`.`id` AS `id`,`shop`.`twice`(`shop`.`hero`.`power`) AS `n` \
     from (`shop`.`hero` join `other`.`x` `shop` on((`shop`.`n` = 1)))";

fn schema() -> Schema {
    let columns = [
        ("id", "NULL"),
        ("name", "latin1_swedish_ci"),
        ("nick", "utf8mb4_bin"),
        ("team_id", "NULL"),
        ("uid", "utf8mb4_0900_ai_ci"),
        ("power", "NULL"),
        ("twice", "NULL"),
        ("kept", "NULL"),
        ("hidden", "NULL"),
        ("place", "NULL"),
        ("more", "NULL"),
        ("made", "NULL"),
    ];
    let columns: Vec<[&str; 3]> = columns
        .iter()
        .map(|(name, collation)| ["hero", name, collation])
        .chain([["team", "id", "NULL"], ["team", "day", "NULL"]])
        .collect();
    let columns: Vec<&[&str]> = columns.iter().map(<[&str; 3]>::as_slice).collect();
    let catalogue = catalogue(
        &[
            &["hero", "BASE TABLE"],
            &["team", "BASE TABLE"],
            &["v", "VIEW"],
        ],
        &columns,
    );
    let texts = [
        HERO,
        TEAM,
        VIEW,
        "CREATE DEFINER=`root`@`%` FUNCTION `twice`(n INT) RETURNS int\n    DETERMINISTIC\nRETURN n * 2 # done",
        "CREATE DEFINER=`root`@`%` PROCEDURE `twice`()\nBEGIN SELECT 1; END",
        "CREATE DEFINER=`root`@`%` EVENT `daily` ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 00:00:00' \
         ON COMPLETION NOT PRESERVE ENABLE DO SELECT 1",
        "CREATE DEFINER=`root`@`%` EVENT `later` ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' \
         ON COMPLETION NOT PRESERVE ENABLE DO SELECT 1;",
    ];
    let texts = texts.map(|it| Ok(it.to_owned()));
    catalogue.schema(&texts)
}

#[test]
fn what_mysql_8_says_is_read() {
    let schema = schema();
    let dump = ddl::dump(&schema, Dialect::Mysql);
    insta::assert_snapshot!(dump.to_sql());
}

#[test]
fn an_index_that_mysql_passes_over_is_shown_again() {
    let schema = schema();
    let mut other = schema.clone();
    for table in other.tables.values_mut() {
        for index in &mut table.indexes {
            index.options.remove("invisible");
        }
    }
    let diff = Diff::between(&schema, &other, &[], &Filter::default(), Dialect::Mysql);
    let script = ddl::write(&diff, Dialect::Mysql);
    assert_eq!(
        script.to_sql(),
        "ALTER TABLE hero ALTER INDEX passed_over VISIBLE;\n"
    );
}

#[test]
fn a_text_that_is_not_understood_is_left_aside_and_says_where() {
    let message = |kind: TableKind, text: Result<&str, &str>| {
        let catalogue = Catalogue {
            tables: vec![("t".to_owned(), kind)],
            columns: BTreeMap::from([("t".to_owned(), vec![("a".to_owned(), None)])]),
            ..Catalogue::default()
        };
        let text = text.map(str::to_owned).map_err(str::to_owned);
        let schema = catalogue.schema(&[text]);
        assert!(schema.is_empty());
        schema.unread.into_values().collect::<Vec<_>>().concat()
    };
    let table = |text| message(TableKind::Table, Ok(text));
    assert_eq!(
        table("CREATE TABLE `t` (`a` int FROBNICATED ! 3)"),
        "`!` at offset 38"
    );
    assert_eq!(table("CREATE TABLE `t` (`b` int)"), "`)` at offset 25");
    assert!(table("CREATE TABLE `t` (`a` int").ends_with("it ends too early"));
    let denied = message(TableKind::View, Err("SHOW VIEW command denied"));
    assert_eq!(denied, "SHOW VIEW command denied");
}

#[test]
fn what_is_not_compared_is_known_to_be_there() {
    let unread: Vec<String> = schema()
        .unread
        .into_iter()
        .map(|((_, _, name), why)| format!("{name}: {why}"))
        .collect();
    assert_eq!(unread, ["tools: a library is not compared"]);
}

/// Names of tables count alike in both cases where the server says so.
#[test]
fn names_are_compared_as_the_server_compares_them() {
    for (setting, alike) in [("0", false), ("1", true), ("2", true)] {
        let server = Server::read(&row(&["d", setting, "InnoDB", "x"]));
        assert_eq!(server.name("Hero") == server.name("HERO"), alike);
    }
    assert_ne!(routine_name("twice", true), routine_name("twice", false));
}
