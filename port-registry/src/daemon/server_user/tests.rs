use std::env;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::{Sockets, accepts, by_query, in_tables, server_users, users_of};
use crate::system::tcp_socket::{ConnectionEnd, LISTEN, SocketDescription, canonical};
use crate::system::user;

const NOBODY: u32 = 65534;

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn client_of(client: &TcpStream) -> ConnectionEnd {
    ConnectionEnd {
        local: canonical(client.local_addr().unwrap()),
        remote: canonical(client.peer_addr().unwrap()),
    }
}

/// Asks both sources, and returns the one answer.
#[track_caller]
fn users(client: &TcpStream) -> Result<Option<[u32; 2]>, ErrorKind> {
    let client = client_of(client);
    let told = |sockets: Sockets| {
        assert!(sockets.client.is_some());
        users_of(&client.other(), &sockets).map_err(|it| it.kind())
    };
    let in_tables = told(in_tables(&client).unwrap());
    match by_query(&client) {
        Ok(sockets) => assert_eq!(told(sockets), in_tables),
        // A sandbox may deny it.
        Err(error) => assert!(env::var_os("CI").is_none(), "{error}"),
    }
    in_tables
}

#[test]
fn the_users_of_a_server_are_found_before_and_after_it_accepts() {
    let own = Ok(Some([user::user().unwrap(); 2]));
    for (listener, to) in [
        ("127.0.0.1:0", "127.0.0.1"),
        ("0.0.0.0:0", "127.0.0.1"),
        ("[::]:0", "127.0.0.1"),
        ("127.0.0.1:0", "[::ffff:127.0.0.1]"),
        ("[::1]:0", "[::1]"),
        ("[::]:0", "[::1]"),
    ] {
        let Ok(listener) = TcpListener::bind(listener) else {
            continue;
        };
        let port = listener.local_addr().unwrap().port();
        let Ok(client) = TcpStream::connect(format!("{to}:{port}")) else {
            continue;
        };
        assert_eq!(users(&client), own, "{listener:?} {to}");
        let accepted = listener.accept().unwrap();
        assert_eq!(users(&client), own, "{listener:?} {to}");
        drop(accepted);
        assert_eq!(users(&client), Err(ErrorKind::ConnectionAborted));
    }
}

#[test]
fn a_server_whose_listener_is_closed_or_another_one_is_not_believed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    let client = TcpStream::connect(server).unwrap();
    let _accepted = listener.accept().unwrap();
    drop(listener);
    assert_eq!(users(&client), Err(ErrorKind::ConnectionAborted));
    let error = server_users(&client).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
}

#[test]
fn a_connection_that_was_reset_tells_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    // It is reset with its listener, before it is accepted.
    drop(listener);
    let error = server_users(&client).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
}

const CLIENT: ConnectionEnd = ConnectionEnd {
    local: SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 40000),
    remote: SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 51234),
};

/// The server's end of [`CLIENT`], accepted by a process of a user.
fn accepted(user: u32) -> SocketDescription {
    SocketDescription {
        state: 1,
        local: CLIENT.remote,
        remote: CLIENT.local,
        user,
        inode: 7,
    }
}

fn listening(user: u32) -> SocketDescription {
    SocketDescription {
        state: LISTEN,
        remote: address("0.0.0.0:0"),
        ..accepted(user)
    }
}

#[test]
fn a_server_has_the_users_of_its_listener_and_of_its_process() {
    let users = |listener, server| {
        let sockets = Sockets {
            client: None,
            listener,
            server,
        };
        users_of(&CLIENT.other(), &sockets).map_err(|it| it.kind())
    };
    // The kernel accepts in the name of root, and a service manager listens for others.
    for (listener, process) in [(NOBODY, 0), (0, 1000), (1000, 1000)] {
        let found = users(Some(listening(listener)), Some(accepted(process)));
        assert_eq!(found, Ok(Some([listener, process])));
    }
    let waiting = SocketDescription {
        inode: 0,
        ..accepted(0)
    };
    let found = users(Some(listening(NOBODY)), Some(waiting));
    assert_eq!(found, Ok(Some([NOBODY; 2])));
    // It may outlive its listener.
    let half_open = SocketDescription {
        state: 3,
        ..waiting
    };
    assert_eq!(users(Some(listening(0)), Some(half_open)), Ok(None));
    assert_eq!(users(Some(listening(0)), None), Ok(None));
    let closed = SocketDescription {
        state: 5,
        ..waiting
    };
    for (listener, server) in [
        (Some(listening(0)), closed),
        (None, waiting),
        (None, accepted(0)),
    ] {
        assert_eq!(
            users(listener, Some(server)),
            Err(ErrorKind::ConnectionAborted)
        );
    }
}

#[test]
fn a_listener_accepts_connections_to_its_address_and_to_all_if_it_has_none() {
    for (listener, to, expected) in [
        ("127.0.0.1:80", "127.0.0.1:80", true),
        ("0.0.0.0:80", "127.0.0.1:80", true),
        ("[::]:80", "127.0.0.1:80", true),
        ("[::ffff:127.0.0.1]:80", "127.0.0.1:80", true),
        ("[::]:80", "[::1]:80", true),
        ("[::1]:80", "[::1]:80", true),
        ("127.0.0.1:81", "127.0.0.1:80", false),
        ("127.0.0.2:80", "127.0.0.1:80", false),
        ("0.0.0.0:80", "[::1]:80", false),
        ("[::1]:80", "127.0.0.1:80", false),
    ] {
        assert_eq!(
            accepts(address(listener), address(to)),
            expected,
            "{listener} {to}"
        );
    }
}
