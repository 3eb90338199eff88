"""Units and multipliers that stand behind a number, in Korean and English."""

from __future__ import annotations

import re
from decimal import Decimal

__all__ = ["CURRENCY_BEFORE", "FLOOR", "GLUED_LETTERS", "MULTIPLIER", "SIZES", "UNIT", "UNITS_AT", "UNIT_NAMES", "unit_of"]

SIZES: dict[str, Decimal] = {
    "십": Decimal(10), "백": Decimal(100), "천": Decimal(1000), "만": Decimal(10**4), "십만": Decimal(10**5),
    "백만": Decimal(10**6), "천만": Decimal(10**7), "억": Decimal(10**8), "십억": Decimal(10**9), "백억": Decimal(10**10),
    "천억": Decimal(10**11), "조": Decimal(10**12), "천조": Decimal(10**15),
    "k": Decimal(1000), "m": Decimal(10**6), "mn": Decimal(10**6), "mln": Decimal(10**6), "b": Decimal(10**9),
    "bn": Decimal(10**9), "t": Decimal(10**12), "tn": Decimal(10**12), "trn": Decimal(10**12),
    "hundred": Decimal(100), "thousand": Decimal(1000), "million": Decimal(10**6), "billion": Decimal(10**9),
    "trillion": Decimal(10**12),
}  # fmt: skip

MULTIPLIER = re.compile(
    r"\s?(?P<ko>천조|천억|백억|십억|천만|백만|십만|조(?![건사정합치직용])|억(?![제])|만(?![큼기족일약나료])"
    r"|천(?![당연보일국])|백(?![분신화업])|십(?![자]))"
    r"|(?P<short>[KMBT](?![A-Za-z])|k(?![A-Za-z])|m(?![A-Za-z])|bn\b|tn\b|trn\b|mn\b|mln\b)"
    r"|[ \n-]?(?P<word>hundred|thousand|million|billion|trillion)\b",
    re.IGNORECASE,
)

_UNITS: tuple[tuple[str, str], ...] = (
    ("%p", r"%\s?(?:p(?:oints?)?\b|p(?=[가-힣])|포인트|points?\b)|(?:퍼센트|프로)\s?포인트|percentage[- ]points?\b"
        r"|pps?\b(?!m)"),
    ("%", r"%|퍼센트|퍼센테이지|프로(?!그램|젝트|모션|세스|필|듀|그)|per\s?cent\b|pct\b"),
    ("bp", r"bps?\b|베이시스\s?포인트|‰|basis points?\b"),
    ("foreign", r"달러|불(?![가-힣])|유로|위안|엔(?![가-힣])|dollars?\b|USD\b|EUR\b|euros?\b|yen\b|JPY\b|yuan\b|\$|€|¥"),
    ("won", r"(?<! )원(?!래|칙)|원(?!인|래|칙|활|유|본|천|자재|전|료|가[를 ])|(?-i:won\b|WON\b|Won\b)|KRW\b|₩"),
    ("period", r"개월|년(?!도)|분기|시간|분(?!기|류|석|할|명|야|산|포)|초(?!과|기|반|록|보)|주(?=일|간(?!지)|째|차|\s?동안"
        r"|\s?신|\s?최|\s?고가|\s?저가|\s?전|\s?선)"
     r"|(?:months?|years?|weeks?|hours?|minutes?|mins?|seconds?|secs?|quarters?|[smhdw](?![A-Za-z]))(?![A-Za-z])"
     r"|-?(?:year|month|week|hour|minute)s?\b"),
    ("shares", r"주(?!가(?![가-힣])|요|식|로|기|당|택|문|력|목|말|도|변|저|춤|제|체|관|된|된|장|의(?=[하해 ]))|shares?\b|sh\."),
    ("points", r"점(?!유|검|차|심|포|진|수|에서 보)|포인트|points?\b|pts?\b"),
    ("×", r"배(?!당|경|분|터|럴|출|송|치|포|수의)|×|x(?![A-Za-z0-9])|times\b|-?fold\b"),
    ("rank", r"번째|위(?!원|험|해서|해 |치|축|안|로 보)|등(?![급락록하의은도])|(?:st|nd|rd|th)\b"),
    ("bars", r"일?봉|-?bars?\b|candles?\b"),
    ("days", r"거래일|영업일|일(?!부(?!터)|반|정(?!도)|본|괄|단|시|관|치|어|으킬|하|목|자리|러)|(?:trading |business "
        r"|calendar )?-?days?\b|sessions?\b"),
    ("count", r"건(?!물|설|강|전)|개(?!요|선|인|별|장|시|미|편|혁)|종목|명|가지|회(?!사|복|의|전|계)|번(?!호)|차례|곳|대(?=의 )"
     r"|(?:items?|stocks?|symbols?|signals?|articles?|trades?|cases?|reports?|headlines?|names?|results?)\b"),
)  # fmt: skip
UNIT = re.compile(r"\s?(?:" + "|".join(f"(?P<u{i}>{pattern})" for i, (_, pattern) in enumerate(_UNITS)) + ")", re.IGNORECASE)
UNIT_NAMES = {f"u{i}": name for i, (name, _) in enumerate(_UNITS)}
"""Units by the group of ``UNIT`` (and of ``UNITS_AT``) that matched."""


def _only(*names: str) -> re.Pattern[str]:
    wanted = [f"(?P<u{i}>{pattern})" for i, (name, pattern) in enumerate(_UNITS) if name in names]
    return re.compile("|".join(wanted), re.IGNORECASE)


UNITS_AT = {
    "%": _only("%p", "%"), "원": _only("won"), "점": _only("points"), "배": _only("×"), "건": _only("count"),
    "봉": _only("bars"),
}  # fmt: skip
"""``UNIT`` without the forms that cannot begin with the letter; for the letters most numbers are followed by."""

CURRENCY_BEFORE = re.compile(r"(₩|KRW|won|\$|€|¥|USD|EUR|JPY)\s?$", re.IGNORECASE)
FLOOR = re.compile(r"\s?대(?![비한해로상형표규폭량금부체])")
GLUED_LETTERS = re.compile(r"[^\W\d_가-힣ㄱ-ㅎㅏ-ㅣ\u4e00-\u9fff]")


def unit_of(text: str, place: int) -> tuple[str, int]:
    """The unit that stands at ``place`` and where it ends; ``("", place)`` if there is none."""
    match = UNIT.match(text, place)
    if match is None:
        return "", place
    return UNIT_NAMES[match.lastgroup or "u0"], match.end()
