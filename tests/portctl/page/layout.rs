//! The page on each screen, and for people who do not see it.

use std::fs;

use serde_json::{Value, json};
use test_support::occupant_of_in;

use super::scene::Scene;
use crate::programs::installed;

impl Scene {
    fn set_width(&mut self, width: u32) {
        let size =
            json!({ "width": width, "height": 700, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.browser
            .tell(&self.tab, "Emulation.setDeviceMetricsOverride", &size);
        self.wait(&format!("innerWidth === {width}"));
    }

    fn set_preferences(&mut self, scheme: &str, motion: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": motion },
        ]);
        self.browser.tell(
            &self.tab,
            "Emulation.setEmulatedMedia",
            &json!({ "features": features }),
        );
    }

    /// Returns the serious and critical findings of axe.
    fn findings(&mut self) -> Value {
        self.evaluate(
            "axe.run().then(({ violations }) => violations
                .filter((it) => ['serious', 'critical'].includes(it.impact))
                .map((it) => [it.id, it.nodes.map((node) => node.html)]))",
        )
    }

    /// Checks that the page fits a width in both color schemes, and that axe finds nothing.
    #[track_caller]
    fn check_layout(&mut self, what: &str, width: u32) {
        self.set_width(width);
        for scheme in ["light", "dark"] {
            self.set_preferences(scheme, "reduce");
            let is_fitting = self.evaluate("document.documentElement.scrollWidth <= innerWidth");
            assert_eq!(is_fitting, true, "{what}, {width} pixels");
            assert_eq!(
                self.findings(),
                json!([]),
                "{what}, {scheme}, {width} pixels"
            );
        }
    }
}

#[test]
#[ignore = "takes Chromium"]
fn page_fits_each_width_and_axe_finds_nothing_serious() {
    let Some(mut scene) = Scene::open() else {
        return;
    };
    let axe = fs::read_to_string(installed("npm/node_modules/axe-core/axe.min.js")).unwrap();
    scene.evaluate(&format!("{axe}; 0"));
    scene.set_preferences("light", "reduce");
    scene.wait("!document.getElementById('empty').hidden");
    scene.check_layout("empty", 320);

    let ports = scene.portctl(&["get", "web", "api", "db"]);
    let ports: Vec<u16> = ports.lines().map(|it| it.parse().unwrap()).collect();
    let long = "x".repeat(200);
    scene.allocate(&long, &long, &long);
    let other = scene.sandbox.path();
    let _servers = [
        occupant_of_in(ports[0], &scene.shop),
        occupant_of_in(ports[1], &other),
    ];
    scene.wait("stateOf('web') === 'up' && stateOf('api') === 'up?'");
    // Motion is reduced.
    scene.check("document.getAnimations().length === 0");
    // 640 pixels are a screen of 1280 at a zoom of 200 %.
    for width in [320, 640, 1280] {
        scene.check_layout("list", width);
    }
    scene.evaluate("rowOf('web').querySelector('button').click()");
    scene.wait("textOf('question-warning') !== ''");
    scene.check_layout("question", 320);
    scene.press("Escape");
    scene.stub(&json!({ "status": 503, "body": "{\"error\":\"busy\"}" }));
    scene.wait("textOf('trouble') !== ''");
    scene.check_layout("trouble", 1280);
}
