"""Made-up numbers of every sensitive information type: good ones, and others that only look like them.

A template says what a number looks like: `#` a digit, `@` a letter, `&` either, `<date>` a date in the form
of strftime, `[abc]` one of these.  Of random numbers of that look those are good that pass the check.  The
checks are python-stdnum's, or reckoned here in other words than in the types.
"""

import random
import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import import_module

ALNUM = string.digits + string.ascii_uppercase


@dataclass(frozen=True)
class Kind:
    """How numbers of one type are made.  *words*: the evidence, "" if none is needed."""

    template: str
    words: str = ""
    valid: Callable[[str], bool] | None = None


def standard(name: str) -> Callable[[str], bool]:
    module = import_module(f"stdnum.{name}")
    return lambda value: bool(module.is_valid(value))


def icao(value: str) -> bool:
    """The check digit of ICAO Doc 9303, part 3, 4.9."""
    *body, last = value
    total = sum(ALNUM.index(each) * (7, 3, 1)[at % 3] for at, each in enumerate(body))
    return total % 10 == int(last)


def dea(value: str) -> bool:
    a, b, c, d, e, f, check = map(int, value[2:])
    return (a + c + e + 2 * (b + d + f)) % 10 == check


def spanish(value: str) -> bool:
    digits = re.sub(r"\D", "", value)
    return int(digits[:10]) % 97 == int(digits[10:])


def polish_card(value: str) -> bool:
    """Dowód osobisty: the check digit is the first digit."""
    body = [ALNUM.index(each) for each in value if each != " "]
    weights = (7, 3, 1, None, 7, 3, 1, 7, 3)
    total = sum(number * weight for number, weight in zip(body, weights, strict=True) if weight)
    return total % 10 == body[3]


def polish_passport(value: str) -> bool:
    body = [ALNUM.index(each) for each in value]
    total = sum(number * weight for number, weight in zip(body, (7, 3, 0, 1, 7, 3, 1, 7, 3), strict=True))
    return total % 10 == body[2]


def medicare(value: str) -> bool:
    digits = [int(each) for each in value if each.isdigit()]
    return sum(a * b for a, b in zip(digits, (1, 3, 7, 9, 1, 3, 7, 9), strict=False)) % 10 == digits[8]


def hong_kong(value: str) -> bool:
    letter, digits, check = value[0], value[1:7], value.rstrip(")")[-1]
    total = (
        9 * 36
        + 8 * ALNUM.index(letter)
        + sum(int(d) * w for d, w in zip(digits, range(7, 1, -1), strict=True))
    )
    return (total + ALNUM.index(check)) % 11 == 0


KINDS = {
    "credit_card": Kind("4### #### #### ####", "credit card", standard("luhn")),
    "eu_debit_card": Kind("67## #### #### ####", "Kartennummer", standard("luhn")),
    "iban": Kind("DE## #### #### #### #### ##", "", standard("iban")),
    "swift_bic": Kind("@@@@[DFGIN][EBRTL]&&", "SWIFT code", standard("bic")),
    "us_aba_routing": Kind("[0123]########", "routing number", standard("us.rtn")),
    "us_bank_account": Kind("##########", "checking account"),
    "us_ssn": Kind("###-##-####", "SSN", standard("us.ssn")),
    "us_itin": Kind("9##-##-####", "ITIN", standard("us.itin")),
    "us_uk_passport": Kind("#########", "passport number"),
    "us_driver_licence": Kind("@#######", "driver license of California"),
    "us_dea_number": Kind("[ABF]@#######", "", dea),
    "us_medicare_beneficiary": Kind("[123][ACDEFG][HJKMN]#-[PQRT][UVWXY]#-[ACDE][FGHJ]##", "Medicare number"),
    "icd_10_cm": Kind("[ABCDEF]##.#", "diagnosed with hypertension"),
    "icd_9_cm": Kind("###.##", "diagnosis"),
    "ca_sin": Kind("[1-7]## ### ###", "social insurance number", standard("ca.sin")),
    "br_cpf": Kind("###.###.###-##", "", standard("br.cpf")),
    "br_cnpj": Kind("##.###.###/0001-##", "", standard("br.cnpj")),
    "ip_address": Kind("[12]##.[1-9]#.[1-9].[1-9]#", "IP address", lambda value: int(value[:3]) < 256),
    "uk_nhs_number": Kind("### ### ####", "NHS number", standard("gb.nhs")),
    "uk_nino": Kind("[ACEH][ABCE] ## ## ## [ABCD]", "national insurance number"),
    "uk_driver_licence": Kind("@@@@@#01012@@9@@", "driving licence"),
    "uk_electoral_roll": Kind("@@####", "electoral register"),
    "de_id_card": Kind("[LT][0-9]######[CFGH]#", "Personalausweis", icao),
    "de_passport": Kind("[CFGH][0-9][CFGH]######[0-9]", "Reisepass", icao),
    "de_driver_licence": Kind("@##&&&&&&#&", "Führerschein"),
    "de_tax_id": Kind("[1-9]##########", "Steuer-ID", standard("de.idnr")),
    "fr_insee": Kind("[12]<%y%m>75########", "", standard("fr.nir")),
    "fr_identity_card": Kind("<%y%m>########", "carte nationale d'identité"),
    "fr_passport": Kind("##@@#####", "numéro de passeport"),
    "fr_driver_licence": Kind("############", "permis de conduire"),
    "es_ssn": Kind("28/########/##", "", spanish),
    "es_dni": Kind("########[TRWAGMYFPDXBNJZSQVHLCKE]", "", standard("es.nif")),
    "it_driver_licence": Kind("@[AV]#######@", "patente di guida"),
    "it_codice_fiscale": Kind(
        "[BCDF][GLMN][PRST][BCDF][GLMN][PRST]<%y>[ABCDEHLMPRST]1#H501@", "", standard("it.codicefiscale")
    ),
    "nl_bsn": Kind("#########", "burgerservicenummer", standard("nl.bsn")),
    "be_national_number": Kind("<%y.%m.%d>-###.##", "numéro national", standard("be.nn")),
    "pl_pesel": Kind("<%y%m%d>#####", "PESEL", standard("pl.pesel")),
    "pl_id_card": Kind("@@@ ######", "dowód osobisty", polish_card),
    "pl_passport": Kind("@@#######", "numer paszportu", polish_passport),
    "se_personnummer": Kind("<%y%m%d>-####", "personnummer", standard("se.personnummer")),
    "no_fodselsnummer": Kind("<%d%m%y>#####", "fødselsnummer", standard("no.fodselsnummer")),
    "dk_cpr": Kind("<%d%m%y>-####", "CPR-nummer", standard("dk.cpr")),
    "fi_hetu": Kind("<%d%m%y>-###&", "henkilötunnus", standard("fi.hetu")),
    "ie_pps": Kind("#######[A-W]", "PPS number", standard("ie.pps")),
    "cz_rodne_cislo": Kind("<%y%m%d>/####", "rodné číslo", standard("cz.rc")),
    "sk_rodne_cislo": Kind("<%y%m%d>/####", "rodné číslo", standard("sk.rc")),
    "hr_id_card": Kind("#########", "osobna iskaznica"),
    "hr_oib": Kind("###########", "OIB", standard("hr.oib")),
    "gr_id_card": Kind("@@-######", "ταυτότητα"),
    "pt_citizen_card": Kind("########", "cartão de cidadão"),
    "pt_nif": Kind("[2]########", "contribuinte", standard("pt.nif")),
    "ee_isikukood": Kind("[34]<%y%m%d>####", "isikukood", standard("ee.ik")),
    "lt_asmens_kodas": Kind("[34]<%y%m%d>####", "asmens kodas", standard("lt.asmens")),
    "at_social_security": Kind("[1-9]###<%d%m%y>", "Sozialversicherungsnummer", standard("at.vnr")),
    "bg_egn": Kind("<%y%m%d>####", "ЕГН", standard("bg.egn")),
    "ro_cnp": Kind("[12]<%y%m%d>[01]#####", "", standard("ro.cnp")),
    "si_emso": Kind("<%d%m>9##50####", "", standard("si.emso")),
    "ch_ahv": Kind("756.####.####.##", "", standard("ch.ssn")),
    "au_tfn": Kind("### ### ###", "tax file number", standard("au.tfn")),
    "au_medicare": Kind("[2-6]### ##### 1", "Medicare card", medicare),
    "au_passport": Kind("N#######", "passport number"),
    "in_aadhaar": Kind("[2-9]### #### ####", "Aadhaar", standard("in_.aadhaar")),
    "in_pan": Kind("@@@P@####@", "PAN card", standard("in_.pan")),
    "cn_resident_id": Kind("110101<%Y%m%d>###[0-9X]", "身份证", standard("cn.ric")),
    "hk_id": Kind("@######([0-9A])", "HKID", hong_kong),
    "sg_nric": Kind("[ST]#######@", "NRIC"),
    "jp_my_number": Kind("#### #### ####", "マイナンバー", standard("jp.in_")),
    "kr_rrn": Kind("<%y%m%d>-[12]######", "주민등록번호", standard("kr.rrn")),
}

_PROSE = [
    "the",
    "meeting",
    "was",
    "moved",
    "to",
    "Thursday",
    "and",
    "everybody",
    "agreed",
    "that",
    "the",
    "second",
    "proposal",
    "needs",
    "another",
    "look",
    "before",
    "we",
    "send",
    "it",
    "out",
    "to",
    "the",
    "suppliers",
    "who",
    "asked",
    "for",
    "it",
    "last",
    "week",
]


def number(kind: Kind, chance: random.Random, *, good: bool = True) -> str:
    """A number of *kind*; or one of its look that fails the check."""
    for _ in range(100_000):
        made = _filled(kind.template, chance)
        if kind.valid is None or _holds(kind.valid, made) is good:
            return made
    raise ValueError(f"no number of the look {kind.template} is {'good' if good else 'bad'}")


def prose(chance: random.Random, words: int) -> str:
    return " ".join(chance.choice(_PROSE) for _ in range(words))


def _holds(valid: Callable[[str], bool], made: str) -> bool:
    return valid(made) or valid(re.sub(r"[ ./]", "", made)) or valid(re.sub(r"[^0-9A-Z]", "", made))


def _filled(template: str, chance: random.Random) -> str:
    made = []
    for piece in re.findall(r"<[^>]*>|\[[^\]]*\]|.", template):
        if piece[0] == "<":
            day = date(1950, 1, 1) + timedelta(days=chance.randrange(18_000))
            made.append(day.strftime(piece[1:-1]))
        elif piece[0] == "[":
            choices = re.sub(
                r"(.)-(.)", lambda m: "".join(map(chr, range(ord(m[1]), ord(m[2]) + 1))), piece[1:-1]
            )
            made.append(chance.choice(choices))
        elif piece == "#":
            made.append(chance.choice(string.digits))
        elif piece == "@":
            made.append(chance.choice(string.ascii_uppercase))
        elif piece == "&":
            made.append(chance.choice(ALNUM))
        else:
            made.append(piece)
    return "".join(made)
