//! What commands do with schemas of MySQL and MariaDB.

use rev_testkit::scratch::Engine;

use super::spoken;
use crate::project::Project;

#[test]
fn a_squash_from_a_database_is_proven_and_leads_to_the_same_place() {
    for engine in Engine::MYSQLS {
        squash(engine);
    }
}

fn squash(engine: Engine) {
    let project = Project::of(engine);
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
        &"upgrade: ALTER TABLE hero ADD COLUMN name VARCHAR(20) AFTER id, ADD CHECK (power > 0)\n\
         downgrade: ALTER TABLE hero DROP CONSTRAINT check_name, DROP COLUMN name\n"
            .replace("check_name", &spoken(engine).check_name("hero", 1)),
    );
    project.rev(&["upgrade"]).exits(0);
    let due = project.database().dump();
    let server = engine.server_url();
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

/// From declared tables to revisions, and through kills at every boundary: whatever
/// the script does to columns, indexes and tables is settled without a person.
#[test]
fn what_autogenerate_writes_goes_on_by_itself_after_a_kill() {
    for engine in Engine::MYSQLS {
        kill(engine);
    }
}

fn kill(engine: Engine) {
    let project = Project::of(engine);
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

/// The throw-away database stands beside the live one, under the same login.
#[test]
fn models_cannot_reach_the_live_database() {
    for engine in Engine::MYSQLS {
        reach_live(engine);
    }
}

fn reach_live(engine: Engine) {
    let project = Project::of(engine);
    project.add_setting("models: [tables.sql]");
    let database = project.database();
    database.execute("CREATE TABLE hero (id INT PRIMARY KEY)");
    let live = database.name();
    for foreign in [
        format!("USE `{live}`;\nDROP TABLE IF EXISTS hero;\n"),
        format!("DROP TABLE `{live}`.hero;\n"),
        format!("CREATE OR REPLACE TABLE `{live}`.hero (n INT);\n"),
    ] {
        std::fs::write(project.root().join("tables.sql"), foreign).expect("a file");
        project
            .rev(&["diff", "--from-revisions"])
            .exits(1)
            .says("are not loaded");
    }
    assert_eq!(database.tables(), ["hero"]);
    assert_eq!(database.query("SELECT count(id) FROM hero"), ["0"]);
}

/// What a program prints may depend on which of the two servers it is for.
#[test]
fn a_program_is_told_that_which_server_it_is_for() {
    for engine in Engine::MYSQLS {
        tell(engine);
    }
}

fn tell(engine: Engine) {
    let project = Project::of(engine);
    project.add_setting(
        "models: {command: [sh, -c, 'echo \"CREATE TABLE on_$REV_SERVER (a INT); CREATE TABLE is_$REV_DIALECT (a INT);\"']}",
    );
    let server = engine.server_url();
    let answer = project.rev(&["diff", "--from-revisions", "--scratch", &server]);
    let server = match engine {
        Engine::Mariadb => "on_mariadb",
        _ => "on_mysql",
    };
    answer.exits(0).says(server).says("is_mysql");
}

/// As `mariadb-dump` and `mysqldump` of 9.7 have written it, with `--no-data --routines --events`.
#[test]
fn what_the_server_s_own_program_dumps_is_loaded_as_models() {
    for engine in Engine::MYSQLS {
        load_dump(engine);
    }
}

fn load_dump(engine: Engine) {
    let project = Project::of(engine);
    let models = project.root().join("models.sql");
    let has_sequences = spoken(engine).has("sequences");
    let dumped = if has_sequences {
        include_str!("dump.sql")
    } else {
        include_str!("dump_of_mysql.sql")
    };
    std::fs::write(&models, dumped).expect("a file");
    project.add_setting("models: [models.sql]");
    let mut answer = project.rev(&["diff"]).exits(0);
    if has_sequences {
        answer = answer.says("creates sequence `s`");
    }
    for words in [
        "creates table `hero`",
        "creates table `team`",
        "creates view `both_`",
        "creates view `strong`",
        "creates trigger `t1`",
        "creates routine `tidy`",
        "creates event `e`",
    ] {
        answer = answer.says(words);
    }
    project
        .rev(&["revision", "--autogenerate", "-m", "all"])
        .exits(0);
    project.rev(&["upgrade"]).exits(0);
    project.rev(&["check", "--models", "--live"]).exits(0);
}

/// An event may fire while the models are there.
#[test]
fn models_whose_event_reaches_the_live_database_are_not_loaded() {
    for engine in Engine::MYSQLS {
        fire(engine);
    }
}

fn fire(engine: Engine) {
    let project = Project::of(engine);
    let live = project.database().name();
    project
        .database()
        .execute("CREATE TABLE hero (id INT); INSERT INTO hero VALUES (1)");
    let sql = format!(
        "CREATE TABLE hero (id INT);\nCREATE PROCEDURE tidy() DELETE FROM {live}.hero;\n\
         CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO CALL tidy();\n"
    );
    std::fs::write(project.root().join("models.sql"), sql).expect("a file");
    project.add_setting("models: [models.sql]");
    let answer = project.rev(&["diff"]).exits(1);
    answer
        .says("models.sql:2:")
        .says("an event may run this at once");
    assert_eq!(project.database().query("SELECT id FROM hero"), ["1"]);
}
