"""PDF that leaves encrypted, before other programs: qpdf and Poppler; and what does not leave."""

import io
import random
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageChops

from content.carriers import text_docx, text_pdf, text_pptx, text_xls, text_xlsx, zipped
from postseal import reading
from postseal.content.child import Job
from postseal.reading import locking
from postseal.reading.locked import LARGEST, NotLocked, Why, lockable
from reading.locks import MARK, PASSWORD, SECRET, closed, file, refused

BITS = {
    "print": ("print low resolution", "print high resolution"),
    "copy": ("extract for any purpose",),
    "edit": (
        *("modify document assembly", "modify forms", "modify annotations", "modify other"),
        "modify anything",
    ),
}


def said(program: str, folder: Path, octets: bytes, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What *program* says about a file."""
    path = folder / "file.pdf"
    path.write_bytes(octets)
    command = [program, *(str(path) if each == "FILE" else each for each in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("allowed", [(), ("print",), ("copy",), ("edit",), ("print", "copy", "edit")])
def test_pdf_says_what_its_reader_may_do(tmp_path: Path, allowed: tuple[str, ...]):
    octets = closed(text_pdf(SECRET), *allowed, mark=MARK)

    told = said("qpdf", tmp_path, octets, "--show-encryption", f"--password={PASSWORD}", "FILE")

    assert told.returncode == 0
    assert "R = 6\n" in told.stdout
    assert "Supplied password is user password" in told.stdout
    assert "extract for accessibility: allowed" in told.stdout
    for right, lines in BITS.items():
        for line in lines:
            assert f"{line}: {'' if right in allowed else 'not '}allowed\n" in told.stdout
    for what in ("stream", "string", "file"):
        assert f"{what} encryption method: AESv3" in told.stdout
    checked = said("qpdf", tmp_path, octets, "--check", f"--password={PASSWORD}", "FILE")
    assert checked.returncode == 0, checked.stderr


def test_pdf_is_read_with_the_password_alone(tmp_path: Path):
    octets = closed(text_pdf(SECRET), mark=MARK)

    with_it = said("pdftotext", tmp_path, octets, "-upw", PASSWORD, "FILE", "-")
    without = said("pdftotext", tmp_path, octets, "FILE", "-")
    other = said("pdftotext", tmp_path, octets, "-opw", "", "-upw", PASSWORD.upper(), "FILE", "-")

    assert SECRET in with_it.stdout
    assert "Incorrect password" in without.stderr
    assert (without.stdout, other.stdout) == ("", "")
    assert "copy:no" in said("pdfinfo", tmp_path, octets, "-upw", PASSWORD, "FILE").stdout
    assert said("qpdf", tmp_path, octets, "--check", "FILE").returncode != 0


def test_no_two_files_have_the_same_second_password():
    owners = set()
    for _ in range(2):
        with pikepdf.open(io.BytesIO(closed(text_pdf(SECRET))), password=PASSWORD) as document:
            assert document.user_password_matched
            assert not document.owner_password_matched
            owners.add(bytes(document.trailer.Encrypt.O))

    assert len(owners) == 2


def test_mark_is_on_every_page_and_reads_itself_to_nobody(tmp_path: Path):
    pages = text_pdf("words\n" * 120)
    plain, marked = closed(pages), closed(pages, mark=MARK)

    text = [said("pdftotext", tmp_path, octets, "-upw", PASSWORD, "FILE", "-") for octets in (plain, marked)]
    drawn = []
    for octets in (plain, marked):
        said("pdftoppm", tmp_path, octets, "-upw", PASSWORD, "-r", "50", "-gray", "FILE", f"{tmp_path}/page")
        drawn.append([Image.open(one).copy() for one in sorted(tmp_path.glob("page*.pgm"))])

    assert text[0].stdout == text[1].stdout
    assert len(drawn[0]) == len(drawn[1]) > 1
    for before, after in zip(*drawn, strict=True):
        changed = ImageChops.difference(before, after)
        for left in (0, 0.5):
            for top in (0, 0.5):
                quarter = [left * changed.width, top * changed.height]
                quarter += [(left + 0.5) * changed.width, (top + 0.5) * changed.height]
                assert sum(changed.crop(tuple(map(int, quarter))).histogram()[20:]) > 100


def rewritten(change: str, **options: object) -> bytes:
    """A PDF that its author has signed, in one way or another, or encrypted."""
    with pikepdf.open(io.BytesIO(text_pdf(SECRET))) as document:
        signature = pikepdf.Dictionary(
            Type=pikepdf.Name.Sig, ByteRange=[0, 1, 2, 3], Contents=pikepdf.String("x"), Filter=pikepdf.Name.X
        )
        match change:
            case "signed":
                field = pikepdf.Dictionary(FT=pikepdf.Name.Sig, V=document.make_indirect(signature))
                fields = [document.make_indirect(field)]
                document.Root.AcroForm = pikepdf.Dictionary(Fields=fields, SigFlags=3)
            case "signed within":
                fields = [document.make_indirect(pikepdf.Dictionary(FT=pikepdf.Name.Sig, V=signature))]
                document.Root.AcroForm = pikepdf.Dictionary(Fields=fields)
            case "rights by signature":
                document.Root.Perms = pikepdf.Dictionary(UR3=signature)
        with io.BytesIO() as octets:
            document.save(octets, **options)  # type: ignore[arg-type] # passed on
            return octets.getvalue()


@pytest.mark.parametrize("change", ["signed", "signed within", "rights by signature"])
def test_signed_pdf_is_not_touched(change: str):
    assert refused(rewritten(change)) is Why.SIGNED


def test_form_that_nobody_has_signed_yet_is_locked():
    with pikepdf.open(io.BytesIO(text_pdf(SECRET))) as document, io.BytesIO() as octets:
        field = document.make_indirect(pikepdf.Dictionary(FT=pikepdf.Name.Sig, T=pikepdf.String("here")))
        document.Root.AcroForm = pikepdf.Dictionary(Fields=[field])
        document.save(octets)

        assert closed(octets.getvalue()).startswith(b"%PDF-")


def test_page_that_is_turned_cropped_and_has_its_fonts_from_above_keeps_them(tmp_path: Path):
    with pikepdf.open(io.BytesIO(text_pdf(SECRET))) as document, io.BytesIO() as octets:
        page = document.pages[0]
        document.Root.Pages.Resources = page.obj.Resources
        del page.obj["/Resources"]
        page.obj.Rotate = 90
        page.obj.CropBox = pikepdf.Array([20, 500, 500, 842])
        document.save(octets)
        plain = octets.getvalue()

    marked = closed(plain, mark=MARK)

    assert SECRET in said("pdftotext", tmp_path, marked, "-upw", PASSWORD, "FILE", "-").stdout
    for which in ("-cropbox", "-gray"):  # what is shown, and all that there is
        drawn = []
        for octets_, password in ((plain, ""), (marked, PASSWORD)):
            options = ("-upw", password, "-r", "60", "-gray", which, "FILE", f"{tmp_path}/p")
            said("pdftoppm", tmp_path, octets_, *options)
            (page_,) = tmp_path.glob("p*.pgm")
            drawn.append(Image.open(page_).copy())
        assert drawn[0].size == drawn[1].size
        black = [picture.point(lambda value: 255 * (value < 60)).getbbox() for picture in drawn]
        assert black[0] == black[1] is not None
        box = ImageChops.difference(*drawn).getbbox()
        assert box
        assert box[2] - box[0] > 0.7 * drawn[0].width
        assert box[3] - box[1] > 0.7 * drawn[0].height


def test_pdf_with_its_author_s_password_is_not_touched():
    octets = rewritten("", encryption=pikepdf.Encryption(owner="theirs", user="theirs", R=6))

    assert refused(octets) is Why.CLOSED


def test_what_the_author_withholds_stays_withheld(tmp_path: Path):
    own = pikepdf.Permissions(print_lowres=False, print_highres=False)
    octets = rewritten("", encryption=pikepdf.Encryption(owner="theirs", user="", R=4, allow=own))

    told = said(
        *("qpdf", tmp_path, closed(octets, "print", "copy", "edit"), "--show-encryption"),
        *(f"--password={PASSWORD}", "FILE"),
    )

    assert "print high resolution: not allowed" in told.stdout
    assert "extract for any purpose: allowed" in told.stdout


@pytest.mark.parametrize(
    ("octets", "name"),
    [
        (b"%PDF-1.7 damaged", "a.pdf"),
        (b"text", "a.pdf"),
        (text_xls(SECRET), "a.xls"),
        (zipped({"a.txt": b"text"}), "a.docx"),
        (zipped({"[Content_Types].xml": b"<a>" * 9}), "a.docx"),
        (b"PK\x03\x04" + bytes(300), "a.xlsx"),
    ],
    ids=["pdf", "text", "old", "zip", "xml", "bytes"],
)
def test_what_cannot_be_locked_is_refused(octets: bytes, name: str):
    assert refused(octets, name) is Why.DAMAGED


def test_file_that_is_too_large_is_refused():
    assert refused(b"%PDF-1.7\n" + bytes(LARGEST)) is Why.LARGE


def test_nothing_changed_by_chance_leaves_in_clear():
    whole, chance, left = text_pdf(SECRET), random.Random(7), 0
    for _ in range(40):
        octets = bytearray(whole)
        for _ in range(chance.randrange(1, 30)):
            octets[chance.randrange(8, len(octets))] = chance.randrange(256)
        try:
            given = closed(bytes(octets[: chance.randrange(len(octets) // 2, len(octets) + 1)]))
        except NotLocked:
            continue
        left += 1
        with pytest.raises(pikepdf.PasswordError):
            pikepdf.open(io.BytesIO(given))
    assert left < 40


@pytest.mark.parametrize("library", ["pikepdf", "msoffcrypto"])
def test_without_its_library_nothing_is_locked(monkeypatch: pytest.MonkeyPatch, library: str):
    kind = {"pikepdf": "pdf", "msoffcrypto": "office"}[library]
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, f"postseal.reading.locking_{kind}", raising=False)
    monkeypatch.delattr(reading, f"locking_{kind}", raising=False)
    job: Job = {"kind": kind, "password": PASSWORD, "owner": "x", "allowed": [], "mark": ""}

    assert locking.loaded()(job, text_pdf(SECRET)) == ({"why": "missing"}, b"")


def test_kinds_that_can_be_locked():
    makers = {
        "a.pdf": text_pdf,
        "a.docx": text_docx,
        "a.xlsx": text_xlsx,
        "a.pptx": text_pptx,
        "a.xls": text_xls,
    }
    found = {name: lockable(file(make(SECRET), name)) for name, make in makers.items()}

    assert found == {"a.pdf": "pdf", **dict.fromkeys(("a.docx", "a.xlsx", "a.pptx"), "office"), "a.xls": ""}
