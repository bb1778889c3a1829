"""Follows the quick start of README.md in an empty folder, with the wheel that is named.

Makes a virtual environment there, installs the wheel as a stranger would, runs the README's
first program, and compares what it prints with what the README says it prints.
"""

import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def quick_start(readme: str) -> tuple[str, str]:
    """Answer the program of the section, and what it is to print."""
    section = readme.split("## Quick start", 1)[1].split("\n## ", 1)[0]
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL))
    return blocks["python"], blocks["text"]


def main(wheel: str) -> int:
    """Follow it."""
    program, expected = quick_start(README.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder, "venv")
        venv.create(environment, with_pip=True)
        python = environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, str(Path(wheel).resolve())], check=True, cwd=folder)  # noqa: S603
        Path(folder, "quick_start.py").write_text(program, encoding="utf-8")
        ran = subprocess.run(  # noqa: S603
            [python, "quick_start.py"], check=False, cwd=folder, capture_output=True, text=True
        )
    if ran.returncode or ran.stdout != expected:
        sys.stderr.write(f"expected:\n{expected}\nfound:\n{ran.stdout}{ran.stderr}")
        return 1
    print("the quick start works")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
