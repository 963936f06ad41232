"""What a portal process counts.  Labels are routes and words of ours, never an address or a handle."""

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_MAIL_SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
EVENTS: Final = (
    *("posted", "code_asked", "code_limited", "code_right", "code_wrong", "code_spent"),
    *(
        "shown",
        "fetched",
        "copied",
        "replied",
        "forwarded",
        "admitted",
        "overseen",
        "refused",
        "gone",
        "tampered",
    ),
    *("tampered", "foreign", "signed_out"),
    *("withdrawn", "restored", "extended"),
)
MAILS: Final = ("accepted", "refused", "given_up")
REPLIES: Final = ("sent", "deferred", "failed")


class Count:
    """The counters of this process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "postseal_portal_requests",
            "Requests answered, by route and class of status.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "postseal_portal_request_seconds",
            "From a request to the end of its answer, by route.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.events = Counter(
            "postseal_portal_events",
            "What became of requests, in words.",
            ["event"],
            registry=self.registry,
        )
        self.mails = Counter(
            "postseal_portal_passcode_mails",
            "Mails with a passcode, by what became of them.",
            ["result"],
            registry=self.registry,
        )
        self.texts = Counter(
            "postseal_portal_passcode_texts",
            "Text messages with a passcode, by what became of them.",
            ["result"],
            registry=self.registry,
        )
        self.mail_seconds = Histogram(
            "postseal_portal_passcode_mail_seconds",
            "From asking for a passcode to the moment when the MTA has its mail.",
            buckets=_MAIL_SECONDS,
            registry=self.registry,
        )
        self.sign_ins = Counter(
            "postseal_portal_sign_ins",
            "Attempts to sign in, by method, provider and result.",
            ["method", "provider", "result"],
            registry=self.registry,
        )
        self.dropped = Counter(
            "postseal_portal_connections_dropped",
            "Connections that were cut off, by reason.",
            ["why"],
            registry=self.registry,
        )
        self.failures = Counter(
            "postseal_portal_failures", "Requests that failed, by cause.", ["cause"], registry=self.registry
        )
        self.replies = Counter(
            "postseal_portal_replies",
            "Copies of replies, by what became of a try.",
            ["result"],
            registry=self.registry,
        )
        self.waiting = Gauge(
            "postseal_portal_replies_waiting", "Replies that have to leave.", registry=self.registry
        )
        self.notices = Counter(
            "postseal_portal_read_notices",
            "Mails to senders that somebody has read, by what became of a try.",
            ["result"],
            registry=self.registry,
        )
        self.untold = Gauge(
            "postseal_portal_read_notices_waiting", "Senders who have to be told.", registry=self.registry
        )
        self.oldest = Gauge(
            "postseal_portal_oldest_reply_seconds", "Age of the oldest of them.", registry=self.registry
        )
        for event in EVENTS:  # a counter that is not there yet cannot be alerted on
            self.events.labels(event)
        for result in MAILS:
            self.mails.labels(result)
            self.texts.labels(result)
        for result in REPLIES:
            self.replies.labels(result)
            self.notices.labels(result)
        for why in ("slow", "crowded"):
            self.dropped.labels(why)
        for cause in ("store", "keys", "directory", "internal"):
            self.failures.labels(cause)

    def event(self, name: str) -> None:
        """Count one of `EVENTS`."""
        self.events.labels(name).inc()

    def sign_in(self, method: str, provider: str, result: str) -> None:
        """Count what became of an attempt to sign in: `good`, or why not."""
        self.sign_ins.labels(method, provider, result).inc()

    def outbox(self, number: int, seconds: float) -> None:
        """*number* replies wait, the oldest for *seconds*."""
        self.waiting.set(number)
        self.oldest.set(seconds)
