//! A Unix socket that leads to a daemon at a TCP address.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;

/// Forwards the connections of a socket to an address, until the process ends.
pub(super) fn relay(socket: &Path, address: SocketAddr) {
    let listener = UnixListener::bind(socket).unwrap();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || forward(&client, address));
        }
    });
}

/// Forwards the bytes of one connection in both directions.
fn forward(client: &UnixStream, address: SocketAddr) {
    let Ok(server) = TcpStream::connect(address) else {
        return;
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut &server, &mut &*client);
            let _ = client.shutdown(Shutdown::Both);
        });
        let _ = io::copy(&mut &*client, &mut &server);
        let _ = server.shutdown(Shutdown::Both);
    });
}
