//! Connections under a clock that jumps to the next timer whenever nothing else is left to do.

mod room;
mod times;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use actix_service::Service;
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep, timeout};

use super::http;
use crate::api::request_body;
use crate::connection::slots::ConnectionSlots;
use crate::connection::stream::Connection;

/// Bytes that a client's socket buffers.
const BUFFER: usize = 4096;

/// Time that `GET /slow` takes.
const SLOW: Duration = Duration::from_secs(3);

const GET: &[u8] = b"GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn routes(app: &mut ServiceConfig) {
    let fast = || async { HttpResponse::Ok().body("x\n") };
    let slow = || async {
        sleep(SLOW).await;
        HttpResponse::Ok().body("x\n")
    };
    let large = || async { HttpResponse::Ok().body("x".repeat(64 * BUFFER)) };
    let echo = |request: HttpRequest, payload: Payload| async move {
        let body = request_body::read(&request, payload).await;
        body.map(|body| HttpResponse::Ok().body(body))
    };
    app.route("/fast", web::get().to(fast))
        .route("/slow", web::get().to(slow))
        .route("/large", web::get().to(large))
        .route("/echo", web::post().to(echo));
}

/// Runs a test of a server with a number of connections.
fn with_server<F: Future<Output = ()>>(connections: usize, test: impl FnOnce(Server) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, async {
        let http = Rc::new(http(routes).await.unwrap());
        let slots = ConnectionSlots::new(connections);
        let serve = move |stream| {
            let (http, slots) = (http.clone(), slots.clone());
            spawn_local(async move {
                let slot = slots.take().await.unwrap();
                let connection = Connection::new(stream, slot.state().clone());
                let _ = http.call((connection, None::<SocketAddr>)).await;
                drop(slot);
            });
        };
        test(Server(Box::new(serve))).await;
    });
}

struct Server(Box<dyn Fn(DuplexStream)>);

impl Server {
    fn connect(&self) -> Client {
        let (client, server) = duplex(BUFFER);
        (self.0)(server);
        Client(client)
    }
}

struct Client(DuplexStream);

impl Client {
    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Receives a response, unless it has a body of another length. Returns its status and its head.
    async fn receive(&mut self) -> (u16, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let length = field(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        self.0.read_exact(&mut vec![0; length]).await.unwrap();
        (head[9..12].parse().unwrap(), head)
    }

    async fn ask(&mut self, request: &[u8]) -> (u16, String) {
        self.send(request).await;
        self.receive().await
    }

    /// Waits until the server closes the connection without sending another byte. Returns the time it took.
    async fn closes_after(&mut self) -> Duration {
        let start = Instant::now();
        assert_eq!(self.0.read(&mut [0; 1]).await.unwrap(), 0);
        start.elapsed()
    }

    /// Tests if the server closes the connection without sending another byte for a while.
    async fn is_closed(&mut self) -> bool {
        timeout(Duration::from_millis(1), self.0.read(&mut [0; 1]))
            .await
            .is_ok_and(|read| read.unwrap() == 0)
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find_map(|(field, value)| (field == name).then_some(value))
}
