//! Damaged ledgers: every damage that one wrong row or one missing table makes is told, and
//! what is printed as a way out is one.

use rev_testkit::hints;
use rev_testkit::scratch::Engine;

use crate::project::Project;

const A: &str = "upgrade: CREATE TABLE a (n INT)\ndowngrade: DROP TABLE a\n";
const B: &str = "upgrade: CREATE TABLE b (n INT)\ndowngrade: DROP TABLE b\n";

/// The columns of the ledger's tables and what is written into each, one at a time, beside
/// NULL and what `EVERYWHERE` has.
const COLUMNS: [(&str, &str, &[&str]); 28] = [
    ("rev_state", "format", &["0", "-1", "9223372036854775807"]),
    (
        "rev_state",
        "generation",
        &["-1", "9223372036854775807", "9223372036854775806"],
    ),
    (
        "rev_state",
        "in_flight",
        &["'{}'", "'{\"step\": 1}'", "'[]'"],
    ),
    ("rev_ledger", "revision", &[]),
    (
        "rev_ledger",
        "parents",
        &["'[\"b\"]'", "'[1]'", "'{}'", "'[\"!\"]'"],
    ),
    (
        "rev_ledger",
        "dependencies",
        &["'[1]'", "'[\"b\"]'", "'[\"!@!\"]'"],
    ),
    ("rev_ledger", "message", &[]),
    ("rev_ledger", "upgrade_digest", &["'12'"]),
    ("rev_ledger", "downgrade_digest", &["'12'"]),
    ("rev_ledger", "revision_digest", &["'12'"]),
    ("rev_ledger", "downgrade", &["'[1]'"]),
    ("rev_ledger", "transaction_mode", &[]),
    ("rev_ledger", "through", &["'!'"]),
    ("rev_ledger", "applied_at", &[]),
    ("rev_ledger", "elapsed_ms", &["-1", "9223372036854775807"]),
    ("rev_ledger", "applied_by", &[]),
    ("rev_ledger", "version", &[]),
    ("rev_log", "run", &[]),
    ("rev_log", "action", &[]),
    ("rev_log", "revision", &[]),
    ("rev_log", "outcome", &[]),
    ("rev_log", "plan", &[]),
    ("rev_log", "statement", &["-1", "9223372036854775807"]),
    ("rev_log", "error", &[]),
    ("rev_log", "started", &[]),
    ("rev_log", "elapsed_ms", &["-1", "9223372036854775807"]),
    ("rev_log", "operator", &[]),
    ("rev_log", "version", &[]),
];

/// What is tried in every column; an engine that refuses it cannot have it.
const EVERYWHERE: [&str; 3] = ["NULL", "''", "'!? zz'"];

/// All the damages, each as a statement.
fn damages() -> Vec<String> {
    let mut damages: Vec<String> = ["rev_state", "rev_ledger", "rev_log"]
        .iter()
        .map(|table| format!("DROP TABLE {table}"))
        .collect();
    damages.push("DELETE FROM rev_state".to_owned());
    for (table, column, values) in COLUMNS {
        for value in values.iter().chain(&EVERYWHERE) {
            let row = match table {
                "rev_ledger" => " WHERE revision = 'b'",
                "rev_log" => " WHERE revision = 'b' AND outcome = 'done'",
                _ => "",
            };
            damages.push(format!("UPDATE {table} SET {column} = {value}{row}"));
        }
    }
    damages
}

/// Two revisions, applied.
fn applied(engine: Engine) -> Project {
    let project = Project::of(engine);
    project.revision("a", "null", A);
    project.revision("b", "a", B);
    project.rev(&["upgrade"]).exits(0);
    project
}

/// The same statement, which does nothing where it cannot be done.
fn possible(engine: Engine, damage: &str) -> String {
    match engine {
        Engine::Sqlite => damage.replace("UPDATE", "UPDATE OR IGNORE"),
        _ => damage.to_owned(),
    }
}

/// The commands of `rev repair` that are printed, with the database that they name.
fn ways(text: &str) -> Vec<String> {
    let mut commands = hints::commands(text);
    commands.retain(|it| it.starts_with("repair db1 --"));
    commands
}

/// Follows what is printed until nothing is damaged. Says whether anything was.
fn follow(project: &Project, damage: &str) -> bool {
    for round in 0..6 {
        let told = project.rev(&["status"]);
        assert!(
            told.code.is_some_and(|code| code <= 4),
            "{damage}: {told:?}"
        );
        let is_damaged = told.text.contains("the ledger is damaged")
            || told.text.contains("revisions form a cycle");
        if !is_damaged {
            return round > 0;
        }
        assert!(told.text.contains("hint:"), "{damage}: {told:?}");
        assert!(told.text.contains("`rev repair db1"), "{damage}: {told:?}");
        // Nothing runs, and nothing is written, before a person has said so.
        let refused = project.rev(&["upgrade"]);
        assert_eq!(refused.code, Some(1), "{damage}: {refused:?}");
        let shown = project.rev(&["repair", "db1"]);
        let mut found = ways(&shown.text);
        found.extend(ways(&told.text));
        let way = found.first();
        let way = way.unwrap_or_else(|| panic!("{damage}: no way out: {shown:?}"));
        let words: Vec<&str> = way.split(' ').collect();
        let done = project.rev(&words);
        assert!(
            matches!(done.code, Some(0 | 4)),
            "{damage}: `{way}`: {done:?}"
        );
    }
    panic!("{damage}: it is damaged still");
}

/// Those that are tried on an engine: each damage on two of the four, with `REV_DAMAGES=all` on all.
fn damages_of(engine: Engine) -> Vec<String> {
    let is_all = std::env::var("REV_DAMAGES").is_ok_and(|text| text == "all");
    let turn = usize::from(matches!(engine, Engine::Postgres | Engine::Mysql));
    let damages = damages().into_iter().enumerate();
    damages
        .filter(|(number, _)| is_all || (number + turn) % 2 == 0)
        .map(|(_, damage)| damage)
        .collect()
}

#[test]
fn every_damage_of_one_row_or_one_table_is_told_and_has_a_way_out() {
    let on = |engine: Engine| {
        let (mut tried, mut damaged) = (0, 0);
        // The log is for people: nothing that stands there stops anything.
        let (of_log, others): (Vec<_>, Vec<_>) = damages_of(engine)
            .into_iter()
            .partition(|it| it.starts_with("UPDATE rev_log"));
        let logged = applied(engine);
        for damage in of_log {
            let _ = logged.database().try_query(&possible(engine, &damage));
            let log = logged.rev(&["log"]);
            assert!(log.code.is_some_and(|code| code <= 1), "{damage}: {log:?}");
        }
        logged.rev(&["status"]).exits(0);
        logged.rev(&["downgrade", "db1@base"]).exits(0);
        for damage in others {
            let project = applied(engine);
            let made = project.database().try_query(&possible(engine, &damage));
            if made.is_err() {
                continue;
            }
            tried += 1;
            let log = project.rev(&["log"]);
            assert!(log.code.is_some_and(|code| code <= 1), "{damage}: {log:?}");
            if !follow(&project, &damage) {
                continue;
            }
            damaged += 1;
            assert_eq!(
                project.database().tables(),
                ["a", "b"],
                "{engine:?}: {damage}"
            );
            // What was lost is told by hand, and all goes on.
            project.rev(&["stamp", "db1@b"]).exits(0);
            project.rev(&["upgrade"]).exits(0).says("nothing to do");
            project.rev(&["downgrade", "db1@base"]).exits(0);
            assert_eq!(project.database().tables(), [""; 0], "{engine:?}: {damage}");
        }
        assert!(
            damaged >= 12 && tried > damaged,
            "{engine:?}: {damaged} of {tried}"
        );
    };
    std::thread::scope(|scope| {
        let engines = Engine::ALL.into_iter();
        let engines: Vec<_> = engines
            .map(|engine| scope.spawn(move || on(engine)))
            .collect();
        for engine in engines {
            engine.join().expect("it holds");
        }
    });
}

#[test]
fn a_ledger_whose_rows_are_gone_says_what_the_log_knows() {
    for engine in Engine::ALL {
        let project = applied(engine);
        project.rev(&["downgrade", "db1@a"]).exits(0);
        project.database().execute("DROP TABLE rev_ledger");
        let shown = project.rev(&["repair"]).exits(4);
        let shown = shown.says("its table `rev_ledger` is missing");
        shown.says("by the log these were applied: a\n");
        project
            .rev(&["repair", "--rebuild"])
            .exits(0)
            .says("rebuilt");
        project.rev(&["stamp", "db1@a"]).exits(0);
        project
            .rev(&["upgrade"])
            .exits(0)
            .says("1 revision applied");
        assert_eq!(project.database().tables(), ["a", "b"], "{engine:?}");
    }
}

#[test]
fn a_row_without_its_file_is_not_written_anew() {
    for engine in Engine::ALL {
        let project = applied(engine);
        std::fs::remove_file(project.root().join("revisions/b.yaml")).expect("removed");
        let damage = "UPDATE rev_ledger SET parents = 'x' WHERE revision = 'b'";
        project.database().execute(damage);
        project.rev(&["repair", "db1", "--accept", "b"]).exits(1);
        let rows = "SELECT parents FROM rev_ledger WHERE revision = 'b'";
        assert_eq!(project.database().query(rows), ["x"], "{engine:?}");
        project.rev(&["repair", "db1", "--rebuild"]).exits(4);
        assert_eq!(project.database().query(rows), ["x"], "{engine:?}");
        project.revision("b", "a", B);
        project.rev(&["repair", "db1", "--accept", "b"]).exits(0);
        project.rev(&["downgrade", "db1@base"]).exits(0);
        assert_eq!(project.database().tables(), [""; 0], "{engine:?}");
    }
}
