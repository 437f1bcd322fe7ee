//! What the fuzzer calls in here. Each function panics when what comes out is not as it should be.

#![expect(clippy::missing_panics_doc, reason = "to panic is what they are for")]

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use actix_web::dev::RequestHead;
use actix_web::http::header::{HOST, HeaderValue, ORIGIN};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use port_registry::{Filter, Port, Registry, Verdict};
use serde_json::{Map, Value};
use tokio::net::TcpListener;

use crate::api::app_state::AppState;
use crate::api::decode;
use crate::connection::access;
use crate::daemon::serve as server;
use crate::limits;

/// Bodies are what they say, or refused.
pub fn body(data: &[u8]) {
    let is_object = serde_json::from_slice::<Map<String, Value>>(data).is_ok();
    if let Ok(claim) = decode::claim(data) {
        assert!(is_object);
        // What it is sent as by portctl.
        let sent = serde_json::to_value(&claim).expect("a claim is JSON");
        check_claim(&sent);
        let again = decode::claim(sent.to_string().as_bytes());
        let again = again.expect("a claim is one again");
        assert_eq!(format!("{claim:?}"), format!("{again:?}"));
    }
    if let Ok(filter) = decode::filter(data) {
        assert!(is_object);
        if has_blank_name(&filter) {
            return;
        }
        let sent = serde_json::to_vec(&filter).expect("a filter is JSON");
        assert_eq!(
            decode::filter(&sent).expect("a filter is one again"),
            filter
        );
    }
    if decode::batch(data).is_ok() {
        assert!(is_object);
    }
}

/// Whether a name is nothing but white space, which nobody has; empty, it would be no filter.
fn has_blank_name(filter: &Filter) -> bool {
    let names = [&filter.app, &filter.instance, &filter.service];
    names.into_iter().flatten().any(String::is_empty)
}

fn check_claim(claim: &Value) {
    for field in ["app", "instance", "service"] {
        let name = claim[field].as_str().expect("a name is text");
        let is_name = !name.is_empty()
            && name.len() <= port_registry::MAX_NAME_LEN
            && name.trim() == name
            && !name.contains(char::is_control);
        assert!(is_name, "{name:?}");
    }
    if let Some(dir) = claim["dir"].as_str() {
        assert!(
            Path::new(dir).is_absolute() && !dir.contains('\0'),
            "{dir:?}"
        );
    }
}

/// Query strings choose what they say, or are refused.
pub fn query(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let filter = match decode::query(text) {
        Ok(filter) if !has_blank_name(&filter) => filter,
        _ => return,
    };
    let port = filter.port.map(|port| port.to_string());
    let parameters = [
        ("app", &filter.app),
        ("instance", &filter.instance),
        ("service", &filter.service),
        ("port", &port),
    ];
    let parameters = parameters.map(|(name, value)| {
        let value = value.as_deref().unwrap_or_default();
        format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
    });
    let again = decode::query(&parameters.join("&")).expect("a filter is one again");
    assert_eq!(again, filter);
}

/// Parts of a path are numbers, or refused.
pub fn path(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let number = text.parse::<i64>().ok();
    match decode::port(text) {
        Ok(port) => assert_eq!(Some(i64::from(port.get())), number),
        Err(_) => assert!(number.is_none_or(|number| !(1..=65535).contains(&number))),
    }
    match decode::id(text) {
        Ok(Some(id)) => assert_eq!(Some(id.get()), number.and_then(|it| it.try_into().ok())),
        Ok(None) => assert!(number.is_some_and(|number| number < 1)),
        Err(_) => assert!(number.is_none()),
    }
}

/// Only the daemon's own names are let in. Before a line end is the `Host`, behind it the `Origin`.
pub fn host(data: &[u8]) {
    const PORT: u16 = 51234;
    let mut parts = data.splitn(2, |&byte| byte == b'\n');
    let mut head = RequestHead::default();
    for (name, value) in [HOST, ORIGIN].into_iter().zip(&mut parts) {
        let Ok(value) = HeaderValue::from_bytes(value) else {
            return;
        };
        head.headers.insert(name, value);
    }
    if access::check(&head, PORT).is_err() {
        return;
    }
    let value = |name| {
        head.headers
            .get(name)
            .map(|value| value.to_str().expect("it is ASCII"))
    };
    let (name, port) = name_and_port(value(HOST).expect("there is one"));
    assert!(is_loopback(name), "{name:?}");
    assert!(
        port.is_none_or(|port| port.parse::<u16>().is_ok()),
        "{port:?}"
    );
    if let Some(origin) = value(ORIGIN) {
        let (name, port) = name_and_port(origin.strip_prefix("http://").expect("it is HTTP"));
        assert!(is_loopback(name), "{name:?}");
        assert_eq!(port.expect("it has a port").parse(), Ok(PORT));
    }
}

fn is_loopback(name: &str) -> bool {
    let names = ["127.0.0.1", "localhost", "[::1]"];
    names.iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn name_and_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    }
}

/// Serves a registry in a folder until the process ends; gives the address.
pub fn serve(folder: &Path) -> SocketAddr {
    let registry = Registry::builder()
        .path(folder.join("ports.redb"))
        .range("3000-3015".parse().expect("a range"))
        .probe(|_: Port| Ok(Verdict::Free))
        .open()
        .expect("a registry");
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .expect("a port");
            let address = listener.local_addr().expect("an address");
            let (state, _) = AppState::start(registry, address.port()).expect("threads");
            tell.send(address).expect("it is waited for");
            let for_ever = std::future::pending();
            server::serve(listener, state, limits::CONNECTIONS, for_ever).await
        })
    });
    told.recv().expect("it serves")
}

/// Whatever is sent to the daemon, it answers as HTTP does and does not fail.
pub fn request(mut stream: TcpStream, data: &[u8]) {
    const PATIENCE: Duration = Duration::from_secs(20);
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    // It may hang up in the midst of it.
    let _ = stream
        .write_all(data)
        .and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answers = Vec::new();
    match stream.read_to_end(&mut answers) {
        // By either name it took too long.
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("no end");
        }
        _ => {}
    }
    let mut rest = &answers[..];
    while !rest.is_empty() {
        rest = check_answer(rest);
    }
}

/// Checks the first of some answers; gives the others. What was cut off by a client that hung up is let
/// pass.
fn check_answer(answers: &[u8]) -> &[u8] {
    let Some(end) = answers.windows(4).position(|window| window == b"\r\n\r\n") else {
        return &[];
    };
    let head = str::from_utf8(&answers[..end]).expect("a head is text");
    let status: u16 = head
        .strip_prefix("HTTP/1.1 ")
        .or_else(|| head.strip_prefix("HTTP/1.0 "))
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .unwrap_or_else(|| panic!("{head:?}"));
    assert!(
        (100..500).contains(&status) || [503, 507].contains(&status),
        "{head:?}"
    );
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(field, value)| field.eq_ignore_ascii_case(name).then_some(value))
    };
    let rest = &answers[end + 4..];
    let length: usize = field("content-length").map_or(0, |it| it.parse().expect("a length"));
    // A HEAD is answered by what follows, or by nothing.
    if rest.len() < length || rest.starts_with(b"HTTP/1.") {
        return if rest.starts_with(b"HTTP/1.") {
            rest
        } else {
            &[]
        };
    }
    let (body, rest) = rest.split_at(length);
    if !body.is_empty() {
        assert_eq!(field("content-type"), Some("application/json"), "{head:?}");
        assert!(body.ends_with(b"\n"), "{head:?}");
        let body: Value = serde_json::from_slice(body).expect("a body is JSON");
        // What is sent behind the end of a connection may not be heard any more.
        let error = body["error"].as_str().unwrap_or_default();
        assert!(
            status != 503 || error.starts_with("the connection is closing"),
            "{body}"
        );
    }
    rest
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::path::Path;

    fn replay(target: &str, run: impl Fn(&[u8])) {
        let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus");
        let entries: Vec<_> = fs::read_dir(corpora.join(target)).unwrap().collect();
        assert!(entries.len() >= 50, "{target}");
        for entry in entries {
            run(&fs::read(entry.unwrap().path()).unwrap());
        }
    }

    #[test]
    fn all_that_a_fuzzer_came_upon_is_decoded_as_it_should_be() {
        replay("body", super::body);
        replay("query", super::query);
        replay("path", super::path);
        replay("host", super::host);
    }

    #[test]
    fn all_that_a_fuzzer_sent_is_answered_as_it_should_be() {
        let folder = tempfile::tempdir().unwrap();
        let address = super::serve(folder.path());
        let connect = || TcpStream::connect(address).unwrap();
        replay("request", |data| {
            super::request(connect(), data);
            // And the next client is answered.
            let mut next = connect();
            next.write_all(
                b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            )
            .unwrap();
            let mut answer = String::new();
            next.read_to_string(&mut answer).unwrap();
            assert!(answer.ends_with("{\"status\":\"ok\"}\n"), "{answer}");
        });
    }
}
