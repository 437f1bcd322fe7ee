//! A client of the web server.

/// The address of the server in this checkout.
pub const WEB_URL: &str = env!("WEB_URL");
