//! What can be asked, a file for each thing. They go by the names of `portctl`'s commands.

mod allocate;
mod check;
mod health;
mod list;
mod openapi;
mod release;

use std::sync::{Arc, LazyLock};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::{self, ServiceConfig};
use actix_web::{Resource, ResponseError};
use port_registry::{Error, Registry};
use tokio::sync::Semaphore;
use tokio::task;

use crate::access;
use crate::connection::Tab;
use crate::health::Health;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::writer::Writer;

/// The header by which the daemon tells who it is.
pub(crate) const IDENTITY: &str = "x-port-registry";

/// The version and the process that answers.
pub(crate) fn identity() -> &'static str {
    static IDENTITY: LazyLock<String> =
        LazyLock::new(|| format!("{}; pid={}", env!("CARGO_PKG_VERSION"), std::process::id()));
    &IDENTITY
}

/// What the handlers work with.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) registry: Registry,
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
    pub(crate) health: Arc<Health>,
    /// The port on which the daemon itself listens.
    pub(crate) port: u16,
    /// A permit for each byte of large answers that may be on its way.
    pub(crate) room: Arc<Semaphore>,
}

impl Desk {
    /// Reads from the registry, on a thread where that may block.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Registry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let registry = self.registry.clone();
        match task::spawn_blocking(move || read(&registry)).await {
            Ok(result) => result.map_err(Problem::from),
            Err(_) => Err(Problem::stopping()),
        }
    }
}

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            resource("/healthz", "GET, HEAD")
                .route(web::get().to(health::get))
                .route(web::head().to(health::get)),
        )
        .service(
            resource("/openapi.json", "GET, HEAD")
                .route(web::get().to(openapi::get))
                .route(web::head().to(openapi::get)),
        )
        .service(
            resource("/v1/allocations", "GET, HEAD, POST, PUT, DELETE")
                .route(web::get().to(list::get))
                .route(web::head().to(list::get))
                .route(web::post().to(allocate::post))
                .route(web::put().to(allocate::put))
                .route(web::delete().to(release::delete_matching)),
        )
        .service(
            resource("/v1/allocations/{id}", "GET, HEAD, DELETE")
                .route(web::get().to(list::get_one))
                .route(web::head().to(list::get_one))
                .route(web::delete().to(release::delete_one)),
        )
        .service(
            resource("/v1/ports/{port}", "GET, HEAD")
                .route(web::get().to(check::get))
                .route(web::head().to(check::get)),
        )
        .default_service(web::to(|| async {
            Err::<&str, _>(Problem::unknown_path())
        }));
}

/// A path, which answers to these methods.
fn resource(path: &str, allow: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move {
        Err::<&str, _>(Problem::unknown_method(allow))
    }))
}

/// What every request passes: it renews the connection's tab, and is let in or not. Every answer
/// says who gave it.
pub(crate) async fn gate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if let Some(tab) = request.conn_data::<std::rc::Rc<Tab>>() {
        tab.renew();
    }
    let port = request
        .app_data::<web::Data<Desk>>()
        .map_or(0, |desk| desk.port);
    let mut response = match access::check(request.head(), port) {
        Ok(()) => next.call(request).await?.map_into_left_body(),
        Err(refusal) => request
            .into_response(Problem::from(refusal).error_response())
            .map_into_right_body(),
    };
    let identity = HeaderValue::from_static(identity());
    response
        .headers_mut()
        .insert(HeaderName::from_static(IDENTITY), identity);
    Ok(response)
}
