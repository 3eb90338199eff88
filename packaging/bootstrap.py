"""Prepares a machine for the workstation: system libraries, the environment and the locked packages.

Only the standard library is used, because nothing else is there yet. Every step says what it does; a step that cannot be
done prints the one line that helps. Running it again does only what is missing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

SUPPORTED = ((3, 11), (3, 12), (3, 13))

# What Qt's platform plug-ins link to, and a font with Hangul.
QT_PACKAGES = (
    "libegl1 libgl1 libxkbcommon0 libfontconfig1 libfreetype6 libglib2.0-0 libdbus-1-3 "
    "libxcb-cursor0 libxkbcommon-x11-0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 "
    "libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-xfixes0 libxcb-xkb1 libx11-xcb1 fonts-noto-cjk"
).split()
TEST_PACKAGES = "xvfb xdotool postgresql".split()


class SetupFailed(Exception):
    """A step failed; the message says what to do."""


def say(text: str) -> None:
    print(f"[setup] {text}", flush=True)


def run(command: list[str], hint: str, **options: object) -> None:
    try:
        subprocess.run(command, check=True, cwd=ROOT, **options)  # type: ignore[call-overload]
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupFailed(f"{' '.join(map(str, command[:4]))} … failed: {error}\n  {hint}") from error


def check_python() -> None:
    if sys.version_info[:2] not in SUPPORTED:
        wanted = ", ".join(f"{a}.{b}" for a, b in SUPPORTED)
        raise SetupFailed(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} cannot run the workstation; one of {wanted} is needed.\n"
            "  Start this file with another interpreter, for example: python3.12 packaging/start.py"
        )


def debian_packages(names: list[str]) -> None:
    """Install missing Debian packages as root; otherwise print the line that does."""
    if not sys.platform.startswith("linux") or shutil.which("dpkg-query") is None:
        return
    missing = [name for name in names if not _installed(name)]
    if not missing:
        return
    line = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    if os.geteuid() != 0:
        say("System libraries are missing. Run this line once, then start again:")
        print(f"\n  sudo apt-get update && sudo {line}\n", flush=True)
        raise SetupFailed("The system libraries above are needed for the window.")
    say(f"Installing {len(missing)} system packages ({', '.join(missing[:3])}{', …' if len(missing) > 3 else ''}) …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    hint = f"Check the network, then run by hand: apt-get update && {line}"
    quiet = subprocess.DEVNULL
    run(["apt-get", "update", "-qq"], hint, env=environment, stdout=quiet)
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], hint, env=environment, stdout=quiet)


def _installed(name: str) -> bool:
    answer = subprocess.run(["dpkg-query", "-W", "-f=${Status}", name], capture_output=True, text=True, check=False)
    return "install ok installed" in answer.stdout


def environment(lock: str) -> None:
    """Create ``.venv`` and install the locked packages if the lock changed since the last time."""
    if not PYTHON.exists():
        try:
            import ensurepip  # noqa: F401  # a bare Debian has no pip to put into an environment
        except ImportError:
            debian_packages([f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"])
        say(f"Creating the environment in {VENV.name} …")
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(VENV)], "On Debian: apt-get install python3-venv")
    # Starting from source text instead of byte code would cost a tenth of a second at every start.
    run([str(PYTHON), "-m", "compileall", "-q", "engine", "ralphstock_desktop", "resources"], "Check the disk's free space.")
    file = ROOT / "packaging" / "locks" / f"{lock}.txt"
    wanted = hashlib.sha256(file.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = VENV / f"installed-{lock}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("Installing the locked packages (about 300 MB, once) …")
    hint = "Check the network and run the same command again; finished steps are kept."
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    # The lock names everything; resolving again trips older pips once a dependency with extras has a newer release.
    run([*pip, "--require-hashes", "--no-deps", "-r", str(file)], hint)
    run([*pip, "--no-build-isolation", "--no-deps", "-e", "."], hint)
    say("Compiling the scan loops (once) …")
    run([str(PYTHON), "-m", "ralphstock_desktop", "warm-up"], "Delete .venv and start again.")
    stamp.write_text(wanted)


def has_display() -> bool:
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
