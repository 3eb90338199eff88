"""kiwoom-rest-api: REST only; the base URL is a constructor argument and an environment variable."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil

from reporting import API_ID, ORDERS, Report, arguments, methods, requests, target

at, report = target(), Report()
os.environ.update(KIWOOM_DEFAULT_BASE_URL=at.rest, KIWOOM_API_KEY=at.key, KIWOOM_API_SECRET=at.secret)

import kiwoom_rest_api.koreanstock as package  # noqa: E402 - the client reads the environment when it is imported
from kiwoom_rest_api.auth.token import TokenManager  # noqa: E402
from kiwoom_rest_api.core.base_api import KiwoomBaseAPI  # noqa: E402

table = requests(at)
tokens = TokenManager()
report.run("token", lambda: {"token": tokens.get_token()}, at_least=1)

for info in pkgutil.iter_modules(package.__path__):
    module = importlib.import_module(f"{package.__name__}.{info.name}")
    for _, kind in inspect.getmembers(module, inspect.isclass):
        if not issubclass(kind, KiwoomBaseAPI) or kind.__module__ != module.__name__:
            continue
        section = kind(base_url=at.rest, token_manager=tokens)
        for name, method in methods(section):
            found = API_ID.search(name)
            if found is None or found.group(1).startswith(ORDERS):
                continue
            api_id = found.group(1)
            body = table.get(api_id, {}).get("body", {})
            report.run(f"{api_id} {info.name}.{name}", lambda method=method, body=body: method(**arguments(method, body, body)))

from kiwoom_rest_api.koreanstock.chart import Chart  # noqa: E402

chart = Chart(base_url=at.rest, token_manager=tokens)


def pages(method: object, limit: int, **body: str) -> list[object]:
    """Follow the headers the client puts into the answer."""
    rows: list[object] = []
    more = {"cont_yn": "N", "next_key": ""}
    for _ in range(limit):
        answer = method(**body, **more)  # type: ignore[operator]
        rows += max((value for value in answer.values() if isinstance(value, list)), key=len)
        if answer["cont-yn"] != "Y":
            return rows
        more = {"cont_yn": "Y", "next_key": answer["next-key"]}
    return rows


daily = {"stk_cd": at.stock, "base_dt": at.day, "upd_stkpc_tp": "1"}
report.run("ka10081 all pages", lambda: pages(chart.stock_daily_chart_request_ka10081, 99, **daily), at_least=600)
minute = {"stk_cd": at.stock, "tic_scope": "1", "upd_stkpc_tp": "1"}
report.run("ka10080 four pages", lambda: pages(chart.stock_minute_chart_request_ka10080, 4, **minute), at_least=380)
