"""What is said about a message when it has been answered: one log line, and the counters."""

import logging
from collections import Counter
from collections.abc import Collection, Mapping

from postseal import log
from postseal.envelope import Envelope
from postseal.metrics import Metrics
from postseal.outcome import Held, Outcome, Reply
from postseal.treatment import Severity, Treatment

_log = logging.getLogger("postseal.mail")


def report(
    metrics: Metrics,
    envelope: Envelope,
    treatments: Collection[Treatment],
    outcome: Outcome,
    *,
    seconds: Mapping[str, float],
) -> None:
    """Count and log *outcome*; *seconds* by stage."""
    for stage, spent in seconds.items():
        metrics.seconds.labels(stage).observe(spent)
    hits = Counter(rule for treatment in treatments for rule in treatment.rules)
    audited = Counter(rule for treatment in treatments for rule in treatment.audited)
    for mode, counted in (("enforce", hits), ("audit", audited)):
        for rule, count in counted.items():
            metrics.rule_hit(rule, mode, count)
    overridden = [each for treatment in treatments for each in treatment.overridden]
    metrics.overridden.inc(len(overridden))
    metrics.deleted.inc(sum(treatment.deleted for treatment in treatments))
    fields: dict[str, object] = {
        "queue_id": envelope.queue_id or "-",
        "from": f"<{envelope.sender}>",
        "nrcpt": len(envelope.recipients),
        "rules": ",".join(hits),
        "audited": ",".join(audited),
        "overridden": ",".join(dict.fromkeys(each.rule for each in overridden)),
        "justification": next((each.reason for each in overridden if each.reason), ""),
        "severity": _severity(treatments),
        "deleted": sum(treatment.deleted for treatment in treatments) or "",
    }
    notices = _notices(treatments, outcome)
    for kind, count in notices.items():
        metrics.notices.labels(kind).inc(count)
    fields["notices"] = ",".join(f"{kind}:{count}" for kind, count in notices.items())
    level = logging.INFO
    if isinstance(outcome, Reply):
        result = "deferred" if outcome.code < 500 else "rejected"
        fields |= {"result": result, "cause": outcome.cause, "reply": outcome, "detail": outcome.detail}
        if outcome.cause:
            metrics.errors.labels(outcome.cause.value).inc()
            level = logging.ERROR if result == "deferred" else logging.WARNING
    elif isinstance(outcome, Held):
        result = "held"
        fields |= {"result": result, "cause": outcome.cause}
        fields |= {"reason": outcome.reason, "detail": outcome.detail}
        if outcome.cause:
            metrics.errors.labels(outcome.cause.value).inc()
        level = logging.WARNING  # nobody but an administrator lets it go
    else:
        result = "accepted"
        words = Counter(copy.method + ("+signed" if copy.signed else "") for copy in outcome)
        required = Counter(str(copy.tls.level) for copy in outcome if copy.tls)
        fields["tls"] = ",".join(f"{level}:{count}" for level, count in sorted(required.items()))
        for strictness, copies in required.items():
            metrics.required_tls.labels(strictness).inc(copies)
        fields |= {"copies": ",".join(f"{word}:{count}" for word, count in words.items()), "result": result}
        for copy in outcome:
            metrics.copies.labels(copy.method, str(copy.signed).lower()).inc()
    metrics.messages.labels(result).inc()
    fields["ms"] = round(1000 * sum(spent for stage, spent in seconds.items() if stage != "receive"))
    _log.log(level, "%s", log.line(**fields))


def _severity(treatments: Collection[Treatment]) -> str:
    """The highest one; "" if no rule has any."""
    highest = max(
        (treatment.severity for treatment in treatments), key=lambda s: s.rank, default=Severity.NONE
    )
    return "" if highest is Severity.NONE else highest


def _notices(treatments: Collection[Treatment], outcome: Outcome) -> Counter[str]:
    """How many letters of which kind were sent."""
    if isinstance(outcome, Reply) and outcome.code < 500:
        return Counter()
    sent = {(each.kind, each.to, each.rule) for treatment in treatments for each in treatment.notices}
    journals = {each for treatment in treatments for each in treatment.journals}
    kept = len(journals) if isinstance(outcome, list) and any(not copy.back for copy in outcome) else 0
    return Counter(sorted([*(str(kind) for kind, _, _ in sent), *("journal",) * kept]))
