//! `PATCH /v1/allocations/{id}`, which gives a service another port.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use port_registry::{Answer, Request};

use super::preferred;
use crate::api::app_state::AppState;
use crate::api::decode::{decode_move, parse_id};
use crate::api::{request_body, response};
use crate::api_error::ApiError;

pub(crate) async fn patch(
    state: Data<AppState>,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let id = parse_id(&id)?.ok_or_else(ApiError::unknown_allocation)?;
    let wanted = decode_move(id, &request_body::read(&request, payload).await?)?;
    let answer = state.writer.carry_out(Request::Move(wanted)).await;
    match answer.map(Answer::into_allocation) {
        Ok(Some(allocation)) => {
            let preferred = wanted.prefer().filter(|_| wanted.port().is_none());
            let granted = preferred::with_status(&state, allocation, preferred).await;
            Ok(response::json(StatusCode::OK, &granted))
        }
        // Unreachable: only releases are answered without an allocation.
        Ok(None) => Err(ApiError::unknown_allocation()),
        Err(error) => Err(state.with_listener(error).await),
    }
}
