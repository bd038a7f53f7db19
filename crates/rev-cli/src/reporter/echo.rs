//! Keys that are not echoed while lines move.
//!
//! A terminal writes `^C` where the cursor stands, and that is at the right end of the last line that
//! moves: the mark wraps, all is one line lower than was counted, and the next frame leaves a part
//! of the last one behind. So control keys are not shown meanwhile. A kill leaves the terminal without
//! that mark, and no worse.

/// As long as it lives control keys are not echoed.
pub(super) struct Unechoed {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

#[cfg(unix)]
impl Unechoed {
    pub(super) fn new() -> Self {
        use rustix::termios::{LocalModes, tcgetattr};
        let keys = std::io::stdin();
        let before = tcgetattr(&keys).ok().filter(|_| is_ours());
        if let Some(before) = &before {
            let mut without = before.clone();
            without.local_modes.remove(LocalModes::ECHOCTL);
            set(&without);
        }
        Self { before }
    }
}

/// Whether we may change the terminal: whoever works in the background would be stopped for it.
#[cfg(unix)]
fn is_ours() -> bool {
    let foreground = rustix::termios::tcgetpgrp(std::io::stdin());
    foreground.is_ok_and(|group| group == rustix::process::getpgrp())
}

#[cfg(unix)]
fn set(modes: &rustix::termios::Termios) {
    use rustix::termios::{OptionalActions, tcsetattr};
    // Without it the screen is less tidy.
    let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, modes);
}

#[cfg(unix)]
impl Drop for Unechoed {
    fn drop(&mut self) {
        if let Some(before) = self.before.take().filter(|_| is_ours()) {
            set(&before);
        }
    }
}

#[cfg(not(unix))]
impl Unechoed {
    pub(super) fn new() -> Self {
        Self {}
    }
}
