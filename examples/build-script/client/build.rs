//! Compiles the address of the web server into this package.

fn main() {
    // Both packages are in one checkout, so this is the port of the server.
    let web = port_registry::build::reserve("web");
    println!("cargo::rustc-env=WEB_URL=http://localhost:{}", web.port);
}
