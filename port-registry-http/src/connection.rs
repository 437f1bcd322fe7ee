//! A client's connection: its bytes, within limits of time.
//!
//! actix-web limits the time for the first head of a connection and for keeping it idle. It does
//! not for later heads that come in part, nor for clients that do not read their answers. So a
//! connection has a [`Tab`], which is renewed whenever a request begins, and breaks off when it
//! was not for too long.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::bare;
use crate::limits;

/// A connection, as the HTTP dispatcher reads and writes it.
pub(crate) struct Connection {
    stream: TcpStream,
    tab: Rc<Tab>,
    /// Goes off no later than the connection's time is up; it may go off early.
    alarm: Pin<Box<Sleep>>,
    /// The part of a completed answer that the system has not taken yet.
    unsent: Vec<u8>,
}

/// What is known of a connection outside of it.
#[derive(Debug)]
pub(crate) struct Tab {
    /// When the last request began, or the connection.
    since: Cell<Instant>,
    /// Nothing more is read: the client is to be taken for one that has sent its last request.
    is_over: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Tab {
    pub(crate) fn new() -> Tab {
        Tab {
            since: Cell::new(Instant::now()),
            is_over: Cell::new(false),
            waker: RefCell::default(),
        }
    }

    /// A request begins.
    pub(crate) fn renew(&self) {
        self.since.set(Instant::now());
    }

    /// When the last request began.
    pub(crate) fn since(&self) -> Instant {
        self.since.get()
    }

    /// Ends the connection as soon as the request under way, if there is one, is answered.
    pub(crate) fn send_home(&self) {
        self.is_over.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, tab: Rc<Tab>) -> Connection {
        let alarm = Box::pin(sleep_until(tab.since() + limits::BETWEEN_REQUESTS));
        Connection {
            stream,
            tab,
            alarm,
            unsent: Vec::new(),
        }
    }

    pub(crate) fn tab(&self) -> &Rc<Tab> {
        &self.tab
    }

    /// What a read or write that has to wait comes to: an error once the time is up.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let mut waker = self.tab.waker.borrow_mut();
        if waker.as_ref().is_none_or(|it| !it.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        drop(waker);
        while self.alarm.as_mut().poll(cx).is_ready() {
            let due = self.tab.since() + limits::BETWEEN_REQUESTS;
            if due <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(due);
        }
        Poll::Pending
    }

    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            match Pin::new(&mut self.stream).poll_write(cx, &self.unsent) {
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
        if self.tab.is_over.get() {
            return Poll::Ready(Ok(()));
        }
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending => self.wait(cx),
            ready @ Poll::Ready(_) => ready,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(self.poll_unsent(cx))?;
        if let Some(answer) = bare::completed(buf) {
            self.unsent = answer;
            return match self.poll_unsent(cx) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                _ => Poll::Ready(Ok(buf.len())),
            };
        }
        match Pin::new(&mut self.stream).poll_write(cx, buf) {
            Poll::Pending => self.wait(cx),
            ready @ Poll::Ready(_) => ready,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_unsent(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_unsent(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
