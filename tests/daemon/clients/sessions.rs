//! Clients allocate a port, get it again, meet a conflict, list, and release, over connections that they reuse.

use super::program::Program;

const CURL: Program = Program {
    interpreter: "sh",
    options: &[],
    script: "curl.sh",
    sessions: 1,
    connections: 1,
    has_unix_sockets: true,
};

/// The installed version.
const NODE: Program = Program {
    interpreter: "node",
    script: "http.mjs",
    ..CURL
};

/// `fetch` opens a second connection while the first one is not yet marked as idle, also to a server of Node's own.
const FETCH: Program = Program {
    script: "fetch.mjs",
    connections: 2,
    has_unix_sockets: false,
    ..NODE
};

const NODE_18: &str = "node/node_modules/node18/bin/node";
const NODE_26: &str = "node/node_modules/node26/bin/node";

const REQUESTS: Program = Program {
    interpreter: "python/bin/python",
    script: "with_requests.py",
    has_unix_sockets: false,
    ..CURL
};

const HTTPX: Program = Program {
    script: "with_httpx.py",
    has_unix_sockets: true,
    ..REQUESTS
};

/// The daemon declines HTTP/2 by closing the connection, so that only the session of HTTP/1.1 has a single one.
const JAVA: Program = Program {
    interpreter: "java",
    options: &["-Djava.net.preferIPv6Addresses=true"],
    script: "Session.java",
    sessions: 2,
    connections: 7,
    has_unix_sockets: false,
};

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn curl_holds_a_session() {
    CURL.check();
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn node_holds_a_session() {
    for interpreter in [NODE_18, NODE.interpreter, NODE_26] {
        Program {
            interpreter,
            ..NODE
        }
        .check();
        Program {
            interpreter,
            ..FETCH
        }
        .check();
    }
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn python_holds_a_session() {
    REQUESTS.check();
    HTTPX.check();
}

#[test]
#[ignore = "needs the programs that .ci/programs installs"]
fn java_holds_a_session() {
    JAVA.check();
}
