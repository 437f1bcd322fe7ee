//! Compiles the address of the web server into this package.

fn main() {
    // The same port as in the package of the server, because both are in one checkout.
    let web = port_registry::build::reserve("web");
    println!("cargo::rustc-env=WEB_URL=http://localhost:{}", web.port);
}
