//! Finds programs in the table.

use super::program::{Program, Serving};
use super::{arguments, words};
use super::{databases, javascript, other_languages, python};

/// Returns all rows. A program has several if its subcommands differ.
pub(super) fn programs() -> impl Iterator<Item = &'static Program> {
    [
        javascript::PROGRAMS,
        python::PROGRAMS,
        other_languages::PROGRAMS,
        databases::PROGRAMS,
    ]
    .into_iter()
    .flatten()
}

/// Finds the program that serves with these arguments. Returns `None` for other programs, and for their command
/// lines that start no server, such as `vite build`.
pub(crate) fn serving_program(word: &str, arguments: &[&str]) -> Option<&'static Program> {
    if arguments::asks_for_help(arguments) {
        return None;
    }
    rows_of(word).find(|program| serves(program.serving, arguments))
}

fn rows_of(word: &str) -> impl Iterator<Item = &'static Program> {
    let name = words::base_name(word);
    programs().filter(move |program| {
        let mut names = program.names.iter();
        names.any(|&known| known == name || known == word)
    })
}

fn serves(serving: Serving, arguments: &[&str]) -> bool {
    let arguments = arguments::before_dashes(arguments);
    match serving {
        Serving::Only(subcommands) => {
            arguments::could_be_subcommands(arguments).any(|word| subcommands.contains(&word))
        }
        // A flag may stand before the subcommand, with or without a value, so any of its words may be the subcommand.
        Serving::Except(subcommands) => !arguments.iter().any(|word| subcommands.contains(word)),
        Serving::Among(words) => arguments.iter().any(|word| words.contains(word)),
    }
}

#[cfg(test)]
mod tests {
    use super::{programs, serving_program};

    #[test]
    fn serving_command_lines_are_told_from_others() {
        for line in [
            "vite",
            "vite dev",
            "vite --host preview",
            "node_modules/.bin/vite.cmd serve",
            "next",
            "flask --app shop run --debug",
            "flask -A shop run",
            "rails s -b 0.0.0.0",
            "bin/rails server",
            "./manage.py runserver",
            "jupyter lab",
            "mvnw -q spring-boot:run",
            "@angular/cli serve",
            "eleventy --input docs --serve",
            "redis-server conf/redis.conf",
            "mongod --dbpath data",
            "/usr/lib/postgresql/16/bin/postgres -D data",
        ] {
            assert!(is_serving(line), "{line}");
        }
        for line in [
            "vite build",
            "vite --config vite.config.ts build",
            "vite --mode staging build",
            "vite --help",
            "vite -v",
            "next build",
            "ng test",
            "ng serve --help",
            "rails console",
            "rails generate scaffold s",
            "flask db upgrade",
            "flask",
            "manage.py test runserver",
            "php artisan serve",
            "jupyter nbconvert lab",
            "wrangler deploy",
            "redis-server -v",
            "postgres -C data_directory -D data",
            "mysqld --initialize-insecure",
            "memcached -s /tmp/memcached",
            "nats-server --signal reload",
            "tsc",
        ] {
            assert!(!is_serving(line), "{line}");
        }
    }

    #[test]
    fn every_program_has_a_way_to_get_its_port() {
        for program in programs() {
            let has_flag = !matches!(program.port, super::super::program::PortForm::None);
            assert!(has_flag || program.variable.is_some(), "{program:?}");
        }
    }

    #[test]
    fn programs_that_may_read_port_are_told_from_others() {
        let may_read_port = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            serving_program(words[0], &words[1..])
                .unwrap()
                .may_read_port()
        };
        for line in ["next dev", "nuxi dev", "gunicorn", "rails s"] {
            assert!(may_read_port(line), "{line}");
        }
        for line in [
            "vite",
            "astro dev",
            "flask run",
            "mvn spring-boot:run",
            "redis-server",
        ] {
            assert!(!may_read_port(line), "{line}");
        }
    }

    fn is_serving(line: &str) -> bool {
        let words: Vec<&str> = line.split(' ').collect();
        serving_program(words[0], &words[1..]).is_some()
    }
}
