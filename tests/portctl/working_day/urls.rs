//! URLs of services.

use std::fs;

use serde_json::json;

use super::machine::both_ways;

#[test]
fn urls_of_named_services_are_printed_in_their_order() {
    both_ways(|machine| {
        let ports = machine.run(&["get", "web", "api"]);
        let ports: Vec<&str> = ports.printed().lines().collect();
        let [web, api] = ports[..] else { panic!() };
        assert_eq!(
            machine.run(&["url", "web"]).printed(),
            format!("http://localhost:{web}")
        );
        assert_eq!(
            machine.run(&["url", "api", "web", "api"]).printed(),
            format!("http://localhost:{api}\nhttp://localhost:{web}\nhttp://localhost:{api}")
        );
        let port: u16 = api.parse().unwrap();
        assert_eq!(
            machine.json(&["url", "api", "--json"]),
            json!([{"service": "api", "port": port, "url": format!("http://localhost:{api}")}])
        );
    });
}

#[test]
fn without_services_all_urls_of_the_checkout_are_listed_with_their_names() {
    both_ways(|machine| {
        let ran = machine.run(&["url"]);
        assert_eq!(
            ran.complained(1),
            "error: no service of this checkout has a port yet\nhint: allocate one, as in `portctl get web`"
        );
        let ports = machine.run(&["get", "web", "postgres", "\u{fc}ber"]);
        let ports: Vec<&str> = ports.printed().lines().collect();
        let [web, postgres, uber] = ports[..] else {
            panic!()
        };
        assert_eq!(
            machine.run(&["url"]).printed(),
            format!(
                "web       http://localhost:{web}\n\
                 postgres  http://localhost:{postgres}\n\
                 \u{fc}ber      http://localhost:{uber}"
            )
        );
        assert_eq!(machine.json(&["url", "-j"])[1]["service"], "postgres");
        let ran = machine.run(&["url", "--app", "blog", "--instance", "main"]);
        assert_eq!(
            ran.complained(1),
            "error: no service of blog/main has a port yet\n\
             hint: allocate one, as in `portctl get --app blog --instance main web`"
        );
    });
}

#[test]
fn a_site_names_service_instance_and_app_as_valid_labels() {
    both_ways(|machine| {
        let names = ["--app", "My_Shop", "--instance", "feature/New Login"];
        let line = [&["get", "web"], &names[..]].concat();
        let port = machine.run(&line).printed().to_owned();
        let line = [&["url", "web", "--site"], &names[..]].concat();
        assert_eq!(
            machine.run(&line).printed(),
            format!("http://web.feature-new-login.my-shop.localhost:{port}")
        );
        let line = [&["url", "--site"], &names[..]].concat();
        assert_eq!(
            machine.run(&line).printed(),
            format!("web  http://web.feature-new-login.my-shop.localhost:{port}")
        );
    });
}

#[test]
fn a_service_without_a_port_is_an_error_and_stays_without() {
    both_ways(|machine| {
        machine.run(&["get", "web"]).printed();
        let before = machine.held();
        assert_eq!(
            machine.run(&["url", "web", "postgres"]).complained(1),
            "error: postgres has no port in this checkout\n\
             hint: `portctl get postgres` gives it one, and `portctl list --all` shows all allocations"
        );
        assert_eq!(
            machine.run(&["url", "--site", "wbe"]).complained(1),
            "error: wbe has no port in this checkout\nhint: did you mean `portctl url --site web`?"
        );
        assert!(
            machine
                .run(&["url", "web,api"])
                .complained(2)
                .contains("`portctl url web api`")
        );
        assert!(
            machine
                .run(&["url", "all"])
                .complained(2)
                .contains("`portctl url`")
        );
        let other = machine.work().join("other");
        fs::create_dir(&other).unwrap();
        assert_eq!(machine.run_in(&other, &["url", "web"]).code, Some(1));
        assert_eq!(machine.held(), before);
    });
}

#[test]
fn urls_of_another_checkout_come_with_a_note() {
    both_ways(|machine| {
        let shop = machine.work().join("shop");
        fs::create_dir(&shop).unwrap();
        let port = machine.run_in(&shop, &["get", "web"]).printed().to_owned();
        let ran = machine.run(&["url", "web", "--app", "shop", "--instance", "default"]);
        assert_eq!(ran.stdout, format!("http://localhost:{port}\n"));
        let note = format!(
            "note: shop/default/web belongs to another checkout, {}\n",
            shop.display()
        );
        assert_eq!((ran.code, ran.stderr), (Some(0), note));
    });
}
