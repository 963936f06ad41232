"""Who reads which format.

Formats whose library is not installed are missing here, and files of them count as unsupported.
"""

from postseal.content import kind
from postseal.content.formats import archive, mail, rtf, zipped
from postseal.content.inspection import Reader

READERS: dict[str, Reader] = {
    kind.ZIP: zipped.read,
    kind.RTF: rtf.read,
    kind.MAIL: mail.read,
    **archive.READERS,
}

try:
    from postseal.content.formats import pdf
except ImportError:
    pass
else:
    READERS[kind.PDF] = pdf.read

try:
    from postseal.content.formats import ole
except ImportError:
    pass
else:
    READERS[kind.OLE] = ole.read

try:
    from postseal.content.formats import tnef
except ImportError:
    pass
else:
    READERS[kind.TNEF] = tnef.read
