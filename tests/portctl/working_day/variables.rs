//! Labels from environment variables, which may be set for all checkouts by mistake.

use std::fs;

use test_support::Ran;

use super::machine::both_ways;

#[test]
fn variable_that_names_a_service_of_another_checkout_is_an_error() {
    both_ways(|machine| {
        let [own, other] = ["own", "other"].map(|name| machine.work().join(name));
        for folder in [&own, &other] {
            fs::create_dir(folder).unwrap();
        }
        let port = machine.run_in(&other, &["get", "web"]).printed().to_owned();
        machine.write("own/.env", &format!("PORT={port}\n"));
        let held = machine.held();
        for words in [
            &["get", "web"][..],
            &["get", "web", "--port", "41"],
            &["allocate", "web"],
            &["allocate", "web", "--port", "41"],
            &["run", "web", "--", "true"],
            &["run", "--", "true"],
            &["env"],
            &["env", "--write", ".env"],
            &["url"],
            &["url", "web"],
            &["open", "web"],
            &["wait"],
            &["wait", "web"],
            &["check", "web"],
            &["list"],
            &["list", "web"],
            &["move", "web"],
            &["move", &port],
            &["release"],
            &["release", "web"],
            &["release", &port],
            &["release", "--dry-run"],
            &["scan", "--register"],
        ] {
            let command = &mut machine.command(&own, words);
            let ran = Ran::of(command.env("PORT_REGISTRY_APP", "other"));
            let complaint = ran.complained(1);
            let start = format!(
                "error: PORT_REGISTRY_APP=other: other/default/web belongs to another checkout, {}\nhint: `unset",
                other.display()
            );
            assert!(complaint.starts_with(&start), "{words:?}: {complaint}");
            assert_eq!(machine.held(), held, "{words:?}");
        }
        let env = fs::read_to_string(own.join(".env")).unwrap();
        assert_eq!(env, format!("PORT={port}\n"));
        // A command that is about all checkouts, or about a port, has no labels.
        for words in [&["list", "--all"][..], &["check", &port], &["prune"]] {
            let command = &mut machine.command(&own, words);
            let ran = Ran::of(command.env("PORT_REGISTRY_APP", "other"));
            assert!(!ran.stderr.contains("belongs to another"), "{ran:?}");
        }
    });
}

#[test]
fn flags_may_name_a_service_of_another_checkout() {
    both_ways(|machine| {
        let [own, other] = ["own", "other"].map(|name| machine.work().join(name));
        for folder in [&own, &other] {
            fs::create_dir(folder).unwrap();
        }
        let port = machine.run_in(&other, &["get", "web"]).printed().to_owned();
        let note = format!(
            "note: other/default/web belongs to another checkout, {}\n",
            other.display()
        );
        for words in [
            &["get", "web"][..],
            &["check", "web"],
            &["url", "web"],
            &["env"],
            &["move", "web", "--port", &port],
            &["release", "web", "--dry-run"],
        ] {
            let named = [words, &["--app", "other"]].concat();
            let ran = machine.run_in(&own, &named);
            assert!(ran.stdout.contains(&port), "{ran:?}");
            assert_eq!(ran.stderr, note, "{words:?}");
            // As JSON, the path is in the allocation.
            let ran = machine.run_in(&own, &[&named[..], &["--json"]].concat());
            assert!(ran.stdout.contains(&port), "{ran:?}");
            assert_eq!(ran.stderr, "", "{words:?}");
        }
    });
}
