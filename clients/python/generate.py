"""Generates the protobuf and gRPC modules under src/ from ../../proto.

    python generate.py            writes them
    python generate.py --check    fails when what is there is not what the generator makes

The generator is grpcio-tools, pinned in pyproject.toml (extra "dev").
"""

from __future__ import annotations

import argparse
import filecmp
import shutil
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent
PROTO = ROOT.parent.parent / "proto"
SOURCE = ROOT / "src"
PATTERNS = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py")


def main() -> int:
    """Return 0 when the modules are written, or are up to date."""
    parser = argparse.ArgumentParser(description="generate modules from proto/")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    is_check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as made:
        generate_into(Path(made))
        if is_check:
            different = differences(Path(made), SOURCE)
            for name in different:
                print(f"not up to date: src/{name}", file=sys.stderr)  # noqa: T201
            return 1 if different else 0
        for name in generated_in(SOURCE) - generated_in(Path(made)):
            (SOURCE / name).unlink()
        shutil.copytree(made, SOURCE, dirs_exist_ok=True)
    return 0


def generate_into(target: Path) -> None:
    """Run the generator over every file of the contract."""
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    outputs = [f"--{kind}_out={target}" for kind in ("python", "pyi", "grpc_python")]
    if protoc.main(["protoc", f"-I{PROTO}", *outputs, *files]) != 0:
        raise SystemExit("protoc failed")


def generated_in(folder: Path) -> set[str]:
    """Return the generated files of a folder, relative to it."""
    return {str(path.relative_to(folder)) for name in PATTERNS for path in folder.rglob(name)}


def differences(made: Path, present: Path) -> list[str]:
    """Return the files that are missing, superfluous or different."""
    wanted, found = generated_in(made), generated_in(present)
    changed = {n for n in wanted & found if not filecmp.cmp(made / n, present / n, shallow=False)}
    return sorted((wanted ^ found) | changed)


if __name__ == "__main__":
    sys.exit(main())
