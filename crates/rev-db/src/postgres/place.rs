//! Where a PostgreSQL database is, as its URL says.

use rev_engine::database::DatabaseError;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use crate::Settings;

/// The parameters that mean something here; any other would be passed over in
/// silence by the driver.
const PARAMETERS: [&str; 12] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// How much of its name a session keeps: NAMEDATALEN - 1 bytes.
const LONGEST_NAME: usize = 63;

/// The setting by which a session knows that it was begun by our own packet.
pub(super) const RUN_SETTING: &str = "rev.run";

/// A server and a database on it.
#[derive(Clone)]
pub(super) struct Place {
    options: PgConnectOptions,
    run: String,
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
    pub(super) fn of_url(url: &str, settings: &Settings) -> Result<Self, DatabaseError> {
        let (_, parameters) = url.split_once('?').unwrap_or((url, ""));
        for parameter in parameters.split('&').filter(|text| !text.is_empty()) {
            let name = parameter.split('=').next().unwrap_or_default();
            if !PARAMETERS.contains(&name) {
                return Err(DatabaseError::Connect {
                    message: format!(
                        "the parameter `{name}` is not one for PostgreSQL; those are {}",
                        PARAMETERS.map(|name| format!("`{name}`")).join(", ")
                    ),
                });
            }
        }
        let options: PgConnectOptions =
            url.parse()
                .map_err(|error: sqlx::Error| DatabaseError::Connect {
                    message: error.to_string(),
                })?;
        let options = options
            .application_name(&session_name(settings))
            .extra_float_digits(None)
            .statement_cache_capacity(0)
            .disable_statement_logging();
        Ok(Self {
            options,
            run: settings.run.clone(),
        })
    }

    /// To connect without telling the session anything that a pooler refuses.
    pub(super) fn plain(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// To connect so that the session knows the run.
    pub(super) fn marked(&self) -> PgConnectOptions {
        self.plain().options([(RUN_SETTING, &self.run)])
    }
}

/// `rev 3f2a19c04b7d ann@host`: the run first, for what is cut off is the end.
pub(super) fn session_name(settings: &Settings) -> String {
    let mut name = format!("rev {} {}", settings.run, settings.operator);
    let is_end = |&end: &usize| name.is_char_boundary(end);
    let end = (0..=LONGEST_NAME.min(name.len())).rev().find(is_end);
    name.truncate(end.unwrap_or_default());
    name
}
