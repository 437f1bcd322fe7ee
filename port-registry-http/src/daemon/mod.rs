//! The life of the daemon: startup, serving, and shutdown.

mod run;
pub(crate) mod serve;

pub use self::run::{Config, Failure, run};
