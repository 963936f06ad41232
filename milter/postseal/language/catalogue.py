"""The texts in a language: gettext, whose msgids are the English texts in code and templates.

The catalogues are the files `po/LANGUAGE.po`, which are read as they are, once in a process; nothing is
compiled.  `make messages` brings new texts of the code into them.
"""

import gettext
import io
from functools import cache
from pathlib import Path
from typing import Final

import polib

from postseal.language.language import EVERY, Language

FOLDER: Final = Path(__file__).parent / "po"


def noted(text: str) -> str:
    """*text*, which is translated where it is used; so says its place to `make messages`."""
    return text


@cache
def catalogue(language: Language) -> gettext.NullTranslations:
    """The texts in *language*."""
    if language is EVERY[0]:
        return gettext.NullTranslations()
    compiled = polib.pofile(str(FOLDER / f"{language.value}.po"), encoding="utf-8").to_binary()
    return gettext.GNUTranslations(io.BytesIO(compiled))
