//! Clients that all ask at once.

use port_registry::Filter;
use test_support::daemon::Daemon;
use test_support::{Sandbox, free_block, soak};

use super::fixture::{all_at_once, claim, numbers, registry};

#[test]
fn four_hundred_services_get_a_port_each_over_any_number_of_clients() {
    for clients in [8, 64, 200] {
        let sandbox = Sandbox::new();
        let daemon = Daemon::start(&sandbox);
        let requests = 400 * soak();
        let responses = all_at_once(&daemon, clients, requests, |number| {
            ("POST", claim("main", number, ""))
        });
        let made: Vec<_> = responses
            .iter()
            .map(|response| response.json(201))
            .collect();
        assert_eq!(numbers(&made, "port").len(), requests as usize);
        // No id is used up for nothing.
        let ids = numbers(&made, "id");
        assert!(ids.into_iter().eq(1..=u64::from(requests)));
        let listed = registry(&sandbox).list(&Filter::new()).unwrap();
        assert_eq!(listed.len(), requests as usize);
    }
}

#[test]
fn of_two_hundred_clients_that_want_one_port_one_gets_it_and_the_others_learn_who() {
    for _ in 0..soak() {
        let sandbox = Sandbox::new();
        let daemon = Daemon::start(&sandbox);
        let port = format!(r#","port":{}"#, free_block(1));
        let responses = all_at_once(&daemon, 200, 200, |number| {
            ("POST", claim("main", number, &port))
        });
        let (made, refused): (Vec<_>, Vec<_>) = responses
            .iter()
            .partition(|response| response.status == 201);
        assert_eq!((made.len(), refused.len()), (1, 199));
        let holder = made[0].json(201);
        for refused in refused {
            let conflict = refused.json(409);
            assert_eq!(conflict["error"], "port already allocated");
            assert_eq!(conflict["holder"], holder);
        }
        assert_eq!(holder["id"], 1);
        registry(&sandbox);
    }
}

#[test]
fn of_two_hundred_clients_that_get_or_create_one_service_all_get_the_same() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let responses = all_at_once(&daemon, 200, 400 * soak(), |_| {
        ("PUT", claim("main", 1, ""))
    });
    let (made, found): (Vec<_>, Vec<_>) = responses
        .iter()
        .partition(|response| response.status == 201);
    assert_eq!(made.len(), 1);
    let made = made[0].json(201);
    assert!(found.iter().all(|response| response.json(200) == made));
}

#[test]
fn lists_that_are_asked_for_at_once_are_each_what_was_asked_for() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    for (instance, count) in [("main", 3), ("next", 5)] {
        for service in 0..count {
            let body = claim(instance, service, "");
            daemon.ask("POST", "/v1/allocations", &body).json(201);
        }
    }
    let questions = [
        ("", 8),
        ("?app=shop", 8),
        ("?app=shop&instance=main", 3),
        ("?instance=next", 5),
        ("?app=nobody", 0),
    ];
    let mut clients: Vec<_> = (0..40).map(|_| daemon.client()).collect();
    for _ in 0..20 {
        for (client, (query, _)) in clients.iter_mut().zip(questions.iter().cycle()) {
            let head = format!("GET /v1/allocations{query} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            client.send(head.as_bytes());
        }
        for (client, (query, count)) in clients.iter_mut().zip(questions.iter().cycle()) {
            let list = client.receive("GET").json(200);
            assert_eq!(list.as_array().unwrap().len(), *count, "{query}");
        }
    }
}
