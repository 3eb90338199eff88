"""The made-up issues: tickers, names in Korean and English, markets, types, sectors, size.

Names are built from syllables that no listed company uses, and common stocks carry codes from 800000 up, a block the exchange
has not given out; a few carry the letters of the newer codes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.model.instruments import Market, SecurityType

__all__ = ["SECTORS", "Universe", "make_universe"]

SECTORS: tuple[tuple[str, str, str, str], ...] = (
    # sector, suffix of names, English sector, English suffix
    ("반도체", "반도체", "Semiconductors", "Semiconductor"),
    ("반도체장비", "테크", "Chip equipment", "Tech"),
    ("2차전지", "에너지솔", "Batteries", "Cells"),
    ("2차전지소재", "머티리얼", "Battery materials", "Materials"),
    ("디스플레이", "디스플레이", "Displays", "Display"),
    ("자동차", "모터스", "Automobiles", "Motors"),
    ("자동차부품", "오토파츠", "Auto parts", "Autoparts"),
    ("조선", "중공업", "Shipbuilding", "Heavy Industries"),
    ("기계", "기계", "Machinery", "Machinery"),
    ("방산", "디펜스", "Defence", "Defense"),
    ("전력기기", "일렉트릭", "Power equipment", "Electric"),
    ("철강", "제강", "Steel", "Steel"),
    ("화학", "화학", "Chemicals", "Chemical"),
    ("정유", "오일", "Refining", "Oil"),
    ("제약", "제약", "Pharmaceuticals", "Pharm"),
    ("바이오", "바이오", "Biotechnology", "Bio"),
    ("의료기기", "메디칼", "Medical devices", "Medical"),
    ("화장품", "코스메틱", "Cosmetics", "Cosmetics"),
    ("음식료", "푸드", "Food", "Foods"),
    ("유통", "리테일", "Retail", "Retail"),
    ("의류", "어패럴", "Apparel", "Apparel"),
    ("미디어", "미디어", "Media", "Media"),
    ("게임", "게임즈", "Games", "Games"),
    ("인터넷", "넷", "Internet", "Net"),
    ("소프트웨어", "소프트", "Software", "Soft"),
    ("통신장비", "커넥트", "Network equipment", "Connect"),
    ("건설", "건설", "Construction", "Construction"),
    ("은행", "금융", "Banks", "Financial"),
    ("증권", "증권", "Brokers", "Securities"),
    ("운송", "로지스", "Transport", "Logistics"),
    ("로봇", "로보틱스", "Robots", "Robotics"),
)

_HEADS = (
    ("뷔", "Vwi"), ("쑤", "Ssu"), ("퓌", "Pwi"), ("꼬", "Kko"), ("뚜", "Ttu"), ("쯔", "Jjeu"), ("휘", "Hwi"), ("쿠", "Ku"),
    ("튀", "Twi"), ("푸", "Pu"), ("까", "Kka"), ("따", "Tta"), ("빠", "Ppa"), ("싸", "Ssa"), ("짜", "Jja"), ("캬", "Kya"),
    ("탸", "Tya"), ("퍄", "Pya"), ("햐", "Hya"), ("뵤", "Byo"), ("쇼", "Syo"), ("죠", "Jyo"), ("쵸", "Chyo"), ("툐", "Tyo"),
)  # fmt: skip
_TAILS = (
    ("란", "ran"), ("넬", "nel"), ("드림", "drim"), ("모라", "mora"), ("벨로", "bello"), ("솜", "som"), ("온달", "ondal"),
    ("루체", "luche"), ("미르", "mir"), ("카로", "karo"), ("텔론", "telon"), ("포니아", "ponia"), ("하나비", "hanabi"),
    ("진솔", "jinsol"), ("노바", "noba"), ("리오", "rio"), ("바단", "badan"), ("새온", "saeon"), ("토리", "tori"),
    ("하랑", "harang"), ("뭉치", "mungchi"), ("별담", "byeoldam"), ("나루", "naru"), ("다솜", "dasom"),
)  # fmt: skip
_LAPS = (("", ""), ("이엔", " EN"), ("지엠", " GM"), ("홀딩스", " Holdings"), ("플러스", " Plus"), ("원", " One"))


@dataclass(frozen=True, eq=False)
class Universe:
    """Static facts per symbol, by ticker. All arrays have shape (symbols,)."""

    ticker: npt.NDArray[np.str_]
    name: npt.NDArray[np.str_]
    name_en: npt.NDArray[np.str_]
    market: npt.NDArray[np.uint8]
    security_type: npt.NDArray[np.uint8]
    sector: npt.NDArray[np.int64]
    price_krw: npt.NDArray[np.float64]
    """Price about which the last day lies."""
    cap_krw: npt.NDArray[np.float64]
    turnover_krw: npt.NDArray[np.float64]
    """Usual traded value per day."""
    shares: npt.NDArray[np.int64]
    parent: npt.NDArray[np.int64]
    """Row of the common stock of a preferred share, else -1."""

    @property
    def is_scanned(self) -> npt.NDArray[np.bool_]:
        """Common stocks of KOSPI and KOSDAQ."""
        return np.asarray((self.security_type == SecurityType.COMMON) & (self.market != Market.KONEX))


def _names(count: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    stems = [(a + b, a_en + b_en) for a, a_en in _HEADS for b, b_en in _TAILS]
    order = rng.permutation(len(stems))
    names = []
    for position in range(count):
        stem, stem_en = stems[order[position % len(stems)]]
        lap = position // len(stems)
        tail, tail_en = (
            ("", ""),
            ("이엔", " EN"),
            ("지엠", " GM"),
            ("홀딩스", " Holdings"),
            ("플러스", " Plus"),
            ("원", " One"),
        )[lap]
        names.append((stem + tail, stem_en + tail_en))
    return names


def make_universe(symbols: int, rng: np.random.Generator) -> Universe:
    """Make the issues: nine in ten are common stocks, the rest is there to be left out by the scanner."""
    counts = {
        SecurityType.PREFERRED: round(symbols * 0.035),
        SecurityType.SPAC: round(symbols * 0.023),
        SecurityType.REIT: round(symbols * 0.009),
        SecurityType.ETF: round(symbols * 0.015),
    }
    konex = round(symbols * 0.011)
    common = symbols - sum(counts.values()) - konex
    kinds = np.concatenate(
        [np.full(common + konex, SecurityType.COMMON), *(np.full(n, kind) for kind, n in counts.items())]
    ).astype(np.uint8)
    market = np.where(rng.random(symbols) < 0.34, Market.KOSPI, Market.KOSDAQ).astype(np.uint8)
    market[common : common + konex] = Market.KONEX
    market[kinds == SecurityType.SPAC] = Market.KOSDAQ
    market[(kinds == SecurityType.REIT) | (kinds == SecurityType.ETF)] = Market.KOSPI
    sector = rng.integers(0, len(SECTORS), symbols)
    parent = np.full(symbols, -1)
    is_preferred = kinds == SecurityType.PREFERRED
    parent[is_preferred] = rng.choice(common, int(is_preferred.sum()), replace=False)
    market[is_preferred], sector[is_preferred] = market[parent[is_preferred]], sector[parent[is_preferred]]

    cap = np.exp(rng.normal(np.where(market == Market.KOSPI, 26.6, 25.9), np.where(market == Market.KOSPI, 1.5, 0.95)))
    cap[market == Market.KONEX] *= 0.15
    price = np.exp(rng.normal(9.15 + 0.35 * (np.log(cap) - 26.0), 0.75)).clip(700, 900_000)
    turnover = cap * np.exp(rng.normal(-6.0, 1.05, symbols))
    turnover[market == Market.KONEX] *= 0.02
    for kind, level, value in (
        (SecurityType.SPAC, 2_080.0, 2e7),
        (SecurityType.REIT, 4_900.0, 8e8),
        (SecurityType.ETF, 11_000.0, 4e9),
    ):
        chosen = kinds == kind
        price[chosen] = level * np.exp(rng.normal(0, 0.04 if kind == SecurityType.SPAC else 0.4, chosen.sum()))
        turnover[chosen] = value * np.exp(rng.normal(0, 0.8, chosen.sum()))
        cap[chosen] = np.maximum(turnover[chosen] * 200, 1e10)
    turnover[is_preferred], cap[is_preferred] = turnover[parent[is_preferred]] * 0.03, cap[parent[is_preferred]] * 0.05

    ticker, name, name_en = _identify(kinds, sector, parent, common, rng)
    order = np.argsort(ticker)
    rank = np.empty(symbols, dtype=np.int64)
    rank[order] = np.arange(symbols)
    parent = np.where(parent >= 0, rank[np.maximum(parent, 0)], -1)
    shares = np.maximum((cap / price).astype(np.int64), 200_000)
    return Universe(
        ticker=ticker[order],
        name=name[order],
        name_en=name_en[order],
        market=market[order],
        security_type=kinds[order],
        sector=sector[order],
        price_krw=price[order],
        cap_krw=cap[order],
        turnover_krw=turnover[order],
        shares=shares[order],
        parent=parent[order],
    )


def _identify(
    kinds: npt.NDArray[np.uint8],
    sector: npt.NDArray[np.int64],
    parent: npt.NDArray[np.int64],
    common: int,
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.str_], npt.NDArray[np.str_]]:
    symbols = len(kinds)
    stems = _names(symbols, rng)
    lettered = set(rng.choice(common, max(common // 30, 3), replace=False).tolist())
    ticker: list[str] = []
    name: list[str] = []
    name_en: list[str] = []
    letters = "ABCDEFGHJKLMNPQRSTVWXYZ"
    spac = etf = 0
    for row in range(symbols):
        stem, stem_en = stems[row]
        kind = kinds[row]
        suffix, suffix_en = SECTORS[sector[row]][1], SECTORS[sector[row]][3]
        if kind == SecurityType.PREFERRED:
            base = int(parent[row])
            ticker.append(ticker[base][:5] + "5")
            name.append(name[base] + "우")
            name_en.append(name_en[base] + " Preferred")
            continue
        code = f"49{row % 100:02d}{letters[row // 100 % len(letters)]}0" if row in lettered else f"8{row:04d}0"
        ticker.append(code)
        if kind == SecurityType.SPAC:
            spac += 1
            name.append(f"{stem}제{spac}호스팩")
            name_en.append(f"{stem_en} SPAC {spac}")
        elif kind == SecurityType.REIT:
            name.append(f"{stem}모의리츠")
            name_en.append(f"{stem_en} Demo REIT")
        elif kind == SecurityType.ETF:
            etf += 1
            name.append(f"모의ETF {SECTORS[sector[row]][0]}{etf}")
            name_en.append(f"Demo ETF {SECTORS[sector[row]][2]} {etf}")
        else:
            name.append(stem + suffix)
            name_en.append(f"{stem_en} {suffix_en}")
    return np.array(ticker), np.array(name), np.array(name_en)
