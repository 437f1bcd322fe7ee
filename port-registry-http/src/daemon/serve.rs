//! Accepts connections and serves the API on them.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use actix_http::HttpService;
use actix_service::{Service, ServiceFactory, map_config};
use actix_web::App;
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use tokio::select;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use crate::api::app_state::AppState;
use crate::api::gate::gate;
use crate::api::routes;
use crate::connection::listeners::Listeners;
use crate::connection::slots::ConnectionSlots;
use crate::connection::stream::Connection;
use crate::limits;
use crate::log;

/// Pause after a connection could not be accepted, such as for lack of files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` completes, then finishes the requests in progress. Call it within a
/// [`LocalSet`](tokio::task::LocalSet).
///
/// The listeners stay open, so that nobody else gets the port before the caller says so. Clients that connect meanwhile
/// wait until it closes them.
pub(crate) async fn serve(
    listeners: &Listeners,
    state: AppState,
    max_connections: usize,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let app = App::new()
        .app_data(Data::new(state))
        .wrap(from_fn(gate))
        .configure(routes::configure);
    let http = HttpService::build()
        .keep_alive(limits::KEEP_ALIVE)
        .client_request_timeout(limits::REQUEST)
        .client_disconnect_timeout(limits::LINGER)
        .on_connect_ext(|connection: &Connection, data| {
            data.insert(connection.state().clone());
        })
        .h1(map_config(app, |()| AppConfig::default()));
    let http = http
        .new_service(())
        .await
        .map_err(|()| io::Error::other("the HTTP service cannot be made"))?;
    let http = Rc::new(http);

    let slots = ConnectionSlots::new(max_connections);
    let mut stop = pin!(stop);
    loop {
        let accepted = select! {
            accepted = slots.accept(listeners) => accepted,
            () = &mut stop => break,
        };
        let (socket, slot) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                log::line(format_args!("cannot accept a connection: {error}"));
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let http = http.clone();
        spawn_local(async move {
            let peer = socket.peer_address();
            let connection = Connection::new(socket, slot.state().clone());
            // An error of a connection concerns only its client.
            let _ = http.call((connection, peer)).await;
            drop(slot);
        });
    }
    slots.dismiss_stalled_for(Duration::ZERO);
    // Requests that take longer are aborted.
    let _ = timeout(limits::DRAIN, slots.until_empty()).await;
    Ok(())
}
