"""The vendor's HTTP side: from a request to an answer, without knowing the web server around it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.contracts import Fault, SimMarketPort
from ralphstock_desktop.providers.kiwoom_sim.faults import SimFaults
from ralphstock_desktop.providers.kiwoom_sim.limiter import SimLimiter
from ralphstock_desktop.providers.kiwoom_sim.rest_boards import FlowBoard, FlowBoardBuilder
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Board, BoardBuilder, Call, Quote, Route
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import DONE, Params, Problem, Reply, page_key, page_start
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import SimFacts
from ralphstock_desktop.providers.kiwoom_sim.rest_levels import Levels
from ralphstock_desktop.providers.kiwoom_sim.rest_routes import ROUTES, SINGLE_PRICE_API
from ralphstock_desktop.providers.kiwoom_sim.tokens import SimTokens, TokenRefused

__all__ = ["Answer", "RestServer"]

_log = logging.getLogger(__name__)
_FRESH_NS = 1_000_000_000
"""Age on the machine's clock up to which a picture of the market is used again."""
_STILL_NS = 1_000_000_000
_HEADER_NAMES = "api-id,cont-yn,next-key"
_WRONG_UNIT_FIELDS = frozenset({"trde_prica", "acc_trde_prica", "trde_amt", "amt_mn", "all_netprps", "nettrde_amt"})
_WRONG_FACTOR = 1_000


@dataclass(slots=True)
class Answer:
    """An answer ready to be sent."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"


@dataclass(slots=True)
class _Picture:
    """A picture of the whole market, and when it was taken on both clocks."""

    value: Any = None
    machine_ns: int = 0
    market_ns: int = 0


class RestServer:
    """Answers the vendor's api-ids from a market. Lives on the server's loop.

    Parameters
    ----------
    market : SimMarketPort
        The replayed day.
    tokens, faults, limiter
        The server's.
    machine_ns : callable
        The machine's clock.
    workers : Executor
        Where answers are worked out that read the repository or take long.
    single_price : bool
        Serve ka10087, which the vendor deleted.
    """

    def __init__(
        self,
        market: SimMarketPort,
        tokens: SimTokens,
        faults: SimFaults,
        limiter: SimLimiter,
        machine_ns: Callable[[], int],
        workers: Executor,
        *,
        single_price: bool = False,
    ) -> None:
        self.market = market
        self.tokens = tokens
        self.faults = faults
        self.limiter = limiter
        self._machine_ns = machine_ns
        self._workers = workers
        self._single_price = single_price
        self.facts: SimFacts = getattr(market, "static", None) or SimFacts(market)
        self._levels = Levels(self.facts, market)
        self._kept: dict[str, list[int]] = {}
        self._board, self._flows = _Picture(), _Picture()
        self._taking = asyncio.Lock()
        self.served: Counter[str] = Counter()
        """Answers by api-id."""

    # -- tokens ------------------------------------------------------------------------------------------------------

    def token(self, body: Mapping[str, Any]) -> Answer:
        """au10001: give out a token."""
        params = Params(body)
        app_key = params.text("appkey")
        if self.limiter.token_refused(app_key, "au10001"):
            text = "허용된 요청 개수를 초과하였습니다[1700:허용된 API 요청 개수를 초과하였습니다. 유량=au10001, API ID={1}]"
            return _written("au10001", {"return_code": 5, "return_msg": text}, status=429)
        try:
            grant = self.tokens.issue(params.text("grant_type"), app_key, params.text("secretkey"))
        except TokenRefused as refused:
            return _problem("au10001", Problem(refused.code, *refused.values))
        self.served["au10001"] += 1
        fields = {"expires_dt": w.stamp(grant.expires_ns), "token_type": "bearer", "token": grant.token}
        return _written("au10001", {**fields, "return_code": 0, "return_msg": DONE})

    def revoke(self, body: Mapping[str, Any]) -> Answer:
        """au10002: take a token back."""
        params = Params(body)
        try:
            self.tokens.revoke(params.text("appkey"), params.text("secretkey"), params.text("token"))
        except TokenRefused as refused:
            return _problem("au10002", Problem(refused.code, *refused.values))
        return _written("au10002", {"return_code": 0, "return_msg": DONE})

    # -- market ------------------------------------------------------------------------------------------------------

    async def answer(self, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None) -> Answer:
        """Answer one request.

        Parameters
        ----------
        path : str
            The address, as ``/api/dostk/chart``.
        headers : mapping
            Request headers; must look names up without regard to case.
        body : mapping or None
            The JSON object; None if the body was none.
        """
        api_id = headers.get("api-id", "").strip()
        try:
            route = self._route(api_id, path)
            app_key = self._authorise(headers)
            broken = self.limiter.refusal(app_key, api_id)
            if broken is not None or self.faults.strikes(Fault.RATE_LIMIT):
                raise Problem(*(broken or ("1700", self.limiter.limits.per_api or 5)), api_id)
            if body is None:
                raise Problem("1517", "body", "JSON 형식이 아닙니다")
            answer = await self._serve(route, api_id, headers, body)
        except Problem as problem:
            return _problem(api_id, problem, as_text=self.faults.strikes(Fault.RETURN_CODE_TEXT))
        self.served[api_id] += 1
        return answer

    def _route(self, api_id: str, path: str) -> Route:
        if not api_id:
            raise Problem("1501")
        route = ROUTES.get(api_id)
        if route is None or (api_id == SINGLE_PRICE_API and not self._single_price):
            raise Problem("1505", api_id)
        if path.rstrip("/") != f"/api/dostk/{route.path}":
            raise Problem("1504", api_id, path)
        return route

    def _authorise(self, headers: Mapping[str, str]) -> str:
        """Return the app key a request's token belongs to."""
        text = headers.get("authorization")
        if text is None or not text.strip():
            raise Problem("1513")
        scheme, _, token = text.strip().partition(" ")
        if scheme.lower() != "bearer":
            # A single word is no scheme with a token; two words name a scheme nobody knows.
            raise Problem("1515" if token else "1514")
        token = token.strip()
        if not token:
            raise Problem("1516")
        if " " in token:
            raise Problem("1514")
        if self.faults.strikes(Fault.EXPIRED_TOKEN):
            self.tokens.expire(token)
        grant = self.tokens.grant(token)
        if grant is None:
            raise Problem("8005")
        kind = headers.get("content-type", "")
        if "json" not in kind.lower():
            raise Problem("1512")
        return grant.app_key

    async def _serve(self, route: Route, api_id: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> Answer:
        params = Params(body)
        route.check(params)
        key = headers.get("next-key", "").strip()
        follows = headers.get("cont-yn", "").strip().upper() == "Y" and key not in ("", "0")
        cursor = page_start(api_id, body, key) if follows else ""
        call = Call(api_id, params, cursor, self.market, self.facts, self.market.clock.now_ns(), self._levels, self._kept)
        code = params.text("stk_cd")
        if "stk_cd" in route.needs and not route.any_code:
            if route.plain_code and len(code) != 6:
                raise Problem("1517", "stk_cd", f"6자리 종목코드가 아닙니다({code})")
            call.row, call.venue = call.find(code)
        if route.board:
            call.board = await self._picture_of_stocks()
        if route.flows:
            call.flow_board = await self._picture_of_flows()
        reply = await self._reply(route, call)
        return self._write(api_id, body, reply)

    async def _reply(self, route: Route, call: Call) -> Reply:
        try:
            if not route.worker:
                return route.answer(call)
            if call.row >= 0:
                call.today = Quote(self.market.quote(call.row), self.facts, call.row, call.venue)
                call.today_minutes = self.market.minutes(call.row)
            return await asyncio.get_running_loop().run_in_executor(self._workers, route.answer, call)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            _log.exception("the simulator could not answer %s", call.api_id)
            raise Problem("1999", type(error).__name__) from error

    async def _picture_of_stocks(self) -> Board:
        async with self._taking:
            if not self._is_fresh(self._board):
                builder = BoardBuilder(self.market)
                while not builder.step():
                    await asyncio.sleep(0)
                self._keep(self._board, builder.board())
            board: Board = self._board.value
            return board

    async def _picture_of_flows(self) -> FlowBoard:
        async with self._taking:
            if not self._is_fresh(self._flows):
                builder = FlowBoardBuilder(self.market)
                while not builder.step():
                    await asyncio.sleep(0)
                self._keep(self._flows, builder.board())
            flows: FlowBoard = self._flows.value
            return flows

    def _is_fresh(self, picture: _Picture) -> bool:
        """Whether a picture is young on the machine's clock and the market's clock did not jump since."""
        if picture.value is None or self._machine_ns() - picture.machine_ns > _FRESH_NS:
            return False
        moved = self.market.clock.now_ns() - picture.market_ns
        return 0 <= moved <= self.market.clock.speed * _FRESH_NS + _STILL_NS

    def _keep(self, picture: _Picture, value: Board | FlowBoard) -> None:
        picture.value, picture.machine_ns, picture.market_ns = value, self._machine_ns(), self.market.clock.now_ns()

    # -- writing -----------------------------------------------------------------------------------------------------

    def _write(self, api_id: str, body: Mapping[str, Any], reply: Reply) -> Answer:
        if self.faults.active():
            self._spoil(reply)
        code: int | str = "0" if self.faults.strikes(Fault.RETURN_CODE_TEXT) else 0
        fields = {**reply.fields, "return_code": code, "return_msg": reply.message}
        key = page_key(api_id, body, reply.cursor) if reply.cursor else ""
        return _written(api_id, fields, key=key)

    def _spoil(self, reply: Reply) -> None:
        """Let the faults of the content strike."""
        lists = [value for value in reply.fields.values() if isinstance(value, list)]
        if self.faults.strikes(Fault.EMPTY_PAGE):
            for rows in lists:
                rows.clear()
            reply.cursor = ""
        for rows in lists:
            if len(rows) > 1 and self.faults.strikes(Fault.DUPLICATE):
                rows[1:1] = rows[:1]
            if len(rows) > 1 and self.faults.strikes(Fault.REORDER):
                rows[0], rows[1] = rows[1], rows[0]
            if self.faults.strikes(Fault.UNKNOWN_FIELDS):
                for row in rows:
                    row["pipe1"], row["simul_unknown"] = "|", "1"
        if self.faults.strikes(Fault.UNKNOWN_FIELDS):
            reply.fields["simul_unknown"] = "1"
        if self.faults.strikes(Fault.WRONG_UNITS):
            _wrong_units(reply.fields)
            for rows in lists:
                for row in rows:
                    _wrong_units(row)


def _wrong_units(fields: dict[str, Any]) -> None:
    for name in _WRONG_UNIT_FIELDS & fields.keys():
        text = str(fields[name])
        if text.lstrip("+-").isdigit():
            digits = text.lstrip("+-")
            fields[name] = f"{text[: len(text) - len(digits)]}{int(digits) * _WRONG_FACTOR}"


def _written(api_id: str, fields: Mapping[str, Any], *, key: str = "", status: int = 200) -> Answer:
    headers = {
        "api-id": api_id,
        "cont-yn": "Y" if key else "N",
        "next-key": key,
        "access-control-expose-headers": _HEADER_NAMES,
    }
    return Answer(msgspec.json.encode(fields), status, headers)


def _problem(api_id: str, problem: Problem, *, as_text: bool = False) -> Answer:
    code: int | str = str(problem.return_code) if as_text else problem.return_code
    return _written(api_id, {"return_code": code, "return_msg": problem.message}, status=problem.status)
