"""The tasks, in the order in which they are evaluated."""

import answering
import registering
import starting

TASKS = [
    starting.Worktrees(),
    starting.Suites(),
    registering.CleanUp(),
    answering.Urls(),
    registering.NewCompose(),
    registering.Scan(),
    answering.Occupied(),
    answering.Overview(),
]
