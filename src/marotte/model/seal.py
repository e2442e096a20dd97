"""The digest at the end of a student's file: a file that was changed after its export is refused.

ONNX files are messages of Protocol Buffers, to which a metadata entry can be appended as bytes. The
entry holds the SHA-256 of all bytes before it, so it covers the graph, weights and contract.
"""

from __future__ import annotations

from hashlib import sha256

from marotte.errors import MarotteError

KEY = b"marotte_sha256"
DIGITS = 64
# Field 14 of a model is `metadata_props`; fields 1 and 2 of an entry are its key and value. Each is
# preceded by its number and type in one byte, and its length in one byte.
ENTRY_BYTES = 2 + len(KEY) + 2 + DIGITS
START = bytes([14 << 3 | 2, ENTRY_BYTES, 1 << 3 | 2, len(KEY)]) + KEY + bytes([2 << 3 | 2, DIGITS])


def seal(model: bytes) -> bytes:
    """Return an ONNX file with its digest appended as a metadata entry.

    Example:
        >>> from marotte.model.seal import check_seal, seal
        >>> check_seal(seal(b"model"), "my.onnx")
    """
    return model + START + sha256(model).hexdigest().encode()


def check_seal(model: bytes, where: str) -> None:
    """Refuse an ONNX file that differs from what was sealed. Files without a digest pass.

    Args:
        model: the content of the file.
        where: the name of the file, for messages.

    Raises:
        MarotteError: the file was damaged or changed after it was exported.
    """
    content, end = model[: -len(START) - DIGITS], model[-len(START) - DIGITS :]
    if end.startswith(START) and sha256(content).hexdigest().encode() != end[len(START) :]:
        raise MarotteError(
            f"{where} is damaged, or was changed after its export: get a whole copy, or export it "
            "again"
        )
