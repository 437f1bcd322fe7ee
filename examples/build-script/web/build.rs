//! Reserves the port of this package's web server when it is built.

fn main() {
    // The port of `portctl get web`, in the variable WEB_PORT.
    port_registry::build::reserve("web");
}
