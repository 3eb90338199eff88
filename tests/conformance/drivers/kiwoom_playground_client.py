"""kiwoom-playground: calls by api-id from a table of its own, ``base_url`` and ``ws_url``; one WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from kiwoom_rest import KiwoomClient
from reporting import ORDERS, Realtime, Report, requests, target

at, report = target(), Report()
table = requests(at)
core = KiwoomClient(at.key, at.secret, base_url=at.rest, ws_url=at.ws).core
report.run("login", core._get_token, at_least=1)

for api_id, entry in core.apis_spec.items():
    if entry["path"].endswith("websocket") or api_id.startswith(("au", *ORDERS)):
        continue
    body = table.get(api_id, {}).get("body", {})
    report.run(f"{api_id} {entry['path']}", lambda api_id=api_id, body=body: core.call(api_id, **body))


def everything(api_id: str, key: str, **body: str) -> list[Mapping[str, Any]]:
    """Follow the headers the client puts beside the fields."""
    rows: list[Mapping[str, Any]] = []
    paging: dict[str, str] = {}
    for _ in range(99):
        answer = core.call(api_id, **body, **paging)
        rows += answer[key]
        if answer.get("cont-yn") != "Y":
            break
        paging = {"cont_yn": "Y", "next_key": answer["next-key"]}
    return rows


daily = {"stk_cd": at.stock, "base_dt": at.day, "upd_stkpc_tp": "1"}
report.run("ka10081 all pages", lambda: everything("ka10081", "stk_dt_pole_chart_qry", **daily), at_least=600)
ranking = {"mrkt_tp": "000", "mang_stk_incls": "1", "stex_tp": "3"}
report.run("ka10032 all pages", lambda: everything("ka10032", "trde_prica_upper", **ranking), at_least=600)


async def realtime() -> None:
    """Register, receive, search by condition."""
    seen = Realtime()

    def told(frame: dict[str, Any]) -> None:
        if frame.get("trnm") == "REAL":
            for entry in frame["data"]:
                seen.add(entry["type"])
        else:
            seen.add(str(frame.get("trnm")) if frame.get("return_code", 0) == 0 else "refused")

    await report.arun("ws connect", core.connect_ws(told))
    stocks = {"item": [at.stock, f"{at.stock}_AL"], "type": ["0B", "0C", "0D", "0w"]}
    await core.send_ws({"trnm": "REG", "grp_no": "1", "refresh": "1", "data": [stocks]})
    whole = [{"item": ["001", "101"], "type": ["0J", "0U"]}, {"item": [""], "type": ["1h", "0s"]}]
    await core.send_ws({"trnm": "REG", "grp_no": "2", "refresh": "1", "data": whole})
    await core.send_ws({"trnm": "CNSRLST"})
    await seen.wait(("CNSRLST",), 10)
    await core.send_ws({"trnm": "CNSRREQ", "seq": "1", "search_type": "1", "stex_tp": "K"})
    kinds = ("LOGIN", "REG", "0B", "0C", "0D", "0w", "0J", "0U", "1h", "02", "CNSRLST", "CNSRREQ")
    await seen.wait(kinds, 90)
    seen.report(report, kinds)
    await core.disconnect_ws()


asyncio.run(realtime())
report.run("logout", core.revoke_token)
