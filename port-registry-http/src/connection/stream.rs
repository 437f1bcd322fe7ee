//! A client's byte stream, with limits on time and on how far ahead the client may send.
//!
//! actix-http can limit the time for the first head of a connection and for an idle connection. It limits
//! neither later heads that arrive in part, nor clients that do not read their responses, and it decodes
//! all the input it gets. So [`Connection`] watches all times itself, gives the dispatcher one request at a time, and
//! no bytes while a request is being answered.

use std::io;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::InputMode;
use super::bare;
use super::head::HeadScanner;
use super::state::ConnectionState;
use crate::limits;

/// A connection, as the HTTP dispatcher reads and writes it.
pub(crate) struct Connection<S> {
    stream: S,
    state: Rc<ConnectionState>,
    /// Fires when the connection's time is up, or earlier.
    alarm: Pin<Box<Sleep>>,
    scanner: HeadScanner,
    /// Bytes that have arrived behind the end of a head.
    ahead: Vec<u8>,
    /// The dispatcher has to decode what it was given before it reads on.
    is_decoding: bool,
    /// The part of the last response that the system has not taken yet.
    unsent: Vec<u8>,
    /// The last response is sent, and the client has time to go.
    is_leaving: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(stream: S, state: Rc<ConnectionState>) -> Connection<S> {
        let alarm = Box::pin(sleep_until(state.due()));
        Connection {
            stream,
            state,
            alarm,
            scanner: HeadScanner::default(),
            ahead: Vec::new(),
            is_decoding: false,
            unsent: Vec::new(),
            is_leaving: false,
        }
    }

    pub(crate) fn state(&self) -> &Rc<ConnectionState> {
        &self.state
    }

    /// Waits until the connection's time is up.
    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.state.wake_on_change(cx);
        let due = self.state.due();
        if due < self.alarm.deadline() {
            self.alarm.as_mut().reset(due);
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset(due);
        }
        Poll::Pending
    }

    /// Waits to read or write. Returns an error once the connection's time is up.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let due = self.poll_due(cx);
        due.map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Waits for a head. Ends the client's input once the time for it is up, and answers the part of a head.
    fn wait_for_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_due(cx));
        if !self.state.is_idle() {
            self.leave(bare::request_timeout());
        }
        Poll::Ready(Ok(()))
    }

    /// Reads a head, or a part of it.
    fn poll_read_head(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if mem::take(&mut self.is_decoding) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.ahead.is_empty() {
            let mut slice = [0; limits::SLICE];
            let mut slice = ReadBuf::new(&mut slice);
            match Pin::new(&mut self.stream).poll_read(cx, &mut slice) {
                Poll::Pending => return self.wait_for_head(cx),
                Poll::Ready(result) => result?,
            }
            self.ahead.extend(slice.filled());
        }
        let length = buf.remaining().min(self.ahead.len());
        let end = self.scanner.find_end(&self.ahead[..length]);
        self.is_decoding = end.is_some();
        if end.is_some() || self.scanner.is_in_head() {
            self.state.note_head();
        }
        self.give_ahead(end.unwrap_or(length), buf);
        Poll::Ready(Ok(()))
    }

    /// Reads at most `limit` bytes of a body.
    fn poll_read_body(
        &mut self,
        limit: Option<usize>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let limit = limit.unwrap_or(usize::MAX).min(buf.remaining());
        if !self.ahead.is_empty() {
            self.give_ahead(limit.min(self.ahead.len()), buf);
        } else if limit == buf.remaining() {
            match Pin::new(&mut self.stream).poll_read(cx, buf) {
                Poll::Pending => return self.wait(cx),
                Poll::Ready(result) => result?,
            }
        } else {
            let mut slice = [0; limits::SLICE];
            let mut slice = ReadBuf::new(&mut slice[..limit.min(limits::SLICE)]);
            match Pin::new(&mut self.stream).poll_read(cx, &mut slice) {
                Poll::Pending => return self.wait(cx),
                Poll::Ready(result) => result?,
            }
            buf.put_slice(slice.filled());
        }
        self.state.note_body(buf.filled().len() - before);
        Poll::Ready(Ok(()))
    }

    /// Gives the dispatcher bytes that have arrived before.
    fn give_ahead(&mut self, length: usize, buf: &mut ReadBuf<'_>) {
        buf.put_slice(&self.ahead[..length]);
        self.ahead.drain(..length);
    }

    /// Notes whether the client reads its responses. Retries the read that was put off until it does,
    /// because nothing else wakes it.
    fn note_write(&self, is_blocked: bool, cx: &Context<'_>) {
        if self.state.note_write(is_blocked) {
            cx.waker().wake_by_ref();
        }
    }

    /// Begins to send a response that the dispatcher did not make, and to leave the client.
    fn leave(&mut self, response: Vec<u8>) {
        self.unsent = response;
        self.is_leaving = true;
        self.alarm.as_mut().reset(Instant::now() + limits::LINGER);
    }

    /// Sends the last response, then discards input until the client is gone or had time to go. Otherwise the system would
    /// discard the response if there is input that nobody read.
    fn poll_leave(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let sent = Pin::new(&mut self.stream).poll_write(cx, &self.unsent);
            self.note_write(sent.is_pending(), cx);
            match sent {
                Poll::Ready(sent) => drop(self.unsent.drain(..sent?)),
                Poll::Pending => return self.wait(cx),
            }
        }
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        while self.alarm.as_mut().poll(cx).is_pending() {
            let mut slice = [0; limits::SLICE];
            let mut slice = ReadBuf::new(&mut slice);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut slice))?;
            if slice.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<S> {
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
            _ if self.state.is_write_blocked() => self.wait(cx),
            InputMode::Head => self.poll_read_head(cx, buf),
            InputMode::Body(limit) => self.poll_read_body(limit, cx, buf),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.is_leaving
            && let Some(responses) = bare::complete(buf)
        {
            self.leave(responses);
        }
        if self.is_leaving {
            ready!(self.poll_leave(cx))?;
            return Poll::Ready(Ok(buf.len()));
        }
        let sent = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note_write(sent.is_pending(), cx);
        match sent {
            Poll::Pending => self.wait(cx),
            ready @ Poll::Ready(_) => ready,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_leaving {
            return self.poll_leave(cx);
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
