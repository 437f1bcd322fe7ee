//! `GET /v1/allocations` and `GET /v1/allocations/{id}`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use port_registry::Error;

use crate::api_error::ApiError;
use crate::app_state::AppState;
use crate::{body, decode, json};

pub(crate) async fn get(
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let filter = decode::query(request.query_string())?;
    let turn = state.turn(&state.lists).await?;
    let list = state.blocking(move |registry| {
        let document = json::to_vec(&registry.list(&filter)?);
        // The turn ends when the document is counted, or dropped because its client is gone.
        Ok::<_, Error>((document, turn))
    });
    let (list, _turn) = list.await?;
    body::large_json(list, &state.answer_bytes)
}

pub(crate) async fn get_one(
    state: Data<AppState>,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = decode::id(&id)?.ok_or_else(ApiError::unknown_allocation)?;
    match state.blocking(move |registry| registry.get(id)).await? {
        Some(allocation) => Ok(body::json(StatusCode::OK, &allocation)),
        None => Err(ApiError::unknown_allocation()),
    }
}
