#![no_main]

use std::net::{SocketAddr, TcpStream};
use std::sync::LazyLock;
use std::time::Duration;

use port_registry_http::fuzz;
use socket2::SockRef;
use tempfile::TempDir;

static SERVER: LazyLock<(TempDir, SocketAddr)> = LazyLock::new(|| {
    let folder = test_support::folder_in_memory();
    let address = fuzz::start_server(folder.path());
    (folder, address)
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let stream = TcpStream::connect(SERVER.1).expect("the server listens");
    // Reset the connection at its end, because closed ones would use up the ephemeral ports.
    let linger = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    linger.expect("the socket is open");
    fuzz::request(stream, data);
});
