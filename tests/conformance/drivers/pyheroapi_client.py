"""pyheroapi: one class with a method for each TR; class constants hold the addresses."""

from __future__ import annotations

import asyncio

import pyheroapi
from pyheroapi.client import KiwoomClient
from pyheroapi.realtime import KiwoomRealtimeClient
from reporting import ORDERS, Realtime, Report, api_id_of, arguments, methods, requests, target

at, report = target(), Report()
table = requests(at)
KiwoomClient.PRODUCTION_URL = at.rest
KiwoomRealtimeClient.PRODUCTION_WS_URL = at.ws
client = KiwoomClient.create_with_credentials(at.key, at.secret, retry_attempts=1)
report.line("token", bool(client.access_token), 1)

PLAIN = {
    "symbol": at.stock,
    "symbols": [at.stock, at.kosdaq],
    "date": at.day,
    "start_date": at.month_ago,
    "end_date": at.day,
    "base_date": at.day,
    "sector_code": "001",
    "order_number": "8",
    "etf_index_code": "207",
    "account_number": "8100000011",
    "margin_rate": "100",
    "guarantee_rate": "100",
    "underlying_asset_code": "201",
    "thema_grp_cd": "100",
}
for name, method in methods(client):
    if not name.startswith("get_"):
        continue
    api_id = api_id_of(method)
    if api_id.startswith(ORDERS):
        continue
    body = {**table.get(api_id, {}).get("body", {}), **PLAIN} if "theme" in name else PLAIN
    if "etf" in name:
        body = {**body, "symbol": at.etf}
    report.run(f"{api_id} {name}", lambda method=method, body=body: method(**arguments(method, body, body)))

easy = pyheroapi.KiwoomAPI(client)
report.run("easy stock.current_price", lambda: [easy.stock(at.stock).current_price], at_least=1)
report.run("easy stock.quote", lambda: easy.stock(at.stock).quote)
report.run("easy stock.history", lambda: easy.stock(at.stock).history(30), at_least=1)


async def realtime() -> None:
    """Subscriptions and condition search."""
    socket, seen = KiwoomRealtimeClient(client.access_token), Realtime()
    await report.arun("ws connect", socket.connect())
    kinds = ("0B", "0D", "0J", "conditional_search_list", "conditional_search_results", "conditional_search_realtime")
    for kind in kinds:
        socket.add_callback(kind, lambda data, kind=kind: seen.add(kind))
    await report.arun("subscribe_stock_price", socket.subscribe_stock_price([at.stock, at.kosdaq]))
    await report.arun("subscribe_order_book", socket.subscribe_order_book([at.stock]))
    await report.arun("subscribe_sector_index", socket.subscribe_sector_index(["001", "101"]))
    await report.arun("subscribe_account_updates", socket.subscribe_account_updates())
    await report.arun("get_conditional_search_list", socket.get_conditional_search_list())
    await seen.wait(("conditional_search_list",), 5)
    await report.arun("execute_conditional_search", socket.execute_conditional_search("0"))
    await report.arun("execute_conditional_search_realtime", socket.execute_conditional_search_realtime("1"))
    await seen.wait(kinds, 25)
    await report.arun("cancel_conditional_search_realtime", socket.cancel_conditional_search_realtime("1"))
    seen.report(report, kinds)
    await socket.disconnect()


asyncio.run(realtime())
