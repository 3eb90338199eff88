"""Runs other people's Kiwoom clients against the simulator and prints what they could read.

Every client lives in an environment of its own and is changed in nothing but its base URL (constructor argument, environment
variable or the one constant that holds it). They are test tools, not dependencies; nothing of this is collected by pytest::

    python tests/conformance/run_clients.py --envs DIR [--only NAME …] [--base URL | --simulate "--real --data DIR"]

Missing environments are made with ``venv`` and ``pip``. Without ``--base`` a simulator is started: of the demo market, which is
kept beside the environments, or as ``--simulate`` says. A call counts as ``ok`` only if the client itself made something of the
answer; ``refused`` are requests that the published specification does not allow, ``not served`` api-ids outside the simulator.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from tls_front import TlsFront

DRIVERS = Path(__file__).parent / "drivers"
PROJECT = Path(__file__).parents[2]
WAIT_S = 180

CLIENTS = {
    "kiwoom-rest-api": ("kiwoom-rest-api==0.1.12", "kiwoom_rest_api_client"),
    "kiwoom-restful": ("kiwoom-restful==0.4.0", "kiwoom_restful_client"),
    "kiwoom-client": ("kiwoom-client==0.4.0", "kiwoom_client_client"),
    "pyheroapi": ("pyheroapi[realtime]==0.4.3", "pyheroapi_client"),
    "cluefin-openapi": ("cluefin-openapi==1.0.0", "cluefin_openapi_client"),
    "pykiwoom-rest": ("pykiwoom-rest==2.2.0", "pykiwoom_rest_client"),
    "kiwoom-cli": ("kiwoom-cli==2.14.0", "kiwoom_cli_client"),
    "kiwoomrest": ("kiwoomRest==0.0.3", "kiwoomrest_client"),
    "kiwoom-rest-trade": ("kiwoom-rest-trade==0.1.6", "kiwoom_rest_trade_client"),
    "kiwoom-playground": ("kiwoom-playground==0.3.6", "kiwoom_playground_client"),
}
"""Folder of the environment: what is installed there, and the driver that uses it."""


@dataclass
class Outcome:
    """What one client did."""

    name: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    crash: str = ""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _post(url: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json;charset=UTF-8", **names}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        loaded: dict[str, Any] = json.load(answer)
        return loaded


@contextmanager
def simulator(options: list[str]) -> Iterator[str]:
    """Start the simulator; its base URL."""
    port = _free_port()
    command = [sys.executable, "-m", "ralphstock_desktop", "simulate", "--port", str(port), *options]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL)
    base, until = f"http://127.0.0.1:{port}", time.monotonic() + WAIT_S
    try:
        while True:
            try:
                urllib.request.urlopen(f"{base}/simulator/state", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                if process.poll() is not None or time.monotonic() > until:
                    raise SystemExit("the simulator did not start") from None
                time.sleep(0.5)
        yield base
    finally:
        process.terminate()
        process.wait(20)


def describe(base: str) -> dict[str, str]:
    """Find a much traded stock of either market, a fund and the day."""
    token = _post(f"{base}/oauth2/token", {"grant_type": "client_credentials", "appkey": "harness", "secretkey": "harness"})
    say = {"authorization": f"Bearer {token['token']}", "api_id": "ka10099"}
    listed = [row for market in ("0", "10") for row in _post(f"{base}/api/dostk/stkinfo", {"mrkt_tp": market}, **say)["list"]]
    fund = next((row["code"] for row in listed if row["marketCode"] == "8"), "")
    on_nxt = {row["code"] for row in listed if row["marketCode"] in ("0", "10") and row["nxtEnable"] == "Y"}
    say["api_id"] = "ka10032"
    traded = {"mang_stk_incls": "0", "stex_tp": "1"}
    kospi, kosdaq = (
        [row["stk_cd"] for row in _post(f"{base}/api/dostk/rkinfo", {"mrkt_tp": market, **traded}, **say)["trde_prica_upper"]]
        for market in ("001", "101")
    )
    stock, kosdaq_stock = (next((code for code in codes if code in on_nxt), codes[0]) for codes in (kospi, kosdaq))
    say["api_id"] = "ka10081"
    body = {"stk_cd": stock, "base_dt": "20991231", "upd_stkpc_tp": "1"}
    days = _post(f"{base}/api/dostk/chart", body, **say)["stk_dt_pole_chart_qry"]
    return {"stock": stock, "kosdaq": kosdaq_stock, "etf": fund or stock, "day": days[0]["dt"]}


def environment(folder: Path, requirement: str) -> Path:
    """Python of a client's environment, made if it is not there."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        _say(f"installing {requirement} into {folder}")
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", requirement], check=True)
    return python


def run_client(name: str, envs: Path, target: dict[str, str], certificate: Path, home: Path) -> Outcome:
    """Run one driver and read its lines."""
    requirement, driver = CLIENTS[name]
    python = environment(envs / name, requirement)
    variables = {
        **os.environ,
        "CONFORMANCE_TARGET": json.dumps({**target, "key": f"conformance-{name}"}),
        "SSL_CERT_FILE": str(certificate),
        "HOME": str(home),
        "PYTHONIOENCODING": "utf-8",
    }
    outcome, began = Outcome(name), time.monotonic()
    command = [python, DRIVERS / f"{driver}.py"]
    done = subprocess.run(command, cwd=home, env=variables, capture_output=True, text=True, timeout=900)
    outcome.seconds = time.monotonic() - began
    for line in done.stdout.splitlines():
        if line.startswith('{"call"'):
            outcome.lines.append(json.loads(line))
    if done.returncode:
        outcome.crash = (done.stderr.strip().splitlines() or ["no message"])[-1]
    if os.environ.get("CONFORMANCE_TRACE"):
        sys.stderr.write(done.stderr)
    return outcome


def _kind(line: dict[str, Any]) -> str:
    if line["ok"]:
        return "ok"
    return {"1505": "not served", "1504": "wrong path"}.get(line["code"], "refused" if line["code"] else "failed")


def show(outcomes: list[Outcome], envs: Path) -> None:
    """Print the table and every call that failed."""
    kinds = ("ok", "not served", "wrong path", "refused", "failed")
    _say(f"\n{'client':<18}{'version':<10}{'calls':>6}" + "".join(f"{kind:>12}" for kind in kinds) + f"{'rows':>10}{'s':>7}")
    for outcome in outcomes:
        count = Counter(_kind(line) for line in outcome.lines)
        rows = sum(line["rows"] for line in outcome.lines)
        version = CLIENTS[outcome.name][0].rpartition("==")[2]
        _say(
            f"{outcome.name:<18}{version:<10}{len(outcome.lines):>6}"
            + "".join(f"{count[kind]:>12}" for kind in kinds)
            + f"{rows:>10}{outcome.seconds:>7.0f}{'  driver stopped: ' + outcome.crash if outcome.crash else ''}"
        )
    for outcome in outcomes:
        bad = [line for line in outcome.lines if not line["ok"]]
        _say(f"\n{outcome.name}: {len(bad)} of {len(outcome.lines)} calls without data")
        for line in bad:
            _say(f"  {_kind(line):<11}{line['call']:<62.62} {line['error'][:150]}")


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--envs", type=Path, required=True, help="folder with one environment for each client")
    parser.add_argument("--only", nargs="*", choices=sorted(CLIENTS), help="these clients alone")
    parser.add_argument("--base", help="a simulator that runs already")
    parser.add_argument("--simulate", default="--simulated", help="options of the simulator that is started")
    parser.add_argument("--json", type=Path, help="also write every call to this file")
    chosen = parser.parse_args()

    def run(base: str) -> list[Outcome]:
        with tempfile.TemporaryDirectory() as scratch:
            front = TlsFront(int(base.rpartition(":")[2]), Path(scratch))
            target = {
                "rest": base,
                "ws": f"ws{base.removeprefix('http')}/api/dostk/websocket",
                "wss": f"wss://localhost:{front.port}",
                **describe(base),
            }
            _say(f"simulator {base}: {target['day']}, {target['stock']}, {target['kosdaq']}, {target['etf']}")
            outcomes = []
            for name in chosen.only or CLIENTS:
                # Every client meets the same hour, in which enough happens to see each type of message.
                _post(f"{base}/simulator/control", {"jump": "09:20", "speed": 60})
                home = Path(scratch) / name
                home.mkdir()
                outcomes.append(run_client(name, chosen.envs.resolve(), target, front.certificate, home))
                _say(f"{name}: {len(outcomes[-1].lines)} calls {outcomes[-1].crash}")
            front.close()
            return outcomes

    if chosen.base:
        outcomes = run(chosen.base.rstrip("/"))
    else:
        options = chosen.simulate.split()
        if "--data" not in options:
            options += ["--data", str(chosen.envs.resolve() / "market")]
        with simulator(options) as base:
            outcomes = run(base)
    show(outcomes, chosen.envs)
    if chosen.json:
        chosen.json.write_text(json.dumps({o.name: o.lines for o in outcomes}, ensure_ascii=False, indent=1), encoding="utf-8")
    return int(any(outcome.crash for outcome in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
