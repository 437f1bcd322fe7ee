//! Bodies of requests and responses.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, ContentType};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::api_error::ApiError;
use crate::connection::stream::ConnectionState;
use crate::json;
use crate::limits;

/// Reads the body of a request. Its `Content-Type` does not matter, because `curl -d` claims a form.
pub(crate) async fn read(request: &HttpRequest, payload: Payload) -> Result<Bytes, ApiError> {
    read_up_to(limits::BODY, request, payload).await
}

/// Reads a body that may be large if it states its length. Takes two permits for each byte, one of them
/// for the decoded requests. Keep them until those are carried out.
pub(crate) async fn read_large(
    request: &HttpRequest,
    payload: Payload,
    bytes: &Arc<Semaphore>,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), ApiError> {
    let length = length(request).unwrap_or(0);
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

fn length(request: &HttpRequest) -> Option<usize> {
    let length = request.headers().get(CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

async fn read_up_to(
    limit: usize,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Bytes, ApiError> {
    if length(request).is_some_and(|length| length > limit) {
        return Err(ApiError::large_body(limit));
    }
    let connection = request.conn_data::<Rc<ConnectionState>>();
    if let Some(connection) = connection {
        connection.begin_body();
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
        connection.end_body();
    }
    body
}

/// Makes a response of one JSON document.
pub(crate) fn json(status: StatusCode, document: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header(ContentType::json())
        .body(json::to_vec(document))
}

/// Makes a response of a document that may be large, or an error if other large responses have used up
/// the permits, one for each byte.
pub(crate) fn large_json(
    response: HttpResponseBuilder,
    document: Vec<u8>,
    bytes: &Arc<Semaphore>,
) -> Result<HttpResponse, ApiError> {
    if document.len() < limits::LARGE_ANSWER {
        return Ok(sized_json(response, document, None));
    }
    // A document larger than the limit takes all permits.
    let length = document.len().min(limits::LARGE_ANSWERS);
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let permit = bytes.clone().try_acquire_many_owned(length);
    let permit = permit.map_err(|_| ApiError::no_room())?;
    Ok(sized_json(response, document, Some(permit)))
}

/// Makes a response of a document that may be large and can no longer be refused. Takes the permits
/// that are left.
pub(crate) fn due_json(document: Vec<u8>, bytes: &Arc<Semaphore>) -> HttpResponse {
    let length = document.len().min(bytes.available_permits());
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let permit = bytes.clone().try_acquire_many_owned(length).ok();
    sized_json(HttpResponse::Ok(), document, permit)
}

/// Makes a response that holds its permit until it is sent.
fn sized_json(
    mut response: HttpResponseBuilder,
    mut document: Vec<u8>,
    permit: Option<OwnedSemaphorePermit>,
) -> HttpResponse {
    response.insert_header(ContentType::json());
    if document.len() < limits::LARGE_ANSWER {
        return response.body(document);
    }
    // Only its length is counted by the permits.
    document.shrink_to_fit();
    response.body(Sliced {
        rest: document.into(),
        _permit: permit,
    })
}

/// A body that is handed to the connection in slices, because the connection copies each one whole.
struct Sliced {
    rest: Bytes,
    _permit: Option<OwnedSemaphorePermit>,
}

/// As large as the connection's buffer.
const SLICE: usize = 32 << 10;

impl MessageBody for Sliced {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.rest.len() as u64)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(SLICE);
        Poll::Ready(Some(Ok(self.rest.split_to(length))))
    }
}
