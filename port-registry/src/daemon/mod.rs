//! Shared by the daemon and `portctl`. Not part of the public API.
//!
//! It contains the daemon's lock and pidfile, the wire contract, group commit, and the rendering of errors and names.

mod allowed_users;
pub mod api;
#[cfg(target_os = "linux")]
mod client_users;
mod error_text;
mod group_commit;
mod info;
mod lock;
mod lock_error;
pub mod passwd;
mod pidfile;
mod place;
mod presence;
mod private_file;
#[cfg(target_os = "linux")]
mod server_user;
mod supervisor;
mod visible;

pub use self::allowed_users::{AllowedUsers, AllowedUsersError};
#[cfg(target_os = "linux")]
pub use self::client_users::ClientUsers;
pub use self::error_text::full_message;
pub use self::info::{DaemonInfo, Identity, IdentityError};
pub use self::lock::DaemonLock;
pub use self::lock_error::LockError;
#[cfg(unix)]
pub use self::place::is_trusted_server;
pub use self::place::{
    DAEMON_PORT, default_folder, default_pidfile, lock_of, open_private, socket_of, store_files,
};
pub use self::presence::Presence;
pub use self::private_file::{leads_to, lock_opened, lock_private, replace_private};
#[cfg(target_os = "linux")]
pub use self::server_user::server_users;
pub use self::supervisor::{Scope, Supervisor};
pub use self::visible::{is_invisible, visible};

/// Hashes bytes by FNV-1a. The hash is the same in every version. Not for input that an attacker chooses.
pub fn fnv_hash(bytes: &[u8]) -> u64 {
    crate::fnv::hash(bytes)
}
