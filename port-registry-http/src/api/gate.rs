//! The middleware that every request passes before its route.

use std::rc::Rc;

use actix_web::ResponseError;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use port_registry::daemon::api::header;

use super::app_state::AppState;
use crate::api_error::ApiError;
use crate::connection::access;
use crate::connection::state::ConnectionState;
use crate::identity::identity_header;

/// Notes a request on its connection's state and checks its access. Adds the daemon's identity to the
/// response.
pub(crate) async fn gate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let connection = request.conn_data::<Rc<ConnectionState>>().cloned();
    // A request to upgrade the protocol is declined, and ends the connection too.
    let is_last = request.head().connection_type() != ConnectionType::KeepAlive;
    let mut response = match admit(&request, connection.as_deref()) {
        Ok(()) => next.call(request).await?.map_into_left_body(),
        Err(error) => request
            .into_response(error.error_response())
            .map_into_right_body(),
    };
    if let Some(connection) = connection {
        let head = response.response().head();
        connection.end(is_last || head.connection_type() == ConnectionType::Close);
        if connection.is_over() {
            let head = response.response_mut().head_mut();
            head.set_connection_type(ConnectionType::Close);
        }
    }
    let identity = HeaderValue::from_static(identity_header());
    response
        .headers_mut()
        .insert(HeaderName::from_static(header::IDENTITY), identity);
    Ok(response)
}

/// Checks that a request may be answered, and begins it on its connection.
fn admit(request: &ServiceRequest, connection: Option<&ConnectionState>) -> Result<(), ApiError> {
    // The client sent it after a request that ends the connection.
    if connection.is_some_and(|connection| !connection.begin()) {
        return Err(ApiError::closing());
    }
    let state = request.app_data::<Data<AppState>>();
    let port = state.map_or(0, |state| state.port);
    access::check(request.head(), port).map_err(|denied| ApiError::forbidden(denied.to_string()))
}
