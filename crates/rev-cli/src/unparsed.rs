//! Words that make no command, and what was perhaps meant by them.
//!
//! Whoever comes from another tool types that tool's words. Those get the command that does the
//! same here; what looks like a word of ours gets that; anything else is pointed to the help.

use std::ffi::OsString;
use std::io::Write as _;

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::args::{Cli, Color, Format, Global};
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::terminal::{HINT, Terminal};

/// Words of other tools, and the command that does here what they do there.
const SYNONYMS: &[(&[&str], &str)] = &[
    (
        &[
            "migrate",
            "deploy",
            "push",
            "update",
            "run",
            "sync",
            "dev",
            "migrate-up",
            "latest",
        ],
        "upgrade",
    ),
    (
        &["rollback", "revert", "undo", "back", "migrate-down"],
        "downgrade -1",
    ),
    (&["redo"], "repair --help"),
    (&["version"], "--version"),
    (
        &[
            "generate",
            "make",
            "makemigrations",
            "add",
            "migration",
            "commit",
        ],
        "new --help",
    ),
    (&["pending", "showmigrations", "info", "where"], "status"),
    (
        &["list", "ls", "revisions", "migrations", "tree"],
        "history",
    ),
    (&["validate", "lint", "verify"], "check"),
    (&["baseline", "mark", "fake"], "stamp --help"),
    (&["fix", "unlock", "force", "resolve"], "repair"),
    (&["goto", "to", "checkout"], "switch --help"),
    (&["setup", "start"], "init --help"),
    (&["dry-run", "sqlmigrate", "preview"], "plan"),
    (&["dumpdata", "inspect"], "dump --help"),
    (&["completion"], "completions --help"),
];

/// Tells what is wrong with words that make no command; or help, or the version.
pub(crate) fn tell(mut error: clap::Error, arguments: &[OsString]) -> Exit {
    let is_answer = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    if is_answer {
        // If help cannot be printed there is nobody to tell.
        let _ = error.print();
        return Exit::Done;
    }
    let hint = hint(&error, arguments);
    for kind in [
        ContextKind::Suggested,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ] {
        error.remove(kind);
    }
    let hint = hint.map(|it| without_urls(&it, arguments));
    if wants_json(arguments) {
        return tell_json(&without_urls(&error.to_string(), arguments), hint);
    }
    let rendered = without_urls(&error.render().ansi().to_string(), arguments);
    let (first, rest) = rendered.split_once("\n\n").unwrap_or((&rendered, ""));
    let mut text = format!("{}\n", first.trim_end());
    if let Some(hint) = hint {
        text.push_str(&format!("{HINT}hint{HINT:#}: {hint}\n"));
    }
    if !rest.is_empty() {
        text.push_str(&format!("\n{rest}"));
    }
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
    Exit::Usage
}

/// The first paragraph says what is wrong; the rest is advice for people.
fn tell_json(text: &str, hint: Option<String>) -> Exit {
    let lines = text.lines().take_while(|line| !line.trim().is_empty());
    let first: Vec<&str> = lines.map(str::trim).collect();
    let first = first.join(" ");
    let message = first.strip_prefix("error: ").unwrap_or(&first);
    let mut told = Diagnostic::new("usage", message);
    if let Some(hint) = hint {
        told = told.hint(hint);
    }
    Failure::usage(told).tell(Terminal::new(&Global {
        config: None,
        url: Vec::new(),
        format: Format::Json,
        verbose: false,
        quiet: false,
        color: Color::Auto,
    }))
}

/// What was perhaps meant.
fn hint(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let typed = text(error, ContextKind::InvalidSubcommand)?;
            Some(for_subcommand(&typed))
        }
        ErrorKind::UnknownArgument => {
            let typed = text(error, ContextKind::InvalidArg)?;
            for_argument(&typed, error, arguments)
        }
        ErrorKind::InvalidValue => {
            let near = text(error, ContextKind::SuggestedValue)?;
            Some(format!("did you mean `{near}`?"))
        }
        _ => None,
    }
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    }
}

fn for_subcommand(typed: &str) -> String {
    let lower = typed.to_lowercase();
    let of_others = SYNONYMS
        .iter()
        .find(|(words, _)| words.contains(&lower.as_str()));
    if let Some((_, command)) = of_others {
        return format!("that is `rev {command}` here");
    }
    let own = Cli::command();
    let names = own
        .get_subcommands()
        .flat_map(|it| it.get_name_and_visible_aliases());
    let names: Vec<&str> = names.collect();
    match rev_core::name::similar(typed, names.into_iter()).first() {
        Some(near) => format!("did you mean `{near}`? `rev {near} --help` says what it takes"),
        None => "`rev --help` lists the commands".to_owned(),
    }
}

fn for_argument(typed: &str, error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let arguments: Vec<String> = arguments
        .iter()
        .map(|it| it.to_string_lossy().into_owned())
        .collect();
    let own = Cli::command();
    let command = arguments
        .iter()
        .skip(1)
        .find_map(|it| own.find_subcommand(it))?;
    let name = command.get_name();
    let positional = command.get_positionals().next();
    let value_name = positional
        .and_then(|it| it.get_value_names()?.first())
        .map(|it| it.as_str());
    if matches!(typed, "-d" | "--database" | "--databases" | "--db") {
        let database = value_of(typed, &arguments)?;
        return match value_name {
            Some("TARGET" | "ACTION] [TARGET" | "POINT") => {
                let target = target(command, database, &arguments);
                Some(format!(
                    "a target begins with the database: `rev {name} {target}`"
                ))
            }
            Some("DATABASE") => Some(format!("leave `{typed}` out: `rev {name} {database}`")),
            _ => None,
        };
    }
    if name == "history" && !typed.starts_with('-') {
        return Some(format!(
            "a revision goes after `-r`: `rev history -r {typed}:`; `rev show {typed}` shows it alone"
        ));
    }
    let near = text(error, ContextKind::SuggestedArg);
    let is_plain = |word: &&String| !word.contains(['`', '\'', '"']) && !word.contains("://");
    Some(match near {
        Some(near) if arguments.iter().skip(1).all(|word| is_plain(&word)) => {
            let words = arguments.iter().skip(1).map(|word| match word {
                word if word == typed => near.clone(),
                word if word.contains(' ') => format!("'{word}'"),
                word => word.clone(),
            });
            format!(
                "did you mean `rev {}`?",
                words.collect::<Vec<_>>().join(" ")
            )
        }
        _ => format!("`rev {name} --help` lists what it takes"),
    })
}

/// What was typed as the value of this flag: `-d db1`, `-ddb1`, `--database=db1`.
fn value_of<'a>(flag: &str, arguments: &'a [String]) -> Option<&'a str> {
    let is_short = !flag.starts_with("--");
    let (at, rest) = arguments.iter().enumerate().skip(1).find_map(|(at, it)| {
        let rest = it.strip_prefix(flag)?;
        let is_it = rest.is_empty() || rest.starts_with('=') || is_short;
        is_it.then_some((at, rest))
    })?;
    let value = match rest {
        "" => arguments.get(at + 1)?.as_str(),
        rest => rest.strip_prefix('=').unwrap_or(rest),
    };
    (!value.is_empty() && !value.starts_with('-')).then_some(value)
}

/// The target of a database, with the action and the point that stand right after the command:
/// `downgrade db1@-1`.
fn target(command: &clap::Command, database: &str, arguments: &[String]) -> String {
    let is_command = |it: &&String| {
        command.get_name() == *it || command.get_all_aliases().any(|alias| alias == *it)
    };
    let is_flag =
        |it: &&String| it.starts_with('-') && !it[1..].starts_with(|it: char| it.is_ascii_digit());
    let typed = arguments.iter().skip(1).skip_while(|it| !is_command(it));
    let mut typed = typed.skip(1).take_while(|it| !is_flag(it)).peekable();
    let is_plan = command.get_name() == "plan";
    let is_action = |it: &&String| {
        let actions = ["upgrade", "downgrade", "switch", "stamp"];
        is_plan && actions.contains(&it.as_str())
    };
    let action = typed.next_if(is_action);
    let goal = action.map_or(command.get_name(), String::as_str);
    let usual = if goal == "downgrade" { "-1" } else { "head" };
    let point = typed.next().filter(|it| !it.contains('@'));
    let point = point.map_or(usual, String::as_str);
    match action {
        Some(action) => format!("{action} {database}@{point}"),
        None => format!("{database}@{point}"),
    }
}

/// A text about arguments without what follows the schemes of URLs among them: a password may be
/// anywhere in it. It is looked for with its `://`, since a part of a URL may be a word of the text.
fn without_urls(text: &str, arguments: &[OsString]) -> String {
    let mut text = text.to_owned();
    for argument in arguments {
        let argument = argument.to_string_lossy();
        match argument.find("://") {
            Some(at) if at + 3 < argument.len() => text = text.replace(&argument[at..], "://…"),
            _ => {}
        }
    }
    text
}

fn wants_json(arguments: &[OsString]) -> bool {
    let pairs = arguments.windows(2);
    arguments.iter().any(|argument| argument == "--format=json")
        || pairs
            .into_iter()
            .any(|pair| pair[0] == "--format" && pair[1] == "json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_of_another_tool_is_one_of_ours() {
        let own = Cli::command();
        for word in SYNONYMS.iter().flat_map(|(words, _)| *words) {
            assert!(own.find_subcommand(word).is_none(), "{word}");
            assert!(for_subcommand(word).starts_with("that is `rev "), "{word}");
        }
    }

    #[test]
    fn every_word_has_a_command_that_is_there() {
        let own = Cli::command();
        for (_, command) in SYNONYMS {
            let verb = command.split(' ').next().expect("a word");
            assert!(
                verb == "--version" || own.find_subcommand(verb).is_some(),
                "{command}"
            );
        }
    }
}
