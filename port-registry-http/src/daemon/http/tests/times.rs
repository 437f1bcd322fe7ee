//! Time limits of a connection.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep};

use super::{BUFFER, Client, GET, field, with_server};
use crate::limits;

const SECOND: Duration = Duration::from_secs(1);

/// Asserts that a time limit was observed, except for the resolution of a timer.
#[track_caller]
fn assert_took(time: Duration, expected: Duration) {
    let resolution = Duration::from_millis(2);
    assert!(
        (expected..=expected + resolution).contains(&time),
        "{time:?} instead of {expected:?}"
    );
}

/// Waits for the response to a request that did not arrive in time. Returns the time it took.
async fn times_out(client: &mut Client) -> Duration {
    let start = Instant::now();
    let (status, head) = client.receive().await;
    assert_eq!((status, field(&head, "connection")), (408, Some("close")));
    assert!(field(&head, "keep-alive").is_none() && field(&head, "date").is_some());
    let time = start.elapsed();
    assert!(client.closes_after().await <= limits::LINGER);
    time
}

#[test]
fn an_idle_connection_is_kept_for_longer_than_announced() {
    with_server(9, |server| async move {
        let mut client = server.connect();
        for _ in 0..3 {
            let (status, head) = client.ask(GET).await;
            assert_eq!(
                (status, field(&head, "keep-alive")),
                (200, Some("timeout=75"))
            );
            sleep(limits::KEEP_ALIVE + SECOND).await;
        }
        client.ask(GET).await;
        assert_took(client.closes_after().await, limits::IDLE);
        // A client that has sent nothing yet, or nothing but line ends, is idle too.
        for bytes in [&b""[..], b"\r\n\r\n"] {
            let mut client = server.connect();
            client.send(bytes).await;
            assert_took(client.closes_after().await, limits::IDLE);
        }
    });
}

#[test]
fn a_head_has_to_arrive_in_time_however_the_connection_began() {
    with_server(9, |server| async move {
        let half = &GET[..GET.len() - 3];
        let mut client = server.connect();
        client.send(half).await;
        assert_took(times_out(&mut client).await, limits::REQUEST);
        // On a connection that was idle before.
        for is_answered in [false, true] {
            let mut client = server.connect();
            if is_answered {
                client.ask(GET).await;
            }
            sleep(limits::KEEP_ALIVE).await;
            client.send(half).await;
            assert_took(times_out(&mut client).await, limits::REQUEST);
        }
        // Behind other requests in the same packet.
        let post = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx";
        let large = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 600\r\n\r\n";
        let large = [large, &[b'x'; 600][..]].concat();
        for requests in [
            &[GET][..],
            &[GET, GET],
            &[post],
            &[post, GET],
            &[&large, GET],
        ] {
            let mut client = server.connect();
            client.send(&[&requests.concat(), half].concat()).await;
            for _ in requests {
                assert_eq!(client.receive().await.0, 200);
            }
            assert_took(times_out(&mut client).await, limits::REQUEST);
        }
        // Byte by byte.
        let mut client = server.connect();
        client.ask(GET).await;
        for byte in GET.chunks(1).take(9) {
            client.send(byte).await;
            sleep(SECOND).await;
        }
        let rest = times_out(&mut client).await;
        assert_took(9 * SECOND + rest, limits::REQUEST);
    });
}

#[test]
fn a_head_that_arrives_in_parts_is_answered() {
    with_server(9, |server| async move {
        let mut client = server.connect();
        for part in GET.chunks(7) {
            client.send(part).await;
            sleep(SECOND).await;
        }
        assert_eq!(client.receive().await.0, 200);
        // It is longer than what is read at once.
        let long = format!(
            "GET /fast HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
            "x".repeat(3000)
        );
        assert_eq!(client.ask(long.as_bytes()).await.0, 200);
        assert_took(client.closes_after().await, limits::IDLE);
    });
}

#[test]
fn a_body_has_to_arrive_in_time() {
    with_server(9, |server| async move {
        let head = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n";
        let mut client = server.connect();
        client.send(head).await;
        for _ in 0..9 {
            sleep(SECOND).await;
            client.send(b"x").await;
        }
        let rest = times_out(&mut client).await;
        assert_took(9 * SECOND + rest, limits::REQUEST);
        // In time it is answered, and the connection is idle from then on.
        let mut client = server.connect();
        client.send(head).await;
        sleep(9 * SECOND).await;
        assert_eq!(client.ask(&[b'x'; 20]).await.0, 200);
        assert_took(client.closes_after().await, limits::IDLE);
    });
}

#[test]
fn a_response_has_to_be_read_in_time() {
    with_server(9, |server| async move {
        let large = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let mut client = server.connect();
        client.send(large).await;
        sleep(limits::RESPONSE + SECOND).await;
        let mut received = Vec::new();
        client.0.read_to_end(&mut received).await.unwrap();
        assert_eq!(received.len(), BUFFER, "only what was buffered");
        // Read in time, it is no reason to cut the idle time short.
        let mut client = server.connect();
        client.send(large).await;
        sleep(limits::REQUEST + SECOND).await;
        assert_eq!(client.receive().await.0, 200);
        assert_took(client.closes_after().await, limits::IDLE);
    });
}

#[test]
fn the_time_of_idle_connections_is_announced_where_the_connection_is_kept() {
    with_server(99, |server| async move {
        let ask = |request: &'static str| {
            let mut client = server.connect();
            async move {
                let (_, head) = client.ask(request.as_bytes()).await;
                (head, client.is_closed().await)
            }
        };
        for request in [
            "GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /fast HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n",
            "GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /fast HTTP/1.1\r\nHost: example.com\r\n\r\n",
            "POST /none HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx",
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        ] {
            let (head, is_closed) = ask(request).await;
            assert_eq!(field(&head, "keep-alive"), Some("timeout=75"), "{request}");
            assert!(
                !is_closed && field(&head, "connection") != Some("close"),
                "{request}"
            );
        }
        for request in [
            "GET /fast HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            "GET /fast HTTP/1.0\r\nHost: localhost\r\n\r\n",
            "GET /fast HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
            // Nobody reads these bodies.
            "POST /none HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx",
            "POST /echo HTTP/1.1\r\nHost: example.com\r\nContent-Length: 1\r\n\r\nx",
            "POST /none HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\nx",
            "GET\r\n\r\n",
        ] {
            let (head, _) = ask(request).await;
            assert_eq!(field(&head, "keep-alive"), None, "{request}");
        }
    });
}
