"""What all tasks have: a server of another project that has to survive, and the form of a check."""

from machine import answer


class Task:
    """A task has a name, a prompt, `prepare`, `play`, `play_hard_coded` and `problems`."""

    def set_up(self, machine):
        # Most projects on a machine use the same ports.
        machine.stranger_port = machine.usual(self.stranger_at)
        machine.stranger = machine.start_stranger(machine.stranger_port)
        self.prepare(machine)

    # The service whose usual port another project's server has.
    stranger_at = "web"

    def check(self, machine):
        problems = list(self.problems(machine))
        if machine.stranger.poll() is not None or not answer(machine.stranger_port).startswith("web@stranger"):
            problems.append("the server of another project has ended")
        ports = [row["port"] for row in machine.rows()]
        if len(ports) != len(set(ports)):
            problems.append("two allocations have one port")
        return problems

    def play_hard_coded(self, machine):
        """Does the task with the project's usual ports. By default, there is nothing to start."""


def names(prefix, count):
    return [f"{prefix}-{number}" for number in range(1, count + 1)]


def start_usual(machine, folder, *services):
    for service in services:
        machine.start(folder, f"python3 service.py {service}")
