//! What people do with their ports all day: hand them on, take others over, tidy up. Each of it in process
//! and through a daemon.

mod env;
mod hints;
mod keeping;
mod machine;
mod registering;
