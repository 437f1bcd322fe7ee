//! Variables by the names that the Compose file of the checkout gives to them.

use std::fs;

use serde_json::json;

use super::machine::{Machine, both_ways};

/// A development kit that sets each port by a variable of its own.
const COMPOSE: &str = r#"services:
  app.test:
    image: kit
    ports: ["${APP_PORT:-80}:80", "${VITE_PORT:-5173}:${VITE_PORT:-5173}"]
  mysql:
    image: mysql
    ports: ["127.0.0.1:${FORWARD_DB_PORT:-3306}:3306"]
  redis:
    image: redis
    ports: ["6379:6379"]
"#;

/// The ports of the services in [`COMPOSE`], in this order.
fn allocated(machine: &Machine) -> Vec<String> {
    let ran = machine.run(&["get", "app.test", "app.test-5173", "mysql", "redis"]);
    ran.printed().lines().map(str::to_owned).collect()
}

#[test]
fn every_command_gives_the_variables_of_the_compose_file() {
    both_ways(|machine| {
        machine.write("compose.yaml", COMPOSE);
        let ports = allocated(machine);
        let [app, vite, mysql, redis] = [0, 1, 2, 3].map(|it| &*ports[it]);
        let dotenv = format!(
            "APP_PORT={app}\nVITE_PORT={vite}\nFORWARD_DB_PORT={mysql}\nREDIS_PORT={redis}"
        );
        assert_eq!(machine.run(&["env"]).printed(), dotenv);
        assert!(machine.run(&["env", "--write", ".env"]).code == Some(0));
        // Names do not depend on the values of variables, from which the container's port comes too.
        assert_eq!(machine.run(&["env"]).printed(), dotenv);
        let shell = machine.run(&["env", "--format", "shell", "mysql"]);
        let expected =
            format!("export FORWARD_DB_PORT={mysql}\nexport PORT_REGISTRY_VARS=FORWARD_DB_PORT");
        assert_eq!(shell.printed(), expected);
        let number: u16 = mysql.parse().unwrap();
        assert_eq!(
            machine.json(&["env", "mysql", "--json"]),
            json!({ "FORWARD_DB_PORT": number })
        );
        let ran = machine.run(&["run", "redis", "--", "sh", "-c", "echo $FORWARD_DB_PORT"]);
        assert_eq!(ran.printed(), mysql);

        // A file that Compose cannot read names nothing.
        machine.write("compose.yaml", &COMPOSE.replace("mysql:\n", "mysql: [\n"));
        let usual = format!(
            "APP_TEST_PORT={app}\nAPP_TEST_5173_PORT={vite}\nMYSQL_PORT={mysql}\nREDIS_PORT={redis}"
        );
        assert_eq!(machine.run(&["env"]).printed(), usual);
    });
}

#[test]
fn blocks_keep_the_variables_of_services_that_move_or_go() {
    both_ways(|machine| {
        machine.write("shop/compose.yaml", COMPOSE);
        let shop = machine.work().join("shop");
        machine.run_in(&shop, &["get", "mysql", "redis"]).printed();
        let write = ["env", "--write", ".env"];
        machine.run_in(&shop, &write).printed();
        let env = || fs::read_to_string(shop.join(".env")).unwrap();
        machine.run_in(&shop, &["move", "mysql"]);
        let port = machine
            .run_in(&shop, &["get", "mysql"])
            .printed()
            .to_owned();
        assert!(
            env().contains(&format!("\nFORWARD_DB_PORT={port}\n")),
            "{}",
            env()
        );

        machine.write("copy/compose.yaml", COMPOSE);
        let copy = machine.work().join("copy");
        fs::copy(shop.join(".env"), copy.join(".env")).unwrap();
        machine.run_in(&copy, &["get", "mysql", "redis"]).printed();
        let port = machine
            .run_in(&copy, &["get", "mysql"])
            .printed()
            .to_owned();
        let ran = machine.run_in(&copy, &["run", "redis", "--", "cat", ".env"]);
        let line = format!("\nFORWARD_DB_PORT={port}\n");
        assert!(
            ran.stdout.contains(&line) && !ran.stderr.contains("without"),
            "{ran:?}"
        );

        // A block that was written before the Compose file had a name for the port.
        let old = env().replace("FORWARD_DB_PORT", "MYSQL_PORT");
        fs::write(copy.join(".env"), old).unwrap();
        let ran = machine.run_in(&copy, &["run", "redis", "--", "cat", ".env"]);
        assert!(
            ran.stdout.contains(&line) && !ran.stdout.contains("MYSQL"),
            "{ran:?}"
        );
        assert!(!ran.stderr.contains("without"), "{ran:?}");

        machine.run_in(&shop, &["release", "mysql"]);
        assert!(!env().contains("FORWARD_DB_PORT") && env().contains("\nREDIS_PORT="));
    });
}

#[test]
fn project_file_decides_over_the_compose_file() {
    both_ways(|machine| {
        machine.write("compose.yaml", COMPOSE);
        machine.write(
            "portctl.toml",
            "[services]\nmysql = {}\nredis = { env = 'CACHE_PORT' }\n[files]\n'.env' = 'all'\n\
             'api.env' = ['FORWARD_DB_PORT']\n'app.env' = ['MYSQL_PORT']\n",
        );
        machine.run(&["sync"]).printed();
        let mysql = machine.run(&["get", "mysql"]).printed().to_owned();
        let redis = machine.run(&["get", "redis"]).printed().to_owned();
        for (file, expected) in [
            (
                ".env",
                format!("\nFORWARD_DB_PORT={mysql}\nCACHE_PORT={redis}\n# <<<"),
            ),
            ("api.env", format!("\nFORWARD_DB_PORT={mysql}\n# <<<")),
            // The application may read the usual name, whatever Compose reads.
            ("app.env", format!("\nMYSQL_PORT={mysql}\n# <<<")),
        ] {
            let text = fs::read_to_string(machine.work().join(file)).unwrap();
            assert!(text.contains(&expected), "{file}: {text}");
        }
    });
}

#[test]
fn service_whose_variable_the_compose_file_gives_to_another_one_is_refused() {
    both_ways(|machine| {
        machine.write("compose.yaml", COMPOSE);
        machine.run(&["get", "app.test"]).printed();
        let ran = machine.run(&["get", "app"]);
        let expected = "error: the services app.test and app would share the variable APP_PORT\n\
                        hint: choose another name, or another variable in portctl.toml";
        assert!(ran.complained(2).starts_with(expected), "{ran:?}");
        // One that is there already keeps its variable, and the other one has its usual one.
        machine.run(&["release", "app.test"]).printed();
        let app = machine.run(&["get", "app"]).printed().to_owned();
        let test = machine.run(&["get", "app.test"]).printed().to_owned();
        let expected = format!("APP_PORT={app}\nAPP_TEST_PORT={test}");
        assert_eq!(machine.run(&["env"]).printed(), expected);
    });
}
