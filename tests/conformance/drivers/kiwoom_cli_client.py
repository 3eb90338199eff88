"""kiwoom-cli: every read-only command through its own command line; ``config.DOMAINS`` and ``streaming.WS_DOMAINS``."""

from __future__ import annotations

import json
import os
import time

from reporting import ORDERS, Report, requests, target

at, report = target(), Report()
os.environ.update(KIWOOM_DOMAIN="prod", PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")

import click  # noqa: E402
from click.testing import CliRunner  # noqa: E402
from kiwoom_cli import config, streaming  # noqa: E402
from kiwoom_cli.api_spec import API_REGISTRY, MUTATION_APIS  # noqa: E402
from kiwoom_cli.client import KiwoomClient  # noqa: E402
from kiwoom_cli.main import cli  # noqa: E402
from reporting import Refused  # noqa: E402

config.DOMAINS["prod"] = at.rest
streaming.WS_DOMAINS["prod"] = at.ws_origin
grant = KiwoomClient()
token = report.run("issue_token", lambda: {"token": grant.issue_token(at.key, at.secret)}, at_least=1)
os.environ["KIWOOM_TOKEN"] = token["token"] if token else ""

SKIP = {"order", "watch", "config", "auth", "history", "dashboard", "describe", "find", "us", "exchange", "stream", "api"}
VALUES = {
    "code": at.stock,
    "codes": f"{at.stock}|{at.kosdaq}",
    "stk_cd": at.stock,
    "date": at.day,
    "start": at.month_ago,
    "end": at.day,
    "sector": "001",
    "inds_cd": "001",
    "theme_code": "100",
    "keyword": at.stock,
    "broker_code": "050",
}
OPTIONS = {
    "--from": at.month_ago,
    "--start": at.month_ago,
    "--to": at.day,
    "--end": at.day,
    "--date": at.day,
    "--base-date": at.day,
    "--code": at.stock,
    "--broker": "050",
}


def complaint(done: object) -> str:
    """What a failed command says."""
    try:
        return str(json.loads(done.stdout)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return (done.output or repr(done.exception)).strip()[:400]


def invoke(*words: str) -> list[object]:
    """Run one command; its records, or the error it shows."""
    done = CliRunner().invoke(cli, ["-f", "json", *words], catch_exceptions=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.exit_code:
        raise Refused(complaint(done))
    if len(lines) > 1:
        return [json.loads(line) for line in lines]
    data = json.loads(done.stdout).get("data")
    if isinstance(data, dict):
        data = max((part for part in data.values() if isinstance(part, list)), key=len, default=[data])
    return data or []


def walk(command: click.Command, words: list[str]) -> None:
    """Every command below a group."""
    if isinstance(command, click.Group):
        for name, child in sorted(command.commands.items()):
            if name not in SKIP:
                walk(child, [*words, name])
        return
    sent = list(words)
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            many = (at.stock, at.kosdaq) if parameter.nargs == -1 else (VALUES.get(parameter.name, at.stock),)
            if isinstance(parameter.type, click.Choice):
                many = (parameter.type.choices[0],)
            elif "etf" in words:
                many = (at.etf,)
            elif "sector" in words and parameter.name == "code":
                many = ("001",)
            elif "theme" in words:
                many = ("100",)
            sent += many if parameter.required or parameter.nargs == -1 else ()
        elif parameter.required:
            name = parameter.opts[0]
            choice = parameter.type.choices[0] if isinstance(parameter.type, click.Choice) else OPTIONS.get(name, "1")
            sent += [name, choice]
    if words[-1] in ("search", "sync"):
        time.sleep(1.1)  # both fetch the lists of five markets at once; a process of its own would take as long to start
    report.run(" ".join(sent), lambda: invoke(*sent))


for group in ("stock", "market", "account"):
    walk(cli.commands[group], [group])
table = requests(at)
for api_id, (path, _) in sorted(API_REGISTRY.items()):
    if not path.startswith("/api/dostk") or "websocket" in path or api_id.startswith(ORDERS) or api_id in MUTATION_APIS:
        continue
    body = json.dumps(table.get(api_id, {}).get("body", {}))
    report.run(f"api {api_id}", lambda api_id=api_id, body=body: invoke("api", api_id, body))
daily = json.dumps({"stk_cd": at.stock, "base_dt": at.day, "upd_stkpc_tp": "1"})
report.run("api ka10081 --all-pages", lambda: invoke("--all-pages", "api", "ka10081", daily), at_least=600)
flows = json.dumps(table["ka10059"]["body"])
report.run("api ka10059 --all-pages", lambda: invoke("--all-pages", "api", "ka10059", flows), at_least=5)
limits = ("--max-events", "3", "--duration", "20s")
for name, items in (
    ("quote", (at.stock,)),
    ("orderbook", (at.stock,)),
    ("best-bid", (at.stock,)),
    ("multi", (at.stock,)),
    ("program", (at.stock,)),
    ("sector-index", ("001",)),
    ("sector-change", ("001",)),
):
    report.run(f"stream {name}", lambda name=name, items=items: invoke("stream", name, *items, *limits), at_least=1)
report.run("stream vi", lambda: invoke("stream", "vi", "", "--max-events", "1", "--duration", "60s"), at_least=1)
report.run("order condition list", lambda: invoke("order", "condition", "list"), at_least=1)
report.run("order condition search 0", lambda: invoke("order", "condition", "search", "0", "--confirm"))
