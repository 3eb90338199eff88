"""kiwoomRest: asynchronous; the addresses are two constants of its module."""

from __future__ import annotations

import asyncio

import kiwoomRest.rest_api as client
from kiwoomRest.tr_code_to_path import tr_code_to_path
from reporting import ORDERS, Realtime, Refused, Report, requests, target

at, report = target(), Report()
client.BASE_URL_REAL, client.WSS_URL_REAL = at.rest, at.ws


def taken(response: client.ResponseData) -> dict[str, object]:
    """The answer's body; its error raised."""
    if int(response.return_code) != 0:
        raise Refused(response.return_msg)
    return response.body


async def ask(api: client.KwRestApi, api_id: str, body: dict[str, object]) -> dict[str, object]:
    """One request."""
    return taken(await api.request(api_id, body))


async def pages(api: client.KwRestApi, api_id: str, body: dict[str, object], key: str) -> list[object]:
    """Follow the headers."""
    rows: list[object] = []
    more = {"cont_yn": "N", "next_key": ""}
    while True:
        response = await api.request(api_id, body, **more)
        rows += taken(response)[key]
        if response.cont_yn != "Y":
            return rows
        more = {"cont_yn": "Y", "next_key": response.next_key}
        await asyncio.sleep(0.25)


async def main() -> None:
    """Everything on one connection."""
    api, table, seen = client.KwRestApi(), requests(at), Realtime()

    def on_realtime(frame: dict[str, object]) -> None:
        for item in frame.get("data") or []:
            seen.add(item["type"])

    api.on_realtime.connect(on_realtime)

    async def login() -> dict[str, object]:
        if not await api.login(at.key, at.secret):
            raise Refused(api.last_message)
        return {"token": api.access_token}

    await report.arun("login", login(), at_least=1)
    for api_id in sorted(tr_code_to_path):
        path = tr_code_to_path[api_id]
        if path.startswith("/api/dostk") and "websocket" not in path and not api_id.startswith(ORDERS):
            await report.arun(api_id, ask(api, api_id, table.get(api_id, {}).get("body", {})))
    daily = {"stk_cd": at.stock, "base_dt": at.day, "upd_stkpc_tp": "1"}
    await report.arun("ka10081 all pages", pages(api, "ka10081", daily, "stk_dt_pole_chart_qry"), at_least=600)
    flows = {"dt": at.day, "stk_cd": at.stock, "amt_qty_tp": "1", "trde_tp": "0", "unit_tp": "1000"}
    await report.arun("ka10059 all pages", pages(api, "ka10059", flows, "stk_invsr_orgn"), at_least=5)
    minute = {"stk_cd": at.stock, "tic_scope": "1", "upd_stkpc_tp": "1"}
    await report.arun("ka10080 all pages", pages(api, "ka10080", minute, "stk_min_pole_chart_qry"), at_least=380)

    async def register(group: str, types: list[str], items: list[str]) -> dict[str, object]:
        body = {"trnm": "REG", "grp_no": group, "refresh": "1", "data": [{"item": items, "type": types}]}
        return taken(await api.realtime(body))

    await report.arun("REG stocks", register("1", ["0A", "0B", "0C", "0D", "0w", "0F"], [at.stock, f"{at.stock}_AL"]))
    await report.arun("REG indices", register("2", ["0J", "0U"], ["001", "101"]))
    await report.arun("REG market", register("3", ["0s", "1h"], [""]))
    await report.arun("CNSRLST", ask(api, "ka10171", {"trnm": "CNSRLST"}), at_least=1)
    search = {"trnm": "CNSRREQ", "seq": "0", "search_type": "0", "stex_tp": "K", "cont_yn": "N", "next_key": ""}
    await report.arun("CNSRREQ once", ask(api, "ka10172", search))
    await report.arun("CNSRREQ live", ask(api, "ka10173", {"trnm": "CNSRREQ", "seq": "1", "search_type": "1", "stex_tp": "K"}))
    kinds = ("0B", "0C", "0D", "0w", "0F", "0J", "0U", "1h", "02")
    await seen.wait(kinds, 90)
    await report.arun("CNSRCLR", ask(api, "ka10174", {"trnm": "CNSRCLR", "seq": "1"}))
    seen.report(report, kinds)
    await api.close()


asyncio.run(main())
