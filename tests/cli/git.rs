//! Projects in real git repositories.

use std::process::{Command, Output};

use crate::harness::{Project, assert_answer, table};

/// Runs git in the project, as nobody in particular.
pub(crate) fn git(project: &Project, words: &str) -> Output {
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

/// Two developers who both began at `aaaa`: `cccc` on main, `bbbb` on feature,
/// which is checked out and applied.
fn two_developers() -> Project {
    let project = repository();
    git(&project, "checkout -q main");
    project.write("revisions/cccc.yaml", &table("cccc", "aaaa", "fight"));
    git(&project, "add .");
    git(&project, "commit -qm three");
    git(&project, "checkout -q feature");
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    project
}

fn tables(project: &Project) -> Vec<String> {
    rev_testkit::sqlite::query(
        &project.path().join("db1.sqlite"),
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'rev%' ORDER BY name",
    )
}

#[test]
fn a_branch_that_git_has_rebased_asks_for_the_new_parent_to_be_accepted() {
    let project = two_developers();
    git(&project, "rebase -q main");
    // The file moved along with the commits, and now stands on what came first.
    project.write("revisions/bbbb.yaml", &table("bbbb", "cccc", "mission"));
    git(&project, "commit -qam onto-three");
    assert_answer!("git_rebased_status", project.rev("status db1"));
    assert_answer!("git_rebased_upgrade", project.rev("upgrade db1@head"));
    // The way out that is told: the branch goes, and comes back on top.
    assert_answer!("git_rebased_switch", project.rev("switch db1@aaaa"));
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    assert_eq!(tables(&project), ["fight", "hero", "mission"]);
    assert_eq!(project.rev("status db1 --check").exit, Some(0));
}

#[test]
fn a_commit_that_was_picked_alone_says_what_it_lacks() {
    let project = two_developers();
    project.write("revisions/dddd.yaml", &table("dddd", "bbbb", "score"));
    git(&project, "add .");
    git(&project, "commit -qm four");
    git(&project, "checkout -q main");
    git(&project, "cherry-pick feature");
    assert_answer!("git_picked", project.rev("upgrade db1@head"));
    // With the other commit picked too, both are here, and the database is beside.
    git(&project, "cherry-pick feature~1");
    assert_answer!("git_picked_both", project.rev("status db1"));
    assert_eq!(project.rev("upgrade db1@heads").exit, Some(0));
    assert_eq!(tables(&project), ["fight", "hero", "mission", "score"]);
}

#[test]
fn a_commit_that_was_reverted_leaves_by_what_the_ledger_has_stored() {
    let project = two_developers();
    git(&project, "revert --no-edit HEAD");
    assert!(!project.has("revisions/bbbb.yaml"));
    assert_answer!("git_reverted_upgrade", project.rev("upgrade db1@head"));
    assert_answer!("git_reverted_status", project.rev("status db1"));
    assert_answer!("git_reverted_switch", project.rev("switch db1@head"));
    assert_eq!(tables(&project), ["hero"]);
    // The revert is reverted.
    git(&project, "revert --no-edit HEAD");
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    assert_eq!(tables(&project), ["hero", "mission"]);
}

#[test]
fn a_commit_that_was_amended_is_done_again_or_accepted() {
    let project = two_developers();
    project.write("revisions/bbbb.yaml", &table("bbbb", "aaaa", "quest"));
    git(&project, "commit -qa --amend --no-edit");
    assert_answer!("git_amended_status", project.rev("status db1"));
    assert_eq!(
        project.rev("upgrade db1@head").exit,
        Some(1),
        "also where nothing is left to do"
    );
    project.write("revisions/dddd.yaml", &table("dddd", "bbbb", "score"));
    assert_answer!("git_amended_upgrade", project.rev("upgrade db1@head"));
    assert_eq!(project.rev("repair db1 --redo bbbb").exit, Some(0));
    assert_eq!(tables(&project), ["hero", "quest"]);
    // The old text is still in git: what ran is not what it says now.
    git(&project, "checkout -q feature@{1} -- revisions/bbbb.yaml");
    assert_eq!(project.rev("upgrade db1@head").exit, Some(1));
    rev_testkit::sqlite::execute(
        &project.path().join("db1.sqlite"),
        "ALTER TABLE quest RENAME TO mission",
    );
    assert_eq!(project.rev("repair db1 --accept bbbb").exit, Some(0));
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    assert_eq!(tables(&project), ["hero", "mission", "score"]);
}

#[test]
fn a_database_that_was_put_into_another_group_is_told() {
    let project = repository();
    let only = "revision: bbbb\ndown_revision: aaaa\nmessage: for reports\ndatabases:\n  reporting:\n    \
                upgrade: CREATE TABLE report (id INTEGER PRIMARY KEY)\n    downgrade: DROP TABLE report\n  \
                db1: {}\n";
    project.write("revisions/bbbb.yaml", only);
    git(&project, "commit -qam groups");
    assert_eq!(project.rev("upgrade db2@head").exit, Some(0));
    git(&project, "checkout -q -b other");
    let settings = "databases:\n  db1: sqlite://db1.sqlite\n  db2: sqlite://db2.sqlite\n";
    project.write("rev.yaml", settings);
    project.write("revisions/cccc.yaml", &table("cccc", "bbbb", "fight"));
    git(&project, "add .");
    git(&project, "commit -qm regrouped");
    assert_answer!("git_rebound", project.rev("upgrade db2@head"));
    assert_eq!(project.rev("repair db2 --accept bbbb").exit, Some(0));
    assert_eq!(project.rev("upgrade db2@head").exit, Some(0));
}

#[test]
fn a_revision_that_came_in_below_an_applied_one_is_a_gap() {
    let project = two_developers();
    git(&project, "checkout -q -b spliced");
    project.write("revisions/abab.yaml", &table("abab", "aaaa", "badge"));
    project.write("revisions/bbbb.yaml", &table("bbbb", "abab", "mission"));
    git(&project, "add .");
    git(&project, "commit -qm between");
    assert_answer!("git_gap", project.rev("upgrade db1@head"));
    assert_answer!("git_gap_status", project.rev("status db1"));
    // The way out that is told: down to where both agree, and up again.
    assert_eq!(project.rev("switch db1@aaaa").exit, Some(0));
    assert_eq!(project.rev("upgrade db1@head").exit, Some(0));
    assert_eq!(tables(&project), ["badge", "hero", "mission"]);
}

/// Installs the hook, with git within reach.
fn install_hook(project: &Project) -> crate::harness::Answer {
    let path = std::env::var("PATH").expect("a path");
    let words = ["init", "--git-hook", "post-checkout"];
    project.rev_with(&words, &[("PATH", &path)])
}

#[test]
fn the_hook_of_a_worktree_talks_about_that_worktree() {
    let project = repository();
    git(&project, "checkout -q main");
    assert_eq!(install_hook(&project).exit, Some(0));
    let made = git(&project, "worktree add tree feature");
    let told = String::from_utf8_lossy(&made.stderr);
    // Nothing is applied to the files of databases beside it, and its branch has two.
    assert!(told.contains("base → bbbb, 2 steps"), "{told}");
}

#[test]
fn the_line_for_a_hook_that_is_there_works_as_printed() {
    let project = repository();
    project.write(".git/hooks/post-checkout", "#!/bin/sh\nset -e\necho mine\n");
    let refused = install_hook(&project);
    let (_, line) = refused
        .err
        .split_once("what this one would do:\n")
        .expect("a line");
    let hook = format!("#!/bin/sh\nset -e\n{}\necho mine >&2\n", line.trim());
    project.write(".git/hooks/post-checkout", &hook);
    let file = project.path().join(".git/hooks/post-checkout");
    Command::new("chmod")
        .arg("+x")
        .arg(file)
        .status()
        .expect("chmod runs");
    let told = git(&project, "checkout main");
    let told = String::from_utf8_lossy(&told.stderr);
    assert!(told.contains("base → aaaa, 1 step"), "{told}");
    assert!(told.ends_with("mine\n"), "{told}");
}

#[test]
fn a_branch_without_the_project_hears_nothing_of_it() {
    let project = repository();
    assert_eq!(install_hook(&project).exit, Some(0));
    git(&project, "checkout -q --orphan empty");
    git(&project, "rm -rqf .");
    git(&project, "commit -q --allow-empty -m nothing");
    git(&project, "checkout -q main");
    let told = git(&project, "checkout -q empty");
    assert_eq!(String::from_utf8_lossy(&told.stderr), "");
}

#[test]
fn the_hook_finds_a_project_below_the_top() {
    let project = Project::empty();
    project.write("it's/here/rev.yaml", crate::harness::SETTINGS);
    project.write(
        "it's/here/revisions/aaaa.yaml",
        &table("aaaa", "null", "hero"),
    );
    git(&project, "init -q -b main");
    git(&project, "add .");
    git(&project, "commit -qm one");
    let path = std::env::var("PATH").expect("a path");
    let words = ["-c", "it's/here", "init", "--git-hook", "post-checkout"];
    let installed = project.rev_with(&words, &[("PATH", &path)]);
    assert_eq!(installed.exit, Some(0), "{installed}");
    let told = git(&project, "checkout -q -b other");
    let told = String::from_utf8_lossy(&told.stderr);
    assert!(told.contains("base → aaaa, 1 step"), "{told}");
}
