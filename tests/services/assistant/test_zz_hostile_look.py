import json, time
from datetime import date
import pytest
from engine.model.instants import AsOf
from tests.services.assistant.conftest import *
from tests.services.assistant.conftest import _compiled_and_without_records
from tests.services.assistant.model_double import says
from tests.conftest import *
EVENING = AsOf.at(date(2026, 1, 28), 18, 32)
async def test_x(make_chat):
    t=time.perf_counter()
    d=await make_chat(EVENING)
    print("open",time.perf_counter()-t)
    for q in ["SK하이닉스 어때?","오늘 추천 종목은?","시장 어때?","SK하이닉스 뉴스 알려줘","RS 80 이상 종목 찾아줘","SK하이닉스 관심종목에 추가해줘", "How is SK hynix?","Samsung Electronics 85만원 넘으면 알려줘"]:
        t=time.perf_counter()
        d.assistant.new_session(); await d.assistant.idle()
        turn=await d.ask(q)
        print("####",q,time.perf_counter()-t)
        if d.model.requests:
            r=d.model.requests[-1].messages[-1].text
            print(r[:3500])
        print(turn.answer.source, [ (p.action,p.arguments) for p in turn.answer.proposals], turn.answer.disclaimer, turn.text[:800])
