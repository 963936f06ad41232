"""Exchange's sensitive information types, by Microsoft's names, and ours for the same numbers."""

import json

from postseal.policy.exchange.value import Untranslatable, Values, Written

OURS: dict[str, str] = {
    "credit card number": "credit_card",
    "eu debit card number": "eu_debit_card",
    "international banking account number (iban)": "iban",
    "swift code": "swift_bic",
    "aba routing number": "us_aba_routing",
    "u.s. bank account number": "us_bank_account",
    "u.s. social security number (ssn)": "us_ssn",
    "u.s. individual taxpayer identification number (itin)": "us_itin",
    "u.s. / u.k. passport number": "us_uk_passport",
    "u.s. driver's license number": "us_driver_licence",
    "drug enforcement agency (dea) number": "us_dea_number",
    "medicare beneficiary identifier (mbi) card": "us_medicare_beneficiary",
    "international classification of diseases (icd-10-cm)": "icd_10_cm",
    "international classification of diseases (icd-9-cm)": "icd_9_cm",
    "canada social insurance number": "ca_sin",
    "brazil cpf number": "br_cpf",
    "brazil legal entity number (cnpj)": "br_cnpj",
    "ip address": "ip_address",
    "u.k. national health service number": "uk_nhs_number",
    "u.k. national insurance number (nino)": "uk_nino",
    "u.k. driver's license number": "uk_driver_licence",
    "u.k. electoral roll number": "uk_electoral_roll",
    "germany identity card number": "de_id_card",
    "german passport number": "de_passport",
    "germany passport number": "de_passport",
    "german driver's license number": "de_driver_licence",
    "germany driver's license number": "de_driver_licence",
    "germany tax identification number": "de_tax_id",
    "france social security number (insee)": "fr_insee",
    "france national id card (cni)": "fr_identity_card",
    "france passport number": "fr_passport",
    "france driver's license number": "fr_driver_licence",
    "spain social security number (ssn)": "es_ssn",
    "spain dni": "es_dni",
    "italy driver's license number": "it_driver_licence",
    "italy fiscal code": "it_codice_fiscale",
    "netherlands citizen's service (bsn) number": "nl_bsn",
    "belgium national number": "be_national_number",
    "poland national id (pesel)": "pl_pesel",
    "poland identity card": "pl_id_card",
    "poland passport": "pl_passport",
    "sweden national id": "se_personnummer",
    "norway identification number": "no_fodselsnummer",
    "norway identity number": "no_fodselsnummer",
    "denmark personal identification number": "dk_cpr",
    "finland national id": "fi_hetu",
    "ireland personal public service (pps) number": "ie_pps",
    "czech personal identity number": "cz_rodne_cislo",
    "slovakia personal number": "sk_rodne_cislo",
    "croatia identity card number": "hr_id_card",
    "croatia personal identification (oib) number": "hr_oib",
    "greece national id card": "gr_id_card",
    "portugal citizen card number": "pt_citizen_card",
    "portugal tax identification number": "pt_nif",
    "australia tax file number": "au_tfn",
    "australia medical account number": "au_medicare",
    "australia passport number": "au_passport",
    "india unique identification (aadhaar) number": "in_aadhaar",
    "india permanent account number (pan)": "in_pan",
    "china resident identity card (prc) number": "cn_resident_id",
    "hong kong identity card (hkid) number": "hk_id",
    "singapore national registration identity card (nric) number": "sg_nric",
    "south korea resident registration number": "kr_rrn",
}
"""Our type by Microsoft's name in lower case.  Names that are missing here are told, never guessed."""

_UNBOUNDED = {"", "-1", "any"}
_NO_MATTER = {"id", "rulepackid"}


def sensitive(values: Values) -> Written:
    """Alternatives, each a JSON object: `{"Name": "Credit Card Number", "minCount": "5"}`."""
    return [_asked(value) for value in values]


def _asked(value: str) -> dict[str, str]:
    try:
        table = json.loads(value)
    except json.JSONDecodeError:
        table = None
    if not isinstance(table, dict):
        raise Untranslatable(f"'{value}' is no type with its counts")
    said = {str(word).lower(): str(text).strip() for word, text in table.items()}
    name = said.pop("name", "").replace("’", "'")
    if name.lower() not in OURS:
        raise Untranslatable(f"no type here is known to be '{name}'")
    found = {"type": OURS[name.lower()]}
    for theirs, ours in (
        ("mincount", "at_least"),
        ("maxcount", "at_most"),
        ("minconfidence", "confidence"),
        ("maxconfidence", "confidence_at_most"),
    ):
        text = said.pop(theirs, "")
        if text.lower() not in _UNBOUNDED and (theirs, text) != ("maxconfidence", "100"):
            found[ours] = text
    if unknown := [word for word in said if word not in _NO_MATTER]:
        raise Untranslatable(f"'{unknown[0]}' has no counterpart")
    return found
