"""Workbooks in Excel's binary formats (.xls, .xlsb), read by calamine; needs the extra `extract`."""

import io

import python_calamine

from postseal.content.inspection import Visit, protected, unsupported


def read(octets: bytes, visit: Visit) -> None:
    """The cells of every sheet, hidden ones too, a line for each row."""
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(octets))
        for name in book.sheet_names:
            visit.text(name)
            for row in book.get_sheet_by_name(name).to_python():
                if line := "\t".join(_shown(value) for value in row).strip("\t"):
                    visit.text(line)
    except python_calamine.PasswordError:
        raise protected() from None
    except python_calamine.CalamineError as error:
        raise unsupported(f"it is damaged ({type(error).__name__})") from None


def _shown(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e17:
        return str(int(value))
    return str(value)
