//! Listeners, and claims about their checkouts.

use std::path::Path;

use super::scene::Scene;
use test_support::helper::Helper;
use test_support::{install, occupant_by, program};

/// Starts a copy of `test-listener` that has this name.
pub(super) fn listen_as(scene: &Scene, name: &str, folder: &Path) -> (Helper, u16) {
    let copy = scene.sandbox.path().join(name);
    if !copy.exists() {
        install(program("test-listener"), &copy);
    }
    occupant_by(scene.program(copy).arg("0").current_dir(folder))
}

/// Asserts that a port has a foreign listener, seen from a folder, and that the other checkout is named.
#[track_caller]
pub(super) fn assert_foreign(scene: &Scene, folder: &Path, port: u16, other: &Path) {
    let (text, status) = scene.check_in(folder, port);
    assert_eq!(status["owner"], "foreign");
    let listener = &status["listener"];
    let is_inside = Path::new(listener["dir"].as_str().unwrap_or_default()).starts_with(folder);
    // Its folder alone would have told otherwise.
    let by = match listener["checkout_by"].as_str() {
        Some("variable") if is_inside => ", by PORT_REGISTRY_CHECKOUT in its environment",
        _ => "",
    };
    let end = format!("; it belongs to another checkout, {}{by}", other.display());
    assert!(text.ends_with(&end), "{text}");
}

/// Asserts that this evidence names the checkout of a port's listener.
#[track_caller]
pub(super) fn assert_named_by(scene: &Scene, port: u16, evidence: &str) {
    let (text, status) = scene.check(port);
    assert_eq!(status["listener"]["checkout_by"], evidence, "{text}");
}

/// Asserts that the checkout of a port's listener is unknown, for this reason.
#[track_caller]
pub(super) fn assert_unknown(scene: &Scene, folder: &Path, port: u16, reason: &str) {
    let (text, status) = scene.check_in(folder, port);
    assert_eq!(status["owner"], "unknown");
    let end = format!("; its checkout is unknown, because {reason}");
    assert!(text.ends_with(&end), "{text}");
}
