//! Where there is no room: for an answer, or for open files.

use std::process::{Command, Output};

use crate::harness::Project;

/// Runs a line of the shell in which `$REV` is the program.
fn shell(project: &Project, line: &str) -> Output {
    Command::new("sh")
        .args(["-c", line])
        .env("REV", env!("CARGO_BIN_EXE_rev"))
        .current_dir(project.path())
        .output()
        .expect("a shell runs")
}

#[test]
fn an_answer_that_cannot_be_written_is_told_as_that() {
    let project = Project::line();
    let commands = [
        ("upgrade", 3),
        ("upgrade --format json", 1),
        ("status", 1),
        ("status --format json", 1),
        ("heads --format json", 1),
        ("plan db1@base --format sql", 1),
    ];
    for (command, code) in commands {
        let output = shell(&project, &format!("\"$REV\" {command} >/dev/full"));
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{command}: {told}");
        let words = "the answer cannot be written to standard output: No space left";
        assert!(told.contains(words), "{command}: {told}");
    }
}

#[test]
fn too_few_open_files_are_an_error_in_words() {
    let project = Project::line();
    for limit in 3..24 {
        let output = shell(&project, &format!("ulimit -n {limit}; \"$REV\" upgrade"));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!told.contains("panic"), "{limit}: {told}");
        let code = output.status.code();
        // Below that not even the program's libraries are found.
        let is_loader = code == Some(127);
        assert!(
            is_loader || matches!(code, Some(0 | 1 | 3)),
            "{limit}: {code:?} {told}"
        );
        if matches!(code, Some(1 | 3)) {
            assert!(told.contains("error: "), "{limit}: {told}");
        }
    }
}
