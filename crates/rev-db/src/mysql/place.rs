//! Where a MySQL or MariaDB database is, as its URL says.

use rev_engine::database::DatabaseError;
use sqlx::ConnectOptions as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

/// The parameters that mean something here; any other would be passed over in
/// silence by the driver.
const PARAMETERS: [&str; 7] = [
    "charset",
    "collation",
    "socket",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
];

/// A server and a database on it.
#[derive(Clone)]
pub(super) struct Place {
    options: MySqlConnectOptions,
    name: String,
    /// Whether a socket leads to it, and no address.
    is_local: bool,
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
    pub(super) fn of_url(url: &str) -> Result<Self, DatabaseError> {
        let refused = |message: String| DatabaseError::Connect { message };
        let (_, parameters) = url.split_once('?').unwrap_or((url, ""));
        let mut socket = None;
        for parameter in parameters.split('&').filter(|text| !text.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if !PARAMETERS.contains(&name) {
                return Err(refused(format!(
                    "the parameter `{name}` is not one for MySQL; those are {}",
                    PARAMETERS.map(|name| format!("`{name}`")).join(", ")
                )));
            }
            if name == "socket" {
                socket = Some(value.replace("%2F", "/").replace("%2f", "/"));
            }
        }
        let options: MySqlConnectOptions = url
            .parse()
            .map_err(|error: sqlx::Error| refused(error.to_string()))?;
        let Some(database) = options.get_database() else {
            return Err(refused(
                "the URL names no database: it ends in `/name`".to_owned(),
            ));
        };
        let is_local = socket.is_some();
        let name = match socket {
            Some(socket) => format!("`{database}` at `{socket}`"),
            None => format!(
                "`{database}` at `{}`, port {}",
                options.get_host(),
                options.get_port()
            ),
        };
        // As the server itself would have it, not the driver.
        let options = options
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .statement_cache_capacity(0)
            .disable_statement_logging();
        Ok(Self {
            options,
            name,
            is_local,
        })
    }

    /// The same database by the same login at another address of its cluster; `None`:
    /// what leads here is no address.
    pub(super) fn at(&self, host: &str, port: u16) -> Option<Self> {
        (!self.is_local).then(|| Self {
            options: self.options.clone().host(host).port(port),
            name: format!("`{host}`, port {port}"),
            is_local: false,
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

    pub(super) fn options(&self) -> &MySqlConnectOptions {
        &self.options
    }
}
