//! The open connections, whose number is limited.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

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

    /// Waits for a free slot, then for a client.
    pub(crate) async fn accept(
        &self,
        listeners: &Listeners,
    ) -> io::Result<(ClientSocket, ConnectionSlot)> {
        let permit = loop {
            select! {
                biased;
                permit = self.free.clone().acquire_owned() => {
                    break permit.map_err(io::Error::other)?;
                }
                () = self.make_room() => {}
            }
        };
        let socket = listeners.accept().await?;
        let state = Rc::new(ConnectionState::new());
        let mut open = self.open.borrow_mut();
        let number = open.next;
        open.next += 1;
        open.states.insert(number, state.clone());
        let slot = ConnectionSlot {
            number,
            state,
            slots: self.clone(),
            _permit: permit,
        };
        Ok((socket, slot))
    }

    /// Dismisses clients whose connections have made no progress lately, and gives them time to go.
    async fn make_room(&self) {
        self.dismiss_stalled_for(limits::STALLED);
        sleep(limits::STALLED / 4).await;
    }

    /// Dismisses clients whose connections made their last progress at least `time` ago. A client whose request has
    /// arrived still gets its response.
    pub(crate) fn dismiss_stalled_for(&self, time: Duration) {
        let open = self.open.borrow();
        let stalled = open.states.values();
        let stalled = stalled.filter(|state| state.last_progress().elapsed() >= time);
        stalled.for_each(|state| state.dismiss());
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
