//! Schemas of MariaDB: what is read of them, what is written from one to another.
//!
//! `REV_SCHEMA_PAIRS` says how many random pairs, `REV_SCHEMA_SEED` begins elsewhere.

mod generator;

use std::time::Duration;

use rev_core::{Dialect, Sql, TransactionMode};
use rev_db::{Settings, open};
use rev_sql::schema::{Diff, Filter, Schema, ddl, resolve};
use rev_sql::split::split;
use rev_testkit::scratch::{Engine, Scratch, server_url};

use crate::project::Project;
use generator::{Pair, ROWS, Random};

/// A database made by this SQL.
fn made(sql: &str) -> Scratch {
    let scratch = Engine::Mariadb.scratch();
    apply(&scratch, sql).unwrap_or_else(|error| panic!("{error}"));
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

fn inspect(scratch: &Scratch) -> Schema {
    let settings = Settings {
        ledger_prefix: "rev_".to_owned(),
        schema: None,
        lock_timeout: Duration::from_secs(5),
        statement_timeout: Duration::ZERO,
        operator: "tester".to_owned(),
        run: format!("inspect{}", std::process::id()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut database = open(&scratch.url(), Dialect::Mysql, &settings).expect("a URL");
        let schema = database.inspect().await;
        let schema = schema.unwrap_or_else(|error| panic!("{error}"));
        schema.expect("MariaDB can be inspected")
    })
}

fn diff(from: &Schema, to: &Schema) -> Diff {
    Diff::between(from, to, &[], &Filter::default(), Dialect::Mysql)
}

fn sql(diff: &Diff) -> String {
    let script = ddl::write(diff, Dialect::Mysql).expect("MySQL is written");
    script.to_sql()
}

fn dump(schema: &Schema) -> String {
    let script = ddl::dump(schema, Dialect::Mysql).expect("MySQL is written");
    script.to_sql()
}

/// Goes from one schema to the other and back, and says how, if nothing is left.
fn both_ways(from: &str, to: &str, renames: &[&str]) -> String {
    let (here, there) = (made(from), made(to));
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
fn check_dump(schema: &Schema) -> String {
    check_rebuilt(schema).unwrap_or_else(|error| panic!("{error}"));
    dump(schema)
}

/// A column of each type that MariaDB has, with the defaults that are usual for it.
const EVERYTHING: &str = "
CREATE SEQUENCE numbers START WITH 10 INCREMENT BY 5 MAXVALUE 1000 NOCACHE CYCLE;
CREATE SEQUENCE plain;
CREATE TABLE everything (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  c_bool BOOLEAN NOT NULL DEFAULT FALSE,
  c_tiny TINYINT DEFAULT -5,
  c_small SMALLINT UNSIGNED DEFAULT 5,
  c_medium MEDIUMINT(5) ZEROFILL DEFAULT 7,
  c_int INT NOT NULL DEFAULT 0 COMMENT 'it''s a \\\\ number\\nof two lines',
  c_int5 INT(5),
  c_big BIGINT DEFAULT (1 + 2),
  c_next BIGINT DEFAULT (NEXT VALUE FOR numbers),
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
  c_compressed VARCHAR(5000) COMPRESSED,
  c_tinytext TINYTEXT,
  c_text TEXT DEFAULT 'long',
  c_mediumtext MEDIUMTEXT COMPRESSED,
  c_longtext LONGTEXT,
  c_json JSON,
  c_json_default JSON NOT NULL DEFAULT '{}',
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
  c_uuid UUID NOT NULL DEFAULT UUID(),
  c_inet4 INET4 DEFAULT '127.0.0.1',
  c_inet6 INET6 DEFAULT '::1',
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
  UNIQUE KEY u_long (c_text),
  KEY k_comment (c_int) COMMENT 'why',
  KEY k_ignored (c_big) IGNORED,
  KEY k_words (`two words`, `select`),
  KEY k_virtual (c_virtual),
  FULLTEXT KEY f_text (c_text, c_tinytext),
  SPATIAL KEY s_point (c_point),
  CONSTRAINT fair CHECK (c_int >= 0 AND c_varchar <> 'no (way'),
  CHECK (c_big <> c_int),
  CHECK (`two words` IS NULL OR `two words` > 0)
) COMMENT 'all of ''it''';
CREATE TABLE latin (id INT PRIMARY KEY, a VARCHAR(20), b VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci)
  DEFAULT CHARSET=latin1 COLLATE=latin1_german1_ci ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;
CREATE TABLE heap (a INT, b VARCHAR(10), KEY h (a) USING HASH, KEY t (b) USING BTREE) ENGINE=MEMORY MAX_ROWS=100;
CREATE TABLE aria (a INT AUTO_INCREMENT, b INT, PRIMARY KEY (b, a)) ENGINE=Aria;
CREATE TABLE isam (a INT, FULLTEXT KEY (b), b TEXT) ENGINE=MyISAM CHECKSUM=1;
CREATE TABLE parted (id INT NOT NULL, day DATE NOT NULL, PRIMARY KEY (id, day))
  PARTITION BY RANGE (YEAR(day)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2
  (PARTITION p0 VALUES LESS THAN (2000) COMMENT = 'old', PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE TABLE listed (id INT NOT NULL) PARTITION BY LIST (id) (PARTITION a VALUES IN (1, 2), PARTITION b VALUES IN (3));
CREATE TABLE keyed (id INT PRIMARY KEY) PARTITION BY KEY () PARTITIONS 3;
CREATE TABLE versioned (id INT PRIMARY KEY, x INT WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING;
CREATE TABLE periods (id INT, since DATE, until DATE, rs TIMESTAMP(6) GENERATED ALWAYS AS ROW START INVISIBLE,
  re TIMESTAMP(6) GENERATED ALWAYS AS ROW END INVISIBLE, PERIOD FOR life (since, until),
  PERIOD FOR SYSTEM_TIME (rs, re), PRIMARY KEY (id, life WITHOUT OVERLAPS)) WITH SYSTEM VERSIONING;
CREATE TABLE Team (id INT PRIMARY KEY, code VARCHAR(10) NOT NULL UNIQUE, a INT, b INT, UNIQUE KEY ab (a, b));
CREATE TABLE hero (id INT PRIMARY KEY, team_id INT, boss INT, code VARCHAR(10), a INT, b INT,
  FOREIGN KEY (team_id) REFERENCES Team (id) ON DELETE CASCADE ON UPDATE NO ACTION,
  FOREIGN KEY (boss) REFERENCES hero (id) ON DELETE SET NULL,
  CONSTRAINT hero_code FOREIGN KEY (code) REFERENCES Team (code) ON UPDATE CASCADE,
  FOREIGN KEY two (a, b) REFERENCES Team (a, b) ON DELETE RESTRICT);
";

#[test]
fn a_table_of_every_type_is_made_again_from_its_dump() {
    let scratch = made(EVERYTHING);
    let schema = inspect(&scratch);
    insta::assert_snapshot!(check_dump(&schema));
}

/// The text of a schema in `fixtures/schemas/mysql`.
fn fixture(name: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/schemas/mysql");
    std::fs::read_to_string(format!("{root}/{name}.sql")).expect("a fixture")
}

#[test]
fn schemas_that_we_did_not_write_are_made_again_from_their_dumps() {
    for name in ["chinook", "kea", "opendmarc"] {
        let schema = inspect(&made(&fixture(name)));
        let dump = check_dump(&schema);
        if name != "kea" {
            insta::assert_snapshot!(format!("dump_of_{name}"), dump);
        }
    }
}

/// What a person does to a schema: in words, in SQL, and the renames that are meant.
type Edit = (&'static str, &'static str, &'static [&'static str]);

const EDITS_OF_CHINOOK: [Edit; 18] = [
    (
        "a column in the middle, one at the end and one that must be given",
        "ALTER TABLE chinook_track ADD COLUMN rating DECIMAL(3, 1) AFTER name, \
         ADD COLUMN liked BOOLEAN NOT NULL DEFAULT FALSE, ADD COLUMN released DATE NOT NULL",
        &[],
    ),
    (
        "columns that go",
        "ALTER TABLE chinook_customer DROP COLUMN fax, DROP COLUMN company",
        &[],
    ),
    (
        "a column and a table under other names",
        "ALTER TABLE chinook_customer RENAME COLUMN lastname TO surname; \
         RENAME TABLE chinook_customer TO chinook_client",
        &[
            "chinook_customer:chinook_client",
            "chinook_customer.lastname:surname",
        ],
    ),
    (
        "a column under another name, which nobody told",
        "ALTER TABLE chinook_customer RENAME COLUMN lastname TO surname",
        &[],
    ),
    (
        "types that hold more, less, and not NULL any more",
        "ALTER TABLE chinook_employee MODIFY title VARCHAR(60), MODIFY address VARCHAR(30) COMMENT 'street', \
         MODIFY birthdate DATE, MODIFY email VARCHAR(60) NOT NULL",
        &[],
    ),
    (
        "defaults",
        "ALTER TABLE chinook_invoiceline ALTER COLUMN `Quantity` SET DEFAULT 1; \
         ALTER TABLE chinook_invoice MODIFY `InvoiceDate` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)",
        &[],
    ),
    (
        "keys with wider ids",
        "ALTER TABLE chinook_album DROP FOREIGN KEY chinook_album_artist_id_149f88b2_fk_chinook_artist_id; \
         ALTER TABLE chinook_artist MODIFY id BIGINT NOT NULL AUTO_INCREMENT; \
         ALTER TABLE chinook_album MODIFY artist_id BIGINT NOT NULL, ADD CONSTRAINT \
         chinook_album_artist_id_149f88b2_fk_chinook_artist_id FOREIGN KEY (artist_id) REFERENCES chinook_artist (id)",
        &[],
    ),
    (
        "another action of a foreign key",
        "ALTER TABLE chinook_album DROP FOREIGN KEY chinook_album_artist_id_149f88b2_fk_chinook_artist_id, \
         ADD CONSTRAINT of_artist FOREIGN KEY (artist_id) REFERENCES chinook_artist (id) ON DELETE CASCADE",
        &[],
    ),
    (
        "a table that refers to others, with its index and checks",
        "CREATE TABLE review (id INT AUTO_INCREMENT PRIMARY KEY, track_id INT NOT NULL, stars TINYINT NOT NULL, \
         words TEXT, kind ENUM('short', 'long') NOT NULL DEFAULT 'short', CHECK (stars BETWEEN 1 AND 5), \
         FULLTEXT KEY (words), FOREIGN KEY (track_id) REFERENCES chinook_track (id) ON DELETE CASCADE) COMMENT 'by fans'",
        &[],
    ),
    (
        "tables that go, which refer to each other",
        "DROP TABLE chinook_playlisttrack, chinook_playlist",
        &[],
    ),
    (
        "indexes: a wider one, one under another name, one that is passed over",
        "ALTER TABLE chinook_track DROP INDEX chinook_track_genre_id_d9f01550_fk_chinook_genre_id, \
         ADD INDEX by_genre (genre_id, name(20) DESC), \
         RENAME INDEX chinook_track_album_id_313d0fbd_fk_chinook_album_id TO by_album; \
         ALTER TABLE chinook_invoiceline ALTER INDEX chinook_invoiceline_track_id_b729568b_fk_chinook_track_id IGNORED",
        &[],
    ),
    (
        "another primary key",
        "ALTER TABLE chinook_playlisttrack DROP COLUMN id, ADD PRIMARY KEY (playlist_id, track_id)",
        &[],
    ),
    (
        "a computed column, with an index, and one that becomes one",
        "ALTER TABLE chinook_invoiceline ADD COLUMN price DECIMAL(20, 2) AS (unit_price * `Quantity`) STORED, \
         ADD INDEX by_price (price); \
         ALTER TABLE chinook_employee DROP COLUMN title, \
         ADD COLUMN title VARCHAR(90) AS (concat(firstname, ' ', lastname)) VIRTUAL AFTER firstname",
        &[],
    ),
    (
        "options of a table",
        "ALTER TABLE chinook_genre COMMENT = 'it''s a kind', ROW_FORMAT = COMPRESSED, COLLATE = latin1_bin; \
         ALTER TABLE chinook_genre MODIFY name VARCHAR(120) COLLATE latin1_bin",
        &[],
    ),
    (
        "partitions, and a history",
        "SET foreign_key_checks = 0; CREATE TABLE log (id INT NOT NULL, day DATE NOT NULL, PRIMARY KEY (id, day)) \
         PARTITION BY RANGE (YEAR(day)) (PARTITION old VALUES LESS THAN (2020), PARTITION new VALUES LESS THAN MAXVALUE); \
         ALTER TABLE chinook_mediatype ADD SYSTEM VERSIONING",
        &[],
    ),
    (
        "views that stand on each other, a routine, triggers in their order and an event",
        "CREATE FUNCTION seconds(n INT) RETURNS INT DETERMINISTIC RETURN n DIV 1000; \
         CREATE VIEW long_tracks AS SELECT id, name, seconds(`Milliseconds`) AS length FROM chinook_track \
         WHERE `Milliseconds` > 600000; \
         CREATE ALGORITHM = MERGE SQL SECURITY INVOKER VIEW a_long AS SELECT id FROM long_tracks WHERE id > 3 \
         WITH LOCAL CHECK OPTION; \
         CREATE TRIGGER z_first BEFORE INSERT ON chinook_genre FOR EACH ROW SET NEW.name = trim(NEW.name); \
         CREATE TRIGGER a_second BEFORE INSERT ON chinook_genre FOR EACH ROW BEGIN\n  \
         IF NEW.name = '' THEN SET NEW.name = NULL; END IF;\nEND; \
         CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY DO DELETE FROM chinook_genre WHERE name IS NULL",
        &[],
    ),
    (
        "a sequence for an id",
        "CREATE SEQUENCE genres START WITH 100 INCREMENT BY 10; SET foreign_key_checks = 0; \
         ALTER TABLE chinook_genre MODIFY id INT NOT NULL DEFAULT (NEXT VALUE FOR genres)",
        &[],
    ),
    (
        "labels of an enum",
        "ALTER TABLE chinook_mediatype ADD COLUMN medium ENUM('tape', 'disc', 'file')",
        &[],
    ),
];

#[test]
fn edits_of_a_real_schema_give_the_sql_of_a_careful_person() {
    let from = fixture("chinook");
    let mut text = String::new();
    for (title, edit, renames) in EDITS_OF_CHINOOK {
        let to = format!("{from}\n{edit};");
        text += &format!("## {title}\n{}\n", both_ways(&from, &to, renames));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_was_there_before_changes_where_it_stands() {
    let from = "CREATE TABLE hero (id INT PRIMARY KEY, name VARCHAR(20), medium ENUM('tape', 'disc') NOT NULL, \
                power INT, CHECK (power > 0), changed DATETIME ON UPDATE CURRENT_TIMESTAMP); \
                CREATE VIEW names AS SELECT name FROM hero; \
                CREATE VIEW many AS SELECT count(*) AS n FROM names; \
                CREATE PROCEDURE tidy() DELETE FROM hero WHERE id < 0; \
                CREATE TRIGGER one BEFORE INSERT ON hero FOR EACH ROW SET NEW.name = 'a'; \
                CREATE TRIGGER two BEFORE INSERT ON hero FOR EACH ROW SET NEW.power = 2; \
                CREATE EVENT daily ON SCHEDULE EVERY 1 DAY DO SELECT 1; \
                CREATE SEQUENCE numbers MAXVALUE 100 CYCLE;";
    let to = "CREATE TABLE hero (id INT PRIMARY KEY, name VARCHAR(20), medium ENUM('disc', 'file') NOT NULL, \
              power INT NOT NULL, CHECK (power > 1), CHECK (id > 0), changed DATETIME ON UPDATE CURRENT_TIMESTAMP); \
              CREATE VIEW other AS SELECT power AS name FROM hero; \
              CREATE VIEW names AS SELECT name, 1 AS one FROM other; \
              CREATE VIEW many AS SELECT count(*) AS n FROM names; \
              CREATE PROCEDURE tidy() DELETE FROM hero WHERE id < 1; \
              CREATE TRIGGER two BEFORE INSERT ON hero FOR EACH ROW SET NEW.power = 2; \
              CREATE EVENT daily ON SCHEDULE EVERY 2 DAY DO SELECT 1; \
              CREATE SEQUENCE numbers INCREMENT BY 2 NOCACHE;";
    insta::assert_snapshot!(both_ways(from, to, &[]));
}

/// Names that the server makes up are numbered on where they are taken, both ways.
#[test]
fn a_made_up_name_that_is_taken_is_numbered_on() {
    let tables = "CREATE TABLE team (id INT PRIMARY KEY);";
    let from = format!(
        "{tables} CREATE TABLE hero (a INT, b INT, c INT, CONSTRAINT CONSTRAINT_2 CHECK (a > 1), CHECK (b > 2), \
         FOREIGN KEY (a) REFERENCES team (id), FOREIGN KEY (b) REFERENCES team (id)); \
         ALTER TABLE hero DROP FOREIGN KEY hero_ibfk_1;"
    );
    let to = format!(
        "{tables} CREATE TABLE hero (a INT, b INT, c INT, CHECK (c > 3), CHECK (a > 1), \
         FOREIGN KEY (c) REFERENCES team (id), FOREIGN KEY (b) REFERENCES team (id), \
         FOREIGN KEY (a) REFERENCES team (id));"
    );
    insta::assert_snapshot!(both_ways(&from, &to, &[]));
    let renamed = to.replace("hero", "heroine");
    insta::assert_snapshot!(both_ways(&from, &renamed, &["hero:heroine"]));
}

#[test]
fn a_squash_from_a_database_is_proven_and_leads_to_the_same_place() {
    let project = Project::of(Engine::Mariadb);
    project.revision(
        "a",
        "null",
        "upgrade: |\n  CREATE TABLE team (id INT PRIMARY KEY, name VARCHAR(20) UNIQUE);\n  \
         CREATE TABLE hero (id INT AUTO_INCREMENT PRIMARY KEY, team_id INT REFERENCES team (id), power INT);\n\
         downgrade: DROP TABLE hero, team\n",
    );
    project.revision(
        "b",
        "a",
        "upgrade: |\n  CREATE PROCEDURE tidy() BEGIN DELETE FROM hero WHERE id < 0; END;\n  \
         CREATE TRIGGER strong BEFORE INSERT ON hero FOR EACH ROW BEGIN\n    \
         IF NEW.power IS NULL THEN SET NEW.power = 1; END IF;\n  END;\n  \
         CREATE VIEW strong_heroes AS SELECT id FROM hero WHERE power > 9;\n\
         downgrade: |\n  DROP VIEW strong_heroes;\n  DROP TRIGGER strong;\n  DROP PROCEDURE tidy;\n",
    );
    project.revision(
        "c",
        "b",
        "upgrade: ALTER TABLE hero ADD COLUMN name VARCHAR(20) AFTER id, ADD CHECK (power > 0)\n\
         downgrade: ALTER TABLE hero DROP CONSTRAINT CONSTRAINT_1, DROP COLUMN name\n",
    );
    project.rev(&["upgrade"]).exits(0);
    let due = project.database().dump();
    let server = server_url("REV_TEST_MYSQL_URL");
    let words = ["squash", "base:c", "--id", "sss", "--from-database", "db1"];
    project
        .rev(&[&words[..], &["--scratch", &server]].concat())
        .exits(0)
        .says("proven for db1, on throw-away databases: up and down");
    project.rev(&["downgrade", "db1@base"]).exits(0);
    assert_eq!(project.database().tables(), [""; 0]);
    project.rev(&["upgrade"]).exits(0).says("upgrade sss");
    assert_eq!(project.database().dump(), due);
    let file = std::fs::read_dir(project.root().join("revisions")).expect("a folder");
    let names = file.map(|it| it.expect("an entry").path());
    let mut made = names.filter(|it| it.to_string_lossy().contains("sss"));
    let text = std::fs::read_to_string(made.next().expect("a file")).expect("a text");
    assert!(text.contains("CREATE VIEW strong_heroes AS"), "{text}");
    assert!(!text.contains(project.database().name()), "{text}");
}

fn number(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(otherwise, |text| text.parse().expect("a number"))
}

/// From declared tables to revisions, and through kills at every boundary: whatever
/// the script does to columns, indexes and tables is settled without a person.
#[test]
fn what_autogenerate_writes_goes_on_by_itself_after_a_kill() {
    let project = Project::of(Engine::Mariadb);
    project.add_setting("models: [tables.sql]");
    let models =
        |sql: &str| std::fs::write(project.root().join("tables.sql"), sql).expect("a file");
    models(
        "CREATE TABLE team (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL);\n\
         CREATE TABLE hero (id INT PRIMARY KEY, team_id INT, name VARCHAR(20), power INT, KEY (name),\n  \
         FOREIGN KEY (team_id) REFERENCES team (id));\n",
    );
    let autogenerate = ["revision", "--autogenerate", "-m", "heroes"];
    project
        .rev(&[&autogenerate[..], &["--id", "aaaa"]].concat())
        .exits(0);
    project.rev(&["upgrade"]).exits(0);
    models(
        "CREATE TABLE team (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL DEFAULT 'x', since DATE);\n\
         CREATE TABLE hero (id INT PRIMARY KEY, team_id INT, name VARCHAR(20), born DATE,\n  \
         KEY (name(5)), KEY born (born, name), FOREIGN KEY (team_id) REFERENCES team (id));\n\
         CREATE TABLE fight (id INT PRIMARY KEY, hero_id INT, FOREIGN KEY (hero_id) REFERENCES hero (id));\n\
         CREATE VIEW names AS SELECT name FROM hero;\n\
         CREATE TRIGGER fair BEFORE INSERT ON hero FOR EACH ROW BEGIN SET NEW.born = NULL; END;\n\
         CREATE PROCEDURE tidy() BEGIN DELETE FROM fight; DELETE FROM hero; END;\n",
    );
    project.rev(&["check", "--models"]).exits(4);
    project
        .rev(&[&autogenerate[..], &["--id", "bbbb"]].concat())
        .exits(0);
    project.rev(&["upgrade"]).exits(0);
    project.rev(&["check", "--models"]).exits(0);
    let due = project.database().dump();
    project.rev(&["downgrade", "db1@aaaa"]).exits(0);
    let before = project.database().dump();
    let mut kills = 0;
    for boundary in 1.. {
        let up = project.kill_at(&["upgrade"], boundary);
        project.rev(&["upgrade"]).exits(0);
        assert_eq!(project.database().dump(), due, "up {boundary}");
        let down = project.kill_at(&["downgrade", "db1@aaaa"], boundary);
        project.rev(&["downgrade", "db1@aaaa"]).exits(0);
        assert_eq!(project.database().dump(), before, "down {boundary}");
        kills += usize::from(up) + usize::from(down);
        if !up && !down {
            break;
        }
    }
    assert!(kills > 20, "{kills}");
}

/// Looks at one pair; what is wrong with it, if anything, or how many rows were kept.
fn look(seed: u64) -> Result<usize, String> {
    let mut random = Random::new(seed);
    let pair = Pair::new(&mut random);
    let (from_sql, to_sql) = (pair.from.sql(), pair.to.sql());
    let (here, there) = (Engine::Mariadb.scratch(), Engine::Mariadb.scratch());
    let run = |scratch: &Scratch, sql: &str, what: &str| {
        let done = apply(scratch, sql);
        done.map_err(|error| format!("{what}: {error}\n--- from\n{from_sql}\n--- to\n{to_sql}"))
    };
    run(&here, &from_sql, "from")?;
    run(&here, &pair.from.rows(), "rows")?;
    run(&there, &to_sql, "to")?;
    let (from, to) = (inspect(&here), inspect(&there));
    let (renames, bad) = resolve(&pair.renames, &from, &to, Dialect::Mysql);
    let up = Diff::between(&from, &to, &renames, &Filter::default(), Dialect::Mysql);
    let (up, down) = (sql(&up), sql(&up.reversed(Dialect::Mysql)));
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
    apply(&here, &up).map_err(|error| wrong("up", &error))?;
    let left = diff(&inspect(&here), &to).sentences();
    if !left.is_empty() {
        return Err(wrong("left after up", &left));
    }
    let after = rows(|(_, query)| query);
    if after != before || after.len() != queries.len() * ROWS {
        return Err(wrong("rows", &(before, after)));
    }
    apply(&here, &down).map_err(|error| wrong("down", &error))?;
    let left = diff(&inspect(&here), &from).sentences();
    if !left.is_empty() {
        return Err(wrong("left after down", &left));
    }
    let again = rows(|(query, _)| query).len();
    if again != after.len() {
        return Err(wrong("rows after down", &again));
    }
    check_rebuilt(&to).map_err(|error| wrong("dump", &error))?;
    Ok(after.len())
}

/// A schema made from its dump is the same, and has the same dump.
fn check_rebuilt(schema: &Schema) -> Result<(), String> {
    let text = dump(schema);
    let room = Engine::Mariadb.scratch();
    apply(&room, &text)?;
    let again = inspect(&room);
    let left = diff(&again, schema).sentences();
    if !left.is_empty() {
        return Err(format!("{left:#?}\n{text}"));
    }
    match dump(&again) == text {
        true => Ok(()),
        false => Err(format!("{text}\n--- again\n{}", dump(&again))),
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "a soak says how far it went")]
fn nothing_is_left_to_do_between_random_schemas_and_no_row_is_lost() {
    let (first, pairs) = (
        number("REV_SCHEMA_SEED", 1),
        number("REV_SCHEMA_PAIRS", 160),
    );
    let work = |half: u64| {
        let seeds = (first..first + pairs).filter(|seed| seed % 2 == half);
        seeds.map(|seed| (seed, look(seed))).collect::<Vec<_>>()
    };
    let results = std::thread::scope(|scope| {
        let other = scope.spawn(move || work(1));
        let mut results = work(0);
        results.extend(other.join().expect("it ends"));
        results
    });
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
