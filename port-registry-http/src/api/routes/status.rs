//! `GET /v1/status`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use port_registry::Error;

use crate::api::app_state::AppState;
use crate::api::decode::decode_query;
use crate::api::response;
use crate::api_error::ApiError;
use crate::json;

pub(super) async fn get(
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let filter = decode_query(request.query_string())?;
    let turn = state.take_turn(&state.lists).await?;
    let list = state.blocking(move |registry| {
        let document = json::to_vec(&registry.status(&filter)?);
        // Keep the turn until the document has taken its permits, or is dropped because the client is gone.
        Ok::<_, Error>((document, turn))
    });
    let (list, _turn) = list.await?;
    response::large_json(HttpResponse::Ok(), list, &state.response_bytes)
}
