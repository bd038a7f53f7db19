//! The promises of `docs/promises.md`: each names tests that are there, and those that no other
//! file keeps are kept here.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use crate::harness::Project;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether `engines::kill::a_kill` is a test in `tests/engines/kill.rs`.
fn is_test(name: &str) -> bool {
    let parts: Vec<&str> = name.split("::").collect();
    let [program, module, test] = parts[..] else {
        return false;
    };
    let file = root().join(format!("tests/{program}/{module}.rs"));
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let Some((before, _)) = text.split_once(&format!("fn {test}()")) else {
        return false;
    };
    // Its attributes stand between it and what ends before it.
    let own = before.rsplit("\n\n").next().unwrap_or_default();
    own.contains("#[test]")
}

#[test]
fn every_promise_names_tests_that_are_there() {
    let text = std::fs::read_to_string(root().join("docs/promises.md")).expect("a page");
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    assert!(rows.len() >= 25, "{}", rows.len());
    for row in rows {
        let (promise, kept) = row
            .trim_end_matches(" |")
            .rsplit_once(" | ")
            .expect("two columns");
        let names: Vec<&str> = kept.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "nothing keeps: {promise}");
        for name in names {
            assert!(
                is_test(name),
                "`{name}` is no test, and is to keep: {promise}"
            );
        }
    }
    assert!(!is_test("cli::promises::no_such_test"));
    assert!(!is_test("cli::promises::is_test"));
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    // It takes connections, and nobody ever answers on them.
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = server.local_addr().expect("an address").port();
    let project = Project::fork();
    let url = format!("db1=postgres://app@127.0.0.1:{port}/app?connect_timeout=1");
    for words in [&["current", "db1"][..], &["upgrade", "db1@bbbb"]] {
        let words = [words, &["--url", &url]].concat();
        let answer = project.rev_unfollowed(&words, &[]);
        assert_eq!(answer.exit, Some(1), "{answer}");
        assert!(answer.err.contains("within 1 s"), "{answer}");
    }
}
