//! Hints are commands that work when they are typed as printed.

use std::path::{Path, PathBuf};

use rev_testkit::hints::commands;
use rev_testkit::sqlite::{execute, query};

use crate::harness::{Answer, Project, SETTINGS, assert_answer, table};
use crate::source::{Literal, literals};

/// The commands of the hints, in their order.
fn hinted(answer: &Answer) -> Vec<String> {
    let (_, hints) = answer.err.split_once("hint: ").expect("a hint");
    commands(hints)
}

#[test]
fn a_hint_of_a_plan_keeps_its_action() {
    let project = Project::fork();
    assert_eq!(project.rev("upgrade db1@heads").exit, Some(0));
    let refused = project.rev("plan downgrade db1@-1");
    assert_answer!("hint_plan_action", refused);
    let planned = project.rev(&hinted(&refused)[0]);
    assert!(planned.out.contains("down     bbbb"), "{planned}");
}

/// Targets whose parts stand in another order, or mean more than the command can do, and what
/// each is told.
#[test]
fn no_hint_offers_what_was_typed() {
    let project = Project::fork();
    assert_eq!(project.rev("upgrade db1@heads").exit, Some(0));
    let mut told = String::new();
    for words in [
        "downgrade base@billing",
        "downgrade db1@base@billing",
        "upgrade heads@db1",
        "upgrade head@base",
        "upgrade +1@db1",
        "history -r base@billing:head",
        "show current@billing",
        "revision -m x --head head@billing",
        "downgrade db1@billing@base db1@bbbb@aaaa",
        "stamp db1@bbbb@-1 db1@cccc",
        "downgrade db1",
        "upgrade db1",
    ] {
        let answer = project.rev(words);
        assert!(matches!(answer.exit, Some(1 | 2)), "{words}: {answer}");
        for typed in words.split(' ') {
            let offered = format!("hint: did you mean `{typed}`");
            assert!(!answer.err.contains(&offered), "{words}: {answer}");
        }
        told += &format!("$ rev {words}\n{}\n", answer.err);
    }
    insta::assert_snapshot!("hint_other_order", told);
}

#[test]
fn a_label_with_nothing_applied_takes_nothing_down() {
    let project = Project::fork();
    assert_eq!(project.rev("upgrade db1@bbbb").exit, Some(0));
    let before = project.rev("current db1").out;
    for words in [
        "downgrade db1@billing@-1",
        "stamp db1@billing@-1",
        "switch db1@billing@-1",
        "plan downgrade db1@billing@-1",
    ] {
        let refused = project.rev(words);
        assert_eq!(refused.exit, Some(1), "{words}: {refused}");
        assert_eq!(project.rev("current db1").out, before, "{words}");
    }
    let refused = project.rev("downgrade db1@billing@-1");
    assert_answer!("hint_past_label", refused);
    let followed = project.rev(&hinted(&refused)[0]);
    assert_eq!(followed.exit, Some(0), "{followed}");
}

#[test]
fn a_label_that_another_branch_depends_on_is_taken_down_on_purpose_only() {
    let project = Project::fork();
    let depending = table("dddd", "bbbb", "ledger") + "depends_on: [cccc]\n";
    project.write("revisions/dddd.yaml", &depending);
    assert_eq!(project.rev("upgrade db1@heads").exit, Some(0));
    let refused = project.rev("downgrade db1@billing@-1");
    assert_answer!("hint_outside_label", refused);
    let followed = project.rev(&hinted(&refused)[0]);
    assert_eq!(followed.exit, Some(0), "{followed}");
    assert_eq!(project.rev("current db1").out, "db1  bbbb  add mission\n");
}

#[test]
fn a_hint_of_a_range_keeps_its_other_end_and_its_flag() {
    let project = Project::fork();
    for (name, words) in [
        ("squash", "squash base:head"),
        ("history", "history -r aaaa:head"),
        ("low", "history -r head:"),
        ("onto", "rebase billing --onto head"),
        ("depends", "revision -m x --head base --depends-on head"),
    ] {
        assert_answer!(format!("hint_range_{name}"), project.rev(words));
    }
    for command in hinted(&project.rev("history -r aaaa:head")).iter().take(2) {
        assert_eq!(project.rev(command).exit, Some(0), "{command}");
    }
    let squashed = &hinted(&project.rev("squash base:head"))[0];
    assert_eq!(project.rev(squashed).exit, Some(0), "{squashed}");
}

#[test]
fn a_hint_for_a_gap_beside_another_head_names_what_was_taken_down() {
    let project = Project::fork();
    assert_eq!(project.rev("upgrade db1@heads").exit, Some(0));
    // What came in below `bbbb`.
    project.write("revisions/abab.yaml", &table("abab", "aaaa", "badge"));
    project.write(
        "revisions/bbbb_add_mission.yaml",
        &table("bbbb", "abab", "mission"),
    );
    let refused = project.rev("upgrade db1@heads");
    assert_answer!("hint_gap", refused);
    // The last way is the one that makes what is missing.
    let ways = hinted(&refused);
    for command in &ways[ways.len() - 2..] {
        let followed = project.rev(command);
        assert_eq!(followed.exit, Some(0), "{command}: {followed}");
    }
    assert_eq!(project.rev("upgrade db1@heads").exit, Some(0));
}

/// Three tables with a row each, applied.
fn filled() -> Project {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", table("bbbb", "aaaa", "fight")),
        ("cccc", table("cccc", "bbbb", "mission")),
    ]);
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    for name in ["hero", "fight", "mission"] {
        execute(&file(&project), &format!("INSERT INTO {name} VALUES (7)"));
    }
    project
}

fn file(project: &Project) -> PathBuf {
    project.path().join("db1.sqlite")
}

fn assert_rows_stay(project: &Project) {
    for name in ["hero", "fight", "mission"] {
        let rows = query(&file(project), &format!("SELECT id FROM {name}"));
        assert_eq!(rows, ["7"], "{name}");
    }
}

/// Follows what is told first of a refusal, up to a semicolon: no row is lost by it.
#[track_caller]
fn follow_first_way(project: &Project, refused: &Answer) {
    let (_, hints) = refused.err.split_once("hint: ").expect("a hint");
    let (first, _) = hints.split_once(";\n").expect("several ways");
    let commands = commands(first);
    assert!(!commands.is_empty(), "{refused}");
    for command in commands {
        let followed = project.rev(&command);
        assert_eq!(followed.exit, Some(0), "{command}: {followed}");
        assert_rows_stay(project);
    }
}

#[test]
fn the_first_hint_after_an_edit_of_the_history_loses_no_row() {
    // The id of `bbbb` was only for the time being.
    let renamed = filled();
    std::fs::remove_file(renamed.path().join("revisions/bbbb.yaml")).expect("a file");
    renamed.write("revisions/dddd.yaml", &table("dddd", "aaaa", "fight"));
    renamed.write("revisions/cccc.yaml", &table("cccc", "dddd", "mission"));
    let refused = renamed.rev("upgrade db1@head");
    assert_answer!("hint_renamed", refused);
    follow_first_way(&renamed, &refused);
    assert_eq!(renamed.rev("upgrade db1@head").exit, Some(0));
    // What comes next finds the old id still there.
    renamed.write("revisions/eeee.yaml", &table("eeee", "cccc", "badge"));
    let refused = renamed.rev("upgrade db1@head");
    assert_answer!("hint_renamed_beside", refused);
    let ways = hinted(&refused);
    for command in ways.iter().filter(|it| it.starts_with("stamp ")) {
        let followed = renamed.rev(command);
        assert_eq!(followed.exit, Some(0), "{command}: {followed}");
    }
    assert_eq!(renamed.rev("upgrade db1@head").exit, Some(0));
    assert_rows_stay(&renamed);

    // A change that was made by hand is put in below.
    let between = filled();
    execute(
        &file(&between),
        "CREATE TABLE badge (id INTEGER PRIMARY KEY)",
    );
    between.write("revisions/abab.yaml", &table("abab", "aaaa", "badge"));
    between.write("revisions/bbbb.yaml", &table("bbbb", "abab", "fight"));
    follow_first_way(&between, &between.rev("upgrade db1@head"));
    assert_eq!(between.rev("upgrade db1@head").exit, Some(0));

    // Two change places.
    let swapped = filled();
    swapped.write("revisions/cccc.yaml", &table("cccc", "aaaa", "mission"));
    swapped.write("revisions/bbbb.yaml", &table("bbbb", "cccc", "fight"));
    follow_first_way(&swapped, &swapped.rev("upgrade db1@head"));
    assert_eq!(swapped.rev("upgrade db1@head").exit, Some(0));
}

#[test]
fn a_redo_is_not_offered_where_there_is_no_way_down() {
    let irreversible = |sql: &str| {
        format!(
            "revision: aaaa\ndown_revision: null\nmessage: m\nirreversible: true\nupgrade: {sql}\n"
        )
    };
    let project = Project::with(&[("aaaa", irreversible("CREATE TABLE hero (id)"))]);
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    let with_way_down = irreversible("CREATE TABLE hero (id, name)")
        .replace("irreversible: true", "downgrade: DROP TABLE hero");
    project.write("revisions/aaaa.yaml", &with_way_down);
    project.write("revisions/bbbb.yaml", &table("bbbb", "aaaa", "power"));
    assert_answer!("hint_no_redo", project.rev("upgrade db1@head"));
    // And where it is asked for, no script in the file would help.
    let refused = project.rev("repair db1 --redo aaaa");
    assert_answer!("hint_redo_refused", refused);
    assert_eq!(project.rev(&hinted(&refused)[0]).exit, Some(0));
    assert_eq!(project.rev("downgrade db1@base").exit, Some(0));
}

#[test]
fn rows_of_a_shortcut_known_in_part_ask_for_a_checkout_with_the_files() {
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "hero")),
        ("bbbb", table("bbbb", "aaaa", "power")),
    ]);
    let words = "squash base:bbbb --id ssss --no-proof -m all";
    assert_eq!(project.rev(words).exit, Some(0));
    assert_eq!(project.rev("squash --finish --offline").exit, Some(0));
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    // An older checkout, which has only some of it.
    std::fs::remove_file(project.path().join("revisions/ssss_all.yaml")).expect("gone");
    project.write("revisions/aaaa.yaml", &table("aaaa", "null", "hero"));
    assert_answer!("hint_in_part", project.rev("switch db1@head"));
    // And one that has all of it.
    project.write("revisions/bbbb.yaml", &table("bbbb", "aaaa", "power"));
    assert_eq!(project.rev("downgrade db1@aaaa").exit, Some(0));
}

/// Situations and what is asked in them, for hints that no other test of this program keeps.
fn situations() -> Vec<(Project, &'static str)> {
    let on_fork = |words| {
        let project = Project::fork();
        assert_eq!(project.rev("upgrade heads").exit, Some(0));
        (project, words)
    };
    // What the ledger of `db1` has is changed by hand.
    let damaged = |sql: &str, words| {
        let (project, words) = on_fork(words);
        rev_testkit::sqlite::execute(&project.path().join("db1.sqlite"), sql);
        (project, words)
    };
    let alone = |words| {
        let file = table("aaaa", "null", "hero") + "transaction: none\n";
        (Project::with(&[("aaaa", file)]), words)
    };
    let unbound = |words| {
        let project = Project::fork();
        project.write("rev.yaml", "databases: {db1: {dialect: sqlite}}\n");
        (project, words)
    };
    let across = |words| {
        let needs = table("bbbb", "aaaa", "power") + "depends_on: [db1@aaaa]\n";
        let needs = needs.replace("upgrade:", "databases:\n  db2:\n    upgrade:");
        let needs = needs.replace("\ndowngrade:", "\n    downgrade:");
        let project = Project::with(&[("aaaa", table("aaaa", "null", "hero")), ("bbbb", needs)]);
        assert_eq!(project.rev("upgrade heads").exit, Some(0));
        (project, words)
    };
    // A stored way down that was changed, and no file that has another.
    let altered = |words| {
        let sql =
            "UPDATE rev_ledger SET downgrade = '[\"DROP TABLE hero\"]' WHERE revision = 'bbbb'";
        let (project, words) = damaged(sql, words);
        std::fs::remove_file(project.path().join("revisions/bbbb_add_mission.yaml")).expect("gone");
        (project, words)
    };
    // What somebody made in `db1` before, and not in just that way in `db2`.
    let inherited = |words| {
        let project = Project::line();
        for name in ["hero", "mission"] {
            for database in ["db1", "db2"] {
                let sql = format!("CREATE TABLE {name} (id INTEGER PRIMARY KEY)");
                let file = project.path().join(format!("{database}.sqlite"));
                execute(&file, &sql);
            }
        }
        project.write("hero.sql", "CREATE TABLE hero (id INTEGER PRIMARY KEY);\n");
        let settings = SETTINGS.replace(
            "db1: sqlite://db1.sqlite",
            "db1: {url: 'sqlite://db1.sqlite', models: hero.sql}",
        );
        project.write("rev.yaml", &settings);
        (project, words)
    };
    let late = |words| {
        let project = Project::line();
        assert_eq!(project.rev("upgrade").exit, Some(0));
        let added = project.rev("init --add stats=sqlite://stats.sqlite");
        assert_eq!(added.exit, Some(0));
        (project, words)
    };
    let with_models = |words| {
        let project = Project::empty();
        project.write("base.py", "class Base(DeclarativeBase):\n    pass\n");
        (project, words)
    };
    let protected = |words| {
        let (project, words) = on_fork(words);
        let settings = "databases: {db1: {url: 'sqlite://db1.sqlite', protected: true}}\n";
        project.write("rev.yaml", settings);
        (project, words)
    };
    vec![
        protected("downgrade db1@aaaa"),
        protected("downgrade db1@aaaa --url db1=sqlite://db1.sqlite"),
        late("upgrade"),
        with_models("init -d db1=sqlite://db1.sqlite"),
        inherited("adopt"),
        inherited("status --check"),
        inherited("diff"),
        on_fork("schema"),
        on_fork("rollback"),
        on_fork("zzzzzz"),
        on_fork("upgrade -d db1"),
        on_fork("status -d db1"),
        on_fork("history bbbb"),
        on_fork("history --authors"),
        on_fork("upgrade --dryrun"),
        on_fork("downgrade db1@heads"),
        on_fork("upgrade db1@-1"),
        on_fork("downgrade db1@billing@+1"),
        on_fork("switch db1@billing@base"),
        on_fork("heads --format markdown"),
        on_fork("dump db1 --format markdown"),
        on_fork("plan db1@heads --save -"),
        on_fork("plan db1@heads --from="),
        on_fork("rebase heads --onto aaaa"),
        on_fork("rebase base --onto aaaa"),
        on_fork("upgrade sqlite://x.sqlite"),
        (Project::line(), "test --junit nowhere/x.xml"),
        (Project::line(), "upgrade db1@+9"),
        on_fork("rebase bbbb --onto base"),
        on_fork("rebase bbbb --onto heads"),
        on_fork("upgrade --sql --format json"),
        on_fork("squash --finish"),
        on_fork("squash --finish aaaa"),
        alone("upgrade db1@head --atomic"),
        unbound("upgrade"),
        across("downgrade db1@base"),
        altered("downgrade db1@base"),
        damaged("DELETE FROM rev_state", "upgrade"),
        damaged("DELETE FROM rev_state", "repair db1"),
        damaged("DROP TABLE rev_ledger", "repair db1 --rebuild"),
        damaged(
            "UPDATE rev_ledger SET parents = 'x' WHERE revision = 'bbbb'",
            "repair db1",
        ),
    ]
}

/// The texts with commands that no answer of these tests has, and why.
const UNMET: [(&str, &str); 31] = [
    (
        "or make it, where it is one for development",
        "it asks for a server; engines: existence",
    ),
    (
        "the server has answered, and has no database",
        "it asks for a server; engines: existence",
    ),
    (
        "the server has answered",
        "it asks for a server; engines: first_use",
    ),
    (
        "what answers there is no {}",
        "it asks for a server; engines: first_use",
    ),
    ("#!/bin/sh", "it is no hint, but a script"),
    ("# Where revision files are", "it is no hint, but a file"),
    (
        "half done: {} {}",
        "it is a line of `status`; engines: nasty",
    ),
    (
        "is the server up and reachable from here? Or wait longer",
        "it asks for a server that is silent: fleet",
    ),
    (
        "_Left out, since it does not fit here",
        "it asks for a plan that is too long: fleet",
    ),
    (
        "a two-phase run is not concluded",
        "it asks for PostgreSQL; engines: two_phase",
    ),
    (
        "give the URL of then",
        "it asks for PostgreSQL; engines: two_phase",
    ),
    (
        "reads the decision on the first",
        "it asks for PostgreSQL; engines: two_phase",
    ),
    ("run it without `--two-phase`", "it asks for a server"),
    (
        "give a URL that ends in the name",
        "it asks for MySQL; engines: offline",
    ),
    (
        "what became of statement {number}",
        "it asks for a kill; engines: terms",
    ),
    (
        "what comes after it by hand",
        "it asks for a kill; engines: terms",
    ),
    (
        "look at the database",
        "it asks for a kill; engines: kill, nasty",
    ),
    (
        "wait for it, or end it",
        "it asks for a kill; engines: nasty",
    ),
    (
        "wait longer (`--lock-wait 5m`)",
        "it asks for another run; engines: plain, race",
    ),
    (
        "once the server answers again",
        "it asks for a server; engines: faults",
    ),
    ("`--scratch {dialect}://…`", "it asks for a server"),
    ("not decided", "it asks for PostgreSQL; engines: two_phase"),
    (
        "mend that first: `rev status",
        "it is for a drift below a shortcut; cli: finish",
    ),
    (
        "to see what it is, name the file itself",
        "it leads out of the project; cli: links",
    ),
    (
        "check out the files, or leave that branch",
        "it asks for a checkout that lacks a file",
    ),
    (
        "take the parents of these from their files",
        "engines: damage follows it",
    ),
    (
        "on an empty database first",
        "it asks for a scratch database that fails",
    ),
    (
        "goes on from there",
        "it asks for a silent server; engines: silence",
    ),
    (
        "at a place that `rev status` tells",
        "it asks for a silent server; engines: silence",
    ),
    (
        "taken away by the next `rev test`",
        "it asks for a silent server; engines: silence",
    ),
    ("these are set aside", "it asks for a kill; cli: finish"),
];

/// Whether a text of the source could have made this one: what stands in braces is anything.
fn could_be(text: &str, literal: &str) -> bool {
    let mut parts = Vec::new();
    let mut rest = literal;
    while let Some(open) = rest.find('{') {
        parts.push(&rest[..open]);
        rest = rest[open..].split_once('}').map_or("", |(_, after)| after);
    }
    parts.push(rest);
    let mut text = text;
    parts.iter().all(|part| match text.find(part) {
        Some(at) => {
            text = &text[at + part.len()..];
            true
        }
        None => false,
    })
}

#[test]
fn every_command_in_a_hint_is_in_an_answer_that_was_followed() {
    // Each of these was said to `Project::rev`, which follows it.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cli/snapshots");
    let mut said = String::new();
    for file in std::fs::read_dir(folder).expect("snapshots") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        for line in text.lines() {
            said += line.strip_prefix("      ").unwrap_or(line).trim_end();
            said.push(' ');
        }
    }
    let mut unmet = Vec::new();
    for (project, words) in situations() {
        let asked = std::panic::AssertUnwindSafe(|| project.rev(words));
        let Ok(answer) = std::panic::catch_unwind(asked) else {
            unmet.push(format!("`rev {words}`: a hint does not help"));
            continue;
        };
        let is_told = answer.err.contains("hint:")
            || answer.err.contains("`rev ")
            || answer.out.contains("\"hints\"");
        if !is_told && answer.exit != Some(4) {
            unmet.push(format!("`rev {words}` has no hint: {answer}"));
        }
        for line in answer.err.lines().chain(answer.out.lines()) {
            said += line.trim();
            said.push(' ');
        }
    }
    let all = literals();
    let is_hint = |it: &&Literal| {
        let in_hint = it.calls.iter().any(|call| call == "hint");
        it.text.contains("`rev ")
            || (in_hint && (it.text.contains("`--") || it.text.contains("`{command}")))
    };
    for literal in all.iter().filter(is_hint) {
        let text = literal.text.replace('\n', " ");
        let met = could_be(&said, &text);
        if !met && !UNMET.iter().any(|(excused, _)| text.contains(excused)) {
            unmet.push(format!("{}: {text}", literal.place));
        }
    }
    let is_there = |text: &str| {
        all.iter()
            .any(|it| it.text.replace('\n', " ").contains(text))
    };
    let gone = UNMET.iter().filter(|(text, _)| !is_there(text));
    unmet.extend(gone.map(|(text, _)| format!("no text says `{text}`")));
    assert!(unmet.is_empty(), "{}", unmet.join("\n"));
}
