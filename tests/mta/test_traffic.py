"""A sign of life goes out while work lasts, and never after it."""

import threading
import time

from postseal.mta.traffic import Pulse
from processes import eventually


def test_pulse_long_work_beats_until_it_ends() -> None:
    pulse, beats = Pulse(0.05), []

    with pulse.beating(lambda: beats.append(1)):
        eventually(lambda: len(beats) >= 3)
    after = len(beats)
    time.sleep(0.2)

    assert len(beats) == after


def test_pulse_short_work_is_silent() -> None:
    pulse, beats = Pulse(10), []

    with pulse.beating(lambda: beats.append(1)):
        pass

    assert not beats


def test_pulse_beat_under_way_is_waited_for() -> None:
    pulse, inside, over = Pulse(0.01), threading.Event(), []

    def slow() -> None:
        inside.set()
        time.sleep(0.2)
        over.append(1)

    with pulse.beating(slow):
        inside.wait(60)

    assert over


def test_pulse_failing_beat_does_not_end_the_others() -> None:
    pulse, beats = Pulse(0.02), []

    def dead() -> None:
        raise OSError("gone")

    with pulse.beating(dead), pulse.beating(lambda: beats.append(1)):
        eventually(lambda: len(beats) > 2)
