//! The routes of the API: one file for each resource, named after `portctl`'s commands.

mod allocate;
mod batch;
mod check;
mod daemon;
mod health;
mod list;
mod openapi;
mod release;

use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Resource, ResponseError};
use port_registry::daemon::api::{header, path};

use crate::api::app_state::AppState;
use crate::api_error::ApiError;
use crate::connection::access;
use crate::connection::stream::ConnectionState;
use crate::identity::identity_header;

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            resource(path::HEALTH, "GET, HEAD")
                .route(web::get().to(health::get))
                .route(web::head().to(health::get)),
        )
        .service(
            resource(path::OPENAPI, "GET, HEAD")
                .route(web::get().to(openapi::get))
                .route(web::head().to(openapi::get)),
        )
        .service(
            resource(path::ALLOCATIONS, "GET, HEAD, POST, PUT, DELETE")
                .route(web::get().to(list::get))
                .route(web::head().to(list::get))
                .route(web::post().to(allocate::post))
                .route(web::put().to(allocate::put))
                .route(web::delete().to(release::delete_matching)),
        )
        .service(resource(path::BATCH, "POST").route(web::post().to(batch::post)))
        .service(
            resource(path::DAEMON, "GET, HEAD")
                .route(web::get().to(daemon::get))
                .route(web::head().to(daemon::get)),
        )
        .service(
            resource(
                &format!("{}/{{id}}", path::ALLOCATIONS),
                "GET, HEAD, DELETE",
            )
            .route(web::get().to(list::get_one))
            .route(web::head().to(list::get_one))
            .route(web::delete().to(release::delete_one)),
        )
        .service(
            resource(&format!("{}/{{port}}", path::PORTS), "GET, HEAD")
                .route(web::get().to(check::get))
                .route(web::head().to(check::get)),
        )
        .default_service(web::to(|| async {
            Err::<&str, _>(ApiError::unknown_path())
        }));
}

/// Makes a resource that supports these methods.
fn resource(path: &str, allow: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move {
        Err::<&str, _>(ApiError::unknown_method(allow))
    }))
}

/// Handles every request before its route: notes it on the connection's state and checks its access. Adds
/// the daemon's identity to every response.
pub(crate) async fn gate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let connection = request.conn_data::<Rc<ConnectionState>>().cloned();
    // An offer to change the protocol is declined, and ends the connection too.
    let is_last = request.head().connection_type() != ConnectionType::KeepAlive;
    let refused = match &connection {
        // It was sent behind one that was to be the last.
        Some(connection) if !connection.begin() => Some(ApiError::closing()),
        _ => {
            let state = request.app_data::<Data<AppState>>();
            let port = state.map_or(0, |state| state.port);
            access::check(request.head(), port)
                .err()
                .map(ApiError::from)
        }
    };
    let mut response = match refused {
        None => next.call(request).await?.map_into_left_body(),
        Some(error) => request
            .into_response(error.error_response())
            .map_into_right_body(),
    };
    if let Some(connection) = connection {
        let head = response.response().head();
        connection.end(is_last || head.connection_type() == ConnectionType::Close);
        if connection.is_over() {
            response
                .response_mut()
                .head_mut()
                .set_connection_type(ConnectionType::Close);
        }
    }
    let identity = HeaderValue::from_static(identity_header());
    response
        .headers_mut()
        .insert(HeaderName::from_static(header::IDENTITY), identity);
    Ok(response)
}
