//! The middleware that every request passes before its route.

use std::rc::Rc;
use std::sync::LazyLock;

use actix_web::ResponseError;
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{DATE, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Version};
use actix_web::middleware::Next;
use actix_web::web::Data;
use port_registry::daemon::api::header;

use super::app_state::AppState;
use crate::api_error::ApiError;
use crate::clock;
use crate::connection::access;
use crate::connection::state::ConnectionState;
use crate::identity::identity_header;
use crate::limits;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Notes a request on its connection's state and checks its access. Adds to the response how long the connection is
/// kept, the daemon's identity, and the date.
pub(crate) async fn gate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let connection = request.conn_data::<Rc<ConnectionState>>().cloned();
    // A request to upgrade the protocol is declined, and ends the connection too.
    let is_last = request.head().connection_type() != ConnectionType::KeepAlive
        || connection.as_ref().is_some_and(|it| it.denied().is_some());
    let has_body = !matches!(request.parts().1, Payload::None);
    let mut response = match admit(&request, connection.as_deref()) {
        Ok(()) => next.call(request).await?.map_into_left_body(),
        Err(error) => request
            .into_response(error.error_response())
            .map_into_right_body(),
    };
    if let Some(connection) = connection {
        let head = response.response_mut().head_mut();
        // actix-http reuses the heads of responses, and does not reset the version, which would close the connection.
        head.version = Version::HTTP_11;
        let is_closed = head.connection_type() == ConnectionType::Close;
        // The next request cannot be found behind a body that nobody reads.
        let has_unread_body = has_body && !connection.is_body_read();
        connection.end(is_last || is_closed || has_unread_body);
        if connection.is_over() {
            head.set_connection_type(ConnectionType::Close);
        } else {
            let time = HeaderValue::from_static(keep_alive());
            head.headers_mut().insert(KEEP_ALIVE, time);
        }
    }
    let identity = HeaderValue::from_static(identity_header());
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static(header::IDENTITY), identity);
    if let Some(date) = clock::date() {
        headers.insert(DATE, date);
    }
    Ok(response)
}

/// Returns the time for which clients are told that an idle connection is kept (RFC 2068, section 19.7.1.1).
fn keep_alive() -> &'static str {
    static HEADER: LazyLock<String> =
        LazyLock::new(|| format!("timeout={}", limits::KEEP_ALIVE.as_secs()));
    &HEADER
}

/// Checks that a request may be answered, and begins it on its connection.
fn admit(request: &ServiceRequest, connection: Option<&ConnectionState>) -> Result<(), ApiError> {
    // The client sent it after a request that ends the connection.
    if connection.is_some_and(|connection| !connection.begin()) {
        return Err(ApiError::closing());
    }
    if let Some(denied) = connection.and_then(ConnectionState::denied) {
        return Err(ApiError::forbidden(denied.to_string()));
    }
    let state = request.app_data::<Data<AppState>>();
    let (port, hosts) = state.map_or_else(Default::default, |state| (state.port, state.hosts));
    access::check(request.head(), port, hosts)
        .map_err(|denied| ApiError::forbidden(denied.to_string()))
}
