//! Room for new connections when all are taken.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::{Client, GET, SLOW, Server, field, with_server};
use crate::limits;

const SLOW_GET: &[u8] = b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Time between the connections of a test.
const STEP: Duration = Duration::from_millis(100);

/// Asks on a new connection. Returns it, and the time it took.
async fn ask_anew(server: &Server) -> (Client, Duration) {
    let start = Instant::now();
    let mut client = server.connect();
    assert_eq!(client.ask(GET).await.0, 200);
    (client, start.elapsed())
}

#[test]
fn the_connection_that_is_idle_for_longest_is_closed_and_no_other() {
    with_server(4, |server| async move {
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(ask_anew(&server).await.0);
            sleep(STEP).await;
        }
        // The second one never sends a byte.
        clients.insert(1, server.connect());
        clients.swap(0, 3);
        sleep(limits::KEEP_ALIVE / 2).await;
        for client in &mut clients {
            assert!(!client.is_closed().await, "no new client needs room");
        }
        // Its last request was before that of the others, except for one.
        clients[2].ask(GET).await;
        let mut new = Vec::new();
        for closed in [3, 0] {
            let (client, time) = ask_anew(&server).await;
            assert!(time < limits::DISMISSAL, "{time:?}");
            new.push(client);
            assert!(clients[closed].is_closed().await);
            for client in new.iter_mut().chain([&mut clients[2]]) {
                assert!(!client.is_closed().await);
            }
        }
    });
}

#[test]
fn a_client_between_two_requests_keeps_its_connection_while_others_are_idle() {
    with_server(2, |server| async move {
        let (mut busy, _) = ask_anew(&server).await;
        let mut idle = server.connect();
        for _ in 0..5 {
            let start = Instant::now();
            let new = server.connect();
            let mut asked = Box::pin(async move {
                let mut new = new;
                new.ask(GET).await;
                new
            });
            // The new client has to wait until another one has been idle for a while.
            while timeout(limits::STALLED / 2, &mut asked).await.is_err() {
                assert_eq!(busy.ask(GET).await.0, 200);
            }
            assert!(start.elapsed() <= limits::STALLED + limits::DISMISSAL);
            assert!(idle.is_closed().await);
            idle = server.connect();
            sleep(STEP).await;
        }
    });
}

#[test]
fn a_request_in_progress_keeps_its_answer() {
    with_server(3, |server| async move {
        let mut waiting = server.connect();
        waiting.send(SLOW_GET).await;
        let mut half = server.connect();
        half.send(&GET[..9]).await;
        let mut idle = server.connect();
        sleep(limits::STALLED).await;
        let (mut first, time) = ask_anew(&server).await;
        assert!(time < limits::DISMISSAL, "{time:?}");
        assert!(idle.is_closed().await && !half.is_closed().await && !first.is_closed().await);
        // Nobody is idle for long enough, so that a slow client goes next.
        let (mut second, time) = ask_anew(&server).await;
        assert!(time < limits::DISMISSAL, "{time:?}");
        assert!(half.is_closed().await && !first.is_closed().await && !second.is_closed().await);
        assert_eq!(waiting.receive().await.0, 200);
    });
}

#[test]
fn a_client_that_waits_for_its_response_leaves_after_it() {
    with_server(1, |server| async move {
        let mut waiting = server.connect();
        waiting.send(SLOW_GET).await;
        sleep(STEP).await;
        let (_, time) = ask_anew(&server).await;
        assert!(time < SLOW, "{time:?}");
        let (status, head) = waiting.receive().await;
        assert_eq!((status, field(&head, "connection")), (200, Some("close")));
    });
}

#[test]
fn clients_that_are_always_busy_are_told_to_leave_one_after_the_other() {
    with_server(2, |server| async move {
        let (mut first, _) = ask_anew(&server).await;
        let (mut second, _) = ask_anew(&server).await;
        let mut new = server.connect();
        new.send(GET).await;
        let mut is_told = false;
        while !is_told {
            sleep(STEP).await;
            let (_, head) = first.ask(GET).await;
            is_told = field(&head, "connection") == Some("close");
            assert!(is_told == field(&head, "keep-alive").is_none());
            let (_, head) = second.ask(GET).await;
            assert!(field(&head, "keep-alive").is_some());
        }
        assert_eq!(new.receive().await.0, 200);
    });
}
