//! `GET /v1/daemon`.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use port_registry::daemon::Supervisor;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    supervisor: Option<&'a Supervisor>,
}

/// Of a process this does not change.
static SUPERVISOR: LazyLock<Option<Supervisor>> = LazyLock::new(Supervisor::of_this_process);

pub(crate) async fn get(desk: Data<Desk>) -> HttpResponse {
    body::json(
        StatusCode::OK,
        &Daemon {
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            store: &desk.registry.path().to_string_lossy(),
            range: desk.registry.range().to_string(),
            supervisor: SUPERVISOR.as_ref(),
        },
    )
}
