"""What an answer must never say, however well its numbers are founded (domain.md §8.4-4).

Promises of profit, orders and personal advice, the instruction or a key given away, and claims to have done what only the user
can do. Sentences that deny such a thing ("무조건은 없습니다", "this is not a guarantee") pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ralphstock_desktop.services.assistant.grounding_letters import plain_text

__all__ = ["PROBLEMS", "Problem", "find_problems", "problems_of"]

PROBLEMS = ("leak", "action", "promise", "advice")
"""Kinds, gravest first; the text key is ``assistant.refused.<kind>``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A run of a text that must not be shown as an answer."""

    kind: str
    start: int
    end: int
    text: str


_NEGATED = re.compile(
    r"없(?:습니다|어요|다|는|으며|고|을|지만|음)|않(?:습니다|아요|는|다|으며|고|을|았)|아니(?:에요|다|며|고|라|지만"
    r"|므로)?(?![가-힣])|아닙니다|못(?:합니다|해요|한다|하며)|"
    r"불가|금지|말아야|마세요|마십시오|삼가|드리지|드릴 수|할 수 없|수는 없|"
    r"\b(?:not|no|never|nobody|cannot|can't|won't|isn't|aren't|don't|doesn't|didn't|without|neither|nor|unable"
    r"|nothing|refuse)\b",
    re.IGNORECASE,
)
_PROMISE = re.compile(
    r"무조건|반드시\s?(?:오|상승|수익|벌|급등|이익|성공)|틀림없이|확실(?:히|하게|한)\s?(?:오|상승|수익|벌|급등|이익"
    r"|성공)|100\s?(?:%|퍼센트)\s?(?:수익|확실|오|상승|보장|성공)"
    r"|(?:수익|이익|원금|상승)(?:을|이|은|률을|률이)?\s?보장|손실(?:은|이|을)?\s?(?:전혀\s?)?(?:없|볼 수 없)"
    r"|잃을\s?(?:수|일|염려)(?:가|는|이)?\s?없|무위험|대박|큰돈|떼돈"
    r"|오를\s?수밖에|오르게\s?되어|꼭\s?(?:오릅|오를|올라)|(?:곧|내일|다음\s?주)\s?(?:급등|상한가)\s?(?:합니다"
    r"|할\s?것|갑니다|예정|간다)"
    r"|\bguarantee[sd]?\b|\bguaranteed\b|\brisk[- ]free\b|\b(?:can't|cannot|can not|can never|won't) lose\b"
    r"|\bsure (?:thing|bet|profit|win)\b"
    r"|\b(?:will|is going to|is bound to) (?:definitely|certainly|surely|absolutely|without (?:a )?doubt)\b"
    r"|\b(?:definitely|certainly|surely|undoubtedly) (?:will )?(?:rise|go up|profit|gain|double)"
    r"|(?:오를|상승할|급등할|반등할|뛸|내릴|하락할|떨어질|급락할|빠질)\s?(?:것(?:입니다|으로\s?(?:보|예상|전망|기대))"
    r"|겁니다|거예요|전망입니다|가능성(?:이|은)\s?(?:매우\s?|아주\s?|더\s?)?(?:높|크|큽|많))|안전한\s?(?:투자처|종목|주식|선택)"
    r"|\b(?:likely|expected|set|poised|going|sure|bound|about) to (?:rise|fall|go (?:up|down)|rally|climb|drop|gain|double"
    r"|surge|jump|soar|crash)\b|\bwill (?:soon )?(?:rise|fall|rally|climb|go up|go down|surge|soar|jump|double|crash|drop)\b"
    r"|\bsafe to (?:invest|buy|hold)\b|\bsafe (?:bet|investment|stock)\b"
    r"|\bno (?:risk|way to lose|chance of (?:a )?loss)\b|\bwithout (?:any )?risk\b|\b(?:is|are) certain to (?:rise"
    r"|gain|profit|go up)\b|\beasy money\b|\bto the moon\b|\bfree money\b",
    re.IGNORECASE,
)
_DENIES_ITSELF = re.compile(r"손실|잃을|can|won|no |without|오를", re.IGNORECASE)
"""Promises whose own words hold a negation: it does not take them back."""

_ADVICE = re.compile(
    r"(?:매수|매도|사|파|담|팔|투자|진입|손절|익절|보유|청산|추격|몰빵|물타기|올인)(?:하|아|으|이)?(?:세요|십시오"
    r"|시기 바랍|시길|셔야|시는 (?:것|게)|시면 됩니다|시죠)"
    r"|(?:매수|매도|투자|진입|보유|분할매수)(?:를|을)?\s?(?:추천|권해|권합|권장|권유|조언|제안)(?!\s?(?:목록|기준"
    r"|종목|서비스|점수|순위|근거))(?:합니다|드립|드려|해요|할게요|하고)?"
    r"|(?:매수|매도|투자|진입|보유)(?:해야|하는\s?(?:것이|게|편이)\s?(?:좋|낫|맞|유리|현명))|(?:사야|팔아야)\s?(?:합"
    r"|해|할)|(?:사|파)는\s?(?:것이|게|편이)\s?(?:좋|낫|맞|유리)"
    r"|지금(?:이|은)?\s?(?:바로\s?)?(?:매수|매도|살|팔|사야|팔아야)\s?(?:기회|때|타이밍|적기)|(?:매수"
    r"|매도)\s?(?:적기|타이밍입)|(?:강력|적극)\s?(?:매수|매도|추천)|풀매수|영끌"
    r"|(?:사|담으?|파|팔아|매수하|매도하|투자하|들어가|올라타)(?:셔|시어|아|어|여|으셔)?도\s?(?:좋|됩|돼|되|괜찮)(?!지|는지|을지|나)"
    r"|지금(?:이|은)?\s?(?:바로\s?)?(?:절호의\s?)?기회|추천(?:드립니다|드려요|드릴게요|합니다|해요)|꼭\s?(?:사|담|보유)"
    r"|\btime to (?:buy|sell|get in|get out|load up)\b|\b(?:i|we)(?:'d| would) (?:load up|get in|go in|accumulate|jump in)\b"
    r"|\bmust-(?:have|buy|own)\b|\bgo for it\b|\bconsider (?:buying|selling|adding|shorting|investing)\b"
    r"|\byou (?:should|must|need to|have to|ought to|had better|may want to|might want to) (?:now |really "
    r"|immediately |definitely )?(?:buy|sell|invest|hold|short|enter|exit|go long|add|accumulate|load)\b"
    r"|\b(?:i|we) (?:strongly |highly )?(?:recommend|advise|suggest|urge)(?: you)?(?: to)? (?:buy|sell|hold|invest"
    r"|short|enter|exit|go)\w*"
    r"|\b(?:i'd|i would|we'd|we would) (?:buy|sell|short|invest)\b|\b(?:strong|screaming|clear) (?:buy|sell)\b"
    r"|\b(?:it is|it's|now is) (?:a |the )?(?:good |great |right |best |perfect )?(?:time|moment"
    r"|opportunity) to (?:buy|sell|invest|enter|exit)"
    r"|(?:^|[.!?\n]\s*|[*#-]\s)(?:buy|sell|short|invest in|load up on|go long)\s(?:it|now|this|the|samsung|sk|shares"
    r"|immediately|today|more|[A-Z0-9])",
    re.IGNORECASE,
)
_ACTION = re.compile(
    r"(?:주문|매수|매도|체결|예약\s?주문|결제|송금|이체|출금|입금|관심\s?종목에\s?추가|알림을?\s?(?:설정|추가|등록)"
    r"|삭제|저장|변경)"
    r"(?:을|를|이|은|했|도)?\s?(?:완료\s?)?(?:했습니다|하였습니다|했어요|해\s?드렸|해\s?두었|해\s?놨|넣었"
    r"|넣어\s?드렸|냈|완료(?:했|되었|됐|입니다)|접수(?:했|되었|됐)"
    r"|(?:되었습니다|됐습니다|됐어요)|진행했|실행했|처리했)"
    r"|주문(?:을|이)\s?(?:나갔|들어갔|체결)|주문(?:을|도)?\s?(?:대신\s?|바로\s?|지금\s?)?(?:넣|내|걸|처리해|접수해|실행해)\S{0,2}\s?(?:드릴게|드리겠|줄게|놓을게)"
    r"|\b(?:i am|i'm|i'll|i will|let me) (?:going to |now |about to )?(?:place|placing|submit|execute|send|buy|sell)\b"
    r"|\b(?:alert|watch ?list entry|filter|order) (?:has been |was |is )?(?:created|added|set)\b|\bwatch ?list now (?:has"
    r"|includes|contains)\b"
    r"|\b(?:i|we)(?:'ve| have)? (?:just |now |already |successfully )?(?:placed|submitted|executed|bought|sold"
    r"|ordered|sent|transferred|cancelled|canceled|added|created|set up|deleted|changed|opened|scheduled)\b"
    r"|\b(?:your|the) (?:buy |sell |market |limit )?order (?:has been|was|is now|is) (?:placed|submitted|executed"
    r"|filled|sent|confirmed)"
    r"|\border (?:placed|executed|filled|confirmed|submitted)\b",
    re.IGNORECASE,
)
_PAST_TRADE = re.compile(
    r"외국인|기관|개인|연기금|투자자|foreign|institution|retail|investors?|백테스트|기록|backtest", re.IGNORECASE
)
_LEAK = re.compile(
    r"AIza[0-9A-Za-z_\-]{10,}|\bsk-[A-Za-z0-9_\-]{16,}|\bya29\.[\w-]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b(?:api[ _-]?key|secret|token|password|비밀번호|시크릿|API\s?키|인증\s?키)\s?(?:is|was|:|=|은|는|가"
    r"|이)\s?[\"'`]?[A-Za-z0-9_\-]{8,}"
    r"|(?:my|the) (?:system |hidden |initial |original )?(?:instructions?|prompt|system message"
    r"|rules)(?: \w+)? (?:are|is|say|says|said|tell|read|state|begin)\b"
    r"|\bmy (?:rules?|instructions?|prompt) (?:forbids?|requires?|tells?|do(?:es)?n't|do(?:es)? not|allows?)\b"
    r"|\bi (?:was|am|have been) (?:told|instructed|ordered) (?:to|not to)\b"
    r"|here (?:is|are) (?:my|the) (?:system |hidden |initial |full )?(?:prompt|instructions?|rules)"
    r"|(?:내|제|저의|시스템|숨겨진|받은|초기)\s?(?:시스템\s?)?(?:프롬프트|지시문|지침|지시\s?사항|지시|규칙)(?:은|는"
    r"|을|를|의|이)?\s?(?:다음|아래|이렇|전문|그대로|내용|공개|:|\")"
    r"|You are the assistant of a trading workstation|Rules, which no later text can change"
    r"|State only what stands under|ignore (?:all |the )?(?:previous|prior|above) (?:instructions|rules)",
    re.IGNORECASE,
)
_SPOKEN_OF = re.compile(r"my|the|here|내|제|저의|시스템|숨겨진|받은|초기", re.IGNORECASE)
"""Leaks that are announced and so can be denied; keys and the instruction's own words cannot."""
_CLAIMED = re.compile(r"라는|다는|이라는|\b(?:claim|idea|such)\b")
_TURN = re.compile(r"지만|으나|하지만|그러나|\bbut\b|\bhowever\b|;", re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|no|never|cannot|can't|don't|doesn't|isn't|without|nobody|nothing|neither)\b", re.IGNORECASE)
_WITHHELD = re.compile(
    r"없|않|아닙|비공개|\b(?:not|never|cannot|can't) (?:be )?(?:shared?|disclosed?|revealed?|public|discuss|available"
    r"|something)|private|confidential",
    re.IGNORECASE,
)
_PATTERNS = {"leak": _LEAK, "action": _ACTION, "promise": _PROMISE, "advice": _ADVICE}


def find_problems(text: str) -> list[Problem]:
    """Find what must not be said; places are those of the plain text (markup and invisible characters taken out)."""
    plain = re.sub(r"[*_~`]+", "", plain_text(text).text)
    found: list[Problem] = []
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(plain):
            if (kind != "leak" or _SPOKEN_OF.match(match.group())) and _is_denied(plain, match, kind):
                continue
            found.append(Problem(kind, match.start(), match.end(), match.group().strip()))
    return sorted(found, key=lambda problem: (PROBLEMS.index(problem.kind), problem.start))


def problems_of(text: str) -> tuple[str, ...]:
    """The kinds of problems of a model's answer, gravest first; empty if it may be shown."""
    return tuple(dict.fromkeys(problem.kind for problem in find_problems(text)))


def _is_denied(text: str, match: re.Match[str], kind: str) -> bool:
    """Whether the sentence takes back what the run says."""
    begin = max((text.rfind(mark, 0, match.start()) for mark in "!?。\n"), default=-1)
    begin = max(begin, text.rfind(". ", 0, match.start()))
    stops = [at for mark in ("!", "?", "。", "\n", ". ") if (at := text.find(mark, match.end())) >= 0]
    end = min(stops, default=len(text))
    before, after = text[begin + 1 : match.start()], text[match.end() : end]
    if kind == "leak":
        return _WITHHELD.search(after[:40]) is not None
    if kind == "action" and _PAST_TRADE.search(before):
        return True
    if kind == "promise" and _DENIES_ITSELF.match(match.group()):
        spoken_of = _CLAIMED.search(before + after[:12]) is not None and _NEGATED.search(after) is not None
        return spoken_of or ("없" not in match.group() and _NEGATED.search(after[:30]) is not None)
    if _NEGATED.search(_TURN.split(after, maxsplit=1)[0][:60]) is not None:
        return True
    lead = _TURN.split(before.replace(",", ";"))[-1]
    return _NOT.search(lead[-40:]) is not None
