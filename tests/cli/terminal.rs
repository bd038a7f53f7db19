//! The command on a real terminal: what a person sees there, drawn by a terminal's own rules.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::harness::{Project, table};

/// Longer than any command takes here on a slow machine.
const LONGEST_WAIT: Duration = Duration::from_secs(180);

/// So many that nothing scrolls away.
const ROWS: u16 = 200;

/// A command at work on a terminal of its own.
pub(crate) struct Sitting {
    child: Child,
    keys: File,
    screen: vt100::Parser,
}

impl Sitting {
    /// Starts `rev` with these words on a terminal that is so wide.
    pub(crate) fn begin(project: &Project, words: &[&str], columns: u16) -> Self {
        Self::with(project, words, columns, &[])
    }

    /// The same with variables.
    pub(crate) fn with(
        project: &Project,
        words: &[&str],
        columns: u16,
        variables: &[(&str, &str)],
    ) -> Self {
        Self::of(
            env!("CARGO_BIN_EXE_rev"),
            project,
            words,
            columns,
            variables,
        )
    }

    /// The same of another program.
    pub(crate) fn of(
        program: &str,
        project: &Project,
        words: &[&str],
        columns: u16,
        variables: &[(&str, &str)],
    ) -> Self {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&keys).expect("it is ours");
        unlockpt(&keys).expect("it is open");
        let size = Winsize {
            ws_row: ROWS,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&keys, size).expect("a size");
        let name = ptsname(&keys, Vec::new()).expect("a name");
        let name = name.to_str().expect("a path").to_owned();
        let side = || {
            let side = OpenOptions::new().read(true).write(true).open(&name);
            Stdio::from(side.expect("the other side"))
        };
        // The command is to own the terminal, or no Ctrl-C reaches it.
        let child = Command::new("setsid")
            .arg("--ctty")
            .arg(program)
            .args(words)
            .current_dir(project.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").expect("a path"))
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("USER", "tester")
            .envs(variables.iter().copied())
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .expect("setsid starts");
        Self {
            child,
            keys: File::from(keys),
            screen: vt100::Parser::new(ROWS, columns, 0),
        }
    }

    /// Types these keys.
    pub(crate) fn press(&mut self, keys: &str) {
        // Who has ended takes no keys any more.
        let _ = self.keys.write_all(keys.as_bytes());
    }

    /// What is on the screen.
    pub(crate) fn shown(&self) -> String {
        let screen = self.screen.screen();
        let rows = screen.rows(0, screen.size().1);
        let rows: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        rows.join("\n").trim_end().to_owned()
    }

    /// Whether a line went on where it had no room.
    pub(crate) fn has_wrapped(&self) -> bool {
        (0..ROWS).any(|row| self.screen.screen().row_wrapped(row))
    }

    /// Reads what comes next; false: it has ended.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.keys.read(&mut buffer) {
            Ok(length @ 1..) => {
                self.screen.process(&buffer[..length]);
                true
            }
            // A terminal that nobody holds any more is an error to whoever reads it.
            Ok(0) | Err(_) => false,
        }
    }

    /// Reads on until the screen is as wanted. What moves on it would never end.
    pub(crate) fn until(&mut self, is_so: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !is_so(&self.shown()) {
            assert!(self.read(), "it ended: {}", self.shown());
            let is_in_time = begun.elapsed() < LONGEST_WAIT;
            assert!(is_in_time, "it never came to that: {}", self.shown());
        }
    }

    /// Reads to the end, and says how it ended and what is left on the screen.
    pub(crate) fn end(mut self) -> (Option<i32>, String, bool) {
        while self.read() {}
        let status = self.child.wait().expect("it ends");
        (status.code(), self.shown(), self.has_wrapped())
    }
}

impl Drop for Sitting {
    /// A test that fails leaves nothing at work.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const CTRL_C: &str = "\u{3}";

/// A statement that never ends by itself.
const ENDLESS: &str = "revision: bbbb\ndown_revision: aaaa\nmessage: count to no end, which takes a while longer than that\n\
    upgrade: INSERT INTO hero WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c\n\
    downgrade: SELECT 1\n";

#[test]
fn ctrl_c_is_acknowledged_where_several_lanes_work() {
    for databases in [2, 12] {
        let project = Project::fleet(databases, &[("aaaa", table("aaaa", "null", "hero"))]);
        assert_eq!(project.rev("upgrade").exit, Some(0));
        project.write("revisions/bbbb.yaml", ENDLESS);
        let mut sitting = Sitting::begin(&project, &["upgrade", "--jobs", "2"], 60);
        let lanes = match databases {
            2 => vec!["tenant_00  [1/1]", "tenant_01  [1/1]"],
            _ => vec!["0 of 12 databases"],
        };
        let heard = "stopping after the statement at hand; Ctrl-C again aborts";
        let is_at_work = |shown: &str| lanes.iter().all(|lane| shown.contains(lane));
        sitting.until(is_at_work);
        sitting.press(CTRL_C);
        // What moves does not go over it, nor leave anything of itself behind: whether it goes on,
        // or was between two statements and ends by this.
        sitting.until(|shown| shown.contains(heard));
        for _ in 0..6 {
            sitting.read();
        }
        let shown = sitting.shown();
        assert!(
            shown.contains(&format!("\n{heard}")) || shown.starts_with(heard),
            "{shown}"
        );
        for lane in &lanes {
            assert!(shown.matches(lane).count() <= 1, "{shown}");
        }
        sitting.press(CTRL_C);
        let (exit, shown, _) = sitting.end();
        assert!(shown.contains(heard), "{shown}");
        assert!(lanes.iter().all(|lane| !shown.contains(lane)), "{shown}");
        assert!(matches!(exit, Some(1 | 3)), "{exit:?}: {shown}");
    }
}

#[test]
fn ctrl_c_is_acknowledged_beside_the_bar_of_a_test() {
    let project = Project::with(&[("aaaa", table("aaaa", "null", "hero"))]);
    project.write("rev.yaml", "databases: {db1: sqlite://db1.sqlite}\n");
    project.write("revisions/bbbb.yaml", ENDLESS);
    let mut sitting = Sitting::begin(&project, &["test"], 80);
    let bar = "2/3  ";
    sitting.until(|shown| shown.contains(bar) && shown.contains("count to no end"));
    sitting.press(CTRL_C);
    let heard = "stopping after the statement at hand; Ctrl-C again aborts";
    sitting.until(|shown| shown.contains(heard));
    // The bar goes on, and neither covers it nor leaves a piece of itself behind.
    for _ in 0..6 {
        sitting.read();
    }
    let shown = sitting.shown();
    let is_whole = |line: &str| line.starts_with(heard);
    assert!(shown.lines().any(is_whole), "{shown}");
    assert!(shown.matches(bar).count() <= 1, "{shown}");
    sitting.press(CTRL_C);
    let (exit, shown, _) = sitting.end();
    assert!(shown.lines().any(is_whole), "{shown}");
    assert!(!shown.contains(bar), "{shown}");
    assert!(exit.is_some_and(|code| code > 0), "{exit:?}: {shown}");
}

/// Long words and many, on two databases.
fn wordy() -> Project {
    let words = "keep for every hero which missions they were on, when, and with whom";
    let files = [
        ("1a2b3c4d5e6f", "null", "add the table of heroes"),
        ("5f1c2a9be0d4", "1a2b3c4d5e6f", words),
        (
            "5f7d90b1c2e3",
            "1a2b3c4d5e6f",
            "英雄を追加 and what they can do, in their own words",
        ),
        (
            "9f8e7d6c5b4a",
            "[5f1c2a9be0d4, 5f7d90b1c2e3]",
            "join missions and powers",
        ),
    ];
    let project = Project::with(&[]);
    for (number, (id, parent, message)) in files.iter().enumerate() {
        let name = format!("table_{number}");
        let text = table(id, parent, &name).replace(
            &format!("message: add {name}"),
            &format!("message: {message}"),
        );
        let text = text
            + if number == 1 {
                "branch_labels: [missions]\n"
            } else {
                ""
            };
        project.write(&format!("revisions/{id}.yaml"), &text);
    }
    let settings =
        "databases:\n  db1: sqlite://db1.sqlite\n  reporting: sqlite://reporting.sqlite\n";
    project.write("rev.yaml", settings);
    project
}

/// The same on forty, one of which is behind.
fn fleet() -> Project {
    let project = wordy();
    let lines = (0..40).map(|it| format!("  tenant_{it:02}: sqlite://tenant_{it:02}.sqlite\n"));
    project.write(
        "rev.yaml",
        &format!("databases:\n{}", lines.collect::<String>()),
    );
    project
}

fn shown(project: &Project, command: &str, columns: u16) -> (Option<i32>, String, bool) {
    let words: Vec<&str> = command.split(' ').collect();
    Sitting::begin(project, &words, columns).end()
}

/// Durations are not the same twice.
fn masked(line: &str) -> String {
    match line.rsplit_once(", ") {
        Some((words, last)) if last.ends_with(" s") && line.contains(" databases, ") => {
            format!("{words}, [S]")
        }
        _ => line.to_owned(),
    }
}

/// Each screen on a terminal of its own, in the order of a first day.
fn screens() -> String {
    let mut text = String::from(
        "# Screens\n\nWhat stands on a terminal, 60, 80 and 200 columns wide. A test keeps this page; durations are \
         masked. What has no room ends in `…`; only what is destroyed is told whole, and may wrap.\n",
    );
    for columns in [60, 80, 200] {
        text += &format!("\n## {columns} columns\n");
        // Forty databases may not all answer in time on a slow machine.
        for (project, behind, history) in [
            (wordy(), "reporting", "history --databases"),
            (fleet(), "tenant_07", "history"),
        ] {
            for command in [
                "plan".to_owned(),
                "upgrade --jobs 1".to_owned(),
                format!("downgrade {behind}@5f1c --yes"),
                "status".to_owned(),
                history.to_owned(),
            ] {
                let (exit, screen, has_wrapped) = shown(&project, &command, columns);
                assert_eq!(exit, Some(0), "{command}: {screen}");
                // What destroys is said in full.
                let is_down = command.starts_with("downgrade");
                assert!(is_down || !has_wrapped, "{command}: {screen}");
                let lines: Vec<String> = screen.lines().map(masked).collect();
                text += &format!("\n```console\n$ rev {command}\n{}\n```\n", lines.join("\n"));
            }
        }
    }
    text
}

/// As with snapshots, `INSTA_UPDATE=always` writes them anew.
#[test]
fn the_screens_of_the_page_are_those_of_a_terminal() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/screens.md");
    let now = screens();
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        std::fs::write(&page, &now).expect("written");
    }
    let kept = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(
        kept == now,
        "docs/screens.md is not what a terminal shows:\n{now}"
    );
}

#[test]
fn no_line_wraps_on_a_narrow_terminal() {
    let project = wordy();
    assert_eq!(project.rev("upgrade").exit, Some(0));
    for columns in [40, 60] {
        for command in [
            "history",
            "graph",
            "graph --ascii",
            "history --dates --databases",
            "status",
            "current",
            "log",
            "plan downgrade base",
        ] {
            let (exit, screen, has_wrapped) = shown(&project, command, columns);
            assert_eq!(exit, Some(0), "{command}: {screen}");
            assert!(!has_wrapped, "{command} at {columns}: {screen}");
            let is_cut = columns > 40 || screen.contains('…');
            assert!(is_cut, "{command} at {columns}: {screen}");
        }
        // Where no person looks nothing is cut.
        let whole = project.rev_unfollowed(&["history"], &[("COLUMNS", "40")]);
        assert!(whole.out.contains("when, and with whom"), "{whole}");
    }
}

#[test]
fn what_is_longer_than_the_screen_goes_through_the_pager() {
    let files: Vec<(String, String)> = (0..250)
        .map(|it| {
            let parent = if it == 0 {
                "null".to_owned()
            } else {
                format!("r{:03}", it - 1)
            };
            let id = format!("r{it:03}");
            (id.clone(), table(&id, &parent, &format!("t{it}")))
        })
        .collect();
    let files: Vec<(&str, String)> = files
        .iter()
        .map(|(id, text)| (id.as_str(), text.clone()))
        .collect();
    let project = Project::with(&files);
    let pager = [("PAGER", "sed 's/^/paged /' | head -n 3")];
    let paged = |words: &[&str]| Sitting::with(&project, words, 80, &pager).end();
    let (exit, screen, _) = paged(&["history"]);
    assert_eq!(exit, Some(0), "{screen}");
    assert_eq!(screen.matches("paged ").count(), 3, "{screen}");
    for words in [
        &["history", "--no-pager"][..],
        &["history", "-n", "5"],
        &["status"],
    ] {
        let (exit, screen, _) = paged(words);
        assert_eq!(exit, Some(0), "{screen}");
        assert!(!screen.contains("paged "), "{words:?}: {screen}");
    }
    let none = [("PAGER", "no-such-pager-here 2>/dev/null")];
    let (exit, screen, _) = Sitting::with(&project, &["history"], 80, &none).end();
    assert_eq!(exit, Some(0), "{screen}");
    assert!(screen.contains("r000"), "{screen}");
}

#[test]
fn a_terminal_whose_locale_has_no_other_characters_gets_ascii() {
    let project = Project::fork();
    let ascii = project.rev("history --ascii").out;
    let whole = project.rev("history").out;
    assert!(ascii.is_ascii() && !whole.is_ascii(), "{ascii}{whole}");
    for (name, value, is_ascii) in [
        ("LC_ALL", "C", true),
        ("LC_ALL", "POSIX", true),
        ("LC_CTYPE", "en_US.ISO-8859-1", true),
        ("LC_ALL", "C.UTF-8", false),
        ("LC_CTYPE", "en_US.utf8", false),
        ("LC_ALL", "", false),
    ] {
        let (_, screen, _) = Sitting::with(&project, &["history"], 80, &[(name, value)]).end();
        let expected = if is_ascii { &ascii } else { &whole };
        assert_eq!(screen, expected.trim_end(), "{name}={value}");
    }
}
