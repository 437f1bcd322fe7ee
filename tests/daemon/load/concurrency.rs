//! Clients that send requests at the same moment.

use port_registry::Filter;
use test_support::daemon::Daemon;
use test_support::{Sandbox, free_block, soak};

use super::fixture::{claim, distinct, send_concurrently, verified_registry};

#[test]
fn concurrent_claims_get_a_port_each_for_any_number_of_clients() {
    for clients in [8, 64, 200] {
        let sandbox = Sandbox::new();
        let daemon = Daemon::start(&sandbox);
        let requests = 400 * soak();
        let responses = send_concurrently(&daemon, clients, requests, |number| {
            ("POST", claim("main", number, ""))
        });
        let made: Vec<_> = responses
            .iter()
            .map(|response| response.json(201))
            .collect();
        assert_eq!(distinct(&made, "port").len(), requests as usize);
        // Ids have no gaps.
        let ids = distinct(&made, "id");
        assert!(ids.into_iter().eq(1..=u64::from(requests)));
        let listed = verified_registry(&sandbox).list(&Filter::new()).unwrap();
        assert_eq!(listed.len(), requests as usize);
    }
}

#[test]
fn one_of_two_hundred_concurrent_claims_on_a_port_wins_and_the_others_name_its_holder() {
    for _ in 0..soak() {
        let sandbox = Sandbox::new();
        let daemon = Daemon::start(&sandbox);
        let port = format!(r#","port":{}"#, free_block(1));
        let responses = send_concurrently(&daemon, 200, 200, |number| {
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
        verified_registry(&sandbox);
    }
}

#[test]
fn concurrent_get_or_create_requests_return_the_same_allocation() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    let responses = send_concurrently(&daemon, 200, 400 * soak(), |_| {
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
fn concurrent_lists_match_their_own_filters() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start(&sandbox);
    for (instance, count) in [("main", 3), ("next", 5)] {
        for service in 0..count {
            let body = claim(instance, service, "");
            daemon.ask("POST", "/v1/allocations", &body).json(201);
        }
    }
    let queries = [
        ("", 8),
        ("?app=shop", 8),
        ("?app=shop&instance=main", 3),
        ("?instance=next", 5),
        ("?app=nobody", 0),
    ];
    let mut clients: Vec<_> = (0..40).map(|_| daemon.client()).collect();
    for _ in 0..20 {
        for (client, (query, _)) in clients.iter_mut().zip(queries.iter().cycle()) {
            let head = format!("GET /v1/allocations{query} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            client.send(head.as_bytes());
        }
        for (client, (query, count)) in clients.iter_mut().zip(queries.iter().cycle()) {
            let list = client.receive("GET").json(200);
            assert_eq!(list.as_array().unwrap().len(), *count, "{query}");
        }
    }
}
