def found(*said: str) -> dict[str, object]:
    return {"headers": {"Authentication-Results": "; ".join(said)}}


CASES = {
    "spf": [
        ("[fail, softfail]", found("mx.example.com", "spf=softfail smtp.mailfrom=a@x.example"), {}),
        ("fail", found("MX.example.com 1", "SPF = FAIL"), found("mx.example.net", "spf=fail")),
        ("none", {}, found("mx.example.com", "spf=pass")),
        ("fail", found("mx.example.com", 'dkim=pass (spf=pass; x) x="; spf=pass"', "spf=fail"), {}),
    ],
    "dkim": [
        ("pass", found("mx.example.com", "dkim=fail header.d=a", "dkim/1=pass header.d=b"), {}),
        ("pass", found("(by; mx) mx.example.com (1)", "dkim=pass"), found("mx.example.com", "dkim=passed")),
    ],
    "dmarc": [
        (
            "fail",
            found("mx.example.com", "dmarc=fail (p=none) header.from=x"),
            found("mx.example.com", "none"),
        ),
        ("none", found("x mx.example.com", "dmarc=pass"), found("mx.example.com", "dmarc=pass")),
    ],
}
