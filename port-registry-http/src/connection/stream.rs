//! A client's byte stream, with limits on time and on how far ahead the client may send.
//!
//! actix-http limits the time for the first head of a connection and for an idle connection. It limits
//! neither later heads that arrive in part, nor clients that do not read their responses, and it decodes
//! all the input it gets. So [`Connection`] closes itself when no request began for too long, and gives
//! the dispatcher no bytes while a request is being answered.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::bare;
use super::socket::ClientSocket;
use super::state::{ConnectionState, InputMode};
use crate::limits;

/// A connection, as the HTTP dispatcher reads and writes it.
pub(crate) struct Connection {
    stream: ClientSocket,
    state: Rc<ConnectionState>,
    /// Fires when the connection's time is up, or earlier.
    alarm: Pin<Box<Sleep>>,
    /// Bytes given to the dispatcher since it last had to wait for input.
    given: usize,
    /// The client has not read the last bytes of its responses.
    is_write_blocked: bool,
    /// The part of a completed bare response that the system has not taken yet.
    unsent: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: ClientSocket, state: Rc<ConnectionState>) -> Connection {
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

    /// Waits to read or write. Returns an error once the connection's time is up.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        self.state.wake_on_change(cx);
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

    /// Reads a slice of a head. It is small because the dispatcher decodes all it is given.
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

    /// Notes whether the client reads its responses. Retries the read that was put off until it does,
    /// because nothing else wakes it.
    fn note_write(&mut self, is_blocked: bool, cx: &Context<'_>) {
        if self.is_write_blocked && !is_blocked {
            cx.waker().wake_by_ref();
        }
        self.is_write_blocked = is_blocked;
    }

    /// Sends the rest of a completed bare response.
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
        match self.state.input() {
            // The dispatcher takes this for the end of the client's input.
            InputMode::Closed => Poll::Ready(Ok(())),
            InputMode::Paused => {
                self.state.put_off_read();
                self.wait(cx)
            }
            // A client that does not read its responses gets no further ones.
            _ if self.is_write_blocked => self.wait(cx),
            InputMode::Head => self.poll_read_head(cx, buf),
            InputMode::Body => match Pin::new(&mut self.stream).poll_read(cx, buf) {
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
        if let Some(responses) = bare::complete(buf) {
            self.unsent = responses;
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
