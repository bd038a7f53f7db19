//! Schemas that we did not write, and what edits of them give.

use rev_testkit::scratch::Engine;

use super::{both_ways, check_dump, inspect, made, snapshot, spoken};

/// The text of a schema in `fixtures/schemas/mysql`.
fn fixture(name: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/schemas/mysql");
    std::fs::read_to_string(format!("{root}/{name}.sql")).expect("a fixture")
}

#[test]
fn schemas_that_we_did_not_write_are_made_again_from_their_dumps() {
    for engine in Engine::MYSQLS {
        for name in ["chinook", "kea", "opendmarc"] {
            let schema = inspect(&made(engine, &fixture(name)));
            let dump = check_dump(engine, &schema);
            if name != "kea" {
                snapshot!(engine, format!("dump_of_{name}"), dump);
            }
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
         ALTER TABLE chinook_invoiceline ALTER INDEX chinook_invoiceline_track_id_b729568b_fk_chinook_track_id\n\
         [ignored]IGNORED\n[!ignored]INVISIBLE\n",
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
         PARTITION BY RANGE (YEAR(day)) (PARTITION old VALUES LESS THAN (2020), PARTITION new VALUES LESS THAN MAXVALUE);\n\
         [versioning]ALTER TABLE chinook_mediatype ADD SYSTEM VERSIONING\n",
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
        "[sequences]CREATE SEQUENCE genres START WITH 100 INCREMENT BY 10; SET foreign_key_checks = 0;\n\
         [sequences]ALTER TABLE chinook_genre MODIFY id INT NOT NULL DEFAULT (NEXT VALUE FOR genres)\n",
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
    for engine in Engine::MYSQLS {
        let from = fixture("chinook");
        let mut text = String::new();
        for (title, edit, renames) in EDITS_OF_CHINOOK {
            let to = format!("{from}\n{edit};");
            text += &format!("## {title}\n{}\n", both_ways(engine, &from, &to, renames));
        }
        snapshot!(engine, text);
    }
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
                CREATE EVENT daily ON SCHEDULE EVERY 1 DAY DO SELECT 1;\n\
                [sequences]CREATE SEQUENCE numbers MAXVALUE 100 CYCLE;";
    let to = "CREATE TABLE hero (id INT PRIMARY KEY, name VARCHAR(20), medium ENUM('disc', 'file') NOT NULL, \
              power INT NOT NULL, CHECK (power > 1), CHECK (id > 0), changed DATETIME ON UPDATE CURRENT_TIMESTAMP); \
              CREATE VIEW other AS SELECT power AS name FROM hero; \
              CREATE VIEW names AS SELECT name, 1 AS one FROM other; \
              CREATE VIEW many AS SELECT count(*) AS n FROM names; \
              CREATE PROCEDURE tidy() DELETE FROM hero WHERE id < 1; \
              CREATE TRIGGER two BEFORE INSERT ON hero FOR EACH ROW SET NEW.power = 2; \
              CREATE EVENT daily ON SCHEDULE EVERY 2 DAY DO SELECT 1;\n\
              [sequences]CREATE SEQUENCE numbers INCREMENT BY 2 NOCACHE;";
    for engine in Engine::MYSQLS {
        snapshot!(engine, both_ways(engine, from, to, &[]));
    }
}

/// Names that the server makes up are numbered on where they are taken, both ways.
#[test]
fn a_made_up_name_that_is_taken_is_numbered_on() {
    let tables = "CREATE TABLE team (id INT PRIMARY KEY);";
    for engine in Engine::MYSQLS {
        let second = spoken(engine).check_name("hero", 2);
        let from = format!(
            "{tables} CREATE TABLE hero (a INT, b INT, c INT, CONSTRAINT {second} CHECK (a > 1), CHECK (b > 2), \
             FOREIGN KEY (a) REFERENCES team (id), FOREIGN KEY (b) REFERENCES team (id)); \
             ALTER TABLE hero DROP FOREIGN KEY hero_ibfk_1;"
        );
        let to = format!(
            "{tables} CREATE TABLE hero (a INT, b INT, c INT, CHECK (c > 3), CHECK (a > 1), \
             FOREIGN KEY (c) REFERENCES team (id), FOREIGN KEY (b) REFERENCES team (id), \
             FOREIGN KEY (a) REFERENCES team (id));"
        );
        snapshot!(
            engine,
            "a_made_up_name_that_is_taken_is_numbered_on",
            both_ways(engine, &from, &to, &[])
        );
        let renamed = to.replace("hero", "heroine");
        snapshot!(
            engine,
            "a_made_up_name_that_is_taken_is_numbered_on-2",
            both_ways(engine, &from, &renamed, &["hero:heroine"])
        );
    }
}
