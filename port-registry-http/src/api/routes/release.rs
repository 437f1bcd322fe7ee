//! `DELETE /v1/allocations` and `DELETE /v1/allocations/{id}`.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use port_registry::daemon::api::{Deleted, ReleaseStatus, Released, header};
use port_registry::{Answer, Request};

use crate::api::app_state::AppState;
use crate::api::{body, decode};
use crate::api_error::ApiError;
use crate::json;

/// Counts what a deletion released.
pub(super) fn deleted(answer: &Answer) -> Deleted {
    let deleted = match answer {
        Answer::Released(released) => released.len(),
        _ => 0,
    };
    Deleted { deleted }
}

/// Number of allocations up to which their JSON is written on the main thread.
const FEW: usize = 256;

pub(crate) async fn delete_matching(
    state: Data<AppState>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let filter = decode::filter(&body::read(&request, payload).await?)?;
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
                // They are released already, so the response must come.
                document.await.unwrap_or_else(|_| json::to_vec(&*released))
            } else {
                json::to_vec(&released)
            };
            represented(body::due_json(document, &state.answer_bytes))
        }
        answer => body::json(StatusCode::OK, &deleted(&answer)),
    })
}

pub(crate) async fn delete_one(
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = decode::id(&id)?.ok_or_else(ApiError::unknown_allocation)?;
    let answer = state.writer.carry_out(Request::Release(id)).await?;
    Ok(match answer {
        Answer::Released(released) if wants_representation(&request) => {
            represented(body::json(StatusCode::OK, &released.first()))
        }
        _ => body::json(
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
            // Its parameters say more of it, and its value may be quoted.
            let preference = preference.split(';').next().unwrap_or_default();
            let plain = preference.replace([' ', '\t', '"'], "");
            plain.eq_ignore_ascii_case(header::REPRESENTATION)
        })
    })
}

/// Marks a response as the representation of what was released.
fn represented(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(
        HeaderName::from_static(header::PREFERENCE_APPLIED),
        HeaderValue::from_static(header::REPRESENTATION),
    );
    response
}
