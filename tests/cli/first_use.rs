//! The first hours with `rev`: what is typed by habit, and what is met by everybody once.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::harness::{Answer, Project, table};
use crate::passwords::listed;

/// What is said to words that make no command.
fn told(project: &Project, words: &str) -> String {
    let answer = project.rev(words);
    assert_eq!(answer.exit, Some(2), "{words}: {answer}");
    assert!(!answer.err.contains("tip:"), "{words}: {answer}");
    answer.err
}

#[test]
fn a_word_of_another_tool_leads_to_the_command_that_does_the_same() {
    let project = Project::line();
    for (word, command) in [
        ("migrate", "rev upgrade"),
        ("rollback", "rev downgrade -1"),
        ("version", "rev --version"),
        ("makemigrations", "rev new --help"),
        ("pending", "rev status"),
        ("validate", "rev check"),
        ("baseline", "rev stamp --help"),
        ("upgarde", "rev upgrade --help"),
        ("zzzzzz", "rev --help"),
    ] {
        let told = told(&project, word);
        assert!(told.contains(&format!("`{command}`")), "{word}: {told}");
    }
    // And some are words of ours.
    assert_eq!(project.rev("up db1@aaaa").exit, Some(0));
    assert_eq!(project.rev("st db1").exit, Some(0));
    assert_eq!(project.rev("down db1@base").exit, Some(0));
    let json = project.rev("migrate --format json").json();
    assert_eq!(json["error"]["hints"][0], "that is `rev upgrade` here");
}

#[test]
fn an_argument_too_many_is_told_where_it_goes() {
    let project = Project::line();
    for (words, hint) in [
        ("upgrade -d db1", "`rev upgrade db1@head`"),
        ("downgrade --database db1", "`rev downgrade db1@-1`"),
        ("downgrade -2 -d db1", "`rev downgrade db1@-2`"),
        ("upgrade bbbb -d db1", "`rev upgrade db1@bbbb`"),
        ("plan -d db1", "`rev plan db1@head`"),
        ("plan downgrade -d db1", "`rev plan downgrade db1@-1`"),
        ("plan switch bbbb -d db1", "`rev plan switch db1@bbbb`"),
        ("stamp --database=db1", "`rev stamp db1@head`"),
        ("status -ddb1", "`rev status db1`"),
        ("status -d db1", "`rev status db1`"),
        (
            "upgrade --url db1=sqlite://a --dryrun",
            "unexpected argument '--dryrun' found\n",
        ),
        (
            "upgrade --dryrun --url=db1=sqlite://e",
            "unexpected argument '--dryrun' found\n",
        ),
        ("history cccc", "`rev history -r cccc:`"),
        ("upgrade --dryrun", "did you mean `rev upgrade --dry-run`?"),
        ("heads --all", "`rev heads --help` lists what it takes"),
        ("status --color sometimes", "invalid value"),
    ] {
        let told = told(&project, words);
        assert!(told.contains(hint), "{words}: {told}");
    }
    for words in [
        "history postgres://u:hunter2@h/d",
        "postgres://u:hunter2@h/d",
        "status --color=postgres://u:hunter2@h/d",
        "status --color postgres://u:hunter2@h/d",
        "status -d postgres://u:hunter2@h/d",
        "status --database=postgres://u:hunter2@h/d",
        "status -jpostgres://u:hunter2@h/d",
        "stamp -d=postgres://u:hunter2@h/d",
    ] {
        let secret = told(&project, words);
        assert!(!secret.contains("hunter2"), "{words}: {secret}");
    }
}

#[test]
fn a_folder_may_be_named_as_in_git() {
    let project = Project::empty();
    project.write("db/rev.yaml", "databases: {db1: sqlite://db1.sqlite}\n");
    project.write("db/revisions/aaaa.yaml", &table("aaaa", "null", "hero"));
    assert_eq!(project.rev("-C db heads").out, "aaaa  add hero\n");
}

#[test]
fn a_merge_that_is_not_finished_is_called_that_in_every_file() {
    let conflict = |ours: &str, theirs: &str| {
        format!("<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> billing\n")
    };
    let expected = "error: the file holds conflict markers of git\n  --> ";
    let project = Project::line();
    let (ours, theirs) = (table("cccc", "bbbb", "a"), table("dddd", "bbbb", "b"));
    project.write("revisions/cccc_add_mission.yaml", &conflict(&ours, &theirs));
    let told = project.rev("check").err;
    assert!(
        told.starts_with(&format!("{expected}revisions/cccc_add_mission.yaml:1:1")),
        "{told}"
    );
    assert_eq!(told.matches("error: ").count(), 1, "{told}");

    // Within a script, and in both other kinds of file.
    let within = ours.replace("downgrade:", &conflict("  a\n", "  b\n"));
    project.write("revisions/cccc_add_mission.yaml", &within);
    assert!(project.rev("check").err.starts_with(expected));
    project.write("revisions/cccc_add_mission.yaml", &ours);
    assert_eq!(
        project.rev("plan --from base --save plan.yaml").exit,
        Some(0)
    );
    let plan = std::fs::read_to_string(project.path().join("plan.yaml")).expect("a plan");
    project.write("plan.yaml", &conflict(&plan, "lanes: []\n"));
    let told = project.rev("apply plan.yaml").err;
    assert!(
        told.contains("the file holds conflict markers of git"),
        "{told}"
    );
    let settings = conflict(
        "databases: {a: sqlite://a}\n",
        "databases: {b: sqlite://b}\n",
    );
    project.write("rev.yaml", &settings);
    assert!(project.rev("check").err.starts_with(expected));
}

#[test]
fn a_first_revision_without_a_parent_is_told_what_to_write() {
    let project = Project::with(&[("aaaa", "revision: aaaa\nupgrade: SELECT 1\n".to_owned())]);
    let told = project.rev("check").err;
    assert!(told.contains("key `down_revision` is missing"), "{told}");
    assert!(told.contains("`down_revision: null`"), "{told}");
}

#[test]
fn all_heads_of_a_branch_are_not_all_heads() {
    let lab = table("bbbb", "aaaa", "lab") + "branch_labels: [lab]\n";
    let hero = table("aaaa", "null", "hero") + "branch_labels: [missions]\n";
    let project = Project::with(&[
        ("aaaa", hero),
        ("bbbb", lab),
        ("cccc", table("cccc", "aaaa", "side")),
        ("dddd", table("dddd", "bbbb", "one")),
        (
            "eeee",
            table("eeee", "bbbb", "two") + "branch_labels: [two]\n",
        ),
    ]);
    let refused = project.rev("upgrade db1@lab@head");
    assert!(
        refused
            .err
            .contains("take both (`rev upgrade db1@lab@heads`)"),
        "{refused}"
    );
    // A label that both have tells nobody which is which.
    assert!(
        refused
            .err
            .contains("   dddd  add one\n   eeee  add two  two\n"),
        "{refused}"
    );
    assert_eq!(project.rev("upgrade db1@lab@heads").exit, Some(0));
    let stand = project.rev("current db1").out;
    assert!(!stand.contains("cccc"), "{stand}");
}

#[test]
fn a_new_revision_has_a_name_in_any_script_and_a_message() {
    let project = Project::with(&[]);
    let mut parent = "base".to_owned();
    for (id, message, file) in [
        ("a1", "füge Held hinzu", "a1_füge_held_hinzu.yaml"),
        ("a2", "英雄を追加", "a2_英雄を追加.yaml"),
        ("a3", "हिन्दी जोड़ें", "a3_हिन्दी_जोड़ें.yaml"),
        ("a4", "Add 🎉 -- hero's /../ x", "a4_add_hero_s_x.yaml"),
        ("a5", "!?", "a5.yaml"),
    ] {
        let words = ["new", "--head", &parent, "--id", id, "-m", message];
        let made = project.rev_with(&words, &[]);
        assert_eq!(made.out, format!("revisions/{file}\n"), "{made}");
        parent = id.to_owned();
    }
    let long = "ありがとう".repeat(40);
    let made = project.rev_with(&["new", "--id", "a6", "-m", &long], &[]);
    assert!(made.out.len() < 160, "{made}");
    for message in ["", " \t"] {
        let refused = project.rev_with(&["new", "-m", message], &[]);
        assert_eq!(refused.exit, Some(2), "{refused}");
        assert!(refused.err.contains("say in a few words"), "{refused}");
    }
}

#[test]
fn what_cannot_be_written_is_called_by_the_name_that_was_asked_for() {
    let project = Project::line();
    let folder = project.path().join("shut");
    std::fs::create_dir(&folder).expect("made");
    // Nobody, not even root, makes a file below a file.
    project.write("shut/file", "");
    for (words, name) in [
        (
            "plan --from base --save shut/file/plan.yaml",
            "shut/file/plan.yaml",
        ),
        (
            "plan --from base --save no/where/plan.yaml",
            "no/where/plan.yaml",
        ),
    ] {
        let refused = project.rev(words);
        assert!(refused.err.contains(name), "{refused}");
        assert!(!refused.err.contains(".draft"), "{refused}");
    }
    // A folder that may not be written, for whoever root is not.
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).expect("set");
    let refused = project.rev("plan --from base --save shut/plan.yaml");
    assert!(!refused.err.contains(".draft"), "{refused}");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).expect("set");
}

#[test]
fn a_word_of_the_target_grammar_names_no_database() {
    let project = Project::empty();
    let refused = project.rev("init --database head=sqlite://x.sqlite");
    assert_eq!(refused.exit, Some(2), "{refused}");
    assert!(
        refused
            .err
            .contains("`head` is a word of the target grammar"),
        "{refused}"
    );
}

#[test]
fn a_report_for_build_servers_may_go_to_stdout() {
    let project = Project::line();
    let tested = project.rev("test --junit -");
    assert_eq!(tested.exit, Some(0), "{tested}");
    assert!(tested.out.starts_with("<?xml "), "{tested}");
    assert!(tested.out.ends_with("</testsuites>\n"), "{tested}");
    assert!(tested.err.contains("passed"), "{tested}");
    assert!(!project.has("-"));
    assert_eq!(project.rev("test --junit - --format json").exit, Some(2));
}

#[test]
fn a_way_down_that_cannot_run_is_told_right_after_the_way_up() {
    let table = |id: &str, parent: &str, down: &str| {
        format!(
            "revision: {id}\ndown_revision: {parent}\nmessage: m\nupgrade: CREATE TABLE {id} (a)\n\
             downgrade: |\n  {down}\n"
        )
    };
    let project = Project::with(&[
        ("aaaa", table("aaaa", "null", "-- write the way down here")),
        (
            "bbbb",
            table("bbbb", "aaaa", "BEGIN; DROP TABLE bbbb; COMMIT;"),
        ),
        ("cccc", table("cccc", "bbbb", "DROP TABLE cccc")),
    ]);
    let done = project.rev("upgrade");
    assert_eq!(done.exit, Some(0), "{done}");
    let warnings: Vec<&str> = done
        .err
        .lines()
        .filter(|it| it.starts_with("warning: "))
        .collect();
    assert_eq!(warnings.len(), 2, "{done}");
    assert!(
        warnings[0].contains("no statement is in the downgrade script of `aaaa`"),
        "{done}"
    );
    assert!(
        warnings[1].contains("the downgrade script of `bbbb`"),
        "{done}"
    );
    assert!(!done.err.contains("`cccc`"), "{done}");
}

/// The text of a file of a project.
fn text(project: &Project, name: &str) -> String {
    std::fs::read_to_string(project.path().join(name)).expect(name)
}

#[test]
fn a_new_project_says_what_is_known_of_its_databases() {
    let project = Project::empty();
    project.write(".gitignore", "/target\n");
    let words = [
        "init",
        "-d",
        "app=${APP_URL}",
        "-d",
        "stats=sqlite://dev.sqlite",
        "-d",
        "old=${OLD_URL}",
        "--dialect",
        "app=postgres",
    ];
    let made = project.rev_with(&words, &[("OLD_URL", "mysql://h/d")]);
    assert_eq!(made.exit, Some(0), "{made}");
    let settings = text(&project, "rev.yaml");
    let databases = settings.split_once("\ndatabases:\n").expect("databases").1;
    insta::assert_snapshot!(databases, @r#"
      app:
        url: "${APP_URL}"
        dialect: postgres
        shared: true          # takes every script that names no database
      stats:
        url: "sqlite://dev.sqlite"
        shared: true          # takes every script that names no database
      old:
        url: "${OLD_URL}"
        dialect: mysql
        shared: true          # takes every script that names no database
    "#);
    assert_eq!(
        text(&project, ".gitignore"),
        "/target\n/.env\n/dev.sqlite\n/dev.sqlite-*\n*.rev-lock\n"
    );
    // Where no variable is set plans and checks work all the same.
    assert_eq!(project.rev("check").exit, Some(0));
    assert_eq!(project.rev("plan --from base").exit, Some(0));

    let unknown = Project::empty();
    assert_eq!(
        unknown
            .rev_with(&["init", "-d", "app=${APP_URL}"], &[])
            .exit,
        Some(0)
    );
    assert!(text(&unknown, "rev.yaml").contains("    # dialect: postgres"));
    let refused = unknown.rev("init --dialect db1=oracle -d db1=sqlite://x");
    assert_eq!(refused.exit, Some(2), "{refused}");
}

#[test]
fn a_database_is_added_to_a_project_that_is_there() {
    let project = Project::line();
    let before = "# ours\ndatabases: # all of them\n  db1: sqlite://db1.sqlite   # why\n\nledger: {prefix: x_}\n";
    project.write("rev.yaml", before);
    let refused = project.rev("init -d stats=sqlite://stats.sqlite");
    assert_eq!(refused.exit, Some(1), "{refused}");
    assert!(
        refused.err.contains("`rev init --add NAME=URL`"),
        "{refused}"
    );

    let added = project.rev("init --add stats=sqlite://stats.sqlite");
    assert_eq!(added.exit, Some(0), "{added}");
    assert_eq!(added.out, "rev.yaml\n.gitignore\n");
    assert!(
        added.err.contains("`stats` takes 2 shared revisions"),
        "{added}"
    );
    let settings = text(&project, "rev.yaml");
    for line in before.lines() {
        assert!(settings.lines().any(|it| it == line), "{line}: {settings}");
    }
    assert!(settings.contains("  stats:\n    url: \"sqlite://stats.sqlite\"\n    shared: true"));
    let again = project.rev("init --add stats=sqlite://other.sqlite");
    assert!(
        again.err.contains("binds a database `stats` already"),
        "{again}"
    );
    let apart = project.rev("init --add apart=sqlite://apart.sqlite --shared false");
    assert!(!apart.err.contains("shared revisions"), "{apart}");
    assert_eq!(project.rev("upgrade").exit, Some(0));
    assert!(project.rev("current apart").out.contains("apart"));
}

#[test]
fn models_that_are_there_are_named() {
    let project = Project::empty();
    project.write("shop/base.py", "class Base(DeclarativeBase):\n    pass\n");
    let made = project.rev("init -d db1=sqlite://x.sqlite");
    assert!(made.err.contains("(shop.base:Base)"), "{made}");
    let project = Project::empty();
    project.write("shop/base.py", "class Base(DeclarativeBase):\n    pass\n");
    let made = project.rev("init -d db1=sqlite://x.sqlite --template sqlalchemy");
    assert_eq!(made.exit, Some(0), "{made}");
    assert!(text(&project, "rev_models.py").contains("\"db1\": [\"shop.base:Base\"]"));
    let project = Project::empty();
    assert_eq!(
        project
            .rev("init -d db1=sqlite://x.sqlite --models schema/*.sql")
            .exit,
        Some(0)
    );
    assert!(text(&project, "rev.yaml").contains("    models: schema/*.sql\n"));
}

#[test]
fn on_a_terminal_a_project_is_asked_for() {
    let project = Project::empty();
    project.write(
        "schema/hero.sql",
        "CREATE TABLE hero (id INTEGER PRIMARY KEY);\n",
    );
    let typed = "db1=sqlite://db1.sqlite\nnonsense\ndb2=${DB2_URL}\noracle\nsqlite\n\nn\ny\n";
    let said = on_a_terminal(&project, &["init", "--color", "never"], typed);
    assert!(
        said.contains("Do they all get the same revisions?"),
        "{said}"
    );
    assert!(said.contains("is not NAME=URL"), "{said}");
    let settings = text(&project, "rev.yaml");
    let databases = settings.split_once("\ndatabases:\n").expect("databases").1;
    insta::assert_snapshot!(databases, @r#"
      db1:
        url: "sqlite://db1.sqlite"
        shared: false         # takes only scripts that name it or its group
        models: schema/*.sql
      db2:
        url: "${DB2_URL}"
        dialect: sqlite
        shared: false         # takes only scripts that name it or its group
        models: schema/*.sql
    "#);
    // What has a flag is not asked for.
    let flagged = Project::empty();
    let words = [
        "init",
        "-d",
        "a=${A}",
        "-d",
        "b=sqlite://b",
        "--dialect",
        "sqlite",
        "--shared",
        "true",
    ];
    let said = on_a_terminal(&flagged, &words, "");
    assert!(!said.contains('?'), "{said}");
}

/// What is said on a terminal where this is typed.
fn on_a_terminal(project: &Project, words: &[&str], typed: &str) -> String {
    let output = std::process::Command::new("python3")
        .args([
            "-c",
            crate::models::ON_A_TERMINAL,
            typed,
            env!("CARGO_BIN_EXE_rev"),
        ])
        .args(words)
        .current_dir(project.path())
        .env_remove("CI")
        .output()
        .expect("python3 starts");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_database_that_joins_late_is_told_what_it_takes_before_it_runs() {
    let project = Project::line();
    let fresh = project.rev("upgrade");
    assert!(
        !fresh.err.contains("before it was bound"),
        "nobody is late: {fresh}"
    );
    assert!(fresh.err.contains("db1  created: db1.sqlite"), "{fresh}");
    assert_eq!(
        project.rev("init --add stats=sqlite://stats.sqlite").exit,
        Some(0)
    );
    let said = "`stats` takes 2 shared revisions that were written before it was bound";
    let planned = project.rev("upgrade --dry-run");
    assert!(planned.err.contains(said), "{planned}");
    assert!(!project.has("stats.sqlite"));
    let run = project.rev("upgrade");
    let (before, after) = run.err.split_once(said).expect("said");
    assert!(!before.contains("[1/"), "before the first step: {run}");
    assert!(after.contains("stats  created: stats.sqlite"), "{run}");
    // Once, and both ways out work.
    assert!(!project.rev("upgrade").err.contains(said));
    for way in ["--shared false", ""] {
        let other = Project::line();
        assert_eq!(other.rev("upgrade").exit, Some(0));
        let add = format!("init --add stats=sqlite://stats.sqlite {way}");
        assert_eq!(other.rev(add.trim()).exit, Some(0));
        if way.is_empty() {
            assert_eq!(other.rev("stamp stats@head").exit, Some(0));
        }
        assert!(!other.rev("upgrade").err.contains(said), "{way}");
    }
}

#[test]
fn a_revision_is_found_by_what_its_message_says() {
    let project = Project::line();
    assert!(project.rev("show FIGHTS").out.contains("bbbb"));
    let several = project.rev("show add");
    assert_eq!(several.exit, Some(1), "{several}");
    assert!(several.err.contains("`add` is in 2 messages"), "{several}");
    // An id or a label comes first, and what is nowhere is told as before.
    assert!(project.rev("show cccc").out.contains("add mission"));
    let nowhere = project.rev("show villain");
    assert!(
        nowhere
            .err
            .contains("there is no revision or label `villain`"),
        "{nowhere}"
    );
}

#[test]
fn a_new_revision_opens_in_the_editor() {
    let project = Project::line();
    let path = std::env::var("PATH").expect("a path");
    let variables = [("EDITOR", "cp edited.yaml"), ("PATH", path.as_str())];
    let edited = table("dddd", "cccc", "edited");
    project.write("edited.yaml", &edited);
    let made = project.rev_with(&["new", "-m", "x", "--id", "dddd", "-e"], &variables);
    assert_eq!(made.out, "revisions/dddd_x.yaml\n", "{made}");
    assert_eq!(text(&project, "revisions/dddd_x.yaml"), edited);
    // Who has no editor gets no file.
    let refused = project.rev_unfollowed(&["new", "-m", "y", "--id", "eeee", "-e"], &[]);
    assert_eq!(refused.exit, Some(1), "{refused}");
    assert!(!project.has("revisions/eeee_y.yaml"));
}

#[test]
fn a_database_that_is_not_up_yet_is_waited_for() {
    let project = Project::line();
    let there = project.rev("wait");
    assert_eq!(
        there.out, "db1  can be reached\ndb2  can be reached\n",
        "{there}"
    );
    assert!(!project.has("db1.sqlite"), "waiting makes nothing");
    project.write("rev.yaml", "databases: {db1: postgres://u@127.0.0.1:1/d}\n");
    for words in ["wait --timeout 0", "upgrade --wait 0"] {
        let refused = project.rev(words);
        assert_eq!(refused.exit, Some(1), "{refused}");
    }
    // It starts: connections are cut, until one is answered. It turns the user away, which
    // no time heals.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            drop(listener.accept().expect("a connection"));
        }
        let (mut third, _) = listener.accept().expect("a third connection");
        let mut asked = [0; 8];
        third.read_exact(&mut asked).expect("a start");
        let fields = b"SFATAL\0VFATAL\0C28P01\0Mnot this user\0\0";
        let length = u32::try_from(fields.len() + 4).expect("few bytes");
        let answer = [&b"E"[..], &length.to_be_bytes(), fields].concat();
        third.write_all(&answer).expect("an answer");
        // What was sent is read before the end is.
        let _ = third.shutdown(std::net::Shutdown::Write);
        let _ = third.read_to_end(&mut Vec::new());
    });
    let url = format!("postgres://u@127.0.0.1:{port}/d?sslmode=disable");
    project.write("rev.yaml", &format!("databases: {{db1: '{url}'}}\n"));
    let answer = project.rev_unfollowed(&["upgrade", "--wait", "1h"], &[]);
    assert_eq!(answer.exit, Some(1), "{answer}");
    assert!(answer.err.contains("waiting for `db1`"), "{answer}");
    assert!(answer.err.contains("not this user"), "{answer}");
    server.join().expect("it was asked three times");
}

#[test]
fn a_doctor_says_what_is_well_and_what_is_not() {
    let project = Project::line();
    let path = std::path::Path::new(env!("CARGO_BIN_EXE_rev"))
        .parent()
        .expect("a folder");
    let git = std::env::var("PATH").expect("a path");
    let path = format!("{}:{git}", path.display());
    let variables = [("PATH", path.as_str())];
    let well = project.rev_with(&["doctor"], &variables);
    assert_eq!(well.exit, Some(0), "{well}");
    assert!(well.out.contains("ok       project: "), "{well}");
    assert!(
        well.out.contains("sqlite answers; it has no history yet"),
        "{well}"
    );
    assert!(
        well.out
            .contains("ok       trials: they need no server here"),
        "{well}"
    );
    // Another program of that name comes first.
    project.write("bin/rev", "");
    let bin = project.path().join("bin");
    let path = format!("{}:{path}", bin.display());
    project.write(
        "rev.yaml",
        "databases: {db1: sqlite://db1.sqlite, db2: '${DB2_URL}'}\n",
    );
    let ill = project.rev_with(&["doctor", "--format", "json"], &[("PATH", &path)]);
    assert_eq!(ill.exit, Some(4), "{ill}");
    let checks = ill.json();
    assert_eq!(checks["checks"][0]["verdict"], "warning");
    let verdict = |name: &str| {
        let mut all = checks["checks"].as_array().expect("checks").iter();
        all.find(|it| it["check"] == name).expect(name)["verdict"].clone()
    };
    assert_eq!(verdict("database db1"), "ok");
    assert_eq!(verdict("database db2"), "error");
    // What does not open is a finding, too.
    assert_eq!(
        Project::empty().rev_with(&["doctor"], &variables).exit,
        Some(4)
    );
}

#[test]
fn a_doctor_tells_of_a_folder_where_no_file_can_be_made() {
    let project = Project::empty();
    project.write("rev.yaml", "databases: {db1: sqlite://kept/db1.sqlite}\n");
    project.write("kept/.gitkeep", "");
    project.write("revisions/.gitkeep", "");
    let folder = project.path().join("kept");
    let mode = |mode| std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode));
    mode(0o555).expect("its mode");
    // Whoever may do everything may write there, too.
    let rev = env!("CARGO_BIN_EXE_rev");
    let bound = [
        "setpriv",
        "--bounding-set=-dac_override,-dac_read_search",
        rev,
    ];
    let words = if rustix::process::getuid().is_root() {
        &bound[..]
    } else {
        &bound[2..]
    };
    let output = std::process::Command::new(words[0])
        .args(&words[1..])
        .arg("doctor")
        .current_dir(project.path())
        .output();
    mode(0o755).expect("its mode");
    let told = String::from_utf8(output.expect("it starts").stdout).expect("text");
    assert!(told.contains("error    rights db1: "), "{told}");
    assert!(
        told.contains("kept/db1.sqlite` cannot be written"),
        "{told}"
    );
    let well = project.rev("doctor");
    assert!(!well.out.contains("rights db1"), "{well}");
}

/// A line of three whose last revision drops a column, on a database that is protected.
fn protected() -> Project {
    let project = Project::line();
    project.write(
        "rev.yaml",
        "databases:\n  db1: {url: 'sqlite://db1.sqlite', protected: true}\n  db2: sqlite://db2.sqlite\n",
    );
    project
}

#[test]
fn a_protected_database_loses_something_only_by_a_saved_plan() {
    let project = protected();
    assert_eq!(
        project.rev("upgrade").exit,
        Some(0),
        "nothing is lost on the way up"
    );
    let stand = project.rev("current db1").out;
    for words in [
        "downgrade db1@-1",
        "downgrade db1@base --yes",
        "downgrade -1",
        "switch db1@aaaa",
    ] {
        let refused = project.rev(words);
        assert_eq!(refused.exit, Some(1), "{words}: {refused}");
        assert!(
            refused.err.contains("`db1` is protected"),
            "{words}: {refused}"
        );
        assert_eq!(project.rev("current db1").out, stand, "{words}");
    }
    assert_eq!(
        project.rev("stamp db1@head").exit,
        Some(0),
        "it runs nothing"
    );
    let redone = project.rev("repair db1 --redo cccc");
    assert!(redone.err.contains("`db1` is protected"), "{redone}");
    // The other one is as before, and a plan that was saved is what was reviewed.
    assert_eq!(project.rev("downgrade db2@-1").exit, Some(0));
    assert_eq!(
        project.rev("plan downgrade db1@-1 --save plan.yaml").exit,
        Some(0)
    );
    assert_eq!(project.rev("apply plan.yaml").exit, Some(0));
    assert_ne!(project.rev("current db1").out, stand);
}

#[test]
fn a_way_up_that_drops_something_is_one_way_down_more() {
    let project = protected();
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let drops = "revision: dddd\ndown_revision: cccc\nmessage: m\nupgrade: DROP TABLE hero\n\
                 downgrade: CREATE TABLE hero (id INTEGER PRIMARY KEY)\n";
    project.write("revisions/dddd.yaml", drops);
    let refused = project.rev("upgrade");
    assert_eq!(refused.exit, Some(1), "{refused}");
    assert!(
        refused
            .err
            .contains("would lose what these made or hold: `dddd`"),
        "{refused}"
    );
    assert_eq!(project.rev("plan db1@head --save plan.yaml").exit, Some(0));
    assert_eq!(project.rev("apply plan.yaml").exit, Some(0));
}

/// The protected line as far up as it goes, with one more revision that is not yet applied.
fn protected_before(upgrade: &str) -> Project {
    let project = protected();
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let lines = upgrade.lines().map(|line| format!("  {line}\n"));
    let text = format!(
        "revision: dddd\ndown_revision: cccc\nmessage: m\nupgrade: |\n{}downgrade: SELECT 1\n",
        lines.collect::<String>()
    );
    project.write("revisions/dddd.yaml", &text);
    project
}

#[test]
fn what_a_plan_shows_as_destructive_is_what_protection_refuses() {
    for statement in [
        "ALTER TABLE hero DROP \"key\";",
        "ALTER TABLE hero DROP policy;",
        "WITH x AS (SELECT 1) DELETE FROM hero;",
        "DROP /* x */ TABLE hero;",
        "DROP TABLE hero;\nCREATE TABLE hero (id INTEGER PRIMARY KEY);",
        "-- destructive: hero loses its values\nUPDATE hero SET id = id;",
    ] {
        let project = protected_before(statement);
        let planned = project.rev("plan db1@head");
        assert!(
            planned.out.contains("destructive"),
            "{statement}: {planned}"
        );
        let refused = project.rev_unfollowed(&["upgrade", "db1@head"], &[]);
        assert_eq!(refused.exit, Some(1), "{statement}: {refused}");
        assert!(
            refused.err.contains("`db1` is protected"),
            "{statement}: {refused}"
        );
    }
    for statement in [
        "CREATE TABLE hero_new (id INTEGER PRIMARY KEY, note TEXT);\n\
         INSERT INTO hero_new (id) SELECT id FROM hero;\nDROP TABLE hero;\n\
         ALTER TABLE hero_new RENAME TO hero;",
        "CREATE VIEW heroes AS SELECT * FROM hero;\nDROP VIEW heroes;",
        "UPDATE hero SET id = id;",
        "REPLACE INTO hero VALUES (1);",
        "INSERT OR REPLACE INTO hero VALUES (1);",
    ] {
        let project = protected_before(statement);
        let planned = project.rev("plan db1@head");
        assert!(!planned.out.contains("destructive"), "{planned}");
        let applied = project.rev("upgrade db1@head");
        assert_eq!(applied.exit, Some(0), "{statement}: {applied}");
    }
}

/// The commands that a hint offers, word for word but for the URL, run by a shell.
fn run_as_printed(project: &Project, answer: &Answer, url: &str) {
    let hints = rev_testkit::hints::hints(&answer.err).join(" ");
    let quoted = hints.split('`').skip(1).step_by(2);
    let commands: Vec<&str> = quoted.filter_map(|it| it.strip_prefix("rev ")).collect();
    assert_eq!(commands.len(), 2, "{answer}");
    for command in commands {
        let line = format!("'{}' {command}", env!("CARGO_BIN_EXE_rev")).replace("=URL", url);
        let run = std::process::Command::new("sh")
            .args(["-c", &line])
            .current_dir(project.path())
            .output()
            .expect("a shell runs");
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{line}: {said}");
    }
}

#[test]
fn the_plan_that_a_protected_database_asks_for_is_of_the_database_that_was_meant() {
    let project = Project::line();
    project.write(
        "rev.yaml",
        "databases:\n  prod: {url: 'sqlite://prod.sqlite', protected: true}\n",
    );
    let staging = "prod=sqlite://staging.sqlite";
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let up = ["upgrade", "--url", staging];
    assert_eq!(project.rev_with(&up, &[]).exit, Some(0));
    let stand = project.rev("current").out;
    let down = ["downgrade", "prod@-1", "--beside", "--url", staging];
    let refused = project.rev_with(&down, &[]);
    assert!(refused.err.contains("--beside"), "{refused}");
    run_as_printed(&project, &refused, "=sqlite://staging.sqlite");
    let of_staging = project.rev_with(&["current", "--url", staging], &[]);
    assert_ne!(of_staging.out, stand);
    assert_eq!(project.rev("current").out, stand, "production is as it was");
    // A shell would take the file's name for the pattern.
    project.write("prx@base", "");
    let refused = project.rev_unfollowed(&["downgrade", "pr*@base"], &[]);
    run_as_printed(&project, &refused, "");
    assert_ne!(project.rev("current").out, stand);
}

#[test]
fn on_a_terminal_a_person_is_asked_before_anything_is_taken_down() {
    let project = Project::line();
    assert_eq!(project.rev("upgrade").exit, Some(0));
    let stand = project.rev("current").out;
    let down = ["downgrade", "db1@-1", "--color", "never"];
    let said = on_a_terminal(&project, &down, "n\n");
    assert!(said.contains("Go on? (--yes) [y/N]"), "{said}");
    assert!(said.contains("nothing was changed"), "{said}");
    assert_eq!(project.rev("current").out, stand);
    on_a_terminal(&project, &down, "y\n");
    assert_ne!(project.rev("current").out, stand);
    let said = on_a_terminal(&project, &["downgrade", "db1@-1", "--yes"], "");
    assert!(!said.contains("Go on?"), "{said}");
    let drop = ["drop", "db1", "--color", "never"];
    let said = on_a_terminal(&project, &drop, "n\n");
    assert!(
        said.contains("db1  goes with all that is in it: sqlite:"),
        "{said}"
    );
    assert!(said.contains("Go on? (--yes) [y/N]"), "{said}");
    assert!(project.has("db1.sqlite"));
    on_a_terminal(&project, &drop, "y\n");
    assert!(!project.has("db1.sqlite"));
    let said = on_a_terminal(&project, &["upgrade"], "");
    assert!(
        !said.contains("Go on?"),
        "a harmless way up is not asked for: {said}"
    );
}

#[test]
fn on_a_terminal_a_loss_on_the_way_up_is_asked_for_and_told_once() {
    for databases in [2, 12] {
        let project = Project::fleet(databases, &[("aaaa", table("aaaa", "null", "hero"))]);
        assert_eq!(project.rev("upgrade").exit, Some(0));
        let drops = table("bbbb", "aaaa", "power")
            .replace("upgrade: ", "upgrade: |\n  DROP TABLE hero;\n  ");
        project.write("revisions/bbbb.yaml", &drops);
        let stand = project.rev("current").out;
        let up = ["upgrade", "--color", "never"];
        let loss = "destructive: upgrade bbbb drops table `hero`";
        let said = on_a_terminal(&project, &up, "n\n");
        assert!(said.contains("Go on? (--yes) [y/N]"), "{said}");
        assert!(said.contains("nothing was changed"), "{said}");
        assert_eq!(said.matches(loss).count(), 1, "{said}");
        assert_eq!(project.rev("current").out, stand);
        let unasked = project.rev("upgrade tenant_00@head");
        assert_eq!(unasked.exit, Some(0), "who has no terminal goes on");
        assert_eq!(unasked.err.matches(loss).count(), 1, "{unasked}");
        let said = on_a_terminal(&project, &up, "y\n");
        assert_eq!(said.matches(loss).count(), 1, "{said}");
        assert_ne!(project.rev("current").out, stand);
        let said = on_a_terminal(&project, &["upgrade", "tenant_00@base", "--yes"], "");
        assert!(!said.contains("Go on?"), "{said}");
    }
}

#[test]
fn on_a_terminal_a_loss_is_asked_for_in_a_shortcut_and_in_silence_too() {
    let made = [
        table("aaaa", "null", "hero"),
        table("bbbb", "aaaa", "power"),
    ];
    let project = Project::fleet(1, &[("aaaa", made[0].clone()), ("bbbb", made[1].clone())]);
    project.write(
        "revisions/cccc.yaml",
        "revision: cccc\nmessage: both\ndown_revision: null\nreplaces: [aaaa, bbbb]\n\
         upgrade: |\n  CREATE TABLE hero (id INT);\n  CREATE TABLE power (id INT);\n  \
         DROP TABLE IF EXISTS leftover;\ndowngrade: |\n  DROP TABLE power;\n  DROP TABLE hero;\n",
    );
    for quiet in [
        &["upgrade", "--color", "never"][..],
        &["-q", "upgrade", "--color", "never"],
    ] {
        let said = on_a_terminal(&project, quiet, "n\n");
        assert!(said.contains("Go on? (--yes) [y/N]"), "{said}");
        assert!(said.contains("drops table `leftover`"), "{said}");
    }
}

#[test]
fn init_refuses_a_url_that_no_command_takes() {
    for (url, says) in [
        (
            "mysql://h/d?nope=1",
            "parameter 1 of the URL is not one for mysql",
        ),
        (
            "postgres://h/d?nope=1",
            "parameter 1 of the URL is not one for postgres",
        ),
        (
            "sqlite:///no-such-file-here.sqlite",
            "three slashes lead from the root folder",
        ),
    ] {
        let project = Project::empty();
        let refused = project.rev(&format!("init -d db1={url}"));
        assert_eq!(refused.exit, Some(1), "{url}: {refused}");
        assert!(refused.err.contains(says), "{url}: {refused}");
        assert!(refused.err.contains("hint: "), "{url}: {refused}");
        assert!(!project.has("rev.yaml"), "{url}: {refused}");

        let project = Project::line();
        let before = std::fs::read_to_string(project.path().join("rev.yaml")).expect("a file");
        let refused = project.rev(&format!("init --add db3={url}"));
        assert_eq!(refused.exit, Some(1), "{url}: {refused}");
        let after = std::fs::read_to_string(project.path().join("rev.yaml")).expect("a file");
        assert_eq!(after, before, "{url}");
    }
    // What its variables hold is not known here.
    let project = Project::empty();
    let made = project.rev("init -d db1=postgres://${HOST}/d?nope=1");
    assert_eq!(made.exit, Some(0), "{made}");
}

#[test]
fn init_says_no_password_where_it_cannot_add() {
    let project = Project::line();
    // A link is somebody else's file, so the lines are to be pasted.
    let settings = project.path().join("rev.yaml");
    std::fs::rename(&settings, project.path().join("settings.yaml")).expect("moved");
    std::os::unix::fs::symlink("settings.yaml", &settings).expect("linked");
    for format in ["text", "json"] {
        let words = format!("init --add db3=postgres://app:hunter2@h/d --format {format}");
        let refused = project.rev_unfollowed(&words.split(' ').collect::<Vec<_>>(), &[]);
        assert_eq!(refused.exit, Some(1), "{refused}");
        let text = refused.to_string();
        assert!(text.contains("paste this below"), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn the_readme_lists_every_command() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = std::fs::read_to_string(path).expect("the README");
    let list = text.split("\n## Commands\n").nth(1).expect("a list");
    let list = list.split("\n## ").next().expect("its end");
    for command in listed().iter().filter(|it| *it != "help") {
        assert!(
            list.contains(&format!("`{command}`")),
            "`rev {command}` is not in it"
        );
    }
}

#[test]
fn a_hint_to_edit_the_head_of_a_database_leads_there() {
    let project = Project::line();
    let editor = [("EDITOR", "true"), ("PATH", "/usr/bin:/bin")];
    let refused = project.rev_unfollowed(&["edit", "db1"], &editor);
    assert!(refused.err.contains("`rev edit db1@head`"), "{refused}");
    let edited = project.rev_with(&["edit", "db1@head", "--format", "json"], &editor);
    assert_eq!(edited.exit, Some(0), "{edited}");
    let path = edited.json()["path"].clone();
    assert!(
        path.as_str()
            .is_some_and(|it| it.ends_with("cccc_add_mission.yaml")),
        "{path}"
    );
}
