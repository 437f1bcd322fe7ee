"""Tasks whose outcome is an answer, which the prompt asks for in a file."""

import json

from machine import answer, bind
from task import Task, names


class Urls(Task):
    name = "urls"
    prompt = ("web runs in the worktrees ../feature-1, ../feature-2 and ../feature-3. Give me the URL of each: write a line "
              "with the worktree's name, a space and the URL into urls.txt here.")
    folders = names("feature", 3)

    def prepare(self, machine):
        machine.create_project("shop", self.folders)
        for folder in self.folders:
            machine.sh(folder, "portctl sync")
            machine.start(folder, "portctl run web -- python3 service.py web")
        for folder in self.folders:
            machine.sh(folder, "portctl wait web")

    def play(self, machine):
        lines = [f"{folder} {machine.sh(folder, 'portctl url web')}" for folder in self.folders]
        write(machine, "urls.txt", "".join(lines))

    def play_hard_coded(self, machine):
        write(machine, "urls.txt", "".join(f"{folder} http://localhost:{machine.usual('web')}\n" for folder in self.folders))

    def problems(self, machine):
        lines = [line.split() for line in machine.read("shop", "urls.txt").splitlines()]
        urls = dict(line for line in lines if len(line) == 2)
        for folder in self.folders:
            found = answer(urls.get(folder, ""))
            if not found.startswith(f"web@{folder} "):
                yield f"{folder}: {urls.get(folder)} answers {found!r}"
            if "web" not in machine.ports(folder):
                yield f"{folder}: web is not registered any more"


class Occupied(Task):
    name = "occupied"
    stranger_at = "db"
    prompt = ("The port of Postgres (the service db) is already in use. Find out what has it, write its process id and folder into "
              "report.txt here, and give db another port that portctl knows. Do not stop anything.")

    def prepare(self, machine):
        machine.create_project("shop")

    def play(self, machine):
        port = machine.usual("db")
        write(machine, "report.txt", machine.sh("shop", f"portctl check {port}", check=False))
        machine.sh("shop", "portctl get db")

    def play_hard_coded(self, machine):
        machine.start("shop", "python3 service.py db").wait()

    def problems(self, machine):
        report = machine.read("shop", "report.txt")
        if str(machine.stranger.pid) not in report or machine.path("stranger") not in report:
            yield f"the report does not name process and folder: {report!r}"
        port = machine.ports("shop").get("db")
        try:
            if port is None:
                yield "db is not registered"
            else:
                bind(port).close()
        except OSError:
            yield f"the new port {port} is in use"


class Overview(Task):
    name = "overview"
    prompt = ("Which ports are allocated on this machine, and does another project's process have one of them? Write "
              "a line for each allocation into report.txt here: its port, a space, and \"conflict\" or \"ok\". Change nothing.")
    stranger_at = "cache"
    expected = None

    def prepare(self, machine):
        machine.create_project("shop", ["feature-1"])
        machine.sh("shop", "portctl get web api db")
        machine.sh("feature-1", "portctl get web api db")
        # The other project has taken the port since.
        port = machine.ports("feature-1")["api"]
        machine.start_stranger(port)
        self.expected = {row["port"]: "conflict" if row["port"] == port else "ok" for row in machine.rows()}

    def play(self, machine):
        rows = json.loads(machine.sh("shop", "portctl list --all --json"))
        lines = [f"{row['port']} {'conflict' if row['state'] == 'foreign' else 'ok'}\n" for row in rows]
        write(machine, "report.txt", "".join(lines))

    def play_hard_coded(self, machine):
        write(machine, "report.txt", "".join(f"{machine.usual(service)} ok\n" for service in ("web", "api", "db")))

    def problems(self, machine):
        lines = [line.split() for line in machine.read("shop", "report.txt").splitlines()]
        found = {int(line[0]): line[1] for line in lines if len(line) == 2 and line[0].isdigit()}
        if found != self.expected:
            yield f"the report says {found} instead of {self.expected}"
        if {row["port"] for row in machine.rows()} != set(self.expected):
            yield "the allocations were changed"


def write(machine, name, content):
    with open(machine.path("shop", name), "w", encoding="utf-8") as file:
        file.write(content)
