//! Starts, stops and inspects the daemon.
//!
//! Never decide by the pidfile whether a daemon runs; use its lock. Never signal a process unless the locked file and the
//! daemon's answer both name it, and the kernel shows that it holds the lock.

mod advice;
mod detach;
mod flags;
mod holder;
mod log;
mod occupied;
mod own;
mod own_socket;
mod poll;
mod process;
pub(crate) mod program;
mod restart;
mod start;
mod stop;
mod supervisor;
mod target;
mod turn;
mod unsure;

pub(crate) use self::advice::{
    find_suspended, other_port, restart_for_range, resume_or_end, use_address, use_its_registry,
};
pub(crate) use self::detach::{WORD as DETACH, exec};
pub(crate) use self::flags::{DaemonFlags, describe as describe_flags};
pub(crate) use self::holder::HolderPlace;
pub(crate) use self::own::{difference, find as find_own, serves_range, serves_store};
pub(crate) use self::own_socket::serving;
pub(crate) use self::restart::restart;
pub(crate) use self::start::{Started, start};
pub(crate) use self::stop::stop;
pub(crate) use self::target::{Target, pidfile, settled};
pub(crate) use self::unsure::Unsure;
