//! What can be asked, a file for each thing. They go by the names of `portctl`'s commands.

mod allocate;
mod batch;
mod check;
mod daemon;
mod health;
mod list;
mod openapi;
mod release;

use std::io;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Resource, ResponseError};
use port_registry::daemon::Identity;
use port_registry::daemon::api::header;
use port_registry::{Error, Registry};
use tokio::sync::Semaphore;
use tokio::task;

use crate::access;
use crate::connection::Tab;
use crate::delivery::Delivery;
use crate::health::Health;
use crate::limits;
use crate::lister::Lister;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::writer::Writer;

/// The version and the process that answers.
pub(crate) fn identity() -> Identity {
    Identity::new(env!("CARGO_PKG_VERSION"), std::process::id())
}

/// The same, as the header says it.
pub(crate) fn identity_header() -> &'static str {
    static HEADER: LazyLock<String> = LazyLock::new(|| identity().to_string());
    &HEADER
}

/// What the handlers work with.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) registry: Registry,
    pub(crate) reader: Reader,
    pub(crate) lister: Lister,
    pub(crate) writer: Writer,
    pub(crate) health: Arc<Health>,
    /// The port on which the daemon itself listens.
    pub(crate) port: u16,
    /// A permit for each batch that may be carried out.
    pub(crate) batches: Arc<Semaphore>,
    /// A permit for each byte of large batches and their answers that may be on its way.
    pub(crate) batch_bytes: Arc<Semaphore>,
    /// A permit for each byte of large answers that may be on its way.
    pub(crate) answer_bytes: Arc<Semaphore>,
}

impl Desk {
    /// Starts the threads that read and write; gives those that have to end before the process does.
    /// Their answers are delivered on this thread.
    pub(crate) fn start(registry: Registry, port: u16) -> io::Result<(Desk, Vec<JoinHandle<()>>)> {
        let health = Arc::new(Health::default());
        let delivery = Delivery::start();
        let (writer, writing) = Writer::start(registry.clone(), health.clone(), delivery.clone())?;
        let (reader, reading) = Reader::start(registry.clone(), delivery.clone())?;
        let (lister, listing) = Lister::start(registry.clone(), delivery)?;
        let desk = Desk {
            registry,
            reader,
            lister,
            writer,
            health,
            port,
            batches: Arc::new(Semaphore::new(limits::BATCHES)),
            batch_bytes: Arc::new(Semaphore::new(limits::LARGE_BATCHES)),
            answer_bytes: Arc::new(Semaphore::new(limits::LARGE_ANSWERS)),
        };
        Ok((desk, vec![writing, reading, listing]))
    }

    /// Reads from the registry, on a thread where that may block.
    async fn blocking_read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Registry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        self.blocking(|registry| read(registry).map_err(Problem::from))
            .await
    }

    /// Does something with the registry that may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Registry) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let registry = self.registry.clone();
        let result = task::spawn_blocking(move || work(&registry)).await;
        result.unwrap_or_else(|_| Err(Problem::stopping()))
    }

    /// Names who has the port that was not to be had. Nobody waits for the writer meanwhile.
    async fn with_listener(&self, problem: Problem) -> Problem {
        let Some(port) = problem.contested else {
            return problem;
        };
        match self
            .blocking_read(move |registry| registry.check(port))
            .await
        {
            Ok(status) => problem.with(status),
            // The conflict is told all the same.
            Err(_) => problem,
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
        .service(resource("/v1/batch", "POST").route(web::post().to(batch::post)))
        .service(
            resource("/v1/daemon", "GET, HEAD")
                .route(web::get().to(daemon::get))
                .route(web::head().to(daemon::get)),
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

/// What every request passes: it is written down on the connection's tab, and is let in or not.
/// Every answer says who gave it.
pub(crate) async fn gate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let tab = request.conn_data::<Rc<Tab>>().cloned();
    // An offer to change the protocol is declined, and ends the connection too.
    let is_last = request.head().connection_type() != ConnectionType::KeepAlive;
    let refused = match &tab {
        // It was sent behind one that was to be the last.
        Some(tab) if !tab.begin() => Some(Problem::closing()),
        _ => {
            let desk = request.app_data::<Data<Desk>>();
            let port = desk.map_or(0, |desk| desk.port);
            access::check(request.head(), port).err().map(Problem::from)
        }
    };
    let mut response = match refused {
        None => next.call(request).await?.map_into_left_body(),
        Some(problem) => request
            .into_response(problem.error_response())
            .map_into_right_body(),
    };
    if let Some(tab) = tab {
        let head = response.response().head();
        tab.end(is_last || head.connection_type() == ConnectionType::Close);
        if tab.is_over() {
            response
                .response_mut()
                .head_mut()
                .set_connection_type(ConnectionType::Close);
        }
    }
    let identity = HeaderValue::from_static(identity_header());
    response
        .headers_mut()
        .insert(HeaderName::from_static(header::IDENTITY), identity);
    Ok(response)
}
