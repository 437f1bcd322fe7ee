//! `GET /v1/daemon`.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use port_registry::daemon::{DaemonInfo, Supervisor};

use crate::api::app_state::AppState;
use crate::api::response;
use crate::host_names::HostNames;
use crate::identity::identity;

/// Looked up once, because it does not change while the process runs.
static SUPERVISOR: LazyLock<Option<Supervisor>> = LazyLock::new(Supervisor::of_this_process);

pub(crate) async fn get(state: Data<AppState>) -> HttpResponse {
    let mut info = DaemonInfo::new(identity(), &state.registry);
    info.allow_users = state.users.list();
    info.container = state.hosts == HostNames::LoopbackAndContainers;
    info.supervisor.clone_from(&SUPERVISOR);
    response::json(StatusCode::OK, &info)
}
