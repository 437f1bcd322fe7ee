//! Programs that are known by name alone.

use super::program::PortForm;
use super::table::programs;

/// Names separated by white space.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProgramSet(&'static str);

impl ProgramSet {
    pub(crate) fn contains(self, name: &str) -> bool {
        self.0.split_ascii_whitespace().any(|known| known == name)
    }
}

/// Programs that run another program, which their arguments name.
pub(crate) const WRAPPERS: ProgramSet = ProgramSet(
    "bun bundle bunx dlx dotenv exec nodemon npm npx pipenv pnpm poetry run sudo time uv yarn",
);

/// Commands that set variables for another program.
pub(crate) const SETTERS: ProgramSet = ProgramSet("cross-env cross-env-shell env export");

/// Programs that never listen on a port, such as clients, whatever their flags look like.
pub(crate) const NO_SERVERS: ProgramSet = ProgramSet(
    "adb cp curl fuser git kill-port lsof mkdir mongo mongodump mongosh mysql mysqladmin \
     mysqldump nc ncat open pg_dump pg_isready pg_restore ps psql redis-cli rsync scp sftp ssh \
     tar telnet wait-for wait-for-it wait-for-it.sh wait-for.sh wait-on wait-port wget xdg-open",
);

/// Programs that run tests, and reach services rather than serve.
pub(crate) const TEST_RUNNERS: ProgramSet = ProgramSet(
    "ava behave cargo-nextest cypress jest k6 minitest mocha newman nox phpunit playwright pytest rspec \
     tap tox vitest",
);

/// Programs that start containers, whose ports the variables of services set.
pub(crate) const CONTAINERS: ProgramSet = ProgramSet("docker docker-compose podman podman-compose");

/// Interpreters and build tools that run the project's own program.
pub(crate) const INTERPRETERS: ProgramSet = ProgramSet(
    "air cargo deno dotnet elixir go gradle gradlew java mix mvn mvnw node perl php python \
     python2 python3 ruby sbt swift ts-node ts-node-dev tsx",
);

/// Servers beside those of the table whose `-p` flag sets the port.
const OTHERS_WITH_SHORT_FLAG: ProgramSet = ProgramSet("start-storybook thin uvicorn");

/// Servers beside those of the table whose `--port` flag sets the port.
const OTHERS_WITH_LONG_FLAG: ProgramSet = ProgramSet(
    "browser-sync celery directus firebase flower granian keystone localstack maildev mailhog \
     mailpit medusa meilisearch middleman minio mlflow netlify payload \
     php-fpm pocketbase preview prisma quarkus quasar sanity storybook-server strapi \
     supabase tensorboard trunk typesense-server unicorn uwsgi vuepress waitress-serve",
);

/// Tells servers whose `-p` flag sets the port.
pub(crate) fn is_with_short_flag(name: &str) -> bool {
    OTHERS_WITH_SHORT_FLAG.contains(name) || is_in_table(name, |flags| flags.contains(&"-p"))
}

/// Tells servers whose `--port` flag, if they have one, sets the port.
pub(crate) fn is_with_long_flag(name: &str) -> bool {
    OTHERS_WITH_LONG_FLAG.contains(name) || is_in_table(name, |_| true)
}

/// Tells servers whose `-P` flag sets the port.
pub(crate) fn is_with_upper_flag(name: &str) -> bool {
    is_in_table(name, |flags| flags.contains(&"-P"))
}

/// Tells servers with a flag for the address to listen on.
pub(crate) fn is_with_address(name: &str) -> bool {
    let takes_address = |flags: &[&str]| flags.contains(&"-b") || flags.contains(&"-l");
    matches!(name, "caddy" | "uvicorn") || is_in_table(name, takes_address)
}

/// Tells programs of the table, whatever their port is set by.
pub(crate) fn is_server(name: &str) -> bool {
    programs().any(|program| program.names.contains(&name))
}

fn is_in_table(name: &str, has: impl Fn(&[&str]) -> bool) -> bool {
    let mut rows = programs().filter(|program| program.names.contains(&name));
    rows.any(|program| !matches!(program.port, PortForm::Positional) && has(program.flags()))
}
