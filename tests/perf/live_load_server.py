"""A load generator that speaks the broker's stream: LOGIN, REG, PING and then trades at a given rate, until it is stopped.

Run as a process of its own: ``python -m tests.perf.live_load_server TICKERS_FILE``; prints its port. Control messages arrive on
a second path, ``/control``: ``rate N`` (trades a second), ``burst N`` (at once), ``stats``. FID 1031 carries the sender's
monotonic clock in microseconds, so that the receiver can measure the whole way.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve

_VALUES = {
    "20": "", "10": "", "11": "", "12": "+1.13", "27": "", "28": "", "15": "", "13": "", "14": "842513", "16": "+70900", "17": "+99900",
    "18": "-50300", "25": "2", "26": "", "29": "", "30": "", "31": "0.20", "32": "57", "228": "",
    "311": "", "290": "2", "691": "0", "567": "000000", "568": "000000", "851": "", "1890": "090004", "1891": "101512",
    "1892": "092201", "1030": "", "1031": "", "1032": "", "1071": "", "1072": "", "1313": "", "1315": "",
    "1316": "", "1314": "", "1497": "0", "1498": "0", "620": "", "732": "0", "852": "0", "9081": "KRX",
}  # fmt: skip
_SLOTS = ("20", "10", "11", "12", "27", "28", "15", "13", "14", "1031")


def _template() -> str:
    values = {fid: f"%({fid})s" if fid in _SLOTS else text for fid, text in _VALUES.items()}
    entry = {"type": "0B", "name": "주식체결", "item": "%(item)s", "values": values}
    return json.dumps({"trnm": "REAL", "data": [entry]}, ensure_ascii=False, separators=(",", ":"))


class Load:
    """Trades of all symbols in random order with continuous accumulated volumes."""

    def __init__(self, tickers: list[str]) -> None:
        self._random = random.Random(20260504)
        self._template = _template()
        self.tickers = tickers
        self.volume = dict.fromkeys(tickers, 0)
        self.price = {ticker: 70_000 + 100 * self._random.randrange(200) for ticker in tickers}
        self.rate = 0.0
        self.sent = 0
        self.client: ServerConnection | None = None

    def frame(self) -> str:
        ticker = self._random.choice(self.tickers)
        quantity = self._random.randrange(1, 40)
        self.volume[ticker] += quantity
        self.price[ticker] += self._random.choice((-100, 0, 0, 100))
        price = f"+{self.price[ticker]}"
        self.sent += 1
        return self._template % {
            "item": ticker, "20": "103000", "10": price, "11": "+800",
            "12": f"+{80_000 / (self.price[ticker] - 800):.2f}", "27": price, "28": f"+{self.price[ticker] - 100}",
            "15": f"+{quantity}", "13": self.volume[ticker], "14": round(self.volume[ticker] * self.price[ticker] / 1e6), "1031": time.monotonic_ns() // 1000,
        }  # fmt: skip

    async def run(self) -> None:
        due, begin = 0.0, time.monotonic()
        while True:
            await asyncio.sleep(0.002)
            now = time.monotonic()
            due, begin = due + (now - begin) * self.rate, now
            count, due = int(due), due - int(due)
            if self.client is not None:
                for _ in range(min(count, 2_000)):
                    await self.client.send(self.frame())

    async def handle(self, connection: ServerConnection) -> None:
        if connection.request is not None and connection.request.path == "/control":
            async for text in connection:
                verb, _, number = str(text).partition(" ")
                if verb == "rate":
                    self.rate = float(number)
                elif verb == "burst" and self.client is not None:
                    for _ in range(int(number)):
                        await self.client.send(self.frame())
                state = {
                    "sent": self.sent,
                    "volume": self.volume if verb == "stats" else {},
                    "price": self.price if verb == "stats" else {},
                }
                await connection.send(json.dumps(state))
            return
        async for text in connection:
            message = json.loads(text)
            if message["trnm"] == "LOGIN":
                await connection.send('{"trnm":"LOGIN","return_code":0,"return_msg":"","sor_yn":"Y"}')
            elif message["trnm"] in ("REG", "REMOVE"):
                await connection.send(json.dumps({"trnm": message["trnm"], "return_code": 0, "return_msg": ""}))
                self.client = connection


async def main() -> None:
    load = Load(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    async with serve(load.handle, "127.0.0.1", 0, compression=None, max_queue=None, ping_interval=None) as server:
        sys.stdout.write(f"{next(iter(server.sockets)).getsockname()[1]}\n")
        sys.stdout.flush()
        await load.run()


if __name__ == "__main__":
    asyncio.run(main())
