//! Where a MySQL or MariaDB database is, as its URL says.

use std::time::Duration;

use rev_core::{DatabaseUrl, UrlFault};
use rev_engine::failure::DatabaseError;
use sqlx::ConnectOptions as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use super::parameter::{self, Parameters};
use crate::Settings;
use crate::certificate::check_readable;

/// A server and a database on it.
#[derive(Clone)]
pub(super) struct Place {
    options: MySqlConnectOptions,
    name: String,
    /// Whether a socket leads to it, and no address.
    is_local: bool,
    /// How long it may be silent while an answer is awaited.
    pub(super) silence_timeout: Duration,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The driver's own options would show the password.
        f.write_str(&self.name)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Place {
    /// Reads a URL.
    pub(super) fn of_url(url: &DatabaseUrl, settings: &Settings) -> Result<Self, DatabaseError> {
        let given = parameter::read(url)?;
        let database = url.database().ok_or(UrlFault::NoDatabase)?;
        let of_host = url.host().filter(|host| host.starts_with('/'));
        let socket = given.get("socket").or(of_host);
        let mut options = MySqlConnectOptions::new().database(database);
        if let Some(host) = url.host().filter(|_| of_host.is_none()) {
            options = options.host(host);
        }
        if let Some(port) = url.port() {
            options = options.port(port);
        }
        if let Some(user) = url.user() {
            options = options.username(user);
        }
        if let Some(password) = url.password() {
            options = options.password(password);
        }
        let is_local = socket.is_some();
        let name = match socket {
            Some(socket) => format!("`{database}` at `{socket}`"),
            None => format!(
                "`{database}` at `{}`, port {}",
                options.get_host(),
                options.get_port()
            ),
        };
        if let Some(socket) = socket {
            options = options.socket(socket);
        }
        if let Some(charset) = given.get("charset") {
            options = options.charset(charset);
        }
        if let Some(collation) = given.get("collation") {
            options = options.collation(collation);
        }
        // As the server itself would have it, not the driver.
        let options = with_tls(options, &given)?
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .statement_cache_capacity(0)
            .disable_statement_logging();
        Ok(Self {
            options,
            name,
            is_local,
            silence_timeout: settings.silence_timeout,
        })
    }

    /// The same database by the same login at another address of its cluster; `None`:
    /// what leads here is no address.
    pub(super) fn at(&self, host: &str, port: u16) -> Option<Self> {
        (!self.is_local).then(|| Self {
            options: self.options.clone().host(host).port(port),
            name: format!("`{host}`, port {port}"),
            is_local: false,
            silence_timeout: self.silence_timeout,
        })
    }

    /// Whether a login is surely by TLS, or by what the server offers where a session by
    /// TCP prefers it: a server without TLS answers such a login in words of its own.
    pub(super) fn has_tls(&self) -> bool {
        match self.options.get_ssl_mode() {
            MySqlSslMode::Disabled => false,
            MySqlSslMode::Preferred => self.options.get_socket().is_none(),
            _ => true,
        }
    }

    /// The host and the port; `None`: a socket leads to it.
    pub(super) fn address(&self) -> Option<(&str, u16)> {
        let is_socket = self.options.get_socket().is_some();
        (!is_socket).then(|| (self.options.get_host(), self.options.get_port()))
    }

    pub(super) fn options(&self) -> &MySqlConnectOptions {
        &self.options
    }
}

/// Sets how far the connection is encrypted and the server proven. A file of authorities is
/// there to be used: where nothing more is asked for the certificate is verified by it.
/// <https://dev.mysql.com/doc/refman/9.7/en/connection-options.html#option_general_ssl-mode>
fn with_tls(
    mut options: MySqlConnectOptions,
    given: &Parameters<'_>,
) -> Result<MySqlConnectOptions, UrlFault> {
    let mut mode = given.tls_mode()?;
    if let Some(file) = given.get("ssl-ca") {
        check_readable("ssl-ca", file)?;
        options = options.ssl_ca(file);
        if matches!(mode, None | Some(MySqlSslMode::Required)) {
            mode = Some(MySqlSslMode::VerifyCa);
        }
    }
    match (given.get("ssl-cert"), given.get("ssl-key")) {
        (Some(certificate), Some(key)) => {
            check_readable("ssl-cert", certificate)?;
            check_readable("ssl-key", key)?;
            options = options.ssl_client_cert(certificate).ssl_client_key(key);
        }
        (None, None) => {}
        (certificate, _) => {
            let (given, missing) = match certificate {
                Some(_) => ("ssl-cert", "ssl-key"),
                None => ("ssl-key", "ssl-cert"),
            };
            return Err(UrlFault::Half { given, missing });
        }
    }
    Ok(options.ssl_mode(mode.unwrap_or(MySqlSslMode::Preferred)))
}
