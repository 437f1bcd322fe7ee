//! A client's connection: its bytes, within limits of time and of how far ahead it may send.
//!
//! actix-http limits the time for the first head of a connection and for keeping it idle. It does
//! not for later heads that come in part, nor for clients that do not read their answers, and it
//! decodes all that it is given. So a connection has a [`ConnectionState`], which the request handlers
//! update: it breaks off when no request began for too long, and gives the dispatcher no bytes while
//! there is one to answer.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::connection::bare;
use crate::limits;

/// A connection, as the HTTP dispatcher reads and writes it.
pub(crate) struct Connection {
    stream: TcpStream,
    state: Rc<ConnectionState>,
    /// Goes off no later than the connection's time is up; it may go off early.
    alarm: Pin<Box<Sleep>>,
    /// Bytes that the dispatcher was given since it was last told to wait.
    given: usize,
    /// The client has not taken the last bytes of its answers.
    is_write_blocked: bool,
    /// The part of a completed answer that the system has not taken yet.
    unsent: Vec<u8>,
}

/// The state of a connection, shared by its bytes, its requests and the server.
#[derive(Debug)]
pub(crate) struct ConnectionState {
    /// When it last got on: it was opened, or a request began or had arrived.
    since: Cell<Instant>,
    reading: Cell<Reading>,
    /// The last read was put off until the request under way is answered.
    is_read_put_off: Cell<bool>,
    /// The request under way, or one before, is the last to be answered.
    is_last: Cell<bool>,
    /// When a client that was dismissed has to be gone.
    leave_by: Cell<Option<Instant>>,
    waker: RefCell<Option<Waker>>,
}

/// The part of a client's input that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// The head of a request.
    Head,
    /// The body of the request that is under way.
    Body,
    /// Nothing, as long as the request is under way.
    Later,
    /// Nothing more: the client was dismissed.
    Never,
}

impl ConnectionState {
    pub(crate) fn new() -> ConnectionState {
        ConnectionState {
            since: Cell::new(Instant::now()),
            reading: Cell::new(Reading::Head),
            is_read_put_off: Cell::new(false),
            is_last: Cell::new(false),
            leave_by: Cell::new(None),
            waker: RefCell::default(),
        }
    }

    /// A request begins. Tells whether it is to be answered: not behind the last one, nor after the
    /// client was dismissed.
    pub(crate) fn begin(&self) -> bool {
        if self.is_over() {
            return false;
        }
        self.since.set(Instant::now());
        self.read(Reading::Later);
        true
    }

    /// The body of the request is wanted.
    pub(crate) fn begin_body(&self) {
        self.read(Reading::Body);
    }

    /// The request has arrived.
    pub(crate) fn end_body(&self) {
        self.since.set(Instant::now());
        self.read(Reading::Later);
    }

    /// The request is answered, and perhaps was the last one.
    pub(crate) fn end(&self, is_last: bool) {
        if is_last {
            self.is_last.set(true);
        }
        // Input behind the last request is read and discarded.
        self.read(if self.is_last.get() {
            Reading::Body
        } else {
            Reading::Head
        });
    }

    /// When it last got on.
    pub(crate) fn since(&self) -> Instant {
        self.since.get()
    }

    /// Returns whether no more requests are answered.
    pub(crate) fn is_over(&self) -> bool {
        self.is_last.get() || self.was_dismissed()
    }

    /// Returns whether the daemon has asked the client to go.
    pub(crate) fn was_dismissed(&self) -> bool {
        self.leave_by.get().is_some()
    }

    /// Ends the connection as soon as the request under way, if one has arrived, is answered, and in
    /// any case when the client does not take its answers.
    pub(crate) fn dismiss(&self) {
        if self.leave_by.get().is_none() {
            self.leave_by.set(Some(Instant::now() + limits::LINGER));
            self.reading.set(Reading::Never);
            self.wake();
        }
    }

    fn read(&self, reading: Reading) {
        if self.reading.get() != Reading::Never {
            self.reading.set(reading);
        }
        if reading != Reading::Later && self.is_read_put_off.take() {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// When the time of the connection is up. One that was dismissed may go on with a request that
    /// is under way, and not with answers that nobody takes.
    fn due(&self, is_write_blocked: bool) -> Instant {
        let due = self.since.get() + limits::BETWEEN_REQUESTS;
        match self.leave_by.get() {
            Some(leave_by) if is_write_blocked => due.min(leave_by),
            _ => due,
        }
    }
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, state: Rc<ConnectionState>) -> Connection {
        let alarm = Box::pin(sleep_until(state.due(false)));
        Connection {
            stream,
            state,
            alarm,
            given: 0,
            is_write_blocked: false,
            unsent: Vec::new(),
        }
    }

    pub(crate) fn state(&self) -> &Rc<ConnectionState> {
        &self.state
    }

    /// Waits to read or write. Returns an error once the time is up.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let mut waker = self.state.waker.borrow_mut();
        if waker.as_ref().is_none_or(|it| !it.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        drop(waker);
        let due = self.state.due(self.is_write_blocked);
        if due < self.alarm.deadline() {
            self.alarm.as_mut().reset(due);
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            if due <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(due);
        }
        Poll::Pending
    }

    /// Gives the dispatcher a little of what the client has sent, since it decodes all it is given.
    fn poll_read_head(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.given >= limits::HEAD_SLICE {
            self.given = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut slice = [0; limits::HEAD_SLICE];
        let room = buf.remaining().min(slice.len());
        let mut slice = ReadBuf::new(&mut slice[..room]);
        match Pin::new(&mut self.stream).poll_read(cx, &mut slice) {
            Poll::Pending => {
                self.given = 0;
                self.wait(cx)
            }
            Poll::Ready(result) => {
                self.given += slice.filled().len();
                buf.put_slice(slice.filled());
                Poll::Ready(result)
            }
        }
    }

    /// Notes if the client takes its answers. A read that was put off until it does is not waited for
    /// anywhere else, so it is tried again.
    fn note_write(&mut self, is_blocked: bool, cx: &Context<'_>) {
        if self.is_write_blocked && !is_blocked {
            cx.waker().wake_by_ref();
        }
        self.is_write_blocked = is_blocked;
    }

    /// Sends what is left of a completed answer.
    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let sent = Pin::new(&mut self.stream).poll_write(cx, &self.unsent);
            self.note_write(sent.is_pending(), cx);
            match sent {
                Poll::Ready(sent) => drop(self.unsent.drain(..sent?)),
                Poll::Pending => return self.wait(cx),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.state.reading.get() {
            Reading::Never => Poll::Ready(Ok(())),
            Reading::Later => {
                self.state.is_read_put_off.set(true);
                self.wait(cx)
            }
            // A client that does not take its answers has nothing more to ask.
            _ if self.is_write_blocked => self.wait(cx),
            Reading::Head => self.poll_read_head(cx, buf),
            Reading::Body => match Pin::new(&mut self.stream).poll_read(cx, buf) {
                Poll::Pending => self.wait(cx),
                ready @ Poll::Ready(_) => ready,
            },
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_unsent(cx))?;
        if let Some(answers) = bare::completed(buf) {
            self.unsent = answers;
            return match self.poll_unsent(cx) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                _ => Poll::Ready(Ok(buf.len())),
            };
        }
        let sent = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note_write(sent.is_pending(), cx);
        match sent {
            Poll::Pending => self.wait(cx),
            ready @ Poll::Ready(_) => ready,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_unsent(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
