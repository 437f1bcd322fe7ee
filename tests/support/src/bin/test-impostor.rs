//! `test-impostor ADDRESS [ANSWER]`: gives this answer to each connection at an address, whatever it asks, or none at all.
//! Prints `listening PORT`. It ends with its standard input.

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
    let listener = TcpListener::bind(address)?;
    println!("listening {}", listener.local_addr()?.port());
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
    let mut held = Vec::new();
    for mut stream in listener.incoming().flatten() {
        match &answer {
            None => held.push(stream),
            Some(answer) => {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    }
    Ok(())
}
