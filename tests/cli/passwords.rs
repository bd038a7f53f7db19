//! No output holds a piece of a password, however its URL is given and whatever is wrong
//! with it.

use std::process::Command;

use crate::harness::{Project, table};

/// How many characters of a password no output may hold.
const PIECE: usize = 6;

/// Every command of `rev --help`, with arguments that let it look at `db1`. `URL` stands for
/// another URL with the password.
const COMMANDS: &[&str] = &[
    "init --database db9=URL other",
    "revision -m x",
    "revision --autogenerate -m x --scratch URL",
    "merge",
    "rebase aaaa --onto bbbb",
    "squash aaaa:bbbb --scratch URL -m x",
    "heads",
    "branches",
    "history",
    "show bbbb",
    "graph",
    "adopt",
    "adopt --scratch URL",
    "current",
    "status",
    "log",
    "plan db1@head",
    "apply saved.yaml",
    "upgrade db1@head",
    "upgrade URL",
    "upgrade URL@head",
    "upgrade --lock-wait URL",
    "status URL",
    "history -r URL",
    "downgrade db1@base",
    "switch db1@head",
    "stamp db1@head",
    "snapshot",
    "check --live",
    "diff",
    "diff --scratch URL",
    "dump",
    "test",
    "test --scratch URL",
    "repair db1",
    "edit aaaa",
    "create",
    "drop db1",
    "reset db1 --yes",
    "wait --timeout 0s",
    "wait --timeout 0s URL",
    "doctor",
    "schema rev.yaml",
    "init --add db8=URL",
    "completions bash",
    "help URL",
    "URL",
    "status --no-such-flag=URL",
];

/// A way in which a URL is given: what stands in `rev.yaml`, and the variables. `PASSWORD` is
/// the password itself.
struct Way {
    written: &'static str,
    variables: &'static [(&'static str, &'static str)],
    flag: Option<&'static str>,
}

const WAYS: &[Way] = &[
    way("SCHEME://app:${PW}@127.0.0.1:1/x", &[("PW", "PASSWORD")]),
    way("SCHEME://app:a${PW}b@127.0.0.1:1/x", &[("PW", "PASSWORD")]),
    way("SCHEME://${PW}:${PW}@127.0.0.1:1/x", &[("PW", "PASSWORD")]),
    way(
        "SCHEME://127.0.0.1:1/x?user=app&password=${PW}",
        &[("PW", "PASSWORD")],
    ),
    way("SCHEME://${WHO}@127.0.0.1:1/x", &[("WHO", "app:PASSWORD")]),
    way("${ALL}", &[("ALL", "SCHEME://app:PASSWORD@127.0.0.1:1/x")]),
    way(
        "${ALL}",
        &[("ALL", "SCHEME://127.0.0.1:1/x?user=app&password=PASSWORD")],
    ),
    way("${ALL}", &[("ALL", "PASSWORD")]),
    way("${ALL}", &[("ALL", "SCHEME://app:PASSWORD")]),
    way("SCHEME://127.0.0.1:1/x?user=app&password=PASSWORD", &[]),
    way("SCHEME://app:PASSWORD@127.0.0.1:1/x", &[]),
    way(
        "sqlite://none",
        &[("REV_DB1_URL", "SCHEME://app:PASSWORD@127.0.0.1:1/x")],
    ),
    Way {
        written: "SCHEME://h/x",
        variables: &[],
        flag: Some("--url=db1=SCHEME://app:PASSWORD@127.0.0.1:1/x"),
    },
    Way {
        written: "SCHEME://h/x",
        variables: &[],
        flag: Some("--url=SCHEME://app:PASSWORD@127.0.0.1:1/x"),
    },
];

const fn way(written: &'static str, variables: &'static [(&'static str, &'static str)]) -> Way {
    Way {
        written,
        variables,
        flag: None,
    }
}

/// Passwords of all printable characters of ASCII and some beyond, unlike one another.
struct Passwords(u64);

impl Passwords {
    fn next(&mut self) -> String {
        let beyond = ['ä', 'ß', '漢', '😀', '\u{a0}', '\u{301}'];
        let mut password = String::new();
        for _ in 0..24 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            let at = usize::try_from(self.0 % 101).expect("a small number");
            let printable = u8::try_from(at).ok().filter(|at| *at < 95);
            password.push(printable.map_or_else(|| beyond[at - 95], |at| char::from(b' ' + at)));
        }
        password
    }
}

fn pieces(password: &str) -> impl Iterator<Item = String> {
    let all: Vec<char> = password.chars().collect();
    let last = all.len().saturating_sub(PIECE);
    (0..=last).map(move |at| all[at..at + PIECE].iter().collect())
}

/// All that a command says with this password.
fn said(command: &str, way: &Way, scheme: &str, password: &str, format: &str) -> String {
    let fill = |text: &str| text.replace("SCHEME", scheme).replace("PASSWORD", password);
    let project = Project::with(&[
        ("aaaa_add_hero", table("aaaa", "null", "hero")),
        ("bbbb_add_mission", table("bbbb", "aaaa", "mission")),
    ]);
    let url = fill(way.written).replace('\\', "\\\\").replace('"', "\\\"");
    let dialect = if way.written.contains("sqlite") {
        "sqlite"
    } else {
        scheme
    };
    let settings = format!(
        "databases:\n  db1:\n    url: \"{url}\"\n    dialect: {dialect}\n    models: \"*.sql\"\n"
    );
    project.write("rev.yaml", &settings);
    let other = fill("SCHEME://app:PASSWORD@127.0.0.1:1/x");
    let words = command.split(' ').map(|word| word.replace("URL", &other));
    let flags = ["--format".to_owned(), format.to_owned()].into_iter();
    let words: Vec<String> = words.chain(flags).chain(way.flag.map(fill)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let variables: Vec<(&str, String)> = way
        .variables
        .iter()
        .map(|(name, value)| (*name, fill(value)))
        .collect();
    let mut variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    variables.push(("EDITOR", "true"));
    let answer = project.rev_unfollowed(&words, &variables);
    // A program reads what JSON means, not what it escapes.
    let meant = answer
        .to_string()
        .replace("\\\"", "\"")
        .replace("\\\\", "\\");
    format!("{answer}\n{meant}")
}

/// The commands that `rev --help` lists.
pub(crate) fn listed() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_rev"))
        .arg("--help")
        .output();
    let help = String::from_utf8(help.expect("rev starts").stdout).expect("text");
    let commands = help.split("Commands:\n").nth(1).expect("commands");
    let lines = commands.lines().take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn no_command_says_a_piece_of_a_password() {
    for command in listed() {
        let is_it = |line: &&str| line.split(' ').next() == Some(&command);
        assert!(COMMANDS.iter().any(is_it), "`{command}` is not tried");
    }
    let mut passwords = Passwords(0x5EED_0015);
    let mut turn = 0;
    for (at, way) in WAYS.iter().enumerate() {
        for command in COMMANDS {
            // Each pair is met by one engine and one format, by turns.
            turn += 1;
            let scheme = ["postgres", "mysql"][turn % 2];
            let format = ["text", "json"][turn / 2 % 2];
            let (one, other) = (passwords.next(), passwords.next());
            let with_one = said(command, way, scheme, &one, format);
            let with_other = said(command, way, scheme, &other, format);
            for piece in pieces(&one) {
                assert!(
                    !with_one.contains(&piece) || with_other.contains(&piece),
                    "way {at}, `{command}`, {format}: `{piece}` of `{one}` is said:\n{with_one}"
                );
            }
        }
    }
}

#[test]
fn a_url_that_cannot_be_taken_apart_is_told_with_what_to_do() {
    for (url, says) in [
        (
            "postgres://app:ab?PASSw0rd@127.0.0.1:1/x",
            "a character that must be percent-encoded",
        ),
        (
            "mysql://app:ab/PASSw0rd@127.0.0.1:1/x",
            "a character that must be percent-encoded",
        ),
        (
            "postgres://app:PASSw0rd",
            "the port in the URL is not a number",
        ),
        (
            "mysql://app:pw@h/d?PASSw0rd=1",
            "parameter 1 of the URL is not one for mysql",
        ),
    ] {
        let project = Project::line();
        let flag = format!("db1={url}");
        let answer = project.rev_unfollowed(&["current", "db1", "--url", &flag], &[]);
        let text = answer.to_string();
        assert!(text.contains(says), "{url}: {text}");
        assert!(text.contains("hint: "), "{url}: {text}");
        assert!(!text.contains("PASSw0rd"), "{url}: {text}");
        assert!(!text.contains("is the server up"), "{url}: {text}");
    }
}
