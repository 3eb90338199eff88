"""Made-up headlines with times, tied to the simulated moves. Every title says that it is simulated."""

from __future__ import annotations

from datetime import date

import numpy as np

from engine.model.instants import kst_ns
from ralphstock_desktop.ports import NewsBatch
from ralphstock_desktop.providers.simulated.bars import Bars
from ralphstock_desktop.providers.simulated.spec import SOURCE, SimulationSpec
from ralphstock_desktop.providers.simulated.universe import SECTORS, Universe

__all__ = ["make_news"]

_UP = (
    "{name}, 대규모 공급계약 체결 소식에 강세",
    "{name}, 분기 영업이익 예상치 상회",
    "{name}, 신제품 양산 승인… {sector} 업종 기대감",
    "{name}, 자사주 매입 결정",
    "{name}, 외국인 순매수에 신고가",
)
_DOWN = (
    "{name}, 실적 부진에 약세",
    "{name}, 유상증자 결정… 주가 하락",
    "{name}, 주요 고객사 발주 지연",
    "{name}, 대주주 지분 매각 공시",
)
_FLAT = ("{name}, 기업설명회 개최", "{name}, {sector} 사업 현황 공개", "{name}, 정기 주주총회 안건 확정")
_MARKET = (
    "코스피, 외국인 매수에 상승 마감",
    "코스닥, 기관 매도에 하락 마감",
    "원/달러 환율 보합권 등락",
    "{sector} 업종, 업황 기대에 동반 강세",
)
_PRESS = ("모의경제", "가상일보", "시뮬레이션뉴스")
_PER_DAY = 30


def make_news(spec: SimulationSpec, universe: Universe, bars: Bars, rng: np.random.Generator) -> NewsBatch:
    """Draw about thirty headlines on each of the last ``spec.news_days`` days: the strongest movers and some quiet issues."""
    days = len(spec.days)
    scanned = np.flatnonzero(universe.is_scanned)
    url, title, press, published, ticker = [], [], [], [], []
    for day in range(days - min(spec.news_days, days), days):
        on: date = spec.days[day].astype(date)
        base = np.maximum(bars.base_krw[scanned, day], 1)
        change = np.where(bars.traded[scanned, day], bars.close_krw[scanned, day] / base - 1, 0.0)
        liquid = bars.value_krw[scanned, day] > 1e9
        order = np.argsort(-np.abs(change) * liquid)[: _PER_DAY - 10]
        quiet = rng.choice(len(scanned), 8, replace=False)
        chosen = [(int(i), _UP if change[i] > 0 else _DOWN) for i in order] + [(int(i), _FLAT) for i in quiet]
        for number, (position, templates) in enumerate(chosen):
            row = int(scanned[position])
            words = {"name": universe.name[row], "sector": SECTORS[universe.sector[row]][0]}
            title.append("[시뮬레이션] " + templates[int(rng.integers(len(templates)))].format(**words))
            ticker.append(str(universe.ticker[row]))
            url.append(f"simulated://news/{on.isoformat()}/{number}")
            published.append(kst_ns(on, int(rng.integers(7, 18)), int(rng.integers(60)), int(rng.integers(60))))
            press.append(_PRESS[int(rng.integers(len(_PRESS)))])
        for number in range(2):
            sector = SECTORS[int(rng.integers(len(SECTORS)))][0]
            title.append("[시뮬레이션] " + _MARKET[int(rng.integers(len(_MARKET)))].format(sector=sector))
            ticker.append("")
            url.append(f"simulated://news/{on.isoformat()}/market-{number}")
            published.append(kst_ns(on, 15, 45 + number * 5))
            press.append(_PRESS[int(rng.integers(len(_PRESS)))])
    times = np.array(published, dtype=np.int64)
    return NewsBatch(
        url=np.array(url),
        title=np.array(title),
        press=np.array(press),
        published_ns=times,
        collected_ns=times + 90_000_000_000,
        ticker=np.array(ticker),
        kind=np.full(len(url), "news"),
        source=SOURCE,
    )
