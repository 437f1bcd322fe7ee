//! Bodies of requests, with limits on their size and on the time they take to arrive.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::web::{Bytes, Payload};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::api_error::ApiError;
use crate::connection::state::ConnectionState;
use crate::limits;

/// Reads the body of a request. Ignores its `Content-Type`, because `curl -d` claims to send a form.
pub(crate) async fn read(request: &HttpRequest, payload: Payload) -> Result<Bytes, ApiError> {
    read_up_to(limits::BODY, request, payload).await
}

/// Reads a body that may be large if it states its length. A large one takes two permits for each byte, one
/// of them for the decoded requests. Keep the permits until the requests are carried out.
pub(crate) async fn read_large(
    request: &HttpRequest,
    payload: Payload,
    bytes: &Arc<Semaphore>,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), ApiError> {
    let length = content_length(request).unwrap_or(0);
    if length <= limits::BODY {
        return Ok((read(request, payload).await?, None));
    }
    if length > limits::BATCH {
        return Err(ApiError::large_body(limits::BATCH));
    }
    let permits = u32::try_from(2 * length).unwrap_or(u32::MAX);
    let permits = bytes.clone().try_acquire_many_owned(permits);
    let permits = permits.map_err(|_| ApiError::no_room_for_batch())?;
    Ok((read_up_to(length, request, payload).await?, Some(permits)))
}

fn content_length(request: &HttpRequest) -> Option<usize> {
    let length = request.headers().get(CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

async fn read_up_to(
    limit: usize,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Bytes, ApiError> {
    if content_length(request).is_some_and(|length| length > limit) {
        return Err(ApiError::large_body(limit));
    }
    let connection = request.conn_data::<Rc<ConnectionState>>();
    if let Some(connection) = connection {
        connection.begin_body(body_length(request));
    }
    let body = match timeout(limits::REQUEST, payload.to_bytes_limited(limit)).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(_))) if connection.is_some_and(|connection| connection.was_dismissed()) => {
            Err(ApiError::closing())
        }
        Ok(Ok(Err(_))) => Err(ApiError::bad_request("the body is incomplete")),
        Ok(Err(_)) => Err(ApiError::large_body(limit)),
        Err(_) => Err(ApiError::slow_request()),
    };
    if let Some(connection) = connection {
        connection.end_body(body.is_ok());
    }
    body
}

/// Returns the length of a body, unless its end has to be found by decoding it.
fn body_length(request: &HttpRequest) -> Option<usize> {
    let is_encoded = request.headers().contains_key(TRANSFER_ENCODING);
    content_length(request).filter(|_| !is_encoded)
}
