//! Checks that a connection is of a user whom the daemon serves.
//!
//! Every user of a machine can connect to the loopback address. On Linux the kernel names the user of the client's
//! socket, which is found by its addresses. Ask when the connection has been accepted, before anything is read from it.
//! A socket that no process has open any more names nobody, so a client that has sent its request and left is not
//! served.

#[cfg(target_os = "linux")]
use std::cell::{Cell, RefCell};
use std::sync::Arc;
#[cfg(target_os = "linux")]
use std::time::Duration;

use port_registry::daemon::AllowedUsers;
#[cfg(target_os = "linux")]
use port_registry::daemon::ClientUsers;
#[cfg(target_os = "linux")]
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
#[cfg(target_os = "linux")]
use tokio::time::Instant;

use super::socket::ClientSocket;
use super::user_denied::UserDenied;
use crate::limits;
use crate::log;

/// The superuser, who can do everything in any case.
#[cfg(unix)]
const ROOT: u32 = 0;

/// Pause between two searches for a source of the users.
#[cfg(target_os = "linux")]
const SEARCH_PAUSE: Duration = Duration::from_secs(1);

/// The users whom the daemon serves, and the means to find those of connections.
#[derive(Debug)]
pub(crate) struct UserCheck {
    allowed: AllowedUsers,
    /// The daemon's effective user.
    #[cfg(unix)]
    own: u32,
    /// `None` if the system does not tell, or did not when it was last asked.
    #[cfg(target_os = "linux")]
    users: RefCell<Option<ClientUsers>>,
    #[cfg(target_os = "linux")]
    searched: Cell<Instant>,
    /// A permit for each connection that may stay open to be told the reason. Another user may open any number of them.
    denied: Arc<Semaphore>,
}

/// The right of a connection to stay open.
#[derive(Debug)]
pub(crate) enum Admission {
    /// Its requests are answered.
    Served,
    /// Its requests are refused.
    Denied(UserDenied, OwnedSemaphorePermit),
    /// It is closed at once.
    Closed,
}

impl UserCheck {
    pub(crate) fn new(allowed: AllowedUsers) -> UserCheck {
        UserCheck {
            #[cfg(target_os = "linux")]
            users: RefCell::new(find_users(&allowed)),
            #[cfg(target_os = "linux")]
            searched: Cell::new(Instant::now()),
            allowed,
            #[cfg(unix)]
            own: rustix::process::geteuid().as_raw(),
            denied: Arc::new(Semaphore::new(limits::DENIED_CONNECTIONS)),
        }
    }

    /// Decides about a connection that was just accepted.
    pub(crate) async fn admit(&self, socket: &ClientSocket) -> Admission {
        match self.check(socket).await {
            Ok(()) => Admission::Served,
            Err(denied) => {
                log_denied(denied);
                match self.denied.clone().try_acquire_owned() {
                    Ok(permit) => Admission::Denied(denied, permit),
                    Err(_) => Admission::Closed,
                }
            }
        }
    }

    async fn check(&self, socket: &ClientSocket) -> Result<(), UserDenied> {
        if self.allowed.are_all() {
            return Ok(());
        }
        match socket {
            #[cfg(unix)]
            ClientSocket::Unix(stream) => {
                let credentials = stream.peer_cred().map_err(|_| UserDenied::Unknown)?;
                self.check_user(credentials.uid())
            }
            #[cfg(target_os = "linux")]
            ClientSocket::Tcp(stream) => self.check_user(self.tcp_user(stream).await?),
            // The system does not tell.
            #[cfg(not(target_os = "linux"))]
            ClientSocket::Tcp(_) => Ok(()),
        }
    }

    #[cfg(unix)]
    fn check_user(&self, user: u32) -> Result<(), UserDenied> {
        if user == self.own || user == ROOT || self.allowed.contains(user) {
            return Ok(());
        }
        Err(UserDenied::Other(user))
    }

    #[cfg(target_os = "linux")]
    async fn tcp_user(&self, stream: &TcpStream) -> Result<u32, UserDenied> {
        let addresses = (stream.peer_addr(), stream.local_addr());
        let (Ok(client), Ok(server)) = addresses else {
            return Err(UserDenied::Unknown);
        };
        self.search_again().await;
        let quick = match &mut *self.users.borrow_mut() {
            Some(users) => users.user(client, server),
            None => return Err(UserDenied::CannotTell),
        };
        let user = if let Ok(user) = quick {
            user
        } else {
            let search = spawn_blocking(move || ClientUsers::user_in_tables(client, server));
            search.await.ok().and_then(Result::ok).flatten()
        };
        // After a reset, the socket that was found may be that of a later connection with the same addresses.
        let is_connected = stream.peer_addr().is_ok();
        let users = self.users.borrow();
        let names_one = |user: &u32| users.as_ref().is_some_and(|it| it.names_one(*user));
        user.filter(names_one)
            .filter(|_| is_connected)
            .ok_or(UserDenied::Unknown)
    }

    /// Searches for a source if there was none. A system that tells the users may have had no file or port left for the
    /// search.
    #[cfg(target_os = "linux")]
    async fn search_again(&self) {
        if self.users.borrow().is_some() || self.searched.get().elapsed() < SEARCH_PAUSE {
            return;
        }
        self.searched.set(Instant::now());
        if let Ok(Some(users)) = spawn_blocking(ClientUsers::find).await {
            *self.users.borrow_mut() = Some(users);
            log::line(format_args!(
                "the system tells the users of TCP connections now, so the port is served, too"
            ));
        }
    }
}

fn log_denied(denied: UserDenied) {
    if log::admits(denied.kind()) {
        spawn_blocking(move || {
            log::line(format_args!("refused a connection of {}", denied.client()));
        });
    }
}

/// Finds a source for the users of TCP clients, if there is one and it is needed.
#[cfg(target_os = "linux")]
fn find_users(allowed: &AllowedUsers) -> Option<ClientUsers> {
    let users = ClientUsers::find();
    if users.is_none() && !allowed.are_all() {
        log::line(format_args!(
            "the system does not tell the users of TCP connections; only the Unix socket is served, \
             and with --allow-users all the port too"
        ));
    }
    users
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use port_registry::daemon::AllowedUsers;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::runtime;
    use tokio::time::Instant;

    use super::{Admission, SEARCH_PAUSE, UserCheck};
    use crate::connection::socket::ClientSocket;
    use crate::connection::user_denied::UserDenied;

    #[test]
    fn source_of_users_that_was_missing_at_the_start_is_searched_again() {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let connected = TcpStream::connect(listener.local_addr().unwrap()).await;
            let _client = connected.unwrap();
            let socket = ClientSocket::Tcp(listener.accept().await.unwrap().0);
            let check = UserCheck::new(AllowedUsers::default());
            *check.users.borrow_mut() = None;
            // A time ahead makes the pause last for as long as this test may.
            check.searched.set(Instant::now() + 3600 * SEARCH_PAUSE);
            assert!(matches!(
                check.admit(&socket).await,
                Admission::Denied(UserDenied::CannotTell, _)
            ));
            check.searched.set(Instant::now() - SEARCH_PAUSE);
            assert!(matches!(check.admit(&socket).await, Admission::Served));
        });
    }
}
