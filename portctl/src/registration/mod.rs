//! Registers the ports that a scan has found.

mod conflict;
mod register;

pub(crate) use self::register::Registration;
