//! Servers of Python, by executable, script or module.

use super::program::{PortForm, Program, Serving, WhenTaken};

pub(super) const PROGRAMS: &[Program] = &[
    // docs.djangoproject.com/en/stable/ref/django-admin, "runserver"
    Program {
        names: &["manage.py", "django-admin", "django"],
        serving: Serving::Only(&["runserver", "runserver_plus"]),
        port: PortForm::Positional,
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(8000),
    },
    // flask.palletsprojects.com/en/stable/cli, "Environment Variables From dotenv" and "Run the Development Server"
    Program {
        names: &["flask"],
        serving: Serving::Only(&["run"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: Some("FLASK_RUN_PORT"),
        when_taken: WhenTaken::Fails,
        default_port: Some(5000),
    },
    // www.uvicorn.org/settings: every option is a variable with the prefix UVICORN_.
    Program {
        names: &["uvicorn"],
        serving: Serving::Except(&[]),
        port: PortForm::Flag(&["--port"]),
        variable: Some("UVICORN_PORT"),
        when_taken: WhenTaken::Fails,
        default_port: Some(8000),
    },
    // docs.gunicorn.org/en/stable/settings.html#bind. With PORT alone it listens on every interface.
    Program {
        names: &["gunicorn"],
        serving: Serving::Except(&[]),
        port: PortForm::Address(&["--bind", "-b"], "127.0.0.1"),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(8000),
    },
    // hypercorn.readthedocs.io/en/latest/how_to_guides/binds.html
    Program {
        names: &["hypercorn"],
        serving: Serving::Except(&[]),
        port: PortForm::Address(&["--bind", "-b"], "127.0.0.1"),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(8000),
    },
    // fastapi.tiangolo.com/fastapi-cli
    Program {
        names: &["fastapi"],
        serving: Serving::Only(&["dev", "run"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(8000),
    },
    // docs.streamlit.io/develop/api-reference/configuration/config.toml, "server"
    Program {
        names: &["streamlit"],
        serving: Serving::Only(&["run", "hello"]),
        port: PortForm::Flag(&["--server.port"]),
        variable: Some("STREAMLIT_SERVER_PORT"),
        when_taken: WhenTaken::Fails,
        default_port: Some(8501),
    },
    // jupyter-server.readthedocs.io/en/latest/other/full-config.html, "ServerApp.port_retries"
    Program {
        names: &["jupyter"],
        serving: Serving::Only(&["lab", "notebook", "server"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::FailsWith("--ServerApp.port_retries=0"),
        default_port: Some(8888),
    },
    Program {
        names: &[
            "jupyter-lab",
            "jupyter-notebook",
            "jupyter-server",
            "jupyterlab",
        ],
        serving: Serving::Except(&[]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::FailsWith("--ServerApp.port_retries=0"),
        default_port: Some(8888),
    },
    // docs.python.org/3/library/http.server.html#command-line-interface
    Program {
        names: &["http.server"],
        serving: Serving::Except(&[]),
        port: PortForm::Positional,
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(8000),
    },
    // www.mkdocs.org/user-guide/cli, "serve"
    Program {
        names: &["mkdocs"],
        serving: Serving::Only(&["serve"]),
        port: PortForm::Address(&["--dev-addr", "-a"], "127.0.0.1"),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(8000),
    },
    // github.com/django/daphne
    Program {
        names: &["daphne"],
        serving: Serving::Except(&[]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(8000),
    },
];
