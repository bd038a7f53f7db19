//! Kills from outside: at every statement boundary, and at random instants.
//!
//! A history goes up and down on one database, and is killed on the way. After
//! each kill the same command runs again: it must arrive at what an undisturbed
//! run leaves, row for row, or stop with a question whose true answer leads there.

use std::io::Write as _;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rev_testkit::program::Running;
use rev_testkit::random::Random;
use rev_testkit::scratch::Engine;

use crate::project::{Project, contents};

/// Random kills an engine; `REV_KILLS` asks for another number.
const KILLS: usize = 200;

/// Where each script writes that it ran: no key, so a second time is a second row.
const COUNTED: &str = "CREATE TABLE counted (word VARCHAR(20))";

#[test]
fn sqlite_survives_a_kill_at_every_boundary() {
    Trial::of(Engine::Sqlite).kill_at_every_boundary();
}

#[test]
fn postgres_survives_a_kill_at_every_boundary() {
    Trial::of(Engine::Postgres).kill_at_every_boundary();
}

#[test]
fn mariadb_survives_a_kill_at_every_boundary() {
    Trial::of(Engine::Mariadb).kill_at_every_boundary();
}

#[test]
fn mysql_survives_a_kill_at_every_boundary() {
    for engine in Engine::Mysql.alone() {
        Trial::of(engine).kill_at_every_boundary();
    }
}

#[test]
fn sqlite_survives_kills_at_random_instants() {
    Trial::of(Engine::Sqlite).kill_at_random();
}

#[test]
fn postgres_survives_kills_at_random_instants() {
    Trial::of(Engine::Postgres).kill_at_random();
}

#[test]
fn mariadb_survives_kills_at_random_instants() {
    Trial::of(Engine::Mariadb).kill_at_random();
}

#[test]
fn mysql_survives_kills_at_random_instants() {
    for engine in Engine::Mysql.alone() {
        Trial::of(engine).kill_at_random();
    }
}

/// Which way the history goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// A history, its database, and one beside it that nothing disturbs.
struct Trial {
    project: Project,
    undisturbed: Project,
    /// How often the history has gone all the way up, or begun to.
    ups: usize,
    downs: usize,
    kills: usize,
    questions: usize,
}

impl Way {
    fn arguments(self) -> [&'static str; 2] {
        match self {
            Way::Up => ["upgrade", "db1@head"],
            Way::Down => ["downgrade", "db1@base"],
        }
    }

    fn word(self) -> &'static str {
        match self {
            Way::Up => "up",
            Way::Down => "down",
        }
    }
}

impl Trial {
    fn of(engine: Engine) -> Self {
        let project = Project::of(engine);
        let undisturbed = Project::of(engine);
        for project in [&project, &undisturbed] {
            write_history(project, engine);
            project.database().execute(COUNTED);
            if engine.is_mysql() {
                project
                    .database()
                    .execute(&COUNTED.replace("counted (", "untransacted ("));
                project
                    .database()
                    .execute("ALTER TABLE untransacted ENGINE = MyISAM");
            }
        }
        Self {
            project,
            undisturbed,
            ups: 0,
            downs: 0,
            kills: 0,
            questions: 0,
        }
    }

    fn kill_at_every_boundary(mut self) {
        let mut went = [true, true];
        for boundary in 1.. {
            for (way, went) in [Way::Up, Way::Down].into_iter().zip(&mut went) {
                self.begin(way);
                *went = self.project.kill_at(&way.arguments(), boundary);
                self.kills += usize::from(*went);
                self.finish(way);
            }
            if went == [false, false] {
                break;
            }
        }
        assert!(self.kills > 40, "{} kills are no matrix", self.kills);
        self.print("at boundaries");
    }

    fn kill_at_random(mut self) {
        let wanted = std::env::var("REV_KILLS").ok();
        let wanted = wanted.map_or(KILLS, |text| text.parse().expect("a number"));
        let mut random = Random::by_the_clock();
        for way in [Way::Up, Way::Down].into_iter().cycle() {
            if self.kills >= wanted {
                break;
            }
            let mut longest = self.begin(way);
            // Killed again and again, until one comes through; on a machine that has become
            // slower meanwhile none would, if none got longer.
            while self.kill_within(way, random.shorter_than(longest)) {
                longest += longest / 4;
            }
            self.finish(way);
        }
        self.print("at random instants");
    }

    /// Kills a run after a while. Says whether it was still on its way.
    fn kill_within(&mut self, way: Way, instant: Duration) -> bool {
        let mut command = self.project.command(&way.arguments());
        let mut child = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
        thread::sleep(instant);
        let was_running = child.try_wait().expect("a process").is_none();
        child.kill().expect("a kill");
        child.wait().expect("it is gone");
        self.kills += usize::from(was_running);
        was_running
    }

    /// Goes that way undisturbed, beside. Says how long that took.
    fn begin(&mut self, way: Way) -> Duration {
        match way {
            Way::Up => self.ups += 1,
            Way::Down => self.downs += 1,
        }
        let begun = Instant::now();
        self.undisturbed.rev(&way.arguments()).exits(0);
        begun.elapsed()
    }

    /// Runs the command again, and answers what it asks, until it is through.
    fn finish(&mut self, way: Way) {
        for _ in 0..20 {
            let answer = self.project.rev(&way.arguments());
            if answer.code == Some(0) {
                return self.check(way);
            }
            let text = answer.exits(1).says("rev repair").text;
            let repair = self.project.rev(&["repair", "db1", "--format", "json"]);
            let truth = self.truth(way, &repair.text);
            let truth = truth.unwrap_or_else(|| panic!("no question is known here:\n{text}"));
            self.questions += 1;
            let choice = if truth { "--applied" } else { "--not-applied" };
            self.project.rev(&["repair", "db1", choice]).exits(0);
        }
        panic!("it never arrives");
    }

    /// Whether the statement in doubt took effect, which only a test can tell.
    fn truth(&self, way: Way, question: &str) -> Option<bool> {
        let database = self.project.database();
        let times = match way {
            Way::Up => self.ups,
            Way::Down => self.downs,
        };
        question.contains("untransacted").then(|| {
            let query = format!(
                "SELECT word FROM untransacted WHERE word = '{}'",
                way.word()
            );
            database.query(&query).len() == times
        })
    }

    #[track_caller]
    fn check(&self, way: Way) {
        assert_eq!(
            contents(self.project.database()),
            contents(self.undisturbed.database()),
            "after {} kills, on the way {}",
            self.kills,
            way.word()
        );
    }

    /// Past the test runner, which keeps what a passing test prints.
    fn print(&self, what: &str) {
        let server = self.project.database().server();
        let (kills, questions) = (self.kills, self.questions);
        let line = format!(
            "kill matrix: {server}: {kills} kills {what}, {questions} needed `rev repair`, 0 wrong\n"
        );
        std::io::stderr()
            .write_all(line.as_bytes())
            .expect("a line");
    }
}

/// DDL and DML, mixed and apart, two branches and their merge, with and without
/// a transaction.
fn write_history(project: &Project, engine: Engine) {
    project.revision(
        "a",
        "null",
        "upgrade: |\n  CREATE TABLE t (id INT PRIMARY KEY, n INT, name VARCHAR(40));\n  \
         INSERT INTO t VALUES (1, 0, 'one'), (2, 0, 'two');\n  \
         INSERT INTO counted VALUES ('a up');\n\
         downgrade: |\n  INSERT INTO counted VALUES ('a down');\n  DROP TABLE t;\n",
    );
    project.revision(
        "b",
        "a",
        "upgrade: |\n  UPDATE t SET n = n + 1;\n  INSERT INTO counted VALUES ('b up');\n  \
         UPDATE t SET n = n * 2;\n\
         downgrade: |\n  UPDATE t SET n = n - 1;\n  INSERT INTO counted VALUES ('b down');\n",
    );
    project.revision(
        "left",
        "b",
        "upgrade: |\n  INSERT INTO counted VALUES ('left up');\n  \
         ALTER TABLE t ADD COLUMN extra INT;\n  UPDATE t SET extra = n + 1, n = n + 1;\n  \
         CREATE INDEX i ON t (extra);\n  INSERT INTO counted VALUES ('left again');\n\
         downgrade: |\n  UPDATE t SET n = n - 1;\n  DROP INDEX i ON_T;\n  \
         ALTER TABLE t DROP COLUMN extra;\n  INSERT INTO counted VALUES ('left down');\n"
            .replace(" ON_T", if engine.is_mysql() { " ON t" } else { "" })
            .as_str(),
    );
    project.revision(
        "right",
        "b",
        "transaction: none\nupgrade:\n  - CREATE TABLE u (n INT)\n  \
         - INSERT INTO u SELECT n FROM t\n  - INSERT INTO counted VALUES ('right up')\n  \
         - ALTER TABLE u RENAME TO v\n  - UPDATE v SET n = n + 1\n\
         downgrade:\n  - UPDATE v SET n = n - 1\n  - INSERT INTO counted VALUES ('right down')\n  \
         - DROP TABLE v\n",
    );
    project.revision("merged", "[left, right]", "");
    project.revision("last", "merged", own(engine));
    // Rows between changes of the schema, and changes with nothing between them.
    project.revision(
        "rows",
        "last",
        "upgrade: |\n  CREATE TABLE g (id INT PRIMARY KEY, n INT);\n  \
         INSERT INTO g VALUES (1, 0);\n  INSERT INTO g VALUES (2, 0);\n  \
         INSERT INTO counted VALUES ('rows up');\n  ALTER TABLE g ADD COLUMN extra INT;\n  \
         UPDATE g SET n = n + 1;\n  INSERT INTO counted VALUES ('rows again');\n  \
         UPDATE g SET n = n * 2;\n\
         downgrade: |\n  UPDATE g SET n = n - 1;\n  INSERT INTO counted VALUES ('rows down');\n  \
         DROP TABLE g;\n",
    );
    for (table, parent) in [("p", "rows"), ("q", "p"), ("r", "q")] {
        project.revision(
            table,
            parent,
            &format!(
                "upgrade: CREATE TABLE {table} (id INT PRIMARY KEY)\ndowngrade: DROP TABLE {table}\n"
            ),
        );
    }
}

/// What only this engine has.
fn own(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => {
            "transaction: none\nupgrade:\n  - INSERT INTO counted VALUES ('up')\n  - VACUUM\n  \
             - UPDATE t SET n = n + 1\n\
             downgrade:\n  - UPDATE t SET n = n - 1\n  - VACUUM\n  - INSERT INTO counted VALUES ('down')\n"
        }
        Engine::Postgres => {
            "transaction: none\nupgrade:\n  - CREATE INDEX CONCURRENTLY j ON t (name)\n  \
             - INSERT INTO counted VALUES ('up')\n  - CREATE INDEX CONCURRENTLY k ON t (n)\n  \
             - VACUUM t\n  - UPDATE t SET n = n + 1\n\
             downgrade:\n  - UPDATE t SET n = n - 1\n  - DROP INDEX CONCURRENTLY k\n  \
             - INSERT INTO counted VALUES ('down')\n  - DROP INDEX CONCURRENTLY j\n"
        }
        Engine::Mariadb | Engine::Mysql => {
            "upgrade: |\n  UPDATE t SET n = n + 1;\n  ALTER TABLE t COMMENT = 'up';\n  \
             ALTER TABLE t MODIFY n BIGINT;\n  CREATE TABLE f (id INT PRIMARY KEY, t INT);\n  \
             ALTER TABLE f ADD CONSTRAINT f_t FOREIGN KEY (t) REFERENCES t (id);\n  \
             INSERT INTO counted VALUES ('up');\n  INSERT INTO untransacted VALUES ('up');\n  \
             RENAME TABLE v TO w;\n\
             downgrade: |\n  RENAME TABLE w TO v;\n  DROP TABLE f;\n  \
             ALTER TABLE t MODIFY n INT;\n  INSERT INTO untransacted VALUES ('down');\n  \
             ALTER TABLE t COMMENT = 'down';\n  UPDATE t SET n = n - 1;\n  \
             INSERT INTO counted VALUES ('down');\n"
        }
    }
}
