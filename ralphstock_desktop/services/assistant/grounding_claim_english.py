"""Finds what an English text claims without a number; as careful as :mod:`.grounding_claim_korean`, which see."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ralphstock_desktop.services.assistant.grounding_claim_words import EVERY, Claim
from ralphstock_desktop.services.assistant.grounding_scene import Scene

__all__ = ["CLAIMS_EN", "english_claims"]

_BE = r"(?:is|are|was|were|been|remains?|remained|turned|became|stayed)"
_HOW = (
    r"(?: (?:still|now|also|both|again|slightly|sharply|well|heavily|mostly|clearly|consistently|all|currently|a bit|on the))*"
)
CLAIMS_EN = re.compile(
    rf"\b(?:{_BE}{_HOW} (?:net[ -])?(?:(?P<buying>buying|buyers?)|(?P<selling>selling"
    rf"|sellers?))(?: side)?\b(?! (?:intensity|pressure|signal))"
    r"|(?:net[ -])?(?:(?P<bought>bought|purchased|accumulated)|(?P<sold>sold|dumped|offloaded))\b"
    r"|(?:net )?(?:(?P<buys>buying)|(?P<sells>selling)) (?:continued|continues|persisted|persists|dominated|dominates"
    r"|prevailed)\b"
    rf"|{_BE} (?:(?P<plus>positive)|(?P<minus>negative))\b"
    r"|(?:(?P<rose>rose|gained|climbed|jumped|surged|soared|advanced|rallied|rebounded)"
    r"|(?P<fell>fell|dropped|declined|slid|slipped|plunged|tumbled|retreated|sank|lost(?= ground| [\d₩]|,|\.| today)))\b"
    rf"|(?:{_BE}|closed|ended|finished|traded|trades){_HOW} (?:(?P<up>up|rising|gaining|climbing|advancing|in the green)"
    r"|(?P<down>down|falling|declining|dropping|sliding|in the red))\b(?! to (?:you|the|date|anyone))"
    rf"|(?:closed|ended|finished|traded|trades){_HOW} (?:(?P<higher>higher)|(?P<lower>lower))\b(?! than)"
    r"|(?P<broke>broken out|broke out|broke (?:through|above) (?:the|its) pivot|broken (?:through|above) (?:the|its) pivot)\b"
    r"|(?P<unbroken>(?:has|have|had) (?:not|yet to)(?: yet)? (?:broken out|break out|broken (?:through|above) (?:the"
    r"|its) pivot)"
    r"|(?:hasn't|did not|didn't|not yet|not)(?: yet)? (?:broken out|break out|broken (?:through|above) (?:the|its) pivot))\b"
    r"|(?:is|was|has been|remains) (?:currently |now |still )?(?P<mark>(?:an )?administrative issue"
    r"|under administration|suspended from trading"
    r"|halted|newly listed|under investment warning|an investment warning stock)\b)",
    re.IGNORECASE,
)
_UP = frozenset("buying bought buys plus rose up higher broke".split())
_FLOWS = frozenset("buying selling bought sold buys sells".split())
_SIGNS = frozenset({"plus", "minus"})
_STATES = frozenset({"broke", "unbroken"})
_BREAK = re.compile(
    r"[.;:!?\n|]|,(?!\d)|\b(?:but|while|and|although|though|whereas|as|because|since|so|after|before|even)\b", re.IGNORECASE
)
_BREAK_WITHOUT_AND = re.compile(
    r"[.;:!?\n|]|,(?!\d)|\b(?:but|while|although|though|whereas|because|so|after|before)\b", re.IGNORECASE
)
_ACTOR = re.compile(
    r"\b(?:(?P<foreign>foreign(?:ers?)?(?: investors?| funds?| money)?)|(?P<institution>institution(?:s|al)?(?: investors?)?)"
    r"|(?P<pension>pension(?: funds?)?)|(?P<individual>individuals?(?: investors?)?|retail(?: investors?)?))\b",
    re.IGNORECASE,
)
_ONLY_BETWEEN = re.compile(
    r"(?:[\s,]|\b(?:have|has|had|also|both|again|still|mostly|all|then|today|meanwhile|on balance|in turn|net|were"
    r"|was|are|heavily"
    r"|together again|consistently|recently|investors?|funds?|over the [\w ]{0,20}|in the last [\w ]{0,14}"
    r"|on the day)\b|\([^)]*\))*"
)
_GENERAL = re.compile(
    r"\b(?:if|when|whenever|whether|unless|would|could|may|might|should|can|cannot|once|until|suppose|assum\w+"
    r"|in case|wherever|every time"
    r"|who|how|why|what|does|do|did|will|usually|typically|generally|often|example|means?|meaning|rule|rules|scenario)\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|never|no|nobody|none|neither|nor|without|hardly)\b|n't\b", re.IGNORECASE)
_WHOSE = re.compile(
    r"\b(?:that|which|where|whose|stocks|names|symbols|days|those|ones|sessions|together|combined|ownership|holdings)\b|\+",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\b(?:sector|futures|options|bonds?|etfs?|u\.?s\.?|overseas|global|program|treasury|short)\b", re.IGNORECASE
)
_MARKET = re.compile(r"\b(?:kospi|kosdaq|market)\b", re.IGNORECASE)
_NOT_THE_CLOSE = re.compile(
    r"\b(?:intraday|briefly|at one point|earlier|opened|open|high|low|peak|bottom|hours|pre-?market|pivot|average"
    r"|against|versus|vs|relative"
    r"|compared|than|nearly|almost|sector|industry|target|stop"
    r"|rank\w*|places?|spots?|points?|grades?|list|\d+(?:st|nd|rd|th)|to (?:a|an|its) (?:high|low|record))\b",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"(?:[\s,]|\b(?:has|have|had|also|then|again|today|further|slightly|sharply|both|still|only|just|meanwhile"
    r"|yesterday|modestly"
    r"|steadily|is|was|now)\b|\([^)]*\))+$",
    re.IGNORECASE,
)
_OWN_SHARES = re.compile(r"(?:'s?)?\s(?:shares?|stock|(?:share |stock )?price|close)$", re.IGNORECASE)
_OF = re.compile(r"\b(\w+) of (?:the )?$", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"\b(?:than|in|for|at|to|with|by|on|like|from|against|above|below|about|over|under)\s(?:the\s)?$", re.IGNORECASE
)
_PRICE = re.compile(
    r"(?:^|\bthe |\bits |'s |\bof |\bshare |\bstock |\bclosing )\s?(?:price|shares|stock|close)$", re.IGNORECASE
)
_INDEX = re.compile(
    r"\b(?:(?P<kospi>kospi)|(?P<kosdaq>kosdaq)|the (?:korean )?(?:stock )?market|the index)(?: index)?$", re.IGNORECASE
)
_SCORE = re.compile(
    r"(?P<gate>\bgate(?:'s)? )?(?:\b(?:the|its|vcp|total)|'s|^)\s?(?:vcp |total )*(?:score|total)$", re.IGNORECASE
)
_GATE_SCORE = re.compile(r"\bgate(?:'s)? score$", re.IGNORECASE)
_MARKS = {"halt": "HALT", "susp": "HALT", "newl": "NEW", "admi": "ADMIN", "an a": "ADMIN", "under a": "ADMIN"}
"""Marks of the exchange by how they begin; the others are warnings."""
_BOUGHT = re.compile(r"\s(?:shares (?:of|in) |the )?")
_SIGNED = re.compile(r"[-+]\s?₩?\d")


def english_claims(text: str, scene: Scene) -> Iterator[Claim]:
    """What a plain text claims, in order. Names and sentences are those of ``scene``."""
    for match in CLAIMS_EN.finditer(text):
        start, end = match.span()
        kind = match.lastgroup or ""
        first = scene.starts[scene.sentence_of(start)]
        ahead = text[first:start]
        if scene.sentence(start).rstrip().endswith("?") or _GENERAL.search(ahead):
            continue
        joined = kind in _FLOWS or kind in _SIGNS
        stops = list((_BREAK_WITHOUT_AND if joined else _BREAK).finditer(ahead))
        segment = ahead[stops[-1].end() :] if stops else ahead
        if kind != "unbroken" and _NOT.search(segment + match.group()):
            continue
        stop = _BREAK.search(text, end)
        around = segment + text[end : stop.start() if stop is not None else len(text)]
        parts = _parts(scene, match, kind, segment, around)
        if parts is not None:
            what, who, tickers, market = parts
            way = 1 if kind in _UP or kind == "mark" else -1
            every = len(tickers) > 1 and EVERY.search(segment) is not None
            yield Claim(start, end, what, way, who, tickers, around, market, every)


_Parts = tuple[str, tuple[str, ...], tuple[str, ...], bool]


def _parts(scene: Scene, match: re.Match[str], kind: str, segment: str, around: str) -> _Parts | None:
    start, end = match.span()
    if kind in _FLOWS or kind in _SIGNS:
        return _flow(scene, start, end, kind, segment, around)
    if kind in _STATES or kind == "mark":
        tickers = scene.subject(start, end).tickers
        if (not tickers and kind == "mark") or (kind == "broke" and _WHOSE.search(segment)):
            return None
        if kind == "mark":
            said = match["mark"].lower()
            mark = next((name for begin, name in _MARKS.items() if said.startswith(begin)), "WARNING")
            return "mark", (mark,), tickers[:1], False
        return "state", (), tickers, False
    if _NOT_THE_CLOSE.search(around):
        return None
    subject = _subject(scene, start, segment)
    if subject is None:
        return None
    if subject[0] in {"score", "gate"} and kind not in {"rose", "fell"}:
        return None
    return (*subject, False)


def _flow(scene: Scene, start: int, end: int, kind: str, segment: str, around: str) -> _Parts | None:
    if (kind not in _SIGNS and _WHOSE.search(segment)) or _ELSEWHERE.search(around):
        return None
    found = list(_ACTOR.finditer(segment))
    if not found:
        return None
    between = segment[found[-1].end() :]
    if kind in _SIGNS:
        if re.fullmatch(r"(?:'s?)? net (?:buying|flows?)(?: sum|, sum)?(?: over [\w ]{1,16})?\s", between) is None:
            return None
    elif _ONLY_BETWEEN.fullmatch(between) is None or _SIGNED.search(between):
        return None
    group = [found[-1]]
    for match in reversed(found[:-1]):
        if re.fullmatch(r",?\s(?:and|or|&)\s|,\s", segment[match.end() : group[-1].start()]) is None:
            break
        group.append(match)
    who = tuple(match.lastgroup or "" for match in reversed(group))
    number = scene.sentence_of(start)
    what = next((hit for hit in scene.hits if hit.start >= end), None)
    if what is not None and _BOUGHT.fullmatch(scene.text, end, what.start):
        return "flow", who, (what.ticker,), False
    named = any(scene.sentence_of(hit.start) == number for hit in scene.hits)
    of_market = not named and _MARKET.search(around) is not None
    return "flow", who, () if of_market else scene.subject(start, end).tickers, of_market or not named


def _subject(scene: Scene, start: int, segment: str) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """What rose or fell: it must stand right before the verb."""
    words = _OWN_SHARES.sub("", _FILLER.sub("", segment))
    end = start - len(segment) + len(words)
    hit = next((hit for hit in reversed(scene.hits) if hit.end == end), None)
    if hit is None:
        words = _FILLER.sub("", segment)
        end = start - len(segment) + len(words)
    if hit is not None:
        before = scene.text[start - len(segment) : hit.start]
        of = _OF.search(before)
        if of is not None and of[1].lower() in {"score", "total"}:
            return "score", (), (hit.ticker,)
        if _PREPOSITION.search(before) or (of is not None and of[1].lower() not in {"shares", "stock", "price", "close"}):
            return None
        return "price", (), (hit.ticker,)
    words = words.strip()
    if _GATE_SCORE.search(words):
        return "gate", (), ()
    owner = scene.subject(max(end - 1, 0), end).tickers
    if _SCORE.search(words):
        return "score", (), owner
    index = _INDEX.search(words)
    if index is not None:
        return "index", (index.lastgroup,) if index.lastgroup else (), ()
    return ("price", (), owner) if _PRICE.search(words) else None
