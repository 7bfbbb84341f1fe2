"""Files and tables in and out: native JSON, public formats, data frames, result files."""

from jitopt.formats.catalogue import FORMATS, Reader, readers
from jitopt.formats.files import read, write
from jitopt.formats.results import read_result, write_result
from jitopt.formats.tables import from_tables, instance_to_tables, other_fields
from jitopt.frames import to_frame

__all__ = [
    "FORMATS",
    "Reader",
    "from_tables",
    "instance_to_tables",
    "other_fields",
    "read",
    "read_result",
    "readers",
    "to_frame",
    "write",
    "write_result",
]
