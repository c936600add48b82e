"""BERT's and ERNIE's way from text to numbers: words, Chinese characters, then pieces of words. Pure.

Written here rather than taken from a library: it is the one that the weights were trained with, it has not
changed since 2018, and a library for it brings megabytes. The tests hold it against one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from paddle_runtime.errors import BundleFault, BundleReason

PADDING, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
SPECIAL = (PADDING, UNKNOWN, START, END)
CONTINUED = "##"
MAX_WORD_CHARACTERS = 100
# Blocks of Chinese characters, as BERT lists them: first and last of each.
CHINESE = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip
ASCII_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def load_vocabulary(data: bytes) -> Mapping[str, int]:
    """A file of one piece a line to their numbers; the last of equals counts, as in BERT's own reader."""
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise BundleFault(BundleReason.BundleInvalid, f"the vocabulary is not UTF-8: {error}") from error
    if lines and not lines[-1]:
        lines.pop()
    vocabulary = {line.rstrip("\r"): number for number, line in enumerate(lines)}
    if missing := [piece for piece in SPECIAL if piece not in vocabulary]:
        raise BundleFault(
            BundleReason.LoadFailed,
            f"the vocabulary lacks {', '.join(missing)}: put the vocab.txt that the model was trained with "
            "into the bundle.",
        )
    return vocabulary


class WordPiece:
    """Text to the numbers of its pieces."""

    def __init__(self, vocabulary: Mapping[str, int], *, lower_case: bool) -> None:
        self._vocabulary = vocabulary
        self._lower_case = lower_case
        self._unknown = vocabulary[UNKNOWN]
        self.padding = vocabulary[PADDING]

    def encode(self, text: str, most: int) -> list[int]:
        """[CLS], the pieces, [SEP]; what goes beyond `most` numbers is left out at the end."""
        numbers: list[int] = []
        for word in self.words(text):
            numbers += self._pieces(word)
            if len(numbers) >= most - 2:
                break
        return [self._vocabulary[START], *numbers[: max(0, most - 2)], self._vocabulary[END]]

    def words(self, text: str) -> Iterator[str]:
        """What stands between blanks, with punctuation and Chinese characters as words of their own."""
        spaced = "".join(spaced_out(character) for character in text)
        for word in spaced.split():
            plain = without_accents(word.lower()) if self._lower_case else word
            yield from split_at_punctuation(plain)

    def _pieces(self, word: str) -> list[int]:
        """The longest piece that the vocabulary knows from each place on; a word with a gap is unknown."""
        if len(word) > MAX_WORD_CHARACTERS:
            return [self._unknown]
        numbers: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else CONTINUED + word[start:end]
                if piece in self._vocabulary:
                    numbers.append(self._vocabulary[piece])
                    start = end
                    break
            else:
                return [self._unknown]
        return numbers


def spaced_out(character: str) -> str:
    """A character as the splitter sees it: blanks for white space, nothing for what cannot be seen."""
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    code = ord(character)
    if code in {0, 0xFFFD} or unicodedata.category(character).startswith("C"):
        return ""
    if any(first <= code <= last for first, last in CHINESE):
        return f" {character} "
    return character


def without_accents(word: str) -> str:
    """Letters without the marks on them."""
    return "".join(
        character
        for character in unicodedata.normalize("NFD", word)
        if unicodedata.category(character) != "Mn"
    )


def split_at_punctuation(word: str) -> Iterator[str]:
    """Each mark by itself, and what stands between them."""
    start = 0
    for place, character in enumerate(word):
        if character in ASCII_PUNCTUATION or unicodedata.category(character).startswith("P"):
            if start < place:
                yield word[start:place]
            yield character
            start = place + 1
    if start < len(word):
        yield word[start:]
