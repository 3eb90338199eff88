"""pykiwoom-rest: synchronous facade over many methods; ``KiwoomAPIBase.BASE_URL`` and the socket's ``base_url``."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pykiwoom_rest
from pykiwoom_rest.kiwoom_base import KiwoomAPIBase
from pykiwoom_rest.sector_api import SectorAPI
from reporting import Realtime, Refused, Report, arguments, methods, target

at, report = target(), Report()
KiwoomAPIBase.BASE_URL = at.rest
login = {"account_no": "8100000011", "appkey": at.key, "appsecret": at.secret}
api = pykiwoom_rest.KiwoomRest(**login)
report.run("get_access_token", api.get_access_token, at_least=1)
granted = KiwoomAPIBase(**login)._issue_access_token(at.key, at.secret)["token"]


def with_token(client: object) -> object:
    """Give a client the token it got but whose end it cannot read (``expires_dt`` is no ISO time): two public attributes."""
    for owner in {id(part): part for part in (client, *vars(client).values())}.values():
        if hasattr(owner, "access_token") and hasattr(owner, "token_expires"):
            owner.access_token = granted
            owner.token_expires = datetime.max  # noqa: DTZ901 - the client compares it with naive times
    return client


with_token(api)

PLAIN = {
    "stock_code": at.stock,
    "date": at.day,
    "sector_code": "001",
    "index_code": "001",
    "order_no": "8",
    "order_price": 10_000,
    "target_date": at.day,
    "base_date": at.day,
    "start_date": at.month_ago,
    "end_date": at.day,
}
OPTIONAL = ("target_date", "base_date")


def checked(answer: object) -> object:
    """The client returns errors as values; raise those."""
    if isinstance(answer, dict):
        bad = str(answer.get("return_code") or answer.get("rt_cd") or "0").strip("0")
        if bad or answer.get("error"):
            raise Refused(str(answer.get("return_msg") or answer.get("msg1") or answer.get("error")))
    return answer


def call_all(label: str, owner: object, seen: set[str]) -> None:
    """Every method that asks for something."""
    for name, method in methods(owner):
        if not name.startswith("get_") or name in seen or name in ("get_stats", "get_token_status", "get_access_token"):
            continue
        seen.add(name)
        values = {key: value for key, value in PLAIN.items() if key not in OPTIONAL or "sector" in name or "date" in name}
        report.run(f"{label}.{name}", lambda method=method, values=values: checked(method(**arguments(method, values, PLAIN))))


done: set[str] = set()
call_all("KiwoomRest", api, done)
parts = ("StockAPI", "ChartAPI", "RankingAPI", "InvestorAPI", "ProgramAPI", "AccountAPI")
for kind in (*(getattr(pykiwoom_rest, name) for name in parts), SectorAPI):
    call_all(kind.__name__, with_token(kind(**login)), done)
pages = {"stock_code": at.stock, "interval": 1, "max_records": 2000}
report.run("minute chart, pages", lambda: checked(api.get_minute_chart_paginated(**pages)), at_least=380)
daily = {"stk_cd": at.stock, "base_dt": at.day, "upd_stkpc_tp": "1"}
chart = with_token(pykiwoom_rest.ChartAPI(**login))
report.run("ka10081 all pages", lambda: checked(chart.make_tr_request_continuous("ka10081", "chart", daily)))


async def realtime() -> None:
    """Its socket takes ``wss://`` only and registers without the LOGIN frame."""
    seen = Realtime()
    address = f"{at.wss}/api/dostk/websocket"
    socket = pykiwoom_rest.WebSocketAPI(granted, at.key, at.secret, base_url=address, auto_reconnect=False)

    async def connect() -> None:
        if not await socket.connect():
            raise Refused("connect returned False")

    async def subscribe(name: str) -> None:
        async def on_item(item: object) -> None:
            seen.add(name)

        if not await getattr(socket, f"subscribe_{name}")(at.stock, on_item):
            raise Refused("no acknowledgement that the client accepts")

    await report.arun("ws connect", connect())
    for name in ("quote", "orderbook", "trade"):
        await report.arun(f"subscribe_{name}", subscribe(name))
    await socket.disconnect()


asyncio.run(realtime())
