//! `GET /v1/ports/{port}`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use crate::api::app_state::AppState;
use crate::api::decode::parse_port;
use crate::api::response;
use crate::api_error::ApiError;

pub(super) async fn get(
    state: Data<AppState>,
    port: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let port = parse_port(&port)?;
    let status = state.blocking(move |registry| registry.check(port));
    Ok(response::json(StatusCode::OK, &status.await?))
}
