//! The web page, as it is served. `tests/portctl/page` opens it in a browser.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2_const_stable::Sha256;
use test_support::Sandbox;
use test_support::daemon::{Daemon, Response};

/// Size limit of the page, in bytes.
const LIMIT: usize = 40 << 10;

fn page() -> Response {
    let sandbox = Sandbox::new();
    let response = Daemon::start(&sandbox).ask("GET", "/", "");
    assert_eq!(response.status, 200, "{response:?}");
    response
}

/// Returns the text between the only two occurrences of these marks.
#[track_caller]
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    assert_eq!(
        (text.matches(start).count(), text.matches(end).count()),
        (1, 1),
        "{start}"
    );
    let (_, rest) = text.split_once(start).unwrap();
    rest.split_once(end).unwrap().0
}

#[test]
fn page_is_one_small_document_that_nothing_may_frame_or_keep() {
    let page = page();
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let policy = page.header("content-security-policy").unwrap();
    for directive in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ] {
        assert!(policy.split("; ").any(|it| it == directive), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert!(page.body.len() <= LIMIT, "{} bytes", page.body.len());
    assert!(page.body.starts_with("<!doctype html>\n"));
}

#[test]
fn policy_allows_exactly_the_style_and_the_script_of_the_page() {
    let page = page();
    let policy = page.header("content-security-policy").unwrap();
    for (directive, start, end) in [
        ("style-src", "<style>", "</style>"),
        ("script-src", "<script type=\"module\">", "</script>"),
    ] {
        let text = between(&page.body, start, end);
        // Browsers hash the text after they have replaced CR LF.
        assert!(!text.contains('\r'));
        let hash = STANDARD.encode(Sha256::new().update(text.as_bytes()).finalize());
        let expected = format!("{directive} 'sha256-{hash}'");
        assert!(
            policy.split("; ").any(|it| it == expected),
            "write {expected} into src/page/mod.rs"
        );
    }
}

#[test]
fn page_refers_to_nothing_outside_and_makes_no_markup_from_data() {
    let page = page();
    // Those of the icon's namespace, and of the services.
    let harmless = ["http://www.w3.org/2000/svg", "http://localhost:${port}"];
    let rest = harmless
        .iter()
        .fold(page.body.clone(), |text, it| text.replace(it, ""));
    for reference in [
        "http://", "https://", "src=", "@import", "url(", "srcset", "import ",
    ] {
        assert!(!rest.contains(reference), "{reference}");
    }
    let script = between(&page.body, "<script type=\"module\">", "</script>");
    for sink in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
    ] {
        assert!(!script.contains(sink), "{sink}");
    }
}

#[test]
fn page_names_the_command_to_use_without_javascript() {
    let page = page();
    let text = between(&page.body, "<noscript>", "</noscript>");
    assert!(text.contains("<code>portctl list --all</code>"), "{text}");
}

#[test]
fn page_can_only_be_read_and_not_by_other_pages() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let refused = daemon.ask(method, "/", "");
        refused.json(405);
        assert_eq!(refused.header("allow"), Some("GET, HEAD"), "{method}");
    }
    for header in ["Sec-Fetch-Site: cross-site", "Origin: http://evil.example"] {
        let headers = ["Host: localhost", header];
        daemon.client().ask_with("GET", "/", &headers, "").json(403);
    }
    daemon
        .client()
        .ask_with("GET", "/", &["Host: evil.example"], "")
        .json(403);
}
