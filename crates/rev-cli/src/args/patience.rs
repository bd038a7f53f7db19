//! How databases are asked that are only read.

use std::time::Duration;

use clap::Args;

/// How many databases are asked at once, and how long each may take.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Asking")]
pub(crate) struct Patience {
    /// How many databases to ask at once [default: 16]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// How long one may take to answer, such as 5s [default: as long as its URL says]
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    pub(crate) timeout: Option<Duration>,
}

/// A time in which something can happen.
fn some_time(text: &str) -> Result<Duration, String> {
    let time = super::duration(text)?;
    if time.is_zero() {
        return Err("such as 500ms or 5s; leave it out to wait as long as it takes".to_owned());
    }
    Ok(time)
}
