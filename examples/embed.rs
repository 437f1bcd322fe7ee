//! A server that gets its port from the registry when it starts, the same one every time.
//!
//! `cargo run --example embed`

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};

use port_registry::{Claim, Registry, ServiceKey};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::current_dir()?;
    let instance = folder.file_name().unwrap_or_default().to_string_lossy();
    let key = ServiceKey::new("embed-example", instance, "web")?;

    let registry = Registry::open()?;
    let web = registry.get_or_allocate(Claim::new(key).with_dir(&folder)?)?;

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, web.port.get()))?;
    let address = listener.local_addr()?;
    writeln!(io::stdout(), "{} listens on {address}", web.key)?;
    Ok(())
}
