//! Where a PostgreSQL database is, as its URL says.
//!
//! The parameters are libpq's. The driver passes over what it does not know, so that each is
//! decided on here, by [`super::parameter`].

use std::time::Duration;

use rev_core::url::encoded;
use rev_core::{DatabaseUrl, UrlFault};
use rev_engine::failure::DatabaseError;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::parameter::{self, Parameters};
use crate::Settings;
use crate::certificate::check_readable;

/// How long reaching a server may take unless the URL says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of its name a session keeps: NAMEDATALEN - 1 bytes.
const LONGEST_NAME: usize = 63;

/// The setting by which a session knows that it was begun by our own packet.
pub(super) const RUN_SETTING: &str = "rev.run";

/// A server and a database on it.
#[derive(Clone)]
pub(super) struct Place {
    options: PgConnectOptions,
    run: String,
    patience: Duration,
    /// What its sessions are called.
    pub(super) session_name: String,
    /// How long it may be silent while an answer is awaited.
    pub(super) silence_timeout: Duration,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The driver's own options would show the password.
        f.write_str(&self.to_string())
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let database = self.options.get_database().unwrap_or("its user's database");
        match self.options.get_socket() {
            Some(socket) => write!(f, "`{database}` at `{}`", socket.display())?,
            None => write!(f, "`{database}` at `{}`", self.options.get_host())?,
        }
        write!(f, ", port {}", self.options.get_port())
    }
}

impl Place {
    /// Reads a URL.
    pub(super) fn of_url(url: &DatabaseUrl, settings: &Settings) -> Result<Self, DatabaseError> {
        let parameters = parameter::read(url)?;
        let options = options(url, &parameters)?;
        let options = with_tls(options, &parameters)?
            .application_name(&session_name(settings))
            .extra_float_digits(None)
            .statement_cache_capacity(0)
            .disable_statement_logging();
        Ok(Self {
            options,
            run: settings.run.clone(),
            patience: parameters.patience()?.unwrap_or(PATIENCE),
            session_name: session_name(settings),
            silence_timeout: settings.silence_timeout,
        })
    }

    /// The host and the port; `None`: a socket leads to it.
    pub(super) fn address(&self) -> Option<(&str, u16)> {
        let host = self.options.get_host();
        // A folder in a host's place is a socket's.
        let is_socket = self.options.get_socket().is_some() || host.starts_with('/');
        (!is_socket).then(|| (host, self.options.get_port()))
    }

    /// The database's name: by URL and environment, else its user's.
    pub(super) fn database(&self) -> &str {
        let named = self.options.get_database();
        named.unwrap_or_else(|| self.options.get_username())
    }

    /// To connect without telling the session anything that a pooler refuses.
    pub(super) fn plain(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// The same, to a database that every server has, and that is not this one.
    pub(super) fn beside(&self) -> PgConnectOptions {
        let own = self.options.get_database();
        let other = ["postgres", "template1"]
            .into_iter()
            .find(|name| own != Some(name));
        self.plain().database(other.unwrap_or("postgres"))
    }

    /// To connect so that the session knows the run.
    pub(super) fn marked(&self) -> PgConnectOptions {
        self.plain().options([(RUN_SETTING, &self.run)])
    }

    /// How long reaching the server may take.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }
}

/// What the URL says of the place and the login. The driver alone looks into the file of
/// passwords, and only for a URL that it reads itself: so it gets one of our own making.
fn options(url: &DatabaseUrl, given: &Parameters<'_>) -> Result<PgConnectOptions, UrlFault> {
    let port = match given.get("port") {
        Some(port) => Some(parameter::port(port)?),
        None => url.port(),
    };
    let port = port.map(|port| port.to_string());
    let host = given.get("hostaddr").or(given.get("host")).or(url.host());
    let parts = [
        ("user", url.user()),
        ("password", url.password()),
        ("host", host),
        ("port", port.as_deref()),
        ("dbname", given.get("dbname").or(url.database())),
        ("options", given.get("options")),
    ];
    let parts = parts.iter().filter_map(|(name, it)| Some((name, (*it)?)));
    let parts = parts.filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = parts
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    let text = format!("postgres:///?{}", pairs.join("&"));
    // Every character in it is encoded, and the port is a number.
    let options: PgConnectOptions = text.parse().map_err(|_| UrlFault::Unencoded)?;
    let mut settings = given.settings().peekable();
    // Without one there is no such packet, which a pooler would refuse.
    match settings.peek() {
        Some(_) => Ok(options.options(settings)),
        None => Ok(options),
    }
}

/// Sets how far the connection is encrypted and the server proven, as libpq decides it.
///
/// - A Unix socket is not encrypted, whatever is asked for.
/// - `require` with a file of authorities means `verify-ca`.
/// - `allow` asks for no more than `prefer` does.
/// - `channel_binding=require` is there so that nobody can stand between. The driver cannot
///   bind channels; a certificate that is verified keeps the same promise.
fn with_tls(
    mut options: PgConnectOptions,
    given: &Parameters<'_>,
) -> Result<PgConnectOptions, UrlFault> {
    let is_socket = options.get_socket().is_some() || options.get_host().starts_with('/');
    if is_socket {
        return Ok(options.ssl_mode(PgSslMode::Disable));
    }
    for (name, missing) in [("sslcert", "sslkey"), ("sslkey", "sslcert")] {
        if given.or_environment(name).is_some() && given.or_environment(missing).is_none() {
            return Err(UrlFault::Half {
                given: name,
                missing,
            });
        }
    }
    if let Some(certificate) = given.or_environment("sslcert") {
        check_readable("sslcert", &certificate)?;
        options = options.ssl_client_cert(certificate);
    }
    if let Some(key) = given.or_environment("sslkey") {
        check_readable("sslkey", &key)?;
        options = options.ssl_client_key(key);
    }
    let stated = given.tls_mode()?;
    let mut mode = stated.unwrap_or(PgSslMode::Prefer);
    match given.or_environment("sslrootcert").as_deref() {
        Some("system") => {
            if !matches!(stated, None | Some(PgSslMode::VerifyFull)) {
                return Err(UrlFault::Contradiction {
                    one: "sslrootcert=system",
                    other: "sslmode",
                    instead: "anybody can have a certificate of the system's authorities, so the name is \
                              verified, too: say `sslmode=verify-full`",
                });
            }
            mode = PgSslMode::VerifyFull;
            options = options.ssl_root_cert_from_pem(Vec::new());
        }
        Some(file) => {
            check_readable("sslrootcert", file)?;
            options = options.ssl_root_cert(file);
            if matches!(mode, PgSslMode::Require) {
                mode = PgSslMode::VerifyCa;
            }
        }
        None => {}
    }
    if given.binds_channel()? && !matches!(mode, PgSslMode::VerifyCa | PgSslMode::VerifyFull) {
        if matches!(mode, PgSslMode::Disable) {
            return Err(UrlFault::Contradiction {
                one: "channel_binding=require",
                other: "sslmode=disable",
                instead: "there is no channel to bind without TLS: take one of them out",
            });
        }
        mode = PgSslMode::VerifyFull;
    }
    if matches!(mode, PgSslMode::Allow) {
        mode = PgSslMode::Prefer;
    }
    let has_other_address = given
        .get("hostaddr")
        .is_some_and(|it| given.host() != Some(it));
    if has_other_address && matches!(mode, PgSslMode::VerifyFull) && given.host().is_some() {
        return Err(UrlFault::Contradiction {
            one: "hostaddr",
            other: "sslmode=verify-full",
            instead: "the certificate is compared with what is connected to: leave `hostaddr` out, \
                      so that this is the host's name",
        });
    }
    Ok(options.ssl_mode(mode))
}

/// `rev 3f2a19c04b7d ann@host`: the run first, for what is cut off is the end.
pub(super) fn session_name(settings: &Settings) -> String {
    let mut name = format!("rev {} {}", settings.run, settings.operator);
    let is_end = |&end: &usize| name.is_char_boundary(end);
    let end = (0..=LONGEST_NAME.min(name.len())).rev().find(is_end);
    name.truncate(end.unwrap_or_default());
    name
}
