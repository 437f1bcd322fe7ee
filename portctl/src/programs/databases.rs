//! Databases, caches and brokers.

use super::program::{PortForm, Program, Serving, WhenTaken};

pub(super) const PROGRAMS: &[Program] = &[
    // redis.io/docs/latest/operate/oss_and_stack/management/config, "Passing arguments using the command line"
    Program {
        names: &["redis-server", "valkey-server"],
        serving: Serving::Except(&["--check-system", "--sentinel", "--test-memory"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(6379),
    },
    // mongodb.com/docs/manual/reference/program/mongod. The flag outranks the configuration file.
    Program {
        names: &["mongod"],
        serving: Serving::Except(&["--repair", "--shutdown"]),
        port: PortForm::Flag(&["--port"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(27017),
    },
    // postgresql.org/docs/current/app-postgres.html. The flag outranks postgresql.conf, which outranks PGPORT.
    Program {
        names: &["postgres"],
        serving: Serving::Except(&[
            "--boot",
            "--check",
            "--describe-config",
            "--single",
            "-C",
            "-V",
        ]),
        port: PortForm::Flag(&["-p", "--port"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(5432),
    },
    // dev.mysql.com/doc/refman/8.4/en/server-options.html#option_mysqld_port, and mariadb.com/kb/en/mariadbd-options
    Program {
        names: &["mysqld", "mysqld_safe", "mariadbd", "mariadbd-safe"],
        serving: Serving::Except(&[
            "--bootstrap",
            "--initialize",
            "--initialize-insecure",
            "--validate-config",
            "-?",
            "-V",
        ]),
        port: PortForm::Attached(&["--port", "-P"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(3306),
    },
    // docs.memcached.org/serverguide/configuring. A socket in the file system turns the network off.
    Program {
        names: &["memcached"],
        serving: Serving::Except(&["--unix-socket", "-i", "-s"]),
        port: PortForm::Flag(&["-p", "--port"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(11211),
    },
    // docs.nats.io/running-a-nats-service/introduction/flags
    Program {
        names: &["nats-server"],
        serving: Serving::Except(&["--signal", "-sl", "-t"]),
        port: PortForm::Flag(&["--port", "-p"]),
        variable: None,
        when_taken: WhenTaken::Fails,
        default_port: Some(4222),
    },
];
