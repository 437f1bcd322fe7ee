//! The servers on the ports of services, as their clients see them. Their owners are in [`whose`](crate::whose).

mod addresses;
mod connection;
mod look;
mod request;
mod shared_limit;

pub(crate) use self::addresses::{LISTEN_ON_LOCALHOST, other_addresses};
pub(crate) use self::look::{Server, look};
pub(crate) use self::request::{HttpAnswer, HttpPath, get};
pub(crate) use self::shared_limit::SharedLimit;
