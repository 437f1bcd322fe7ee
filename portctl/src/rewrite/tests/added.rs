//! Command lines that get flags or variables.

use super::{assert_added, assert_unchanged, project, run, shown};

#[test]
fn programs_get_their_flags() {
    assert_added(&[
        ("vite", "--port 4000 --strictPort"),
        ("vite dev --host", "--port 4000 --strictPort"),
        ("vite preview --strictPort", "--port 4000"),
        ("./node_modules/.bin/vite serve", "--port 4000 --strictPort"),
        ("node_modules/.bin/vite.cmd", "--port 4000 --strictPort"),
        (
            "node node_modules/vite/bin/vite.js",
            "--port 4000 --strictPort",
        ),
        ("astro dev", "--port 4000"),
        ("nuxt dev", "--port 4000"),
        ("react-router dev", "--port 4000 --strictPort"),
        ("ng serve shop", "--port 4000"),
        ("storybook dev", "--port 4000 --exact-port"),
        (
            "wrangler dev src/index.ts --inspector-port 9230",
            "--port 4000",
        ),
        ("remix vite:dev", "--port 4000 --strictPort"),
        ("webpack serve", "--port 4000"),
        ("webpack-dev-server --open", "--port 4000"),
        ("parcel index.html", "--port 4000"),
        ("vue-cli-service serve", "--port 4000"),
        ("gatsby develop", "--port 4000"),
        ("expo start --web", "--port 4000"),
        ("docusaurus start", "--port 4000"),
        ("vitepress dev docs", "--port 4000 --strictPort"),
        ("vitepress preview docs", "--port 4000"),
        ("eleventy --serve", "--port=4000"),
        ("serve -s build", "-l 4000"),
        ("json-server db.json", "--port 4000"),
        ("live-server public", "--port=4000"),
        ("python manage.py runserver", "4000"),
        ("python3.12 -u ./manage.py runserver --noreload", "4000"),
        ("./manage.py runserver", "4000"),
        ("django-admin runserver", "4000"),
        ("gunicorn shop.wsgi", "--bind 127.0.0.1:4000"),
        ("hypercorn shop:app", "--bind 127.0.0.1:4000"),
        ("fastapi dev main.py", "--port 4000"),
        ("jupyter lab", "--port 4000 --ServerApp.port_retries=0"),
        ("python -m http.server", "4000"),
        ("python3 -m http.server --bind 127.0.0.1", "4000"),
        ("mkdocs serve", "--dev-addr 127.0.0.1:4000"),
        ("php artisan serve", "--port=4000"),
        ("puma -C config/puma.rb", "--port 4000"),
        ("rackup", "--port 4000"),
        ("jekyll serve", "--port 4000"),
        ("hugo server -D", "--port 4000"),
        ("zola serve", "--port 4000"),
        ("redis-server", "--port 4000"),
        ("redis-server --save x", "--port 4000"),
        ("valkey-server valkey.conf", "--port 4000"),
        ("mongod --dbpath data", "--port 4000"),
        ("postgres -D data", "-p 4000"),
        ("mysqld --datadir=data", "--port=4000"),
        ("mariadbd-safe", "--port=4000"),
        ("memcached -m 64", "-p 4000"),
        ("nats-server -js", "--port 4000"),
    ]);
}

#[test]
fn programs_are_found_behind_wrappers() {
    assert_added(&[
        ("npx vite", "--port 4000 --strictPort"),
        ("npx -y vite@5 dev", "--port 4000 --strictPort"),
        (
            "npx --yes --package vite@5 vite",
            "--port 4000 --strictPort",
        ),
        ("npx @angular/cli@18 serve", "--port 4000"),
        ("npx @11ty/eleventy --serve", "--port=4000"),
        ("npm exec -- vite", "--port 4000 --strictPort"),
        ("npm exec vite", "-- --port 4000 --strictPort"),
        ("bunx --bun vite", "--port 4000 --strictPort"),
        ("bun x vite", "--port 4000 --strictPort"),
        ("bun run vite", "--port 4000 --strictPort"),
        ("pnpm exec vite", "--port 4000 --strictPort"),
        ("pnpm dlx vite", "--port 4000 --strictPort"),
        ("pnpm vite", "--port 4000 --strictPort"),
        ("yarn vite", "--port 4000 --strictPort"),
        ("yarn run vite --host", "--port 4000 --strictPort"),
        ("yarn dlx vite", "--port 4000 --strictPort"),
        (
            "uv run --with gunicorn gunicorn shop.wsgi",
            "--bind 127.0.0.1:4000",
        ),
        ("uv run manage.py runserver", "4000"),
        ("uv run python -m http.server", "4000"),
        ("uv run -m http.server", "4000"),
        (
            "uvx --from mkdocs mkdocs serve",
            "--dev-addr 127.0.0.1:4000",
        ),
        ("poetry run python manage.py runserver", "4000"),
        ("pipenv run ./manage.py runserver", "4000"),
        ("bundle exec jekyll serve", "--port 4000"),
        ("bundle exec puma", "--port 4000"),
        ("ruby bin/puma", "--port 4000"),
        ("env -u DEBUG NODE_ENV=x vite", "--port 4000 --strictPort"),
        ("cross-env NODE_ENV=x vite", "--port 4000 --strictPort"),
        ("dotenv -e .env.local -- vite", "--port 4000 --strictPort"),
        ("time npx vite", "--port 4000 --strictPort"),
    ]);
}

#[test]
fn scripts_get_the_flags_by_the_form_of_their_runner() {
    let flags = "--port 4000 --strictPort";
    assert_added(&[
        ("npm run dev", "-- --port 4000 --strictPort"),
        ("npm run -s dev", "-- --port 4000 --strictPort"),
        ("npm run dev -- --host", flags),
        ("npm run dev --", flags),
        ("npm run env", "-- --port 4000 --strictPort"),
        ("npm run assigned", "-- --port 4000 --strictPort"),
        ("npm run assigned:unread", "-- --port 4000 --strictPort"),
        ("vite --port=4000", "--strictPort"),
        ("npm run own:lax", "-- --strictPort"),
        ("pnpm own:lax", "--strictPort"),
        ("npm run preview", "-- --port 4000 --strictPort"),
        ("npm --prefix apps/web run dev", "-- --port 4000"),
        ("npm run dev --prefix=apps/web", "-- --port 4000"),
        ("npm start", "-- -- --port 4000 --strictPort"),
        ("npm start -- --", flags),
        ("npm run npm:dashes", "-- --port 4000 --strictPort"),
        ("npm run twice", "-- -- -- --port 4000 --strictPort"),
        ("npm run pnpm", "-- --port 4000 --strictPort"),
        ("node --run dev", "-- --port 4000 --strictPort"),
        ("node --run=dev -- --host", flags),
        ("pnpm dev", flags),
        ("pnpm run dev --host", flags),
        ("pnpm -C apps/web dev", "--port 4000"),
        ("pnpm start", "-- --port 4000 --strictPort"),
        ("yarn dev", flags),
        ("yarn run dev", flags),
        ("yarn --cwd apps/web dev", "--port 4000"),
        ("bun run dev -- --host", flags),
        ("bun start", "-- --port 4000 --strictPort"),
        ("bun run dev", flags),
        ("bun dev", flags),
        ("bun --bun run dev", flags),
    ]);
}

#[test]
fn flags_stand_before_a_double_dash() {
    let project = project();
    for (line, expected) in [
        ("vite -- x", "vite --port 4000 --strictPort -- x"),
        ("pnpm dev -- x", "pnpm dev --port 4000 --strictPort -- x"),
        (
            "npm run dev -- --host -- x",
            "npm run dev -- --host --port 4000 --strictPort -- x",
        ),
    ] {
        assert_eq!(shown(&run(line, project.path())), expected);
    }
}

#[test]
fn variables_are_preferred_to_flags() {
    let project = project();
    for (line, variable) in [
        ("flask --app shop run", Some("FLASK_RUN_PORT")),
        ("python -m flask run", Some("FLASK_RUN_PORT")),
        ("uv run uvicorn shop:app --reload", Some("UVICORN_PORT")),
        ("streamlit run app.py -- x", Some("STREAMLIT_SERVER_PORT")),
        ("./mvnw spring-boot:run", Some("SERVER_PORT")),
        ("./gradlew bootRun", Some("SERVER_PORT")),
        ("dotnet run", Some("ASPNETCORE_HTTP_PORTS")),
        ("next dev", None),
        ("npm run next", None),
        ("npm run compound:next", None),
        ("nuxt preview", None),
        ("rails server", None),
        ("bin/rails s", None),
        ("bundle exec rails server", None),
        ("http-server public", None),
        ("react-scripts start", None),
        ("mix phx.server", None),
    ] {
        let found = assert_unchanged(line, project.path());
        let variables: Vec<_> = variable
            .map(|it| (it, "4000".to_owned()))
            .into_iter()
            .collect();
        assert_eq!(found.variables, variables, "{line}");
        assert!(
            found.is_server && found.notes.is_empty(),
            "{line}: {found:?}"
        );
    }
}
