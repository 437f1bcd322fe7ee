//! `GET /v1/allocations` and `GET /v1/allocations/{id}`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use port_registry::Allocation;
use tokio::time::timeout;

use super::Desk;
use crate::problem::Problem;
use crate::{body, decode};

pub(crate) async fn get(desk: Data<Desk>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let filter = decode::query(request.query_string())?;
    // Nobody waits here whose client has left.
    let list = timeout(desk.registry.wait(), desk.lists.acquire()).await;
    let _list = list.map_err(|_| Problem::no_room())?;
    let document = desk
        .read(move |registry| registry.fold(&filter, List::default, List::push))
        .await?;
    body::large_json(document.into_json(), &desk.room)
}

/// The document of a list, as it is made.
#[derive(Default)]
struct List(Vec<u8>);

impl List {
    fn push(&mut self, allocation: &Allocation) {
        self.0.push(if self.0.is_empty() { b'[' } else { b',' });
        body::write_json(&mut self.0, allocation);
    }

    fn into_json(self) -> Vec<u8> {
        let mut json = self.0;
        if json.is_empty() {
            json.push(b'[');
        }
        json.extend(b"]\n");
        json
    }
}

pub(crate) async fn get_one(desk: Data<Desk>, id: Path<String>) -> Result<HttpResponse, Problem> {
    let id = decode::id(&id)?.ok_or_else(Problem::unknown_allocation)?;
    match desk.reader.allocation(id).await? {
        Some(allocation) => Ok(body::json(StatusCode::OK, &allocation)),
        None => Err(Problem::unknown_allocation()),
    }
}
