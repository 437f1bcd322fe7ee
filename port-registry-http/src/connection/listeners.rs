//! The sockets that the daemon listens on.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use super::socket::ClientSocket;

/// The sockets that the daemon listens on.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    sockets: Vec<Listener>,
    /// The socket to look at first.
    first: Cell<usize>,
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Listeners {
    pub(crate) fn add_tcp(&mut self, listener: TcpListener) {
        self.sockets.push(Listener::Tcp(listener));
    }

    #[cfg(unix)]
    pub(crate) fn add_unix(&mut self, listener: UnixListener) {
        self.sockets.push(Listener::Unix(listener));
    }

    /// Waits for a client on any of the sockets, in turn, so that a flood on one does not silence the others.
    pub(crate) async fn accept(&self) -> io::Result<ClientSocket> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<ClientSocket>> {
        let count = self.sockets.len();
        for turn in 0..count {
            let at = (self.first.get() + turn) % count;
            let accepted = self.sockets[at].poll_accept(cx);
            if accepted.is_ready() {
                self.first.set(at + 1);
                return accepted;
            }
        }
        Poll::Pending
    }
}

impl Listener {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<ClientSocket>> {
        match self {
            Listener::Tcp(listener) => listener.poll_accept(cx).map_ok(|(stream, _)| stream.into()),
            #[cfg(unix)]
            Listener::Unix(listener) => {
                listener.poll_accept(cx).map_ok(|(stream, _)| stream.into())
            }
        }
    }
}
