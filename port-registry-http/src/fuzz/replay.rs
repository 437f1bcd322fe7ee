//! Replays the corpora of the fuzzer.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use super::{body, host, path, query, request, start_server};

fn replay(target: &str, run: impl Fn(&[u8])) {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus");
    let entries: Vec<_> = fs::read_dir(corpora.join(target)).unwrap().collect();
    assert!(entries.len() >= 50, "{target}");
    for entry in entries {
        run(&fs::read(entry.unwrap().path()).unwrap());
    }
}

#[test]
fn corpora_of_the_decoders_pass() {
    replay("body", body);
    replay("query", query);
    replay("path", path);
    replay("host", host);
}

#[test]
fn server_survives_the_corpus_of_requests() {
    let folder = tempfile::tempdir().unwrap();
    let address = start_server(folder.path());
    let connect = || TcpStream::connect(address).unwrap();
    replay("request", |data| {
        request(connect(), data);
        // The next client gets its response.
        let mut next = connect();
        next.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut response = String::new();
        next.read_to_string(&mut response).unwrap();
        assert!(response.ends_with("{\"status\":\"ok\"}\n"), "{response}");
    });
}
