//! A daemon whose page is open in a browser.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use test_support::daemon::{Daemon, PORT_REGISTRY};
use test_support::{Ran, Sandbox, free_block, wait_until};

use super::browser::{Browser, Tab};
use crate::PORTCTL;

/// Runs before the script of the page. Time passes 20 times as fast for the page. It gets the response that `stub` has, if any, from
/// requests of the list.
pub(super) const PREPARATION: &str = r#"
    const later = setTimeout;
    setTimeout = (work, time) => later(work, time / 20);
    const real = fetch;
    globalThis.stub = null;
    fetch = async (path, options) => {
        if (!stub || path !== "/v1/status") return real(path, options);
        return new Response(stub.body, { status: stub.status, headers: stub.headers ?? { "x-port-registry": "0.1.0; pid=1" } });
    };
    globalThis.alert = () => { globalThis.alerted = true; };
    globalThis.rowOf = (service) =>
        [...document.querySelectorAll("tbody tr")].find((it) => it.querySelector(".service")?.textContent === service);
    globalThis.stateOf = (service) => rowOf(service)?.querySelector("td.state").textContent;
    globalThis.textOf = (id) => document.getElementById(id).textContent;
"#;

/// Number of ports for servers.
const PORTS: u16 = 4;

/// The open page.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) sandbox: Sandbox,
    pub(super) daemon: Daemon,
    pub(super) browser: Browser,
    pub(super) tab: Tab,
    /// The root of a checkout of the app `shop`, on its branch `main`.
    pub(super) shop: PathBuf,
    /// The first of the ports for servers.
    first: u16,
}

impl Scene {
    /// Opens the page. Returns `None` if no browser is installed, except in CI.
    pub(super) fn open() -> Option<Scene> {
        let sandbox = Sandbox::new();
        let mut browser = Browser::start(&sandbox)?;
        // Other tests have servers on ports of the usual range.
        let daemon = Daemon::start_with(&sandbox, &["--range", "2000-2999"]);
        let shop = sandbox.work().join("shop");
        std::fs::create_dir(&shop).unwrap();
        sandbox.git(&shop, &["init", "--quiet"]);
        sandbox.git(
            &shop,
            &["commit", "--quiet", "--allow-empty", "--message=first"],
        );
        let tab = browser.open(PREPARATION);
        let mut scene = Scene {
            sandbox,
            daemon,
            browser,
            tab,
            shop,
            first: free_block(PORTS),
        };
        scene.visit("localhost");
        Some(scene)
    }

    /// Opens the page at this name of the daemon.
    pub(super) fn visit(&mut self, host: &str) {
        let url = format!("http://{host}:{}/", self.daemon.address.port());
        self.browser
            .tell(&self.tab, "Page.navigate", &json!({ "url": url }));
        let title = format!("location.href === '{url}' && document.readyState === 'complete'");
        self.wait(&title);
    }

    /// Runs portctl in the checkout, and returns its output.
    #[track_caller]
    pub(super) fn portctl(&self, words: &[&str]) -> String {
        let mut command = self.sandbox.command(PORTCTL);
        let range = format!("{0}-{1}", self.first, self.first + PORTS - 1);
        command.env("PORT_REGISTRY_RANGE", range).args(words);
        let ran = Ran::of(command.current_dir(&self.shop));
        assert_eq!(ran.code, Some(0), "{words:?}: {ran:?}");
        ran.stdout.trim_end().to_owned()
    }

    /// Allocates a port by HTTP, and returns the allocation.
    #[track_caller]
    pub(super) fn allocate(&self, app: &str, instance: &str, service: &str) -> Value {
        let claim = json!({ "app": app, "instance": instance, "service": service });
        self.daemon
            .ask("PUT", "/v1/allocations", &claim.to_string())
            .json(201)
    }

    #[track_caller]
    pub(super) fn evaluate(&mut self, expression: &str) -> Value {
        self.browser.evaluate(&self.tab, expression)
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    pub(super) fn wait(&mut self, expression: &str) {
        self.browser.wait(&self.tab, expression);
    }

    #[track_caller]
    pub(super) fn check(&mut self, expression: &str) {
        assert!(self.browser.is_so(&self.tab, expression), "{expression}");
    }

    pub(super) fn press(&mut self, key: &str) {
        self.browser.press(&self.tab, key);
    }

    /// Presses Tab until an element has the focus for which the expression is true.
    #[track_caller]
    pub(super) fn tab_to(&mut self, expression: &str) {
        for _ in 0..20 {
            self.press("Tab");
            if self.evaluate(&format!("((at) => {expression})(document.activeElement)")) == true {
                return;
            }
        }
        panic!("no element in 20 steps: {expression}");
    }

    /// Makes the page's requests of the list get this response, until `null`.
    pub(super) fn stub(&mut self, response: &Value) {
        self.evaluate(&format!("stub = {response}"));
    }

    /// Returns the requests of the page so far, each as its method and URL.
    pub(super) fn requests(&mut self) -> Vec<String> {
        // Events arrive before the response to a later command.
        self.evaluate("0");
        let sent = self.browser.events(&self.tab, "Network.requestWillBeSent");
        let requests = sent.iter().map(|it| &it["request"]);
        requests
            .map(|it| {
                format!(
                    "{} {}",
                    it["method"].as_str().unwrap(),
                    it["url"].as_str().unwrap()
                )
            })
            .collect()
    }

    /// Waits for this many further requests of the list.
    #[track_caller]
    pub(super) fn wait_for_refreshes(&mut self, number: usize) {
        let count = |scene: &mut Scene| {
            let requests = scene.requests();
            requests
                .iter()
                .filter(|it| it.ends_with("/v1/status"))
                .count()
        };
        let before = count(self);
        wait_until("the page asks for the list", || {
            count(self) >= before + number
        });
    }

    /// Returns a command that starts another daemon on the port of the first one.
    pub(super) fn successor(&self) -> Command {
        let mut command = self.sandbox.command(&*PORT_REGISTRY);
        command.args(["--port", &self.daemon.address.port().to_string()]);
        command
    }
}
