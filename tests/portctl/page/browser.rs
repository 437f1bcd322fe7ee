//! Chromium, driven over two pipes by the protocol of its developer tools (<https://chromedevtools.github.io/devtools-protocol/>).

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use test_support::{Sandbox, installed, is_available, wait_until};

/// Programs that speak the protocol. The first is the smallest.
const PROGRAMS: [&str; 3] = ["chromium-headless-shell", "chromium", "google-chrome"];

/// A browser without windows, which ends when it is dropped.
#[derive(Debug)]
pub(super) struct Browser {
    child: Child,
    commands: Option<ChildStdin>,
    messages: BufReader<ChildStdout>,
    last_id: u64,
    events: Vec<Value>,
}

/// A page of a browser.
#[derive(Clone, Debug)]
pub(super) struct Tab {
    target: String,
    session: String,
}

impl Browser {
    /// Starts a browser with a profile in the sandbox. Returns `None` if none is installed, except in CI.
    pub(super) fn start(sandbox: &Sandbox) -> Option<Browser> {
        let names = PROGRAMS.map(|it| format!("command -v {it}")).join(" || ");
        if !is_available("Chromium", Command::new("sh").args(["-c", &names])) {
            return None;
        }
        let program = PROGRAMS.iter().find(|it| is_installed(it)).unwrap();
        let profile = sandbox.path().join("profile");
        // The pipes are the descriptors 3 and 4. A browser that hangs is ended, so that the test fails rather than waits.
        let mut command = sandbox.command("timeout");
        command.args([
            "120",
            "sh",
            "-c",
            r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null"#,
            "sh",
        ]);
        command.arg(installed(program)).arg("--headless");
        command.arg(format!("--user-data-dir={}", profile.display()));
        // Root may not use the sandbox of Chromium.
        command.args([
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--remote-debugging-pipe",
        ]);
        command.args([
            "--no-first-run",
            "--disable-background-networking",
            "about:blank",
        ]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        Some(Browser {
            commands: child.stdin.take(),
            messages: BufReader::new(child.stdout.take().unwrap()),
            child,
            last_id: 0,
            events: Vec::new(),
        })
    }

    /// Opens an empty page in a window of its own. Before any script of a page, runs this one.
    pub(super) fn open(&mut self, script: &str) -> Tab {
        let new = json!({ "url": "about:blank", "newWindow": true });
        let target = text(&self.send(None, "Target.createTarget", &new)["targetId"]);
        let attach = json!({ "targetId": target, "flatten": true });
        let session = text(&self.send(None, "Target.attachToTarget", &attach)["sessionId"]);
        let tab = Tab { target, session };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.tell(&tab, &format!("{domain}.enable"), &json!({}));
        }
        self.tell(
            &tab,
            "Page.addScriptToEvaluateOnNewDocument",
            &json!({ "source": script }),
        );
        tab
    }

    /// Sends a command about a page, and returns its result.
    #[track_caller]
    pub(super) fn tell(&mut self, tab: &Tab, method: &str, parameters: &Value) -> Value {
        self.send(Some(&tab.session), method, parameters)
    }

    /// Evaluates an expression, and the promise that it results in.
    #[track_caller]
    pub(super) fn evaluate(&mut self, tab: &Tab, expression: &str) -> Value {
        let parameters =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut evaluated = self.tell(tab, "Runtime.evaluate", &parameters);
        assert!(
            evaluated.get("exceptionDetails").is_none(),
            "{expression}: {evaluated}"
        );
        evaluated["result"]["value"].take()
    }

    /// Returns whether an expression counts as true in JavaScript.
    #[track_caller]
    pub(super) fn is_so(&mut self, tab: &Tab, expression: &str) -> bool {
        self.evaluate(tab, &format!("Boolean({expression})")) == true
    }

    /// Waits until an expression is true. Panics after a minute.
    #[track_caller]
    pub(super) fn wait(&mut self, tab: &Tab, expression: &str) {
        wait_until(expression, || self.is_so(tab, expression));
    }

    /// Presses a key.
    pub(super) fn press(&mut self, tab: &Tab, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            "Tab" => (9, ""),
            character => (0, character),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.tell(tab, "Input.dispatchKeyEvent", &event);
        }
    }

    /// Minimizes the window of a page, which hides the page, or shows it again.
    pub(super) fn set_window(&mut self, tab: &Tab, state: &str) {
        let target = json!({ "targetId": tab.target });
        let window = self.send(None, "Browser.getWindowForTarget", &target)["windowId"].take();
        let bounds = json!({ "windowId": window, "bounds": { "windowState": state } });
        self.send(None, "Browser.setWindowBounds", &bounds);
    }

    /// Returns the parameters of all events with this name of a page so far.
    pub(super) fn events(&self, tab: &Tab, method: &str) -> Vec<&Value> {
        let of_tab = self
            .events
            .iter()
            .filter(|it| it["sessionId"] == tab.session);
        let events = of_tab.filter(|it| it["method"] == method);
        events.map(|it| &it["params"]).collect()
    }

    #[track_caller]
    fn send(&mut self, session: Option<&str>, method: &str, parameters: &Value) -> Value {
        self.last_id += 1;
        let mut command = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(session) = session {
            command["sessionId"] = json!(session);
        }
        let commands = self.commands.as_mut().unwrap();
        write!(commands, "{command}\0").unwrap();
        loop {
            let mut message = Vec::new();
            self.messages.read_until(0, &mut message).unwrap();
            assert_eq!(message.pop(), Some(0), "{method}: the browser ended");
            let mut message: Value = serde_json::from_slice(&message).unwrap();
            if message["id"] == self.last_id {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].take();
            }
            if message.get("method").is_some() {
                self.events.push(message);
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends when nobody can send commands any more.
        drop(self.commands.take());
        let _ = self.child.wait();
    }
}

fn is_installed(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    found.unwrap().status.success()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
