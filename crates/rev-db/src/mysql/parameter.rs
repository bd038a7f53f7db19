//! The parameters of a MySQL or MariaDB URL: those of the servers' own clients, and what hosts
//! and other drivers write. Case, `-` and `_` make no difference: `sslMode` is `ssl-mode`.
//! <https://dev.mysql.com/doc/refman/9.7/en/connecting-using-uri-or-key-value-pairs.html>

use rev_core::{DatabaseUrl, Dialect, UrlFault};
use sqlx::mysql::MySqlSslMode;

use crate::parameters::{Keep, Parameter, check, plain};

/// What `ssl-mode` may be.
const MODES: &str = "`DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA` or `VERIFY_IDENTITY`";

/// What is to be said instead of another driver's word for `ssl-mode`.
const SAY_MODE: &str =
    "say `ssl-mode=` with `DISABLED`, `PREFERRED`, `REQUIRED`, `VERIFY_CA` or `VERIFY_IDENTITY`";

/// Those that mean something here, first; then those that change nothing, or nothing that
/// `rev` could do; then those that ask for what it cannot do.
const PARAMETERS: &[Parameter] = &[
    ("charset", Keep::Yes),
    ("collation", Keep::Yes),
    ("password", Keep::Yes),
    ("socket", Keep::Yes),
    ("ssl-ca", Keep::Yes),
    ("ssl-cert", Keep::Yes),
    ("ssl-key", Keep::Yes),
    ("ssl-mode", Keep::Yes),
    ("user", Keep::Yes),
    ("unix-socket", Keep::Idle),
    // Other drivers' words for `ssl-mode`: each value that has a meaning is kept.
    (
        "sslaccept",
        Keep::OneOf(&["strict", "accept_invalid_certs"], SAY_MODE),
    ),
    (
        "ssl",
        Keep::OneOf(
            &["true", "false", "{\"rejectUnauthorized\":true}"],
            SAY_MODE,
        ),
    ),
    ("use-ssl", Keep::OneOf(&["true", "false"], SAY_MODE)),
    ("require-ssl", Keep::OneOf(&["true", "false"], SAY_MODE)),
    (
        "verify-server-certificate",
        Keep::OneOf(&["true", "false"], SAY_MODE),
    ),
    ("ssl-verify-cert", Keep::OneOf(&["true", "false"], SAY_MODE)),
    (
        "ssl-verify-identity",
        Keep::OneOf(&["true", "false"], SAY_MODE),
    ),
    ("ssl-disabled", Keep::OneOf(&["true", "false"], SAY_MODE)),
    (
        "tls",
        Keep::OneOf(&["true", "false", "skip-verify", "preferred"], SAY_MODE),
    ),
    (
        "tls-version",
        Keep::OneOf(
            &["", "TLSv1.2,TLSv1.3", "TLSv1.3,TLSv1.2"],
            "take it out, and let the server ask for it: `tls_version` in its settings",
        ),
    ),
    // A key of the server's is never asked for: a password goes over TLS alone.
    ("allow-public-key-retrieval", Keep::Idle),
    ("get-server-public-key", Keep::Idle),
    ("connect-timeout", Keep::Idle),
    ("connection-timeout", Keep::Idle),
    ("socket-timeout", Keep::Idle),
    ("read-timeout", Keep::Idle),
    ("write-timeout", Keep::Idle),
    ("timeout", Keep::Idle),
    ("compress", Keep::Idle),
    ("compression", Keep::Idle),
    ("compression-algorithms", Keep::Idle),
    ("max-allowed-packet", Keep::Idle),
    ("connection-attributes", Keep::Idle),
    (
        "character-encoding",
        Keep::OneOf(
            &["utf8", "UTF-8", "utf8mb4"],
            "say `charset=`, in MySQL's words",
        ),
    ),
    ("use-unicode", Keep::Idle),
    (
        "encoding",
        Keep::OneOf(&["utf8", "utf8mb4"], "say `charset=`"),
    ),
    // How a program reads times and rows.
    ("parse-time", Keep::Idle),
    ("loc", Keep::Idle),
    ("server-timezone", Keep::Idle),
    ("multi-statements", Keep::Idle),
    ("allow-multi-queries", Keep::Idle),
    ("rewrite-batched-statements", Keep::Idle),
    ("cache-prep-stmts", Keep::Idle),
    ("use-server-prep-stmts", Keep::Idle),
    ("interpolate-params", Keep::Idle),
    ("statement-cache-capacity", Keep::Idle),
    ("auto-reconnect", Keep::Idle),
    ("reconnect", Keep::Idle),
    ("connection-limit", Keep::Idle),
    ("pool-timeout", Keep::Idle),
    ("pool", Keep::Idle),
    (
        "timezone",
        Keep::No("let the script say it: `SET time_zone = …`"),
    ),
    (
        "time-zone",
        Keep::No("let the script say it: `SET time_zone = …`"),
    ),
    (
        "connection-time-zone",
        Keep::No("let the script say it: `SET time_zone = …`"),
    ),
    ("init-command", Keep::No("let the script say it")),
    (
        "session-variables",
        Keep::No("let the script say them: `SET …`"),
    ),
    (
        "local-infile",
        Keep::OneOf(
            &["0", "false"],
            "take it out: files of the client's are not sent",
        ),
    ),
    (
        "ssl-capath",
        Keep::No("name one file in `ssl-ca`: `cat FOLDER/*.pem > ca.pem`"),
    ),
    (
        "ssl-crl",
        Keep::No("take it out: lists of revoked certificates are not read"),
    ),
    (
        "ssl-crlpath",
        Keep::No("take it out: lists of revoked certificates are not read"),
    ),
    (
        "ssl-cipher",
        Keep::No("take it out, and let the server choose"),
    ),
    (
        "server-public-key-path",
        Keep::No("take it out, and say `ssl-mode=REQUIRED`: a password goes over TLS alone"),
    ),
    (
        "auth-method",
        Keep::No("take it out: the server says how its user logs in"),
    ),
    (
        "default-auth",
        Keep::No("take it out: the server says how its user logs in"),
    ),
];

/// Which `ssl-mode` another driver's word stands for.
const WORDS: &[(&str, &str, MySqlSslMode)] = &[
    ("sslaccept", "strict", MySqlSslMode::VerifyIdentity),
    ("sslaccept", "accept_invalid_certs", MySqlSslMode::Required),
    (
        "ssl",
        "{\"rejectUnauthorized\":true}",
        MySqlSslMode::VerifyIdentity,
    ),
    ("ssl", "true", MySqlSslMode::Required),
    ("ssl", "false", MySqlSslMode::Disabled),
    ("usessl", "true", MySqlSslMode::Required),
    ("usessl", "false", MySqlSslMode::Disabled),
    ("requiressl", "true", MySqlSslMode::Required),
    ("verifyservercertificate", "true", MySqlSslMode::VerifyCa),
    ("sslverifycert", "true", MySqlSslMode::VerifyCa),
    ("sslverifyidentity", "true", MySqlSslMode::VerifyIdentity),
    ("ssldisabled", "true", MySqlSslMode::Disabled),
    ("tls", "true", MySqlSslMode::VerifyIdentity),
    ("tls", "skip-verify", MySqlSslMode::Required),
    ("tls", "preferred", MySqlSslMode::Preferred),
    ("tls", "false", MySqlSslMode::Disabled),
];

/// The parameters of one URL.
pub(super) struct Parameters<'a> {
    url: &'a DatabaseUrl,
}

/// Reads the parameters of a URL.
///
/// # Errors
///
/// [`UrlFault`], for the first that is not known or cannot be kept.
pub(super) fn read(url: &DatabaseUrl) -> Result<Parameters<'_>, UrlFault> {
    for (number, (name, value)) in (1..).zip(url.parameters()) {
        let found = PARAMETERS
            .iter()
            .find(|(known, _)| plain(known) == plain(name));
        check(name, value, found, PARAMETERS, Dialect::Mysql, number)?;
    }
    Ok(Parameters { url })
}

impl<'a> Parameters<'a> {
    /// The value of one; the last counts where there are two.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let names: &[&str] = match name {
            "socket" => &["socket", "unix-socket"],
            _ => &[name],
        };
        let is_meant = |written: &str| names.iter().any(|name| plain(name) == plain(written));
        let mut all = self.url.parameters().iter().rev();
        let found = all.find(|(written, _)| is_meant(written));
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// `ssl-mode`, where it is said, in whatever words: of several the strictest counts.
    pub(super) fn tls_mode(&self) -> Result<Option<MySqlSslMode>, UrlFault> {
        if let Some(text) = self.get("ssl-mode") {
            let mode = match &*text.to_ascii_uppercase().replace('-', "_") {
                "DISABLED" => MySqlSslMode::Disabled,
                "PREFERRED" => MySqlSslMode::Preferred,
                "REQUIRED" => MySqlSslMode::Required,
                "VERIFY_CA" => MySqlSslMode::VerifyCa,
                "VERIFY_IDENTITY" => MySqlSslMode::VerifyIdentity,
                _ => {
                    return Err(UrlFault::Value {
                        parameter: "ssl-mode",
                        values: MODES,
                    });
                }
            };
            return Ok(Some(mode));
        }
        let mode_of = |(name, value): &(String, String)| {
            let is_it = |(word, it, _): &&(&str, &str, _)| plain(name) == *word && it == value;
            WORDS.iter().find(is_it).map(|(_, _, mode)| *mode)
        };
        let modes = self.url.parameters().iter().filter_map(mode_of);
        Ok(modes.max_by_key(|mode| strictness(*mode)))
    }
}

fn strictness(mode: MySqlSslMode) -> u8 {
    match mode {
        MySqlSslMode::Disabled => 0,
        MySqlSslMode::Preferred => 1,
        MySqlSslMode::Required => 2,
        MySqlSslMode::VerifyCa => 3,
        MySqlSslMode::VerifyIdentity => 4,
    }
}
