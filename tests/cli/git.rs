//! Projects in real git repositories.

use std::process::{Command, Output};

use crate::harness::{Project, assert_answer, table};

/// Runs git in the project, as nobody in particular.
fn git(project: &Project, words: &str) -> Output {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
        .args(words.split(' '))
        .current_dir(project.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    output
}

/// Two branches of the files: `main` with one revision, `feature` with two.
fn repository() -> Project {
    let project = Project::with(&[("aaaa", table("aaaa", "null", "hero"))]);
    project.write(".gitignore", "*.sqlite*\n*.rev-lock\n");
    git(&project, "init -q -b main");
    git(&project, "add .");
    git(&project, "commit -qm one");
    git(&project, "checkout -q -b feature");
    project.write("revisions/bbbb.yaml", &table("bbbb", "aaaa", "mission"));
    git(&project, "add .");
    git(&project, "commit -qm two");
    project
}

#[test]
fn a_hook_says_after_a_checkout_what_a_switch_would_do_and_does_nothing() {
    let project = repository();
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    let words = ["init", "--git-hook", "post-checkout"];
    let path = std::env::var("PATH").expect("a path");
    let install = || project.rev_with(&words, &[("PATH", &path)]);
    let installed = install();
    assert_eq!(installed.exit, Some(0), "{installed}");
    assert!(project.has(".git/hooks/post-checkout"));
    let again = install();
    assert_eq!(again.exit, Some(1), "{again}");
    assert!(again.err.contains("there is a hook already"), "{again}");

    let output = git(&project, "checkout main");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let told = told.replace('\r', "");
    let plan = told
        .split_once("Switched to branch 'main'\n")
        .expect("git says so")
        .1;
    assert_answer!("git_hook_plan", plan.to_owned());
    assert!(
        project.rev("status db1").out.contains("bbbb"),
        "nothing was done"
    );
    // A single file is no checkout.
    git(&project, "checkout -q feature");
    let output = git(&project, "checkout feature -- revisions/bbbb.yaml");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!told.contains("db1"), "{told}");
}

#[test]
fn a_hook_needs_a_repository() {
    let project = Project::line();
    let path = std::env::var("PATH").expect("a path");
    let words = ["init", "--git-hook", "post-checkout"];
    let answer = project.rev_with(&words, &[("PATH", &path), ("GIT_CEILING_DIRECTORIES", "/")]);
    assert_eq!(answer.exit, Some(1), "{answer}");
    assert!(answer.err.contains("in no git repository"), "{answer}");
}

#[test]
fn databases_follow_ten_checkouts_back_and_forth() {
    let project = repository();
    for round in 0..10 {
        let (branch, tables) = match round % 2 {
            0 => ("feature", "hero mission"),
            _ => ("main", "hero"),
        };
        git(&project, &format!("checkout -q {branch}"));
        // A revision that the checkout lacks goes by what the ledger has stored.
        let switched = project.rev("switch head");
        assert_eq!(switched.exit, Some(0), "{switched}");
        for name in ["db1", "db2"] {
            let file = project.path().join(format!("{name}.sqlite"));
            let query = "SELECT name FROM sqlite_schema WHERE type = 'table' \
                         AND name NOT LIKE 'rev\\_%' ESCAPE '\\' ORDER BY name";
            let found = rev_testkit::sqlite::query(&file, query).join(" ");
            assert_eq!(found, tables, "round {round}, {name}");
        }
    }
}
