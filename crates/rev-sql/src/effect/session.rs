//! What statements do to their session.

use rev_core::Dialect;

use super::{Effect, Words};
use crate::split::{TokenKind, tokens};

/// The effect of a statement that changes only its session.
pub(super) fn effect(head: Words<'_, '_>) -> Option<Effect> {
    if head.starts_any(&["USE", "RESET"]) {
        return Some(Effect::Session { replay: true });
    }
    if head.starts_any(&[
        "PREPARE",
        "EXECUTE",
        "DEALLOCATE",
        "LISTEN",
        "LOAD",
        "LOCK",
        "UNLOCK",
    ]) || is_temporary(head)
    {
        return Some(Effect::Session { replay: false });
    }
    if !head.starts_any(&["SET"]) {
        return None;
    }
    if head.starts(&["SET", "GLOBAL"]) || head.starts(&["SET", "PERSIST"]) {
        return Some(Effect::Repeatable);
    }
    // What a variable was set to may have been asked of the data.
    let asks = head.has("SELECT")
        || head.0.iter().any(|token| token.is_symbol("("))
        || head
            .0
            .iter()
            .any(|token| token.kind == TokenKind::Name && token.text.starts_with('@'));
    Some(Effect::Session { replay: !asks })
}

fn is_temporary(head: Words<'_, '_>) -> bool {
    let words = ["TEMP", "TEMPORARY"];
    head.starts_any(&["CREATE"]) && head.0.iter().take(4).any(|token| token.is_any(&words))
}

/// Whether a statement leaves something in its session that later ones would
/// meet: a setting, a temporary table, a lock.
#[must_use]
pub fn touches_session(statement: &str, dialect: Dialect) -> bool {
    let tokens = tokens(statement, dialect);
    let calls = |name: &str| tokens.iter().any(|token| token.is(name));
    effect(Words(&tokens)).is_some() || calls("set_config") || calls("GET_LOCK")
}
