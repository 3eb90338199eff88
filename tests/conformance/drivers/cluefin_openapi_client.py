"""cluefin-openapi: typed answers (pydantic); ``url`` of client and login, ``WS_HOST_PROD`` of the socket."""

from __future__ import annotations

import asyncio

from cluefin_openapi.kiwoom._auth import Auth
from cluefin_openapi.kiwoom._client import Client
from cluefin_openapi.kiwoom._domestic_condition_search import DomesticConditionSearch
from cluefin_openapi.kiwoom._domestic_realtime import DomesticRealtime
from cluefin_openapi.kiwoom._socket_client import KiwoomWebSocketClient
from pydantic import SecretStr
from reporting import ORDERS, Realtime, Report, api_id_of, arguments, methods, requests, target

at, report = target(), Report()
table = requests(at)
login = Auth(app_key=at.key, secret_key=SecretStr(at.secret), env="prod", cache_dir=".")
login.url = at.rest
grant = report.run("token", login.generate_token, at_least=1)
client = Client(
    token=grant.get_token() if hasattr(grant, "get_token") else grant.token, env="prod", rate_limit_requests_per_second=50
)
client.url = at.rest

BLANK = {"amt_qty_tp": "1", "date": at.day, "stk_cd": at.stock, "thema_nm": "", "base_dt": at.day, "tm": "5"}
"""For arguments the client insists on and the vendor does not."""
SECTIONS = ("account", "chart", "etf", "foreign", "market_conditions", "rank_info", "sector", "stock_info", "theme")
for section in SECTIONS:
    for name, method in methods(getattr(client, section)):
        api_id = api_id_of(method)
        if api_id and not api_id.startswith(ORDERS):
            body = {**BLANK, **table.get(api_id, {}).get("body", {})}
            report.run(f"{api_id} {section}.{name}", lambda method=method, body=body: method(**arguments(method, body, body)))


def pages(method: object, key: str, limit: int, **body: str) -> list[object]:
    """Follow the typed headers."""
    rows: list[object] = []
    more = {"cont_yn": "N", "next_key": ""}
    for _ in range(limit):
        answer = method(**body, **more)  # type: ignore[operator]
        rows += getattr(answer.body, key)
        if answer.headers.cont_yn != "Y":
            return rows
        more = {"cont_yn": "Y", "next_key": answer.headers.next_key}
    return rows


def all_days() -> list[object]:
    """The whole daily chart."""
    return pages(client.chart.get_stock_daily, "stk_dt_pole_chart_qry", 99, stk_cd=at.stock, base_dt=at.day, upd_stkpc_tp="1")


def minutes() -> list[object]:
    """Some pages of the minute chart."""
    return pages(client.chart.get_stock_minute, "stk_min_pole_chart_qry", 4, stk_cd=at.stock, tic_scope="1", upd_stkpc_tp="1")


report.run("ka10081 all pages", all_days, at_least=600)
report.run("ka10080 pages", minutes, at_least=380)


async def realtime() -> None:
    """Typed real-time messages and condition search."""
    KiwoomWebSocketClient.WS_HOST_PROD = at.ws_origin
    socket = KiwoomWebSocketClient(token=client.token, env="prod", market="domestic")
    await report.arun("ws connect", socket.connect())
    searches, seen = DomesticConditionSearch(socket), Realtime()
    await report.arun("CNSRLST", searches.get_condition_search_list(), at_least=1)
    await report.arun("CNSRREQ once", searches.request_condition_search("0"))
    feed = DomesticRealtime(socket)
    kinds = ("0B", "0C", "0D", "0w", "0F", "0J", "0U", "0s", "1h")
    await feed.register(["0A", "0B", "0C", "0D", "0w", "0F"], [at.stock, at.kosdaq])
    await feed.register(["0J", "0U"], ["001", "101"], grp_no="2")
    await feed.register(["0s", "1h"], [""], grp_no="3")

    async def read() -> None:
        async for message in socket.events():
            for parsed in feed.parse(message):
                for item in parsed.data:
                    if item.values is None:
                        raise ValueError(f"no values in {item}")
                    seen.add(item.type)

    reading = asyncio.create_task(read())
    await seen.wait([kind for kind in kinds if kind != "0s"], 90)
    seen.report(report, [kind for kind in kinds if kind != "0s"])
    reading.cancel()
    try:
        await reading
    except asyncio.CancelledError:
        pass
    except Exception as error:  # what the client could not read is the result
        report.line("realtime parsing", False, 0, f"{type(error).__name__}: {error}")
    await report.arun("CNSRREQ live", searches.request_realtime_condition_search("1"))
    await report.arun("CNSRCLR", searches.cancel_realtime_condition_search("1"))
    await socket.close()


asyncio.run(realtime())
