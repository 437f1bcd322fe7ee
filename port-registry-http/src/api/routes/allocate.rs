//! `POST /v1/allocations` and `PUT /v1/allocations`, which gets or creates.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use port_registry::daemon::api;
use port_registry::{Answer, Claim, Port, Request};

use super::preferred;
use crate::api::app_state::AppState;
use crate::api::decode::decode_claim;
use crate::api::{request_body, response};
use crate::api_error::ApiError;

pub(crate) async fn post(
    state: Data<AppState>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let claim = decode_claim(&request_body::read(&request, payload).await?)?;
    let preferred = preferred_only(&claim);
    let answer = state.writer.carry_out(Request::Allocate(claim)).await;
    respond(&state, answer, preferred).await
}

pub(crate) async fn put(
    state: Data<AppState>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let claim = decode_claim(&request_body::read(&request, payload).await?)?;
    let preferred = preferred_only(&claim);
    let request = Request::GetOrAllocate(claim);
    // Most services have their port already, and then the request need not wait for the writer.
    let lookup = request.clone();
    let lookup = state.blocking(move |registry| registry.answer_without_write(&lookup));
    let answer = match lookup.await {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => state.writer.carry_out(request).await,
        Err(error) => Err(error),
    };
    respond(&state, answer, preferred).await
}

/// Returns the preferred port of a claim that names none.
fn preferred_only(claim: &Claim) -> Option<Port> {
    claim.prefer().filter(|_| claim.port().is_none())
}

async fn respond(
    state: &AppState,
    answer: Result<Answer, ApiError>,
    preferred: Option<Port>,
) -> Result<HttpResponse, ApiError> {
    let is_new = matches!(answer, Ok(Answer::Allocated(_)));
    let allocation = match answer.map(Answer::into_allocation) {
        Ok(Some(allocation)) => allocation,
        // Unreachable: only releases are answered without an allocation.
        Ok(None) => return Err(ApiError::unknown_allocation()),
        Err(error) => return Err(state.with_listener(error).await),
    };
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    // A service that had a port keeps it, whoever has the preferred one.
    let preferred = preferred.filter(|_| is_new);
    let granted = preferred::with_status(state, allocation, preferred).await;
    let mut response = response::json(status, &granted);
    if is_new {
        let location = api::path::allocation(granted.allocation.id);
        if let Ok(location) = HeaderValue::try_from(location) {
            response.headers_mut().insert(LOCATION, location);
        }
    }
    Ok(response)
}
