//! The pager, as git has it: `$PAGER`, else `less`, which ends by itself where all fits, keeps
//! colours, and leaves the screen as it was.

use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};

/// What a shell answers for a program that is not there.
const NOT_FOUND: i32 = 127;

/// Shows a text; false: there is no pager, or none is wanted.
pub(crate) fn show(text: &str) -> bool {
    let pager = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
    if pager.trim().is_empty() || pager.trim() == "cat" {
        return false;
    }
    let mut command = Command::new("sh");
    command.args(["-c", &pager]).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    if let Some(mut input) = child.stdin.take() {
        // Whoever has seen enough closes the pipe.
        let written = input.write_all(text.as_bytes());
        let is_closed = |error: std::io::Error| error.kind() == ErrorKind::BrokenPipe;
        let _ = written.map_err(is_closed);
    }
    let status = child.wait();
    status.is_ok_and(|status| status.code() != Some(NOT_FOUND))
}
