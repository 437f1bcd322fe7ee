//! The page of the project file, `portctl.toml`.

use roff::bold;

use crate::page::Page;

/// Run through `portctl sync` by `.ci/package`.
const EXAMPLE: &str = include_str!("example.toml");

const KEYS: [(&str, &str); 4] = [
    (
        "app = \"NAME\"",
        "The name of the app, instead of the detected one.",
    ),
    (
        "[services]",
        "The services. The value is the preferred port, or a table with `port`, `env`, or neither. `env` is the name of the \
         variable that has the port, or a list of names; by default, it is the \
         name of the service in capitals with `_PORT` behind it.",
    ),
    (
        "[env]",
        "Variables for `portctl run`, `portctl env` and `portctl sync`. In their values, `${web.port}`, `${web.url}` and \
         `${web.host}` are replaced by those of the service web, `${app}` and `${instance}` by the labels of the checkout, and \
         `${instance.slug}` by the instance in at most 40 of the characters a-z, 0-9 and `_`, for names of databases. `$$` is \
         a dollar.",
    ),
    (
        "[files]",
        "The env files that `portctl sync` keeps, by their paths below the root: `\"all\"` variables, a list of their names, or \
         a table of variables such as `{ PORT = \"${api.port}\" }`.",
    ),
];

const PREFERRED_PORTS: [&str; 2] = [
    "In the main checkout, a service gets its preferred port if that is available when the service is allocated. Otherwise it \
     gets another one, and a note tells who has the preferred port. Linked worktrees leave the declared ports to the main \
     checkout. A port never moves by itself.",
    "A service that is taken out of the file keeps its port until it is released, and `portctl sync` mentions it.",
];

const ENV_FILES: [&str; 2] = [
    "`portctl sync` writes variables between two marks, and changes nothing else in a file. It writes a file completely or not \
     at all, and refuses one that is outside of the checkout or tracked by git. Add the files to `.gitignore`.",
    "No file is created beside an example of it, such as `.env.example`: copy that first. `portctl release` and `portctl move` \
     update the files.",
];

pub(crate) fn project_file_page(date: &str) -> Page {
    let mut page = Page::new(
        "portctl.toml",
        '5',
        "declare the services of a checkout and their ports",
        date,
    );
    page.section("DESCRIPTION");
    page.paragraph(
        "A project says once, in a file portctl.toml at the root of its checkouts, which services it has, the ports that they \
         prefer, and the variables that depend on their ports. Each checkout gets ports of its own. Commit the file: it has \
         names and wishes only, and runs nothing.",
    );
    page.paragraph(
        "`portctl init` writes a first one from what it finds in the project. Without the name of a service, `portctl get`, `run`, \
         `env`, `url`, `wait` and `compose` mean all declared services, and allocate those that are missing. A mistake in the \
         file stops a command before anything is allocated or written.",
    );
    page.section("KEYS");
    for (key, meaning) in KEYS {
        page.entry([bold(key)], meaning);
    }
    page.section("PREFERRED PORTS");
    page.paragraphs(&PREFERRED_PORTS);
    page.section("ENV FILES");
    page.paragraphs(&ENV_FILES);
    page.section("EXAMPLES");
    page.verbatim(EXAMPLE.lines());
    page.see_also(&[
        "portctl(1)",
        "portctl-init(1)",
        "portctl-sync(1)",
        "portctl-env(1)",
    ]);
    page
}
