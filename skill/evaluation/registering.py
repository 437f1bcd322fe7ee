"""Tasks that change the registry."""

import re
import shutil

from project import COMPOSE
from task import Task


class CleanUp(Task):
    name = "clean-up"
    prompt = ("Another agent has deleted its worktree ../gone without cleaning up. Release what the registry still holds for "
              "it. Other worktrees and agents are at work: leave their ports and processes alone.")
    expected = None

    def prepare(self, machine):
        machine.create_project("shop", ["gone", "busy"])
        for folder in ("shop", "busy", "gone"):
            machine.sh(folder, "portctl get web api db")
        machine.start("busy", "portctl run web -- python3 service.py web")
        machine.sh("busy", "portctl wait web")
        shutil.rmtree(machine.path("gone"))
        self.expected = identities(row for row in machine.rows() if row["dir"] != machine.path("gone"))

    def play(self, machine):
        machine.sh("shop", "portctl prune")
        machine.sh("shop", "portctl prune --yes")

    def problems(self, machine):
        found = identities(machine.rows())
        if found - self.expected:
            yield f"still allocated: {sorted(found - self.expected)}"
        if self.expected - found:
            yield f"lost: {sorted(self.expected - found)}"
        if "web" not in [row["service"] for row in machine.rows("busy") if row["state"] == "up"]:
            yield "the registry does not list the server of ../busy as up"


class NewCompose(Task):
    name = "new-compose"
    prompt = ("Write a compose.yaml for this project with Postgres (service db), Redis (cache) and a Node.js web server (web), "
              "and have portctl allocate a host port for each. Start nothing.")

    def prepare(self, machine):
        machine.create_project("shop")

    def play(self, machine):
        with open(machine.path("shop", "compose.yaml"), "w", encoding="utf-8") as file:
            file.write(COMPOSE.split("  worker")[0].replace("{db}", "${DB_PORT:-5432}").replace("{cache}", "${CACHE_PORT:-6379}"))
            file.write('  web:\n    image: node\n    ports: ["${WEB_PORT:-3000}:3000"]\n')
        machine.sh("shop", "portctl get web db cache")

    def problems(self, machine):
        text = machine.read("shop", "compose.yaml") or machine.read("shop", "docker-compose.yml")
        for image, port in (("postgres", 5432), ("redis", 6379), ("node", 0)):
            if not re.search(rf"(image:.*{image}|build:)", text) or (port and f":{port}" not in text):
                yield f"the Compose file does not publish {image}"
        ports = machine.ports("shop")
        for service in {"web", "db", "cache"} - set(ports):
            yield f"{service} is not registered"
        if machine.stranger_port in ports.values():
            yield "a service has the port of another project's server"


class Scan(Task):
    name = "scan"
    prompt = ("Find the host ports that this project's compose.yaml publishes, and register each under its service with "
              "portctl, by its number.")

    def prepare(self, machine):
        machine.create_project("shop")
        # Without other declarations, so that nothing but the Compose file counts.
        machine.sh("shop", "git rm -qf portctl.toml")
        with open(machine.path("shop", "compose.yaml"), "w", encoding="utf-8") as file:
            file.write(COMPOSE.format(db=machine.usual("db"), cache=machine.usual("cache")))

    def play(self, machine):
        machine.sh("shop", "portctl scan && portctl scan --register")

    def problems(self, machine):
        expected = {service: machine.usual(service) for service in ("db", "cache")}
        if machine.ports("shop") != expected:
            yield f"registered {machine.ports('shop')} instead of {expected}"


def identities(rows):
    return {(row["id"], row["service"], row["port"]) for row in rows}
