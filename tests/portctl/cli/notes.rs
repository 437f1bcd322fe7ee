//! Remarks on standard error.

use std::fs;

use super::fixture::Portctl;

#[test]
fn remarks_begin_with_note_only_beside_a_result() {
    let portctl = Portctl::new();
    let is_note = |args: &[&str]| {
        let ran = portctl.run(args);
        let has_result = !ran.stdout.is_empty();
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!ran.stderr.is_empty(), "{ran:?}");
        for line in ran.stderr.lines() {
            assert_eq!(line.starts_with("note: "), has_result, "{ran:?}");
        }
        has_result
    };
    assert!(!is_note(&["list"]));
    assert!(!is_note(&["list", "db"]));
    assert!(!is_note(&["env"]));
    assert!(!is_note(&["prune"]));
    assert!(!is_note(&["scan"]));

    portctl.run(&["get", "web"]).printed();
    assert!(is_note(&["list", "web", "db"]));
    assert!(is_note(&["get", "wbe"]));
    let work = portctl.sandbox.work();
    let compose = "include: [more.yaml]\nservices: {web: {ports: ['23:80']}}\n";
    fs::write(work.join("compose.yaml"), compose).unwrap();
    assert!(is_note(&["scan"]));
    fs::write(work.join(".env"), "WEB_PORT=1\n").unwrap();
    assert!(is_note(&["env", "--write", ".env", "--replace"]));
}
