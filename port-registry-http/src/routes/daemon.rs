//! `GET /v1/daemon`.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use port_registry::daemon::{DaemonInfo, Supervisor};

use super::Desk;
use crate::body;

/// Of a process this does not change.
static SUPERVISOR: LazyLock<Option<Supervisor>> = LazyLock::new(Supervisor::of_this_process);

pub(crate) async fn get(desk: Data<Desk>) -> HttpResponse {
    body::json(
        StatusCode::OK,
        &DaemonInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            store: desk.registry.path().to_string_lossy().into_owned(),
            range: desk.registry.range().to_string(),
            supervisor: SUPERVISOR.clone(),
        },
    )
}
