//! Plausible mistakes in command lines, and the answers to them.

use std::fmt::Write as _;
use std::fs;

use insta::assert_snapshot;
use test_support::{Ran, install_script};

use super::fixture::Portctl;

/// Command lines as people type them who know other tools, or who slip. `web` and `api` have ports.
pub(super) const MISTAKES: &str = r#"
    # Words in place of services.
    get
    get 3000
    get web 3000
    get 3000 4000
    get 70000
    get 0
    get 3000-3010
    get 3000/tcp
    get +3000
    get db WEB
    get :3000
    get http://localhost:3000/
    get web,api
    get web,api db=5432
    get web,3000
    get :3000,:4000
    get "web api"
    get work/default/web
    release other/main/web
    get localhost
    get web/
    get -
    env .env
    get web=5173
    get web:5173
    get web=http
    get .
    get ./web
    get all
    get ""
    get WEB
    get wbe
    get --service 3000
    get --service web,api
    get --service WEB
    get a.b a-b
    get web --service api
    get web api --port 4000
    allocate
    allocate db 5432
    allocate db=5432
    allocate db cache
    allocate Web
    allocate db --adopt
    allocate db=5432 --adopt
    allocate --service
    allocate --service --adopt
    allocate db --port
    allocate db --port 0
    allocate db --port 65536
    allocate db --port=http
    allocate db -p http
    env 3000
    env wbe
    env web,api
    env --format yaml
    env --write
    env --json --format shell
    url web,api
    url 3000
    open
    open all
    open web --json
    wait 3000
    wait web --timeout soon
    wait web --timeout -1
    wait web --http
    wait web --http http://localhost:3000/

    # Commands behind a --.
    run
    run web
    run -- "npm run dev"
    run web -- "npm run dev"
    run web -- "npm run dev && npm test"
    run web -- ""
    run web -- "PORT=4000 npm run dev"
    run web -- PORT=4000 npm run dev
    run npm run dev
    run web npm run dev --open
    run web npm -- start
    run web -- no-such-program
    run --port 3000 web -- npm run dev
    run web -p 8080 -- npm run dev
    run -p 8080 web api -- npm run dev
    run --json web -- npm run dev
    run --frob web -- npm run dev
    run 3000 -- npm run dev
    run web,api -- npm run dev
    run web=5173 -- npm run dev
    run WEB -- npm run dev
    run --sevice web -- npm --sevice x
    run -s npm web
    run -s web npm run dev
    --app run run npm test
    run -a -- npm run dev
    run -p3000 web -- npm run dev
    run -j web -- npm run dev

    # Ports and allocations.
    check
    check wbe
    check 70000
    check 3000 4000
    check web api
    check web,api
    check --port web
    list all
    list wbe
    list nothing-like-it
    list 1
    list --app "" --instance x
    release wbe
    release web nothing-like-it
    release 1
    release web=1
    release all
    release -n web,api
    release "web api"
    release web=1 api
    release -s 3000 api
    release 3000-3001
    release -n wbe
    list --all web,api
    env --format shell web,api
    check 3000 --app x
    check -s 3000
    list 3000 --port 3001
    release .
    release --id seven
    release --id 0
    release --id 99
    release --id 1 --service web
    release --id 1 web
    release 4000 --port 4000
    prune --yes --dry-run

    # Commands.
    frobnicate
    lst --all
    relase web
    CHECK 3000
    completion bash
    web
    3000
    npm run dev
    skill isntall
    skill
    help lst
    doctor everything
    start web
    stop 3000
    fm
    dm
    rmm
    mr web
    sl
    gte
    chekc
    relase --all
    lst --app lst
    --app lst lst
    lst --frob
    relase -h
    gett web 3000
    claim web=3000
    add web 3000 --json
    allocat web 3000
    rnu
    web=3000
    70000
    :3000
    ~
    .
    "a b"
    ""
    help me
    --app shop npm run dev
    npm test -- --watch
    --json npm run dev
    portctl list
    portctl free
    portctl
    -- list
    -- ls -a
    --json -- list
    -- npm run dev
    skill -- install
    --
    -

    # Words of other tools.
    free 3000
    free
    who 3000
    whose 3000
    lsof 3000
    kill 3000
    kill web
    kill
    free web
    up
    up -- npm run dev
    exec web -- npm run dev
    down
    add web
    add 3000
    create web
    delete web
    remove web
    show
    show 3000
    set web 3000
    use web
    delete
    setup
    docker-compose up -d
    docker ps
    docker compose up
    reboot
    make dev
    ps
    ports
    register
    clean --yes
    config
    logs
    server
    add
    new
    port
    port 3000
    who
    which web
    link web
    remove remove
    delete web --force
    ps -ef
    ss -tlnp
    netstat -an
    lsof -i :3000
    lsof
    free :3000
    exec web -- exec foo
    up -d -- npm run dev
    add a b 3000 x=5

    # Flags.
    --frob
    --json
    --port=3000
    -V get web
    list --al
    list --jsn
    ls -l
    get web --sevice api
    get web --name x
    get web --host x
    get web -port
    list -alj
    skill --jsno install
    get web --register
    get web --frob
    get -a shop web
    get -i main web
    get web -x
    get web --json=true
    get web --app
    get web --app --instance=x
    get web --port 4000 --port 4001
    prune -f
    -p 3000
    -p3000
    --al
    list --al=3
    list -j=1
    list -aj=1
    list -V
    get a b --sevice
    get -serv
    get -jsno
    get -jsno web
    get -sevice web
    get -sevice=web
    release -a
    release --all
    env --all
    prune --all
    prun
    stat
    allocate n1 -a
    get web -ay
    prune --adopt
    list --global
    skill --global
    skill install -g
    completions powershell
    completions
"#;

#[test]
fn every_mistake_is_answered_with_what_to_type() {
    let portctl = Portctl::new();
    // The only program on the PATH that commands behind a `--` name.
    let programs = portctl.sandbox.path().join("programs");
    fs::create_dir(&programs).unwrap();
    install_script("#!/bin/sh\n", &programs.join("npm"));
    portctl.run(&["get", "web", "api"]).printed();
    // Unlike `list`, it does not look at the system.
    let exported = portctl.run(&["export"]).stdout;
    let mut transcript = String::new();
    for line in MISTAKES.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            writeln!(transcript, "{line}").unwrap();
            continue;
        }
        let words = shlex::split(line).unwrap();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ran = Ran::of(portctl.command(&words).env("PATH", &programs));
        let (code, output) = (ran.code.unwrap(), ran.stdout + &ran.stderr);
        writeln!(transcript, "$ portctl {line}\n{output}exit code {code}\n").unwrap();
        // Only a slip may allocate a port, because nobody can know that it is one.
        if code == 0 && line == "get wbe" {
            portctl.run(&["release", "wbe"]).printed();
        }
        assert_eq!(portctl.run(&["export"]).stdout, exported, "{line}");
    }
    portctl.with_redactions(|| assert_snapshot!("mistakes", transcript.trim()));
}

#[test]
fn a_mistake_in_a_json_command_is_answered_in_json() {
    let portctl = Portctl::new();
    for args in [&["get", "--json"][..], &["--json", "get"], &["get", "-j"]] {
        assert_eq!(
            portctl.run(args).complained(2),
            r#"{"error":"no service is named","hint":"name one, as in `portctl get --json web`"}"#
        );
    }
    for args in [
        &["list", "-aj", "--nope"][..],
        &["list", "--nope", "-aj"],
        &["get", "-jp", "0", "web"],
        &["get", "-jsweb", "-p"],
        &["-aj", "nope"],
        &["nope", "-j"],
        &["-json"],
    ] {
        let error = portctl.run(args).complained(2).to_owned();
        assert!(error.starts_with(r#"{"error":"#), "{args:?}: {error}");
    }
    for args in [
        &["get", "-sj", "-p"][..],
        &["nope", "--", "-j"],
        &["get", "--app=-j"],
    ] {
        let error = portctl.run(args).complained(2).to_owned();
        assert!(error.starts_with("error: "), "{args:?}: {error}");
    }
    let ran = portctl.run(&["list", "--jsn", "--json"]);
    assert_eq!(
        ran.complained(2),
        r#"{"error":"`portctl list` has no flag --jsn","hint":"did you mean `portctl list --json --json`?"}"#
    );
    assert!(!portctl.sandbox.store().exists());
}

#[test]
fn a_mistake_with_control_characters_cannot_change_the_terminal() {
    let portctl = Portctl::new();
    for args in [
        &["\u{1b}[31mget"][..],
        &["get", "--\u{1b}[31m"],
        &["get", "\u{1b}[31m,x"],
        &["run", "--", "\u{1b}[31m x"],
    ] {
        let ran = portctl.run(args);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(!ran.stderr.contains('\u{1b}'), "{ran:?}");
    }
}
