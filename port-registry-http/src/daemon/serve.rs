//! The server: a function over a listener.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::HttpService;
use actix_service::{Service, ServiceFactory, map_config};
use actix_web::App;
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::Semaphore;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use crate::api::app_state::AppState;
use crate::api::routes;
use crate::connection::stream::{Connection, ConnectionState};
use crate::limits;
use crate::log;

/// Pause after a connection could not be accepted, for lack of files, say.
const BREATHER: Duration = Duration::from_millis(100);

/// Answers requests until `stop` comes, and then those that are under way. Runs within a
/// [`LocalSet`](tokio::task::LocalSet).
pub(crate) async fn serve(
    listener: TcpListener,
    state: AppState,
    connections: usize,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let app = App::new()
        .app_data(Data::new(state))
        .wrap(from_fn(routes::gate))
        .configure(routes::configure);
    let http = HttpService::build()
        .keep_alive(limits::KEEP_ALIVE)
        .client_request_timeout(limits::REQUEST)
        .client_disconnect_timeout(limits::LINGER)
        .local_addr(address)
        .on_connect_ext(|connection: &Connection, data| {
            data.insert(connection.state().clone());
        })
        .h1(map_config(app, |()| AppConfig::default()));
    let http = http
        .new_service(())
        .await
        .map_err(|()| io::Error::other("the HTTP service cannot be made"))?;
    let http = Rc::new(http);

    let connections = Connections::new(connections);
    let mut stop = pin!(stop);
    loop {
        let accepted = select! {
            accepted = connections.accept(&listener) => accepted,
            () = &mut stop => break,
        };
        let (stream, admitted) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                log::line(format_args!("cannot accept a connection: {error}"));
                sleep(BREATHER).await;
                continue;
            }
        };
        // Answers are written whole, so there is nothing to gain from waiting for more.
        let _ = stream.set_nodelay(true);
        let http = http.clone();
        spawn_local(async move {
            let peer = stream.peer_addr().ok();
            let connection = Connection::new(stream, admitted.state.clone());
            // Errors of a connection are the client's business.
            let _ = http.call((connection, peer)).await;
            drop(admitted);
        });
    }
    drop(listener);
    connections.dismiss_quiet_for(Duration::ZERO);
    // Connections that take longer are broken off.
    let _ = timeout(limits::DRAIN, connections.until_empty()).await;
    Ok(())
}

/// The connections there are, and how many there may be.
#[derive(Clone)]
struct Connections {
    slots: Arc<Semaphore>,
    size: u32,
    open: Rc<RefCell<Open>>,
}

#[derive(Default)]
struct Open {
    states: HashMap<u64, Rc<ConnectionState>>,
    next: u64,
}

/// A connection that was admitted, and has a slot until this is dropped.
struct Admitted {
    number: u64,
    state: Rc<ConnectionState>,
    connections: Connections,
    _slot: tokio::sync::OwnedSemaphorePermit,
}

impl Connections {
    fn new(connections: usize) -> Connections {
        let size = u32::try_from(connections).unwrap_or(u32::MAX);
        Connections {
            slots: Arc::new(Semaphore::new(connections)),
            size,
            open: Rc::default(),
        }
    }

    /// Waits for a client, and before that for a slot.
    async fn accept(&self, listener: &TcpListener) -> io::Result<(TcpStream, Admitted)> {
        let slot = loop {
            select! {
                biased;
                slot = self.slots.clone().acquire_owned() => {
                    break slot.map_err(io::Error::other)?;
                }
                () = self.make_way() => {}
            }
        };
        let (stream, _) = listener.accept().await?;
        let state = Rc::new(ConnectionState::new());
        let mut open = self.open.borrow_mut();
        let number = open.next;
        open.next += 1;
        open.states.insert(number, state.clone());
        let admitted = Admitted {
            number,
            state,
            connections: self.clone(),
            _slot: slot,
        };
        Ok((stream, admitted))
    }

    /// Dismisses clients that hold a connection without using it, and gives them time to go.
    async fn make_way(&self) {
        self.dismiss_quiet_for(limits::QUIET);
        sleep(limits::QUIET / 4).await;
    }

    /// Dismisses clients whose last request began so long ago.
    fn dismiss_quiet_for(&self, time: Duration) {
        let open = self.open.borrow();
        let quiet = open.states.values();
        let quiet = quiet.filter(|state| state.since().elapsed() >= time);
        quiet.for_each(|state| state.dismiss());
    }

    async fn until_empty(&self) {
        let _ = self.slots.acquire_many(self.size).await;
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections
            .open
            .borrow_mut()
            .states
            .remove(&self.number);
    }
}
