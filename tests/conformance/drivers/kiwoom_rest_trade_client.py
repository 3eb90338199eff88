"""kiwoom-rest-trade: typed requests and answers over HTTP, one method per TR; its hosts are two constants. No WebSocket."""

from __future__ import annotations

import asyncio
import re

import kiwoom.api.base
import kiwoom.auth
import kiwoom.models.domestic as models
from kiwoom import AsyncKiwoomClient
from reporting import ORDERS, Report, methods, requests, target

at, report = target(), Report()
table = requests(at)
for owner in (kiwoom.auth.TokenManager, kiwoom.api.base.BaseAPI):
    owner.base_url = property(lambda _: at.rest)


async def run() -> None:
    """Every method of domestic stocks, then pages by its own headers."""
    client = AsyncKiwoomClient(at.key, at.secret)
    await report.arun("au10001", client.get_valid_token(), at_least=1)
    for name, method in methods(client.domestic):
        found = re.fullmatch(r"k[at]\d{5}", name)
        # Its condition searches are posts to the address of the WebSocket, which answers no post.
        if not found or name.startswith((*ORDERS, "ka1017")):
            continue
        request = getattr(models, f"{name.capitalize()}Request")
        values = {key: value for key, value in table.get(name, {}).get("body", {}).items() if key in request.model_fields}
        for key, field in request.model_fields.items():
            if field.is_required():
                values.setdefault(key, {"arn_grp_id": "1"}.get(key, "0"))
        await report.arun(name, method(request(**values)))

    request = models.Ka10081Request(stk_cd=at.stock, base_dt=at.day, upd_stkpc_tp="1")
    # The client hands out no paging headers, so a client of it asks by date.
    first = await report.arun("ka10081 newest page", client.domestic.ka10081(request), at_least=300)
    if first:
        oldest = first.stk_dt_pole_chart_qry[-1].dt
        request = models.Ka10081Request(stk_cd=at.stock, base_dt=oldest, upd_stkpc_tp="1")
        await report.arun("ka10081 from the oldest day back", client.domestic.ka10081(request), at_least=1)


asyncio.run(run())
