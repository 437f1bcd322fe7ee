//! The state of a connection, which its byte stream, its request handlers and the server share.

use std::cell::{Cell, RefCell};
use std::task::{Context, Waker};

use tokio::time::Instant;

use crate::limits;

/// The state of a connection: its progress, and the input it takes next.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    /// Time of the last progress: the connection was opened, or a request began or had arrived.
    last_progress: Cell<Instant>,
    input: Cell<InputMode>,
    /// The last read was put off until the current request is answered.
    is_read_put_off: Cell<bool>,
    /// The current request, or an earlier one, is the last to be answered.
    is_last: Cell<bool>,
    /// Time by which a dismissed client has to be gone.
    leave_by: Cell<Option<Instant>>,
    waker: RefCell<Option<Waker>>,
}

/// The part of a client's input that is read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InputMode {
    /// The head of a request.
    Head,
    /// The body of the current request.
    Body,
    /// Nothing until the current request is answered.
    Paused,
    /// Nothing more, because the client was dismissed.
    Closed,
}

impl ConnectionState {
    pub(super) fn new() -> ConnectionState {
        ConnectionState {
            last_progress: Cell::new(Instant::now()),
            input: Cell::new(InputMode::Head),
            is_read_put_off: Cell::new(false),
            is_last: Cell::new(false),
            leave_by: Cell::new(None),
            waker: RefCell::default(),
        }
    }

    /// Begins a request. Returns `false` if it must not be answered, because it comes after the last
    /// request or after the client was dismissed.
    pub(crate) fn begin(&self) -> bool {
        if self.is_over() {
            return false;
        }
        self.last_progress.set(Instant::now());
        self.set_input(InputMode::Paused);
        true
    }

    /// Begins to read the body of the current request.
    pub(crate) fn begin_body(&self) {
        self.set_input(InputMode::Body);
    }

    /// Notes that the current request has arrived.
    pub(crate) fn end_body(&self) {
        self.last_progress.set(Instant::now());
        self.set_input(InputMode::Paused);
    }

    /// Notes that the current request is answered. `is_last` ends the connection after it.
    pub(crate) fn end(&self, is_last: bool) {
        if is_last {
            self.is_last.set(true);
        }
        // Input behind the last request is read and discarded.
        self.set_input(if self.is_last.get() {
            InputMode::Body
        } else {
            InputMode::Head
        });
    }

    /// Returns whether no more requests are answered.
    pub(crate) fn is_over(&self) -> bool {
        self.is_last.get() || self.was_dismissed()
    }

    /// Returns whether the daemon has asked the client to go.
    pub(crate) fn was_dismissed(&self) -> bool {
        self.leave_by.get().is_some()
    }

    /// Ends the connection as soon as the current request, if one has arrived, is answered. Ends it
    /// after a grace period if the client does not read its responses.
    pub(super) fn dismiss(&self) {
        if self.leave_by.get().is_none() {
            self.leave_by.set(Some(Instant::now() + limits::LINGER));
            self.input.set(InputMode::Closed);
            self.wake();
        }
    }

    pub(super) fn last_progress(&self) -> Instant {
        self.last_progress.get()
    }

    pub(super) fn input(&self) -> InputMode {
        self.input.get()
    }

    /// Notes that a read waits until the current request is answered.
    pub(super) fn put_off_read(&self) {
        self.is_read_put_off.set(true);
    }

    /// Returns the time at which the connection is closed. A dismissed client may finish its current
    /// request, but has less time to read its responses.
    pub(super) fn due(&self, is_write_blocked: bool) -> Instant {
        let due = self.last_progress.get() + limits::BETWEEN_REQUESTS;
        match self.leave_by.get() {
            Some(leave_by) if is_write_blocked => due.min(leave_by),
            _ => due,
        }
    }

    /// Wakes this task when the state changes.
    pub(super) fn wake_on_change(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if waker.as_ref().is_none_or(|it| !it.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
    }

    fn set_input(&self, input: InputMode) {
        if self.input.get() != InputMode::Closed {
            self.input.set(input);
        }
        if input != InputMode::Paused && self.is_read_put_off.take() {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
