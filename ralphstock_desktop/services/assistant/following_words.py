"""Turns of speech of questions that lean on the one before, as patterns over folded text."""

from __future__ import annotations

import re

from ralphstock_desktop.services.assistant.triggers import phrase

__all__ = [
    "BOUGHT",
    "CHANGE",
    "CORRECTS",
    "COUNT",
    "ENDS",
    "FOLLOW",
    "GRADE",
    "LISTS_ASKED",
    "LOW",
    "MARKET",
    "MORE",
    "NOTHING_ELSE",
    "NOT_THIS",
    "NUMBERS",
    "ONLY",
    "OPINION",
    "OPPOSITE",
    "ORDER_WORD",
    "SCORED",
    "SOLD",
    "SORT",
    "WHEN_OUT",
    "WHICH",
    "WHO",
]

FOLLOW = phrase("follow")
GRADE = phrase("grade")
ORDER_WORD = phrase("order_word")
MARKET = re.compile(r"코스닥|코스피|유가증권(?:시장)?|(?<![a-z])(?:kosdaq|kospi)(?![a-z])")
WHO = re.compile(
    r"외국인|외인|기관|연기금|개인|(?<![a-z])(?:foreign(?:ers?)?|institution(?:s|al)?|pension funds?|retail)(?![a-z])"
)
COUNT = re.compile(r"(?<![\d.,])\d{1,2}\s?(?:개|종목)(?!월)|(?<![a-z])top\s\d{1,2}(?![\d.,%])")
_SMALL = (
    "으로는|로는|으로|로|에서는|에서|에게|한테|까지|부터|이라면|라면|이면|하면|면|은요|는요|은|는|이랑|랑|이|가|을|를|도|요|만|의|쪽|것들|것|거|걸|건|"
    "꺼|기준|어때|어떄|어떤데|어떠니|보여|주세요|줘요|줘|봐|알려|말이야|말이에요|말이지|말|이야|야|종목들?|신호|좀|그|똑같이|마찬가지|그것|다시|"
    "for|about|on|in|only|just|the|an|a|as|with|at|and|ones?|of|please|by|from|signals?|stocks?|names|shares|s|then|to|show|me|same|instead|too|"
    "grade|graded|i|meant|mean|no|not|but|sorry|actually|it|is|was|if|using|under"
)
NOTHING_ELSE = re.compile(rf"(?:[\s?!.,~…'’\-]|(?:{_SMALL}))*")
OPINION = re.compile(r"어때|어떄|어떠")
CORRECTS = re.compile(
    r"(?<![가-힣])(?:아니(?:요|야|라|고)?|아뇨|그게\s?아니(?:라|고)?)(?=[\s,.])|말고|말한\s?(?:거|건)|말(?:이야|이에요|이었|이었어|하는)|"
    r"잘못\s?(?:말|썼|쳤|적)|(?:라고|이라고)\s?(?:했|한)|"
    r"(?<![a-z])(?:i meant|i mean|meant|no,|no (?=§)|nope|not|instead|rather|sorry|actually|correction)(?![a-z])"
)
NOT_THIS = re.compile(
    r"§\s?(?:이|가|은|는|을|를)?\s?(?:말고|아니고|아니라|대신)|(?<![a-z])(?:not|instead of|rather than)\s(?:the\s)?§+"
)
MORE = re.compile(
    r"^\W*(?:그럼\s|좀\s|조금\s)*(?:더(?:\s?(?:보여|알려|줘|줄래|찾아|뽑아|추천|볼래|보고|말해|있어|있나|없어|없나|요|자세히).*|\W*$)"
    r"|(?P<ko>\d{1,2}|한|두|세|네|다섯|열)\s?(?:개|종목|건|가지)\s?(?:만\s?)?(?:더|추가).*|더\s?(?P<kn>\d{1,2})\s?(?:개|종목|건).*"
    r"|다음\s?(?:(?P<kx>\d{1,2})\s?(?:개|종목|건)|페이지|순위|거|것|목록|꺼)?(?:도|는|은)?(?:\s?(?:보여|알려|줘).*)?\W*$"
    r"|계속(?:\s?(?:보여|해).*)?\W*$)"
    r"|^\W*(?:and |ok |please |can you |could you )*(?:show |give |list |tell |see )?(?:me |us )?"
    r"(?:some |a few |(?P<en>\d{1,2}|one|two|three|four|five|ten) )?(?:more|others?)(?: (?:of (?:them|those)|please"
    r"|stocks|names|signals|news|"
    r"headlines|results|candidates))*\W*$"
    r"|^\W*(?:and |show |give |the |me )*next(?: (?P<enx>\d{1,2}|two|three|four|five|ten))?(?: (?:ones|stocks|names"
    r"|page))?\W*$"
    r"|^\W*(?:and |show |give |me )*another (?P<ena>\d{1,2}|two|three|four|five|ten)(?: (?:ones|stocks|names))?\W*$"
)
NUMBERS = {
    "한": 1,
    "두": 2,
    "세": 3,
    "네": 4,
    "다섯": 5,
    "열": 10,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "ten": 10,
}
OPPOSITE = re.compile(
    r"반대(?:로|는|편|쪽)?|거꾸로|역순"
    r"|(?<![a-z])(?:the )?(?:opposite|reverse(?:d)?|other (?:way|end)|conversely|vice versa)(?![a-z])"
)
SOLD = re.compile(r"매도|(?<![가-힣])(?:판|파는|팔)|(?<![a-z])(?:sell(?:ing|ers)?|sold|sales)(?![a-z])")
BOUGHT = re.compile(r"매수|(?<![가-힣])(?:산|사는|샀)|(?<![a-z])(?:buy(?:ing|ers)?|bought|buys)(?![a-z])")
WHEN_OUT = re.compile(
    r"(?:(?:그|이|저)\s?)?(?:뉴스|기사|소식|공시|보도)\S{0,2}\s?(?:은|는|이|가)?\s?(?:언제|몇\s?시|며칠)|(?:언제|몇\s?시에?|며칠에?)\s?(?:나온|나왔|뜬|떴|난|보도)"
    r"|(?:그|이)\s?(?:뉴스|기사|소식|공시)\S{0,2}\s?(?:출처|어디)"
    r"|when (?:did|was|were) (?:that|the|this|those|these|it)\s?(?:news|article|story|headlines?"
    r"|report)?\s?(?:come out|published|released|reported|out|from)"
    r"|(?:what time|when).{0,12}(?:news|article|headline)"
)
ONLY = re.compile(
    r"만(?:\s|$|[?.!~]|\s?(?:보여|골라|추려|남겨|알려|줘|따로))|(?<![a-z])(?:only|just)(?![a-z])|제외|빼고|(?<![a-z])(?:without"
    r"|excluding|except)(?![a-z])"
)
CHANGE = re.compile(r"(?<![a-z])change(?![a-z])")
LISTS_ASKED = re.compile(r"보여|목록|후보|신호들|(?<![a-z])(?:show|list|bets|signals|setups|candidates)(?![a-z])")
WHICH = phrase("which_more")
SORT = re.compile(
    r"정렬|순서대로\s?(?:다시|바꿔)|(?<![a-z])(?:sort|rank|order|re-?order)(?: (?:them|those|these|it|by))(?![a-z])"
)
SCORED = re.compile(r"점수|총점|등급|(?<![a-z])(?:scores?|grades?|graded|rated)(?![a-z])")
ENDS = re.compile(r"제일|가장|젤|최고|높은|좋은|나은|낫|highest|best|strongest|top|better|강한")
LOW = re.compile(r"낮은|최저|나쁜|약한|lowest|worst|weakest")
