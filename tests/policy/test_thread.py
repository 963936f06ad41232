"""Where C code may call back into Python; that it must not elsewhere, tests through Postfix have shown."""

import multiprocessing
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from postseal.policy.thread import called


def name() -> str:
    return threading.current_thread().name


def elsewhere() -> str:
    """The thread that a call from another thread than the main one runs in."""
    with ThreadPoolExecutor(1, thread_name_prefix="libmilter") as pool:
        return pool.submit(lambda: called(name)).result()


def test_called_in_the_main_thread_stays_there() -> None:
    assert called(name) == threading.main_thread().name


def test_called_in_another_thread_runs_in_one_of_ours() -> None:
    assert elsewhere().startswith("scan")


def test_called_raises_what_is_raised() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError):
        pool.submit(lambda: called(lambda: 1 // 0)).result()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_called_after_a_fork_has_threads_again() -> None:
    elsewhere()

    process = multiprocessing.get_context("fork").Process(
        target=lambda: os._exit(0 if elsewhere().startswith("scan") else 1)
    )
    process.start()
    process.join(30)

    assert process.exitcode == 0
