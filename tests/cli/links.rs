//! Files that are no plain files, and links: what is read is the project, and nothing that
//! somebody's link leads to.

use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{Answer, Project, SETTINGS, table};

/// What no output may show.
const SECRET: &str = "hunter3";

/// Long enough for the slowest machine; only a hang takes longer.
const LONGEST_RUN: Duration = Duration::from_secs(60);

/// A project in `app`, and beside it what is none of its business.
struct Neighbours(Project);

impl Neighbours {
    fn new() -> Self {
        let all = Project::empty();
        all.write("app/rev.yaml", SETTINGS);
        all.write(
            "app/revisions/aaaa_add_hero.yaml",
            &table("aaaa", "null", "hero"),
        );
        all.write("out/creds.yml", &format!("db_password: {SECRET}\n"));
        all.write(
            "out/deep/creds.sql",
            &format!("CREATE TABLE {SECRET} (a int);\n"),
        );
        all.write("out/plain.txt", &format!("{SECRET}\n"));
        all.write("shared/bbbb_more.yaml", &table("bbbb", "aaaa", "more"));
        Self(all)
    }

    fn write(&self, name: &str, text: &str) {
        self.0.write(name, text);
    }

    /// A link in the project.
    fn link(&self, to: &str, name: &str) {
        let path = self.0.path().join("app").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        symlink(to, path).expect("linked");
    }

    /// Runs `rev` in the project; it never waits, and never shows what is outside.
    fn rev(&self, words: &str) -> Answer {
        let answer = in_time(&self.0, words);
        let shown = answer.to_string();
        assert!(
            !shown.contains(SECRET),
            "`rev {words}` shows what is outside:\n{shown}"
        );
        answer
    }

    fn listing(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path().join(folder)).expect("listed");
        let mut names: Vec<String> = entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("text")
            })
            .collect();
        names.sort();
        names
    }
}

/// What `rev` says in the folder `app`, or in the project itself; it is ended, and the test
/// fails, where it waits.
fn in_time(project: &Project, words: &str) -> Answer {
    let folder = match project.has("app") {
        true => project.path().join("app"),
        false => project.path().to_owned(),
    };
    let mut rev = Command::new(env!("CARGO_BIN_EXE_rev"))
        .args(words.split_whitespace())
        .current_dir(folder)
        .env_clear()
        .env("EDITOR", "true")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("rev starts");
    let begun = Instant::now();
    while rev.try_wait().expect("asked").is_none() {
        if begun.elapsed() > LONGEST_RUN {
            rev.kill().expect("killed");
            panic!("`rev {words}` waits without end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = rev.wait_with_output().expect("read");
    let text = |bytes| String::from_utf8(bytes).expect("rev writes UTF-8");
    Answer {
        exit: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

fn fifo(project: &Project, name: &str) {
    let path = project.path().join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo");
    assert!(made.success());
}

/// Commands that read revisions.
const READERS: [&str; 9] = [
    "check",
    "history",
    "plan db1@head --from base",
    "status",
    "show aaaa",
    "snapshot --check",
    "edit aaaa",
    "graph",
    "upgrade db1@head --dry-run",
];

#[test]
fn a_link_out_of_the_project_is_left_aside_and_named() {
    for (to, name) in [
        ("../../out", "revisions/x"),
        ("/usr", "revisions/x"),
        ("/", "revisions/deep/er/x"),
        ("../../out/creds.yml", "revisions/zz.yaml"),
        ("../../out/creds.yml", "revisions/zz.yml"),
    ] {
        let all = Neighbours::new();
        all.link(to, name);
        for words in READERS {
            let answer = all.rev(words);
            let shown = answer.to_string();
            assert!(
                shown.contains(name),
                "`rev {words}` does not name the link:\n{shown}"
            );
            assert!(shown.contains("leads out of the project"), "{shown}");
            assert!(shown.lines().count() < 40, "{shown}");
        }
        assert_eq!(all.rev("history").exit, Some(0));
        assert_eq!(all.rev("check").exit, Some(4), "a link out is a finding");
    }
}

#[test]
fn a_folder_of_revisions_that_is_a_link_out_is_left_aside() {
    for settings in ["", "revisions: revisions\n", "revisions: [db/revisions]\n"] {
        let all = Neighbours::new();
        all.write("app/rev.yaml", &format!("{settings}{SETTINGS}"));
        std::fs::remove_dir_all(all.0.path().join("app/revisions")).expect("removed");
        all.link("../out", "revisions");
        all.link("../out", "db");
        all.write(
            "out/revisions/creds.yaml",
            &format!("db_password: {SECRET}\n"),
        );
        let answer = all.rev("history");
        assert_eq!(answer.exit, Some(0), "{answer}");
        assert!(answer.err.contains("leads out of the project"), "{answer}");
        let before = (all.listing("out"), all.listing("out/revisions"));
        let refused = all.rev("revision -m x");
        assert_eq!(refused.exit, Some(1), "{refused}");
        assert!(
            refused.err.contains("leads out of the project"),
            "{refused}"
        );
        assert_eq!((all.listing("out"), all.listing("out/revisions")), before);
    }
}

#[test]
fn what_the_settings_name_themselves_is_read() {
    for (settings, link) in [
        ("revisions: [revisions, ../shared]\n", None),
        // A link into what is named may stand anywhere.
        (
            "revisions: [revisions, ../shared]\n",
            Some(("../../shared", "revisions/x")),
        ),
        (
            "revisions: [revisions, ../shared]\n",
            Some(("../../shared/bbbb_more.yaml", "revisions/bbbb.yaml")),
        ),
        // As may one within the project.
        ("", Some(("../kept", "revisions/x"))),
    ] {
        let all = Neighbours::new();
        all.write("app/rev.yaml", &format!("{settings}{SETTINGS}"));
        all.write("app/kept/bbbb_more.yaml", &table("bbbb", "aaaa", "more"));
        if let Some((to, name)) = link {
            all.link(to, name);
        }
        let answer = all.rev("history");
        assert_eq!(answer.exit, Some(0), "{answer}");
        assert!(
            answer.out.contains("bbbb") && answer.err.is_empty(),
            "{answer}"
        );
        assert_eq!(all.rev("heads").out.lines().count(), 1);
    }
    // What the hint says helps.
    let all = Neighbours::new();
    all.link("../../shared", "revisions/x");
    let told = all.rev("history").err;
    let folder = all.0.path().join("shared").canonicalize().expect("there");
    assert!(told.contains(&format!("`{}`", folder.display())), "{told}");
    let named = format!("revisions: [revisions, {}]\n{SETTINGS}", folder.display());
    all.write("app/rev.yaml", &named);
    assert!(all.rev("history").out.contains("bbbb"));
}

#[test]
fn what_is_missing_behind_a_link_is_said_to_be() {
    for (text, missing) in [
        (table("cccc", "bbbb", "third"), "`bbbb`"),
        (
            table("cccc", "aaaa", "third") + "depends_on: [bbbb]\n",
            "`bbbb`",
        ),
        (
            table("cccc", "aaaa", "third") + "replaces: [aaaa, bbbb]\n",
            "`bbbb`",
        ),
    ] {
        for (to, name) in [
            ("../../shared", "revisions/x"),
            ("../../shared/bbbb_more.yaml", "revisions/bbbb_more.yaml"),
        ] {
            let all = Neighbours::new();
            all.link(to, name);
            all.write("app/revisions/cccc_third.yaml", &text);
            let answer = all.rev("status");
            assert_eq!(answer.exit, Some(1), "{answer}");
            assert!(answer.err.contains(missing), "{answer}");
            assert!(
                answer.err.contains(&format!("it may be behind `{name}`")),
                "{answer}"
            );
        }
    }
    let all = Neighbours::new();
    all.link("../../shared", "revisions/x");
    all.write(
        "app/rev.yaml",
        "databases: {db1: {url: 'sqlite://x', follow: [billing]}}\n",
    );
    let answer = all.rev("status");
    assert!(
        answer.err.contains("it may be behind `revisions/x`"),
        "{answer}"
    );
}

#[test]
fn loops_of_links_end() {
    let all = Neighbours::new();
    all.link(".", "revisions/self");
    all.link("../revisions", "revisions/up");
    all.link("../revisions/self/up", "revisions/long");
    all.link("b.yaml", "revisions/a.yaml");
    all.link("a.yaml", "revisions/b.yaml");
    let answer = all.rev("history");
    assert_eq!(answer.exit, Some(1), "{answer}");
    assert!(answer.err.contains("revisions/a.yaml"), "{answer}");
    for name in ["a.yaml", "b.yaml"] {
        std::fs::remove_file(all.0.path().join("app/revisions").join(name)).expect("removed");
    }
    assert_eq!(all.rev("history").exit, Some(0));
    // Models below a loop are read once.
    all.write(
        "app/rev.yaml",
        "databases: {db1: {url: 'sqlite://db1.sqlite', models: schema}}\n",
    );
    all.write(
        "app/schema/a.sql",
        "CREATE TABLE hero (id INTEGER PRIMARY KEY);\n",
    );
    all.link(".", "schema/self");
    all.link("../schema", "schema/up");
    let answer = all.rev("check --models");
    assert_eq!(answer.exit, Some(0), "{answer}");
}

#[test]
fn a_snapshot_that_is_a_link_out_is_neither_read_nor_written_through() {
    let named = format!("{SETTINGS}snapshots: {{one: {{targets: db1@head}}}}\n");
    // The folder.
    let all = Neighbours::new();
    all.write("app/rev.yaml", &named);
    all.write("out/one.txt", &format!("{SECRET}\n"));
    all.write("out/orphan.txt", SECRET);
    all.link("../out", "snapshots");
    let before = all.listing("out");
    for (words, exit) in [
        ("snapshot --check", 4),
        ("snapshot", 1),
        ("snapshot --update", 1),
    ] {
        let answer = all.rev(words);
        assert_eq!(answer.exit, Some(exit), "{answer}");
        assert!(answer.err.contains("`snapshots`"), "{answer}");
        assert!(!answer.out.contains("orphan"), "{answer}");
        assert_eq!(all.listing("out"), before);
        let kept = std::fs::read_to_string(all.0.path().join("out/one.txt"));
        assert_eq!(kept.expect("kept"), format!("{SECRET}\n"));
    }
    // A file.
    let all = Neighbours::new();
    all.write("app/rev.yaml", &named);
    all.link("../../out/plain.txt", "snapshots/one.txt");
    let answer = all.rev("snapshot --check");
    assert_eq!(answer.exit, Some(4), "{answer}");
    assert!(answer.err.contains("`snapshots/one.txt`"), "{answer}");
    assert!(answer.out.contains("missing"), "{answer}");
    assert_eq!(all.rev("snapshot").exit, Some(0));
    let kept = std::fs::read_to_string(all.0.path().join("out/plain.txt"));
    assert_eq!(kept.expect("kept"), format!("{SECRET}\n"));
    assert_eq!(all.rev("snapshot --check").exit, Some(0));
}

#[test]
fn models_behind_a_link_out_are_left_aside() {
    let models = |models: &str| {
        let all = Neighbours::new();
        let text =
            format!("databases: {{db1: {{url: 'sqlite://db1.sqlite', models: {models}}}}}\n");
        all.write("app/rev.yaml", &text);
        all.write(
            "app/schema/a.sql",
            "CREATE TABLE hero (id INTEGER PRIMARY KEY);\n",
        );
        all
    };
    for (word, to, name) in [
        ("schema", "../../out", "schema/x"),
        ("schema", "../../out/deep/creds.sql", "schema/x.sql"),
        ("schema/*.sql", "../../out/deep/creds.sql", "schema/x.sql"),
        ("'schema/*'", "../../out", "schema/x"),
        ("schema", "/", "schema/x"),
    ] {
        let all = models(word);
        all.link(to, name);
        let answer = all.rev("check --models");
        assert_eq!(answer.exit, Some(0), "{answer}");
        assert!(answer.err.contains(name), "{answer}");
    }
    let all = models("other");
    all.link("../out/deep", "other");
    let answer = all.rev("check --models");
    assert_eq!(answer.exit, Some(1), "{answer}");
    assert!(
        answer.to_string().contains("it may be behind `other`"),
        "{answer}"
    );
    // What is named is read.
    for word in ["../lib", "../lib/*.sql", "../lib/a.sql"] {
        let all = models(word);
        all.write("lib/a.sql", "CREATE TABLE hero (id INTEGER PRIMARY KEY);\n");
        let answer = all.rev("check --models");
        assert_eq!(
            (answer.exit, answer.err.as_str()),
            (Some(0), ""),
            "{answer}"
        );
    }
}

#[test]
fn nothing_is_quoted_of_settings_that_are_a_link_out() {
    let all = Neighbours::new();
    all.link("../out/plain.txt", ".env");
    let answer = all.rev("status");
    assert_eq!(answer.exit, Some(1), "{answer}");
    assert!(
        answer.err.contains(".env:1:1") && !answer.err.contains("hunt"),
        "{answer}"
    );
    // One within is as safe as what it leads to.
    std::fs::remove_file(all.0.path().join("app/.env")).expect("removed");
    all.link(".env.kept", ".env");
    all.write("app/.env.kept", "A=1\n");
    assert_eq!(all.rev("history").exit, Some(0));
    std::fs::remove_file(all.0.path().join("app/rev.yaml")).expect("removed");
    all.write(
        "out/creds.yml",
        &format!("db_password: {SECRET}\nrevisions: {{{SECRET}: 1}}\n"),
    );
    all.link("../out/creds.yml", "rev.yaml");
    let answer = all.rev("status");
    assert_eq!(answer.exit, Some(1), "{answer}");
    assert!(!answer.err.contains("db_password"), "{answer}");
    // Settings that are some are taken.
    all.write("out/creds.yml", SETTINGS);
    assert_eq!(all.rev("history").exit, Some(0));
}

#[test]
fn what_is_set_aside_to_be_removed_is_no_way_out() {
    let all = Neighbours::new();
    all.link("../../out/creds.yml", "revisions/.bbbb_more.yaml.removed");
    let text = table("cccc", "null", "third") + "replaces: [aaaa, bbbb]\n";
    all.write("app/revisions/cccc_third.yaml", &text);
    let answer = all.rev("status");
    assert_eq!(answer.exit, Some(1), "{answer}");
}

#[test]
fn whatever_is_read_must_be_a_plain_file() {
    let saved = |project: &Project| {
        let answer = project.rev("plan db1@head --save plan.yaml");
        assert_eq!(answer.exit, Some(0), "{answer}");
    };
    for (name, words) in [
        ("rev.yaml", "status"),
        (".env", "status"),
        ("revisions/zz.yaml", "status"),
        ("revisions/zz.yaml", "edit aaaa"),
        ("revisions/.zz.yaml.removed", "history"),
        ("snapshots/one.txt", "snapshot --check"),
        ("snapshots/one.txt", "snapshot"),
        ("models.sql", "check --models"),
        ("models/a.sql", "check --models"),
        ("state.json", "plan db1@head --from state.json"),
        ("plan.yaml", "apply plan.yaml"),
        ("plan.yaml", "plan db1@head --save plan.yaml"),
        ("up.sql", "revision -m x --sql up.sql"),
        ("up.sql", "revision -m x --sql models.sql --down-sql up.sql"),
        ("db1.sqlite", "upgrade db1@head"),
        ("db1.sqlite", "status"),
        ("db1.sqlite-journal", "upgrade db1@head"),
        ("db1.sqlite-wal", "upgrade db1@head"),
        ("db1.sqlite-shm", "status"),
        ("db1.sqlite.rev-lock", "upgrade db1@head"),
        ("db1.sqlite.rev-lock", "status"),
        (".gitignore", "init --database db1=sqlite://var/x.sqlite"),
    ] {
        for socket in [false, true] {
            let project = Project::line();
            saved(&project);
            let models = match name {
                "models.sql" => ", models: models.sql",
                "models/a.sql" => ", models: models",
                _ => "",
            };
            project.write(
                "rev.yaml",
                &format!(
                    "databases: {{db1: {{url: 'sqlite://db1.sqlite'{models}}}, db2: {{url: 'sqlite://db2.sqlite', groups: [reporting]}}}}\n\
                     snapshots: {{one: {{targets: db1@head}}}}\n"
                ),
            );
            if name != "models.sql" {
                project.write("models.sql", "SELECT 1;\n");
            }
            if name == ".gitignore" {
                std::fs::remove_file(project.path().join("rev.yaml")).expect("removed");
            } else if name.starts_with("db1.sqlite-") {
                assert_eq!(project.rev("upgrade db1@aaaa").exit, Some(0));
            }
            let path = project.path().join(name);
            let _ = std::fs::remove_file(&path);
            if socket {
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                std::os::unix::net::UnixListener::bind(&path).expect("a socket");
            } else {
                fifo(&project, name);
            }
            let answer = in_time(&project, words);
            assert_ne!(answer.exit, Some(101), "{name}: {answer}");
            assert_ne!(answer.exit, Some(3), "{name}: {answer}");
            // What is not needed is not read.
            let is_read = !words.starts_with("edit")
                && !name.ends_with(".removed")
                && (name, words) != ("db1.sqlite.rev-lock", "status");
            if is_read {
                assert_ne!(answer.exit, Some(0), "{name}: {answer}");
                assert!(answer.to_string().contains(name), "{name}: {answer}");
            }
        }
    }
}

#[test]
fn a_link_beside_a_database_is_not_written_through() {
    for end in ["-journal", "-wal", "-shm", ".rev-lock"] {
        let project = Project::line();
        assert_eq!(project.rev("upgrade db1@aaaa").exit, Some(0));
        project.write("kept", "a person's own words\n");
        let link = project.path().join(format!("db1.sqlite{end}"));
        let _ = std::fs::remove_file(&link);
        symlink("kept", &link).expect("linked");
        let answer = in_time(&project, "upgrade db1@head");
        assert_eq!(answer.exit, Some(1), "{answer}");
        assert!(answer.err.contains(end), "{answer}");
        let kept = std::fs::read_to_string(project.path().join("kept")).expect("kept");
        assert_eq!(kept, "a person's own words\n");
        std::fs::remove_file(&link).expect("removed, as it says");
        assert_eq!(in_time(&project, "upgrade db1@head").exit, Some(0));
    }
}
