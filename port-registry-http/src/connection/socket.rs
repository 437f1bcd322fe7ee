//! The socket of a client: TCP, or Unix where there are such.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// An accepted connection of a client.
#[derive(Debug)]
pub(crate) enum ClientSocket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl ClientSocket {
    /// Returns the address of the client. A client of the Unix socket has none.
    pub(crate) fn peer_address(&self) -> Option<SocketAddr> {
        match self {
            ClientSocket::Tcp(stream) => stream.peer_addr().ok(),
            #[cfg(unix)]
            ClientSocket::Unix(_) => None,
        }
    }
}

impl From<TcpStream> for ClientSocket {
    fn from(stream: TcpStream) -> ClientSocket {
        // Responses are written in one piece, so delaying a packet gains nothing.
        let _ = stream.set_nodelay(true);
        ClientSocket::Tcp(stream)
    }
}

#[cfg(unix)]
impl From<UnixStream> for ClientSocket {
    fn from(stream: UnixStream) -> ClientSocket {
        ClientSocket::Unix(stream)
    }
}

/// Calls a method of the stream.
macro_rules! forward {
    ($socket:ident.$method:ident($($argument:expr),*)) => {
        match $socket.get_mut() {
            ClientSocket::Tcp(stream) => Pin::new(stream).$method($($argument),*),
            #[cfg(unix)]
            ClientSocket::Unix(stream) => Pin::new(stream).$method($($argument),*),
        }
    };
}

impl AsyncRead for ClientSocket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        forward!(self.poll_read(cx, buf))
    }
}

impl AsyncWrite for ClientSocket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        forward!(self.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        forward!(self.poll_shutdown(cx))
    }
}
