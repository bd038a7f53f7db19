//! What build servers run for users: `ci/rev-ci`, and the files that call it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::git::git;
use crate::harness::{Project, assert_answer, table};

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the root is there")
}

/// Runs the script in a project, with these words and variables.
fn rev_ci(project: &Project, words: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new("sh")
        .arg(root().join("ci/rev-ci"))
        .args(words)
        .current_dir(project.path())
        .env_clear()
        .env("PATH", std::env::var("PATH").expect("a path"))
        .env("HOME", project.path())
        .env("USER", "tester")
        .env("REV", env!("CARGO_BIN_EXE_rev"))
        .envs(variables.iter().copied())
        .output()
        .expect("sh runs")
}

fn words(output: &Output) -> String {
    let text = [&output.stderr[..], &output.stdout[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn all_steps_run_and_the_plan_is_in_the_summary() {
    let project = Project::line();
    let summary = project.path().join("summary.md");
    std::fs::write(&summary, "what others wrote\n").expect("a file");
    let output = rev_ci(
        &project,
        &[],
        &[
            ("GITHUB_STEP_SUMMARY", &summary.to_string_lossy()),
            ("REV_JUNIT", "report.xml"),
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let told = words(&output);
    for step in ["check", "snapshot", "test", "plan"] {
        assert!(told.contains(&format!("== rev-ci: {step}\n")), "{told}");
    }
    assert!(project.has("report.xml"));
    assert_answer!(
        "ci_summary",
        std::fs::read_to_string(summary).expect("a file")
    );
    assert!(
        !project.has("db1.sqlite"),
        "no database of the project is needed"
    );
}

#[test]
fn one_step_that_finds_something_fails_the_job_and_stops_no_other() {
    let project = Project::fork();
    let output = rev_ci(&project, &["check", "test"], &[]);
    assert_eq!(output.status.code(), Some(4), "{}", words(&output));
    let told = words(&output);
    assert!(told.contains("rev-ci: check ended with 4"), "{told}");
    assert!(told.contains("passed"), "{told}");
    let unknown = rev_ci(&project, &["deploy"], &[]);
    assert_eq!(unknown.status.code(), Some(2), "{}", words(&unknown));
}

#[test]
fn a_project_below_the_root_is_named_by_a_word_as_hooks_can() {
    let project = Project::empty();
    project.write("db/rev.yaml", "databases: {db1: sqlite://db1.sqlite}\n");
    project.write("db/revisions/aaaa.yaml", &table("aaaa", "null", "hero"));
    for words in [
        &["check", "--project", "db"][..],
        &["--project=db", "check", "snapshot"],
    ] {
        let output = rev_ci(&project, words, &[]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{words:?}: {}",
            self::words(&output)
        );
    }
    assert_eq!(rev_ci(&project, &["check"], &[]).status.code(), Some(1));
    assert_eq!(
        rev_ci(&project, &["check", "--project"], &[]).status.code(),
        Some(2)
    );
}

#[test]
fn who_has_no_server_for_trials_is_told_the_variable_that_names_one() {
    let project = Project::empty();
    project.write("rev.yaml", "databases: {db1: postgres://h/d}\n");
    project.write("revisions/aaaa.yaml", &table("aaaa", "null", "hero"));
    let output = rev_ci(&project, &["test"], &[]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains("REV_SCRATCH"), "{}", words(&output));
}

#[test]
fn the_command_that_reverses_lines_is_not_taken_for_ours() {
    let project = Project::line();
    project.write("bin/rev", "#!/bin/sh\necho 'rev from util-linux 2.38.1'\n");
    executable(&project.path().join("bin/rev"));
    let path = format!(
        "{}:{}",
        project.path().join("bin").display(),
        std::env::var("PATH").expect("a path")
    );
    let output = rev_ci(&project, &["check"], &[("REV", "rev"), ("PATH", &path)]);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    assert!(words(&output).contains("there is no `rev` of Revgraph here"));
}

#[test]
fn a_pull_request_gets_one_comment_that_is_written_anew() {
    let project = Project::line();
    // GitHub's own client, as far as it is asked: it notes what it is told.
    project.write(
        "bin/gh",
        "#!/bin/sh\necho \"$@\" >>\"$NOTES\"\ncase \"$*\" in *--paginate*) printf '%s' \"$LAST\" ;; 'api user '*) echo rev-bot ;; esac\n",
    );
    executable(&project.path().join("bin/gh"));
    let path = format!(
        "{}:{}",
        project.path().join("bin").display(),
        std::env::var("PATH").expect("a path")
    );
    let comment = |last: &str| {
        let notes = project.path().join(format!("notes{last}"));
        let variables = [
            ("PATH", path.as_str()),
            ("NOTES", &*notes.to_string_lossy()),
            ("LAST", last),
            ("GH_TOKEN", "t0ken"),
            ("GITHUB_REPOSITORY", "ann/shop"),
            ("REV_PULL_REQUEST", "7"),
        ];
        let output = rev_ci(&project, &["plan"], &variables);
        assert_eq!(output.status.code(), Some(0), "{}", words(&output));
        std::fs::read_to_string(notes).expect("notes")
    };
    let first = comment("");
    assert!(
        first.contains("--method POST repos/ann/shop/issues/7/comments"),
        "{first}"
    );
    assert!(
        first.contains(".user.login == \"rev-bot\" and"),
        "only a comment of our own is written anew: {first}"
    );
    let second = comment("42");
    assert!(
        second.contains("--method PATCH repos/ann/shop/issues/comments/42"),
        "{second}"
    );
}

#[test]
fn a_pull_request_is_planned_for_what_it_adds() {
    for folder in ["", "db/"] {
        let project = Project::empty();
        let write =
            |id: &str, text: &str| project.write(&format!("{folder}revisions/{id}.yaml"), text);
        project.write(&format!("{folder}rev.yaml"), crate::harness::SETTINGS);
        write("aaaa", &table("aaaa", "null", "hero"));
        git(&project, "init -q -b main");
        git(&project, "add .");
        git(&project, "commit -qm one");
        let head = || {
            String::from_utf8_lossy(&git(&project, "rev-parse HEAD").stdout)
                .trim()
                .to_owned()
        };
        let base = head();
        write("bbbb", &table("bbbb", "aaaa", "mission"));
        git(&project, "checkout -q -b ours");
        git(&project, "add .");
        git(&project, "commit -qm two");
        // What came in meanwhile is not what this one adds.
        git(&project, "checkout -q main");
        write("cccc", &table("cccc", "aaaa", "fight"));
        git(&project, "add .");
        git(&project, "commit -qm three");
        let later = head();
        git(&project, "checkout -q ours");
        for commit in [&base, &later] {
            let variables = [
                ("REV_BASE", commit.as_str()),
                ("REV_PROJECT", if folder.is_empty() { "." } else { "db" }),
            ];
            let output = rev_ci(&project, &["plan"], &variables);
            let told = words(&output);
            assert_eq!(output.status.code(), Some(0), "{told}");
            assert!(told.contains("From `aaaa` to `bbbb`."), "{told}");
            assert!(
                told.contains("| 1 | up | `bbbb` |") && !told.contains("| 2 |"),
                "{told}"
            );
            assert!(told.contains("CREATE TABLE mission"), "{told}");
        }
        let unknown = [
            ("REV_BASE", "0123456789012345678901234567890123456789"),
            ("REV_PROJECT", if folder.is_empty() { "." } else { "db" }),
        ];
        let told = words(&rev_ci(&project, &["plan"], &unknown));
        assert!(told.contains("From base to `bbbb`."), "{told}");
    }
}

#[test]
fn a_plan_that_fails_takes_the_place_of_the_last_one() {
    let project = Project::fork();
    project.write(
        "bin/gh",
        "#!/bin/sh\nfor word in \"$@\"; do case $word in body=@*) cp \"${word#body=@}\" body ;; esac; done\n\
         case \"$*\" in 'api user '*) echo rev-bot ;; *--paginate*) echo 42 ;; *) echo \"$@\" >>notes ;; esac\n",
    );
    executable(&project.path().join("bin/gh"));
    let path = format!(
        "{}:{}",
        project.path().join("bin").display(),
        std::env::var("PATH").expect("a path")
    );
    let variables = [
        ("PATH", path.as_str()),
        ("GH_TOKEN", "t0ken"),
        ("GITHUB_REPOSITORY", "ann/shop"),
        ("REV_PULL_REQUEST", "7"),
    ];
    let output = rev_ci(&project, &["plan"], &variables);
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    let read = |name: &str| std::fs::read_to_string(project.path().join(name)).expect(name);
    assert!(
        read("notes").contains("--method PATCH"),
        "{}",
        read("notes")
    );
    let body = read("body");
    assert!(body.starts_with("<!-- rev plan -->\n"), "{body}");
    assert!(body.contains("There is no whole plan"), "{body}");
    assert!(body.contains("    error: `head` is ambiguous"), "{body}");
}

#[test]
fn no_file_of_a_pull_request_changes_what_is_planned() {
    let project = Project::line();
    let settings = std::fs::read_to_string(project.path().join("rev.yaml")).expect("settings");
    assert!(
        settings.contains("db1") && settings.contains("db2"),
        "{settings}"
    );
    let targets = [("REV_TARGETS", "db*@head"), ("REV_FROM", "bas?")];
    let planned = |targets: &[(&str, &str)]| {
        let output = rev_ci(&project, &["plan"], targets);
        (output.status.code(), words(&output))
    };
    let before = planned(&targets[..1]);
    assert!(
        before.1.contains("db1") && before.1.contains("db2"),
        "{}",
        before.1
    );
    let refused = planned(&targets);
    assert_ne!(refused.0, Some(0), "`bas?` is no state: {}", refused.1);
    for name in ["db1@head", "base", "-q", "--save=out.yaml"] {
        project.write(name, "");
    }
    assert_eq!(planned(&targets[..1]), before);
    assert_eq!(planned(&targets), refused);
    // What reads like an option is a target that means nothing.
    let option = planned(&[("REV_TARGETS", "--save=out.txt db1@head")]);
    assert_ne!(option.0, Some(0), "{}", option.1);
    assert!(!project.has("out.txt"));
}

#[cfg(unix)]
fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, mode).expect("a file of ours");
}

#[test]
fn snapshots_are_checked_also_where_none_are_named_any_more() {
    let project = Project::line();
    let code = || rev_ci(&project, &["snapshot"], &[]).status.code();
    assert_eq!(code(), Some(0), "there are none");
    let settings = std::fs::read_to_string(project.path().join("rev.yaml")).expect("settings");
    let named = "\"snapshots\": {fresh: {from: base, targets: [db1@head]}}\n";
    project.write("rev.yaml", &format!("{settings}{named}"));
    assert_eq!(code(), Some(4), "it is missing");
    assert_eq!(project.rev("snapshot").exit, Some(0));
    assert_eq!(code(), Some(0));
    project.write("rev.yaml", &settings);
    assert_eq!(code(), Some(4), "its file is left over");
}

#[test]
fn a_comment_that_is_too_long_or_refused_is_no_fault_of_the_plan() {
    let project = Project::line();
    project.write(
        "bin/gh",
        "#!/bin/sh\nfor word in \"$@\"; do case $word in body=@*)\n  \
         [ \"$(wc -c <\"${word#body=@}\")\" -le 65536 ] || exit 1 ;; esac; done\n\
         case \"$*\" in 'api user '*) echo rev-bot; exit ;; *--paginate*) exit \"$LISTED\" ;; esac\n\
         echo \"$@\" >>\"$NOTES\"\n",
    );
    executable(&project.path().join("bin/gh"));
    for number in 0..500 {
        let id = format!("dd{number:04}");
        let parent = match number {
            0 => "cccc".to_owned(),
            _ => format!("dd{:04}", number - 1),
        };
        let message = format!("{number} {}", "long words ".repeat(12));
        let text = table(&id, &parent, &format!("t{number}")).replace(
            &format!("message: add t{number}"),
            &format!("message: {message}"),
        );
        project.write(&format!("revisions/{id}.yaml"), &text);
    }
    let path = format!(
        "{}:{}",
        project.path().join("bin").display(),
        std::env::var("PATH").expect("a path")
    );
    let notes = project.path().join("notes");
    let run = |listed: &str| {
        let variables = [
            ("PATH", path.as_str()),
            ("NOTES", &*notes.to_string_lossy()),
            ("LISTED", listed),
            ("GH_TOKEN", "t0ken"),
            ("GITHUB_REPOSITORY", "ann/shop"),
            ("REV_PULL_REQUEST", "7"),
        ];
        let output = rev_ci(&project, &["plan"], &variables);
        assert_eq!(output.status.code(), Some(0), "{}", words(&output));
        words(&output)
    };
    run("0");
    assert!(
        std::fs::read_to_string(&notes)
            .expect("notes")
            .contains("--method POST")
    );
    std::fs::remove_file(&notes).expect("notes");
    // Who may not read the comments does not write a second one.
    assert!(run("1").contains("was not written"));
    assert!(!notes.exists());
}

/// A program in the place of `rev` has a plan as long as it may be, and many words on what is missing.
#[test]
fn a_plan_that_is_long_and_not_whole_fits_into_a_comment() {
    let project = Project::line();
    project.write(
        "bin/rev",
        "#!/bin/sh\n[ \"$1\" != --version ] || { echo rev 0.1.0; exit; }\n\
         while [ \"$1\" != --size ]; do shift; done\n\
         head -c \"$2\" /dev/zero | tr '\\0' x\n\
         for line in $(seq 300); do echo \"error: $line, and what a database of its own has to say of it all\" >&2; done\n\
         exit 1\n",
    );
    project.write(
        "bin/gh",
        "#!/bin/sh\nfor word in \"$@\"; do case $word in body=@*) wc -c <\"${word#body=@}\" >>\"$NOTES\" ;; esac; done\n",
    );
    for program in ["bin/rev", "bin/gh"] {
        executable(&project.path().join(program));
    }
    let bin = project.path().join("bin");
    let path = std::env::var("PATH").expect("a path");
    let notes = project.path().join("notes");
    let output = rev_ci(
        &project,
        &["plan"],
        &[
            ("PATH", &format!("{}:{path}", bin.display())),
            ("REV", &bin.join("rev").to_string_lossy()),
            ("NOTES", &notes.to_string_lossy()),
            ("GH_TOKEN", "t0ken"),
            ("GITHUB_REPOSITORY", "ann/shop"),
            ("REV_PULL_REQUEST", "7"),
        ],
    );
    assert_eq!(output.status.code(), Some(1), "{}", words(&output));
    let size = std::fs::read_to_string(&notes).expect("a comment");
    let size: usize = size.trim().parse().expect("a number");
    assert!((50_000..=65_536).contains(&size), "{size}");
}

/// Every text in a tree of YAML.
fn texts(value: &serde_yaml::Value) -> Vec<&str> {
    match value {
        serde_yaml::Value::String(text) => vec![text],
        serde_yaml::Value::Sequence(items) => items.iter().flat_map(texts).collect(),
        serde_yaml::Value::Mapping(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_files_for_build_servers_are_yaml_and_call_what_is_there() {
    let root = root();
    let mut called = 0;
    for name in ["action.yml", "ci/gitlab.yml", ".pre-commit-hooks.yaml"] {
        let text = std::fs::read_to_string(root.join(name)).expect(name);
        let value: serde_yaml::Value = serde_yaml::from_str(&text).expect(name);
        for text in texts(&value) {
            let scripts = text
                .split([' ', '"', '/', '\n'])
                .zip(text.split([' ', '"', '/', '\n']).skip(1));
            for (_, script) in scripts.filter(|(folder, _)| *folder == "ci") {
                let path = root.join("ci").join(script);
                assert!(path.is_file(), "{name} calls ci/{script}");
                assert_executable(&path);
                called += 1;
            }
        }
    }
    assert!(called >= 5, "{called}");
}

#[cfg(unix)]
fn assert_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = path.metadata().expect("a file").permissions().mode();
    assert_ne!(mode & 0o111, 0, "{}", path.display());
}

/// The recipe of docs/ci.md: two branches that are each right, and what they make
/// together.
#[test]
fn two_pull_requests_that_pass_alone_are_stopped_when_they_meet_and_joined() {
    let project = Project::with(&[("aaaa", table("aaaa", "null", "hero"))]);
    project.write(".gitignore", "*.sqlite*\n*.rev-lock\n");
    git(&project, "init -q -b main");
    git(&project, "add .");
    git(&project, "commit -qm one");
    let pull_request = |branch: &str, id: &str, name: &str| {
        git(&project, &format!("checkout -q -b {branch} main"));
        project.write(&format!("revisions/{id}.yaml"), &table(id, "aaaa", name));
        git(&project, "add .");
        git(&project, &format!("commit -qm {branch}"));
        let alone = rev_ci(&project, &["check", "test"], &[]);
        assert_eq!(alone.status.code(), Some(0), "{branch}: {}", words(&alone));
    };
    pull_request("missions", "bbbb", "mission");
    pull_request("fights", "cccc", "fight");

    // What a merge queue looks at: main with both. Git sees no conflict.
    git(&project, "checkout -q main");
    git(&project, "merge -q --no-edit missions");
    git(&project, "checkout -q -b queue main");
    git(&project, "merge -q --no-edit fights");
    let together = rev_ci(&project, &["check"], &[]);
    assert_eq!(together.status.code(), Some(4), "{}", words(&together));
    assert!(
        words(&together).contains("rev merge bbbb cccc"),
        "{}",
        words(&together)
    );

    // The second author joins the two.
    git(&project, "checkout -q fights");
    git(&project, "merge -q --no-edit main");
    let merged = project.rev("merge --id dddd");
    assert_eq!(merged.exit, Some(0), "{merged}");
    git(&project, "add .");
    git(&project, "commit -qm join");
    git(&project, "checkout -q main");
    git(&project, "merge -q --no-edit fights");
    let after = rev_ci(&project, &["check", "test"], &[]);
    assert_eq!(after.status.code(), Some(0), "{}", words(&after));
    assert!(words(&after).contains("merge dddd"), "{}", words(&after));
}
