"""What a policy costs per message as it grows: 10 to 10,000 rules, 10 KiB and 1 MiB, plain and hostile text.

    make bench-policy [ARGS="--rounds 50"]

Every rule differs from every other; a fifth of them look into the text, half of these with patterns.  All
sizes take turns within one run, so that figures can be compared although the machine does other things,
too; what is printed is the median, in time of the processor but where other processes open files.  Two
goals: ten thousand rules cost at most twice what ten cost, and a text that was made for backtracking at
most 1.5 times what an ordinary one costs.  Mail with a document attached is judged by the same rules and by
as many that look into files for mail to the outside; to people inside no file is opened.  Loading is told
beside what libyaml alone needs to read the same file; the first time the patterns are compiled, too.
"""

import argparse
import base64
import gc
import io
import random
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import yaml

from postseal.envelope import Client, Envelope, Recipient
from postseal.message import Message
from postseal.policy import sample
from postseal.policy.load import load
from postseal.policy.policy import Policy
from postseal.settings.settings import Settings

SIZES = (10, 100, 1000, 10_000)
SENDER = "ann@hr.example.com"
RECIPIENTS = ("bob@mail.example", "cy@partner.example")
ENVELOPE = Envelope(SENDER, tuple(map(Recipient, RECIPIENTS)), Client("192.0.2.1", login="ann"))
COMMON = """the of and to in is you that it he was for on are as with his they at be this have from
or one had by"""


def word(chance: random.Random, least: int = 4, most: int = 10) -> str:
    return "".join(chance.choices("etaoinshrdlucmfwypvbgkjqxz", k=chance.randint(least, most)))


def rule(number: int, chance: random.Random) -> str:
    """The conditions of a mixed policy, by their usual frequency."""

    def domain() -> str:
        return f"{word(chance)}.example"

    written = {
        0: lambda: f"body_words: [{word(chance)}, {word(chance)} {word(chance)}, {word(chance, 5, 6)}]",
        1: lambda: (
            rf"body_matches: ['\b{word(chance, 3, 3)}-\d{{4,6}}\b', '{word(chance)}\s+(no|nr)\.?\s*\d+']"
            if number % 20 < 10
            else rf"subject_or_body_matches: '\b[A-Z]{{2}}{number % 90 + 10}\d{{{number % 7 + 6}}}\b'"
        ),
        2: lambda: f"sender_domain: [{domain()}, {domain()}], recipient_scope: outside",
        3: lambda: f"sender_domain: hr.example.com, recipient_domain: {domain()}",
        4: lambda: f"recipient_domain: [{domain()}, {domain()}]",
        5: lambda: f"recipient: {word(chance)}@{domain()}",
        6: lambda: f"sender: {word(chance)}@{domain()}, size_over: 1MiB",
        7: lambda: f"subject_words: ['[{word(chance)}]', {word(chance)} {word(chance)}]",
        8: lambda: f"header_words: {{X-{word(chance, 3, 3)}: {word(chance)}, List-Id: {word(chance)}}}",
        9: lambda: f"any: [{{sender: {word(chance)}@{domain()}}}, {{recipient_domain: {domain()}}}]",
    }[number % 10]()
    action = ("protect: [smime]", "sign: true", "add_header: {X-Seen: 'yes'}")[number % 3]
    return f"  - {{name: rule {number}, when: {{{written}}}, then: {{{action}}}}}\n"


def text(size: int, chance: random.Random) -> str:
    """An ordinary letter: common words and some that are rare, in lines."""
    words: list[str] = []
    while sum(map(len, words)) + len(words) < size:
        words += [*chance.choices(COMMON.split(), k=8), word(chance)]
        if chance.random() < 0.05:
            words.append(f"\r\n{chance.randint(10, 10**9)}")
    lines = " ".join(words)[:size]
    return "\r\n".join(lines[start : start + 76] for start in range(0, size, 76))


def hostile(size: int, chance: random.Random) -> dict[str, str]:
    """Texts that make other matchers slow: long runs, and what almost matches, over and over."""
    almost = "".join(
        f"{word(chance, 3, 3)}-12a{chr(chance.randint(65, 90))}X12345 no no. nr " for _ in range(999)
    )
    return {
        "one letter": "a" * size,
        "digits": "1" * size,
        "spaces": " " * (size - 2) + "no",
        "almost": (almost * (size // len(almost) + 1))[:size],
        "marks": "-_.[" * (size // 4),
    }


def mail(body: str) -> Message:
    lines = "\r\n".join(body[start : start + 900] for start in range(0, len(body), 900))
    return sample.composed(SENDER, RECIPIENTS, subject="Minutes of the meeting", body=lines)


def about_files(number: int, chance: random.Random) -> str:
    """A rule that looks into attachments."""
    written = {
        0: lambda: f"attachment_words: [{word(chance)}, {word(chance)} {word(chance)}]",
        1: lambda: rf"attachment_matches: '\b{word(chance, 3, 3)}-\d{{4,6}}\b'",
        2: lambda: f"attachment_name_words: [{word(chance)}, {word(chance)}]",
        3: lambda: f"attachment_extension: [{word(chance, 5, 5)}]",
    }[number % 4]()
    return (
        f"  - {{name: file {number}, when: {{recipient_scope: outside, {written}}}, then: {{sign: true}}}}\n"
    )


def loaded(count: int, folder: Path, *, files: bool = False) -> tuple[Policy, list[float], float]:
    """A policy of *count* rules, the seconds to load it for the first time and again, and libyaml's own.

    *files*: as many rules again that look into attachments.
    """
    chance = random.Random(count)
    policies = folder / f"{count}-{files}"
    policies.mkdir()
    rules = "".join(rule(number, chance) for number in range(count))
    if files:
        rules += "".join(about_files(number, chance) for number in range(count))
    (policies / "10.yaml").write_text(f"rules:\n{rules}")
    settings = Settings(policies=policies, accepted_domains=("hr.example.com",), runtime_directory=folder)
    seconds = []
    for _ in range(4):
        began = time.process_time()
        policy = load(settings, {"smime"})
        seconds.append(time.process_time() - began)
    gc.disable()
    began = time.process_time()
    yaml.compose((policies / "10.yaml").read_text(), Loader=yaml.CSafeLoader)
    bare = time.process_time() - began
    gc.enable()
    return policy, [seconds[0], min(seconds[1:])], bare


def milliseconds(
    policy: Policy,
    message: Message,
    envelope: Envelope = ENVELOPE,
    clock: Callable[[], float] = time.process_time,
) -> float:
    began = clock()
    policy.decide(message, envelope)
    return 1000 * (clock() - began)


def with_document(body: str) -> Message:
    """A message with *body* in a Word document."""
    document = text_docx(body)
    parts = (
        "--b\r\nContent-Type: text/plain\r\n\r\nSee the document.\r\n"
        "--b\r\nContent-Type: application/octet-stream; name=minutes.docx\r\n"
        "Content-Disposition: attachment\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(document).decode()}\r\n--b--\r\n"
    )
    headers = {"Content-Type": "multipart/mixed; boundary=b"}
    return sample.composed(SENDER, RECIPIENTS, subject="Minutes", headers=headers, body=parts)


def text_docx(body: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        paragraphs = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in body.splitlines())
        file.writestr("word/document.xml", f'<w:document xmlns:w="w">{paragraphs}</w:document>')
    return buffer.getvalue()


def documents(folder: Path, rounds: int, chance: random.Random) -> int:
    """Mail with a document, to the outside and to people inside; how many goals were missed."""
    few, many = (loaded(count, folder, files=True)[0] for count in (SIZES[0], SIZES[-1]))
    message = with_document(text(100 << 10, chance))
    inside = Envelope(SENDER, (Recipient("dora@hr.example.com"),), Client("192.0.2.1", login="ann"))
    cases = {"few": (few, ENVELOPE), "many": (many, ENVELOPE), "inside": (many, inside)}
    spent: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, (policy, envelope) in cases.items():
            spent.setdefault(name, []).append(milliseconds(policy, message, envelope, time.perf_counter))
    cost = {name: statistics.median(each) for name, each in spent.items()}
    ratio = cost["many"] / cost["few"]
    print("\na document of 100 KiB of text, half of the rules look into files")
    print(f"  {2 * SIZES[0]:6} rules  {cost['few']:8.3f} ms")
    print(f"  {2 * SIZES[-1]:6} rules  {cost['many']:8.3f} ms  {ratio:.2f} times (goal: at most 2)")
    print(f"  to people inside  {cost['inside']:8.3f} ms  {cost['inside'] / cost['many']:.2f} times")
    return ratio > 2


def medians(
    policies: dict[int, Policy], messages: dict[str, Message], rounds: int
) -> dict[tuple[int, str], float]:
    spent: dict[tuple[int, str], list[float]] = {}
    for _ in range(rounds):
        for count, policy in policies.items():
            for name, message in messages.items():
                spent.setdefault((count, name), []).append(milliseconds(policy, message))
    return {key: statistics.median(each) for key, each in spent.items()}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--rounds", type=int, default=40)
    rounds = options.parse_args().rounds
    chance = random.Random(1)
    missed = 0
    with tempfile.TemporaryDirectory() as directory:
        policies = {}
        for count in SIZES:
            policies[count], (first, again), bare = loaded(count, Path(directory))
            print(
                f"load {count:6} rules: {first:6.2f} s, again {again:6.2f} s, "
                f"{first / bare:.1f} and {again / bare:.1f} times what libyaml needs to read them",
                flush=True,
            )
        missed += documents(Path(directory), max(3, rounds // 2), chance)
    for name, size in (("10 KiB", 10 << 10), ("1 MiB", 1 << 20)):
        messages = {"ordinary": mail(text(size, chance))}
        messages |= {each: mail(body) for each, body in hostile(size, chance).items()}
        found = medians(policies, messages, max(3, rounds // (1 if size < 1 << 20 else 8)))
        print(f"\n{name}, ordinary text")
        for count in SIZES:
            cost = found[count, "ordinary"]
            print(f"  {count:6} rules  {cost:8.3f} ms  {1000 / cost:8.0f} messages/s")
        ratio = found[SIZES[-1], "ordinary"] / found[SIZES[0], "ordinary"]
        missed += ratio > 2
        print(f"  {SIZES[-1]} rules cost {ratio:.2f} times what {SIZES[0]} cost (goal: at most 2)")
        print(f"{name}, hostile text, {SIZES[-1]} rules")
        for each in messages:
            ratio = found[SIZES[-1], each] / found[SIZES[-1], "ordinary"]
            missed += ratio > 1.5
            print(f"  {each:10} {found[SIZES[-1], each]:8.3f} ms  {ratio:.2f} times (goal: at most 1.5)")
    print(f"\n{missed or 'no'} goal{'' if missed == 1 else 's'} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
