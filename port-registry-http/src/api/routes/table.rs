//! The table of paths and methods.

use actix_web::Resource;
use actix_web::web::{self, ServiceConfig};
use port_registry::daemon::api::path;

use super::{allocate, batch, check, daemon, health, list, move_, openapi, release, status};
use crate::api_error::ApiError;
use crate::page;

/// Registers all routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(
            resource(path::PAGE, "GET, HEAD")
                .route(web::get().to(page::get))
                .route(web::head().to(page::get)),
        )
        .service(
            resource(path::HEALTH, "GET, HEAD")
                .route(web::get().to(health::get))
                .route(web::head().to(health::get)),
        )
        .service(
            resource(path::OPENAPI, "GET, HEAD")
                .route(web::get().to(openapi::get))
                .route(web::head().to(openapi::get)),
        )
        .service(
            resource(path::ALLOCATIONS, "GET, HEAD, POST, PUT, DELETE")
                .route(web::get().to(list::get))
                .route(web::head().to(list::get))
                .route(web::post().to(allocate::post))
                .route(web::put().to(allocate::put))
                .route(web::delete().to(release::delete_matching)),
        )
        .service(resource(path::BATCH, "POST").route(web::post().to(batch::post)))
        .service(
            resource(path::DAEMON, "GET, HEAD")
                .route(web::get().to(daemon::get))
                .route(web::head().to(daemon::get)),
        )
        .service(
            resource(path::STATUS, "GET, HEAD")
                .route(web::get().to(status::get))
                .route(web::head().to(status::get)),
        )
        .service(
            resource(
                &format!("{}/{{id}}", path::ALLOCATIONS),
                "GET, HEAD, PATCH, DELETE",
            )
            .route(web::get().to(list::get_one))
            .route(web::head().to(list::get_one))
            .route(web::patch().to(move_::patch))
            .route(web::delete().to(release::delete_one)),
        )
        .service(
            resource(&format!("{}/{{port}}", path::PORTS), "GET, HEAD")
                .route(web::get().to(check::get))
                .route(web::head().to(check::get)),
        )
        .default_service(web::to(|| async {
            Err::<&str, _>(ApiError::unknown_path())
        }));
}

/// Makes a resource. `allow` lists the methods that it supports.
fn resource(path: &str, allow: &'static str) -> Resource {
    web::resource(path).default_service(web::to(move || async move {
        Err::<&str, _>(ApiError::unknown_method(allow))
    }))
}
