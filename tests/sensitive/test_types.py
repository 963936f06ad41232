"""Types as administrators write them, and what the detector makes of texts."""

import time
from pathlib import Path

import pytest

from postseal.errors import BadInput, Failure
from postseal.policy.pattern import seen
from postseal.policy.sensitive import detector as detectors
from postseal.policy.sensitive.library import Library

TYPES = Path(__file__).parents[2] / "policies" / "types"


def found(folder: Path, types: str, text: str) -> dict[str, int]:
    """What is found of the type `own`, with the confidence of each."""
    (folder / "own.yaml").write_text(types)
    library = Library(folder)
    assert library["own"]
    hits = library.detector().found(seen(text)).get("own", {})
    return {hit.written: hit.confidence for hit in hits.values()}


def own(rest: str, *, find: str = r"'\d{6}'", before: str = "") -> str:
    return f"{before}\ntypes:\n- name: own\n  find: {find}\n  {rest}\n"


ALONE = "patterns: [{confidence: 85}]"


def test_different_ones_count_once(tmp_path: Path):
    assert found(tmp_path, own(ALONE, find=r"'\d{3}[ -]?\d{3}'"), "123456 123-456 123 456 654321") == {
        "123456": 85,
        "654321": 85,
    }


@pytest.mark.parametrize("text", ["1234567", "x123456", "123456y", "0.123456", "123456-7", "12-123456"])
def test_number_within_another_is_none(tmp_path: Path, text: str):
    assert found(tmp_path, own(ALONE), text) == {}


def test_number_behind_another_that_fails_is_found(tmp_path: Path):
    types = own(f"check: luhn\n  {ALONE}", find=r"'\d{4}(?: \d{4}){3}'")

    assert found(tmp_path, types, "house 1234 4532 0151 1283 0366") == {"4532 0151 1283 0366": 85}


@pytest.mark.parametrize(
    ("evidence", "text", "expected"),
    [
        pytest.param("{words: [case, file no]}", "case 123456", True, id="before"),
        pytest.param("{words: [case, file no]}", "123456 file  NO", True, id="behind"),
        pytest.param("{words: case}", "showcase 123456", False, id="part-of-a-word"),
        pytest.param("{words: case, within: 10}", "case " + "x" * 8 + " 123456", False, id="far"),
        pytest.param("{words: case, within: 10}", "case é é é 123456", True, id="characters-not-octets"),
        pytest.param(
            "{words: case, within: anywhere}", "case " + "x" * 5000 + " 123456", True, id="anywhere"
        ),
        pytest.param("{words: case, at_least: 2}", "case 123456", False, id="once"),
        pytest.param("{words: case, at_least: 2}", "case 123456 case", True, id="twice"),
        pytest.param("{words: test, at_least: 0, at_most: 0}", "test 123456", False, id="negative"),
        pytest.param("{words: test, at_least: 0, at_most: 0}", "123456", True, id="negative-absent"),
        pytest.param(r"{matches: '\bA-\d\b'}", "A-1 123456", True, id="pattern"),
        pytest.param("[{words: a}, {words: b}]", "a 123456", False, id="all-of-the-evidence"),
        pytest.param(
            "{any: [{words: a}, {words: b}, {words: c}], at_least: 2}", "a c 123456", True, id="any"
        ),
        pytest.param(
            "{any: [{words: a}, {words: b}, {words: c}], at_least: 2}", "a a 123456", False, id="any-1"
        ),
        pytest.param(
            "{any: [{words: a}, {words: b}], at_least: 1, at_most: 1}", "a b 123456", False, id="exactly"
        ),
        pytest.param("{keywords: named}", "from the list 123456", True, id="named-list"),
    ],
)
def test_evidence(tmp_path: Path, evidence: str, text: str, expected: bool):
    types = own(
        f"patterns: [{{confidence: 85, evidence: {evidence}}}]", before="keywords: {named: [the list]}"
    )

    assert bool(found(tmp_path, types, text)) is expected


def test_the_greatest_confidence_counts(tmp_path: Path):
    types = own("patterns: [{confidence: 65}, {confidence: 85, evidence: {words: case}}]")

    assert found(tmp_path, types, "123456 " + "x " * 300 + "case 654321") == {"123456": 65, "654321": 85}


@pytest.mark.parametrize(
    ("rest", "good", "bad"),
    [
        pytest.param("check: {weights: [1, 2, 3, 4, 5, 6], modulus: 7}", "000015", "000016", id="weights"),
        pytest.param("check: {date: '%y%m%d'}", "991231", "991331", id="date"),
        pytest.param("check: {date: '%d%m', at: 2}", "993112", "993113", id="date-further-on"),
        pytest.param("exclude: {values: ['123-456']}", "123457", "123456", id="values"),
        pytest.param("exclude: {begins: ['00']}", "100000", "001000", id="begins"),
        pytest.param("exclude: {ends: ['99']}", "100000", "100099", id="ends"),
        pytest.param("exclude: {same_digits: true}", "111112", "111111", id="same-digits"),
    ],
)
def test_checks_and_exclusions(tmp_path: Path, rest: str, good: str, bad: str):
    assert found(tmp_path, own(f"{rest}\n  {ALONE}"), f"{bad} {good}") == {good: 85}


@pytest.mark.parametrize(
    ("types", "what"),
    [
        pytest.param(
            "types: [{name: a, patterns: [{confidence: 85}]}]", "nothing says what 'a' looks like", id="find"
        ),
        pytest.param(own("check: lunh\n  " + ALONE), "unknown check 'lunh'", id="check"),
        pytest.param(own("patterns: [{confidence: 300}]"), "bad confidence '300'", id="confidence"),
        pytest.param(
            own("patterns: [{confidence: 85, evidence: {at_least: 1}}]"), "no evidence here", id="evidence"
        ),
        pytest.param(
            own("patterns: [{confidence: 85, evidence: {keywords: x}}]"), "unknown list 'x'", id="list"
        ),
        pytest.param(
            own(ALONE) + own(ALONE).strip().replace("types:\n", ""), "another type 'own'", id="twice"
        ),
        pytest.param(own(ALONE) + "bundles: [{name: b, types: [c]}]", "there is no type 'c'", id="bundle"),
        pytest.param(own(ALONE, find="'(?=x)'"), "bad pattern", id="pattern"),
    ],
)
def test_bad_types_are_told(tmp_path: Path, types: str, what: str):
    (tmp_path / "own.yaml").write_text(types)

    with pytest.raises(BadInput) as raised:
        list(Library(tmp_path))

    assert what in str(raised.value)
    assert "own.yaml:" in str(raised.value)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("credit_cart", "unknown sensitive type 'credit_cart'"),
        ("{type: iban, at_least: 3, at_most: 2}", "'at_most' is less than 'at_least'"),
        ("{type: iban, at_least: 501}", "nobody counts beyond 500"),
        ("{type: iban, sure: high}", "unknown key 'sure'"),
        ("{at_least: 2}", "'type' is missing"),
        ("{all: [iban], type: iban}", "cannot stand beside 'all'"),
        ("[]", "there is nothing asked here"),
    ],
)
def test_bad_questions_are_told(tmp_path: Path, value: str, what: str):
    from postseal.policy.load import load  # noqa: PLC0415
    from postseal.settings.settings import Settings  # noqa: PLC0415

    (tmp_path / "types").symlink_to(TYPES)
    (tmp_path / "1.yaml").write_text(
        f"rules: [{{name: r, when: {{sensitive: {value}}}, then: {{sign: true}}}}]"
    )

    with pytest.raises(BadInput) as raised:
        load(Settings(policies=tmp_path), {"smime"})

    assert what in str(raised.value)


def test_digits_by_the_megabyte_take_linear_time(tmp_path: Path):
    library = Library(TYPES)
    for name in library:
        assert library[name]
    detector = library.detector()
    text = (b"passport ssn credit card 4532 0151 1283 0367 " * 30_000)[: 1 << 20]
    begin = time.process_time()

    detector.found(text)

    assert time.process_time() - begin < 30


def test_too_many_candidates_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(detectors, "CANDIDATES", 10)

    with pytest.raises(Failure, match="too many candidates"):
        found(tmp_path, own(f"check: luhn\n  {ALONE}"), "123456 " * 11)
