//! `GET /v1/ports/{port}`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use crate::api::app_state::AppState;
use crate::api::{body, decode};
use crate::api_error::ApiError;

pub(crate) async fn get(
    state: Data<AppState>,
    port: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let port = decode::port(&port)?;
    let status = state.blocking(move |registry| registry.check(port));
    Ok(body::json(StatusCode::OK, &status.await?))
}
