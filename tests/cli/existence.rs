//! `rev create`, `rev drop` and `rev reset` on SQLite files.

use rev_testkit::sqlite::{execute, hold, query};

use crate::harness::{Project, SETTINGS, assert_answer, table};

/// Names of a project's files that begin so, sorted.
fn files(project: &Project, start: &str) -> Vec<String> {
    let entries = std::fs::read_dir(project.path()).expect("a folder");
    let names = entries.map(|it| it.expect("an entry").file_name().into_string());
    let names = names.map(|it| it.expect("UTF-8"));
    let mut names: Vec<String> = names.filter(|it| it.starts_with(start)).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_database_is_made_once_and_dropped_once() {
    let project = Project::line();
    let made = project.rev("create db1");
    assert_eq!((made.exit, &*made.out), (Some(0), "db1  created\n"));
    assert_eq!(files(&project, "db"), ["db1.sqlite"]);
    let again = project.rev("create");
    assert_eq!(again.exit, Some(0));
    assert_eq!(again.out, "db1  is there already\ndb2  created\n");
    assert_eq!(project.rev("upgrade").exit, Some(0));
    assert!(project.has("db1.sqlite.rev-lock"));
    let dropped = project.rev("drop db1 --yes");
    assert_eq!((dropped.exit, &*dropped.out), (Some(0), "db1  dropped\n"));
    assert_eq!(files(&project, "db1"), Vec::<String>::new());
    let again = project.rev("drop db1");
    assert_eq!((again.exit, &*again.out), (Some(0), "db1  was not there\n"));
    assert_eq!(project.rev("current db2 -q").exit, Some(0), "db2 stays");
}

#[test]
fn what_sqlite_left_beside_a_file_goes_with_it() {
    let project = Project::line();
    let path = project.path().join("db1.sqlite");
    execute(&path, "PRAGMA journal_mode = WAL; CREATE TABLE a (n INT)");
    // As a program leaves them that was killed.
    project.write("db1.sqlite-wal", "");
    project.write("db1.sqlite-shm", "");
    assert_eq!(project.rev("drop db1 --yes").exit, Some(0));
    assert_eq!(files(&project, "db1"), Vec::<String>::new());
}

#[test]
fn a_file_that_a_program_has_open_stays() {
    let project = Project::line();
    project.write(
        "rev.yaml",
        "databases: {db1: {url: 'sqlite://db1.sqlite', lock_timeout: 10ms}}\n",
    );
    let path = project.path().join("db1.sqlite");
    for (mode, held) in [
        ("DELETE", "BEGIN; SELECT * FROM a"),
        ("WAL", "SELECT * FROM a"),
    ] {
        execute(
            &path,
            &format!(
                "PRAGMA journal_mode = {mode}; DROP TABLE IF EXISTS a; CREATE TABLE a (n INT)"
            ),
        );
        let reader = hold(&path, held);
        let refused = project.rev("drop db1 --yes");
        assert_eq!(refused.exit, Some(1), "{mode}: {refused}");
        assert!(
            refused
                .err
                .contains("it is in use: another program has the file open"),
            "{mode}: {refused}"
        );
        drop(reader);
        assert_eq!(query(&path, "SELECT count(*) FROM a"), ["0"], "{mode}");
    }
    assert_eq!(project.rev("drop db1 --yes").exit, Some(0));
}

#[test]
fn what_is_no_database_is_not_dropped() {
    let project = Project::line();
    project.write("db1.sqlite", &"somebody's diary\n".repeat(200));
    let refused = project.rev("drop db1 --yes");
    assert_eq!(refused.exit, Some(1), "{refused}");
    assert!(refused.err.contains("is not a database"), "{refused}");
    assert_eq!(files(&project, "db1"), ["db1.sqlite"]);
}

#[test]
fn nothing_is_dropped_where_nobody_can_be_asked() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade").exit, Some(0));
    for command in ["drop", "reset"] {
        let refused = project.rev(&format!("{command} db1"));
        assert_answer!(format!("existence_{command}_not_asked"), refused);
    }
    assert!(project.has("db1.sqlite"));
}

#[test]
fn a_protected_database_is_neither_made_nor_dropped() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let settings = SETTINGS.replace(
        "url: sqlite://db2.sqlite",
        "url: sqlite://db2.sqlite\n    protected: true",
    );
    project.write("rev.yaml", &settings);
    for command in ["create", "drop --yes", "reset --yes"] {
        let refused = project.rev(command);
        assert_eq!(refused.exit, Some(1), "{refused}");
        assert!(refused.err.contains("`db2` is protected"), "{refused}");
        let alone = project.rev(&format!("{command} db2"));
        assert_eq!(alone.exit, Some(1), "{alone}");
    }
    assert_answer!("existence_protected", project.rev("reset --yes"));
    assert!(project.has("db1.sqlite") && project.has("db2.sqlite"));
    assert_eq!(project.rev("reset db1 --yes").exit, Some(0));
}

#[test]
fn a_reset_ends_where_an_upgrade_of_a_new_database_does() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@aaaa").exit, Some(0));
    let path = project.path().join("db1.sqlite");
    execute(
        &path,
        "INSERT INTO hero VALUES (1); CREATE TABLE by_hand (n INT)",
    );
    assert_answer!("existence_reset", project.rev("reset db1 --yes"));
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'rev_%'";
    assert_eq!(
        query(&path, &format!("{tables} ORDER BY name")),
        ["hero", "mission"]
    );
    assert_eq!(query(&path, "SELECT count(*) FROM hero"), ["0"]);
    assert_eq!(project.rev("status db1 --check").exit, Some(0));
}

#[test]
fn nothing_is_dropped_for_a_head_that_cannot_be_reached() {
    let project = Project::fork();
    assert_eq!(project.rev("upgrade heads").exit, Some(0));
    let refused = project.rev("reset --yes");
    assert_eq!(refused.exit, Some(1), "{refused}");
    assert!(refused.err.contains("`head` is ambiguous"), "{refused}");
    assert!(!refused.err.contains("rev upgrade"), "{refused}");
    project.write(
        "revisions/bbbb_add_mission.yaml",
        &table("bbbb", "aaaa", "mission").replace("CREATE TABLE", "BEGIN; CREATE TABLE"),
    );
    project.write(
        "revisions/cccc_add_invoice.yaml",
        &table("cccc", "bbbb", "invoice"),
    );
    let refused = project.rev("reset --yes");
    assert_eq!(refused.exit, Some(1), "{refused}");
    assert!(project.has("db1.sqlite") && project.has("db2.sqlite"));
}

#[test]
fn a_second_name_of_a_protected_database_is_protected() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    std::os::unix::fs::symlink("db1.sqlite", project.path().join("link.sqlite")).expect("a link");
    for url in [
        "sqlite://./db1.sqlite",
        "sqlite://revisions/../db1.sqlite",
        "sqlite://link.sqlite",
    ] {
        project.write(
            "rev.yaml",
            &format!(
                "databases:\n  dev: {url}\n  prod: {{url: 'sqlite://db1.sqlite', protected: true}}\n"
            ),
        );
        for command in ["create dev", "drop dev --yes", "reset dev --yes"] {
            let refused = project.rev(command);
            assert_eq!(refused.exit, Some(1), "{command}: {refused}");
            let why = "`dev` is the same database as `prod`, which is protected";
            assert!(refused.err.contains(why), "{command}: {refused}");
            assert!(project.has("db1.sqlite"), "{url}: {command}");
        }
        assert_answer!("existence_second_name", project.rev("drop dev --yes"));
    }
}

#[test]
fn two_names_of_one_database_are_not_reset() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    let path = project.path().join("db1.sqlite");
    execute(&path, "INSERT INTO hero VALUES (1)");
    project.write(
        "rev.yaml",
        "databases: {db1: 'sqlite://db1.sqlite', db2: 'sqlite://./db1.sqlite'}\n",
    );
    let refused = project.rev("reset --yes");
    assert_eq!(refused.exit, Some(1), "{refused}");
    let why = "`db1` and `db2` are the same database";
    assert!(refused.err.contains(why), "{refused}");
    assert_eq!(query(&path, "SELECT count(*) FROM hero"), ["1"]);
    assert_eq!(project.rev("drop --yes").exit, Some(0), "one of them");
}

#[test]
fn a_hint_leads_to_the_project_that_was_asked_for() {
    let project = Project::line();
    project.write(
        "my other/rev.yaml",
        "databases: {db1: 'sqlite://db1.sqlite'}\n",
    );
    for words in [&["upgrade"][..], &["-c", "my other", "create"]] {
        assert_eq!(project.rev_with(words, &[]).exit, Some(0));
    }
    let refused = project.rev_with(&["drop", "db1", "-C", "my other"], &[]);
    assert_eq!(refused.exit, Some(1), "{refused}");
    let hint = r"`rev -c 'my other' drop db1 --yes`";
    assert!(refused.err.contains(hint), "{refused}");
    assert!(refused.err.contains("other/db1.sqlite"), "{refused}");
    let json = ["drop", "db1", "-c", "my other", "--format", "json"];
    let refused = project.rev_with(&json, &[]);
    let error = &refused.json()["error"];
    let told = error.to_string();
    assert!(told.contains("other/db1.sqlite"), "{refused}");
    assert!(told.contains("-c 'my other'"), "{refused}");
}

#[test]
fn nothing_is_dropped_for_a_need_on_another_database() {
    let project = Project::line();
    project.write(
        "revisions/dddd.yaml",
        "revision: dddd\ndown_revision: cccc\nmessage: needs db2\ndepends_on: [db2@cccc]\n\
         databases:\n  db1:\n    upgrade: CREATE TABLE power (id INTEGER)\n    \
         downgrade: DROP TABLE power\n",
    );
    let path = project.path().join("db1.sqlite");
    execute(&path, "CREATE TABLE by_hand (n INT)");
    let refused = project.rev("reset db1 --yes");
    assert_eq!(refused.exit, Some(1), "{refused}");
    assert!(refused.err.contains("db2"), "{refused}");
    assert_eq!(query(&path, "SELECT count(*) FROM by_hand"), ["0"]);
    let both = project.rev("reset --yes");
    assert_eq!(both.exit, Some(0), "{both}");
    assert_eq!(project.rev("reset db1 --yes").exit, Some(0), "db2 has it");
}

#[test]
fn a_reset_goes_on_without_what_cannot_be_dropped() {
    let project = Project::line();
    let database =
        |name| format!("  {name}: {{url: 'sqlite://{name}.sqlite', lock_timeout: 10ms}}\n");
    let databases = ["a", "b", "c"].map(database).concat();
    project.write("rev.yaml", &format!("databases:\n{databases}"));
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let of = |name: &str| project.path().join(format!("{name}.sqlite"));
    for name in ["a", "b", "c"] {
        execute(&of(name), "INSERT INTO hero VALUES (1)");
    }
    let reader = hold(&of("b"), "BEGIN; SELECT * FROM hero");
    let part = project.rev("reset --yes");
    assert_eq!(part.exit, Some(3), "{part}");
    assert!(part.err.contains("it is in use"), "{part}");
    let json = project.rev("reset --yes --format json");
    assert_eq!(json.exit, Some(3), "{json}");
    let told = json.json();
    assert_eq!(told["changed"], true);
    assert_eq!(told["error"]["code"], "in_use", "{json}");
    let reset = told["reset"].as_array().expect("a list");
    let done = reset.iter().map(|it| (&it["dropped"], &it["created"]));
    let done: Vec<String> = done.map(|(one, other)| format!("{one} {other}")).collect();
    assert_eq!(done, ["true true", "false false", "true true"]);
    assert_eq!(reset[1]["error"]["code"], "in_use", "{json}");
    let lanes = told["lanes"].as_array().expect("a list");
    let lanes: Vec<_> = lanes.iter().map(|it| &it["database"]).collect();
    assert_eq!(lanes, ["a", "c"]);
    drop(reader);
    for (name, rows) in [("a", "0"), ("b", "1"), ("c", "0")] {
        assert_eq!(
            query(&of(name), "SELECT count(*) FROM hero"),
            [rows],
            "{name}"
        );
    }
}

#[test]
fn all_that_keeps_from_dropping_is_told_at_once() {
    let project = Project::line();
    project.write(
        "rev.yaml",
        "databases:\n  a: sqlite://a.sqlite\n  b: sqlite://b.sqlite\n  \
         e: {url: '${NOPE}', dialect: sqlite}\n",
    );
    assert_eq!(project.rev("create a b").exit, Some(0));
    let refused = project.rev_unfollowed(&["drop"], &[]);
    assert_eq!(refused.exit, Some(1), "{refused}");
    for told in ["`a`, `b` would go", "NOPE"] {
        assert!(refused.err.contains(told), "{refused}");
    }
}
