//! The state of a connection, which its byte stream, its request handlers and the daemon share.

use std::cell::{Cell, OnceCell, RefCell};
use std::task::{Context, Waker};

use tokio::time::Instant;

use super::activity::{Activity, InputMode};
use super::user_denied::UserDenied;
use crate::limits;

/// The state of a connection: its phase, the time that the client has left, and the input that is read next.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    phase: Cell<Phase>,
    /// Time since which the connection is idle or a head is arriving.
    since: Cell<Instant>,
    /// Time at which the current request, or else the last one, began or had arrived.
    arrived: Cell<Instant>,
    /// Bytes of the current body that have not been read. `None` if its length is not known.
    body_left: Cell<Option<usize>>,
    /// The body of the current request, if it has one, was read whole.
    is_body_read: Cell<bool>,
    /// The client has not read the last bytes of its responses.
    is_write_blocked: Cell<bool>,
    /// The last read was put off until the current request is answered.
    is_read_put_off: Cell<bool>,
    /// The connection ends with the next response.
    is_retired: Cell<bool>,
    /// Time by which a dismissed client has to be gone.
    leave_by: Cell<Option<Instant>>,
    waker: RefCell<Option<Waker>>,
    /// The reason why its requests are refused.
    denied: OnceCell<UserDenied>,
}

/// The phases of a connection, which repeat with each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// All requests are answered, and nothing of a further one has arrived.
    Idle,
    /// A part of a head has arrived.
    Head,
    /// The body of the current request is read.
    Body,
    /// The current request is being answered.
    Answer,
    /// The last request is answered.
    Over,
}

impl ConnectionState {
    pub(super) fn new() -> ConnectionState {
        let now = Instant::now();
        ConnectionState {
            phase: Cell::new(Phase::Idle),
            since: Cell::new(now),
            arrived: Cell::new(now),
            body_left: Cell::new(None),
            is_body_read: Cell::new(false),
            is_write_blocked: Cell::new(false),
            is_read_put_off: Cell::new(false),
            is_retired: Cell::new(false),
            leave_by: Cell::new(None),
            waker: RefCell::default(),
            denied: OnceCell::new(),
        }
    }

    /// Refuses all requests, and ends the connection after the first one.
    pub(crate) fn deny(&self, denied: UserDenied) {
        let _ = self.denied.set(denied);
    }

    /// Returns the reason why requests are refused.
    pub(crate) fn denied(&self) -> Option<UserDenied> {
        self.denied.get().copied()
    }

    /// Begins a request. Returns `false` if it must not be answered, because it comes after the last
    /// request or after the client was dismissed.
    pub(crate) fn begin(&self) -> bool {
        if self.is_over() {
            return false;
        }
        self.arrived.set(Instant::now());
        self.is_body_read.set(false);
        self.enter(Phase::Answer);
        true
    }

    /// Begins to read the body of the current request, whose length may be known.
    pub(crate) fn begin_body(&self, length: Option<usize>) {
        self.body_left.set(length);
        self.enter(Phase::Body);
    }

    /// Notes that the body of the current request has arrived, or that its rest is not read.
    pub(crate) fn end_body(&self, is_whole: bool) {
        self.arrived.set(Instant::now());
        self.is_body_read.set(is_whole);
        self.enter(Phase::Answer);
    }

    /// Tests if the body of the current request was read whole.
    pub(crate) fn is_body_read(&self) -> bool {
        self.is_body_read.get()
    }

    /// Notes that the current request is answered. `is_last` ends the connection after it.
    pub(crate) fn end(&self, is_last: bool) {
        self.since.set(Instant::now());
        if is_last || self.is_retired.get() || self.phase.get() == Phase::Over {
            // Input behind the last request is read and discarded.
            self.body_left.set(None);
            self.enter(Phase::Over);
        } else {
            self.enter(Phase::Idle);
        }
    }

    /// Tests if no more requests are answered.
    pub(crate) fn is_over(&self) -> bool {
        self.phase.get() == Phase::Over || self.was_dismissed()
    }

    /// Tests if the daemon has asked the client to go.
    pub(crate) fn was_dismissed(&self) -> bool {
        self.leave_by.get().is_some()
    }

    /// Ends the connection as soon as the current request, if one has arrived, is answered. Ends it
    /// after a grace period if the client does not read its responses.
    pub(super) fn dismiss(&self) {
        if self.leave_by.get().is_none() {
            self.leave_by.set(Some(Instant::now() + limits::LINGER));
            self.wake();
        }
    }

    /// Ends the connection with the next response, which tells the client so.
    pub(super) fn retire(&self) {
        self.is_retired.set(true);
    }

    pub(super) fn is_retired(&self) -> bool {
        self.is_retired.get()
    }

    pub(super) fn activity(&self) -> Activity {
        match self.phase.get() {
            _ if self.is_write_blocked.get() => Activity::Transfer,
            Phase::Idle => Activity::Idle,
            Phase::Answer => Activity::Wait,
            Phase::Head | Phase::Body | Phase::Over => Activity::Transfer,
        }
    }

    /// Returns the time of the last progress: the connection was opened, or a request began, had arrived or was
    /// answered.
    pub(super) fn last_progress(&self) -> Instant {
        self.since.get().max(self.arrived.get())
    }

    pub(super) fn input(&self) -> InputMode {
        match self.phase.get() {
            _ if self.was_dismissed() => InputMode::Closed,
            Phase::Idle | Phase::Head => InputMode::Head,
            Phase::Body if self.body_left.get() == Some(0) => InputMode::Paused,
            Phase::Body | Phase::Over => InputMode::Body(self.body_left.get()),
            Phase::Answer => InputMode::Paused,
        }
    }

    /// Tests if nothing of a request has arrived since the last one was answered.
    pub(super) fn is_idle(&self) -> bool {
        self.phase.get() == Phase::Idle
    }

    /// Notes that a part of a head has arrived.
    pub(super) fn note_head(&self) {
        if self.is_idle() {
            self.since.set(Instant::now());
            self.phase.set(Phase::Head);
        }
    }

    /// Notes that bytes of a body were read.
    pub(super) fn note_body(&self, read: usize) {
        let left = self.body_left.get();
        self.body_left
            .set(left.map(|left| left.saturating_sub(read)));
    }

    /// Notes whether the client reads its responses. Returns true if it does so again.
    pub(super) fn note_write(&self, is_blocked: bool) -> bool {
        let was_blocked = self.is_write_blocked.replace(is_blocked);
        let is_unblocked = was_blocked && !is_blocked;
        if is_unblocked && self.is_idle() {
            // The client was not idle while it read.
            self.since.set(Instant::now());
        }
        is_unblocked
    }

    pub(super) fn is_write_blocked(&self) -> bool {
        self.is_write_blocked.get()
    }

    /// Notes that a read waits until the current request is answered.
    pub(super) fn put_off_read(&self) {
        self.is_read_put_off.set(true);
    }

    /// Returns the time at which the connection is closed. A dismissed client may finish its current
    /// request, but has less time to read its responses.
    pub(super) fn due(&self) -> Instant {
        let response_due = self.arrived.get() + limits::RESPONSE;
        match self.phase.get() {
            _ if self.is_write_blocked.get() => {
                let leave_by = self.leave_by.get();
                leave_by.map_or(response_due, |leave_by| leave_by.min(response_due))
            }
            Phase::Idle => self.since.get() + limits::IDLE,
            Phase::Head => self.since.get() + limits::REQUEST,
            Phase::Body | Phase::Answer | Phase::Over => response_due,
        }
    }

    /// Wakes this task when the state changes.
    pub(super) fn wake_on_change(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if waker.as_ref().is_none_or(|it| !it.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        if phase != Phase::Answer && self.is_read_put_off.take() {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
