//! A server that gets its port from the registry when it starts: that of `portctl get web` in this checkout.
//!
//! `cargo run --example embed --features detect`

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};

use port_registry::{Checkout, Registry};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::open()?;
    let web = Checkout::open(".")?.get_or_allocate(&registry, "web")?;

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, web.port.get()))?;
    let address = listener.local_addr()?;
    writeln!(io::stdout(), "{} listens on {address}", web.key)?;
    Ok(())
}
