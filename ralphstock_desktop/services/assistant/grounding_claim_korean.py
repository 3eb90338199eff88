"""Finds what a Korean text claims without a number: who buys or sells, what rose or fell, whether the pivot is broken.

Only plain statements are taken. What is denied, asked, supposed, expected, quoted, or said of any stock in general ("외국인이
순매수한 종목", "거래량이 줄면") claims nothing of a value that was read, and is left alone: a claim missed is a smaller fault
than a true answer struck. Verbs come last in Korean, so the words before one tell whom it is about and those behind it whether
it is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ralphstock_desktop.services.assistant.grounding_claim_words import EVERY, Claim
from ralphstock_desktop.services.assistant.grounding_scene import NameHit, Scene

__all__ = ["CLAIMS_KO", "korean_claims"]

_ENDS = r"(?=\s*(?:[.,;\n)|]|$))"
_TRADED = (
    r"(?:했|하였|하고|하며|하면서|하는 중|해(?= (?:왔|오|온))|한(?=\s?(?:가운데|상태|반면|이유|원인|배경|까닭|모습"
    r"|흐름|셈|것으로|것입))"
    r"|\s?중(?=[입이인,.]|\s|$)|\s?(?:상태|우위|기조)(?=[입이를가로에였,.]|\s|$)|세(?=[입이를가로에다였,.]|\s|$)"
    r"|[을를] (?:기록|보이|보였|이어|나타|계속|지속|늘)|[이가] (?:이어|계속|지속|우세)|로 (?:돌아|전환|마감|일관)"
    rf"|(?P<bare>입니다|이다|이며|이고|였|이었|{_ENDS}))"
)
_MOVED = (
    r"(?:했|하였|하고(?! 싶)|하며|하면서|하는 (?:중|흐름|모습|추세)|해(?= (?:왔|오|온|거래|마감))"
    r"|한(?=\s?(?:가운데|상태|반면|이유|원인|배경|까닭|모습|흐름|셈|것으로|것입|[-+\d▲▼]))"
    r"|\s?중(?=[입이인,.]|\s|$)|세(?=[입이를가로에다였,.]|\s|$)|\s?마감|(?:으로|로) (?:마감|끝|장을 마|돌아|전환)"
    rf"|[을를] (?:기록|보이|보였|이어|나타)|[이가] (?:이어|계속|지속)|입니다|이다|이며|이고|였|이었|(?P<noun>{_ENDS}))"
)
CLAIMS_KO = re.compile(
    rf"(?P<flow>순매[수도]|(?<![가-힣])매[수도]|매집){_TRADED}"
    r"|(?P<traded>사들[였이인]|(?<![가-힣])샀|(?<![가-힣])사고 있|담았|담고 있|(?<![가-힣])팔았|(?<![가-힣])팔고"
    r"|팔아치|던졌|던지고)"
    rf"|(?P<move>상승|하락|급등|급락|폭등|폭락|반등|강세|약세){_MOVED}"
    r"|(?P<moved>올랐|올라섰|올라왔|올라갔|오르고 있|오르며|오르면서|오른(?=\s?[-+\d▲]|\s(?:가운데|반면|이유))|뛰었"
    r"|뛰어올랐|치솟았"
    r"|내렸|내려갔|내려왔|내려앉|내리고 있|내리며|내리면서|내린(?=\s?[-+\d▼]|\s(?:가운데|반면|이유))"
    r"|떨어졌|떨어지고 있|떨어지며|떨어진(?=\s?[-+\d▼]|\s(?:가운데|반면|이유))|밀렸|빠졌|주저앉았)"
    r"|(?P<sign>플러스|양수|마이너스|음수)(?=입니다|이다|이며|이고|였|를 기록|로 (?:돌아|전환)|[.\n]|$)"
    r"|(?P<state>돌파(?:했|하였|하고|하며|한 상태|에 성공|하지|\s?전(?=[입이]|\s?단계|[.,]|$)| 이전))"
    r"|(?P<mark>관리\s?종목|투자\s?경고|투자\s?위험|투자\s?주의|거래\s?정지|매매\s?정지|정리\s?매매|환기\s?종목"
    r"|단기\s?과열|신규\s?상장)"
    r"(?:\s?종목|\s?주식|\s?상태)?(?=입니다|이다|이며|이고|으로 지정|로 지정|에 지정|되었|됐|되어 있|돼 있|에 들어|에 있)"
)
"""Words that may claim something; what stands around them decides."""

_STEMS = tuple(
    stem.replace("_", " ")
    for stem in (
        "순매수 순매도 매수 매도 매집 사들 샀 담았 담고 팔았 팔고 팔아 던졌 던지 상승 하락 급등 급락 폭등 "
        "폭락 반등 강세 약세 올랐 올라 오르 오른 뛰었 뛰어 치솟 내렸 내려 내리 내린 떨어 밀렸 빠졌 주저앉 "
        "플러스 마이너스 양수 음수 돌파 사고_ 관리종 관리_종 투자경 투자_경 투자위 투자_위 투자주 투자_주 "
        "거래정 거래_정 매매정 매매_정 정리매 정리_매 환기종 환기_종 단기과 단기_과 신규상 신규_상"
    ).split()
)
"""What those words begin with, found without trying each of them everywhere."""
_STEMS_OF = {stem[0]: tuple(other for other in _STEMS if other[0] == stem[0]) for stem in _STEMS}
_FIRSTS = re.compile(f"[{''.join(_STEMS_OF)}]")

_DOWN = frozenset("하락 급락 폭락 약세 마이너스 음수".split())
_MARKS = {
    "관리종목": "ADMIN", "투자경고": "WARNING", "투자위험": "DANGER", "투자주의": "CAUTION", "거래정지": "HALT",
    "매매정지": "HALT", "정리매매": "CLEANUP", "환기종목": "CAUTION_ISSUE", "단기과열": "OVERHEAT", "신규상장": "NEW",
}  # fmt: skip
_ACTOR = re.compile(
    r"(?P<foreign>외국인|외인)|(?<![가-힣])(?P<institution>기관)(?!지|장|차)|(?P<pension>연기금)"
    r"|(?<![가-힣])(?P<individual>개인|개미)(?!정보|적|화)"
)
_ACTOR_TAIL = re.compile(r"(?: ?투자자들?)?(?P<particle>[은는이가도:：]|까지|(?= 모두| 역시| 순매| 매[수도])|의(?= ))?")
_JOINED = re.compile(r"\s?(?: ?투자자들?)?(?:과|와|·|,|및|하고|이랑|/| 그리고)\s?(?:은|는)?\s?")
_TOGETHER = re.compile(r"합산|합쳐|합해|합친|합하면|합계로|더하면|물량|보유|비중|지분|한도|주문|계좌")
_ELSEWHERE = re.compile(r"업종|섹터|선물|옵션|채권|ETF|미국|해외|글로벌|다른 종목|전 종목|종목들|프로그램|증권사|자사주|공매도")
_MARKET = re.compile(r"코스피|코스닥|유가증권|시장(?!가)|증시")
_GENERAL = re.compile(
    r"만약|만일|가정|예를 들|예컨대|일반적으로|보통|원칙|규칙|여부|경우|때마다|할수록|수록|시나리오|가상|조건은"
    r"|조건이|정의|뜻입|뜻이|뜻하|의미"
)
_NOT_MEANT = re.compile(
    r"^[가-힣]*(?:다면|라면|이면(?!서)|으면|세면|더라도|라도|거나|든지|는지|은지|인지|을지|나요|까요|습니까|다가)"
    r"|않|아니|아닙|아닌|없|못|어렵|모르|모릅|수 있|수도|예정|전망|가능성|예상|기대|할 때|였을 때|었을 때|듯|것 같"
    r"|확인되지|다는 말은|척"
)
_CLAUSE_END = re.compile(r"[,.;?!\n|]|지만|으나|는데|(?<![다라])고 (?!있)|며 |면서|반면|가운데")
_RELATIVE = re.compile(r"보다|대비|에 비해|비하여")
_TO_THE_CLOSE = ("전일", "어제", "전날", "거래일", "기준가", "하루 전")
_NOT_THE_CLOSE = re.compile(
    r"장중|한때|장 초|시초|시가|개장|출발|고점|저점|고가|저가|최고가|최저가|신고가|평균|이평|이동|\d일선|피봇|피벗"
    r"|프리|애프터|시간외|선물"
    r"|넥스트|일부터|부터 |까지 (?!올|내|상|하)|이래|한번|가장|업종|섹터|테마|조건|만약|거의"
)
_COUNTED = re.compile(r"\d(?:위|점|등|배|건|개(?!월)|종목|주(?![간일])|회|번|단계|계단)")
_PART_OF_SCORE = re.compile(r"항목|요소|수급|뉴스|거래|차트|캔들|구조|추세|요건|조건|부문|몫|단타|종가베팅|체크")
_DIGIT = re.compile(r"\d")
_EOJEOL = re.compile(r"\S+")
_NOUN = re.compile(
    r"(?P<price>주가|가격|시세|종가|현재가|주식)|(?P<kospi>코스피)(?:지수)?|(?P<kosdaq>코스닥)(?:지수)?"
    r"|(?P<market>지수|증시|시장)"
    r"|(?P<score>(?:VCP)?총점|점수|VCP점수)"
)
_SUBJECT = re.compile(r"(?:[은는이가도]|에서는|[:：])$")
_ADJUNCT = re.compile(
    r"(?:에|에서|으로|로|보다|까지|부터|을|를|와|과|의|게|히|서|만|만큼|씩|째|간|며|고|면서|지만|데|해|여|아|어|인|한"
    r"|된|[,)%원위점배])$"
)
_ADVERBS = frozenset(
    (
        "소폭 크게 조금 다소 대폭 급격히 꾸준히 연일 연속 다시 더 또 계속 동반 모두 함께 일제히 많이 나란히 "
        "각각 오늘 어제 전일 장중 현재 최근 이미 역시 대비 만에 동안 이상 가까이 정도 약 지금 이날 당일 하루 "
        "금일 오전 오후 현재는 지금은 오늘은 오늘도 어제는 이날은 최근에는 특히 반면 다만 또한 한편 결국 매우 "
        "아주 약간 비교적 순 완만히 완만하게 뚜렷하게 가파르게 힘차게 이번 주 달"
    ).split()
)
_LANDED = re.compile(r"(?<![원%선트폭세가락승일중])(?:으로|로|에)$")
_GATE_WORDS = re.compile(r"게이트(?:의)?\s*$")
_OWN_WORDS = re.compile(r"(?:VCP|종합|전체|총)\s*$")
_UNSIGNED = re.compile(r"[-+]\s?₩?\d")
_MEASURED = re.compile(r"[%원] ?$|(?:주가|가격|지수|코스피|코스닥|종가|시세)[은는이가도]")
_ALL_OF_THEM = re.compile(r"(?:두|세|네) 종목(?:은|이)? 모두|둘 다")
_REST_OF_WORD = re.compile(r"[가-힣]*")
_PIVOT_OBJECT = re.compile(r"(\S+?)[을를]\s*$|(\S+)\s*$")
_PIVOT = re.compile(r"피봇|피벗|저항|베이스|아직|이미|상단|[은는이가도,]$|가격$|기준$")


def korean_claims(text: str, scene: Scene) -> Iterator[Claim]:
    """What a plain text claims, in order. Names and sentences are those of ``scene``."""
    before, sentence, stated = 0, -1, True
    actors: _Actors | None = None
    for match in _words_in(text):
        number = scene.sentence_of(match.start())
        first = scene.starts[number]
        if number != sentence:
            whole = scene.sentence(match.start())
            before, sentence, actors = first, number, None
            stated = not whole.rstrip().endswith("?") and _GENERAL.search(whole) is None
        segment = text[before : match.start()]
        begin, before = before, match.end()
        kind = match.lastgroup if match.lastgroup not in {"bare", "noun"} else ("flow" if match["flow"] else "move")
        if kind in {"flow", "traded"} and (found := _actors(segment)) is not None:
            actors = found
        if not stated or not _is_meant(text, match, kind):
            continue
        rest = _REST_OF_WORD.match(text, match.end())
        end = rest.end() if rest is not None else match.end()
        claim = _claim(text, scene, match, kind or "", segment, begin, actors)
        if claim is not None:
            every = len(claim[3]) > 1 and EVERY.search(segment) is not None
            yield Claim(match.start(), end, *claim[:4], segment, claim[4], every)


def _words_in(text: str) -> Iterator[re.Match[str]]:
    end = 0
    for first in _FIRSTS.finditer(text):
        place = first.start()
        if place < end or not text.startswith(_STEMS_OF[first.group()], place):
            continue
        match = CLAIMS_KO.match(text, place)
        if match is not None:
            end = match.end()
            yield match


_Actors = tuple[tuple[str, ...], bool]
"""Kinds of investors, and whether they are marked as who acts."""
_Parts = tuple[str, int, tuple[str, ...], tuple[str, ...], bool]
"""Kind, way, who, tickers and whether the market is meant."""


def _claim(
    text: str,
    scene: Scene,
    match: re.Match[str],
    kind: str,
    segment: str,
    begin: int,
    actors: _Actors | None,
) -> _Parts | None:
    start, end = match.span()
    if kind in {"flow", "traded"}:
        if actors is None or (match["bare"] is not None and not actors[1]) or _TOGETHER.search(segment):
            return None
        if _ELSEWHERE.search(scene.sentence(start)) or _UNSIGNED.search(segment):
            return None
        bought = match["flow"].endswith("수") or match["flow"] == "매집" if match["flow"] else match.group()[0] in "사샀담"
        return _flow(scene, start, end, bought, actors[0])
    if kind == "state":
        return _state(scene, match, segment)
    if kind == "mark":
        subject = scene.subject(start, end)
        mark = _MARKS[re.sub(r"\s", "", match["mark"])]
        return ("mark", 1, (mark,), subject.tickers[:1], False) if subject.tickers else None
    if kind == "sign":
        way = -1 if match["sign"] in _DOWN else 1
        named = _actors(segment)
        if named is not None and "순매수" in segment and not _TOGETHER.search(segment):
            return _flow(scene, start, end, way > 0, named[0])
        if re.search(r"등락률(?:은|이|도)\s*$", segment):
            return "price", way, (), scene.subject(start, end).tickers, False
        return None
    word = match.group("move") or match.group("moved")
    way = -1 if word in _DOWN or word[0] in "내떨밀빠주" else 1
    if _NOT_THE_CLOSE.search(segment) or any(
        not segment[: than.start()].rstrip().endswith(_TO_THE_CLOSE) for than in _RELATIVE.finditer(segment)
    ):
        return None
    if word in {"밀렸", "빠졌"} and not _MEASURED.search(segment):
        return None  # pushed out of a list, left out of a count
    moved = _subject(text, begin, start, scene, needs_word=match["noun"] is not None)
    if moved is None:
        return None
    if moved[0] in {"score", "gate"} and not re.match(r"올랐|내렸|떨어졌|(?:상승|하락)(?:했|하였)", match.group()):
        return None  # what scores do by rule is told in the present tense
    return moved[0], way, moved[1], moved[2], False


def _is_meant(text: str, match: re.Match[str], kind: str | None) -> bool:
    """Whether the words behind a claim leave it standing."""
    if kind == "state":
        return _NOT_MEANT.search(text[match.end() : match.end() + 1]) is None
    if match.group().endswith(("하고", "하며", "하면서", "오르며", "내리며")) and not text.startswith(" 있", match.end()):
        return True
    stop = _CLAUSE_END.search(text, match.end())
    return _NOT_MEANT.search(text[match.end() : stop.start() if stop is not None else len(text)]) is None


def _actors(segment: str) -> _Actors | None:
    """The last group of investors named, and whether it is marked as who acts."""
    found = list(_ACTOR.finditer(segment))
    if not found:
        return None
    tail = _ACTOR_TAIL.match(segment, found[-1].end())
    marked = tail is not None and tail["particle"] not in {None, "", "의"}
    group = [found[-1]]
    for match in reversed(found[:-1]):
        if not _JOINED.fullmatch(segment, match.end(), group[-1].start()):
            break
        group.append(match)
    return tuple(match.lastgroup or "" for match in reversed(group)), marked


def _flow(scene: Scene, start: int, end: int, bought: bool, actors: tuple[str, ...]) -> _Parts:
    sentence = scene.sentence(start)
    named = any(scene.sentence_of(hit.start) == scene.sentence_of(start) for hit in scene.hits)
    of_market = not named and _MARKET.search(sentence) is not None
    if of_market and "코스닥" in sentence and "코스피" not in sentence:
        return "flow", 1 if bought else -1, actors, ("kosdaq",), False  # nothing is read of its flows
    return "flow", 1 if bought else -1, actors, () if of_market else scene.subject(start, end).tickers, of_market or not named


def _state(scene: Scene, match: re.Match[str], segment: str) -> _Parts | None:
    """Broken, or not yet: the object must be the pivot, or not be said."""
    before = _PIVOT_OBJECT.search(segment)
    if before is not None and not _PIVOT.search(before.group().strip()) and not _is_name(scene, match.start()):
        return None
    behind = scene.text[match.end() : match.end() + 14]
    word = match.group()
    if word.endswith("하지"):
        if re.match(r"(?:는|도)? ?(?:않|못)", behind) is None:
            return None
        return "state", -1, (), scene.subject(*match.span()).tickers, False
    before_it = word.endswith(("전", "이전"))
    if re.search(r"면|않|못|아니|아닙|없|지 여부|는지|거나|다가|때|수 있|전망|예상|가능", behind):
        return None
    return "state", -1 if before_it else 1, (), scene.subject(*match.span()).tickers, False


def _is_name(scene: Scene, place: int) -> bool:
    return any(hit.end <= place <= hit.end + 3 for hit in scene.hits)


def _subject(
    text: str, first: int, last: int, scene: Scene, *, needs_word: bool
) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """What rose or fell: kind, who and tickers; None where it is nothing that can be checked, or is not said."""
    words = list(_EOJEOL.finditer(text, first, last))
    for back, match in enumerate(reversed(words)):
        start, end = match.span()
        word = match.group().strip("()*")
        hit = _hit_in(scene, start, end)
        if hit is not None:
            behind = re.sub(r"^\)?\(?[0-9A-Z]*\)?", "", text[hit.end : end])
            if needs_word and back and behind[:1] not in {"은", "는", "이", "가", "도"}:
                return None
            if behind[:1] in {"", "은", "는", "이", "가", "도", ":", ","} or (behind[:1] == "의" and back == 0):
                return "price", (), (hit.ticker,)
            continue
        if _COUNTED.search(word) is not None:
            return None  # "1위로 올랐습니다", "60점으로 내렸습니다": of something else
        if word.rstrip(",") in _ADVERBS or _DIGIT.search(word) is not None:
            continue
        noun = _NOUN.match(word)
        tail = word[noun.end() :] if noun is not None else ""
        if noun is not None and (
            tail in {"은", "는", "이", "가", "도", ":"} or (not tail and back == 0) or (tail == "의" and back == 0)
        ):
            return _noun(text, scene, noun.lastgroup or "", first, start, end)
        if _SUBJECT.search(word):
            return None  # something else: a volume, a ratio, a rank
        if back == 0 and (_ADJUNCT.search(word) is None or _LANDED.search(word) is not None):
            return None  # "거래량 상승", "목록에 올랐습니다"
    owners = scene.subject(last, last).tickers
    return ("price", (), owners) if len(owners) > 1 and _ALL_OF_THEM.search(text, first, last) is not None else None


def _hit_in(scene: Scene, start: int, end: int) -> NameHit | None:
    hit = scene.last_hit(end)
    return hit if hit is not None and start < hit.end <= end else None


def _noun(
    text: str, scene: Scene, kind: str, first: int, start: int, end: int
) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    ahead = text[first:start]
    owner = scene.subject(start, end).tickers
    last = _EOJEOL.findall(ahead)[-1:]
    plain = not last or _ADJUNCT.search(last[0]) or last[0] in _ADVERBS or _hit_in(scene, start - 1 - len(last[0]), start)
    if last and _SUBJECT.search(last[0]):
        plain = True
    if kind == "score":
        if _PART_OF_SCORE.search(ahead):
            return None
        if _GATE_WORDS.search(ahead):
            return "gate", (), ()
        return ("score", (), owner) if plain or _OWN_WORDS.search(ahead) else None
    if kind == "price":
        return ("price", (), owner) if plain else None
    if kind in {"kospi", "kosdaq"}:
        return "index", (kind,), ()
    for name, word in (("kospi", "코스피"), ("kosdaq", "코스닥")):
        if last and last[0].startswith(word):
            return "index", (name,), ()
    return ("index", (), ()) if plain or (last and last[0] in {"국내", "한국", "전체"}) else None
