//! Access control: programs may use the daemon, web pages may not. [`user_check`](super::user_check) decides about users.
//!
//! A page of any site can make a browser send requests to the loopback address. Browsers name the page's
//! site in `Origin` (RFC 6454) and `Sec-Fetch-Site` (<https://www.w3.org/TR/fetch-metadata/>). A page
//! whose host name resolves to the loopback address (DNS rebinding) sends that name as `Host`.
//!
//! The names by which containers reach the machine are no names of the loopback address, so they are accepted only on
//! demand. A page of such a name could then read by `GET`, for which browsers send no `Origin`, but change nothing.

use actix_web::dev::RequestHead;
use actix_web::http::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use thiserror::Error;

use crate::host_names::HostNames;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The header field for which a request is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum AccessDenied {
    #[error("the Host header must be 127.0.0.1, localhost or [::1], with or without a port")]
    Host,
    #[error("requests from web pages are not allowed (Origin)")]
    Origin,
    #[error("requests from web pages are not allowed (Sec-Fetch-Site)")]
    FetchSite,
}

/// Checks that a request does not come from a web page. `port` and `hosts` are the daemon's own.
pub(crate) fn check(head: &RequestHead, port: u16, hosts: HostNames) -> Result<(), AccessDenied> {
    // Never read `Forwarded` and its like: there is no proxy to trust.
    let named = head.headers.get_all(HOST).map(HeaderValue::as_bytes);
    let in_request_line = head.uri.authority().map(|it| it.as_str().as_bytes());
    let mut named = named.chain(in_request_line);
    let are_own = named.all(|host| is_own_host(host, hosts));
    if !are_own || !head.headers.contains_key(HOST) {
        return Err(AccessDenied::Host);
    }
    if !all_fields(&head.headers, &ORIGIN, |origin| is_own_origin(origin, port)) {
        return Err(AccessDenied::Origin);
    }
    let is_direct = |site: &[u8]| matches!(site, b"none" | b"same-origin");
    if !all_fields(&head.headers, &SEC_FETCH_SITE, is_direct) {
        return Err(AccessDenied::FetchSite);
    }
    Ok(())
}

fn all_fields(headers: &HeaderMap, name: &HeaderName, is_allowed: impl Fn(&[u8]) -> bool) -> bool {
    headers
        .get_all(name)
        .all(|value| is_allowed(value.as_bytes()))
}

/// Tests if `host` is one of the daemon's names, with any port or none.
fn is_own_host(host: &[u8], hosts: HostNames) -> bool {
    hosts.names().any(|name| match strip_name(host, name) {
        Some([]) => true,
        Some([b':', port @ ..]) => parse_port(port).is_some(),
        _ => false,
    })
}

/// Tests if `origin` is that of the daemon's own pages, which have a name of the loopback.
fn is_own_origin(origin: &[u8], port: u16) -> bool {
    let Some(host) = origin.strip_prefix(b"http://") else {
        return false;
    };
    HostNames::Loopback
        .names()
        .any(|name| match strip_name(host, name) {
            // Browsers leave out the scheme's default port.
            Some([]) => port == 80,
            Some([b':', digits @ ..]) => parse_port(digits) == Some(port),
            _ => false,
        })
}

/// Strips a host name without regard to case, as RFC 9110 (section 4.2.3) compares them.
fn strip_name<'a>(host: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (start, rest) = host.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name.as_bytes()).then_some(rest)
}

fn parse_port(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{is_own_host, is_own_origin};
    use crate::host_names::HostNames;

    #[test]
    fn only_the_loopback_names_are_hosts_of_the_daemon() {
        for host in [
            "127.0.0.1",
            "localhost",
            "[::1]",
            "localhost:51234",
            "LOCALHOST",
            "LocalHost:51234",
            "127.0.0.1:1",
            "[::1]:65535",
        ] {
            assert!(is_own_host(host.as_bytes(), HostNames::Loopback), "{host}");
        }
        for host in [
            "",
            "127.0.0.2",
            "127.0.0.1.evil.example",
            "localhost.",
            "localhost.evil.example",
            "evil.example",
            "evil.example:51234",
            "localhost:",
            "localhost:x",
            "localhost:65536",
            "localhost:+1",
            "localhost:1:2",
            "user@localhost",
            "::1",
            "[::1",
            "[::1]x",
            "0.0.0.0",
            "LOCALHOST.EVIL.EXAMPLE",
            " localhost",
            "localhost,evil.example",
            "2130706433",
        ] {
            assert!(!is_own_host(host.as_bytes(), HostNames::Loopback), "{host}");
        }
    }

    #[test]
    fn names_of_the_machine_in_containers_are_hosts_on_demand_and_never_origins() {
        for name in ["host.docker.internal", "HOST.containers.internal"] {
            for host in [name.to_owned(), format!("{name}:51234")] {
                assert!(!is_own_host(host.as_bytes(), HostNames::Loopback));
                assert!(is_own_host(
                    host.as_bytes(),
                    HostNames::LoopbackAndContainers
                ));
                assert!(!is_own_origin(format!("http://{host}").as_bytes(), 51234));
            }
        }
        let other = b"host.docker.internal.evil.example";
        assert!(!is_own_host(other, HostNames::LoopbackAndContainers));
    }

    #[test]
    fn only_the_daemon_itself_is_an_allowed_origin() {
        for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"] {
            assert!(is_own_origin(
                format!("http://{host}:51234").as_bytes(),
                51234
            ));
            assert!(!is_own_origin(
                format!("http://{host}:3000").as_bytes(),
                51234
            ));
            assert!(!is_own_origin(
                format!("https://{host}:51234").as_bytes(),
                51234
            ));
            assert!(!is_own_origin(format!("http://{host}").as_bytes(), 51234));
            assert!(is_own_origin(format!("http://{host}").as_bytes(), 80));
        }
        for origin in [
            "",
            "null",
            "http://evil.example:51234",
            "http://localhost:51234/",
            "file://",
        ] {
            assert!(!is_own_origin(origin.as_bytes(), 51234), "{origin}");
        }
    }
}
