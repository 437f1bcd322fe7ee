//! Servers of npm packages.

use super::program::{PortForm, Program, Serving, WhenTaken};

const PORT: Option<&str> = Some("PORT");

pub(super) const PROGRAMS: &[Program] = &[
    // vite.dev/config/server-options, "server.strictPort". SvelteKit, SolidStart and others are started by it.
    Program {
        names: &["vite"],
        serving: Serving::Except(&["build", "optimize", "preview"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::FailsWith("--strictPort"),
        default_port: Some(5173),
    },
    // vite.dev/config/preview-options
    Program {
        names: &["vite"],
        serving: Serving::Only(&["preview"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::FailsWith("--strictPort"),
        default_port: Some(4173),
    },
    // nextjs.org/docs/app/api-reference/cli/next. It moves only from its default port.
    Program {
        names: &["next"],
        serving: Serving::Except(&[
            "analyze",
            "build",
            "experimental-analyze",
            "experimental-test",
            "export",
            "info",
            "internal",
            "lint",
            "telemetry",
            "typegen",
            "upgrade",
        ]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: PORT,
        when_taken: WhenTaken::Fails,
        default_port: Some(3000),
    },
    // docs.astro.build/en/reference/cli-reference and configuration-reference, "server.port"
    Program {
        names: &["astro"],
        serving: Serving::Only(&["dev", "preview"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::Moves,
        default_port: Some(4321),
    },
    // nuxt.com/docs/api/commands/dev
    Program {
        names: &["nuxt", "nuxi"],
        serving: Serving::Only(&["dev"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Moves,
        default_port: Some(3000),
    },
    // nuxt.com/docs/api/commands/preview: Nitro's server reads PORT.
    Program {
        names: &["nuxt", "nuxi"],
        serving: Serving::Only(&["preview", "start"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: PORT,
        when_taken: WhenTaken::Fails,
        default_port: Some(3000),
    },
    // reactrouter.com/api/other-api/dev: the flags of Vite's server
    Program {
        names: &["react-router"],
        serving: Serving::Only(&["dev"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::FailsWith("--strictPort"),
        default_port: Some(5173),
    },
    // v2.remix.run/docs/other-api/dev
    Program {
        names: &["remix"],
        serving: Serving::Only(&["vite:dev"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::FailsWith("--strictPort"),
        default_port: Some(5173),
    },
    // reactrouter.com and v2.remix.run, "serve": both read PORT, and move only from their default port.
    Program {
        names: &["react-router-serve", "remix-serve"],
        serving: Serving::Except(&[]),
        port: PortForm::None,
        variable: PORT,
        when_taken: WhenTaken::Fails,
        default_port: Some(3000),
    },
    // angular.dev/cli/serve. On a terminal it asks before it moves.
    Program {
        names: &["ng", "@angular/cli"],
        serving: Serving::Only(&["serve", "s", "dev"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(4200),
    },
    // storybook.js.org/docs/api/cli-options
    Program {
        names: &["storybook", "sb"],
        serving: Serving::Only(&["dev"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::FailsWith("--exact-port"),
        default_port: Some(6006),
    },
    // developers.cloudflare.com/workers/wrangler/commands
    Program {
        names: &["wrangler"],
        serving: Serving::Only(&["dev"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(8787),
    },
    // webpack.js.org/configuration/dev-server, "port"
    Program {
        names: &["webpack", "webpack-cli"],
        serving: Serving::Only(&["serve", "server", "s"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(8080),
    },
    Program {
        names: &["webpack-dev-server"],
        serving: Serving::Except(&[]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(8080),
    },
    // parceljs.org/features/cli. It moves from the port of PORT, but not from that of its flag.
    Program {
        names: &["parcel"],
        serving: Serving::Except(&["build", "help", "watch"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(1234),
    },
    // cli.vuejs.org/guide/cli-service: portfinder starts at the port.
    Program {
        names: &["vue-cli-service"],
        serving: Serving::Only(&["serve"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::Moves,
        default_port: Some(8080),
    },
    // create-react-app.dev/docs/advanced-configuration, and craco.js.org
    Program {
        names: &["react-scripts", "craco"],
        serving: Serving::Only(&["start"]),
        port: PortForm::None,
        variable: PORT,
        when_taken: WhenTaken::Fails,
        default_port: Some(3000),
    },
    // gatsbyjs.com/docs/reference/gatsby-cli. It asks before it moves.
    Program {
        names: &["gatsby"],
        serving: Serving::Only(&["develop"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(8000),
    },
    Program {
        names: &["gatsby"],
        serving: Serving::Only(&["serve"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(9000),
    },
    // docs.expo.dev/more/expo-cli: the port of Metro, or of the web server. It asks before it moves.
    Program {
        names: &["expo"],
        serving: Serving::Only(&["start"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(8081),
    },
    // docusaurus.io/docs/cli. It asks before it moves.
    Program {
        names: &["docusaurus"],
        serving: Serving::Only(&["start", "serve"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(3000),
    },
    // vitepress.dev/reference/cli: the flags of Vite's server
    Program {
        names: &["vitepress"],
        serving: Serving::Except(&["build", "init", "preview", "serve"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::FailsWith("--strictPort"),
        default_port: Some(5173),
    },
    Program {
        names: &["vitepress"],
        serving: Serving::Only(&["preview", "serve"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(4173),
    },
    // 11ty.dev/docs/dev-server, "portReassignmentRetryCount"
    Program {
        names: &["eleventy"],
        serving: Serving::Among(&["--serve"]),
        port: PortForm::Attached(&["--port"]),
        variable: None,
        when_taken: WhenTaken::Moves,
        default_port: Some(8080),
    },
    // github.com/http-party/http-server. It moves only from its default port.
    Program {
        names: &["http-server"],
        serving: Serving::Except(&[]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: PORT,
        when_taken: WhenTaken::Fails,
        default_port: Some(8080),
    },
    // github.com/vercel/serve, "Options". Version 14 accepts --no-port-switching, but moves all the same.
    Program {
        names: &["serve"],
        serving: Serving::Except(&[]),
        port: PortForm::Flag(&["-l", "--listen", "-p", "--port"]),
        variable: None,
        when_taken: WhenTaken::Moves,
        default_port: Some(3000),
    },
    // github.com/typicode/json-server. Only its later versions read PORT.
    Program {
        names: &["json-server"],
        serving: Serving::Except(&[]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(3000),
    },
    // github.com/tapio/live-server, "Usage from command line"
    Program {
        names: &["live-server"],
        serving: Serving::Except(&[]),
        port: PortForm::Attached(&["--port"]),
        variable: None,
        when_taken: WhenTaken::Moves,
        default_port: Some(8080),
    },
    // cli.emberjs.com, "serve"
    Program {
        names: &["ember"],
        serving: Serving::Only(&["serve", "server", "s"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(4200),
    },
];
