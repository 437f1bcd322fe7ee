//! Reserves a port for this package's web server when it is built.

use port_registry::{Claim, Registry, ServiceKey};

/// The port where the registry cannot be written, such as on docs.rs or in a sandbox.
const FALLBACK_PORT: u16 = 8080;

fn main() {
    // Without these lines cargo would run this script again after any change of a file. Leave the registry
    // out, because a service keeps its port until it is released.
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=PORT_REGISTRY_DB");
    println!("cargo::rerun-if-env-changed=PORT_REGISTRY_RANGE");

    let port = reserve_port().unwrap_or_else(|error| {
        println!("cargo::warning=using port {FALLBACK_PORT}: {error}");
        if let Some(cause) = error.source() {
            println!("cargo::warning=cause: {cause}");
        }
        FALLBACK_PORT
    });
    println!("cargo::rustc-env=WEB_PORT={port}");
}

fn reserve_port() -> Result<u16, Box<dyn std::error::Error>> {
    let folder = std::env::current_dir()?;
    // Checkouts beside each other have folders of different names.
    let instance = folder.file_name().unwrap_or_default().to_string_lossy();
    let key = ServiceKey::new(env!("CARGO_PKG_NAME"), instance, "web")?;
    let web = Registry::open()?.get_or_allocate(Claim::new(key).with_dir(&folder)?)?;
    Ok(web.port.get())
}
