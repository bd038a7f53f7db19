//! `rev doctor`: what keeps `rev` from working here.
//!
//! Each check is a line, and what helps stands below it. A project that does not open is a
//! finding like any other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rev_core::{Binding, Dialect};

use crate::args::{Doctor, Global, Patience};
use crate::diagnostic::{Diagnostic, Failure};
use crate::exit::Exit;
use crate::fleet::{self, Answer};
use crate::format::desk::{Check, Checks, Verdict};
use crate::reporter::HANDFUL;
use crate::scratch;
use crate::session::{Session, runtime};
use crate::terminal::{ERROR, GOOD, Terminal, WARNING, count};

/// `rev doctor`.
pub(crate) fn doctor(args: &Doctor, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let mut checks = vec![program()];
    match Session::open(global, terminal, "check") {
        Ok(session) => of_project(args, &session, &mut checks)?,
        Err(failure) => {
            let told = failure.into_diagnostics().into_iter();
            checks.extend(told.map(|it| finding("project", Verdict::Error, &it)));
        }
    }
    let is_well = checks.iter().all(|it| it.verdict == Verdict::Ok);
    if terminal.is_json() {
        terminal.json(&Checks { checks })?;
    } else {
        let checks = match terminal.verbose {
            true => checks,
            false => folded(checks),
        };
        terminal.data(&checks.iter().map(text).collect::<String>())?;
    }
    Ok(if is_well {
        Exit::Done
    } else {
        Exit::Difference
    })
}

/// The checks, with one for all databases of which the same is well, where these are more than a
/// handful.
fn folded(checks: Vec<Check>) -> Vec<Check> {
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    let is_well = |it: &Check| it.verdict == Verdict::Ok && it.check.starts_with("database ");
    for check in checks.iter().filter(|it| is_well(it)) {
        *alike.entry(check.message.clone()).or_default() += 1;
    }
    let mut told = BTreeSet::new();
    let mut left = Vec::new();
    for mut check in checks {
        let number = alike.get(&check.message).copied().unwrap_or_default();
        if is_well(&check) && number > HANDFUL {
            if !told.insert(check.message.clone()) {
                continue;
            }
            check.check = format!("{} and {} like it", check.check, number - 1);
        }
        left.push(check);
    }
    left
}

fn text(finding: &Check) -> String {
    let (style, word) = match finding.verdict {
        Verdict::Ok => (GOOD, "ok     "),
        Verdict::Warning => (WARNING, "warning"),
        Verdict::Error => (ERROR, "error  "),
    };
    let mut text = format!(
        "{style}{word}{style:#}  {}: {}\n",
        finding.check, finding.message
    );
    for hint in &finding.hints {
        text.push_str(&format!("         {}\n", hint.replace('\n', "\n         ")));
    }
    text
}

fn ok(check: &str, message: String) -> Check {
    Check {
        check: check.to_owned(),
        verdict: Verdict::Ok,
        message,
        hints: Vec::new(),
    }
}

fn finding(check: &str, verdict: Verdict, told: &Diagnostic) -> Check {
    let mut message = told.message.clone();
    for cause in &told.causes {
        message.push_str(&format!(": {cause}"));
    }
    Check {
        check: check.to_owned(),
        verdict,
        message,
        hints: told.hints.clone(),
    }
}

/// Whether who types `rev` gets this program: util-linux has one of that name, which turns
/// lines around.
fn program() -> Check {
    let own = std::env::current_exe().ok();
    let shown = own
        .as_ref()
        .map_or_else(String::new, |it| it.display().to_string());
    let version = env!("CARGO_PKG_VERSION");
    let whole = |path: &Path| std::fs::canonicalize(path).ok();
    match first_on_path() {
        Some(first) if own.as_deref().and_then(whole) == whole(&first) => {
            ok("program", format!("rev {version}, {shown}"))
        }
        Some(first) => Check {
            check: "program".to_owned(),
            verdict: Verdict::Warning,
            message: format!(
                "rev {version}, {shown}; who types `rev` gets {}",
                first.display()
            ),
            hints: vec![
                "put the folder of this one first in PATH, or give it an alias: README, \
                 \"Living with the other rev\""
                    .to_owned(),
            ],
        },
        None => Check {
            check: "program".to_owned(),
            verdict: Verdict::Warning,
            message: format!("rev {version}, {shown}, which is not on the PATH"),
            hints: vec!["put its folder into PATH".to_owned()],
        },
    }
}

fn first_on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let name = format!("rev{}", std::env::consts::EXE_SUFFIX);
    let mut candidates = std::env::split_paths(&path).map(|folder| folder.join(&name));
    candidates.find(|it| it.is_file())
}

fn of_project(args: &Doctor, session: &Session, checks: &mut Vec<Check>) -> Result<(), Failure> {
    let config = &session.project.config;
    checks.push(ok(
        "project",
        format!(
            "{}: {}, {}",
            session.project.settings().display(),
            count(config.databases.len(), "database"),
            count(session.graph().len(), "revision")
        ),
    ));
    let names = config.databases.keys().cloned().collect();
    let mut new = BTreeSet::new();
    for Answer { name, said } in fleet::survey(session, names, &Patience::default())? {
        let check = format!("database {name}");
        match said {
            Ok((binding, surveyed)) => {
                let message = match surveyed.rows.len() {
                    0 => format!("{} answers; it has no history yet", binding.dialect),
                    rows => format!(
                        "{} answers; {} applied",
                        binding.dialect,
                        count(rows, "revision")
                    ),
                };
                if surveyed.rows.is_empty() {
                    new.insert(name);
                }
                checks.push(ok(&check, message));
            }
            Err(told) => {
                checks.extend(told.iter().map(|it| finding(&check, Verdict::Error, it)));
            }
        }
    }
    let look = async |binding: &Arc<Binding>| hindrance(session, binding).await;
    for Answer { name, said } in fleet::ask(session, new, &Patience::default(), look)? {
        // Who cannot be asked was told above.
        if let Ok(Some((verdict, told))) = said {
            checks.push(finding(&format!("rights {name}"), verdict, &told));
        }
    }
    if args.scratch.is_empty() {
        checks.push(ok("trials", trials(session)));
    } else {
        checks.extend(tried(args, session)?);
    }
    checks.push(ok("hook", hook(&session.project.root)));
    Ok(())
}

/// What is wrong, and how bad it is.
type Hindrance = (Verdict, Diagnostic);

/// What keeps the user of a database without a ledger from making one, as far as that can be
/// seen without making anything.
async fn hindrance(session: &Session, binding: &Binding) -> Result<Option<Hindrance>, Failure> {
    let name = &binding.name;
    let (question, verdict, message, hint) = match binding.dialect {
        Dialect::Postgres => (
            "SELECT pg_catalog.has_schema_privilege(pg_catalog.current_schema(), 'CREATE')::text",
            Verdict::Error,
            format!("the user of `{name}` may make no tables where the ledger is to be"),
            "allow it: `GRANT CREATE ON SCHEMA … TO …`, or name another schema by `schema:` in rev.yaml",
        ),
        Dialect::Mysql => (
            GRANTED,
            Verdict::Warning,
            format!("no grant says that the user of `{name}` may make tables"),
            "allow it: `GRANT CREATE, ALTER, INSERT, UPDATE, DELETE, SELECT ON … TO …`",
        ),
        Dialect::Sqlite => {
            let told = unwritable(session, binding)?;
            return Ok(told.map(|told| (Verdict::Error, told)));
        }
    };
    let mut database = session.database(binding)?;
    let answer = database.ask(question).await;
    let _ = database.unlock().await;
    let answer = answer.map_err(|error| session.refused(&error.into(), binding))?;
    let may = answer.first().is_none_or(|it| it == "true");
    Ok((!may).then(|| (verdict, Diagnostic::new("no_ledger", message).hint(hint))))
}

/// Whether a user of MySQL or MariaDB may make tables in the database or everywhere. What a role
/// allows is not seen here, so whoever has one may.
const GRANTED: &str = "WITH own AS (SELECT CONCAT(\
    QUOTE(LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER()) - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1)), \
    '@', QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1))) AS name) \
    SELECT IF(COALESCE(CURRENT_ROLE(), 'NONE') <> 'NONE' \
    OR EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES, own \
    WHERE GRANTEE = name AND PRIVILEGE_TYPE = 'CREATE') \
    OR EXISTS (SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES, own \
    WHERE GRANTEE = name AND PRIVILEGE_TYPE = 'CREATE' AND DATABASE() LIKE TABLE_SCHEMA), 'true', 'false')";

/// Why a SQLite file cannot be written, or made.
fn unwritable(session: &Session, binding: &Binding) -> Result<Option<Diagnostic>, Failure> {
    let url = session.url(&binding.name)?;
    let Some(file) = url.file() else {
        return Ok(None);
    };
    let there = file.ancestors().find(|it| it.exists());
    let error = match there {
        Some(path) if path == file => {
            let opened = std::fs::OpenOptions::new().write(true).open(path);
            opened.err().map(|error| error.to_string())
        }
        Some(path) if !path.is_dir() => Some(format!("`{}` is no folder", path.display())),
        Some(path) => may_write_into(path).err().map(|error| error.to_string()),
        None => None,
    };
    Ok(error.map(|error| {
        let message = format!("`{}` cannot be written", file.display());
        let told = Diagnostic::new("no_ledger", message).cause(error);
        told.hint("the file and its folder must be writable for who runs `rev`")
    }))
}

#[cfg(unix)]
fn may_write_into(folder: &Path) -> std::io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

#[cfg(not(unix))]
fn may_write_into(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Makes a throw-away database on each server that is named, as `rev test` would, and drops it.
fn tried(args: &Doctor, session: &Session) -> Result<Vec<Check>, Failure> {
    let mut servers = session.servers(&args.scratch)?;
    let names = session.project.config.databases.keys();
    let bindings = names.filter_map(|name| session.binding(name).ok());
    let mut checks = Vec::new();
    for binding in bindings {
        // One database of each dialect stands for all of them.
        let dialect = binding.dialect;
        let before = servers.len();
        servers.retain(|url| url.dialect() != dialect);
        if servers.len() == before {
            continue;
        }
        let made = runtime()?.block_on(async {
            let live = scratch::Live::LeftAlone;
            let made = scratch::make(session, &binding, &args.scratch, live).await?;
            let dropped = made.drop().await;
            dropped.map_err(|error| Failure::refused(scratch::not_made(&error, &binding)))
        });
        match made {
            Ok(()) => checks.push(ok(
                "trials",
                format!("a throw-away database of {dialect} was made and dropped"),
            )),
            Err(failure) => {
                let told = failure.into_diagnostics();
                checks.extend(told.iter().map(|it| finding("trials", Verdict::Error, it)));
            }
        }
    }
    for url in servers {
        let message = format!("no database here needs a server of {}", url.dialect());
        let told = Diagnostic::new("no_scratch", message);
        checks.push(finding("trials", Verdict::Warning, &told));
    }
    Ok(checks)
}

/// What `rev test` needs here to make throw-away databases.
fn trials(session: &Session) -> String {
    let names = session.project.config.databases.keys();
    let dialects: BTreeSet<Dialect> = names
        .filter_map(|name| Some(session.binding(name).ok()?.dialect))
        .filter(|dialect| *dialect != Dialect::Sqlite)
        .collect();
    if dialects.is_empty() {
        return "they need no server here".to_owned();
    }
    let flags = dialects.iter().map(|it| format!("--scratch {it}://…"));
    let flags: Vec<String> = flags.collect();
    format!("rev test is to be given a server: {}", flags.join(" "))
}

/// Whether git says after each checkout what `rev switch` would do.
fn hook(root: &Path) -> String {
    let asked = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["rev-parse", "--git-path", "hooks"])
        .output();
    let folder = match asked {
        Ok(output) if output.status.success() => {
            let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            root.join(folder)
        }
        _ => return "no git repository is around the project".to_owned(),
    };
    let text = std::fs::read_to_string(folder.join("post-checkout")).unwrap_or_default();
    if text.contains("switch") && text.contains("rev") {
        "git says after a checkout what `switch` would do".to_owned()
    } else {
        "none (rev init --git-hook post-checkout writes one)".to_owned()
    }
}
