//! `GET /healthz`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde::Serialize;
use tokio::task;

use crate::app_state::AppState;
use crate::body;

#[derive(Serialize)]
struct Report {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

pub(crate) async fn get(state: Data<AppState>) -> HttpResponse {
    let examined = task::spawn_blocking(move || state.health.examine(&state.registry)).await;
    let fault = match examined {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    match fault {
        None => body::json(
            StatusCode::OK,
            &Report {
                status: "ok",
                detail: None,
            },
        ),
        detail => body::json(
            StatusCode::SERVICE_UNAVAILABLE,
            &Report {
                status: "error",
                detail,
            },
        ),
    }
}
