//! `test-listener PORT [OPTION...]`: listens on a port, or on a free one for 0, and prints `listening PORT`. It has a session
//! of its own, and ends with its standard input.
//!
//! - `on=ADDRESS`: listens on this address instead of 127.0.0.1. Several are possible.
//! - `also=PORT`: listens on another port too.
//! - `queue=LENGTH`: leaves this many connections waiting, and one more, instead of 128.
//! - `named=NAME`: gives the main thread another name.
//! - `undumpable`: lets only root inspect the process.
//! - `same-session`: stays in the session of its parent.
//! - `worker`: starts a process that inherits the socket.

#![expect(clippy::print_stdout, reason = "a test reads it")]

use std::env;
use std::fs;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

#[derive(Default)]
struct Options {
    addresses: Vec<IpAddr>,
    more_ports: Vec<u16>,
    queue: Option<i32>,
    name: Option<String>,
    words: Vec<String>,
}

impl Options {
    fn parse(words: impl Iterator<Item = String>) -> io::Result<Options> {
        let mut options = Options::default();
        for word in words {
            match word.split_once('=') {
                Some(("on", address)) => options.addresses.push(parse(address)?),
                Some(("also", port)) => options.more_ports.push(parse(port)?),
                Some(("queue", length)) => options.queue = Some(parse(length)?),
                Some(("named", name)) => options.name = Some(name.to_owned()),
                _ => options.words.push(word),
            }
        }
        if options.addresses.is_empty() {
            options.addresses.push(Ipv4Addr::LOCALHOST.into());
        }
        Ok(options)
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|it| it == word)
    }
}

/// Listens on a port of an address.
fn listen(address: IpAddr, port: u16, queue: Option<i32>) -> io::Result<Socket> {
    let address = SocketAddr::new(address, port);
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if cfg!(unix) {
        socket.set_reuse_address(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(queue.unwrap_or(128))?;
    Ok(socket)
}

fn parse<T: std::str::FromStr>(word: &str) -> io::Result<T> {
    let parsed = word.parse().ok();
    parsed.ok_or_else(|| io::Error::other(format!("{word:?} is not understood")))
}

fn main() -> io::Result<()> {
    let mut words = env::args().skip(1);
    let usage = || io::Error::other("usage: test-listener PORT [OPTION...]");
    let mut port: u16 = parse(&words.next().ok_or_else(usage)?)?;
    let options = Options::parse(words)?;
    if !options.has("same-session") {
        // Otherwise the checkout that the tests are run in would count as that of this process.
        #[cfg(unix)]
        let _ = rustix::process::setsid();
    }
    if let Some(name) = &options.name {
        fs::write("/proc/self/comm", name)?;
    }
    #[cfg(target_os = "linux")]
    if options.has("undumpable") {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    let mut sockets = Vec::new();
    for address in &options.addresses {
        let socket = listen(*address, port, options.queue)?;
        let bound = socket.local_addr()?.as_socket();
        // A port that the system chose is that of all addresses.
        port = bound.ok_or_else(usage)?.port();
        sockets.push(socket);
    }
    for more in &options.more_ports {
        sockets.push(listen(options.addresses[0], *more, options.queue)?);
    }
    #[cfg(unix)]
    let _worker = match sockets.first().filter(|_| options.has("worker")) {
        Some(socket) => Some(start_worker(socket)?),
        None => None,
    };
    println!("listening {port}");
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Starts a process that has the socket open as its standard output. It ends with this process, which has the other end of
/// its standard input.
#[cfg(unix)]
fn start_worker(socket: &Socket) -> io::Result<std::process::Child> {
    use std::os::fd::OwnedFd;
    use std::process::{Command, Stdio};
    let socket: OwnedFd = socket.try_clone()?.into();
    Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(socket)
        .spawn()
}
