//! Responses of JSON documents, with a limit on the memory that large ones take.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::api_error::ApiError;
use crate::json;
use crate::limits;

/// Makes a response of one JSON document.
pub(crate) fn json(status: StatusCode, document: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header(ContentType::json())
        .body(json::to_vec(document))
}

/// Makes a response of a document that may be large. A large one takes a permit for each byte. Returns an
/// error if other large responses have used up the permits.
pub(crate) fn large_json(
    response: HttpResponseBuilder,
    document: Vec<u8>,
    bytes: &Arc<Semaphore>,
) -> Result<HttpResponse, ApiError> {
    if document.len() < limits::LARGE_RESPONSE {
        return Ok(sized_json(response, document, None));
    }
    // A document larger than the limit takes all permits.
    let length = document.len().min(limits::LARGE_RESPONSES);
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let permit = bytes.clone().try_acquire_many_owned(length);
    let permit = permit.map_err(|_| ApiError::no_room_for_response())?;
    Ok(sized_json(response, document, Some(permit)))
}

/// Makes a response that reports a change, which took effect and cannot be refused any more. A large one
/// takes the permits that are left.
pub(crate) fn committed_json(document: Vec<u8>, bytes: &Arc<Semaphore>) -> HttpResponse {
    let length = document.len().min(bytes.available_permits());
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let permit = bytes.clone().try_acquire_many_owned(length).ok();
    sized_json(HttpResponse::Ok(), document, permit)
}

/// Makes a response that holds its permits until it is sent.
fn sized_json(
    mut response: HttpResponseBuilder,
    mut document: Vec<u8>,
    permit: Option<OwnedSemaphorePermit>,
) -> HttpResponse {
    response.insert_header(ContentType::json());
    if document.len() < limits::LARGE_RESPONSE {
        return response.body(document);
    }
    // The permits count the length of the document, not its capacity.
    document.shrink_to_fit();
    response.body(SlicedBody {
        rest: document.into(),
        _permit: permit,
    })
}

/// A body that is handed to the connection in slices, because the connection copies each one whole.
struct SlicedBody {
    rest: Bytes,
    _permit: Option<OwnedSemaphorePermit>,
}

/// Size of a slice in bytes: that of the connection's buffer.
const SLICE: usize = 32 << 10;

impl MessageBody for SlicedBody {
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
