//! The open connections, whose number is limited.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use super::listeners::Listeners;
use super::socket::ClientSocket;
use super::state::ConnectionState;
use crate::limits;

/// A limited number of slots, each for one open connection.
#[derive(Clone)]
pub(crate) struct ConnectionSlots {
    free: Arc<Semaphore>,
    total: u32,
    open: Rc<RefCell<OpenConnections>>,
}

#[derive(Default)]
struct OpenConnections {
    states: HashMap<u64, Rc<ConnectionState>>,
    next: u64,
}

/// The slot of an open connection. Dropping it makes room for another one.
pub(crate) struct ConnectionSlot {
    number: u64,
    state: Rc<ConnectionState>,
    slots: ConnectionSlots,
    _permit: OwnedSemaphorePermit,
}

impl ConnectionSlots {
    pub(crate) fn new(total: usize) -> ConnectionSlots {
        ConnectionSlots {
            free: Arc::new(Semaphore::new(total)),
            total: u32::try_from(total).unwrap_or(u32::MAX),
            open: Rc::default(),
        }
    }

    /// Waits for a client, then for a free slot.
    pub(crate) async fn accept(
        &self,
        listeners: &Listeners,
    ) -> io::Result<(ClientSocket, ConnectionSlot)> {
        let socket = listeners.accept().await?;
        Ok((socket, self.take().await?))
    }

    /// Waits for a free slot. Dismisses as many clients as are needed, one after the other.
    pub(crate) async fn take(&self) -> io::Result<ConnectionSlot> {
        let start = Instant::now();
        let permit = loop {
            select! {
                biased;
                permit = self.free.clone().acquire_owned() => {
                    break permit.map_err(io::Error::other)?;
                }
                () = self.make_room(start) => {}
            }
        };
        let state = Rc::new(ConnectionState::new());
        let mut open = self.open.borrow_mut();
        let number = open.next;
        open.next += 1;
        open.states.insert(number, state.clone());
        Ok(ConnectionSlot {
            number,
            state,
            slots: self.clone(),
            _permit: permit,
        })
    }

    /// Dismisses a client and gives it time to go. If no client has stalled and the search began long enough ago, at
    /// `start`, all are busy. The client that came first then leaves after its next response.
    async fn make_room(&self, start: Instant) {
        if !self.dismiss_stalled() && start.elapsed() >= limits::STALLED {
            self.retire_first();
        }
        sleep(limits::DISMISSAL).await;
    }

    /// Dismisses the client that has been idle for longest, else one that is slow, else one that waits for its response.
    /// Returns false if all clients have made progress lately.
    fn dismiss_stalled(&self) -> bool {
        let open = self.open.borrow();
        let stalled = open.states.values().filter(|state| {
            !state.was_dismissed() && state.last_progress().elapsed() >= limits::STALLED
        });
        let stalled = stalled.min_by_key(|state| (state.activity(), state.last_progress()));
        stalled.inspect(|state| state.dismiss()).is_some()
    }

    fn retire_first(&self) {
        let open = self.open.borrow();
        let states = open.states.iter().filter(|(_, state)| !state.is_retired());
        if let Some((_, state)) = states.min_by_key(|(number, _)| **number) {
            state.retire();
        }
    }

    /// Dismisses all clients. Those whose requests have arrived still get their responses.
    pub(crate) fn dismiss_all(&self) {
        let open = self.open.borrow();
        open.states.values().for_each(|state| state.dismiss());
    }

    /// Waits until no connection is open.
    pub(crate) async fn until_empty(&self) {
        let _ = self.free.acquire_many(self.total).await;
    }
}

impl ConnectionSlot {
    pub(crate) fn state(&self) -> &Rc<ConnectionState> {
        &self.state
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let mut open = self.slots.open.borrow_mut();
        open.states.remove(&self.number);
    }
}
