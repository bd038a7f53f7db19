//! URLs of databases, taken apart.
//!
//! A [`DatabaseUrl`] is the one form in which a URL travels from settings to drivers: its
//! parts are decoded once, here, and drivers get them one by one. It shows itself without
//! password and parameters, in `Debug` too; only [`DatabaseUrl::expose`] gives all of it away.
//!
//! A URL that cannot be taken apart may hold a password anywhere, so a [`UrlFault`] quotes
//! nothing of it but the scheme, and names of parameters only from tables of ours.

mod fault;
mod parse;
mod parts;
mod redact;

pub use fault::UrlFault;
pub use parse::check_host;
pub use parts::{DatabaseUrl, encoded};
pub use redact::{redact, redact_url};

#[cfg(test)]
mod tests;
