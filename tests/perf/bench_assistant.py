"""The assistant over a whole market: reading for a question, first piece and whole answer of a model, stopping, and the window's
longest standstill while an answer streams in.

    python -m tests.perf.bench_assistant --data ../shared/data [--news 100000]

The model is a local server that speaks Gemini's protocol, reached through Google's library.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import statistics
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from engine.features import acceleration as scan_acceleration
from engine.model.instants import AsOf
from engine.performance import acceleration as life_acceleration
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services.assistant.desk import Desk as ReadingDesk
from ralphstock_desktop.services.assistant.help_pages import help_book
from ralphstock_desktop.services.assistant.names import NameBook
from ralphstock_desktop.services.assistant.reading import read_answer, template_answer
from ralphstock_desktop.services.assistant.understand import Understanding
from ralphstock_desktop.services.assistant_contracts import StreamUpdate
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.strategy.evaluate import evaluate
from ralphstock_desktop.services.strategy.records import RecordKeeper
from ralphstock_desktop.services.strategy.sources import Sources
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.chat import ChatPanel
from ralphstock_desktop.wording.texts import Texts
from tests.acceptance.recorded import MemoryStore, World, load_world
from tests.perf.bench_assistant_store import made_up, store_headlines
from tests.providers.gemini.server import GeminiServer, says
from tests.services.assistant.conftest import AssistantDesk

__all__ = ["figures"]

QUESTIONS = Path(__file__).parent.parent / "services" / "assistant" / "questions.json"
EVENING = AsOf.at(date(2026, 1, 28), 18, 32)
_PIECES, _GAP_S = 60, 0.02
_SLOW_S = 0.05


def _ms(seconds: float) -> float:
    return 1e3 * seconds


async def figures(world: World, folder: Path, *, news: int = 0) -> dict[str, float]:
    """Measure everything over a market; milliseconds, and ratios to one evaluation of the whole market in the same run."""
    scan_acceleration.accelerate()
    life_acceleration.accelerate()
    desk = AssistantDesk(world, folder, outside=True)
    found: dict[str, float] = {"bars": float((world.panel.volume_shares > 0).sum())}
    with GeminiServer() as server:
        desk.url = server.url
        try:
            await desk.open(EVENING)
            if news:
                found["news"] = float(news)
                await asyncio.to_thread(store_headlines, desk.database, made_up(news))
                await asyncio.to_thread(desk.store.prepare_search)
            found |= await _reading(desk)
            found |= await _streaming(desk, server)
        finally:
            await desk.close()
    sources = Sources(MemoryStore(world))  # type: ignore[arg-type]
    instant = sources.at(world.panel, EVENING, DEFAULT_RULES)
    begin = perf_counter()
    evaluate(instant, DEFAULT_RULES)
    found["evaluation_ms"] = _ms(perf_counter() - begin)
    return found


async def _reading(desk: AssistantDesk) -> dict[str, float]:
    picture = desk.desk.workstation.market.last
    assert picture is not None
    begin = perf_counter()
    names = NameBook(picture.panel)
    built = perf_counter() - begin
    understanding = Understanding(names, picture.panel.days)
    reading = ReadingDesk(desk.desk.workstation, desk.desk.workers, lambda: desk.store, lambda: desk.desk.now_ns)
    texts = {language: Texts(language) for language in ("ko", "en")}  # type: ignore[arg-type]
    took: list[float] = []
    first: list[float] = []
    understood: list[float] = []
    slow: list[str] = []
    rows = [row for row in json.loads(QUESTIONS.read_text(encoding="utf-8")) if row["as_of"].startswith("2026-01-28")]
    for turn in range(3):
        for row in rows:
            screen = desk.screen(row["screen_ticker"])
            begin = perf_counter()
            question = understanding.understand(row["text"], screen=screen, today=screen.as_of.day)
            middle = perf_counter()
            template_answer(await read_answer(reading, question, screen, texts[question.language]))
            end = perf_counter()
            if end - middle > _SLOW_S:
                slow.append(f"{row['id']} {row['text']}: {_ms(end - middle):.0f} ms")
            understood.append(middle - begin)
            (took if turn else first).append(end - middle)
    searched: list[float] = []
    for row in rows:
        begin = perf_counter()
        help_book(row["language"]).find(row["text"])
        searched.append(perf_counter() - begin)
    took.sort()
    if os.environ.get("RALPHSTOCK_SLOW"):
        sys.stdout.write("\n".join(slow) + "\n")
    return {
        "names_ms": _ms(built),
        "understand_median_ms": _ms(statistics.median(understood)),
        "help_median_ms": _ms(statistics.median(searched)),
        "read_first_max_ms": _ms(max(first)),
        "read_median_ms": _ms(statistics.median(took)),
        "read_p95_ms": _ms(took[int(len(took) * 0.95)]),
        "read_max_ms": _ms(took[-1]),
    }


async def _streaming(desk: AssistantDesk, server: GeminiServer) -> dict[str, float]:
    look = desk.desk.look
    tasks: set[asyncio.Task[Any]] = set()

    def spawn(work: Any, name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return task

    desk.desk.workstation.assistant = desk.assistant
    panel = ChatPanel(DockContext(desk.desk.workstation, look, spawn, Channel("market_filter")))
    panel.resize(560, 900)
    panel.show()
    piece = "SK하이닉스의 수축과 수급을 근거와 함께 차례로 살펴봅니다. "
    server.respond = lambda _body: says(*([piece] * _PIECES), gap_s=_GAP_S)
    updates: list[tuple[float, StreamUpdate]] = []
    desk.assistant.updates.subscribe(lambda update: updates.append((perf_counter(), update)), replay=False)
    # As the window does once the first signals are on screen; here a whole market of objects would be looked through.
    gc.collect()
    gc.freeze()
    gaps: list[float] = []
    cold_gaps: list[float] = []
    firsts, totals = [], []
    for turn in range(4):
        updates.clear()
        begin = before = perf_counter()
        desk.assistant.ask("SK하이닉스 어때?", desk.screen("000660"))
        answering = asyncio.ensure_future(desk.assistant.idle())
        while not answering.done():
            QApplication.processEvents()
            await asyncio.sleep(0)
            now = perf_counter()
            (gaps if turn else cold_gaps).append(now - before)
            before = now
        totals.append(perf_counter() - begin)
        firsts.append(next(at for at, update in updates if update.blocks) - begin)
    # stopping a stream that is silent
    server.respond = lambda _body: says("SK하이닉스", "를", stall_after=1)
    stops = []
    for _ in range(5):
        desk.assistant.ask("SK하이닉스 어때?", desk.screen("000660"))
        for _ in range(40):
            QApplication.processEvents()
            await asyncio.sleep(0.01)
        begin = perf_counter()
        desk.assistant.stop()
        await desk.assistant.idle()
        stops.append(perf_counter() - begin)
    panel.hide()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    panel.deleteLater()
    QApplication.processEvents()
    gaps.sort()
    return {
        "first_piece_cold_ms": _ms(firsts[0]),
        "first_piece_ms": _ms(statistics.median(firsts[1:])),
        "answer_ms": _ms(statistics.median(totals[1:])),
        "sent_over_ms": _ms(_GAP_S * (_PIECES - 1)),
        "stop_median_ms": _ms(statistics.median(stops)),
        "stop_max_ms": _ms(max(stops)),
        "frame_gap_cold_max_ms": _ms(max(cold_gaps)),
        "frame_gaps_over_16_ms": float(sum(gap > 0.016 for gap in gaps)),
        "frame_gap_max_ms": _ms(gaps[-1]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--news", type=int, default=100_000)
    options = parser.parse_args()
    RecordKeeper.follow = lambda *_: None  # type: ignore[method-assign]  # the record of years is measured elsewhere
    application = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(figures(load_world(options.data), Path(folder), news=options.news))
    for name, value in result.items():
        sys.stdout.write(f"{name:28s} {value:14.2f}\n")
    application.quit()


if __name__ == "__main__":
    main()
