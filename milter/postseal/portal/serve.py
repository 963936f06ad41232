"""The process of the portal: its sockets, its signals, and what it tells systemd.

One process serves; more of them stand beside each other, each with a number, and share the database alone.
A stop waits for the answers under way and the passcodes that wait to be mailed.
"""

import asyncio
import contextlib
import socket
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import uvicorn

from postseal.accounts import load as accounts
from postseal.accounts import secret
from postseal.body import Spool
from postseal.branding.branding import Branding
from postseal.branding.load import FOLDER
from postseal.branding.shelf import Shelf
from postseal.errors import BadInput, Failure, Place, Problem
from postseal.finisher import Finisher, forked
from postseal.methods.ome import OmeMethod
from postseal.people import members
from postseal.people.members import Members
from postseal.policy import templates
from postseal.portal import ceremonies, overseers
from postseal.portal.app import app
from postseal.portal.count import Count
from postseal.portal.desk import Desk
from postseal.portal.listening import (
    QUIET,
    Public,
    Server,
    configured,
    keep_to_itself,
    listening,
    nth,
    serving,
)
from postseal.portal.monitor import monitor
from postseal.portal.outgoing import Outgoing, Round
from postseal.portal.overseers import Overseers
from postseal.portal.post import Post
from postseal.portal.telephone import Telephones
from postseal.replying.dispatch import Dispatch
from postseal.replying.forwards import Forwards
from postseal.replying.original import Inside
from postseal.replying.read_notice import Telling
from postseal.replying.replies import Replies
from postseal.sealed import source
from postseal.settings import settings as settings_file
from postseal.settings.settings import Settings
from postseal.settings.sign_in import PASSKEY
from postseal.store.engine import Store
from postseal.store.journal import Journal
from postseal.store.ring import Ring
from postseal.submission import Submission
from postseal.watched import Watched


def run(path: Path, instance: int) -> None:
    """Serve with the settings file *path* until told to stop.  Raises BadInput."""
    keep_to_itself()
    settings = settings_file.load(path)
    if not settings.ome.portal:
        raise _bad(path, "there is no portal (ome: portal)", "write the portal's address: https://HOST")
    if not settings.submit_to:
        raise _bad(path, "passcodes cannot be sent (submit_to)", "name the listener without the milter")
    finisher = _finisher(settings)
    desk = _desk(settings, finisher)
    portal = settings.portal
    with contextlib.ExitStack() as opened:
        try:
            public, private = (
                opened.enter_context(listening(nth(address, instance)))
                for address in (portal.listen, portal.metrics)
            )
            portal.spool_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _bad(path, f"portal: {error.filename or portal.listen}: {error.strerror}", "") from None
        _note_super_users(desk)
        desk.post.start()
        rounds = [each for each in (desk.outgoing, desk.telling) if each]
        for each in rounds:
            each.start()
        asyncio.run(_serve(desk, public, private))
        for each in rounds:
            each.stop(portal.stop)
        desk.post.stop(portal.stop)


def _note_super_users(desk: Desk) -> None:
    """Tell log and audit who the super users are, if that has changed."""
    named = desk.settings.portal.super_users
    try:
        overseers.note(named, desk.opened.audit, desk.clock())
    except Failure as failure:
        if desk.overseers is not None:  # nobody may be one of whom the audit cannot be told
            raise _bad(Path("portal: super_users"), f"the audit cannot be told: {failure}", "") from None


def _finisher(settings: Settings) -> Finisher | None:
    """Who notes which mails have left, even if this process is killed; forked before anything is opened."""
    return forked(lambda: Journal(Store(settings.store, timeout=settings.store_timeout)), _now)


def _desk(settings: Settings, finisher: Finisher | None) -> Desk:
    host, port = _where(settings.submit_to)
    count = Count()
    telephones = Telephones(settings.sign_in.sms) if settings.sign_in.sms else None
    post = Post(
        *(host, port),
        timeout=settings.submit_timeout,
        name=socket.gethostname(),
        count=count,
        telephones=telephones,
    )
    ring = Ring(settings.store, timeout=settings.store_timeout, keys=source.load(settings.ome))
    spool = Spool(settings.portal.spool_directory, settings.memory_body)
    providers = accounts.load(settings.sign_in)
    shelf = Shelf(settings.policies / FOLDER)
    ceremony = ceremonies.load("sign_in: passkeys") if settings.sign_in.passkeys else None
    desk = Desk(settings, ring, spool, post, count, _now, shelf, providers=providers, ceremony=ceremony)
    desk = replace(
        desk,
        telephones=telephones,
        telling=_telling(desk, finisher),
        members=_members(settings),
        overseers=_overseers(settings),
    )
    return replace(desk, outgoing=_outgoing(desk, finisher)) if settings.portal.replies.submit_to else desk


def _members(settings: Settings) -> Members | None:
    """Who says who is on which list."""
    lists = settings.portal.lists
    value = partial(secret.read, lists.authorization, lists.place) if lists.authorization else str
    return members.load(lists, settings.directory, authorization=value)


def _overseers(settings: Settings) -> Overseers | None:
    """The super users."""
    ways = [each.name for each in settings.sign_in.providers]
    ways += [PASSKEY] if settings.sign_in.passkeys else []
    return overseers.load(settings.portal.super_users, settings.directory, ways)


def _outgoing(desk: Desk, finisher: Finisher | None) -> Outgoing:
    """What takes replies and carries them out."""
    settings, ring, spool, count = desk.settings, desk.ring, desk.spool, desk.count
    name, limits = socket.gethostname(), settings.portal.replies
    sender = settings_file.replies_from(settings, name)
    granting = Watched(settings.policies / templates.FOLDER, templates.load, "templates")
    inside, outside = (
        Submission(*_where(address), settings.submit_timeout, name, None)
        for address in (limits.submit_to, settings.submit_to)
    )
    replies = Replies(
        limits,
        ring=ring,
        sender=sender,
        inside=Inside(settings.accepted_domains),
        spool=spool,
        clock=_now,
        templates=lambda: granting.now().offered,
    )
    method = OmeMethod(settings.ome, ring, spool, clock=_now, brandings=desk.shelf)
    forwards = Forwards(
        settings.portal.forwards,
        settings.ome,
        ring=ring,
        method=method,
        branding=desk.shelf.find,
        sender=sender,
        spool=spool,
        clock=_now,
        give_up=limits.give_up,
    )
    dispatch = Dispatch(
        ring,
        method,
        inside,
        outside,
        sender,
        desk.shelf.find,
        spool,
        _now,
        lambda result: count.replies.labels(result).inc(),
        finisher,
        lambda word: granting.now().get(word),
    )
    return Outgoing(replies, forwards, dispatch, count)


def _telling(desk: Desk, finisher: Finisher | None) -> Round:
    """What tells senders that somebody has read."""
    settings, count, name = desk.settings, desk.count, socket.gethostname()

    def page(branding: Branding) -> str:
        return f"{branding.portal or settings.ome.portal}/sent" if settings.portal.senders else ""

    telling = Telling(
        desk.ring,
        Submission(*_where(settings.submit_to), settings.submit_timeout, name, None),
        settings_file.notices_from(settings, name),
        Inside(settings.accepted_domains),
        desk.shelf.find,
        page,
        _now,
        lambda result: count.notices.labels(result).inc(),
        finisher,
    )
    return Round("read_notices", telling.turn, lambda: count.untold.set(telling.waiting()))


def _where(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _now() -> datetime:
    return datetime.now(UTC)


async def _serve(desk: Desk, public: socket.socket, private: socket.socket) -> None:
    portal = desk.settings.portal
    config = configured(
        app(desk),
        public,
        proxies=portal.proxies,
        stop=portal.stop,
        certificate=portal.certificate,
        key=portal.key,
        dropped=lambda why: desk.count.dropped.labels(why).inc(),
    )
    beside = Server(uvicorn.Config(monitor(desk), proxy_headers=False, **QUIET))  # type: ignore[arg-type]
    watching = asyncio.create_task(beside.serve([private]))
    await serving(Public(config, "portal_ready"), public)
    beside.should_exit = True
    await watching


def _bad(path: Path, what: str, hint: str) -> BadInput:
    return BadInput([Problem(Place(str(path)), what, hint)])
