//! `GET /v1/ports/{port}`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use port_registry::{Listener, PortStatus, Verdict};

use crate::api_error::ApiError;
use crate::app_state::AppState;
use crate::{body, decode};

pub(crate) async fn get(
    state: Data<AppState>,
    port: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let port = decode::port(&port)?;
    let (holder, verdict) = state.reader.port(port).await?;
    let listener = match verdict {
        Verdict::Busy => Some(
            state
                .blocking(move |_| Ok::<_, ApiError>(Listener::find(port)))
                .await?,
        ),
        Verdict::Free | Verdict::Denied => None,
    };
    let status = PortStatus::new(port, holder, listener);
    Ok(body::json(StatusCode::OK, &status))
}
