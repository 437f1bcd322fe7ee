//! The hooks of Claude Code, and the lines in `AGENTS.md`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use super::fixture::Shop;

#[test]
fn only_what_applies_is_installed_and_uninstall_leaves_no_trace() {
    let shop = Shop::new();
    fs::create_dir(shop.path("sub")).unwrap();
    let ran = shop.run_in(&shop.path("sub"), &["hook", "install", "--json"]);
    let output: Value = serde_json::from_str(ran.printed()).unwrap();
    let file = shop
        .root
        .canonicalize()
        .unwrap()
        .join(".git/hooks/post-checkout");
    assert_eq!(
        output,
        json!([{"hook": "git", "file": file, "result": "installed"}])
    );
    let ran = shop.hook(&["install", "--claude", "--agents-md"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("`@AGENTS.md`"), "{ran:?}");
    shop.hook(&["uninstall"]).printed();
    for name in [".claude", "AGENTS.md", ".git/hooks/post-checkout"] {
        assert!(!shop.path(name).exists(), "{name}");
    }
    let ran = shop.hook(&["uninstall"]);
    assert_eq!(ran.complained(1), "error: no hook is installed here");
}

#[test]
fn settings_of_the_user_keep_comments_order_and_indentation() {
    let shop = Shop::new();
    let text = "{\n\t// mine\n\t\"z\": 1,\n\t\"a\": [1, 2]\n}\n";
    shop.write(".claude/settings.json", text);
    shop.hook(&["install", "--claude"]).printed();
    let installed = shop.read(".claude/settings.json");
    assert!(
        installed.starts_with("{\n\t// mine\n\t\"z\": 1,\n\t\"a\": [1, 2],\n\t\"hooks\": {\n\t\t")
    );
    shop.hook(&["uninstall"]).printed();
    assert_eq!(shop.read(".claude/settings.json"), text);
    for garbage in ["{", "[1]", "\u{feff}\0"] {
        shop.write(".claude/settings.json", garbage);
        let ran = shop.hook(&["install", "--claude"]);
        assert!(
            ran.complained(1).contains("settings.json was not changed"),
            "{ran:?}"
        );
        assert_eq!(shop.read(".claude/settings.json"), garbage);
    }
}

#[test]
fn agents_md_keeps_its_line_ends_and_links_stay_links() {
    let shop = Shop::new();
    shop.write("CLAUDE.md", "# Shop\r\n");
    symlink("CLAUDE.md", shop.path("AGENTS.md")).unwrap();
    shop.hook(&["install", "--agents-md"]).printed();
    let text = shop.read("CLAUDE.md");
    assert!(shop.path("AGENTS.md").is_symlink());
    assert_eq!(
        text.matches('\n').count(),
        text.matches("\r\n").count(),
        "{text}"
    );
    shop.hook(&["uninstall"]).printed();
    assert_eq!(shop.read("CLAUDE.md"), "# Shop\r\n");
    let outside = shop.sandbox.work().join("outside.md");
    fs::write(&outside, "x\n").unwrap();
    fs::remove_file(shop.path("AGENTS.md")).unwrap();
    symlink(&outside, shop.path("AGENTS.md")).unwrap();
    let refused = shop.hook(&["install", "--agents-md"]);
    assert!(
        refused.complained(1).contains("leads out of this checkout"),
        "{refused:?}"
    );
    assert_eq!(fs::read_to_string(&outside).unwrap(), "x\n");
}

#[test]
fn claude_is_told_the_services_of_the_worktree_that_it_enters() {
    let shop = Shop::new();
    let session = json!({"hook_event_name": "SessionStart", "cwd": shop.root});
    let context = |event: &Value| {
        let answer = shop.answer(event.to_string().as_bytes());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let output = &answer["hookSpecificOutput"];
        assert_eq!(output["hookEventName"], event["hook_event_name"]);
        output["additionalContext"].as_str().unwrap().to_owned()
    };
    let before = context(&session);
    assert!(
        before.contains("Without a port: web. Run `portctl sync` first."),
        "{before}"
    );
    // It only read.
    assert_eq!(fs::read_dir(shop.sandbox.home()).unwrap().count(), 0);
    shop.git(&["worktree", "add", "-q", "../cart"]);
    let cart = shop.root.with_file_name("cart");
    assert_eq!(shop.run_in(&cart, &["get", "web"]).code, Some(0));
    let url = shop.run_in(&cart, &["url", "web"]).printed().to_owned();
    let entered = json!({
        "hook_event_name": "PostToolUse", "tool_name": "EnterWorktree", "cwd": shop.root,
        "tool_response": {"worktreePath": cart},
    });
    let after = context(&entered);
    assert!(
        after.contains(&format!("- web: {url}, not running")),
        "{after}"
    );
    assert!(after.contains("`portctl run web -- "), "{after}");
}

#[test]
fn claude_is_told_nothing_where_nothing_is_known() {
    let shop = Shop::new();
    fs::create_dir(shop.sandbox.work().join("empty")).unwrap();
    let empty = shop.sandbox.work().join("empty");
    let event = |name: &str, cwd: &Path| {
        json!({"hook_event_name": name, "cwd": cwd})
            .to_string()
            .into_bytes()
    };
    for input in [
        event("SessionStart", &empty),
        event("SessionStart", Path::new("/nonexistent")),
        event("WorktreeRemove", &shop.root),
        b"".to_vec(),
        b"{".to_vec(),
        b"\xff\0".to_vec(),
    ] {
        assert_eq!(
            shop.answer(&input),
            "",
            "{}",
            String::from_utf8_lossy(&input)
        );
    }
    shop.write("portctl.toml", "garbage\n");
    assert_eq!(shop.answer(&event("SessionStart", &shop.root)), "");
}

#[test]
fn plugin_has_the_skill_and_the_hooks_that_install_writes() {
    let shop = Shop::new();
    shop.hook(&["install", "--claude"]).printed();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../skill");
    let json = |path: &Path| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let hooks = json(&folder.join("hooks/hooks.json"));
    let settings = json(&shop.path(".claude/settings.json"));
    assert_eq!(settings["hooks"], hooks["hooks"]);
    let plugin = json(&folder.join(".claude-plugin/plugin.json"));
    assert_eq!(plugin["version"], env!("CARGO_PKG_VERSION"));
    for skill in plugin["skills"].as_array().unwrap() {
        assert!(
            folder
                .join(skill.as_str().unwrap())
                .join("SKILL.md")
                .is_file()
        );
    }
}
