//! The connections that are denied, and their lines in the log.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::user_denied::UserDenied;
use crate::limits;
use crate::log;
#[cfg(unix)]
use crate::passwd;

/// The time for which lines are counted.
const PERIOD: Duration = Duration::from_secs(60);

/// Lines in such a time. Further connections are only counted.
const LINES: u32 = 10;

/// The connections that are denied. Only a few are open at a time, and only some are logged, because another user may open
/// any number of them.
#[derive(Debug)]
pub(super) struct Denials {
    free: Arc<Semaphore>,
    period: Cell<Option<Instant>>,
    lines: Cell<u32>,
    unlogged: Cell<u64>,
}

impl Denials {
    pub(super) fn new() -> Denials {
        Denials {
            free: Arc::new(Semaphore::new(limits::DENIED_CONNECTIONS)),
            period: Cell::new(None),
            lines: Cell::new(0),
            unlogged: Cell::new(0),
        }
    }

    /// Notes a denied connection. Returns the right to keep it open until its client has read the reason. Returns `None`
    /// if too many are open.
    pub(super) fn note(&self, denied: UserDenied) -> Option<OwnedSemaphorePermit> {
        if self.is_logged() {
            // A file is read for the name.
            spawn_blocking(move || {
                log::line(format_args!("refused a connection of {}", client(denied)));
            });
        }
        self.free.clone().try_acquire_owned().ok()
    }

    /// Counts a connection. Returns `true` if it gets a line of its own.
    fn is_logged(&self) -> bool {
        if self.period.get().is_none_or(|it| it.elapsed() >= PERIOD) {
            self.period.set(Some(Instant::now()));
            self.lines.set(0);
            let unlogged = self.unlogged.take();
            if unlogged > 0 {
                log::line(format_args!("refused {unlogged} more connections before"));
            }
        }
        let is_logged = self.lines.get() < LINES;
        if is_logged {
            self.lines.set(self.lines.get() + 1);
        } else {
            self.unlogged.set(self.unlogged.get() + 1);
        }
        is_logged
    }
}

/// Describes a client by its user.
fn client(denied: UserDenied) -> String {
    match denied {
        #[cfg(unix)]
        UserDenied::Other(user) => match passwd::name_of(user, &passwd::read()) {
            Some(name) => format!("user {user} ({name})"),
            None => format!("user {user}"),
        },
        #[cfg(unix)]
        _ => "an unknown user".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Denials, LINES};

    #[test]
    fn a_flood_of_denied_connections_gets_few_lines() {
        let denials = Denials::new();
        let logged = (0..1000).filter(|_| denials.is_logged()).count();
        assert_eq!(logged, LINES as usize);
        assert_eq!(denials.unlogged.get(), 1000 - u64::from(LINES));
        // The next period reports the others.
        denials.period.set(None);
        assert!(denials.is_logged());
        assert_eq!(denials.unlogged.get(), 0);
    }
}
