//! Commands of the engines' own clients: what these list themselves is named by `rev check`.

use std::process::Command;

use rev_testkit::scratch::{Engine, Scratch};

use crate::offline::client;
use crate::project::Project;

/// What the client of this database tells of its own commands.
fn help(database: &Scratch) -> String {
    let mut command = match database.engine() {
        Engine::Sqlite => {
            let mut command = Command::new("sqlite3");
            command.args([":memory:", ".help"]);
            command
        }
        Engine::Postgres => {
            let mut command = Command::new("psql");
            command.arg("--help=commands");
            command
        }
        Engine::Mariadb | Engine::Mysql => {
            let mut command = client(database);
            if database.engine() == Engine::Mysql {
                // What is no terminal has none of them, unless they are asked for.
                command.arg("--commands");
            }
            command.args(["-e", "help"]);
            command
        }
    };
    let output = command.output().expect("the client runs");
    String::from_utf8(output.stdout).expect("text")
}

/// Its commands, as they are typed.
fn commands(engine: Engine, help: &str) -> Vec<String> {
    let is_word = |it: char| it.is_ascii_alphanumeric() || "_?!.".contains(it);
    let word = |text: &str| text.split(|it| !is_word(it)).next().map(str::to_owned);
    let mut found: Vec<String> = match engine {
        Engine::Sqlite => help.lines().filter_map(word).collect(),
        Engine::Postgres => help
            .lines()
            .filter_map(|line| Some(format!("\\{}", word(line.trim().strip_prefix('\\')?)?)))
            .collect(),
        Engine::Mariadb | Engine::Mysql => help
            .lines()
            .filter_map(|line| line.split_once("(\\"))
            .flat_map(|(before, after)| {
                let letter = after.split(')').next().expect("a letter");
                [before.trim().to_owned(), format!("\\{letter}")]
            })
            .collect(),
    };
    found.retain(|it| it.len() > 1 || it == "?");
    found.sort();
    found.dedup();
    found
}

#[test]
fn every_command_of_an_engines_own_client_is_named() {
    for engine in Engine::ALL {
        let project = Project::of(engine);
        let commands = commands(engine, &help(project.database()));
        assert!(commands.len() > 20, "{engine:?}: {commands:?}");
        // The server knows `USE`, too; these two mean something to a script, or nothing.
        let passed = ["use", "delimiter", "\\restrict", "\\unrestrict"];
        for (number, command) in commands.iter().enumerate() {
            let script = format!("upgrade: |\n  SELECT 1;\n  {command} x\nirreversible: true\n");
            project.revision(&format!("r{number}"), "null", &script);
        }
        let answer = project.rev(&["check"]);
        assert_ne!(answer.code, Some(0), "{engine:?}: {}", answer.text);
        for (number, command) in commands.iter().enumerate() {
            let named = format!("`r{number}` cannot run: `{command}` is a command of");
            let is_named = answer.text.contains(&named);
            let is_passed = passed.contains(&command.as_str());
            assert_eq!(
                is_named, !is_passed,
                "{engine:?}, {command}: {}",
                answer.text
            );
            if is_named {
                let place = format!("revisions/r{number}.yaml:6:");
                assert!(answer.text.contains(&place), "{place}: {}", answer.text);
            }
        }
    }
}

/// Since August 2025 pg_dump writes these lines around each dump.
#[test]
fn the_restrict_lines_of_a_dump_are_left_out() {
    let project = Project::of(Engine::Postgres);
    project.revision(
        "a",
        "null",
        "upgrade: |\n  \\restrict kH5xq\n\n  CREATE TABLE t (n INT);\n\n  \\unrestrict kH5xq\n\
         irreversible: true\n",
    );
    project.rev(&["check"]).exits(0);
    project.rev(&["upgrade"]).exits(0);
    assert!(project.database().dump().contains("t"));
}

#[test]
fn a_name_that_a_client_has_too_is_a_name() {
    for (engine, script) in [
        (Engine::Mysql, "CREATE TABLE source (status INT, help INT);"),
        (Engine::Mariadb, "SELECT \\N;"),
        (Engine::Postgres, "SELECT '\\i', $$\\c$$; -- \\q"),
        (Engine::Sqlite, "SELECT 1\n  .5;"),
    ] {
        let project = Project::of(engine);
        let revision = format!("upgrade: |\n  {script}\nirreversible: true\n");
        project.revision("a", "null", &revision);
        project.rev(&["check"]).exits(0);
    }
}
