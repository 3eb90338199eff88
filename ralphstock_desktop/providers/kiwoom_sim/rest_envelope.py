"""What surrounds every answer: the vendor's error texts, paging keys, and the values of a request."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from ralphstock_desktop.providers.kiwoom_sim.writing import read_day

__all__ = ["DONE", "Params", "Problem", "Reply", "Row", "page_key", "page_start", "problem_text"]

Row = dict[str, str]

DONE = "정상적으로 처리되었습니다"
_CLASS_INPUT, _CLASS_AUTH, _CLASS_LIMIT, _CLASS_NOTHING = 2, 3, 5, 20
_LEADS = {
    _CLASS_INPUT: "입력 값 오류입니다",
    _CLASS_AUTH: "인증에 실패했습니다",
    _CLASS_LIMIT: "허용된 요청 개수를 초과하였습니다",
}
_TEXTS = {
    "1501": "API ID가 Null이거나 값이 없습니다",
    "1504": "해당 URI에서는 지원하는 API ID가 아닙니다. API ID={}, URI={}",
    "1505": "해당 API ID는 존재하지 않습니다. API ID={}",
    "1511": "필수 입력 값에 값이 존재하지 않습니다. 필수입력 파라미터={}",
    "1512": "Http header에 값이 설정되지 않았거나 읽을 수 없습니다",
    "1513": "Http Header에 authorization 필드가 설정되어 있어야 합니다",
    "1514": "입력으로 들어온 Http Header의 authorization 필드 형식이 맞지 않습니다",
    "1515": "Http Header의 authorization 필드 내 Grant Type이 미리 정의된 형식이 아닙니다",
    "1516": "Http Header의 authorization 필드 내 Token이 정의되어 있지 않습니다",
    "1517": "입력 값 형식이 올바르지 않습니다. 파라미터={} 실패사유= {}",
    "1700": "허용된 API 요청 개수를 초과하였습니다. 유량={}, API ID={}",
    "1701": "허용된 총 API 요청 개수를 초과하였습니다. 총유량={}, API ID={}",
    "1902": "종목 정보가 없습니다. 입력한 종목코드 값을 확인바랍니다. 종목코드={}",
    "1903": "해당 거래소의 종목 정보가 없습니다. 입력한 종목코드 값을 확인바랍니다. 종목코드={}",
    "1999": "예기치 못한 에러가 발생했습니다. 실패사유={}",
    "8001": "App Key와 Secret Key 검증에 실패했습니다",
    "8005": "Token이 유효하지 않습니다",
    "8011": "Access Token을 발급하는데 실패했습니다. 입력값에 grant_type이 들어오지 않았습니다",
    "8012": "Access Token을 발급하는데 실패했습니다. grant_type의 값이 맞지 않습니다",
    "8015": "Access Token을 폐기하는데 실패했습니다. 실패사유={}",
    "8016": "Access Token을 폐기하는데 실패했습니다. 입력값에 Token이 들어오지 않았습니다",
    "8020": "입력파라미터로 appkey 또는 secretkey가 들어오지 않았습니다.",
    "8030": "투자구분(실전/모의)이 달라서 Appkey를 사용할수가 없습니다",
}
"""The official texts of the codes the simulator uses."""


def problem_text(code: str, *values: str | int) -> tuple[int, str]:
    """Return ``return_code`` and ``return_msg`` of a vendor code."""
    group = _CLASS_LIMIT if code in ("1700", "1701") else _CLASS_AUTH if code.startswith("8") else _CLASS_INPUT
    return group, f"{_LEADS[group]}[{code}:{_TEXTS[code].format(*values)}]"


class Problem(Exception):
    """An answer that is no data: its vendor code, or a plain business text with ``return_code`` 20."""

    def __init__(self, code: str, *values: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.status = 429 if code in ("1700", "1701") else 200
        self.return_code, self.message = problem_text(code, *values)

    @classmethod
    def business(cls, text: str) -> Problem:
        """A refusal by the business side (``return_code`` 20)."""
        problem = cls("1999", text)
        problem.return_code, problem.message = _CLASS_NOTHING, text
        return problem


@dataclass(slots=True)
class Reply:
    """An answer before it is written: the fields in order, and where the next page starts ("" for the last page)."""

    fields: dict[str, Any]
    cursor: str = ""
    message: str = DONE


_TAG = 8
_KEY_LIMIT = 50


def _tag(api_id: str, body: Mapping[str, Any]) -> str:
    canonical = msgspec.json.encode(dict(sorted(body.items())))
    return hashlib.blake2b(api_id.encode() + canonical, digest_size=_TAG // 2).hexdigest()


def page_key(api_id: str, body: Mapping[str, Any], cursor: str) -> str:
    """Return the ``next-key`` of a page: opaque to the client, bound to the request's body, at most 50 characters."""
    key = f"{_tag(api_id, body)}{cursor}"
    assert len(key) <= _KEY_LIMIT, key
    return key


def page_start(api_id: str, body: Mapping[str, Any], key: str) -> str:
    """Return the cursor in a ``next-key``.

    Raises
    ------
    Problem
        1517 if the key was not given out for this api-id and body.
    """
    if len(key) <= _TAG or key[:_TAG] != _tag(api_id, body):
        raise Problem("1517", "next-key", "연속조회키가 올바르지 않습니다")
    return key[_TAG:]


class Params:
    """The body of one request, read with the vendor's complaints.

    Parameters
    ----------
    body : mapping
        The JSON object; numbers are taken as their text.
    """

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body

    def text(self, name: str, default: str = "") -> str:
        """The value as text without surrounding blanks; ``default`` where it is missing or empty."""
        value = self.body.get(name)
        if value is None or isinstance(value, dict | list):
            return default
        return str(value).strip() or default

    def need(self, names: Sequence[str], blank: Collection[str] = ()) -> None:
        """Complain about the first missing parameter (1511); those in ``blank`` may be empty but must be there."""
        for name in names:
            missing = name not in self.body if name in blank else not self.text(name)
            if missing:
                raise Problem("1511", name)

    def choice(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        """One of the allowed values, else 1517."""
        value = self.text(name, default or "")
        if value not in allowed:
            raise Problem("1517", name, f"허용되지 않은 값입니다({value})")
        return value

    def number(self, name: str, default: int = 0) -> int:
        """A whole number, leading zeros allowed, else 1517."""
        value = self.text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit()):
            raise Problem("1517", name, f"숫자가 아닙니다({value})")
        return int(value)

    def day(self, name: str, default: date) -> date:
        """A day as YYYYMMDD, else 1517."""
        value = self.text(name)
        if not value:
            return default
        found = read_day(value)
        if found is None:
            raise Problem("1517", name, f"날짜 형식(YYYYMMDD)이 아닙니다({value})")
        return found
