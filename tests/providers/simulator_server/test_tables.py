"""Every api-id answers with every field of the vendor's own table, and with nothing but texts."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from ralphstock_desktop.providers.kiwoom_sim.rest_absent import ABSENT_ROUTES
from ralphstock_desktop.providers.kiwoom_sim.rest_routes import ROUTES
from ralphstock_desktop.providers.kiwoom_sim.rest_routes_further import FURTHER_ROUTES

from .conftest import Serve, busy_row, code_of

DOCUMENTED = """
stkinfo ka10001 ka10002 ka10003 ka10015 ka10016 ka10017 ka10019 ka10054 ka10058 ka10059 ka10061 ka10095 ka10099 ka10100 ka10101
stkinfo ka10102 ka00198 ka90003 ka90004
mrkcond ka10004 ka10045 ka10046 ka10063 ka10066 ka10086 ka10087 ka90005 ka90006 ka90007 ka90008 ka90010 ka90013
chart ka10060 ka10064 ka10079 ka10080 ka10081 ka10082 ka10083 ka10094 ka20004 ka20005 ka20006 ka20007 ka20008 ka20019
rkinfo ka10023 ka10027 ka10029 ka10030 ka10032 ka10034 ka10065 ka90009
sect ka10051 ka20001 ka20002 ka20003 ka20009
frgnistt ka10008 ka10009 ka10131
thme ka90001 ka90002
shsa ka10014
acnt ka00001 kt00001 kt00004 kt00018 ka10075 ka10076
ordr kt10000 kt10001 kt10002 kt10003
"""


def test_every_documented_api_id_has_its_path() -> None:
    wanted = {api_id: line.split()[0] for line in DOCUMENTED.split("\n") if line for api_id in line.split()[1:]}
    served = {api_id: route.path for api_id, route in ROUTES.items()}
    assert {api_id: path for api_id, path in served.items() if api_id in wanted} == wanted
    further = {"ka10005", "ka10006", "ka10007", "ka10028"} | set(FURTHER_ROUTES)  # asked for by published clients
    assert set(served) - set(wanted) == further | set(ABSENT_ROUTES)


def _official(folder: Path) -> dict[str, Any]:
    file = folder / "kiwoom" / "official_examples.json.gz"
    if not file.exists():
        pytest.skip(f"the vendor's examples are not at {file}")
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        return {entry["api_id"]: entry for entry in json.load(stream)["apis"]}


def _body(api_id: str, example: dict[str, Any], code: str) -> dict[str, str]:
    """The vendor's example request, asked for a stock and days of the demo market."""
    body = {name: str(value) for name, value in example.items()}
    for name, value in body.items():
        if name == "stk_cd" and value:
            body[name] = f"{code}|{code}_AL" if "|" in value or api_id == "ka10095" else code
        if re.fullmatch(r"20\d{6}", value):
            body[name] = "20261116" if name == "strt_dt" else "20261123"
    own = {
        "ka10054": {"stk_cd": "", "motn_drc": "0"},
        "ka90002": {"thema_grp_cd": "101"},
        "ka10017": {"updown_tp": "2"},
        "ka10131": {"netslmt_tp": "2"},
    }
    body |= own.get(api_id, {})
    for name in ROUTES[api_id].needs:
        body.setdefault(name, {"stex_tp": "1"}.get(name, "0"))
    return body


EMPTY_LISTS = {"kt00001", "kt00004", "kt00018", "ka10075", "ka10076", "ka10011"} | {
    api_id for api_id, route in FURTHER_ROUTES.items() if route.path == "acnt"
}


def _texts_only(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(row, dict) and all(isinstance(text, str) for text in row.values()) for row in value)
    return isinstance(value, str)


async def test_every_official_field_is_there(serve: Serve, recorded_data: Path) -> None:
    official = _official(recorded_data)
    problems: list[str] = []
    for hour, minute, chosen in ((11, 17, set(ROUTES) - {"ka10029"} - set(ABSENT_ROUTES)), (8, 57, {"ka10029"})):
        async with serve(hour, minute, single_price=True) as client:
            code = code_of(client.market, busy_row(client.market))
            for api_id in sorted(chosen):
                entry = official.get(api_id)
                if ROUTES[api_id].path == "ordr" or entry is None:
                    continue
                examples = [example for example in entry["request_examples"] if "_unparsed" not in example] or [{}]
                answer = await client.raw(api_id, _body(api_id, examples[0], code))
                found = answer.json()
                if found.get("return_code") != 0:
                    problems.append(f"{api_id}: {found}")
                    continue
                del found["return_code"], found["return_msg"]
                names = set(found)
                for value in found.values():
                    if not _texts_only(value):
                        problems.append(f"{api_id}: not only texts in {value!r:.80}")
                    if isinstance(value, list) and not value and api_id not in EMPTY_LISTS:
                        problems.append(f"{api_id}: an empty list")
                    if isinstance(value, list) and value:
                        names |= set(value[0])
                rows = [field["element"] for field in entry["response_fields"] if field["in"] == "Body"]
                wanted = (
                    {name for name in rows if not name.startswith("-")}
                    if api_id in EMPTY_LISTS
                    else {name.lstrip("- ") for name in rows}
                )
                if wanted - names:
                    problems.append(f"{api_id}: {sorted(wanted - names)} missing")
    assert not problems, "\n".join(problems)


async def test_what_no_market_here_holds_is_answered_as_nothing(serve: Serve, recorded_data: Path) -> None:
    """Warrants and gold: the vendor's addresses, required parameters and list keys, without rows."""
    official = _official(recorded_data)
    known = {entry for entry in official if entry.startswith(("ka10048", "ka10050", "ka3", "ka5", "kt5"))}
    assert known | {"kt10006", "kt10007", "kt10008", "kt10009"} == set(ABSENT_ROUTES)
    single = {"ka10048", "ka10050", "ka30011", "ka30012"}
    async with serve() as client:
        code = code_of(client.market, busy_row(client.market))
        for api_id, route in ABSENT_ROUTES.items():
            entry = official[api_id]
            assert entry["url"] == f"/api/dostk/{route.path}"
            fields = [field for field in entry["request_fields"] if field["in"] == "Body"]
            assert [field["element"] for field in fields if "Y" in field["rest"]] == list(route.needs), api_id
            body = dict.fromkeys(route.needs, "1") | ({"base_dt": "20261123"} if "base_dt" in route.needs else {})
            body |= {"ord_dt": "20261123"} if "ord_dt" in route.needs else {}
            if "stk_cd" in body and route.path in ("chart", "mrkcond"):
                unknown = (await client.raw(api_id, body | {"stk_cd": code})).json()
                assert "[1902:" in unknown["return_msg"], "a stock is no gold"
                body["stk_cd"] = "M04020000"
            found = (await client.raw(api_id, body)).json()
            if "ord" in route.path:
                assert found["return_code"] == 20 and "주문을 받지 않습니다" in found["return_msg"]
            elif api_id in single:
                assert found["return_code"] == 2 and "[1902:" in found["return_msg"]
            else:
                assert found.pop("return_code") == 0 and found.pop("return_msg")
                heads = [field["element"] for field in entry["response_fields"] if field["in"] == "Body"]
                assert list(found) == [name for name in heads if not name.startswith("-")], api_id
                assert all(value == [] or isinstance(value, str) for value in found.values())


async def test_orders_are_refused_in_plain_words(serve: Serve) -> None:
    async with serve() as client:
        answer = (
            await client.raw("kt10000", {"dmst_stex_tp": "KRX", "stk_cd": "800000", "ord_qty": "1", "trde_tp": "3"})
        ).json()
    assert answer["return_code"] == 20
    assert "주문을 받지 않습니다" in answer["return_msg"]
