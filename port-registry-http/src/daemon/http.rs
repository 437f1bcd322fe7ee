//! HTTP on a client's connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_http::{HttpService, KeepAlive};
use actix_service::{Service, ServiceFactory, map_config};
use actix_web::App;
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::api::gate::gate;
use crate::connection::stream::Connection;
use crate::limits;

/// Makes the service that answers the requests of connections. `configure` adds the routes and their data.
pub(super) async fn http<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    configure: impl FnOnce(&mut ServiceConfig),
) -> io::Result<impl Service<(Connection<S>, Option<SocketAddr>)>> {
    let app = App::new().wrap(from_fn(gate)).configure(configure);
    let http = HttpService::build()
        // `Connection` limits these times.
        .keep_alive(KeepAlive::Os)
        .client_request_timeout(Duration::ZERO)
        .client_disconnect_timeout(limits::LINGER)
        .on_connect_ext(|connection: &Connection<S>, data| {
            data.insert(connection.state().clone());
        })
        .h1(map_config(app, |()| AppConfig::default()));
    let http = http.new_service(()).await;
    http.map_err(|()| io::Error::other("the HTTP service cannot be made"))
}

#[cfg(test)]
mod tests;
