//! `test-impostor ADDRESS [ANSWER]`: gives this answer to each connection at an address, or at a socket `unix:PATH` that all
//! users may open, whatever it asks, or none at all. Prints `listening PORT`, or the path. It ends with its standard input.

#![expect(clippy::print_stdout, reason = "a test reads it")]

use std::env;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::process;
use std::thread;

fn main() -> io::Result<()> {
    let mut words = env::args().skip(1);
    let address = words.next().unwrap_or_default();
    let answer = words.next();
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
    #[cfg(unix)]
    if let Some(path) = address.strip_prefix("unix:") {
        use std::fs::{self, Permissions};
        use std::os::unix::fs::PermissionsExt;
        use std::os::unix::net::UnixListener;

        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o777))?;
        println!("listening {path}");
        serve(listener.incoming(), answer.as_deref());
        return Ok(());
    }
    let listener = TcpListener::bind(address)?;
    println!("listening {}", listener.local_addr()?.port());
    serve(listener.incoming(), answer.as_deref());
    Ok(())
}

fn serve<S: Read + Write>(connections: impl Iterator<Item = io::Result<S>>, answer: Option<&str>) {
    let mut held = Vec::new();
    for mut stream in connections.flatten() {
        match answer {
            None => held.push(stream),
            Some(answer) => {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    }
}
