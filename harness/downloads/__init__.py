"""What a TA's download is: Canvas's "Download submissions", GitHub Classroom's repositories, or a plain folder.

`read` gives its hand-ins, each at a path that `intake.receive` takes; `save` keeps their list beside the results.
"""

from harness.downloads.hand_in import (
    Download,
    DownloadError,
    HandIn,
    Kind,
    Upload,
    save,
    saved,
)
from harness.downloads.reading import read, recognise

__all__ = ["Download", "DownloadError", "HandIn", "Kind", "Upload", "read", "recognise", "save", "saved"]
