"""A hook of the wheel's build: a bill of materials in CycloneDX, in ``.dist-info/sboms/``.

graphmp ships no code of others, so the bill lists the packages that it requires, with the versions
that it accepts. It has no date and no random number: the same sources build the same wheel.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.requirements import Requirement

FILE_NAME = "graphmp.cdx.json"


def component(name: str, **fields: Any) -> dict[str, Any]:
    """A Python package as a component.

    Args:
        name: the package's name.
        **fields: what else is known of it, by CycloneDX's names.
    """
    purl = f"pkg:pypi/{name}"
    return {"type": "library", "bom-ref": purl, "name": name, "purl": purl, **fields}


def required(requirement: Requirement) -> dict[str, Any]:
    """A required package: not in the wheel, and of any version in the range.

    Args:
        requirement: the package, with the versions accepted and where it is needed.
    """
    versions = "|".join(sorted(map(str, requirement.specifier)))
    properties = [{"name": "graphmp:marker", "value": str(requirement.marker)}]
    return component(
        requirement.name,
        isExternal=True,
        versionRange=f"vers:pypi/{versions or '*'}",
        **({"properties": properties} if requirement.marker else {}),
    )


def bill(version: str, requirements: list[str]) -> dict[str, Any]:
    """The bill of materials.

    Args:
        version: graphmp's version.
        requirements: what it requires, as in its metadata.
    """
    package = component("graphmp", version=version, licenses=[{"license": {"id": "MIT"}}])
    package["purl"] = f"{package['purl']}@{version}"
    others = [required(Requirement(text)) for text in sorted(requirements)]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "version": 1,
        "metadata": {"component": package},
        "components": others,
        "dependencies": [
            {"ref": package["bom-ref"], "dependsOn": [other["bom-ref"] for other in others]}
        ],
    }


class BillOfMaterials(BuildHookInterface):
    """Write the bill before the wheel is built, and remove it afterwards."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the bill into a temporary folder.

        Args:
            version: how the wheel is built: ``"standard"`` or ``"editable"``.
            build_data: what the builder reads; the bill is added to its files.
        """
        self._folder = TemporaryDirectory()
        path = Path(self._folder.name, FILE_NAME)
        text = bill(self.metadata.version, self.metadata.core.dependencies)
        path.write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")
        build_data["sbom_files"].append(str(path))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary folder.

        Args:
            version: how the wheel was built.
            build_data: what the builder read.
            artifact_path: the wheel.
        """
        self._folder.cleanup()
