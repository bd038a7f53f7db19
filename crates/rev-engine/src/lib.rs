//! Running plans: time and concurrency, and nothing else of the world.
//!
//! The engine asks a [`database::Database`] for what it needs and tells what
//! happens in [`event::Event`]s. It never prints, asks, reads a file or the
//! environment; the clock is passed in.

pub mod boundary;
pub mod clock;
pub mod database;
pub mod event;
pub mod executor;
pub mod failure;
pub mod journal;
pub mod newcomer;
pub mod outcome;
pub mod pin;
pub mod place;
pub mod planner;
pub mod prepare;
pub mod proof;
pub mod repair;
pub mod replay;
pub mod request;
pub mod trial;
