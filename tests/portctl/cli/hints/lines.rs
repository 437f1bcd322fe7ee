//! Command lines whose answers name commands.

/// Further mistakes, of which the commands in the hints matter more than their texts.
pub(super) const FURTHER_MISTAKES: &str = r#"
    # Services with ports.
    get web,3000
    get web=3000,api=3001
    get :3000,:4000
    get -s 3000 web
    get -p 3000 4000
    get web api=3000
    get --json web,api
    get -j web=5173
    get web,api --json
    check -s 3000
    check web api
    check -j web api
    check web=3000
    allocate db=5432 --adopt
    allocate db,cache
    allocate --json db cache
    env --write .env web,api
    env --format shell webb
    env -s web api
    list --all web,api
    list -aj --nope
    list -a -s web api
    list 3000-3010
    --app shop get web,api
    get --app shop web=3000
    get --instance x web,3000
    get -- web,api
    get -- web 3000
    get "it's,web"
    get "web;rm"
    get --port 3000
    get web -p 3000 -p 3001
    get web -p 34000 --prefer 34001
    get web api --prefer 34000
    get --json web --prefer 34000 --port 34001
    get --prefer 34000
    get PORT=3000
    get web -- npm run dev
    env -j web,api
    env web=3000
    env --write=.env web,api
    env web npm run dev
    allocate 3000
    allocate -p 3000
    allocate --adopt 3000
    allocate web --prot 3000
    allocate web api -p 3000
    check 3000 --jsn
    check 3000,4000
    check localhost:3000
    check http://localhost:3000/
    check all
    check web --port 3000
    list 3000,4000
    list --port web
    ls -aj web,3000
    ls --json --al

    # Moves.
    move
    move webb
    move web=34000
    move web:34000
    move :34000
    move web 34000
    move 34000 34001
    move web api
    move web,api
    move web api -p 34000
    move web --adopt
    move web --adopt --prefer 34000
    move web --port 34000 --prefer 34001
    move web 34000 --prefer 34001
    move all
    move -j web 34000
    move --app work web 34000
    move --app work webb
    move web --prot 34000
    move --service web api
    mvoe web
    move 3000-3010
    move web to 34000

    # Releases.
    release -n web,api
    release -n webb
    release -n all
    release --dry-run web=1
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
    rm -n wbe api
    relase -n
    prune -y -n
    prune web
    prune --al
    release :3000
    release --app shop webb
    release --instance default webb
    release --app work --instance default webb
    env --app work webb
    check --app work webb
    list --app work webb
    list --instance=default webb
    check --app=work web api
    allocate --app work db cache
    get --app work web api --port 4000
    --app work lst
    run --app work -- "npm run dev"
    release --app work all
    release --app work web --port 34000 34000
    release -n :3000
    release -n -- web,api
    release -n --prot 34000
    release -n 3000 --port 3000
    release --id web
    release --id 1,2
    release --id 1 --dry-run web
    release -n --id 1 web
    release -p 34000 web
    release web 34000
    release --force web
    rm 70000
    rm -fn web
    rm -jn webb
    rm -jn web,api
    rm --dryrun web
    rm --all
    delete -n
    dealloc web
    prune --force
    prune -n --force

    # Commands and words of other tools.
    gte web --json
    fuser 3000/tcp
    portctl get web
    dm web
    lst --app shop --json
    --json lst
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
    add -p 3000 web
    add web --port 3000
    free web
    free web api
    kill -9 3000
    kill web
    stop all
    up web
    up -d
    down -v
    logs web
    lease web
    url web
    sudo portctl get web
    help frobnicate
    skill install --globl
    scan --regster
    scan --register=x
    completions zsh bash

    # Commands behind a --.
    run -- "a\nb"
    run -- ""
    run web=3000,api=3001 -- npm run dev
    run web 3000 -- npm run dev
    run web -- web
    run -p 3000 -- npm run dev
    run web -n -- npm run dev
    run web,api -- npm run dev --port 3000
    run web npm run dev -- --port 3000
    exec npm run dev
    npx vite --port 3000
    run web -- "cat 'a b'"
    --app shop run web,api -- npm run dev
    run --app shop npm run dev
    run -s web npm run dev
    run --service web --service api npm
    run web api npm run dev
    run web -s api -- npm run dev
    run -- PORT=3000
    run --jsn -- npm
    run web -- "npm run dev; npm test"
    start web -- npm run dev
    exec -it web npm
    env web -- npm run dev
    node server.js

    # Once answered with a command line that was refused, or did more than what was typed.
    get web --sevice api
    list -alj
    release -a
    release -n -a
    add
    add web 3000
    gt web 3000
    reserve web 3000
    claim web=3000
    who
    ps -ef
    ss -tlnp
    netstat -tlnp
    lsof -i :3000
    portctl free
    fm
    dm
    70000
    :3000
    .
    ~
    PORT=3000 npm run dev
    run -s true web
    run -p 3000 web npm run dev
    run --dry-run web -- npm run dev
    run --sevice web -- prog --sevice x
    exec web -- exec foo
    lst --app lst
    --app shop cat x
    list --id 1
    env --format=shell --jsn
    env --write .env --jsn
    start --port 3000
    import --dry-run --jsn x
    delete -n web,api
    delete all
    check -a
    remove -n web,3000
"#;
