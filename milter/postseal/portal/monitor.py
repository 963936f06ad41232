"""What is for the administrator's machines alone: metrics, whether the process lives, whether it is ready.

It has an address of its own, which nothing in front of the portal passes on.
"""

import logging
import shutil
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from postseal import log
from postseal.errors import Failure
from postseal.portal.desk import Desk
from postseal.sealed.master import self_test

_log = logging.getLogger(__name__)

_ROOM: Final = 100 << 20
"""Octets that must be free for spools."""


def monitor(desk: Desk) -> Starlette:
    """The application for the administrator's machines."""

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(desk.count.registry), media_type=CONTENT_TYPE_LATEST)

    async def live(_: Request) -> Response:
        return PlainTextResponse("live\n")

    async def ready(_: Request) -> Response:
        problems = await run_in_threadpool(obstacles, desk)
        return PlainTextResponse(
            "".join(f"{one}\n" for one in problems) or "ready\n", 503 if problems else 200
        )

    ways = (("/metrics", metrics), ("/-/live", live), ("/-/ready", ready))
    return Starlette(routes=[Route(path, endpoint) for path, endpoint in ways])


def obstacles(desk: Desk) -> list[str]:
    """What keeps people from reading now."""
    found = []
    try:
        opened = desk.opened
        opened.store.write(lambda connection: connection.execute(select(1)).scalar())
        self_test(opened.keys)
    except Failure as failure:
        _log.warning("%s", log.line(event="not_ready", cause=failure.cause.value, why=failure.detail))
        found.append(
            "the store does not answer" if failure.cause == "store" else "the master keys do not answer"
        )
    try:
        if shutil.disk_usage(desk.spool.directory or "/tmp").free < _ROOM:  # noqa: S108 (the system's own)
            found.append("there is no room for spools")
    except OSError as error:
        found.append(f"the spool directory cannot be used: {error.strerror}")
    if not desk.post.reachable():
        found.append("the mail server does not answer")
    return found
