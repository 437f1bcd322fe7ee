//! `GET /v1/daemon`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use serde::Serialize;

use super::Desk;
use crate::body;

/// Who answers, and for which registry.
#[derive(Serialize)]
struct Daemon<'a> {
    version: &'static str,
    pid: u32,
    store: &'a str,
    range: String,
}

pub(crate) async fn get(desk: Data<Desk>) -> HttpResponse {
    body::json(
        StatusCode::OK,
        &Daemon {
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            store: &desk.registry.path().to_string_lossy(),
            range: desk.registry.range().to_string(),
        },
    )
}
