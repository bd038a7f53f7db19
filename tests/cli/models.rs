//! Declared schemas: autogenerate, diff, check and dump.

use crate::harness::{Answer, Project, assert_answer};

const SETTINGS: &str = "\
databases:
  db1:
    url: sqlite://db1.sqlite
    models: schema/*.sql
  db2:
    url: sqlite://db2.sqlite
    groups: [reporting]
    models: [reports.sql]
  db3:
    url: sqlite://db3.sqlite
    shared: false
";

const HERO: &str = "\
CREATE TABLE team (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);
CREATE TABLE hero (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  power TEXT,
  team_id INTEGER REFERENCES team (id)
);
CREATE INDEX hero_name ON hero (name);
CREATE VIEW strong AS SELECT name FROM hero WHERE power IS NOT NULL;
";

const REPORTS: &str =
    "CREATE TABLE hero_stats (hero_id INTEGER PRIMARY KEY, fights INTEGER NOT NULL);\n";

fn project() -> Project {
    let project = Project::empty();
    project.write("rev.yaml", SETTINGS);
    project.write("revisions/.gitkeep", "");
    project.write("schema/hero.sql", HERO);
    project.write("reports.sql", REPORTS);
    project
}

/// A project whose databases are what their models declare.
fn applied() -> Project {
    let project = project();
    let written = autogenerate(&project, "add hero", "aaaa");
    assert_eq!(written.exit, Some(0), "{written}");
    let done = project.rev("upgrade");
    assert_eq!(done.exit, Some(0), "{done}");
    project
}

fn autogenerate(project: &Project, message: &str, id: &str) -> Answer {
    project.rev_with(
        &["revision", "--autogenerate", "-m", message, "--id", id],
        &[],
    )
}

fn file(project: &Project, name: &str) -> String {
    let text = std::fs::read_to_string(project.path().join(name)).expect("a file");
    text.lines()
        .filter(|line| !line.starts_with("created:"))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn a_first_revision_is_written_for_each_database_and_nothing_is_left() {
    let project = project();
    assert_answer!("models_first", autogenerate(&project, "add hero", "aaaa"));
    assert_answer!(
        "models_first_file",
        file(&project, "revisions/aaaa_add_hero.yaml")
    );
    let done = project.rev("upgrade");
    assert_eq!(done.exit, Some(0), "{done}");
    assert_answer!("models_nothing", autogenerate(&project, "again", "bbbb"));
    assert!(!project.has("revisions/bbbb_again.yaml"));
    assert_answer!("models_check", project.rev("check --models --live"));
    let down = project.rev("downgrade base");
    assert_eq!(down.exit, Some(0), "{down}");
    assert_eq!(project.rev("dump").out, "-- db1\n\n-- db2\n\n-- db3\n\n");
}

#[test]
fn one_database_gets_its_revision_and_others_stay_out_of_it() {
    let project = project();
    let words = [
        "revision",
        "--autogenerate",
        "-m",
        "stats",
        "--id",
        "aaaa",
        "-d",
        "db2",
    ];
    let written = project.rev_with(&words, &[]);
    assert_eq!(written.exit, Some(0), "{written}");
    assert_answer!(
        "models_one_file",
        file(&project, "revisions/aaaa_stats.yaml")
    );
}

#[test]
fn what_all_shared_databases_need_stands_at_the_top() {
    let project = project();
    let settings = "databases:\n  db1: {url: 'sqlite://db1.sqlite', models: reports.sql}\n  \
                    db2: {url: 'sqlite://db2.sqlite', models: reports.sql}\n";
    project.write("rev.yaml", settings);
    let written = autogenerate(&project, "stats", "aaaa");
    assert_eq!(written.exit, Some(0), "{written}");
    let text = file(&project, "revisions/aaaa_stats.yaml");
    assert!(
        text.contains("\nupgrade: |") && !text.contains("databases:"),
        "{text}"
    );
}

#[test]
fn what_is_declared_apart_is_filed_apart_though_it_be_the_same_today() {
    let project = Project::empty();
    project.write("revisions/.gitkeep", "");
    let print = |text: &str| format!("{{command: [sh, -c, '{text}']}}");
    let hero = "echo \"CREATE TABLE hero (id INT);\"";
    for (name, (one, two), is_one) in [
        ("files", ("a.sql".to_owned(), "b.sql".to_owned()), false),
        (
            "same_files",
            ("'?.sql'".to_owned(), "[a.sql, b.sql]".to_owned()),
            true,
        ),
        (
            "programs",
            (print(hero), print(&format!("true; {hero}"))),
            false,
        ),
        ("same_program", (print(hero), print(hero)), true),
        (
            "by_name",
            (
                print("cat $REV_DATABASE.sql"),
                print("cat $REV_DATABASE.sql"),
            ),
            true,
        ),
        ("kinds", ("a.sql".to_owned(), print("cat a.sql")), false),
    ] {
        for file in ["a.sql", "db1.sql", "db2.sql"] {
            project.write(file, "CREATE TABLE hero (id INT);\n");
        }
        project.write(
            "b.sql",
            match name {
                "same_files" => "-- and nothing else\n",
                _ => "CREATE TABLE hero (id INT);\n",
            },
        );
        let settings = format!(
            "databases:\n  db1: {{url: 'sqlite://db1.sqlite', models: {one}}}\n  \
             db2: {{url: 'sqlite://db2.sqlite', models: {two}}}\n"
        );
        project.write("rev.yaml", &settings);
        let words = format!("revision --autogenerate -m {name} --id {name}");
        let written = project.rev(&words);
        assert_eq!(written.exit, Some(0), "{written}");
        let path = format!("revisions/{name}_{name}.yaml");
        let text = file(&project, &path);
        assert_eq!(text.contains("\nupgrade: "), is_one, "{name}: {text}");
        assert_eq!(text.contains("\ndatabases:"), !is_one, "{name}: {text}");
        std::fs::remove_file(project.path().join(path)).expect("removed");
    }
}

#[test]
fn a_live_database_must_stand_at_the_head_and_revisions_need_none() {
    let project = project();
    autogenerate(&project, "add hero", "aaaa");
    assert_answer!("models_not_at_head", project.rev("diff db1"));
    assert_answer!(
        "models_from_revisions",
        project.rev("diff --from-revisions")
    );
    assert!(!project.has("db1.sqlite"), "comparing makes no database");
    project.rev("upgrade");
    let beside = "revision: cccc\ndown_revision: aaaa\nupgrade: CREATE TABLE x (a)\ndowngrade: DROP TABLE x\n";
    project.write("revisions/cccc.yaml", beside);
    project.rev("upgrade");
    std::fs::remove_file(project.path().join("revisions/cccc.yaml")).expect("removed");
    assert_answer!("models_beyond_head", project.rev("diff db1"));
}

#[test]
fn a_rename_is_a_loss_unless_it_is_told() {
    let project = applied();
    let renamed = HERO.replace("power", "strength").replace("hero", "heroine");
    project.write("schema/hero.sql", &renamed);
    assert_answer!("models_rename_untold", project.rev("diff db1"));
    assert_answer!(
        "models_rename_untold_sql",
        project.rev("diff db1 --format sql")
    );
    let told = "diff db1 --rename hero:heroine --rename hero.power:strength";
    assert_answer!("models_rename_told", project.rev(told));
    assert_answer!(
        "models_rename_told_sql",
        project.rev(&format!("{told} --format sql"))
    );
    assert_answer!(
        "models_rename_json",
        project.rev(&format!("{told} --format json"))
    );
    assert_answer!(
        "models_rename_wrong",
        project.rev("diff db1 --rename hero:villain")
    );
    let settings = SETTINGS.to_owned()
        + "autogenerate:\n  renames: ['hero:heroine', 'hero.power:strength', 'long:ago']\n";
    project.write("rev.yaml", &settings);
    assert_eq!(project.rev("diff db1").out, project.rev(told).out);
}

#[test]
fn a_rename_keeps_the_rows_both_ways() {
    let project = applied();
    let db1 = project.path().join("db1.sqlite");
    rev_testkit::sqlite::execute(
        &db1,
        "INSERT INTO hero (id, name, power) VALUES (1, 'Ada', 'foresight')",
    );
    project.write("schema/hero.sql", &HERO.replace("power", "strength"));
    let words = "revision --autogenerate -m strength --id bbbb --rename hero.power:strength";
    let written = project.rev(words);
    assert_eq!(written.exit, Some(0), "{written}");
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let strength = rev_testkit::sqlite::query(&db1, "SELECT name, strength FROM hero");
    assert_eq!(strength, ["Ada|foresight"]);
    assert_eq!(project.rev("check --models").exit, Some(0));
    assert_eq!(project.rev("downgrade db1@aaaa").exit, Some(0));
    let power = rev_testkit::sqlite::query(&db1, "SELECT name, power FROM hero");
    assert_eq!(power, ["Ada|foresight"]);
}

#[test]
fn what_is_left_out_is_neither_seen_nor_lost() {
    let project = applied();
    let db1 = project.path().join("db1.sqlite");
    let by_hand = "CREATE TABLE tmp_import (a); CREATE INDEX by_hand ON hero (power); \
                   CREATE TRIGGER noisy AFTER INSERT ON hero BEGIN SELECT 1; END";
    rev_testkit::sqlite::execute(&db1, by_hand);
    assert_answer!("models_by_hand", project.rev("check --live db1"));
    let excluded = [
        "--exclude",
        "tmp_*",
        "--exclude",
        "index:hero.by_*",
        "--exclude",
        "trigger:*",
    ];
    let rev = |words: &[&str]| project.rev_with(&[words, &excluded].concat(), &[]);
    assert_eq!(rev(&["check", "--live", "db1"]).exit, Some(0));
    // What needs a rebuild brings along what was left out of the comparison.
    project.write(
        "schema/hero.sql",
        &HERO.replace("name TEXT NOT NULL,", "name TEXT,"),
    );
    assert_answer!("models_excluded", rev(&["diff", "db1", "--format", "sql"]));
    assert_answer!("models_bad_pattern", project.rev("diff --exclude tables:x"));
    project.write(
        "rev.yaml",
        &(SETTINGS.to_owned() + "autogenerate: {exclude: ['tables:x']}\n"),
    );
    assert_answer!("models_bad_pattern_setting", project.rev("diff"));
}

#[test]
fn models_that_differ_are_a_finding() {
    let project = applied();
    project.write(
        "schema/team.sql",
        "CREATE TABLE city (id INTEGER PRIMARY KEY);\n",
    );
    assert_answer!("models_differ", project.rev("check --models"));
    assert_answer!(
        "models_differ_json",
        project.rev("check --models --format json")
    );
    assert_answer!("models_check_flags", project.rev("check db1"));
}

#[test]
fn models_that_could_touch_another_database_are_not_loaded() {
    let project = project();
    let declared = "CREATE TABLE hero (id INTEGER);\n";
    project.write("schema/hero.sql", declared);
    assert_eq!(autogenerate(&project, "hero", "aaaa").exit, Some(0));
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let foreign = "ATTACH 'db1.sqlite' AS live;\nDROP TABLE live.hero;\n";
    project.write("schema/hero.sql", &(declared.to_owned() + foreign));
    assert_answer!("models_foreign_statement", project.rev("diff db1"));
    project.write("schema/hero.sql", "DROP TABLE IF EXISTS hero;\n");
    assert_answer!("models_foreign_drop", project.rev("check --models db1"));
    let rows = declared.to_owned() + "INSERT INTO hero VALUES (1);\n";
    project.write("schema/hero.sql", &rows);
    assert_answer!("models_foreign_rows", autogenerate(&project, "b", "bbbb"));
    project.write("schema/hero.sql", declared);
    let live = project.rev("check --live db1");
    assert_eq!(live.exit, Some(0), "{live}");
}

#[test]
fn a_conflict_clause_does_not_delete_rows_while_a_table_is_made_anew() {
    let project = project();
    project.write("reports.sql", "CREATE TABLE s (a TEXT, b TEXT);\n");
    assert_eq!(autogenerate(&project, "s", "aaaa").exit, Some(0));
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let db2 = project.path().join("db2.sqlite");
    rev_testkit::sqlite::execute(&db2, "INSERT INTO s VALUES ('1', 'x'), ('2', 'x')");
    let ignoring = "CREATE TABLE s (a TEXT, b TEXT UNIQUE ON CONFLICT IGNORE);\n";
    project.write("reports.sql", ignoring);
    assert_eq!(autogenerate(&project, "unique", "bbbb").exit, Some(0));
    let failed = project.rev("upgrade");
    assert_ne!(failed.exit, Some(0), "{failed}");
    let left = rev_testkit::sqlite::query(&db2, "SELECT a FROM s ORDER BY a");
    assert_eq!(left, ["1", "2"]);
}

#[test]
fn models_with_mistakes_are_told_at_their_place() {
    let project = project();
    project.write(
        "schema/hero.sql",
        "CREATE TABLE hero (id INTEGER);\n\nCREATE TABLE hero (id INTEGER);\n",
    );
    assert_answer!("models_bad_statement", project.rev("diff db1"));
    project.write(
        "schema/hero.sql",
        "CREATE TABLE hero (name TEXT DEFAULT 'x);\n",
    );
    assert_answer!("models_bad_text", project.rev("diff db1"));
    std::fs::remove_file(project.path().join("reports.sql")).expect("removed");
    assert_answer!("models_no_file", project.rev("diff db2"));
    assert_answer!("models_none", project.rev("diff db3"));
    assert_answer!(
        "models_flags_alone",
        project.rev("revision -m x --from-revisions")
    );
}

#[test]
fn a_command_declares_a_schema() {
    let project = project();
    let with = |command: &str| {
        let settings = format!(
            "databases:\n  db1:\n    url: sqlite://db1.sqlite\n    models: {{command: {command}}}\n"
        );
        project.write("rev.yaml", &settings);
        project.rev_with(&["diff", "--format", "sql"], &[("PATH", "/usr/bin:/bin")])
    };
    let printing = "[sh, -c, 'echo \"CREATE TABLE $REV_DATABASE (is_$REV_DIALECT TEXT, on_$REV_SERVER TEXT);\"; cat schema/hero.sql']";
    assert_answer!("models_command", with(printing));
    assert_answer!(
        "models_command_fails",
        with("[sh, -c, 'echo no models here >&2; exit 3']")
    );
    assert_answer!("models_command_silent", with("['true']"));
    assert_answer!("models_command_missing", with("[rev-no-such-program]"));
    assert_answer!(
        "models_command_bad",
        with("[sh, -c, 'echo \"CREATE TABLE (\"']")
    );
}

#[test]
fn a_dump_is_sorted_and_makes_the_same_again() {
    let project = applied();
    let dump = project.rev("dump db1");
    assert_answer!("models_dump", dump);
    assert_eq!(project.rev("dump db1 --from-revisions").out, dump.out);
    let again = project.path().join("again.sqlite");
    rev_testkit::sqlite::execute(&again, &dump.out);
    let words = ["dump", "db1", "--url", "db1=sqlite://again.sqlite"];
    assert_eq!(project.rev_with(&words, &[]).out, dump.out);
    assert_answer!("models_dump_json", project.rev("dump db2 --format json"));
}

/// Runs a command on a terminal of its own, with this typed into it.
pub(crate) const ON_A_TERMINAL: &str = "
import os, pty, sys, termios
typed, *words = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(words[0], words)
settings = termios.tcgetattr(terminal)
settings[3] &= ~termios.ECHO
termios.tcsetattr(terminal, termios.TCSANOW, settings)
os.write(terminal, typed.encode())
said = b''
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:
        break
    if not piece:
        break
    said += piece
sys.stdout.write(said.decode().replace('\\r\\n', '\\n'))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";

#[test]
fn on_a_terminal_renames_are_asked_for_tables_first() {
    let project = applied();
    let renamed = HERO.replace("power", "strength").replace("hero", "heroine");
    project.write("schema/hero.sql", &renamed);
    let on_a_terminal = |typed: &str| {
        let output = std::process::Command::new("python3")
            .args(["-c", ON_A_TERMINAL, typed, env!("CARGO_BIN_EXE_rev")])
            .args([
                "revision",
                "--autogenerate",
                "-m",
                "renamed",
                "--id",
                "dddd",
            ])
            .args(["-d", "db1", "--color", "never"])
            .current_dir(project.path())
            .env_remove("CI")
            .output()
            .expect("python3 starts");
        String::from_utf8(output.stdout).expect("text")
    };
    insta::assert_snapshot!("models_asked_yes", on_a_terminal("y\ny\n"));
    std::fs::remove_file(project.path().join("revisions/dddd_renamed.yaml")).expect("written");
    insta::assert_snapshot!("models_asked_no", on_a_terminal("n\n"));
}

#[test]
fn a_revision_that_loses_data_says_so_and_is_proven_all_the_same() {
    let project = applied();
    let (without, empty) = (HERO.replace("  power TEXT,\n", ""), "\n");
    let without = without.replace(" WHERE power IS NOT NULL", "");
    for (id, message, declared) in [
        ("bbbb", "column gone", without.as_str()),
        (
            "cccc",
            "no null",
            &without.replace("team_id INTEGER", "team_id INTEGER NOT NULL"),
        ),
        ("dddd", "all back", HERO),
        ("eeee", "tables gone", empty),
    ] {
        project.write("schema/hero.sql", declared);
        let written = autogenerate(&project, message, id);
        assert_eq!(written.exit, Some(0), "{written}");
        let name = format!("revisions/{id}_{}.yaml", message.replace(' ', "_"));
        let says_so = file(&project, &name).contains("\nloses_data: true\n");
        assert_eq!(says_so, id != "dddd", "{written}");
        assert_eq!(
            written.err.contains("`loses_data: true`"),
            says_so,
            "{written}"
        );
        assert_eq!(project.rev("upgrade").exit, Some(0));
    }
    let proven = project.rev("test");
    assert_eq!(proven.exit, Some(0), "{proven}");
}

#[test]
fn what_is_left_out_takes_no_part_in_a_rename() {
    let project = applied();
    let db1 = project.path().join("db1.sqlite");
    let by_hand = "CREATE TABLE audit (hero_id INTEGER REFERENCES hero (id)); \
                   CREATE VIEW report AS SELECT h.power FROM hero AS h; \
                   CREATE INDEX by_hand ON hero (power); \
                   CREATE TRIGGER noisy AFTER INSERT ON hero BEGIN SELECT NEW.power; END; \
                   INSERT INTO hero (id, name, power) VALUES (1, 'Ada', 'foresight')";
    rev_testkit::sqlite::execute(&db1, by_hand);
    let settings = SETTINGS.to_owned()
        + "autogenerate: {exclude: [audit, report, 'index:hero.by_*', 'trigger:*']}\n";
    project.write("rev.yaml", &settings);
    let renamed = HERO
        .replace("power", "strength")
        .replace("hero", "heroine")
        .replace("name TEXT NOT NULL,", "name TEXT,");
    project.write("schema/hero.sql", &(renamed + "CREATE TABLE audits (a);\n"));
    assert_answer!(
        "models_rename_left_out",
        project.rev("diff db1 --rename audit:audits")
    );
    let told = [
        "--rename",
        "hero:heroine",
        "--rename",
        "hero.power:strength",
    ];
    let words = [
        &[
            "revision",
            "--autogenerate",
            "-m",
            "renames",
            "--id",
            "bbbb",
        ],
        &told[..],
    ]
    .concat();
    let written = project.rev_with(&words, &[]);
    assert_eq!(written.exit, Some(0), "{written}");
    assert_answer!(
        "models_left_out_file",
        file(&project, "revisions/bbbb_renames.yaml")
    );
    let report = || rev_testkit::sqlite::query(&db1, "SELECT * FROM report");
    for step in ["upgrade", "downgrade db1@aaaa", "upgrade"] {
        let done = project.rev(step);
        assert_eq!(done.exit, Some(0), "{done}");
        assert_eq!(report(), ["foresight"], "{step}");
        rev_testkit::sqlite::execute(
            &db1,
            "PRAGMA foreign_keys = ON; INSERT INTO audit VALUES (1)",
        );
    }
    let checked = project.rev("check --models --exclude index:heroine.by_*");
    assert_eq!(checked.exit, Some(0), "{checked}");
}

#[test]
fn a_table_that_something_left_out_still_uses_is_dropped_with_a_word() {
    let project = applied();
    let db1 = project.path().join("db1.sqlite");
    let by_hand = "CREATE TABLE audit (hero_id INTEGER REFERENCES hero (id)); \
                   CREATE VIEW report AS SELECT power FROM hero";
    rev_testkit::sqlite::execute(&db1, by_hand);
    project.write(
        "schema/hero.sql",
        "CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);\n",
    );
    let words = [
        "diff",
        "db1",
        "--format",
        "sql",
        "--exclude",
        "audit",
        "--exclude",
        "view:rep*",
    ];
    assert_answer!("models_left_out_drop", project.rev_with(&words, &[]));
    assert_answer!(
        "models_left_out_idle",
        project.rev("check --live db1 --exclude audit --exclude view:rep* --exclude tmp_*")
    );
}

#[test]
fn names_are_swapped_by_way_of_a_third_and_no_row_is_lost() {
    let project = project();
    let both = "CREATE TABLE a (id INTEGER PRIMARY KEY, x TEXT, y TEXT);\n\
                CREATE TABLE b (id INTEGER PRIMARY KEY, z TEXT, a_id INTEGER REFERENCES a (id));\n\
                CREATE TABLE Hero (id INTEGER PRIMARY KEY, \"Power\" TEXT);\n\
                CREATE VIEW of_a AS SELECT x FROM a;\n";
    project.write("schema/hero.sql", both);
    assert_eq!(autogenerate(&project, "first", "aaaa").exit, Some(0));
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let db1 = project.path().join("db1.sqlite");
    rev_testkit::sqlite::execute(
        &db1,
        "INSERT INTO a VALUES (1, 'x', 'y'); INSERT INTO b VALUES (2, 'z', 1); INSERT INTO Hero VALUES (3, 'p')",
    );
    let swapped = "CREATE TABLE b (id INTEGER PRIMARY KEY, y TEXT, x TEXT);\n\
                   CREATE TABLE a (id INTEGER PRIMARY KEY, z TEXT, a_id INTEGER REFERENCES b (id));\n\
                   CREATE TABLE hero (id INTEGER PRIMARY KEY, power TEXT);\n\
                   CREATE VIEW of_a AS SELECT z AS x FROM a;\n";
    project.write("schema/hero.sql", swapped);
    let told = [
        "a:b",
        "b:a",
        "b.x:y",
        "b.y:x",
        "Hero:hero",
        "hero.Power:power",
    ];
    let mut words = vec!["revision", "--autogenerate", "-m", "swap", "--id", "bbbb"];
    words.extend(told.iter().flat_map(|it| ["--rename", it]));
    let written = project.rev_with(&words, &[]);
    assert_answer!("models_swap", written);
    assert_answer!(
        "models_swap_file",
        file(&project, "revisions/bbbb_swap.yaml")
    );
    let rows = |sql: &str| rev_testkit::sqlite::query(&db1, sql);
    for _ in 0..2 {
        let done = project.rev("upgrade");
        assert_eq!(done.exit, Some(0), "{done}");
        assert_eq!(rows("SELECT id, x, y FROM b"), ["1|y|x"]);
        assert_eq!(rows("SELECT x FROM of_a"), ["z"]);
        assert_eq!(
            rows("SELECT name FROM sqlite_schema WHERE name LIKE 'hero'"),
            ["hero"]
        );
        assert_eq!(project.rev("check --models").exit, Some(0));
        assert_eq!(project.rev("downgrade db1@aaaa").exit, Some(0));
        assert_eq!(rows("SELECT id, x, y FROM a"), ["1|x|y"]);
        assert_eq!(rows("SELECT x FROM of_a"), ["x"]);
    }
    assert_eq!(project.rev("test").exit, Some(0));
}

/// A project whose models are what this shell script prints.
#[cfg(target_os = "linux")]
fn printed_by(script: &str, timeout: &str) -> Project {
    let project = Project::empty();
    project.write("revisions/.gitkeep", "");
    project.write("print.sh", script);
    let settings = format!(
        "databases:\n  db1:\n    url: sqlite://db1.sqlite\n    \
         models: {{command: [sh, print.sh], timeout: {timeout}}}\n"
    );
    project.write("rev.yaml", &settings);
    project
}

/// Whether a process is there; one that has ended may not have been buried yet.
#[cfg(target_os = "linux")]
fn lives(process: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat"));
    state.is_ok_and(|it| !it.contains(") Z "))
}

#[cfg(target_os = "linux")]
fn is_gone(process: &str) -> bool {
    let pause = std::time::Duration::from_millis(20);
    (0..500).any(|_| {
        let gone = !lives(process);
        if !gone {
            std::thread::sleep(pause);
        }
        gone
    })
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_that_hangs_is_ended_with_all_that_it_has_started() {
    let script = "echo 'connecting …' >&2\nsleep 600 &\necho $! > child\nwait\n";
    let project = printed_by(script, "200ms");
    let told = project.rev("diff");
    let due = "which prints the models of `db1`, did not end within 200ms and was stopped";
    assert!(told.exit == Some(1) && told.err.contains(due), "{told}");
    // A slow machine may have ended it before it got so far.
    if project.has("child") {
        let child = std::fs::read_to_string(project.path().join("child")).expect("a file");
        assert!(child.trim().is_empty() || is_gone(child.trim()));
    }
    let project = printed_by("yes 'CREATE TABLE t (a);'\n", "10m");
    assert_answer!("models_command_endless", project.rev("diff"));
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_command_prints_beside_or_amiss_does_no_harm() {
    let loud = "yes 'much ado' | head -c 3000000 >&2\necho 'CREATE TABLE t (a);'\n";
    let told = printed_by(loud, "10m").rev("diff");
    assert_eq!((told.exit, told.err.as_str()), (Some(0), ""), "{told}");
    let latin = "echo 'CREATE TABLE t (a);'\nprintf 'CREATE TABLE caf\\351 (a);'\n";
    assert_answer!("models_command_latin", printed_by(latin, "10m").rev("diff"));
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupt_ends_a_command_too() {
    use std::process::{Command, Stdio};
    let project = printed_by("sleep 600 &\necho $! > part && mv part child\nwait\n", "0");
    let mut rev = Command::new(env!("CARGO_BIN_EXE_rev"))
        .arg("diff")
        .current_dir(project.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    while !project.has("child") {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let child = std::fs::read_to_string(project.path().join("child")).expect("a file");
    assert!(lives(child.trim()));
    let sent = Command::new("kill")
        .args(["-INT", &rev.id().to_string()])
        .status();
    assert!(sent.is_ok_and(|it| it.success()));
    assert_eq!(rev.wait().expect("it ends").code(), Some(130));
    assert!(is_gone(child.trim()));
}

#[test]
fn several_heads_are_joined_or_one_is_named() {
    let project = Project::fork();
    let settings = "databases:\n  db1: {url: 'sqlite://db1.sqlite', models: models.sql}\n";
    project.write("rev.yaml", settings);
    project.write(
        "models.sql",
        "CREATE TABLE hero (id INTEGER PRIMARY KEY);\n",
    );
    assert_answer!("models_heads", project.rev("diff"));
    for command in ["check --models", "dump --from-revisions"] {
        assert_eq!(
            project.rev(command).err,
            project.rev("diff").err,
            "{command}"
        );
    }
    assert_answer!(
        "models_heads_revision",
        project.rev("revision --autogenerate -m x")
    );
    assert_eq!(project.rev("upgrade heads").exit, Some(0));
    let told = project.rev("revision --autogenerate -m x --head bbbb");
    assert_answer!("models_heads_live", told);
}

#[test]
fn rowids_stay_where_something_uses_them() {
    let project = project();
    let models = "CREATE TABLE note (code TEXT PRIMARY KEY, \"rowid\" TEXT, body TEXT NOT NULL);\n\
                  CREATE VIRTUAL TABLE note_text USING fts5(body, content='note', content_rowid='oid');\n\
                  CREATE TABLE line (body TEXT NOT NULL);\n\
                  CREATE VIEW numbered AS SELECT rowid AS number, body FROM line;\n\
                  CREATE TABLE plain (body TEXT NOT NULL);\n";
    project.write("schema/hero.sql", models);
    assert_eq!(autogenerate(&project, "first", "aaaa").exit, Some(0));
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let db1 = project.path().join("db1.sqlite");
    rev_testkit::sqlite::execute(
        &db1,
        "INSERT INTO note (oid, code, body) VALUES (7, 'a', 'seven'), (9, 'b', 'nine'); \
         INSERT INTO note_text (note_text) VALUES ('rebuild'); \
         INSERT INTO line (rowid, body) VALUES (5, 'five')",
    );
    project.write("schema/hero.sql", &models.replace("TEXT NOT NULL", "TEXT"));
    assert_eq!(autogenerate(&project, "nulls", "bbbb").exit, Some(0));
    assert_answer!("models_rowids", file(&project, "revisions/bbbb_nulls.yaml"));
    let rows = |sql: &str| rev_testkit::sqlite::query(&db1, sql);
    for step in ["upgrade", "downgrade db1@aaaa"] {
        let done = project.rev(step);
        assert_eq!(done.exit, Some(0), "{done}");
        assert_eq!(
            rows("SELECT body FROM note_text WHERE note_text MATCH 'nine'"),
            ["nine"]
        );
        assert_eq!(rows("SELECT number, body FROM numbered"), ["5|five"]);
    }
}

#[test]
fn a_name_goes_from_an_index_to_something_else() {
    let project = project();
    let models = "CREATE TABLE a (id INTEGER PRIMARY KEY, x INT);\nCREATE TABLE z (id INT);\n";
    let before = models.to_owned()
        + "CREATE INDEX one ON z (id);\nCREATE INDEX two ON z (id);\nCREATE INDEX three ON a (x);\n";
    let after = "CREATE TABLE two (id INTEGER PRIMARY KEY, x INT);\nCREATE TABLE z (id INT);\n\
                 CREATE TABLE one (id INT);\nCREATE INDEX three ON z (id);\n";
    project.write("schema/hero.sql", &before);
    assert_eq!(autogenerate(&project, "first", "aaaa").exit, Some(0));
    project.write("schema/hero.sql", after);
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let written = project.rev("revision --autogenerate -m moved --id bbbb --rename a:two");
    assert_eq!(written.exit, Some(0), "{written}");
    assert_answer!(
        "models_names_move",
        file(&project, "revisions/bbbb_moved.yaml")
    );
    let proven = project.rev("test");
    assert_eq!(proven.exit, Some(0), "{proven}");
}

#[test]
fn a_full_text_index_over_a_table_reads_its_rows() {
    let project = project();
    let note = "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT);\n";
    let index =
        "CREATE VIRTUAL TABLE found USING fts5(body, content='note', content_rowid='id');\n";
    project.write("schema/hero.sql", note);
    assert_eq!(autogenerate(&project, "first", "aaaa").exit, Some(0));
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let db1 = project.path().join("db1.sqlite");
    rev_testkit::sqlite::execute(&db1, "INSERT INTO note VALUES (7, 'seven')");
    let renamed = (note.to_owned() + index).replace("note", "page");
    for (id, declared) in [("bbbb", note.to_owned() + index), ("cccc", renamed)] {
        project.write("schema/hero.sql", &declared);
        let words = format!("revision --autogenerate -m x --id {id}");
        let rename = if id == "cccc" {
            " --rename note:page"
        } else {
            ""
        };
        let written = project.rev(&(words + rename));
        assert!(
            written.exit == Some(0) && !written.err.contains("loses_data"),
            "{written}"
        );
        assert_eq!(project.rev("upgrade").exit, Some(0));
        let found = "SELECT rowid FROM found WHERE found MATCH 'seven'";
        assert_eq!(rev_testkit::sqlite::query(&db1, found), ["7"], "{id}");
    }
    assert_answer!("models_full_text", file(&project, "revisions/cccc_x.yaml"));
}

#[test]
fn models_reach_nothing_outside_of_their_database() {
    let project = project();
    for (declared, due) in [
        (
            "CREATE TABLE t AS SELECT load_extension('x') AS a",
            "not authorized",
        ),
        (
            "CREATE TABLE t AS SELECT readfile('rev.yaml') AS a",
            "no such function: readfile",
        ),
        (
            "CREATE TABLE t AS SELECT writefile('x', 'y') AS a",
            "no such function: writefile",
        ),
        (
            "CREATE VIRTUAL TABLE t USING csv(filename='rev.yaml')",
            "no such module: csv",
        ),
    ] {
        project.write("schema/hero.sql", declared);
        let told = project.rev("diff db1 --from-revisions");
        assert!(told.exit == Some(1) && told.err.contains(due), "{told}");
    }
}

#[test]
fn a_column_that_is_left_out_is_kept_with_all_that_stands_on_it() {
    let project = applied();
    let db1 = project.path().join("db1.sqlite");
    let by_hand = "ALTER TABLE hero ADD COLUMN x_extra TEXT DEFAULT 'e'; \
                   CREATE INDEX extra ON hero (x_extra); \
                   INSERT INTO hero (name) VALUES ('Ada')";
    rev_testkit::sqlite::execute(&db1, by_hand);
    project.write(
        "schema/hero.sql",
        &HERO.replace("name TEXT NOT NULL,", "name TEXT,"),
    );
    let words = ["diff", "db1", "--exclude", "column:hero.x_*"];
    assert_answer!("models_left_out_column", project.rev_with(&words, &[]));
    let words = [&["revision", "--autogenerate", "-m", "x"], &words[2..]].concat();
    assert_eq!(project.rev_with(&words, &[]).exit, Some(0));
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let kept = rev_testkit::sqlite::query(
        &db1,
        "SELECT x_extra FROM hero INDEXED BY extra WHERE x_extra = 'e'",
    );
    assert_eq!(kept, ["e"]);
}

#[test]
fn a_filler_that_a_unique_column_cannot_take_twice_is_told() {
    let project = applied();
    let unique = HERO.replace("power TEXT", "power TEXT, email TEXT NOT NULL UNIQUE");
    project.write("schema/hero.sql", &unique);
    let written = autogenerate(&project, "email", "bbbb");
    let told = "rows that are there get ''; it is unique, so several such rows make this fail";
    assert!(written.err.contains(told), "{written}");
    assert!(file(&project, "revisions/bbbb_email.yaml").contains(told));
}

#[test]
fn a_live_database_without_history_is_told_how_to_begin_one() {
    let project = Project::empty();
    project.write(
        "rev.yaml",
        "databases:\n  db1: {url: 'sqlite://db1.sqlite', models: reports.sql}\n",
    );
    project.write("revisions/.gitkeep", "");
    project.write("reports.sql", REPORTS);
    let db1 = project.path().join("db1.sqlite");
    rev_testkit::sqlite::execute(&db1, REPORTS);
    assert_answer!(
        "models_without_history",
        autogenerate(&project, "baseline", "aaaa")
    );
    for words in [
        "adopt db1 --id aaaa",
        "check --models --live",
        "revision --autogenerate -m again",
    ] {
        let done = project.rev(words);
        assert_eq!(done.exit, Some(0), "{words}: {done}");
        assert!(!done.err.contains("hint"), "{words}: {done}");
    }
}

#[test]
fn what_was_made_by_hand_is_not_dropped_without_a_word() {
    let project = applied();
    for database in ["db1", "db2"] {
        let file = project.path().join(format!("{database}.sqlite"));
        rev_testkit::sqlite::execute(&file, "CREATE TABLE by_hand (a)");
    }
    assert_answer!("models_by_hand_diff", project.rev("diff"));
    let offline = project.rev("diff --from-revisions");
    assert_eq!(offline.err, "", "{offline}");
    assert_answer!(
        "models_by_hand_revision",
        autogenerate(&project, "tidy", "bbbb")
    );
}

/// `db1` with what another tool and somebody before it have made, and models that know
/// of `hero` alone.
fn inherited() -> Project {
    let project = Project::empty();
    let settings = "databases:\n  db1: {url: 'sqlite://db1.sqlite', models: hero.sql}\n";
    project.write("rev.yaml", settings);
    project.write("revisions/.gitkeep", "");
    project.write("hero.sql", "CREATE TABLE hero (id INTEGER PRIMARY KEY);\n");
    let there = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
        INSERT INTO alembic_version VALUES ('ae10');
        CREATE TABLE legacy (n INT); INSERT INTO legacy VALUES (1)";
    rev_testkit::sqlite::execute(&project.path().join("db1.sqlite"), there);
    project
}

#[test]
fn a_database_with_a_past_is_adopted_before_a_revision_is_written_for_it() {
    let project = inherited();
    assert_answer!("models_past", autogenerate(&project, "first", "aaaa"));
    assert!(!project.has("revisions/aaaa_first.yaml"));
    assert_answer!("models_past_diff", project.rev("diff"));
    // As the hint says it; what the models say else is told, and is a revision's.
    let adopted = project.rev("adopt db1 --id aaaa");
    assert_eq!(adopted.exit, Some(4), "{adopted}");
    let text = file(&project, "revisions/aaaa_baseline.yaml");
    assert!(text.contains("CREATE TABLE legacy"), "{text}");
    assert!(!text.contains("alembic"), "{text}");
    assert_eq!(project.rev("check --live").exit, Some(0));
    // From here on it is a database like any other, and what is left out is left alone.
    let written = autogenerate(&project, "tidy", "bbbb");
    assert_eq!(written.exit, Some(0), "{written}");
    let text = file(&project, "revisions/bbbb_tidy.yaml");
    assert!(text.contains("DROP TABLE legacy"), "{text}");
    assert!(!text.contains("alembic"), "{text}");
}

#[test]
fn what_other_tools_keep_is_no_past_unless_it_is_declared() {
    let project = inherited();
    let db1 = project.path().join("db1.sqlite");
    rev_testkit::sqlite::execute(&db1, "DROP TABLE legacy");
    let written = autogenerate(&project, "first", "aaaa");
    assert_eq!(written.exit, Some(0), "{written}");
    assert!(
        written.err.contains("`alembic_version` is Alembic's"),
        "{written}"
    );
    assert_eq!(project.rev("upgrade").exit, Some(0));
    assert_eq!(project.rev("check --models --live").exit, Some(0));
    assert_eq!(
        rev_testkit::sqlite::query(&db1, "SELECT version_num FROM alembic_version"),
        ["ae10"]
    );
    // Somebody's own by that name is somebody's own.
    rev_testkit::sqlite::execute(&db1, "ALTER TABLE alembic_version ADD COLUMN note TEXT");
    assert!(
        project
            .rev("diff")
            .out
            .contains("drops table `alembic_version`")
    );
    rev_testkit::sqlite::execute(&db1, "ALTER TABLE alembic_version DROP COLUMN note");
    // And who declares it has it looked after.
    let models = "CREATE TABLE hero (id INTEGER PRIMARY KEY);\n\
                  CREATE TABLE alembic_version (version_num TEXT NOT NULL PRIMARY KEY);\n";
    project.write("hero.sql", models);
    let found = project.rev("diff");
    assert!(
        found
            .out
            .contains("changes column `alembic_version.version_num`"),
        "{found}"
    );
}

#[test]
fn an_edited_revision_is_no_change_by_hand() {
    let project = applied();
    let path = "revisions/aaaa_add_hero.yaml";
    let text = std::fs::read_to_string(project.path().join(path)).expect("a file");
    project.write(path, &text.replace("power TEXT", "power INTEGER"));
    assert_answer!("models_edited_live", project.rev("check --live db1"));
}
