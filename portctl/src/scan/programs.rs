//! Programs whose command lines are understood, by name.

/// Names separated by white space.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProgramSet(&'static str);

impl ProgramSet {
    pub(super) fn contains(self, name: &str) -> bool {
        self.0.split_ascii_whitespace().any(|known| known == name)
    }
}

/// Programs that run another program, which their arguments name.
pub(super) const WRAPPERS: ProgramSet = ProgramSet(
    "bun bundle bunx dlx dotenv exec nodemon npm npx pipenv pnpm poetry run sudo time uv yarn",
);

/// Commands that set variables for another program.
pub(super) const SETTERS: ProgramSet = ProgramSet("cross-env cross-env-shell env export");

/// Programs that never listen on a port, such as clients, whatever their flags look like.
pub(super) const NO_SERVERS: ProgramSet = ProgramSet(
    "adb cp curl fuser git kill-port lsof mkdir mongo mongodump mongosh mysql mysqladmin \
     mysqldump nc ncat open pg_dump pg_isready pg_restore ps psql redis-cli rsync scp sftp ssh \
     tar telnet wait-for wait-for-it wait-for-it.sh wait-for.sh wait-on wait-port wget xdg-open",
);

/// Servers whose `-p` flag sets the port.
pub(super) const WITH_SHORT_FLAG: ProgramSet = ProgramSet(
    "flask gatsby http-server hugo json-server next puma rackup rails serve start-storybook \
     storybook thin uvicorn",
);

/// Other servers, whose `--port` flag sets the port.
pub(super) const WITH_LONG_FLAG: ProgramSet = ProgramSet(
    "artisan astro browser-sync celery daphne directus docusaurus eleventy ember expo fastapi \
     firebase flower granian gunicorn hypercorn jekyll jupyter jupyter-lab keystone live-server \
     localstack maildev mailhog mailpit medusa meilisearch middleman minio mkdocs mlflow mongod \
     mysqld nats-server netlify ng nuxi nuxt parcel payload php-fpm pocketbase preview \
     prisma quarkus quasar react-scripts redis-server remix sanity sb storybook-server strapi \
     streamlit supabase tensorboard trunk typesense-server unicorn uwsgi vite vitepress \
     vue-cli-service vuepress waitress-serve webpack webpack-dev-server wrangler zola",
);

/// Interpreters and build tools that run the project's own program.
pub(super) const INTERPRETERS: ProgramSet = ProgramSet(
    "air cargo deno dotnet elixir go gradle gradlew java mix mvn mvnw node perl php python \
     python2 python3 ruby sbt swift ts-node ts-node-dev tsx",
);

/// Servers with a flag for the address to listen on.
pub(super) const WITH_ADDRESS: ProgramSet = ProgramSet("caddy gunicorn hypercorn serve uvicorn");
