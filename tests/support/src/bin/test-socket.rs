//! `test-socket STATE PORT`: keeps a port of 127.0.0.1 in use without listening on it, and prints `STATE PORT`. It ends
//! with its standard input. The states are `connected` (a client's connection), `closing` (one that was just closed) and
//! `bound`.

#![expect(clippy::print_stdout, reason = "a test reads it")]

use std::env;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    let usage = || io::Error::other("usage: test-socket STATE PORT");
    let [state, port] = &words[..] else {
        return Err(usage());
    };
    let port: u16 = port.parse().map_err(|_| usage())?;
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&address(port))?;
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let connect = || {
        socket.connect(&address(server.local_addr()?.port()))?;
        server.accept()
    };
    let _held = match state.as_str() {
        "bound" => (Some(socket), None),
        "connected" => {
            let (connection, _) = connect()?;
            (Some(socket), Some(connection))
        }
        "closing" => {
            let (mut connection, _) = connect()?;
            drop(socket);
            // The end that closed first is the one that lasts.
            connection.read_to_end(&mut Vec::new())?;
            (None, None)
        }
        _ => return Err(usage()),
    };
    println!("{state} {port}");
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
