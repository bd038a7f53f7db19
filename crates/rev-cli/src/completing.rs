//! Completion as one types: databases, groups, revisions, labels and targets of the project at hand.
//!
//! The script that `rev completions` prints asks this very program, by a variable, what can
//! follow. That reads files alone, never a database, and where the project cannot be read it
//! says nothing: who presses Tab has asked for no error.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{CompleteEnv, EnvCompleter, Fish, Shells, Zsh};
use rev_core::Graph;
use rev_store::{Environment, Project};

use crate::args::Cli;
use crate::commands::one_line;

/// The variable by which a shell's script asks.
const VARIABLE: &str = "_REV_COMPLETE";

/// So many revisions are offered before anything of an id was typed.
const FEW: usize = 40;

/// The option by which the scripts call whatever program was typed: another `rev`, such as the one
/// that turns lines round, knows none of that name and says nothing.
const OPTION: &str = "--completing";

/// The points that are no revisions. The last is one of a database alone.
const WORDS: [&str; 4] = ["head", "heads", "base", "current"];

/// Answers a shell that asks what can follow; false: none does.
pub(crate) fn answer(arguments: &[OsString]) -> bool {
    if std::env::var_os(VARIABLE).is_none() {
        return false;
    }
    let shells: [&dyn EnvCompleter; 3] = [&Bash, &Zsh, &Fish];
    let here = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(command)
        .var(VARIABLE)
        .shells(Shells(&shells))
        .try_complete(arguments.iter().cloned(), here.as_deref());
    asked.unwrap_or(true)
}

/// Writes the script by which a shell asks; `None`: this shell has none.
pub(crate) fn script(shell: clap_complete::Shell) -> Option<String> {
    let shell: &dyn EnvCompleter = match shell {
        clap_complete::Shell::Bash => &Bash,
        clap_complete::Shell::Zsh => &Zsh,
        clap_complete::Shell::Fish => &Fish,
        _ => return None,
    };
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "rev", "rev", PROGRAM, &mut script)
        .ok()?;
    let script = String::from_utf8(script).ok()?;
    Some(match shell.name() {
        // The program that was typed, as the shell itself would find it.
        "zsh" => script.replace(PROGRAM, &format!("${{~${{(Q)words[1]}}}} {OPTION}")),
        "fish" => FISH.replace("VAR", VARIABLE).replace("OPTION", OPTION),
        _ => script,
    })
}

/// What stands in a script for the program that is asked.
const PROGRAM: &str = "PROGRAM";

/// What a value is completed by.
fn completer(id: &str) -> Option<fn(&OsStr) -> Vec<CompletionCandidate>> {
    Some(match id {
        "databases" | "applied_on" | "from_database" => databases,
        "targets" | "words" | "target" | "revisions" | "depends_on" => targets,
        "point" | "points" | "branch" | "head" | "onto" | "redo" | "accept" | "at" | "range" => {
            points
        }
        "from" => states,
        "names" => snapshots,
        _ => return None,
    })
}

/// The command line with what completes its values.
fn command() -> Command {
    Cli::command().mut_subcommands(|command| {
        command.mut_args(|arg| match completer(arg.get_id().as_str()) {
            Some(completer) => arg.add(ArgValueCompleter::new(completer)),
            None => arg,
        })
    })
}

/// The project at hand, if it can be read: the one that `-c` names, or the next one.
fn project() -> Option<Project> {
    let here = std::env::current_dir().ok()?;
    let arguments = std::env::args().skip_while(|it| it != "--").skip(1);
    let named = settings(arguments).map(|it| at_home(&it));
    let environment = Environment::new(std::iter::empty());
    Project::open(&here, named.as_deref(), &environment).ok()
}

/// What `-c` names in a line, however it is written.
fn settings(mut arguments: impl Iterator<Item = String>) -> Option<String> {
    while let Some(word) = arguments.next() {
        if matches!(word.as_str(), "-c" | "-C" | "--config") {
            return arguments.next();
        }
        if let Some(path) = word.strip_prefix("--config=") {
            return Some(path.to_owned());
        }
        let joined = { word.strip_prefix("-c") }.or_else(|| word.strip_prefix("-C"));
        if let Some(path) = joined {
            return Some(path.strip_prefix('=').unwrap_or(path).to_owned());
        }
    }
    None
}

/// A path as a shell takes it that has not looked at it yet.
fn at_home(path: &str) -> PathBuf {
    let home = std::env::var_os("HOME").filter(|_| path == "~" || path.starts_with("~/"));
    match home {
        Some(home) => PathBuf::from(home).join(path.trim_start_matches(['~', '/'])),
        None => PathBuf::from(path),
    }
}

/// The names of databases and groups.
fn names(project: &Project) -> Vec<String> {
    let names = project.config.bound_names();
    names.keys().map(|&name| name.to_owned()).collect()
}

fn databases(typed: &OsStr) -> Vec<CompletionCandidate> {
    behind(typed, &[], |project, _, _| {
        let names = names(project).into_iter();
        names.map(|name| (name, None)).collect()
    })
}

/// `db1@` and the points of a graph, or the points behind the last `@` or `:` of what was typed.
fn targets(typed: &OsStr) -> Vec<CompletionCandidate> {
    behind(typed, &['@', ':'], |project, before, typed| {
        let mut found = Vec::new();
        if before.is_empty() {
            let names = names(project).into_iter();
            found.extend(names.map(|name| (format!("{name}@"), None)));
        }
        found.extend(places(&project.graph, &WORDS, typed));
        found
    })
}

/// The same of no database.
fn points(typed: &OsStr) -> Vec<CompletionCandidate> {
    behind(typed, &['@', ':'], |project, _, typed| {
        places(&project.graph, &WORDS[..WORDS.len() - 1], typed)
    })
}

/// Where databases may be taken to stand: `base`, `db1=` and revisions behind that.
fn states(typed: &OsStr) -> Vec<CompletionCandidate> {
    behind(typed, &['=', ','], |project, before, typed| {
        if !before.is_empty() {
            return revisions(&project.graph, typed);
        }
        let names = project.config.databases.keys();
        let mut found: Vec<Candidate> = names.map(|name| (format!("{name}="), None)).collect();
        found.push(("base".to_owned(), None));
        found
    })
}

/// The named plans of a project.
fn snapshots(typed: &OsStr) -> Vec<CompletionCandidate> {
    behind(typed, &[], |project, _, _| {
        let names = project.config.snapshots.keys();
        names.map(|name| (name.clone(), None)).collect()
    })
}

/// What may follow, and what is said of it.
type Candidate = (String, Option<String>);

/// What completes the part of a word behind the last of these signs.
fn behind(
    typed: &OsStr,
    signs: &[char],
    found: impl Fn(&Project, &str, &str) -> Vec<Candidate>,
) -> Vec<CompletionCandidate> {
    let (Some(typed), Some(project)) = (typed.to_str(), project()) else {
        return Vec::new();
    };
    let (before, last) = match typed.rfind(signs) {
        Some(at) => typed.split_at(at + 1),
        None => ("", typed),
    };
    let found = found(&project, before, last).into_iter();
    let found = found.filter(|(word, _)| word.starts_with(last));
    found
        .map(|(word, help)| {
            let candidate = CompletionCandidate::new(format!("{before}{word}"));
            candidate.help(help.map(Into::into))
        })
        .collect()
}

/// These words, labels and revisions.
fn places(graph: &Graph, words: &[&str], typed: &str) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = words.iter().map(|it| ((*it).to_owned(), None)).collect();
    found.extend(labels(graph));
    found.extend(revisions(graph, typed));
    found
}

fn labels(graph: &Graph) -> Vec<Candidate> {
    let files = graph.files().iter();
    files
        .flat_map(|revision| {
            let labels = revision.labels.iter();
            labels.map(|label| (label.to_string(), said(&revision.message)))
        })
        .collect()
}

/// Revisions by their ids; of many none before anything was typed.
fn revisions(graph: &Graph, typed: &str) -> Vec<Candidate> {
    if typed.is_empty() && graph.len() > FEW {
        return Vec::new();
    }
    let files = graph.files().iter();
    files
        .map(|revision| (revision.id.to_string(), said(&revision.message)))
        .collect()
}

fn said(message: &str) -> Option<String> {
    Some(one_line(message)).filter(|it| !it.is_empty())
}

/// Bash, which parts words at `@` and `:` by itself: the line is read as it was typed, and what
/// bash takes for done is left out of the answer.
struct Bash;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == "bash"
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        _completer: &str,
        buf: &mut dyn Write,
    ) -> std::io::Result<()> {
        let script = BASH
            .replace("NAME", name)
            .replace("BIN", bin)
            .replace("OPTION", OPTION)
            .replace("VAR", var);
        buf.write_all(script.as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        arguments: Vec<OsString>,
        here: Option<&Path>,
        buf: &mut dyn Write,
    ) -> std::io::Result<()> {
        clap_complete::env::Bash.write_complete(command, arguments, here, buf)
    }
}

/// Behind a sign of redirection a file is named, which bash completes by itself where nothing is
/// answered.
const BASH: &str = r#"_complete_NAME() {
    local line="${COMP_LINE:0:COMP_POINT}" program="${COMP_WORDS[0]}" words found word before
    IFS=$' \t\n' read -r -a words <<< "$line"
    [[ "$line" =~ [[:space:]]$ ]] && words+=("")
    word="${words[${#words[@]} - 1]}"
    before="${word%"$2"}"
    COMPREPLY=()
    if [[ "$word" =~ ^[0-9\&]*[\<\>] || "${words[${#words[@]} - 2]}" =~ ^[0-9\&]*[\<\>]+[\|\&]?$ ]]; then
        compopt +o nospace 2> /dev/null
        return 0
    fi
    # The program that was typed; of an alias, the one that it is for.
    [[ "$program" == "~/"* ]] && program="$HOME/${program:2}"
    type -P -- "$program" > /dev/null || program=BIN
    while IFS= read -r found || [[ -n "$found" ]]; do
        COMPREPLY+=("${found#"$before"}")
    done < <(
        _CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((${#words[@]} - 1)) VAR=bash \
            "$program" OPTION -- "${words[@]}" 2> /dev/null
    )
    [[ "${#COMPREPLY[@]}" == 0 || ( "${#COMPREPLY[@]}" == 1 && "${COMPREPLY[0]}" != *[@=/:] ) ]] &&
        compopt +o nospace 2> /dev/null
    return 0
}
complete -o nospace -o bashdefault -o default -F _complete_NAME BIN
"#;

const FISH: &str = r#"function __complete_rev
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l program (string replace --regex -- '^~(?=/)' $HOME $words[1])
    VAR=fish $program OPTION -- $words (commandline --current-token) 2> /dev/null
end
complete --keep-order --exclusive --command rev --arguments "(__complete_rev)"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_that_names_what_a_project_has_is_completed() {
        let named = [
            "POINT", "TARGET", "REVISION", "RANGE", "LOW:HIGH", "DATABASE", "STATE",
        ];
        let mut seen = 0;
        for subcommand in command().get_subcommands() {
            for arg in subcommand.get_arguments() {
                let names = arg.get_value_names().unwrap_or_default().iter();
                let mut words = names.flat_map(|it| it.split(['[', ']', ' ']));
                if words.any(|it| named.contains(&it)) {
                    seen += 1;
                    let place = (subcommand.get_name(), arg.get_id());
                    assert!(arg.get::<ArgValueCompleter>().is_some(), "{place:?}");
                }
            }
        }
        assert!(seen > 30, "{seen}");
    }

    #[test]
    fn settings_are_found_however_they_are_named() {
        for (line, path) in [
            ("rev -c a upgrade", Some("a")),
            ("rev upgrade -C a", Some("a")),
            ("rev --config a show", Some("a")),
            ("rev --config=a show", Some("a")),
            ("rev -ca show", Some("a")),
            ("rev -C=a show", Some("a")),
            ("rev show -c", None),
            ("rev show --color never", None),
        ] {
            let words = line.split(' ').map(str::to_owned);
            assert_eq!(settings(words).as_deref(), path, "{line}");
        }
    }
}
