//! Clusters of three nodes: Galera, and Group Replication with one primary and with
//! several. A session on another node cannot be seen, and a node can go away.
//!
//! `scripts/with-servers` starts them where they are asked for by name, so these tests are
//! run by themselves: `scripts/test` runs the small ones, and `just soak` all of them, with
//! as many rounds as `REV_CLUSTER_ROUNDS` says.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use rev_testkit::program::{Running, wait_until};
use rev_testkit::random::Random;
use rev_testkit::scratch::{Engine, Scratch, mysql, server_url};

use crate::project::{Answer, Project};

/// How many revisions the history has.
const REVISIONS: usize = 15;

/// As often as a small run can, or as often as is asked for.
fn rounds(few: usize) -> usize {
    let wanted = std::env::var("REV_CLUSTER_ROUNDS").ok();
    wanted.map_or(few, |text| text.parse().expect("a number"))
}

/// The nodes of one cluster, for one test at a time.
struct Cluster {
    engine: Engine,
    urls: Vec<String>,
    /// What makes a session wait until its node has applied all that was ordered.
    up_to_date: &'static str,
    _turn: MutexGuard<'static, ()>,
}

/// Who uses which cluster.
static GALERA: Mutex<()> = Mutex::new(());
static GROUP: Mutex<()> = Mutex::new(());

impl Cluster {
    fn of(
        engine: Engine,
        variable: &str,
        up_to_date: &'static str,
        turn: &'static Mutex<()>,
    ) -> Self {
        let turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let urls = server_url(variable);
        Self {
            engine,
            urls: urls.split(' ').map(str::to_owned).collect(),
            up_to_date,
            _turn: turn,
        }
    }

    fn galera() -> Self {
        Self::of(
            Engine::Mariadb,
            "REV_TEST_GALERA_URLS",
            "SET SESSION wsrep_sync_wait = 1",
            &GALERA,
        )
    }

    /// A project on one database of the cluster, made on this node.
    fn project(&self, node: usize) -> Project {
        let scratch = Scratch::on(self.engine, self.urls[node].clone());
        scratch
            .execute("CREATE TABLE counted (id INT AUTO_INCREMENT PRIMARY KEY, word VARCHAR(20))");
        for url in &self.urls {
            let url = scratch.url_on(url);
            wait_until("each node has it", || {
                mysql(&url, "SELECT 1 FROM counted").is_ok()
            });
        }
        let project = Project::new(vec![("db1", scratch)]);
        write_history(&project);
        project
    }

    /// The option that leads a command to the project's database on this node.
    fn at(&self, project: &Project, node: usize) -> String {
        format!("--url=db1={}", project.database().url_on(&self.urls[node]))
    }

    fn upgrade(&self, project: &Project, node: usize) -> Answer {
        project.rev(&["upgrade", "db1@head", &self.at(project, node)])
    }

    /// Starts an upgrade, and lets nobody read what it says.
    fn start_unheard(&self, project: &Project, node: usize) -> Running {
        let mut command = project.command(&["upgrade", "db1@head", &self.at(project, node)]);
        Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()))
    }

    fn ask(&self, project: &Project, node: usize, question: &str) -> Vec<String> {
        let url = project.database().url_on(&self.urls[node]);
        let question = format!("{};\n{question}", self.up_to_date);
        mysql(&url, &question).expect("the node answers")
    }

    /// Every script ran once, the ledger says so, and all nodes have the same.
    #[track_caller]
    fn check(&self, project: &Project) {
        let all = |node| {
            [
                "SELECT word, CAST(COUNT(*) AS CHAR) FROM counted GROUP BY word ORDER BY word",
                "SELECT CAST(COUNT(*) AS CHAR) FROM rev_ledger",
                "SELECT revision, CAST(COUNT(*) AS CHAR) FROM rev_log \
                 WHERE action = 'upgrade' AND outcome = 'done' GROUP BY revision ORDER BY revision",
                "SELECT COALESCE(in_flight, 'nothing') FROM rev_state WHERE id = 1",
                "SELECT CONCAT_WS('.', TABLE_NAME, COLUMN_NAME, COLUMN_TYPE) FROM information_schema.COLUMNS \
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE 't%' ORDER BY 1",
                "SELECT CONCAT_WS('.', TABLE_NAME, INDEX_NAME, COLUMN_NAME) FROM information_schema.STATISTICS \
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE 't%' ORDER BY 1",
                "SELECT CAST(SUM(n + c) AS CHAR) FROM t01",
            ]
            .map(|question| self.ask(project, node, question))
        };
        let [counted, ledger, log, in_flight, columns, indexes, sum] = all(0);
        let once: Vec<String> = (1..=REVISIONS)
            .map(|number| format!("{}|1", id(number)))
            .collect();
        assert_eq!(counted, once, "each script ran once");
        assert_eq!(ledger, [REVISIONS.to_string()]);
        assert_eq!(log, once, "each is logged once");
        assert_eq!(in_flight, ["nothing"]);
        // Rows 1, 2 and 10; `c` was 3 and is 4.
        assert_eq!(sum, [(1 + 2 + 10 + 3 * 4).to_string()]);
        let tables = REVISIONS.div_ceil(3);
        assert_eq!(columns.len(), 3 * tables, "{columns:?}");
        assert_eq!(indexes.len(), 2 * tables, "{indexes:?}");
        for node in 1..self.urls.len() {
            assert_eq!(all(node), all(0), "node {node} has the same as the first");
        }
    }

    /// Runners on all nodes at once, so many on each.
    fn race(&self, runners: usize, rounds: usize) -> usize {
        let mut applied = 0;
        for _ in 0..rounds {
            let project = self.project(0);
            let nodes = (0..self.urls.len()).cycle().take(runners * self.urls.len());
            let starts: Vec<Running> = nodes
                .map(|node| project.start(&["upgrade", "db1@head", &self.at(&project, node)]))
                .collect();
            for answer in starts.into_iter().map(Answer::end_of) {
                applied += usize::from(answer.exits(0).text.contains("revisions applied"));
            }
            self.check(&project);
        }
        applied
    }

    /// Kills runners on the first node, and goes on on the second. At a boundary, so that
    /// nothing is left to chance, or at random instants.
    fn kill_and_follow(&self, boundaries: &[usize]) {
        for boundary in boundaries {
            let project = self.project(0);
            let arguments = ["upgrade", "db1@head", &self.at(&project, 0)];
            assert!(project.kill_at(&arguments, *boundary), "it came that far");
            self.follow(&project);
        }
    }

    fn kill_at_random_and_follow(&self, kills: usize) {
        let mut random = Random::by_the_clock();
        let project = self.project(0);
        let begun = Instant::now();
        self.upgrade(&project, 0).exits(0);
        let longest = begun.elapsed();
        let mut killed = 0;
        while killed < kills {
            let project = self.project(0);
            let mut child = self.start_unheard(&project, 0);
            thread::sleep(random.shorter_than(longest));
            let was_running = child.try_wait().expect("a process").is_none();
            child.kill().expect("a kill");
            child.wait().expect("it is gone");
            if was_running {
                self.follow(&project);
                killed += 1;
            }
        }
    }

    fn follow(&self, project: &Project) {
        self.upgrade(project, 1).exits(0);
        self.check(project);
    }
}

fn id(number: usize) -> String {
    format!("r{number:02}")
}

/// Tables, rows, and both in one step; each script counts its run.
fn write_history(project: &Project) {
    for number in 1..=REVISIONS {
        let counted = format!("INSERT INTO counted (word) VALUES ('{}')", id(number));
        let table = |number: usize| format!("t{number:02}");
        let rest = match number % 3 {
            1 => format!(
                "  CREATE TABLE {t} (id INT AUTO_INCREMENT PRIMARY KEY, n INT);\n  \
                 INSERT INTO {t} (n) VALUES (1), (2);\n  {counted};\n  \
                 ALTER TABLE {t} ADD INDEX i (n);\n",
                t = table(number)
            ),
            2 => format!(
                "  INSERT INTO {} (n) VALUES (10);\n  {counted};\n",
                table(number - 1)
            ),
            _ => format!(
                "  ALTER TABLE {t} ADD COLUMN c INT NOT NULL DEFAULT 3;\n  \
                 UPDATE {t} SET c = c + 1;\n  {counted};\n",
                t = table(number - 2)
            ),
        };
        let parent = match number {
            1 => "null".to_owned(),
            _ => id(number - 1),
        };
        let rest = format!("upgrade: |\n{rest}irreversible: true\n");
        project.revision(&id(number), &parent, &rest);
    }
}

/// Past the test runner, which keeps what a passing test prints.
fn print(line: &str) {
    let line = format!("clusters: {line}\n");
    std::io::stderr()
        .write_all(line.as_bytes())
        .expect("a line");
}

/// The group of MySQL servers, whole, in one of its modes.
struct Group {
    cluster: Cluster,
    /// The nodes that the test has started, by number.
    started: BTreeMap<usize, Child>,
}

impl Group {
    /// `None`: the mirror had no MySQL that day, which `scripts/with-servers` says aloud.
    fn with(mode: &str) -> Option<Self> {
        if server_url("REV_TEST_GROUP_URLS") == "unavailable" {
            return None;
        }
        let cluster = Cluster::of(
            Engine::Mysql,
            "REV_TEST_GROUP_URLS",
            "SET SESSION group_replication_consistency = 'BEFORE'",
            &GROUP,
        );
        let group = Self {
            cluster,
            started: BTreeMap::new(),
        };
        group.wait_until_whole();
        let primary = group.primary();
        let to_mode = format!("SELECT group_replication_switch_to_{mode}_primary_mode()");
        mysql(&group.cluster.urls[primary], &to_mode).expect("it switches");
        Some(group)
    }

    fn try_ask(&self, node: usize, question: &str) -> Option<Vec<String>> {
        mysql(&self.cluster.urls[node], question).ok()
    }

    /// The first node that takes writes, once there is one.
    fn primary(&self) -> usize {
        let question = "SELECT CAST(@@GLOBAL.super_read_only AS CHAR), MEMBER_ROLE, MEMBER_STATE \
             FROM performance_schema.replication_group_members WHERE MEMBER_ID = @@server_uuid";
        let is_primary = |node: &usize| {
            self.try_ask(*node, question) == Some(vec!["0|PRIMARY|ONLINE".to_owned()])
        };
        let mut found = None;
        wait_until("a node takes writes", || {
            found = (0..self.cluster.urls.len()).find(is_primary);
            found.is_some()
        });
        found.expect("it was found")
    }

    fn wait_until_whole(&self) {
        let online = "SELECT CAST(COUNT(*) AS CHAR) FROM performance_schema.replication_group_members \
             WHERE MEMBER_STATE = 'ONLINE'";
        let is_whole = |node| self.try_ask(node, online) == Some(vec!["3".to_owned()]);
        wait_until("the group is whole", || {
            (0..self.cluster.urls.len()).all(is_whole)
        });
    }

    fn kill(&mut self, node: usize) {
        kill(&word("REV_TEST_GROUP_PIDFILES", node));
        if let Some(mut child) = self.started.remove(&node) {
            // Until then its number is taken, and the next start takes it for alive.
            wait_until("it is gone", || {
                child.try_wait().expect("a process").is_some()
            });
        }
        wait_until("it answers no more", || {
            self.try_ask(node, "SELECT 1").is_none()
        });
    }

    /// Starts a node that was killed, and lets it join again.
    fn start(&mut self, node: usize) {
        let start = || Command::new(word("REV_TEST_GROUP_STARTS", node)).spawn();
        let mut child = start().expect("it starts");
        wait_until("it answers", || {
            // Its port may not be free at once.
            if child.try_wait().expect("a process").is_some() {
                child = start().expect("it starts");
            }
            self.try_ask(node, "SELECT 1").is_some()
        });
        self.started.insert(node, child);
        wait_until("it joins", || {
            self.try_ask(node, "START GROUP_REPLICATION").is_some()
        });
        self.wait_until_whole();
    }
}

/// What a variable says of a node: it has a word for each.
fn word(variable: &str, node: usize) -> String {
    let words = server_url(variable);
    words
        .split(' ')
        .nth(node)
        .expect("a word a node")
        .to_owned()
}

/// Kills the process whose number stands in a file.
fn kill(file: &str) {
    let process = std::fs::read_to_string(file).expect("it runs");
    let status = Command::new("kill").args(["-9", process.trim()]).status();
    assert!(status.expect("kill runs").success(), "it runs");
}

/// What leaves the clusters as they were.
mod small {
    use super::*;

    #[test]
    #[ignore = "asks for REV_SERVERS=galera"]
    fn runners_on_three_nodes_of_galera_all_succeed() {
        let cluster = Cluster::galera();
        let rounds = rounds(3);
        let applied = cluster.race(1, rounds);
        print(&format!(
            "Galera: {rounds} rounds of 3 runners on 3 nodes, all exit 0, {applied} of them applied something"
        ));
    }

    #[test]
    #[ignore = "asks for REV_SERVERS=galera"]
    fn a_runner_killed_on_one_node_of_galera_is_followed_on_another() {
        let cluster = Cluster::galera();
        // In the note of a schema change, and after it.
        cluster.kill_and_follow(&[9]);
        let kills = rounds(0);
        cluster.kill_at_random_and_follow(kills);
        print(&format!(
            "Galera: {} runners killed and followed on another node, 0 wrong",
            kills + 1
        ));
    }

    #[test]
    #[ignore = "asks for REV_SERVERS=galera"]
    fn a_run_whose_schema_change_blocks_the_cluster_is_not_taken_for_dead() {
        let cluster = Cluster::galera();
        let project = cluster.project(0);
        // Longer than a lease may stand still, in the soak. Each row takes the servers a while, so
        // that the change is still going on when the second run has begun, on a slow machine too.
        let rows = if rounds(0) == 0 { 80 } else { 800 };
        project.revision(
            "slow",
            &id(REVISIONS),
            &format!(
                "upgrade: |\n  CREATE TABLE slow (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(200), n INT);\n  \
                 INSERT INTO slow (a, n) SELECT REPEAT(MD5(seq), 6), seq FROM seq_1_to_{rows};\n  \
                 ALTER TABLE slow ADD COLUMN c CHAR(64) AS (SHA2(REPEAT(a, 50000), 256)) STORED, \
                 ADD INDEX i (a), ALGORITHM = COPY;\nirreversible: true\n"
            ),
        );
        let first = project.start(&["upgrade", "db1@head", &cluster.at(&project, 0)]);
        let has_begun = || {
            !cluster
                .ask(&project, 1, "SHOW TABLES LIKE 'slow'")
                .is_empty()
        };
        wait_until("the slow step begins", has_begun);
        // Its own node keeps it waiting, or else it waits for the lease and names the other node.
        cluster.upgrade(&project, 1).exits(0).says("nothing to do");
        Answer::end_of(first).exits(0);
        let done = cluster.ask(
            &project,
            2,
            "SELECT CAST(COUNT(*) AS CHAR) FROM rev_log WHERE revision = 'slow' AND outcome = 'done'",
        );
        assert_eq!(done, ["1"]);
    }

    #[test]
    #[ignore = "asks for REV_SERVERS=galera"]
    fn what_would_reach_one_node_only_is_refused_before_anything_is_written() {
        let cluster = Cluster::galera();
        let project = cluster.project(0);
        let url = &cluster.urls[0];
        for (bad, good) in [
            ("wsrep_OSU_method = RSU", "wsrep_OSU_method = TOI"),
            ("wsrep_on = OFF", "wsrep_on = ON"),
        ] {
            mysql(url, &format!("SET GLOBAL {bad}")).expect("it is set");
            let answer = cluster.upgrade(&project, 0);
            mysql(url, &format!("SET GLOBAL {good}")).expect("it is set");
            answer.exits(1).says(&format!(
                "the other nodes of the cluster would not get what runs here: {bad}"
            ));
            for node in 0..cluster.urls.len() {
                let tables = cluster.ask(&project, node, "SHOW TABLES LIKE 'rev%'");
                assert_eq!(tables, [""; 0], "nothing is written");
            }
        }
        cluster.upgrade(&project, 0).exits(0);
        for (number, setting) in [
            "wsrep_OSU_method = 'RSU'",
            "wsrep_on = OFF",
            "@@sql_log_bin = 0",
        ]
        .into_iter()
        .enumerate()
        {
            let set = format!(
                "upgrade: |\n  CREATE TABLE alone (id INT PRIMARY KEY);\n  SET {setting};\nirreversible: true\n"
            );
            let set = match number {
                1 => set.replace("SET wsrep_on = OFF;", "/*!50000 SET wsrep_on = OFF */;"),
                _ => set,
            };
            project.revision("alone", &id(REVISIONS), &set);
            cluster
                .upgrade(&project, 0)
                .exits(1)
                .says("the script sets");
            let tables = cluster.ask(&project, 0, "SHOW TABLES LIKE 'alone'");
            assert_eq!(tables, [""; 0], "nothing of the step ran");
        }
        // What no text shows is seen at once afterwards.
        project.revision(
            "alone",
            &id(REVISIONS),
            "upgrade: |\n  EXECUTE IMMEDIATE 'SET wsrep_on = OFF';\n  \
             CREATE TABLE alone (id INT PRIMARY KEY);\nirreversible: true\n",
        );
        let answer = cluster.upgrade(&project, 0);
        answer.says("wsrep_on = OFF");
        let tables = cluster.ask(&project, 0, "SHOW TABLES LIKE 'alone'");
        assert_eq!(tables, [""; 0], "the next statement did not run");
        let state = |node| cluster.ask(&project, node, "SELECT * FROM rev_state WHERE id = 1");
        assert_eq!(state(1), state(0), "each node has the same of it");
    }

    #[test]
    #[ignore = "asks for REV_SERVERS=galera"]
    fn one_database_by_two_nodes_is_one_database() {
        let cluster = Cluster::galera();
        let project = cluster.project(0);
        let database = project.database();
        let [one, two] = [0, 1].map(|node| database.url_on(&cluster.urls[node]));
        let text = format!("databases:\n  db1: \"{one}\"\n  db2: \"{two}\"\n");
        std::fs::write(project.root().join("rev.yaml"), text).expect("a file");
        project
            .rev(&["upgrade", "db1@head", "db2@head"])
            .exits(1)
            .says("are the same database");
    }

    #[test]
    #[ignore = "asks for REV_SERVERS=group"]
    fn the_primary_of_a_group_is_killed_and_the_run_goes_on_at_the_next() {
        let Some(mut group) = Group::with("single") else {
            return;
        };
        let mut random = Random::by_the_clock();
        let project = group.cluster.project(group.primary());
        let begun = Instant::now();
        group.cluster.upgrade(&project, group.primary()).exits(0);
        let longest = begun.elapsed();
        let (mut kills, rounds) = (0, rounds(1));
        while kills < rounds {
            let primary = group.primary();
            let project = group.cluster.project(primary);
            let mut child = group.cluster.start_unheard(&project, primary);
            thread::sleep(random.shorter_than(longest));
            let was_running = child.try_wait().expect("a process").is_none();
            group.kill(primary);
            child.wait().expect("it ends");
            let next = group.primary();
            group.cluster.upgrade(&project, next).exits(0);
            group.start(primary);
            group.cluster.check(&project);
            kills += usize::from(was_running);
            print(&format!(
                "Group Replication: kill {kills} of the primary, rows and nodes right"
            ));
        }
        print(&format!(
            "Group Replication, one primary: {kills} kills of the primary, 0 wrong"
        ));
    }

    #[test]
    #[ignore = "asks for REV_SERVERS=group"]
    fn runners_on_three_primaries_of_a_group_all_succeed() {
        let Some(group) = Group::with("multi") else {
            return;
        };
        let rounds = rounds(2);
        let applied = group.cluster.race(3, rounds);
        print(&format!(
            "Group Replication, several primaries: {rounds} rounds of 9 runners on 3 nodes, all exit 0, {applied} of them applied something"
        ));
    }

    #[test]
    #[ignore = "asks for REV_SERVERS=galera"]
    fn a_killed_runner_is_followed_on_its_own_node_without_a_wait() {
        let cluster = Cluster::galera();
        let project = cluster.project(1);
        let arguments = ["upgrade", "db1@head", &cluster.at(&project, 1)];
        assert!(project.kill_at(&arguments, 9), "it came that far");
        let answer = cluster.upgrade(&project, 1).exits(0);
        assert!(!answer.text.contains("waiting"), "{}", answer.text);
        cluster.check(&project);
    }
}

/// What takes long, and leaves the clusters as they were.
mod long {
    use super::*;

    #[test]
    #[ignore = "asks for REV_SERVERS=group"]
    fn a_runner_killed_on_one_primary_of_a_group_is_followed_on_another() {
        let Some(group) = Group::with("multi") else {
            return;
        };
        group.cluster.kill_and_follow(&[9]);
        let kills = rounds(0);
        group.cluster.kill_at_random_and_follow(kills);
        print(&format!(
            "Group Replication, several primaries: {} runners killed and followed on another node, 0 wrong",
            kills + 1
        ));
    }

    #[test]
    #[ignore = "asks for REV_SERVERS=galera"]
    fn a_run_that_was_taken_for_dead_and_comes_back_loses_and_ends_well() {
        let cluster = Cluster::galera();
        // Before a note, after a schema change, and between two groups of rows.
        for boundary in [2, 5, 7] {
            let project = cluster.project(0);
            let arguments = ["upgrade", "db1@head", &cluster.at(&project, 0)];
            let mut first = project.pause_at(&arguments, boundary);
            let second = cluster.upgrade(&project, 1).exits(0);
            second.says("another node").says("15 revisions applied");
            project.go_on();
            let status = first.wait().expect("it ends");
            assert!(status.success(), "at {boundary}");
            cluster.check(&project);
        }
    }
}

/// What leaves a node dead: each in a cluster of its own.
mod lasting {
    use super::*;

    #[test]
    #[ignore = "asks for REV_SERVERS=galera"]
    fn a_node_of_galera_is_killed_and_the_run_goes_on_at_another() {
        let mut cluster = Cluster::galera();
        let project = cluster.project(2);
        let mut child = cluster.start_unheard(&project, 2);
        let is_half_way = || {
            let rows = "SELECT CAST(COUNT(*) > 3 AS CHAR) FROM rev_ledger";
            let url = project.database().url_on(&cluster.urls[0]);
            mysql(&url, rows).is_ok_and(|rows| rows == ["1"])
        };
        wait_until("it is half way", is_half_way);
        kill(&word("REV_TEST_GALERA_PIDFILES", 2));
        assert!(
            !child.wait().expect("it ends").success(),
            "its node is gone"
        );
        cluster.upgrade(&project, 1).exits(0);
        cluster.urls.pop();
        cluster.check(&project);
        print("Galera: a node was killed in the middle of a run, which went on at another");
    }
}
