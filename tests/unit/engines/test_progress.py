"""Progress can be followed on a terminal and in a file."""

import io

from engines.progress import Console, Step, waiting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def step(done: int, task: str = "jars", item: str = "a.jar") -> Step:
    return Step(task=task, item=item, done=done * 10**6, total=10 * 10**6, unit="bytes")


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_step_says_what_and_how_much() -> None:
    assert str(step(3)) == "jars 3/10 MB a.jar"
    packages = Step(task="env", item="", done=2, total=5, unit="packages")
    assert str(packages) == "env 2/5 packages"


def test_a_wait_names_the_process_waited_for() -> None:
    steps: list[Step] = []
    waiting(steps.append, "jars")("123")
    (told,) = steps
    assert str(told) == "jars waiting for process 123, which does the same"
    assert not told.finished


def test_a_file_gets_a_line_now_and_then_and_always_the_last_one() -> None:
    stream, clock = io.StringIO(), Clock()
    console = Console(stream, clock)
    for second in range(10):
        clock.now_s = second
        console(step(second))
    clock.now_s = 9.1
    console(step(10))
    assert stream.getvalue().splitlines() == [
        "jars 0/10 MB a.jar, 0 s",
        "jars 3/10 MB a.jar, 3 s",
        "jars 6/10 MB a.jar, 6 s",
        "jars 9/10 MB a.jar, 9 s",
        "jars 10/10 MB a.jar, 9 s",
    ]
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_shows_all_tasks_in_one_line() -> None:
    stream, clock = Terminal(), Clock()
    console = Console(stream, clock)
    console(step(3))
    console(step(4, task="env", item="b"))
    assert stream.getvalue().endswith("\r\x1b[2Kjars 3/10 MB a.jar  env 4/10 MB b, 0 s")


def test_a_finished_task_keeps_a_line_of_its_own() -> None:
    stream = Terminal()
    console = Console(stream, Clock())
    console(step(3, task="env"))
    console(step(10))
    assert "jars 10/10 MB a.jar, 0 s\n" in stream.getvalue()
    assert stream.getvalue().endswith("env 3/10 MB a.jar, 0 s")


def test_a_message_stands_on_a_line_of_its_own() -> None:
    stream = Terminal()
    console = Console(stream, Clock())
    console(step(3))
    console.say("hello")
    assert stream.getvalue().endswith("\r\x1b[2Khello\n")
