"""What a wheel and an sdist must contain, and what a wheel must not."""

from __future__ import annotations

import json
import re
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath

DATA = ["graphmp/compat/names.ini", "graphmp/py.typed"]
FOLDERS = {"benchmarks", "docs", "graphmp", "release", "tests", "tutorials"}
FILES = {"CHANGELOG.md", "LICENSE", "Makefile", "README.md", "constraints.txt", "pyproject.toml"}
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
RELATIVE_LINK = re.compile(r"\]\((?!https?://)[^)]*\)")


def check(condition: bool, message: str) -> None:
    """End the program unless a condition holds.

    Args:
        condition: what has to hold.
        message: what is wrong otherwise.

    Raises:
        SystemExit: it does not hold.
    """
    if not condition:
        raise SystemExit(f"release check: {message}")


def check_wheel(path: Path, version: str) -> None:
    """Check the names, the metadata and the bill of materials of a wheel.

    Args:
        path: the wheel.
        version: the version that it should have.

    Raises:
        SystemExit: something is missing, superfluous or wrong.
    """
    info = f"graphmp-{version}.dist-info"
    expected = f"graphmp-{version}-py3-none-any.whl"
    check(path.name == expected, f"expected {expected}, got {path.name}")
    with zipfile.ZipFile(path) as wheel:
        names = set(wheel.namelist())
        check_names(names, info)
        metadata = Parser().parsestr(wheel.read(f"{info}/METADATA").decode())
        bill = json.loads(wheel.read(f"{info}/sboms/graphmp.cdx.json"))
    check(metadata["Version"] == version, f"expected version {version}, got {metadata['Version']}")
    check(metadata["License-Expression"] == "MIT", "the metadata lack the licence")
    check_links(metadata.get_payload())
    check_bill(bill, metadata)


def check_names(names: set[str], info: str) -> None:
    """Check which files a wheel has.

    Args:
        names: its files.
        info: the folder of its metadata.

    Raises:
        SystemExit: one is missing, or one does not belong there.
    """
    needed = {f"{info}/licenses/LICENSE", f"{info}/sboms/graphmp.cdx.json"}
    check(needed <= names, f"the wheel lacks {sorted(needed - names)}")
    tops = {PurePosixPath(name).parts[0] for name in names}
    check(tops == {"graphmp", info}, f"the wheel has {sorted(tops)} at its top")
    inner = [PurePosixPath(name) for name in names if name.startswith("graphmp/")]
    others = sorted(str(one) for one in inner if one.suffix != ".py")
    check(others == DATA, f"expected {DATA} beside the modules, got {others}")


def check_links(description: object) -> None:
    """Check that the links of a package's page do not depend on where the page is.

    Args:
        description: the page, in Markdown.

    Raises:
        SystemExit: it is empty, or a link is relative.
    """
    text = FENCE.sub("", str(description))
    check(bool(text.strip()), "the metadata lack the description")
    links = RELATIVE_LINK.findall(text)
    check(not links, f"expected absolute links in the description, got {links}")


def check_bill(bill: dict[str, object], metadata: Message) -> None:
    """Check that the bill of materials names the wheel and what it requires.

    Args:
        bill: the bill of materials.
        metadata: the wheel's.

    Raises:
        SystemExit: they disagree.
    """
    requirements = metadata.get_all("Requires-Dist") or []
    count = sum("extra ==" not in one for one in requirements)
    components, package = bill["components"], bill["metadata"]
    check(isinstance(components, list) and len(components) == count, "the bill lacks requirements")
    purl = f"pkg:pypi/graphmp@{metadata['Version']}"
    check(purl in json.dumps(package), f"the bill of materials does not name {purl}")


def check_sdist(path: Path, version: str) -> None:
    """Check that an sdist has what its tests and its site need.

    Args:
        path: the sdist.
        version: the version that it should have.

    Raises:
        SystemExit: something is missing.
    """
    with tarfile.open(path) as sdist:
        names = [PurePosixPath(name).parts for name in sdist.getnames()]
    roots = {parts[0] for parts in names}
    check(roots == {f"graphmp-{version}"}, f"expected one folder in the sdist, got {sorted(roots)}")
    tops = {parts[1] for parts in names if len(parts) > 1}
    needed = FOLDERS | FILES
    check(needed <= tops, f"the sdist lacks {sorted(needed - tops)}")
