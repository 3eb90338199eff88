"""kiwoom-client: REST facade with ``base_url``, WebSocket with ``ws_url``."""

from __future__ import annotations

import asyncio

from kiwoom_client import KiwoomAPI, KiwoomWebSocket, extract_records, normalize
from reporting import ORDERS, Realtime, Report, api_id_of, methods, requests, target

at, report = target(), Report()
table = requests(at)
api = KiwoomAPI(app_key=at.key, app_secret=at.secret, base_url=at.rest, rate_limit=None)
report.run("login", api.login, at_least=1)

SECTIONS = "account chart elw etf foreign_institution market ranking sector short_selling slb stock_info theme".split()
for section in SECTIONS:
    for name, method in methods(getattr(api, section)):
        api_id = api_id_of(method)
        if api_id and not api_id.startswith(ORDERS):
            body = table.get(api_id, {}).get("body", {})
            report.run(f"{api_id} {section}.{name}", lambda method=method, body=body: normalize(method(**body)))


def everything(path: str, api_id: str, key: str, **body: str) -> list[dict[str, str]]:
    """Follow the client's own paging."""
    return api._base_client.request_all(f"/api/dostk/{path}", api_id, body, key, max_pages=99)


daily = {"stk_cd": at.stock, "base_dt": at.day, "upd_stkpc_tp": "1"}
report.run("ka10081 all pages", lambda: everything("chart", "ka10081", "stk_dt_pole_chart_qry", **daily), at_least=600)
minute = {"stk_cd": at.stock, "tic_scope": "1", "upd_stkpc_tp": "1", "base_dt": at.day}
report.run("ka10080 all pages", lambda: everything("chart", "ka10080", "stk_min_pole_chart_qry", **minute), at_least=380)
flows = {"dt": at.day, "stk_cd": at.stock, "amt_qty_tp": "1", "trde_tp": "0", "unit_tp": "1"}
report.run("ka10059 all pages", lambda: everything("stkinfo", "ka10059", "stk_invsr_orgn", **flows), at_least=5)
index = {"inds_cd": "001", "base_dt": at.day}
report.run("ka20006 all pages", lambda: everything("chart", "ka20006", "inds_dt_pole_qry", **index), at_least=600)
for market in ("0", "10"):
    body = {"mrkt_tp": market}
    report.run(
        f"ka10099 market {market}", lambda body=body: extract_records(api.stock_info.stock_info_list(**body))[1], at_least=100
    )


async def realtime() -> None:
    """Register, receive, search by condition."""
    seen = Realtime()
    socket = KiwoomWebSocket(api._auth.get_valid_token(), ws_url=at.ws)
    await report.arun("ws connect", socket.connect())
    kinds = ("0A", "0B", "0C", "0D", "0H", "0J", "0U", "0w", "0s", "1h", "0F", "0g", "02")
    for kind in kinds:
        socket.on(kind, lambda item: seen.add(item["type"]))
    for trnm in ("CNSRLST", "CNSRREQ", "CNSRCLR", "REG", "REMOVE"):
        socket.on_trnm(trnm, lambda frame: seen.add(frame["trnm"] if frame["return_code"] == 0 else "refused"))
    listening = asyncio.create_task(socket.listen())
    await socket.subscribe(["0A", "0B", "0C", "0D", "0w"], [at.stock, at.kosdaq], grp_no="1")
    await socket.subscribe(["0J", "0U"], ["001", "101"], grp_no="2")
    await socket.subscribe(["1h", "0s"], [""], grp_no="3")
    searches = api.condition_search
    await socket.send(searches.condition_list())
    await seen.wait(("CNSRLST",), 10)
    await socket.send(searches.condition_search("0"))
    await seen.wait(("CNSRREQ",), 10)
    await socket.send(searches.condition_search_realtime("1"))
    await seen.wait(("0B", "0C", "0D", "0w", "0J", "0U", "1h", "02"), 90)
    await socket.send(searches.condition_search_cancel("1"))
    await socket.unsubscribe("0B", [at.stock])
    await seen.wait(("CNSRCLR", "REMOVE"), 10)
    seen.report(report, ("0B", "0C", "0D", "0w", "0J", "0U", "1h", "02", "REG", "REMOVE", "CNSRLST", "CNSRREQ", "CNSRCLR"))
    await socket.disconnect()
    listening.cancel()


asyncio.run(realtime())
report.run("logout", api.logout)
