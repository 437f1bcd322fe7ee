//! Accepts connections and serves the API on them.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use actix_service::Service;
use actix_web::web::Data;
use tokio::select;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use super::http::http;
use crate::api::app_state::AppState;
use crate::api::routes;
use crate::connection::listeners::Listeners;
use crate::connection::slots::ConnectionSlots;
use crate::connection::stream::Connection;
use crate::connection::user_check::{Admission, UserCheck};
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
    users: UserCheck,
    max_connections: usize,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let http = http(|app| {
        app.app_data(Data::new(state)).configure(routes::configure);
    });
    let http = Rc::new(http.await?);
    let users = Rc::new(users);

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
                log::repeated(
                    "connections that were not accepted",
                    format_args!("cannot accept a connection: {error}"),
                );
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (http, users) = (http.clone(), users.clone());
        spawn_local(async move {
            let peer = socket.peer_address();
            // Held until the connection is closed.
            let _permit = match users.admit(&socket).await {
                Admission::Served => None,
                Admission::Denied(denied, permit) => {
                    slot.state().deny(denied);
                    Some(permit)
                }
                Admission::Closed => return,
            };
            let connection = Connection::new(socket, slot.state().clone());
            // An error of a connection concerns only its client.
            let _ = http.call((connection, peer)).await;
            drop(slot);
        });
    }
    slots.dismiss_all();
    // Requests that take longer are aborted.
    let _ = timeout(limits::DRAIN, slots.until_empty()).await;
    Ok(())
}
