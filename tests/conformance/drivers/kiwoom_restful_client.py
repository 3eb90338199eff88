"""kiwoom-restful: asynchronous, pandas; the host constant ``config.REAL`` and the socket's ``Socket.REAL``."""

from __future__ import annotations

import asyncio

import kiwoom.config as config
import kiwoom.config.settings as settings
import msgspec
from kiwoom import Bot
from kiwoom.config.real import HogaValuesType, RealData, TickValuesType
from kiwoom.http.socket import Socket
from reporting import Realtime, Report, target

at, report = target(), Report()
config.REAL = settings.REAL = at.rest
Socket.REAL = at.ws_origin


async def main() -> None:
    """The client's own commands, then its real-time callbacks."""
    bot, seen = Bot(host=at.rest, appkey=at.key, secretkey=at.secret), Realtime()
    ticks, book = msgspec.json.Decoder(TickValuesType), msgspec.json.Decoder(HogaValuesType)

    async def on_tick(raw: RealData) -> None:
        values = ticks.decode(raw.values)
        assert abs(int(values.v10)) > 0
        assert int(values.v15)
        seen.add("0B")

    async def on_book(raw: RealData) -> None:
        assert abs(int(book.decode(raw.values).v41)) > 0
        seen.add("0D")

    await report.arun("connect", bot.connect())
    report.line("login token", bool(bot.token()), 1)
    bot.api.add_callback_on_real_data("0B", on_tick)
    bot.api.add_callback_on_real_data("0D", on_book)
    codes = await report.arun("stock_list KOSPI", bot.stock_list("0"), at_least=100)
    await report.arun("stock_list KOSDAQ", bot.stock_list("10"), at_least=100)
    await report.arun("stock_list NXT", bot.stock_list("NXT"), at_least=100)
    for market in ("8", "6", "60"):
        await report.arun(f"stock_list {market}", bot.stock_list(market))
    for market in ("0", "1", "2", "4", "7"):
        await report.arun(f"sector_list {market}", bot.sector_list(market), at_least=2)
    month = at.month_ago
    for code in (at.stock, f"{at.stock}_AL", f"{at.stock}_NX", at.kosdaq):
        await report.arun(f"candle day {code}", bot.candle(code, "day", "stock", end=at.day), at_least=100)
        await report.arun(f"candle min {code}", bot.candle(code, "min", "stock", start=month, end=at.day), at_least=100)
    await report.arun("candle tick", bot.candle(at.stock, "tick", "stock", start=at.day), at_least=10, timeout=120)
    for code in ("001", "101", "201"):
        await report.arun(f"sector day {code}", bot.candle(code, "day", "sector", end=at.day), at_least=100)
        await report.arun(f"sector min {code}", bot.candle(code, "min", "sector", start=at.day), at_least=10)
    await report.arun("sector tick", bot.candle("001", "tick", "sector", start=at.day), at_least=10, timeout=120)
    await report.arun("trade", bot.trade(month, at.day))
    await bot.api.register_tick("1", (codes or [at.stock])[:50])
    await bot.api.register_hoga("2", (codes or [at.stock])[:50])
    await seen.wait(("0B", "0D"), 20)
    seen.report(report, ("0B", "0D"))
    await bot.api.remove_register("1", (codes or [at.stock])[:50], "0B")
    await report.arun("close", bot.close())


asyncio.run(main())
