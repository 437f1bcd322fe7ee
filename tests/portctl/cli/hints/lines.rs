//! Command lines whose answers name commands.

/// Further mistakes, of which the commands in the hints matter more than their texts.
pub(super) const FURTHER_MISTAKES: &str = r#"
    # Services with ports.
    get -p 3000 4000
    get web api=3000
    check web api
    check web=3000
    allocate db=5432 --adopt
    allocate db,cache
    env --write .env web,api
    env --format shell webb
    env -s web api
    list --all web,api
    list -aj --nope
    list -a -s web api
    list 3000-3010

    # Releases.
    release -p 34000 all
    release y
    release -a web
    release --all --json
    release web,webb
    release "web api"
    release --service web api
    release 3000-3010
    rm -rf
    rm -f web
    relase -n
    prune -y -n
    prune web
    prune --al

    # Commands and words of other tools.
    gte web --json
    fuser 3000/tcp
    portctl get web
    dm web
    lst --app lst
    lst --app shop --json
    --app shop cat x
    --json lst
    exec web -- exec foo
    reset
    destroy web
    unregister web
    search web
    info web
    which web
    version 1
    start 3000
    start web
    stop web
    restart web
    import
    scan . .
    export web

    # Commands behind a --.
    run --sevice web -- prog --sevice x
    run -- "a\nb"
    run -- ""
    run web 3000 -- npm run dev
    run web -- web
    run -p 3000 -- npm run dev
    run web -n -- npm run dev
    run web,api -- npm run dev --port 3000
    run web npm run dev -- --port 3000
    exec npm run dev
    npx vite --port 3000
    run web -- "cat 'a b'"
"#;
