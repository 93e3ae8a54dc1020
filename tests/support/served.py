"""Downloads without a network: pooch gets files of a test."""

from __future__ import annotations

from pathlib import Path

import pooch
import pytest


def serve(monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception) -> list[str]:
    """Let pooch get ``answer`` instead of going to the network; gives the list of URLs asked."""
    asked: list[str] = []

    def download(self: object, url: str, output_file: str, pooch: object) -> None:
        asked.append(url)
        if isinstance(answer, Exception):
            raise answer
        Path(output_file).write_bytes(answer)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", download)
    return asked
