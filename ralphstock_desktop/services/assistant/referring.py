"""Which stocks a question is about where it does not name them: the one on screen, those of the question before, or none."""

from __future__ import annotations

import re

from ralphstock_desktop.services.assistant.filters import is_measured
from ralphstock_desktop.services.assistant.intents import CHANGING, GREETING, HELP, STOCK_INTENTS
from ralphstock_desktop.services.assistant.question_text import BLANK, Reading, spans_of_hits
from ralphstock_desktop.services.assistant.triggers import named, phrase
from ralphstock_desktop.services.assistant.wordlore import content_words
from ralphstock_desktop.services.assistant_contracts import Question, Screen

__all__ = ["is_about_market", "is_bare", "is_ranked", "is_screening", "stocks_of"]

_THIS = phrase("this")
_IT = phrase("it")
_NO_IT = phrase("no_it")
_THAT = phrase("that")
_FOLLOW = phrase("follow")
_LISTING = phrase("listing")
_BARE_OPINION = phrase("bare_opinion")
_WHAT_LACKS = phrase("what_lacks")
_BESIDE = phrase("beside")
_SEVERAL = phrase("several")
_SHOWN = phrase("shown")
_RANKED = phrase("ranked")
_MARKET_EXTRA = phrase("market_extra")
_FOLLOWED = STOCK_INTENTS | {"news", "record", "diff", "near", "compare"}
_NOT_ONE = frozenset(("definition", "sector", "private", "diff", "record", "override", "outside", "data", "trading_day"))
_SEVERAL_ASKED = phrase("several_asked")
"""What is asked of all stocks, also of a quantity no data hold."""
_LIST_WHY = phrase("list_why")
"""Why a list is what it is; "this one" then is no stock on screen."""
_CAN_YOU = phrase("can_you")
_PANELS = named("panels")
_NEWS_OF_DAY = re.compile(
    r"(?:오늘|전체|주요|시장)\s?(?:나온\s?)?뉴스\s?(?:보여|알려|뭐|전부|다\s)"
    r"|any news today|(?:today's|market) news"
)
"""The news of the day, not those of one stock."""
_WATCHED = re.compile(r"관심\s?(?:종목|주|리스트|목록)")
"""A list of the user's own, in which no stocks are looked for."""
_COUNTED = re.compile(r"상위|하위|순위|\d\s?(?:개|종목)(?!월)|(?<![a-z])(?:top|best|worst|bottom|most)(?![a-z])")
"""How many, or which end of an order: a list is asked for, not one stock."""
_SIGNALS = re.compile(r"신호(?!등)|시그널|(?<![a-z])signals?(?![a-z])")
_OF_INDEX = re.compile(r"게이트|지수|(?<![a-z])(?:gate|index)(?![a-z])")
_WHICH_ONE = phrase("which_one")
"""Asks which stock will, not whether the one on screen will."""
_CHANGE_SAID = re.compile(r"\s*(?:오늘\s?)?(?:등락률|상승률|하락률|change(?![a-z]))")
_OF_SECTORS = re.compile(r"업종|섹터|(?<![a-z])sectors?(?![a-z])")
_MARKET_BOUGHT = re.compile(r"(?:코스피|코스닥|시장)(?:를|을|에서)\s?(?:순\s?)?(?:사|팔|매|던)(?!.{0,8}(?:종목|주식|거|것))")
_GRADE_ALONE = re.compile(r"(?:vcp\s)?[sabc]\s?(?:급|등급|-?grades?)(?:만|들|은|이|요)?|grade [sabc]")
_BREADTH = phrase("market_breadth")
_OF_NO_STOCK = frozenset(("foreign_market", "other_asset", "other_currency", "other_index"))
"""What no data hold and no stock has."""
_NO_SCREEN = frozenset(("definition", "private", "order", "alert", "record", "diff", "near"))


def stocks_of(read: Reading, screen: Screen, previous: Question | None) -> tuple[tuple[str, ...], bool]:
    """The stocks asked about, in order of mention, and whether the one on screen is among them."""
    places = [(start, hit.ticker) for (start, _), hit in zip(spans_of_hits(read.folded, read.hits), read.hits, strict=True)]
    before = previous.tickers if previous is not None else ()
    pointed = _pointed_at(read, before, has_names=bool(places))
    from_screen = False
    if pointed is not None:
        at, to_previous = pointed
        if to_previous:
            places += [(at, ticker) for ticker in before]
            from_screen = previous is not None and previous.from_screen
        elif screen.ticker:
            places.append((at, screen.ticker))
            from_screen = True
    places.sort(key=lambda item: item[0])
    tickers = tuple(dict.fromkeys(ticker for _, ticker in places))
    if (
        len(tickers) == 1
        and "compare" in read.intents
        and pointed is None
        and read.days.first is None
        and not read.strangers
        and _BESIDE.search(read.blank) is None
    ):
        # "하이닉스랑 비교해줘": with what was spoken of, or with what is on screen.
        others = before or ((screen.ticker,) if screen.ticker else ())
        tickers = tuple(dict.fromkeys((*others, *tickers)))
        return tickers, not before and len(tickers) > 1
    if from_screen and not read.hits and "compare" not in read.intents and any(found.sure for found in read.strangers):
        return (), False  # "how far is Doosan from its high" is not about the stock on screen
    if tickers or read.strangers:
        return tickers, from_screen
    if before and previous is not None and _follows(read, previous):
        return before, previous.from_screen
    if screen.ticker and _needs_a_stock(read):
        return (screen.ticker,), True
    return (), False


def _pointed_at(read: Reading, before: tuple[str, ...], *, has_names: bool) -> tuple[int, bool] | None:
    """Where a word points at a stock, and whether it is one of the question before."""
    this = None if read.type_found == "recommendation" and _LIST_WHY.search(read.blank) else _THIS.search(read.blank)
    if this is not None and read.strategies and "record" in read.intents and not has_names:
        this = None
    if this is not None and not (has_names and this.group(0) in ("여기", "이게", "이건") and "compare" not in read.intents):
        return this.start(), False
    if has_names and "compare" not in read.intents:
        return None
    that = _THAT.search(read.blank)
    if that is not None and before:
        return that.start(), True
    its = _IT.search(read.blank)
    if (
        its is not None
        and read.type_found != "market"
        and _NO_IT.search(read.blank) is None
        and not has_names
        and HELP.search(read.blank) is None
    ):
        return its.start(), bool(before)
    if (
        that is not None
        and not has_names
        and that.group(0)[0] in "그걔"
        and read.type_found in (None, "recommendation", "news")
    ):
        return that.start(), False
    return None


def _follows(read: Reading, previous: Question) -> bool:
    """Whether a question without a name goes on about the stocks of the one before."""
    if read.type_found in ("market", "recommendation") or is_screening(read) or "sector" in read.intents or read.order_by:
        return False
    if "definition" in read.intents and "why" in read.intents and len(content_words(read.blank)) <= 2:
        return previous.type == "stock"  # "what is the reason"
    if previous.type == "stock" and "compare" in read.intents and len(previous.tickers) > 1 and not read.strategies:
        return _LISTING.search(_FOLLOW.sub("", read.blank).replace("which", "").replace("뭐가", "").replace("뭐", "")) is None
    if previous.type != "stock" or "definition" in read.intents or GREETING.search(read.blank) or HELP.search(read.blank):
        return False
    if "diff" in read.intents and read.type_found is None and _LISTING.search(read.blank) is None:
        return True
    marked = _FOLLOW.match(read.blank) is not None
    words = content_words(_FOLLOW.sub("", read.blank))
    if marked and (read.strategies or (_FOLLOWED & set(read.intents)) or read.days.first is not None):
        return _LISTING.search(read.blank) is None or "news" in read.intents
    if read.type_found == "news":
        if not marked and _NEWS_OF_DAY.search(read.blank):
            return False
        return len(words) <= 1 and read.language is not None
    if read.type_found == "signal" and read.strategies and len(words) <= 1 and "record" not in read.intents:
        return _LISTING.search(read.blank) is None and not _COUNTED.search(read.blank) and "보여" not in read.blank
    if read.type_found in ("signal", "performance"):
        return False
    asked = (STOCK_INTENTS & set(read.intents)) | set(read.details) | (set(read.absent) - _OF_NO_STOCK)
    if read.days.first is not None and not read.intents and len(words) <= 2:
        return True
    return bool(asked) and _LISTING.search(_WATCHED.sub("", _FOLLOW.sub("", read.blank))) is None


def _needs_a_stock(read: Reading) -> bool:
    """Whether a question that names none can only be about one: the one on screen."""
    if any(item.korean.startswith("업종") or is_measured(item) for item in read.conditions):
        return False
    if read.order_by or _OF_NO_STOCK & set(read.absent) or (read.absent and _SEVERAL_ASKED.search(read.blank)):
        return False
    asked = (STOCK_INTENTS & set(read.intents)) | set(read.details) | set(read.absent)
    if read.type_found is None and (
        _BARE_OPINION.match(read.blank) or ("near" in read.intents and _WHAT_LACKS.search(read.blank))
    ):
        return True
    if not asked or read.type_found is not None or is_screening(read):
        return False
    if "order" in asked and _CAN_YOU.search(read.blank):
        return False
    if "open" in read.intents and any(pattern.search(read.blank) for _, pattern in _PANELS):
        return False
    if "near" in read.intents and _LISTING.search(read.blank):
        return False
    if _NOT_ONE & set(read.intents) or HELP.search(read.blank):
        return False
    if asked <= {"recommend", "forecast", "price"} and _WHICH_ONE.search(read.blank):
        return False
    if asked <= {"recommend", "forecast"} and len(content_words(read.blank)) > 2:
        return False
    changing = asked & {"watch", "alert"}
    if changing:
        return CHANGING.search(read.blank) is not None
    return _SEVERAL.search(read.blank) is None and not is_ranked(read) and _MARKET_EXTRA.search(read.blank) is None


def is_ranked(read: Reading) -> bool:
    """Whether a question asks for the first of an order: the highest scores, the strongest."""
    return "score" in read.intents and _RANKED.search(read.blank) is not None


def is_about_market(read: Reading) -> bool:
    """Whether a question is about what the market panel shows beside the words of the law: exchange rate, sectors."""
    if is_screening(read) or "definition" in read.intents:
        return False
    sector = "sector" in read.intents or any(item.korean.startswith("업종") for item in read.conditions)
    return sector or _MARKET_EXTRA.search(read.blank) is not None


def is_bare(read: Reading) -> bool:
    """Whether nothing but names is left of the question."""
    return not content_words(_FOLLOW.sub("", read.blank).replace(BLANK, " ")) and read.type_found is None


def is_screening(read: Reading) -> bool:
    """Whether a question asks for the stocks that meet conditions."""
    intents = set(read.intents)
    if not read.conditions or _NO_SCREEN & intents or HELP.search(read.blank):
        return False
    spoken = [item for item in read.conditions if item.compares]
    numeric = [item for item in spoken if is_measured(item)]
    of_change = _LISTING.search(read.blank) or _CHANGE_SAID.match(read.blank)
    if any("등락률" not in item.korean or of_change for item in numeric) and (
        len(numeric) > 1 or _LISTING.search(read.blank) or len(read.blank.split()) <= 8
    ):
        return "news" not in intents or _LISTING.search(read.blank) is not None
    shown = _LISTING.search(read.blank) or _SHOWN.search(read.blank)
    graded = [item for item in spoken if "등급" in item.korean]
    if graded and len(spoken) == len(graded) and _GRADE_ALONE.fullmatch(read.blank.strip(" ?!.")):
        return True
    if any(item.korean.startswith(("외국인", "기관")) and "그리고" in item.korean for item in spoken):
        return True  # "bought by both" says of no stock
    of_sector = any(item.korean.startswith("업종") for item in read.conditions)
    listing = shown is not None or len(spoken) > 1 or (bool(graded) and of_sector) or read.type_found == "recommendation"
    listing = listing or (_COUNTED.search(read.blank) is not None and _OF_SECTORS.search(read.blank) is None)
    listing = listing or (read.type_found == "market" and bool(graded) and not intents - {"score"})
    if not listing or "news" in intents:
        return False
    flows = [item for item in spoken if item.korean.startswith(("외국인", "기관"))]
    flows_alone = len(flows) == len(spoken)
    if read.type_found == "market" and flows and flows_alone and _MARKET_BOUGHT.search(read.blank):
        return False  # "do foreigners buy KOSPI" asks of the market
    if flows:
        return True
    if read.type_found == "recommendation":
        return any(item.korean.startswith(("업종", "상태", "제외")) for item in read.conditions)
    others = [item for item in read.conditions if item not in graded]
    of_market = any(item.korean.startswith("시장") for item in read.conditions)
    ranked = read.type_found == "market" and is_ranked(read) and of_market and _OF_INDEX.search(read.blank) is None
    if ranked and (_COUNTED.search(read.blank) or shown):
        return True  # "the ten best scores of KOSPI"
    if read.type_found == "market":
        return bool(spoken) and (bool(numeric) or _BREADTH.search(read.blank) is None)
    if (read.strategies or _SIGNALS.search(read.blank)) and not [
        item for item in others if not item.korean.startswith(("상태", "업종", "시장"))
    ]:
        return False
    return bool(spoken) or any(item.korean.startswith(("업종", "제외")) for item in others)
