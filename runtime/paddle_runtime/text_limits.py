"""What a request of texts may be, checked before any work is done on it. Pure: bytes in, Invalid out."""

from __future__ import annotations

from collections.abc import Sequence

from paddle_runtime.errors import Invalid, RequestReason
from paddle_runtime.limits import check_length

MAX_TEXTS = 64
MAX_TEXT_CHARACTERS = 10_000
# In UTF-8 with every character escaped, and the options beside it.
MAX_TEXT_BODY_BYTES = 1 << 20


def check_text_length(size: int) -> None:
    """Refuse a body of texts that is read on the event loop and larger than that should take."""
    check_length(size, MAX_TEXT_BODY_BYTES)


def decode_text(body: bytes) -> str:
    """The text of a body that is text."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(RequestReason.MALFORMED, f"the body is not UTF-8 ({error}); encode it so") from None


def is_unicode(text: str) -> bool:
    """Whether it can be written: JSON's escapes can say half a surrogate pair, which no encoding can."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def check_texts(texts: Sequence[object]) -> list[str]:
    """Texts to classify: some, not too many, none of them empty or without an end."""
    if not 1 <= len(texts) <= MAX_TEXTS:
        raise Invalid(RequestReason.MALFORMED, f"texts has {len(texts)} texts; send 1 to {MAX_TEXTS}")
    checked: list[str] = []
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise Invalid(
                RequestReason.MALFORMED, f"text {index} is of type {type(text).__name__}; send strings"
            )
        if not text.strip():
            raise Invalid(RequestReason.EMPTY, f"text {index} is empty; send text")
        if len(text) > MAX_TEXT_CHARACTERS:
            raise Invalid(
                RequestReason.TOO_LARGE,
                f"text {index} has {len(text)} characters and the cap is {MAX_TEXT_CHARACTERS}; send less",
            )
        if not is_unicode(text):
            raise Invalid(
                RequestReason.MALFORMED, f"text {index} holds half a surrogate pair; send Unicode text"
            )
        checked.append(text)
    return checked
