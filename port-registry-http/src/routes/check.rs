//! `GET /v1/ports/{port}`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use port_registry::{Listener, PortStatus, Verdict};

use super::Desk;
use crate::problem::Problem;
use crate::{body, decode};

pub(crate) async fn get(desk: Data<Desk>, port: Path<String>) -> Result<HttpResponse, Problem> {
    let port = decode::port(&port)?;
    let (holder, verdict) = desk.reader.port(port).await?;
    let listener = match verdict {
        Verdict::Busy => Some(
            desk.blocking_read(move |_| Ok(Listener::find(port)))
                .await?,
        ),
        Verdict::Free | Verdict::Denied => None,
    };
    let status = PortStatus::new(port, holder, listener);
    Ok(body::json(StatusCode::OK, &status))
}
