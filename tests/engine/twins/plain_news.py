"""A second news scorer: slow and plain, one stock at an instant, written from domain.md §6 and Appendix C §§6.2, 6.4 alone."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from twin import EPS

HOUR = 3_600_000_000_000
DECISIVE = "대규모수주 대규모공급계약 흑자전환 어닝서프라이즈 사상최대 역대최대 FDA승인 품목허가 기술수출 기술이전 공개매수 경영권분쟁 무상증자 자사주소각".split()
CLEAR = (
    "수주 공급계약 납품계약 실적개선 호실적 목표가상향 목표주가상향 자사주매입 자사주취득 양산° 임상성공 임상3상 국책과제 배당확대"
    " 특허취득 인수합병"
).split()
WEAK = "MOU 업무협약 수혜 테마 기대감 외국인매수 기관매수 순매수 신제품 강세 급등".split()
MILD = (
    "목표가하향 목표주가하향 실적부진 어닝쇼크 적자전환 적자확대 매출감소 실적악화 대량매도 공매도급증 외국인매도 약세 급락 리콜 소송"
).split()
SEVERE = (
    "횡령 배임 분식회계 상장폐지 관리종목 감사의견거절 의견거절 자본잠식 부도° 파산° 회생절차 법정관리 거래정지 유상증자 불성실공시"
    " 압수수색 구속° 기소° 구속기소 검찰기소"
).split()
CLEARING = "무혐의 사실무근 해소 무죄° 기각° 탈피 해제 벗어나 철회".split()
CANCELLING = "취소 해지 철회 무산° 불발 반려 실패".split()
DELETED = ("우수주주", "양산시")
PRESS = ("연합뉴스", "뉴시스", "뉴스1", "한국경제", "매일경제", "서울경제", "머니투데이", "이데일리", "파이낸셜뉴스")
ROUNDUP = ("마감시황", "장마감", "오늘의", "주간", "TOP", "순매수상위", "특징주모음")
PAIRS = {"[": "]", "(": ")", "<": ">", "【": "】"}


def is_letter(ch: str) -> bool:
    """A digit, a Latin letter or Hangul. Reading: ASCII digits and letters, Hangul syllables."""
    return ("0" <= ch <= "9") or ("a" <= ch <= "z") or ("A" <= ch <= "Z") or ("가" <= ch <= "힣")


def without_brackets(title: str) -> str:
    """§6.2: NFC, bracketed parts removed. Reading: a word ends where a part was; an unpaired bracket is a mere sign.

    Reading: a part runs from its opening sign to the next closing one of its kind. (The other reading pairs nested signs of one
    kind from the inside; no recorded title tells them apart.)
    """
    text = unicodedata.normalize("NFC", title)
    out = ""
    at = 0
    while at < len(text):
        closing = text.find(PAIRS[text[at]], at) if text[at] in PAIRS else -1
        out += " " if closing >= 0 else text[at]
        at = closing + 1 if closing >= 0 else at + 1
    return out


def words_of(title: str) -> list[str]:
    words, word = [], ""
    for ch in without_brackets(title) + " ":
        if is_letter(ch):
            word += ch.upper()
        elif word:
            words.append(word)
            word = ""
    return words


def normalised(title: str) -> str:
    return "".join(words_of(title))


def has(terms: list[str], text: str, words: list[str]) -> list[str]:
    """Terms that occur: plain ones anywhere in the title without spaces, those with ° at the start of a word."""
    found = []
    for term in terms:
        if term.endswith("°"):
            if any(word.startswith(term[:-1]) for word in words):
                found.append(term)
        elif term in text:
            found.append(term)
    return found


def judge(title: str) -> tuple[float, bool]:
    """§6.3: points of a title and whether it is of the veto class.

    Reading: sequences are deleted from the title without spaces; for ° terms, inside single words.
    """
    words = words_of(title)
    text = "".join(words)
    for gone in DELETED:
        text = text.replace(gone, "")
        words = [word.replace(gone, "") for word in words]
    if has(SEVERE, text, words):
        return (1.0, False) if has(CLEARING, text, words) else (-3.0, True)
    best = 3.0 if has(DECISIVE, text, words) else 2.0 if has(CLEAR, text, words) else 1.0 if has(WEAK, text, words) else 0.0
    if best and has(CANCELLING, text, words):
        return -2.0, False
    return best + (-1.0 if has(MILD, text, words) else 0.0), False


def grams(text: str) -> set[str]:
    """App. C 6.2: a title shorter than three characters is its own only gram. Reading: an empty one has none."""
    if len(text) < 3:
        return {text} if text else set()
    return {text[i : i + 3] for i in range(len(text) - 2)}


def similar(a: str, b: str) -> bool:
    one, two = grams(a), grams(b)
    if not one or not two:
        return False
    return Fraction(len(one & two), len(one | two)) >= Fraction(60, 100)


def canonical(url: str) -> str:
    """App. C 6.2. Reading: text that is no address stays as it is, without blanks around it."""
    url = url.strip()
    scheme, sign, rest = url.partition("://")
    if not sign:
        return url
    rest = rest.partition("#")[0]
    rest, _, query = rest.partition("?")
    host, slash, path = rest.partition("/")
    path = slash + path
    while path.endswith("/"):
        path = path[:-1]
    kept = sorted(
        part
        for part in query.split("&")
        if part and not part.lower().startswith("utm_") and part.partition("=")[0].lower() not in ("fbclid", "gclid")
    )
    return f"{scheme.lower()}://{host.lower()}{path}" + ("?" + "&".join(kept) if kept else "")


@dataclass
class Item:
    """One item; times in UTC ns."""

    id: int
    tickers: tuple[str, ...]
    title: str
    url: str
    source: str
    published: int | None
    collected: int | None


@dataclass
class Cluster:
    members: list[Item]
    points: float = 0.0
    severe: bool = False
    source: float = 0.0
    time: float = 0.0
    relevance: float = 0.0
    veto: bool = False

    @property
    def weight(self) -> float:
        return self.source * self.time * self.relevance

    @property
    def effect(self) -> float:
        return self.points * self.weight


@dataclass
class PlainNews:
    points: float | None
    net: float | None
    peak: float | None
    veto: bool
    clusters: list[Cluster]
    unscored: set[int]


def squeezed(text: str) -> str:
    return "".join(ch for ch in unicodedata.normalize("NFC", text).upper() if is_letter(ch))


def source_weight(source: str) -> float:
    """§6.4; 0 = ignored."""
    if "블로그" in source or "커뮤니티" in source:
        return 0.0
    name = squeezed(source)
    if name in ("DART", "KIND"):
        return 1.0
    return 0.9 if name in PRESS else 0.5


def named(title: str, name: str) -> bool:
    """Whether the name stands in the title (also inside brackets); spaces and case do not matter.

    Reading: where a name begins or ends with a Latin letter no other letter may touch it, and with a digit no other digit, so
    SK is not in SKC, but NAVER3분기 names NAVER. (The other reading takes any occurrence.)
    """
    text = unicodedata.normalize("NFC", title)
    wanted = [ch.upper() for ch in unicodedata.normalize("NFC", name) if not ch.isspace()]

    def latin(ch: str) -> bool:
        return ch.isascii() and ch.isalnum()

    for start in range(len(text)):
        at, hits = start, 0
        while at < len(text) and hits < len(wanted):
            if text[at].upper() == wanted[hits]:
                hits += 1
            elif not (text[at].isspace() and hits):
                break
            at += 1
        if not wanted or hits < len(wanted):
            continue

        def goes_on(end: str, other: str) -> bool:
            return latin(end) and latin(other) and end.isdigit() == other.isdigit()

        free_before = start == 0 or not goes_on(wanted[0], text[start - 1])
        free_after = at == len(text) or not goes_on(wanted[-1], text[at])
        if free_before and free_after:
            return True
    return False


def relevance(title: str, name: str) -> float:
    """§6.4, App. C 6.4."""
    if any(term in normalised(title) for term in ROUNDUP):
        return 0.5
    return 1.0 if named(title, name) else 0.5


def evaluate_news(ticker: str, name: str, items: list[Item], now: int, collected: bool = True) -> PlainNews:
    """§6 for one stock at ``now``."""
    scored: list[Item] = []
    aside: set[int] = set()
    for it in items:
        if ticker not in it.tickers:
            continue
        if it.published is None:
            if it.collected is not None and it.collected <= now:
                aside.add(it.id)
            continue
        if max(it.published, it.collected or it.published) > now:
            continue
        # Reading: ignored sources are taken out before clustering, so a blog lends nothing to a story.
        if now - it.published > 168 * HOUR or source_weight(it.source) == 0:
            aside.add(it.id)
        else:
            scored.append(it)
    scored.sort(key=lambda it: (it.published or 0, it.url, it.id))
    clusters: list[Cluster] = []
    for it in scored:
        for cluster in clusters:
            first = cluster.members[0]
            assert first.published is not None and it.published is not None
            near = it.published - first.published <= 72 * HOUR
            if near and (canonical(it.url) == canonical(first.url) or similar(normalised(it.title), normalised(first.title))):
                cluster.members.append(it)
                break
        else:
            clusters.append(Cluster([it]))
    for cluster in clusters:
        first = cluster.members[0]
        assert first.published is not None
        cluster.points, cluster.severe = judge(first.title)
        cluster.source = max(source_weight(m.source) for m in cluster.members)
        cluster.relevance = max(relevance(m.title, name) for m in cluster.members)
        age = now - first.published
        cluster.time = 1.0 if age <= 24 * HOUR else 0.6 if age <= 72 * HOUR else 0.3
        cluster.veto = cluster.severe and age <= 72 * HOUR and cluster.weight >= 0.3 - EPS
    net = sum(c.effect for c in clusters)
    peak = max([0.0] + [c.effect for c in clusters])
    veto = any(c.veto for c in clusters)
    if not collected:
        return PlainNews(None, None, None, veto, clusters, aside)
    if veto:
        points = 0.0
    elif net >= 3.0 - EPS and peak >= 2.0 - EPS:
        points = 3.0
    elif net >= 1.5 - EPS:
        points = 2.0
    else:
        points = 1.0 if net >= 0.5 - EPS else 0.0
    return PlainNews(points, net, peak, veto, clusters, aside)
