"""The table of codes, and the way from any reply to the error tree."""

from __future__ import annotations

import gzip
import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.errors import (
    AuthExpired,
    DataUnavailable,
    ProtocolChanged,
    ProviderError,
    RalphStockError,
    RateLimited,
    ValidationFailed,
)
from ralphstock_desktop.providers.kiwoom.errors import (
    CODES,
    Action,
    action_of,
    code_in,
    code_of,
    decode_body,
    error_of,
    error_of_code,
    frame_error,
    is_no_data,
    is_outage,
    outage,
    return_code_of,
    scrub,
)

ROOT = Path(__file__).resolve().parents[3]
OFFICIAL = """1501 1504 1505 1511 1512 1513 1514 1515 1516 1517 1687 1700 1701 1702 1901 1902 1903 1999 8001 8002 8003 8005 8006 8009
8010 8011 8012 8015 8016 8020 8030 8031 8040 8050 8103 8104 8200""".split()


def _texts(language: str) -> dict[str, str]:
    return json.loads((ROOT / "resources" / "texts" / language / "kiwoom.json").read_text(encoding="utf-8"))


def test_all_official_codes_are_known() -> None:
    assert len(OFFICIAL) == 37
    assert set(OFFICIAL) == {code for code in CODES if len(code) == 4}
    for code in ("805002", "805004", "100002", "100013", "105108", "105110", "105115", "105118", "R10001", "R10002", "R10004"):
        assert code in CODES


@pytest.mark.real_data
def test_the_vendors_list_is_covered(recorded_data: Path) -> None:
    listed = json.loads(gzip.decompress((recorded_data / "kiwoom" / "official_examples.json.gz").read_bytes()))["error_codes"]
    assert {entry["code"] for entry in listed} <= set(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_makes_an_error_whose_text_can_be_filled(code: str) -> None:
    error = error_of_code(code, detail="상세", api_id="ka10081")
    assert type(error) is CODES[code].kind
    assert code_of(error) == code
    assert action_of(error) is CODES[code].action
    assert code in str(error)
    for language in ("ko", "en"):
        text = _texts(language)[error.key]
        assert {name for _, name, _, _ in string.Formatter().parse(text) if name} <= set(error.fields)
        assert text.format(**error.fields)


@pytest.mark.parametrize(
    ("code", "kind", "action", "retryable"),
    [
        ("1511", ProviderError, Action.FIX, False),
        ("1700", RateLimited, Action.BACK_OFF, True),
        ("1701", RateLimited, Action.BACK_OFF, True),
        ("1902", ValidationFailed, Action.SYMBOL, None),
        ("1999", ProviderError, Action.RETRY_ONCE, True),
        ("8001", ProviderError, Action.ASK_USER, False),
        ("8005", AuthExpired, Action.RENEW, True),
        ("8030", ProviderError, Action.ASK_USER, False),
        ("8031", AuthExpired, Action.RENEW, True),
        ("8103", AuthExpired, Action.RENEW, True),
        ("8104", DataUnavailable, Action.HIDE, None),
        ("805004", AuthExpired, Action.RENEW, True),
        ("105110", RateLimited, Action.BACK_OFF, True),
        ("R10001", ProviderError, Action.STOP, False),
    ],
)
def test_classes_and_actions(code: str, kind: type[RalphStockError], action: Action, retryable: bool | None) -> None:
    error = error_of_code(code)
    assert type(error) is kind
    assert action_of(error) is action
    assert getattr(error, "retryable", None) is retryable
    assert not is_outage(error) or code == "1999"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("허용된 요청 개수를 초과하였습니다[1700:허용된 API 요청 개수를 초과하였습니다. 유량=5, API ID=ka10081]", "1700"),
        ("인증에 실패했습니다[8005:Token이 유효하지 않습니다]", "8005"),
        ("입력 값 오류입니다[1511:필수 입력 값에 값이 존재하지 않습니다. 필수입력 파라미터=stk_cd]", "1511"),
        ("[2000](주문 가능 수량 부족)", "2000"),
        ("로그인 인증에 실패하였습니다. CODE=8005, MSG=Token", "8005"),
        ("R10001", "R10001"),
        ("정상적으로 처리되었습니다", ""),
        ("[123:x] [12345:y]", ""),
    ],
)
def test_code_in_text(text: str, code: str) -> None:
    assert code_in(text) == code


def _body(number: Any, text: str = "") -> dict[str, Any]:
    return {"return_code": number, "return_msg": text}


@pytest.mark.parametrize("number", [0, "0", "0000", " 0"])
def test_success(number: Any) -> None:
    assert error_of(200, _body(number, "무엇이든"), "ka10081") is None


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (200, _body(3, "[8005:x]"), AuthExpired, "8005"),
        (200, _body("3", "[8005:x]"), AuthExpired, "8005"),
        (200, _body(8005, "Token"), AuthExpired, "8005"),
        (200, _body("8005"), AuthExpired, "8005"),
        (200, _body("[8005:Token이 유효하지 않습니다]"), AuthExpired, "8005"),
        (200, _body(3, "인증에 실패했습니다[ 8005 : Token]"), AuthExpired, "8005"),
        (200, _body(3, "인증 실패"), AuthExpired, "3"),
        (401, _body(0), AuthExpired, "8005"),
        (401, {}, AuthExpired, "8005"),
        (401, b"", AuthExpired, "8005"),
        (429, _body(5, "[1700:x]"), RateLimited, "1700"),
        (429, _body(5, "[1701:x]"), RateLimited, "1701"),
        (429, b"<html>slow down</html>", RateLimited, "1700"),
        (429, {}, RateLimited, "1700"),
        (200, _body(5, "[1700:x]"), RateLimited, "1700"),
        (200, _body(5), RateLimited, "5"),
        (200, _body(2, "[1902:x]"), ValidationFailed, "1902"),
        (200, _body(2, "형식"), ProviderError, "2"),
        (200, _body(7, "뭔가"), ProviderError, "7"),
        (200, _body(-1), ProviderError, "-1"),
        (200, _body(1, "[9999:새 코드]"), ProviderError, "9999"),
        (500, _body(0), ProviderError, ""),
        (500, _body(3, "[8005:x]"), AuthExpired, "8005"),
        (404, _body(0), ProviderError, ""),
    ],
)
def test_refusals(status: int, body: Any, kind: type[RalphStockError], code: str) -> None:
    error = error_of(status, body, "ka10081")
    assert type(error) is kind
    assert code_of(error) == code


@pytest.mark.parametrize(
    ("status", "content", "key", "outage_"),
    [
        (200, "<html>서비스 점검</html>".encode(), "error.kiwoom.maintenance", True),
        (200, "﻿  <!DOCTYPE html>".encode(), "error.kiwoom.maintenance", True),
        (502, b"<html>Bad gateway</html>", "error.kiwoom.maintenance", True),
        (500, b"oops", "error.kiwoom.server", True),
        (503, b"", "error.kiwoom.server", True),
        (404, b"not found", "error.kiwoom.http", False),
        (302, b"", "error.kiwoom.http", False),
        (200, b"", "error.kiwoom.half_body", True),
        (200, b'{"stk_cd":"0059', "error.kiwoom.half_body", True),
        (200, b"[1,2]", "error.kiwoom.shape", False),
        (200, b"null", "error.kiwoom.shape", False),
        (200, b"hello", "error.kiwoom.shape", False),
        (200, b"{}", "error.kiwoom.shape", False),
        (200, b'{"return_code":null}', "error.kiwoom.shape", False),
        (200, b'{"return_code":true}', "error.kiwoom.shape", False),
        (200, b'{"return_code":"zero"}', "error.kiwoom.shape", False),
        (200, b'{"return_code":0,"x":"\xff"}', "error.kiwoom.half_body", True),
        (200, b"[" * 100_000, "error.kiwoom.shape", False),
    ],
)  # fmt: skip
def test_bodies_that_are_not_the_brokers(status: int, content: bytes, key: str, outage_: bool) -> None:
    error = error_of(status, content, "ka10081")
    assert error is not None
    assert error.key == key
    assert is_outage(error) is outage_
    assert isinstance(error, ProtocolChanged) is (key == "error.kiwoom.shape")


def test_a_byte_order_mark_in_front_is_no_reason_to_refuse_a_body() -> None:
    assert decode_body(200, b"\xef\xbb\xbf" + b'{"return_code":0}') == {"return_code": 0}
    assert decode_body(200, b'{"return_code":0}') == {"return_code": 0}


def test_no_data_is_an_answer_for_queries_and_a_refusal_for_orders() -> None:
    for body in (
        _body(20, "해당조회내역이 없습니다"),
        _body("20"),
        _body(7, "모의투자 해당조회내역이 없습니다."),
        _body(20, "[2000](x)"),
    ):
        assert error_of(200, body, "ka10081") is None
        assert is_no_data(body, "ka10081")
        assert error_of(200, body, "kt10000") is not None
        assert not is_no_data(body, "kt10000")
    rejected = error_of(200, _body(20, "[2000](주문 불가)"), "kt10000")
    assert rejected is not None and rejected.key == "error.kiwoom.rejected" and code_of(rejected) == "2000"
    assert not is_no_data(_body(0), "ka10081")
    assert not is_no_data(_body(5, "[1700:x] 조회내역이 없습니다"), "ka10081")


def test_return_code_alias() -> None:
    assert return_code_of({"returnCode": 0}) == 0
    assert error_of(200, {"returnCode": 0, "returnMsg": "ok"}, "ka10030") is None
    assert return_code_of({"return_code": "9" * 30}) is None


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"trnm": "LOGIN", "return_code": 0, "return_msg": ""}, None),
        ({"trnm": "LOGIN", "return_code": "0"}, None),
        ({"trnm": "REAL", "data": []}, None),
        ({"trnm": "LOGIN", "return_code": 805004, "return_msg": "실패 CODE=8005"}, "8005"),
        ({"trnm": "LOGIN", "return_code": 805004, "return_msg": "실패 CODE=8031"}, "8031"),
        ({"trnm": "LOGIN", "return_code": 805004, "return_msg": "실패"}, "805004"),
        ({"trnm": "SYSTEM", "code": "R10001", "message": "동일한 App key로 접속이 되었습니다. "}, "R10001"),
        ({"trnm": "SYSTEM", "return_code": 1, "return_msg": "R10001"}, "R10001"),
        ({"trnm": "REG", "return_code": 105110, "return_msg": ""}, "105110"),
        ({"trnm": "REG", "return_code": 999999, "return_msg": ""}, "999999"),
    ],
)
def test_frames(frame: dict[str, Any], code: str | None) -> None:
    error = frame_error(frame)
    assert (None if error is None else code_of(error)) == code


def test_vendor_texts_lose_secrets() -> None:
    token = "h3KkAbCdEf0123456789ghIJklMNopQRst"
    short = "PSkey1"
    error = error_of(200, _body(3, f"[8003:토큰 {token} 조회 실패 {short}]"), "ka10081", secrets=(short,))
    assert error is not None
    assert token not in str(error) + str(error.fields) + repr(error)
    assert short not in str(error) + str(error.fields)
    assert len(scrub("가" * 1000)) == 240


def test_outage_keys_have_texts() -> None:
    for cause in ("unreachable", "timeout", "dns", "cut"):
        error = outage(cause, "x", stage="answer")
        assert is_outage(error) and error.retryable and error.key in _texts("ko")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)


@given(st.sampled_from([200, 204, 301, 400, 401, 404, 429, 500, 503, 999]), st.binary(max_size=60) | _JSON)
def test_anything_is_judged(status: int, content: Any) -> None:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    error = error_of(status, raw, "ka10081")
    assert error is None or isinstance(error, RalphStockError)
    if isinstance(content, dict) and "return_code" in content:
        frame_error(content)
