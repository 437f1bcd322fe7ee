//! The command lines that both backends run.

/// Arguments of `portctl`, one command a line, run in this order. P0 to P3 stand for the ports of the
/// range, and BUSY for one that something listens on. Lines that begin with `#` run in another checkout
/// of the same name.
pub(super) const TABLE: &str = "
list
list --json
list --all
get web
get web
get web api --json
get web --port P3
get web db --app other
get db --port P1
get db --port BUSY
get web --app other --instance default
get a b c
get a b c --json
env
env --format shell
env --json
env --app other --instance default
env --app none
url
url b web --json
url web --site
url nobody
wait web api --timeout 0
wait web --timeout 0 --json
wait nobody
wait web --timeout soon
open web
open
url --app none
# env
# env --json
run --service web -- printenv PORT WEB_PORT
run --service web --service a -- printenv PORT WEB_PORT A_PORT
run --service b --service c -- true
run --service a-b --service a_b -- true
# run --service web -- true
allocate --service web
allocate --service web --json
allocate --service db --port P1
allocate --service db --port P1 --json
allocate --service db --port BUSY
allocate --service db --port BUSY --json
allocate --service db --port BUSY --adopt
allocate --service cache --json
allocate --service more
allocate --service more --json
get more
# get web
# get web --json
# get web --port P3
# allocate --service web
# list
# release
# release --json
# release --instance default
list
list --json
list --app other
list --app other --instance blue --json
list --all --service web
list --instance blue
check --port P0
check --port P0 --json
check P3
check BUSY
check BUSY --json
export
prune
prune --json
prune --yes
import ../../all.json
import ../../all.json --json
import ../../conflicts.json
import ../../conflicts.json --json
import ../../conflicts.json --skip-conflicts
import ../../none.json
move web
move web --port P2
move P2 --json
move web --port P1
move web --port P1 --json
move web --port BUSY
move web --port BUSY --json
move web --port P0
move nobody
move nobody --json
# move P0
# move web --json
move web --app other --instance default
move
move web api
move web P3
move web --adopt
release --port P3
release --port P3 --json
release --service nobody
release --service nobody --json
release --id 99
release --id 99 --json
release --id 1
release --service api --json
check --port P0
check --port P0 --json
release
release --json
release --yes
release
release --app other --json
list --all
get web
move web
move web --json
move web --port BUSY
move web --port BUSY --json
move web --prefer BUSY
move web --prefer BUSY --json
move web --prefer P0
get late --prefer P0
get later --prefer BUSY --json
get later --prefer P0
get later late --prefer P0
get more --prefer P0 --port P1
release late later
move web --port BUSY --adopt
move web --port P1
move P1 --port P0 --json
get web
get a+b&c=d%20é/x#y --app ?q+&=% --instance %2F
list --app ?q+&=% --json
list --all --service a+b&c=d%20é/x#y
check P1
release --instance %2F --app ?q+&=%
# allocate --service mine
# list
# release
# release
scan
scan --json
scan --register
release
scan --register
scan --register
# scan
# scan --register
# scan --register --json
release
list
get
list --app ''
allocate --service 'two\\nlines'
check --port 0
";
