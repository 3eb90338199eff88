"""The vendor's refusals: code, class and status of each, and what clients may do differently without being refused."""

from __future__ import annotations

import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from .conftest import Serve, busy_row, code_of

DAILY = {"stk_cd": "", "base_dt": "20261123", "upd_stkpc_tp": "1"}


@pytest.mark.parametrize(
    ("headers", "code", "group"),
    [
        ({"api_id": "-"}, "1501", 2),
        ({"api_id": ""}, "1501", 2),
        ({"api_id": "ka99999"}, "1505", 2),
        ({"api_id": "ka10087"}, "1505", 2),
        ({"api_id": "ka10001"}, "1504", 2),
        ({"authorization": "-"}, "1513", 2),
        ({"authorization": "token"}, "1514", 2),
        ({"authorization": "Basic token"}, "1515", 2),
        ({"authorization": "Bearer"}, "1516", 2),
        ({"authorization": "Bearer nonsense"}, "8005", 3),
        ({"content_type": "text/plain"}, "1512", 2),
    ],
)
async def test_headers(serve: Serve, headers: dict[str, str], code: str, group: int) -> None:
    async with serve() as client:
        body = DAILY | {"stk_cd": code_of(client.market, busy_row(client.market))}
        answer = await client.raw("ka10081", body, **headers)
    found = answer.json()
    assert answer.status_code == 200 and found["return_code"] == group and f"[{code}:" in found["return_msg"], found
    assert answer.headers["cont-yn"] == "N"


@pytest.mark.parametrize(
    ("api_id", "change", "code", "named"),
    [
        ("ka10081", {"stk_cd": None}, "1511", "stk_cd"),
        ("ka10081", {"base_dt": None}, "1511", "base_dt"),
        ("ka10081", {"base_dt": ""}, "1511", "base_dt"),
        ("ka10081", {"upd_stkpc_tp": None}, "1511", "upd_stkpc_tp"),
        ("ka10081", {"base_dt": "2026-11-23"}, "1517", "base_dt"),
        ("ka10081", {"base_dt": "20261341"}, "1517", "base_dt"),
        ("ka10081", {"upd_stkpc_tp": "2"}, "1517", "upd_stkpc_tp"),
        ("ka10081", {"stk_cd": "999999"}, "1902", "999999"),
        ("ka10081", {"stk_cd": "A005930"}, "1902", "A005930"),
        ("ka10080", {"tic_scope": "7"}, "1517", "tic_scope"),
        ("ka10100", {"stk_cd": "800000_AL"}, "1517", "stk_cd"),
        ("ka10001", {"stk_cd": "800000|800010"}, "1902", "800000|800010"),
        ("ka90008", {"amt_qty_tp": "1"}, "1511", "date"),
        ("ka10038", {"qry_tp": "1", "strt_dt": "", "end_dt": "yesterday", "dt": "5"}, "1517", "end_dt"),
        ("ka10072", {"strt_dt": "2026"}, "1517", "strt_dt"),
        ("kt00007", {"ord_dt": "x", "qry_tp": "1", "stk_bond_tp": "0", "sell_tp": "0", "dmst_stex_tp": "%"}, "1517", "ord_dt"),
    ],
)
async def test_parameters(serve: Serve, api_id: str, change: dict[str, str | None], code: str, named: str) -> None:
    async with serve() as client:
        body = DAILY | {"stk_cd": code_of(client.market, busy_row(client.market)), "tic_scope": "1"} | change
        found = (await client.raw(api_id, {name: value for name, value in body.items() if value is not None})).json()
    assert found["return_code"] == 2 and f"[{code}:" in found["return_msg"] and named in found["return_msg"], found


async def test_a_stock_without_nxt(serve: Serve) -> None:
    async with serve() as client:
        code = code_of(client.market, busy_row(client.market, nxt=False))
        found = (await client.raw("ka10001", {"stk_cd": f"{code}_NX"})).json()
        assert "[1903:" in found["return_msg"]
        assert (await client.raw("ka10001", {"stk_cd": code})).json()["return_code"] == 0


async def test_vi_needs_the_direction(serve: Serve) -> None:
    body = dict.fromkeys(("bf_mkrt_tp", "motn_tp", "trde_qty_tp", "trde_prica_tp"), "0") | {
        "mrkt_tp": "000",
        "skip_stk": "000000000",
    }
    blanks = dict.fromkeys(("min_trde_qty", "max_trde_qty", "min_trde_prica", "max_trde_prica"), "")
    async with serve() as client:
        missing = (await client.raw("ka10054", body | blanks | {"stex_tp": "1"})).json()
        full = (await client.raw("ka10054", body | blanks | {"stex_tp": "1", "motn_drc": "0"})).json()
        without = (await client.raw("ka10054", body | {"stex_tp": "1", "motn_drc": "0"})).json()
    assert "[1511:" in missing["return_msg"] and "motn_drc" in missing["return_msg"] and full["return_code"] == 0
    assert without == full, "bounds that may be blank may be left out too: clients do"


async def test_an_unknown_market_of_ka10131_is_kospi(serve: Serve) -> None:
    body = {"dt": "5", "netslmt_tp": "2", "stk_inds_tp": "0", "amt_qty_tp": "0", "stex_tp": "3"}
    async with serve(18, 30) as client:
        kospi, odd, sold, kosdaq = [
            [row["stk_cd"] for row in (await client.ask("ka10131", **(body | more)))["orgn_frgnr_cont_trde_prst"]]
            for more in ({"mrkt_tp": "001"}, {"mrkt_tp": "000"}, {"mrkt_tp": "001", "netslmt_tp": "1"}, {"mrkt_tp": "101"})
        ]
    assert kospi and kospi == odd and not set(kospi) & set(sold) and not set(kospi) & set(kosdaq)
    assert all(code.endswith("_AL") for code in kospi)


async def test_unreadable_bodies_and_paths(serve: Serve) -> None:
    async with serve() as client:
        headers = {"api-id": "ka10081", "authorization": f"Bearer {client.token}", "content-type": "application/json"}
        for content in (b"{", b"[1]", b"\xff"):
            found = (await client.http.post("/api/dostk/chart", content=content, headers=headers)).json()
            assert found["return_code"] == 2
        assert (await client.http.post("/api/dostk/nowhere", json={}, headers=headers)).json()["return_msg"].count(
            "[1504:"
        ) == 1
        assert (await client.http.post("/nowhere", json={}, headers=headers)).status_code == 404
        assert (await client.http.get("/api/dostk/chart")).status_code == 405


async def test_what_clients_may_do(serve: Serve) -> None:
    async with serve() as client:
        code = code_of(client.market, busy_row(client.market))
        plain = (await client.raw("ka10001", {"stk_cd": code})).json()
        for headers in (
            {"content_type": "application/json;charset=UTF-8"},
            {"content_type": "Application/JSON"},
            {"appkey": "", "appsecret": "", "cont_yn": "N", "next_key": "0"},
            {"authorization": f"bearer {client.token}", "cont_yn": "N", "next_key": ""},
        ):
            assert (await client.raw("ka10001", {"stk_cd": code}, **headers)).json() == plain
        empty = await client.http.post(
            "/api/dostk/stkinfo",
            content=b"",
            headers={"api-id": "ka10102", "authorization": f"Bearer {client.token}", "content-type": "application/json"},
        )
        assert empty.json()["list"]
        number = (await client.raw("ka10081", {"stk_cd": code, "base_dt": 20261123, "upd_stkpc_tp": 1})).json()
        assert number["return_code"] == 0
        for method in ("GET", "HEAD"):
            page = await client.http.request(method, "/")
            assert page.status_code == 200 and ("simulator" in page.text or method == "HEAD")
        options = await client.http.options("/api/dostk/chart")
        assert options.headers["access-control-allow-origin"] == "*"
        answer = await client.raw("ka10001", {"stk_cd": code})
        assert set(answer.headers["access-control-expose-headers"].split(",")) == {"api-id", "cont-yn", "next-key"}
        assert answer.headers["content-type"] == "application/json;charset=UTF-8" and answer.headers["api-id"] == "ka10001"


async def test_addresses_as_clients_put_them_together(serve: Serve) -> None:
    """A base address with a slash at its end, a path with one, a body with a byte order mark, a WebSocket at the root."""
    async with serve() as client:
        code = code_of(client.market, busy_row(client.market))
        plain = (await client.raw("ka10001", {"stk_cd": code})).json()
        base = f"{str(client.http.base_url).rstrip('/')}/"
        for path in ("/api/dostk/stkinfo", "api//dostk/stkinfo/", "/api/dostk/stkinfo/"):
            headers = {"api-id": "ka10001", "authorization": f"Bearer {client.token}", "content-type": "application/json"}
            body = b"\xef\xbb\xbf" + json.dumps({"stk_cd": code}).encode()
            assert (await client.http.post(f"{base}{path}", content=body, headers=headers)).json() == plain
        root = base.replace("http", "ws").rstrip("/")
        for path in ("", "/", "/api/dostk/websocket", "/api/dostk/websocket/", "//api/dostk/websocket"):
            async with connect(f"{root}{path}") as socket:
                await socket.send(json.dumps({"trnm": "LOGIN", "token": client.token}))
                assert json.loads(await socket.recv())["return_code"] == 0
        with pytest.raises(InvalidStatus):
            await connect(f"{root}/api/dostk/stkinfo")


async def test_many_codes_at_once(serve: Serve) -> None:
    async with serve() as client:
        code = code_of(client.market, busy_row(client.market))
        rows = (await client.ask("ka10095", stk_cd=f"{code}|999999|{code}_AL"))["atn_stk_infr"]
        assert [row["stk_cd"] for row in rows] == [code, f"{code}_AL"]
        assert "[1902:" in (await client.raw("ka10095", {"stk_cd": "999999"})).json()["return_msg"]
