//! Each server listens on the port that the registry says and on no other, and fails if that one is taken.

use super::server::{Others, Server, WhenTaken};

/// Defines a test for each server.
macro_rules! servers {
    ($($name:ident: $project:literal, $commands:expr, $others:expr, $when_taken:expr;)*) => {$(
        #[test]
        #[ignore = "needs the programs that .ci/programs installs"]
        fn $name() {
            let server = Server {
                project: $project,
                commands: $commands,
                others: $others,
                when_taken: $when_taken,
            };
            server.check();
        }
    )*};
}

servers! {
    vite: "vite", &[&["vite"], &["npm", "run", "dev"]], Others::None, WhenTaken::Fails;
    next: "next", &[&["npx", "next", "dev"], &["pnpm", "dev"]], Others::None, WhenTaken::Fails;
    astro: "astro", &[&["astro", "dev"], &["yarn", "dev"]], Others::None, WhenTaken::Moves;
    // Vite's socket for updates of modules has a port of its own there.
    nuxt: "nuxt", &[&["npx", "nuxt", "dev"], &["bun", "run", "dev"]], Others::Updates(24678), WhenTaken::Moves;
    react_router: "react-router", &[&["react-router", "dev"], &["npm", "run", "dev"]], Others::None, WhenTaken::Fails;
    angular: "angular", &[&["ng", "serve"], &["npm", "start"]], Others::None, WhenTaken::Fails;
    storybook: "storybook", &[&["storybook", "dev", "--ci"], &["yarn", "storybook"]], Others::None, WhenTaken::Fails;
    // Runs the code in processes of their own, with a debugger.
    wrangler: "wrangler", &[&["npx", "wrangler", "dev"], &["pnpm", "run", "dev"]], Others::Internal, WhenTaken::Fails;
    express: "express", &[&["node", "index.js"], &["npm", "start"]], Others::None, WhenTaken::FailsAfterNote;
    django: "django", &[&["python", "manage.py", "runserver"]], Others::None, WhenTaken::Fails;
    flask: "flask", &[&["flask", "run"], &["python", "-m", "flask", "--debug", "run"]], Others::None, WhenTaken::Fails;
    uvicorn: "uvicorn", &[&["uvicorn", "app:app"], &["python", "-m", "uvicorn", "app:app", "--reload"]], Others::None, WhenTaken::Fails;
    gunicorn: "gunicorn", &[&["gunicorn", "app:app"]], Others::None, WhenTaken::Fails;
    streamlit: "streamlit", &[&["streamlit", "run", "app.py"]], Others::None, WhenTaken::Fails;
    http_server: "php", &[&["python", "-m", "http.server"]], Others::None, WhenTaken::Fails;
    php: "php", &[&["php", "-S", "localhost:{port}"]], Others::None, WhenTaken::Fails;
    puma: "puma", &[&["puma"]], Others::None, WhenTaken::Fails;
    rails: "rails", &[&["bin/rails", "server"]], Others::None, WhenTaken::Fails;
    redis: "php", &[&["redis-server", "--save", ""], &["redis-server"]], Others::None, WhenTaken::Fails;
    hugo: "hugo", &[&["hugo", "server"]], Others::None, WhenTaken::Fails;
}
