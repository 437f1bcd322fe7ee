//! `GET /v1/ports/{port}`.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};

use super::Desk;
use crate::problem::Problem;
use crate::{body, decode};

pub(crate) async fn get(desk: Data<Desk>, port: Path<String>) -> Result<HttpResponse, Problem> {
    let port = decode::port(&port)?;
    let status = desk.read(move |registry| registry.check(port)).await?;
    Ok(body::json(StatusCode::OK, &status))
}
