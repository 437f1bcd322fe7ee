//! `GET /healthz`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use port_registry::daemon::api::{Health, HealthStatus};

use crate::api_error::ApiError;
use crate::app_state::AppState;
use crate::body;

pub(crate) async fn get(state: Data<AppState>) -> HttpResponse {
    let health = state.health.clone();
    let examined = state.blocking(move |registry| {
        let fault = health.examine(registry).err();
        Ok::<_, ApiError>(fault.map(|error| error.to_string()))
    });
    let detail = examined.await.unwrap_or_else(|it| Some(it.to_string()));
    let (code, status) = match detail {
        None => (StatusCode::OK, HealthStatus::Ok),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, HealthStatus::Error),
    };
    body::json(code, &Health { status, detail })
}
