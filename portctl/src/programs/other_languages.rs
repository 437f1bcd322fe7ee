//! Servers of PHP, Ruby, Go, Rust, Elixir, .NET and Java.

use super::program::{PortForm, Program, Serving, WhenTaken};

pub(super) const PROGRAMS: &[Program] = &[
    // php.net/manual/en/features.commandline.webserver.php: the address is not optional.
    Program {
        names: &["php"],
        serving: Serving::Among(&["-S"]),
        port: PortForm::Address(&["-S"], "localhost"),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: None,
    },
    // laravel.com/docs/installation, and ServeCommand.php: it moves only from its default port.
    Program {
        names: &["artisan"],
        serving: Serving::Only(&["serve"]),
        port: PortForm::Attached(&["--port"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(8000),
    },
    // guides.rubyonrails.org/command_line.html, "bin/rails server"; the command reads PORT.
    Program {
        names: &["rails"],
        serving: Serving::Only(&["server", "s"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: Some("PORT"),
        when_taken: WhenTaken::Fails,
        default_port: Some(3000),
    },
    // puma.io/puma, "Binding TCP / Sockets". The flag outranks config/puma.rb.
    Program {
        names: &["puma"],
        serving: Serving::Except(&[]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(9292),
    },
    // github.com/rack/rackup
    Program {
        names: &["rackup"],
        serving: Serving::Except(&[]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(9292),
    },
    // jekyllrb.com/docs/configuration/options, "Serve Command Options"
    Program {
        names: &["jekyll"],
        serving: Serving::Only(&["serve", "server", "s"]),
        port: PortForm::Flag(&["--port", "-P"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(4000),
    },
    // gohugo.io/commands/hugo_server. It moves only from its default port.
    Program {
        names: &["hugo"],
        serving: Serving::Only(&["server", "serve"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(1313),
    },
    // getzola.org/documentation/getting-started/cli-usage. It moves only from its default port.
    Program {
        names: &["zola"],
        serving: Serving::Only(&["serve"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(1111),
    },
    // hexdocs.pm/phoenix/Mix.Tasks.Phx.Server.html: config/dev.exs or config/runtime.exs sets the port, new ones by PORT.
    Program {
        names: &["mix"],
        serving: Serving::Only(&["phx.server"]),
        port: PortForm::None,
        variable: Some("PORT"),
        when_taken: WhenTaken::Fails,
        default_port: Some(4000),
    },
    // learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel/endpoints. A launch profile outranks the variable.
    Program {
        names: &["dotnet"],
        serving: Serving::Only(&["run", "watch"]),
        port: PortForm::None,
        variable: Some("ASPNETCORE_HTTP_PORTS"),
        when_taken: WhenTaken::Fails,
        default_port: None,
    },
    // docs.spring.io/spring-boot/appendix/application-properties, "server.port"
    Program {
        names: &["mvn", "mvnw"],
        serving: Serving::Among(&["spring-boot:run"]),
        port: PortForm::None,
        variable: Some("SERVER_PORT"),
        when_taken: WhenTaken::Fails,
        default_port: Some(8080),
    },
    Program {
        names: &["gradle", "gradlew"],
        serving: Serving::Among(&["bootRun"]),
        port: PortForm::None,
        variable: Some("SERVER_PORT"),
        when_taken: WhenTaken::Fails,
        default_port: Some(8080),
    },
];
