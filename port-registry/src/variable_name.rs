//! The environment variables of services.

/// Returns the name of the environment variable for a service's port, as `portctl` uses it: in capitals, with `_` for
/// everything but English letters and digits.
///
/// A name that begins with a digit gets a `_` before it, because shells reject it (POSIX, section 3.216 "Name").
///
/// ```
/// assert_eq!(port_registry::variable_name("web-api"), "WEB_API_PORT");
/// ```
#[must_use]
pub fn variable_name(service: &str) -> String {
    let mut name = String::with_capacity(service.len() + "__PORT".len());
    if service.starts_with(|c: char| c.is_ascii_digit()) {
        name.push('_');
    }
    name.extend(service.chars().map(|c| match c.to_ascii_uppercase() {
        c @ ('A'..='Z' | '0'..='9') => c,
        _ => '_',
    }));
    name.push_str("_PORT");
    name
}

#[cfg(test)]
mod tests {
    use super::variable_name;

    #[test]
    fn every_service_has_a_variable_that_shells_accept() {
        for (service, name) in [
            ("web", "WEB_PORT"),
            ("web-api.v2", "WEB_API_V2_PORT"),
            ("3d viewer", "_3D_VIEWER_PORT"),
            ("caf\u{e9}", "CAF__PORT"),
            // Its capital form is two English letters.
            ("stra\u{df}e", "STRA_E_PORT"),
            ("$(rm)", "__RM__PORT"),
        ] {
            assert_eq!(variable_name(service), name, "{service}");
        }
    }
}
