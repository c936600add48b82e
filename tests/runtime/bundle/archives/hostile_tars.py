"""Entries that stand behind the files of a right bundle, and words of the refusal."""

# ruff: noqa: E501  each line is one archive

from __future__ import annotations

from paddle_runtime.bundle.extract import MAX_ENTRIES
from tests.runtime.bundle.archives.by_hand import BLOCK, EVIL, MANIFEST, header, padded, pax, tar_file
from tests.runtime.bundle.builders import FILES

DEEP = "/".join(["d" * 20] * 12)
TAR_ENTRIES = {
    "CVE-2007-4559: out by ..": (tar_file("../evil.txt", EVIL), "without '..'"),
    "CVE-2007-4559: absolute": (tar_file("/tmp/evil.txt", EVIL), "relative"),
    "CVE-2007-4559: .. inside": (tar_file("a/../../evil.txt", EVIL), "without '..'"),
    "absolute by ustar's prefix": (header("evil.txt", 4, prefix=b"/tmp") + padded(EVIL), "relative"),
    ".. in ustar's prefix": (header("evil.txt", 4, prefix=b"a/..") + padded(EVIL), "without '..'"),
    "./ twice": (tar_file("././x.txt", EVIL), "without '..' or '.'"),
    "CVE-2025-45582: link, then a file through it": (
        header("x", kind=b"2", target=b"../..") + tar_file("x/evil.txt", EVIL), "is a symbolic link",
    ),
    "CVE-2024-12718: the folder itself as a link": (header(".", kind=b"2", target=b"/etc"), "is a symbolic link"),
    "CVE-2025-4138: link whose target looks inside": (
        header("a/b", kind=b"2", target=b"../c/../../evil"), "is a symbolic link",
    ),
    "CVE-2025-4330: hard link out": (header("x.txt", kind=b"1", target=b"../../etc/passwd"), "is a hard link"),
    "hard link through a symbolic one": (
        header("l", kind=b"2", target=b"/etc/passwd") + header("x.txt", kind=b"1", target=b"l"), "is a symbolic link",
    ),
    "CVE-2025-4517: a path longer than PATH_MAX by links": (
        header(DEEP[:90], kind=b"5") + header("a", kind=b"2", target=DEEP[:90].encode()), "is a symbolic link",
    ),
    "CVE-2025-4435: refused entries are not skipped": (
        header("x.txt", kind=b"1", target=b"/etc/passwd") + tar_file("y.txt", EVIL), "is a hard link",
    ),
    "CVE-2025-8194: size below zero": (header("x.txt", b"\xff" * 12), "no octal number"),
    "size in GNU's binary form": (header("x.txt", b"\x80" + (4).to_bytes(11, "big")) + padded(EVIL), "no octal"),
    "size with a sign": (header("x.txt", b"-0000000004\x00"), "no octal number"),
    "size without a digit": (header("x.txt", b" " * 12), "no octal number"),
    "size of 8 GB": (header("x.txt", 8**11 - 1), "is not named in model.yaml"),
    "character device": (header("x.txt", kind=b"3"), "is a device"),
    "block device": (header("x.txt", kind=b"4"), "is a device"),
    "FIFO": (header("x.txt", kind=b"6"), "is a FIFO"),
    "GNU sparse": (header("x.txt", kind=b"S", magic=b"ustar  \x00"), "is a sparse file"),
    "unknown kind": (header("x.txt", kind=b"Z"), "of kind b'Z'"),
    "contiguous": (header("x.txt", kind=b"7"), "is a contiguous file"),
    "GNU long name": (
        header("././@LongLink", 12, b"L") + padded(b"../evil.txt\0") + tar_file("x.txt", EVIL), "GNU's long form",
    ),
    "GNU long link": (header("././@LongLink", 8, b"K") + padded(b"/etc/pas"), "GNU's long form"),
    "GNU long name of 8 GB": (header("././@LongLink", 8**11 - 1, b"L"), "GNU's long form"),
    "pax overrides the name": (pax({"path": "../evil.txt"}) + tar_file("x.txt", EVIL), "sets 'path'"),
    "pax overrides the size": (pax({"size": "1"}) + tar_file("x.txt", EVIL), "sets 'size'"),
    "pax overrides the link": (pax({"linkpath": "/etc"}) + tar_file("x.txt", EVIL), "sets 'linkpath'"),
    "pax for all that follow": (pax({"path": "/evil.txt"}, b"g") + tar_file("x.txt", EVIL), "sets 'path'"),
    "pax sparse": (pax({"GNU.sparse.realsize": "99"}) + tar_file("x.txt", EVIL), "sets 'GNU.sparse.realsize'"),
    "pax attributes": (pax({"SCHILY.xattr.user.x": "1"}) + tar_file("x.txt", EVIL), "sets 'SCHILY.xattr"),
    "pax in another character set": (pax({"hdrcharset": "BINARY"}), "sets 'hdrcharset'"),
    "CVE-2019-20907: pax record of length 0": (pax(b"0 comment=x\n"), "no right length"),
    "pax record longer than its header": (pax(b"99 comment=x\n"), "no right length"),
    "pax record without a length": (pax(b"comment=x\n"), "no right length"),
    "pax record without a value": (pax(b"5 ab\n"), "without a value"),
    "CVE-2024-6232: pax of digits and spaces": (pax(b"1" * 60_000), "no right length"),
    "pax header of 8 GB": (header("pax", 8**11 - 1, b"x"), "read at most"),
    "a chain of pax headers": (pax({"comment": "x"}) * 3000 + tar_file("x.txt", EVIL), "is not named"),
    "the same name twice": (tar_file("model.pdmodel", FILES["model.pdmodel"]), "it is there twice"),
    "./ makes it the same name": (tar_file("./model.pdmodel", FILES["model.pdmodel"]), "it is there twice"),
    "model.yaml twice": (tar_file("model.yaml", MANIFEST), "it is there twice"),
    "another letter case": (tar_file("Model.json", EVIL) + tar_file("MODEL.JSON", EVIL), "not named"),
    "model.yaml in another case": (tar_file("Model.yaml", MANIFEST), "one name to some file systems"),
    "letter case of a named file": (tar_file("MODEL.pdmodel", EVIL), "one name to some file systems"),
    "full-width letters": (tar_file("ｍodel.pdmodel", EVIL), "one name to some file systems"),
    "a file where a folder is": (header("model.pdmodel", kind=b"5"), "a file and a folder at once"),
    "a file below a file": (tar_file("model.yaml/x.txt", EVIL), "a file and a folder at once"),
    "backslashes": (tar_file("..\\evil.txt", EVIL), "without backslashes"),
    "a drive letter": (tar_file("C:evil.txt", EVIL), "without backslashes and colons"),
    "a stream of NTFS": (tar_file("x.txt:y.txt", EVIL), "without backslashes and colons"),
    "a control character": (tar_file("x\n.txt", EVIL), "printable"),
    "text that runs backwards": (tar_file("\u202etxt.exe.txt", EVIL), "printable"),
    "a hidden file": (tar_file(".incoming/x.txt", EVIL), "begins with no dot"),
    "a name too long": (header("a" * 96 + ".txt", 4, prefix=b"b" * 155) + padded(EVIL), "255 bytes at most"),
    "a name that is not UTF-8": (header(b"\xff.txt", 4) + padded(EVIL), "not UTF-8"),
    "a NUL in a name": (header(b"x.txt\x00/../evil.txt", 4) + padded(EVIL), "a NUL in it"),
    "an empty name": (header("", 4) + padded(EVIL), "a path is"),
    "a slash behind a file": (header("x.txt/", 4) + padded(EVIL), "relative"),
    "a target without a link": (header("x.txt", 4, target=b"/etc/passwd") + padded(EVIL), "names a target"),
    "a folder with bytes": (header("x", 4, b"5") + padded(EVIL), "has 4 bytes"),
    "a folder out": (header("../x", kind=b"5"), "without '..'"),
    "an absolute folder": (header("/etc", kind=b"5"), "relative"),
    "a pickle": (tar_file("weights.pkl", EVIL), "never pickles or code"),
    "code": (tar_file("setup.py", EVIL), "never pickles or code"),
    "an archive inside": (tar_file("inner.zip", EVIL), "never pickles or code"),
    "a file that nobody names": (tar_file("extra.txt", EVIL), "is not named in model.yaml"),
    "too many folders": (header("x", kind=b"5") * (MAX_ENTRIES + 1), f"more than {MAX_ENTRIES} entries"),
    "a wrong checksum": (header("x.txt", checksum=b"0000000\x00"), "checksum is wrong"),
    "bytes in the padding": (header("x", kind=b"5") + header("pax", 5, b"x") + b"5 a=\n" + b"x" * 507, "padding"),
    "no header at all": (b"x" * BLOCK, "neither the ustar nor the GNU form"),
    "the first form of tar": (header("x.txt", magic=bytes(8)), "neither the ustar nor the GNU form"),
}  # fmt: skip
