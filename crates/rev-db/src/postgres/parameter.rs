//! The parameters of a PostgreSQL URL: libpq's, and those that poolers and hosts add.
//! <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>

use std::time::Duration;

use rev_core::{DatabaseUrl, Dialect, UrlFault};
use sqlx::postgres::PgSslMode;

use crate::parameters::{Keep, Parameter, check, find};

/// What `sslmode` may be.
const MODES: &str = "`disable`, `allow`, `prefer`, `require`, `verify-ca` or `verify-full`";

/// Those that mean something here, first; then those that change nothing, or nothing that
/// `rev` could do; then those that ask for what it cannot do.
const PARAMETERS: &[Parameter] = &[
    ("application_name", Keep::Yes),
    ("channel_binding", Keep::Yes),
    ("connect_timeout", Keep::Yes),
    ("dbname", Keep::Yes),
    ("host", Keep::Yes),
    ("hostaddr", Keep::Yes),
    ("options", Keep::Yes),
    ("password", Keep::Yes),
    ("port", Keep::Yes),
    ("ssl", Keep::OneOf(&["true"], "write `sslmode=`")),
    ("sslcert", Keep::Yes),
    ("sslkey", Keep::Yes),
    ("sslmode", Keep::Yes),
    ("sslrootcert", Keep::Yes),
    ("user", Keep::Yes),
    // The name of a session is its run's, and whoever waits is told it.
    ("fallback_application_name", Keep::Idle),
    (
        "client_encoding",
        Keep::OneOf(
            &["utf8", "utf-8", "UTF8", "UTF-8", "unicode", "auto"],
            "take it out: a session of `rev` speaks UTF-8, and the server translates",
        ),
    ),
    // Whether a connection is dead `rev` finds out by itself.
    ("keepalives", Keep::Idle),
    ("keepalives_idle", Keep::Idle),
    ("keepalives_interval", Keep::Idle),
    ("keepalives_count", Keep::Idle),
    ("tcp_user_timeout", Keep::Idle),
    (
        "gssencmode",
        Keep::OneOf(
            &["disable", "prefer"],
            "take it out, and say `sslmode=verify-full`: the connection is encrypted by TLS",
        ),
    ),
    // Names of a login that is none of the driver's.
    ("krbsrvname", Keep::Idle),
    ("gsslib", Keep::Idle),
    ("gssdelegation", Keep::Idle),
    // TLS at once, or after a question: both end in the same TLS.
    ("sslnegotiation", Keep::Idle),
    ("sslcompression", Keep::Idle),
    (
        "sslsni",
        Keep::OneOf(
            &["1"],
            "take it out: the host's name is sent with the greeting of TLS",
        ),
    ),
    (
        "sslcertmode",
        Keep::OneOf(
            &["allow"],
            "take it out: a certificate is sent where `sslcert` and `sslkey` name one",
        ),
    ),
    // TLS here begins with 1.2 and ends with 1.3.
    (
        "ssl_min_protocol_version",
        Keep::OneOf(
            &["", "TLSv1", "TLSv1.1", "TLSv1.2"],
            "take it out, and let the server ask for it: `ssl_min_protocol_version` in its settings",
        ),
    ),
    (
        "ssl_max_protocol_version",
        Keep::OneOf(
            &["", "TLSv1.3"],
            "take it out, and let the server ask for it: `ssl_max_protocol_version` in its settings",
        ),
    ),
    (
        "min_protocol_version",
        Keep::OneOf(
            &["3.0"],
            "take it out: version 3.0 of the protocol is spoken",
        ),
    ),
    ("max_protocol_version", Keep::Idle),
    ("load_balance_hosts", Keep::Idle),
    // A run refuses by itself a server that takes no writes.
    (
        "target_session_attrs",
        Keep::OneOf(
            &["any", "read-write", "primary", "prefer-standby"],
            "take it out, and name the server that takes writes",
        ),
    ),
    (
        "replication",
        Keep::OneOf(
            &["false", "off", "no", "0"],
            "take it out: `rev` needs a session that takes statements",
        ),
    ),
    (
        "sslcrl",
        Keep::OneOf(
            &[""],
            "take it out: lists of revoked certificates are not read",
        ),
    ),
    (
        "sslcrldir",
        Keep::OneOf(
            &[""],
            "take it out: lists of revoked certificates are not read",
        ),
    ),
    (
        "sslpassword",
        Keep::No(
            "take the password off the key: `openssl pkey -in KEY -out NEW`, and name that in `sslkey`",
        ),
    ),
    (
        "sslkeylogfile",
        Keep::No("take it out: keys of TLS are written nowhere"),
    ),
    (
        "passfile",
        Keep::No("name the file in the environment: `export PGPASSFILE=…`"),
    ),
    (
        "require_auth",
        Keep::No(
            "take it out, and say `sslmode=verify-full`: then the password goes to the right server alone",
        ),
    ),
    (
        "requirepeer",
        Keep::No(
            "take it out: who listens at a socket is not asked; let its folder be one that only that user may write",
        ),
    ),
    (
        "service",
        Keep::No("write what the service says into the URL"),
    ),
    (
        "servicefile",
        Keep::No("write what the service says into the URL"),
    ),
    ("scram_client_key", Keep::No("give the password itself")),
    ("scram_server_key", Keep::No("give the password itself")),
    ("oauth_issuer", Keep::No("give a user with a password")),
    ("oauth_client_id", Keep::No("give a user with a password")),
    (
        "oauth_client_secret",
        Keep::No("give a user with a password"),
    ),
    ("oauth_scope", Keep::No("give a user with a password")),
    // Words of pools and of programs with pools, in the URLs that hosts hand out.
    ("pgbouncer", Keep::Idle),
    ("supa", Keep::Idle),
    ("uselibpqcompat", Keep::Idle),
    ("connection_limit", Keep::Idle),
    ("pool_timeout", Keep::Idle),
    ("pool_mode", Keep::Idle),
    ("pool_size", Keep::Idle),
    ("pool_max_conns", Keep::Idle),
    ("pool_min_conns", Keep::Idle),
    ("max_idle_connection_lifetime", Keep::Idle),
    ("statement_cache_size", Keep::Idle),
    ("statement-cache-capacity", Keep::Idle),
    ("prepared_statements", Keep::Idle),
    ("prepared_statement_cache_size", Keep::Idle),
    ("prepareThreshold", Keep::Idle),
    ("binary_parameters", Keep::Idle),
    ("default_query_exec_mode", Keep::Idle),
    // What `rev.yaml` says.
    (
        "schema",
        Keep::No("say `schema:` beside `url:` in rev.yaml"),
    ),
    (
        "currentSchema",
        Keep::No("say `schema:` beside `url:` in rev.yaml"),
    ),
    (
        "search_path",
        Keep::No("say `schema:` beside `url:` in rev.yaml"),
    ),
    (
        "statement_timeout",
        Keep::No("say `statement_timeout:` beside `url:` in rev.yaml"),
    ),
    (
        "lock_timeout",
        Keep::No("say `lock_timeout:` beside `url:` in rev.yaml"),
    ),
    (
        "sslaccept",
        Keep::No(
            "write `sslmode=verify-full` for `strict`, `sslmode=require` for `accept_invalid_certs`",
        ),
    ),
    (
        "sslidentity",
        Keep::No("name a certificate and a key in `sslcert` and `sslkey`"),
    ),
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
    let is_setting = |name: &str| name.starts_with("options[") && name.ends_with(']');
    for (number, (name, value)) in (1..).zip(url.parameters()) {
        if is_setting(name) {
            continue;
        }
        check(
            name,
            value,
            find(PARAMETERS, name),
            PARAMETERS,
            Dialect::Postgres,
            number,
        )?;
    }
    let parameters = Parameters { url };
    if let Some(host) = parameters.get("host") {
        rev_core::url::check_host(host)?;
    }
    if let Some(address) = parameters.get("hostaddr")
        && address.parse::<std::net::IpAddr>().is_err()
    {
        let values = "an address in digits, such as `192.0.2.1` or `2001:db8::1`";
        return Err(UrlFault::Value {
            parameter: "hostaddr",
            values,
        });
    }
    Ok(parameters)
}

/// A port in the parameter of that name.
pub(super) fn port(text: &str) -> Result<u16, UrlFault> {
    if text.contains(',') {
        return Err(UrlFault::SeveralHosts);
    }
    text.parse()
        .ok()
        .filter(|port| *port > 0)
        .ok_or(UrlFault::Port)
}

impl<'a> Parameters<'a> {
    /// The value of one; the last counts where there are two.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let mut all = self.url.parameters().iter().rev();
        let found = all.find(|(it, _)| it == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The same, or what libpq's variable says: `PGSSLMODE`.
    pub(super) fn or_environment(&self, name: &str) -> Option<String> {
        let variable = format!("PG{}", name.replace('_', "").to_uppercase());
        let of_environment = || {
            std::env::var(variable)
                .ok()
                .filter(|value| !value.is_empty())
        };
        self.get(name).map(str::to_owned).or_else(of_environment)
    }

    /// The host by name.
    pub(super) fn host(&self) -> Option<&'a str> {
        self.get("host").or(self.url.host())
    }

    /// `sslmode`, where it is said.
    pub(super) fn tls_mode(&self) -> Result<Option<PgSslMode>, UrlFault> {
        let Some(text) = self.or_environment("sslmode") else {
            let is_jdbc = self.get("ssl").is_some();
            return Ok(is_jdbc.then_some(PgSslMode::Require));
        };
        let mode = match text.as_str() {
            "disable" => PgSslMode::Disable,
            "allow" => PgSslMode::Allow,
            "prefer" => PgSslMode::Prefer,
            "require" => PgSslMode::Require,
            "verify-ca" => PgSslMode::VerifyCa,
            "verify-full" => PgSslMode::VerifyFull,
            _ => {
                return Err(UrlFault::Value {
                    parameter: if self.get("sslmode").is_some() {
                        "sslmode"
                    } else {
                        "PGSSLMODE"
                    },
                    values: MODES,
                });
            }
        };
        Ok(Some(mode))
    }

    /// Whether the login is to be bound to the channel.
    pub(super) fn binds_channel(&self) -> Result<bool, UrlFault> {
        match self.or_environment("channel_binding").as_deref() {
            None | Some("disable" | "prefer") => Ok(false),
            Some("require") => Ok(true),
            Some(_) => Err(UrlFault::Value {
                parameter: "channel_binding",
                values: "`disable`, `prefer` or `require`",
            }),
        }
    }

    /// How long reaching the server may take, where it is said; zero means nothing.
    pub(super) fn patience(&self) -> Result<Option<Duration>, UrlFault> {
        let Some(text) = self.or_environment("connect_timeout") else {
            return Ok(None);
        };
        let seconds: i64 = text.trim().parse().map_err(|_| UrlFault::Value {
            parameter: "connect_timeout",
            values: "a number of seconds",
        })?;
        let seconds = u64::try_from(seconds).ok().filter(|it| *it > 0);
        Ok(seconds.map(Duration::from_secs))
    }

    /// Settings in the driver's own spelling, `options[NAME]=VALUE`.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let all = self.url.parameters().iter();
        all.filter_map(|(name, value)| {
            let name = name.strip_prefix("options[")?.strip_suffix(']')?;
            Some((name, value.as_str()))
        })
    }
}
