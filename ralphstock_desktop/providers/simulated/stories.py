"""Made-up headlines with times, tied to the simulated moves. Every title says that it is simulated.

Movers get good, mild bad or severe headlines of made-up press; what leads the market got its story as a disclosure and in
rewrites of it before the afternoon, so that it is one piece of news in several versions.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from engine.model.instants import kst_ns
from ralphstock_desktop.ports import NewsBatch
from ralphstock_desktop.providers.simulated.bars import Bars
from ralphstock_desktop.providers.simulated.leaders import Leader
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
    "{name}, 전 임원 횡령 혐의 발생… 급락",
    "{name}, 원재료비 부담에 적자 전환",
    "{name}, 목표주가 하향 잇따라",
)
_FLAT = ("{name}, 기업설명회 개최", "{name}, {sector} 사업 현황 공개", "{name}, 정기 주주총회 안건 확정")
_MARKET = (
    "코스피, 외국인 매수에 상승 마감",
    "코스닥, 기관 매도에 하락 마감",
    "원/달러 환율 보합권 등락",
    "{sector} 업종, 업황 기대에 동반 강세",
)
_LEADER: dict[str, tuple[tuple[str, ...], ...]] = {
    "decisive": (
        (
            "{name}, 단일판매·대규모 공급계약 체결",
            "{name}, 대규모 공급계약 체결 소식에 급등",
            "[특징주] {name}, 대규모 공급계약에 강세",
        ),
        ("{name}, 자사주 소각 결정", "{name}, 자사주 소각 결정에 강세", "[특징주] {name}, 자사주 소각 소식에 급등"),
        ("{name}, 3분기 흑자전환 공시", "{name}, 흑자전환에 급등", "[특징주] {name}, 흑자전환 소식에 강세"),
        ("{name}, 해외 기술이전 계약 체결", "{name}, 기술이전 계약에 급등", "[특징주] {name}, 기술이전 소식에 강세"),
    ),
    "good": (
        ("{name}, {sector} 설비 수주 공시", "{name}, {sector} 수주 소식에 강세"),
        ("{name}, 자사주 취득 신탁계약 체결 결정", "{name}, 자사주 취득 소식에 강세"),
        ("{name}, 신규 특허 취득 공시", "{name}, 특허 취득에 급등"),
    ),
    "weak": (("", "{name}, {sector} 업황 수혜 기대감에 강세"), ("", "{name}, 외국인 매수에 급등")),
    "bad": (
        ("{name}, 주주배정 유상증자 결정", "{name}, 급등 뒤 유상증자 결정"),
        ("{name}, 최대주주 배임 혐의 발생", "{name}, 배임 혐의 발생에도 급등"),
    ),
    "none": (),
}
"""Stories of leaders: the disclosure's title (empty: there is none), then the press's."""
_DISCLOSURE = "DART"
_PRESS = ("모의경제", "가상일보", "시뮬레이션뉴스")
_PER_DAY = 30


def make_news(
    spec: SimulationSpec, universe: Universe, bars: Bars, leaders: list[Leader], rng: np.random.Generator
) -> NewsBatch:
    """Draw about thirty headlines on each of the last ``spec.news_days`` days: leaders, the strongest movers, quiet issues."""
    days = len(spec.days)
    scanned = np.flatnonzero(universe.is_scanned)
    url, title, press, published, ticker = [], [], [], [], []
    leading = {leader.row for leader in leaders}
    for day in range(days - min(spec.news_days, days), days):
        on: date = spec.days[day].astype(date)
        base = np.maximum(bars.base_krw[scanned, day], 1)
        change = np.where(bars.traded[scanned, day], bars.close_krw[scanned, day] / base - 1, 0.0)
        liquid = bars.value_krw[scanned, day] > 1e9
        order = np.argsort(-np.abs(change) * liquid * ~np.isin(scanned, list(leading)))[: _PER_DAY - 10]
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
        for leader in leaders:
            if leader.day == day and _LEADER[leader.story]:
                stories = _LEADER[leader.story]
                words = {"name": universe.name[leader.row], "sector": SECTORS[universe.sector[leader.row]][0]}
                moment = kst_ns(on, int(rng.integers(8, 11)), int(rng.integers(60)), int(rng.integers(60)))
                for number, text in enumerate(stories[int(rng.integers(len(stories)))]):
                    if text:
                        title.append("[시뮬레이션] " + text.format(**words))
                        ticker.append(str(universe.ticker[leader.row]))
                        url.append(f"simulated://news/{on.isoformat()}/{universe.ticker[leader.row]}-{number}")
                        published.append(moment + number * int(rng.integers(12, 70)) * 60_000_000_000)
                        press.append(_DISCLOSURE if number == 0 else _PRESS[int(rng.integers(len(_PRESS)))])
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
