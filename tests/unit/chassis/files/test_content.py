"""The type of a content comes from its bytes, whatever it is called."""

from __future__ import annotations

import io
import zipfile

import pytest

from chassis.files import content


def office(*entries: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        for entry in entries:
            made.writestr(entry, "x")
    return archive.getvalue()


RECOGNISED = {
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", content.PDF),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", content.PNG),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", content.JPEG),
    "webp": (b"RIFF\x10\0\0\0WEBPVP8 ", content.WEBP),
    "text": ("Sáng kiến;Đơn vị\n1;Hà Nội\n".encode(), content.TEXT),
    "text with a byte order mark": ("\ufeffSáng kiến".encode(), content.TEXT),
    "text cut within a character": ("Sáng kiế".encode()[:-1], content.TEXT),
    "docx": (office("[Content_Types].xml", "_rels/.rels", "word/document.xml"), content.DOCX),
    "docx in another order": (
        office("word/document.xml", "_rels/.rels", "[Content_Types].xml"),
        content.DOCX,
    ),
    "xlsx": (office("[Content_Types].xml", "xl/workbook.xml"), content.XLSX),
    "pptx": (office("[Content_Types].xml", "ppt/presentation.xml"), content.PPTX),
    "an archive": (office("notes.txt", "word/notes.txt"), content.ZIP),
    "an archive whose names only resemble": (office("_rels/.rels", "words/a", "axl/b"), content.ZIP),
}


@pytest.mark.parametrize("name", RECOGNISED)
def test_a_content_is_of_its_type(name: str) -> None:
    head, type = RECOGNISED[name]

    assert content.type_of(head) == type


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"<!DOCTYPE html><p>hi",
        b"  <HTML>",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"<?xml version='1.0'?><svg/>",
        b"hello <script>alert(1)</script>",
        b"< script>x",
        b"MZ\x90\0\x03",
        b"\x7fELF\x02",
        b"a\0b",
        "Sáng".encode("utf-16"),
        b"caf\xe9 latin-1",
        b"\x89PNG\n",
        b"RIFF\x10\0\0\0AVI ",
    ],
    ids=repr,
)
def test_what_a_browser_might_run_or_nobody_recognises_is_of_no_type(head: bytes) -> None:
    assert content.type_of(head) is None
