//! Names that are swapped, on servers: up and down by way of a third, and no row is lost.

use rev_testkit::scratch::Engine;

use crate::project::Project;

const BEFORE: &str = "
CREATE TABLE a (id INT PRIMARY KEY, x VARCHAR(20), y VARCHAR(20));
CREATE TABLE b (id INT PRIMARY KEY, z VARCHAR(20), a_id INT REFERENCES a (id));
CREATE INDEX a_x ON a (x);
CREATE VIEW of_a AS SELECT x FROM a;
CREATE TABLE going (id INT PRIMARY KEY);
CREATE TABLE coming (id INT PRIMARY KEY, power INT, strength INT);
";

const AFTER: &str = "
CREATE TABLE b (id INT PRIMARY KEY, y VARCHAR(20), x VARCHAR(20));
CREATE TABLE a (id INT PRIMARY KEY, z VARCHAR(20), a_id INT REFERENCES b (id));
CREATE INDEX a_x ON b (y);
CREATE VIEW of_a AS SELECT z AS x FROM a;
CREATE TABLE going (id INT PRIMARY KEY, strength INT);
";

const RENAMES: [&str; 6] = [
    "a:b",
    "b:a",
    "b.x:y",
    "b.y:x",
    "coming:going",
    "going.power:strength",
];

fn swaps(engine: Engine) {
    let project = Project::of(engine);
    project.add_setting("models: [models.sql]");
    let declare = |models: &str| {
        std::fs::write(project.root().join("models.sql"), models).expect("a file");
    };
    declare(BEFORE);
    let words = ["revision", "--autogenerate", "-m"];
    project.rev(&[&words[..], &["first"]].concat()).exits(0);
    project.rev(&["upgrade"]).exits(0);
    let database = project.database();
    database.execute("INSERT INTO a VALUES (1, 'x', 'y')");
    database.execute("INSERT INTO b VALUES (2, 'z', 1)");
    database.execute("INSERT INTO coming VALUES (3, 30, 300)");
    declare(AFTER);
    let renames = RENAMES.iter().flat_map(|it| ["--rename", it]);
    let words: Vec<&str> = words.into_iter().chain(["swap"]).chain(renames).collect();
    project
        .rev(&words)
        .exits(0)
        .says("drops table `going` and its rows")
        .says("drops column `going.strength` and its values");
    for _ in 0..2 {
        project.rev(&["upgrade"]).exits(0);
        project.rev(&["diff"]).exits(0).says("no difference");
        assert_eq!(database.query("SELECT id, x, y FROM b"), ["1|y|x"]);
        assert_eq!(database.query("SELECT z, a_id FROM a"), ["z|1"]);
        assert_eq!(database.query("SELECT x FROM of_a"), ["z"]);
        assert_eq!(database.query("SELECT strength FROM going"), ["30"]);
        project.rev(&["downgrade", "db1@-1"]).exits(0);
        project.rev(&["check", "--live"]).exits(0);
        assert_eq!(database.query("SELECT id, x, y FROM a"), ["1|x|y"]);
        assert_eq!(database.query("SELECT x FROM of_a"), ["x"]);
        assert_eq!(database.query("SELECT power FROM coming"), ["30"]);
    }
}

#[test]
fn names_are_swapped_on_postgres() {
    swaps(Engine::Postgres);
}

#[test]
fn names_are_swapped_on_mariadb() {
    for engine in Engine::Mariadb.alone() {
        swaps(engine);
    }
}

#[test]
fn names_are_swapped_on_mysql() {
    for engine in Engine::Mysql.alone() {
        swaps(engine);
    }
}
