//! `GET /`: the web page, which shows the state of all services and releases their ports.
//!
//! It is one document without outside resources. Its script uses the API like any other client, under the same access
//! rules.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

/// The document, with the style and the script in place of the references to them.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let style = concat!("<style>", include_str!("style.css"), "</style>");
    let script = concat!(
        r#"<script type="module">"#,
        include_str!("script.js"),
        "</script>"
    );
    include_str!("index.html")
        .replace(r#"<link rel="stylesheet" href="style.css">"#, style)
        .replace(r#"<script type="module" src="script.js"></script>"#, script)
});

/// Allows the page's own style and script by their hashes, which a test compares, and requests to the daemon. Nothing may
/// frame the page, and no text can become markup (Trusted Types).
const POLICY: &str = "default-src 'none'; \
    style-src 'sha256-jUP/gYf09/A7B/Az/I4sAMJTBs6t95m2HtvGhEmUpns='; \
    script-src 'sha256-5irHR/9cbSs2QuRq2quXKyIN3+sYLg5tD+6/sXcwsmk='; \
    connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

pub(crate) async fn get() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(DOCUMENT.as_str())
}
