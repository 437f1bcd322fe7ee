//! `DELETE /v1/allocations` and `DELETE /v1/allocations/{id}`.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use port_registry::daemon::api::{Deleted, ReleaseStatus, Released, header};
use port_registry::{Answer, Request};

use crate::api::app_state::AppState;
use crate::api::decode::{decode_filter, parse_id};
use crate::api::{request_body, response};
use crate::api_error::ApiError;
use crate::json;

/// Counts the allocations that a request released.
pub(super) fn count_deleted(answer: &Answer) -> Deleted {
    let deleted = match answer {
        Answer::Released(released) => released.len(),
        _ => 0,
    };
    Deleted { deleted }
}

/// Number of allocations up to which the main thread writes their JSON.
const FEW: usize = 256;

pub(crate) async fn delete_matching(
    state: Data<AppState>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let filter = decode_filter(&request_body::read(&request, payload).await?)?;
    let answer = state
        .writer
        .carry_out(Request::ReleaseMatching(filter))
        .await?;
    Ok(match answer {
        Answer::Released(released) if wants_representation(&request) => {
            let document = if released.len() > FEW {
                let released = Arc::new(released);
                let shared = released.clone();
                let document = state.blocking(move |_| Ok::<_, ApiError>(json::to_vec(&*shared)));
                // They are released already, so the client must get its response.
                document.await.unwrap_or_else(|_| json::to_vec(&*released))
            } else {
                json::to_vec(&released)
            };
            as_representation(response::committed_json(document, &state.response_bytes))
        }
        answer => response::json(StatusCode::OK, &count_deleted(&answer)),
    })
}

pub(crate) async fn delete_one(
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?.ok_or_else(ApiError::unknown_allocation)?;
    let answer = state.writer.carry_out(Request::Release(id)).await?;
    Ok(match answer {
        Answer::Released(released) if wants_representation(&request) => {
            as_representation(response::json(StatusCode::OK, &released.first()))
        }
        _ => response::json(
            StatusCode::OK,
            &Released {
                status: ReleaseStatus::Deleted,
            },
        ),
    })
}

fn wants_representation(request: &HttpRequest) -> bool {
    let fields = request.headers().get_all(header::PREFER);
    fields.filter_map(|field| field.to_str().ok()).any(|field| {
        field.split(',').any(|preference| {
            // Ignore its parameters and the quotes around its value (RFC 7240).
            let preference = preference.split(';').next().unwrap_or_default();
            let plain = preference.replace([' ', '\t', '"'], "");
            plain.eq_ignore_ascii_case(header::REPRESENTATION)
        })
    })
}

/// Marks a response as one that lists the released allocations, as `Prefer` asked.
fn as_representation(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(
        HeaderName::from_static(header::PREFERENCE_APPLIED),
        HeaderValue::from_static(header::REPRESENTATION),
    );
    response
}
