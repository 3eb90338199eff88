"""One question from reading to a finished answer: the model's where one is asked and every value of it is founded, else ours.

What arrives from the model is checked piece by piece before anything of it is shown. A model that fails, is blocked, or writes
a value that was not read never stands between the user and his answer: the template answer is there before the model is asked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from time import perf_counter

from engine.model.errors import ProviderError, RalphStockError
from ralphstock_desktop.assistant_ports import (
    CallWanted,
    ChatMessage,
    LanguageModel,
    ModelMessage,
    ModelRequest,
    Stopped,
    TextArrived,
    ToolCall,
    UsageTold,
)
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.grounding import Grounding, NameFinder
from ralphstock_desktop.services.assistant.markdown import parse_markdown
from ralphstock_desktop.services.assistant.pricing import Prices
from ralphstock_desktop.services.assistant.prompt import make_request
from ralphstock_desktop.services.assistant.reading import answer_of, facts_used, lists_another, read_answer, template_answer
from ralphstock_desktop.services.assistant.safety import problems_of
from ralphstock_desktop.services.assistant.streaming import StreamChecker
from ralphstock_desktop.services.assistant.tools import MOST_CALLS, TOOLS, ToolDesk
from ralphstock_desktop.services.assistant_contracts import Answer, Block, Fact, Question, Refusal, Screen, Usage
from ralphstock_desktop.wording.texts import Texts

__all__ = ["Asking", "Finished"]

_MOST_ROUNDS = 4
_TRIES = 3
_LONGEST_WAIT_S = 8.0
_LONGEST_NAME = 64
_LONGEST_ARGUMENTS = 2_000
_FRAME_S = 1 / 30
_log = logging.getLogger(__name__)

OnUpdate = Callable[[tuple[Block, ...], tuple[Fact, ...], str, dict[str, str | int | float]], None]


@dataclass(frozen=True)
class Finished:
    """A finished answer, and the model's failure where the template stands in for it."""

    answer: Answer
    error: RalphStockError | None = None


@dataclass
class _Run:
    """What one question has brought so far."""

    begin: float
    text: str = ""
    first_token_ms: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    stopped: Stopped | None = None
    calls: list[ToolCall] = field(default_factory=list)


class Asking:
    """Answers one question.

    Parameters
    ----------
    names : NameFinder
        Finds names of symbols in text.
    on_update : callable
        Told the checked blocks so far, their facts, and what goes on; at most 30 times a second.
    """

    def __init__(self, desk: Desk, texts: Texts, names: NameFinder, prices: Prices, on_update: OnUpdate) -> None:
        self._desk, self._texts, self._names, self._prices, self._on_update = desk, texts, names, prices, on_update
        self._draft: AnswerDraft | None = None
        self._checker: StreamChecker | None = None
        self._arrived = ""
        self._sayable = 0
        """Length of the text up to which whole paragraphs hold nothing that must not be said."""
        self._shown_at = 0.0

    async def run(
        self,
        question: Question,
        screen: Screen,
        *,
        model: LanguageModel | None,
        why_not: str = "",
        history: Sequence[ChatMessage] = (),
        summary: str = "",
        with_articles: bool = True,
    ) -> Finished:
        """Read, ask the model where there is one, check, and return the answer.

        Parameters
        ----------
        why_not : str
            Text key that says why no model is asked; shown under the answer.

        Raises
        ------
        RalphStockError
            Where the data themselves could not be read.
        """
        self._tell((), "assistant.activity.reading")
        draft = self._draft = await read_answer(self._desk, question, screen, self._texts)
        if model is None or "private" in question.intents:
            answer = template_answer(draft)
            notes = answer.notes + (((why_not, {}),) if why_not else ())
            return Finished(replace(answer, notes=notes))
        run = _Run(perf_counter())
        tools = ToolDesk(self._desk, draft, " ".join([*(m.content for m in history if m.role == "user"), question.text]))
        try:
            await self._converse(draft, run, tools, model, history, summary, with_articles=with_articles)
        except ProviderError as error:
            _log.warning("the language model failed: %s", error)
            return Finished(self._stand_in(draft, run, model), error)
        return Finished(self._judged(draft, run, model))

    def stopped(self) -> Answer | None:
        """What there is of an answer the user stopped: only what is checked; None where nothing had been read."""
        if self._draft is None:
            return None
        blocks = self._checker.blocks() if self._checker is not None else ()
        template = template_answer(self._draft)
        note: tuple[tuple[str, dict[str, str | int | float]], ...] = (("assistant.note.stopped", {}),)
        if not blocks or problems_of(self._arrived) or lists_another(self._draft, blocks, whole=False):
            return replace(template, notes=template.notes + note)
        grounded = self._grounding(self._draft).check(blocks)
        if grounded.struck:
            return replace(template, notes=template.notes + note)
        return replace(answer_of(self._draft, grounded.blocks, "model"), notes=template.notes + note)

    # -- talking to the model ---------------------------------------------------------------------------------------------

    async def _converse(
        self,
        draft: AnswerDraft,
        run: _Run,
        tools: ToolDesk,
        model: LanguageModel,
        history: Sequence[ChatMessage],
        summary: str,
        *,
        with_articles: bool,
    ) -> None:
        told = make_request(draft, history, summary, tools=TOOLS, with_articles=with_articles)
        request = told.request
        for round_number in range(_MOST_ROUNDS):
            run.text, run.calls = "", []
            if round_number == _MOST_ROUNDS - 1:
                request = replace(request, tools=())  # the last word is an answer
            await self._ask_once(draft, run, model, request)
            if not run.calls:
                return
            self._tell((), "assistant.activity.tool", tool=self._tool_name(run.calls[0].name))
            results = tuple([await tools.run(call) for call in run.calls])
            turns = (ModelMessage("assistant", run.text, tuple(run.calls)), ModelMessage("tool", results=results))
            request = replace(request, messages=request.messages + turns)

    async def _ask_once(self, draft: AnswerDraft, run: _Run, model: LanguageModel, request: ModelRequest) -> None:
        """Ask, and again where that may help and nothing was shown yet."""
        used = (run.input_tokens, run.output_tokens)
        for attempt in range(1, _TRIES + 1):
            self._checker, self._arrived, self._sayable = StreamChecker(self._grounding(draft)), "", 0
            self._tell((), "assistant.activity.asking" if attempt == 1 else "assistant.activity.again", attempt=attempt)
            try:
                async with aclosing(model.stream(request)) as events:
                    async for event in events:
                        self._take(draft, run, event, used)
                return
            except ProviderError as error:
                wait_s = max(error.retry_after_ms / 1e3, 0.4 * 2 ** (attempt - 1))
                if not error.retryable or run.text or run.calls or attempt == _TRIES or wait_s > _LONGEST_WAIT_S:
                    raise
                await asyncio.sleep(wait_s)

    def _take(self, draft: AnswerDraft, run: _Run, event: object, used: tuple[int, int]) -> None:
        if isinstance(event, TextArrived):
            if run.first_token_ms is None:
                run.first_token_ms = (perf_counter() - run.begin) * 1e3
            run.text += event.text
            assert self._checker is not None
            self._checker.feed(event.text)
            self._arrived = run.text
            self._show(draft)
        elif isinstance(event, CallWanted):
            if len(run.calls) <= MOST_CALLS:  # one too many is told; hundreds are not even carried along
                run.calls.append(_bounded(event.call))
        elif isinstance(event, UsageTold):
            run.input_tokens, run.output_tokens = used[0] + event.input_tokens, used[1] + event.output_tokens
        elif isinstance(event, Stopped):
            run.stopped = event

    def _show(self, draft: AnswerDraft) -> None:
        now = perf_counter()
        if now - self._shown_at < _FRAME_S or self._checker is None:
            return
        self._shown_at = now
        if problems_of(self._arrived[self._sayable :]):
            return  # what was shown stays until the sentence takes it back, or the answer is refused as a whole
        self._sayable = max(self._sayable, self._arrived.rfind("\n\n"))
        blocks = self._checker.blocks()
        if lists_another(draft, blocks, whole=False):
            return
        self._on_update(blocks, facts_used(blocks, draft.book.facts), "assistant.activity.writing", {})

    def _tell(self, blocks: tuple[Block, ...], activity: str, **fields: str | int | float) -> None:
        self._on_update(blocks, (), activity, fields)

    def _tool_name(self, name: str) -> str:
        """What a tool is called; a name that is none is the model's own words, and not shown."""
        key = f"assistant.tool_name.{name}"
        return self._texts(key) if key in self._texts else "–"

    # -- judging ------------------------------------------------------------------------------------------------------------

    def _grounding(self, draft: AnswerDraft) -> Grounding:
        return Grounding(
            draft.book.facts,
            self._names,
            own_numbers=draft.question.numbers,
            disclaimer=self._texts("assistant.disclaimer"),
            language=draft.book.language,
        )

    def _judged(self, draft: AnswerDraft, run: _Run, model: LanguageModel) -> Answer:
        """The model's answer if everything in it is founded, else the template with the reason."""
        if run.stopped is not None and run.stopped.reason == "blocked":
            refusal = Refusal("assistant.refused.blocked", 1, (), {"category": run.stopped.detail})
            return replace(self._stand_in(draft, run, model), refusal=refusal)
        blocks = parse_markdown(run.text)
        if not blocks:
            return replace(self._stand_in(draft, run, model), refusal=Refusal("assistant.refused.empty", 1, ()))
        grounded = self._grounding(draft).check(blocks)
        problems = problems_of(run.text)
        if problems:
            kept = () if "leak" in problems else grounded.blocks  # what was given away is neither shown nor stored
            refusal = Refusal(f"assistant.refused.{problems[0]}", len(problems), kept)
            return replace(self._stand_in(draft, run, model), refusal=refusal)
        if grounded.struck:
            what = "symbols" if set(grounded.by_reason) == {"symbol"} else "numbers"
            refusal = Refusal(f"assistant.refused.{what}", grounded.struck, grounded.blocks, self._searched(draft))
            return replace(self._stand_in(draft, run, model), refusal=refusal)
        if lists_another(draft, grounded.blocks, whole=True):
            refusal = Refusal("assistant.refused.list", 1, grounded.blocks)
            return replace(self._stand_in(draft, run, model), refusal=refusal)
        answer = answer_of(draft, grounded.blocks, "model")
        notes = answer.notes + ((("assistant.note.length", {}),) if run.stopped and run.stopped.reason == "length" else ())
        return replace(answer, usage=self._usage(run, model), notes=notes)

    @staticmethod
    def _searched(draft: AnswerDraft) -> dict[str, str | int | float]:
        return {"facts": len(draft.book.facts), "articles": len(draft.articles)}

    def _stand_in(self, draft: AnswerDraft, run: _Run, model: LanguageModel) -> Answer:
        return replace(template_answer(draft), usage=self._usage(run, model))

    def _usage(self, run: _Run, model: LanguageModel) -> Usage | None:
        if not run.input_tokens and run.first_token_ms is None:
            return None
        cost = self._prices.cost(run.input_tokens, run.output_tokens)
        total_ms = (perf_counter() - run.begin) * 1e3
        return Usage(model.model, run.input_tokens, run.output_tokens, cost, run.first_token_ms, total_ms)


def _bounded(call: ToolCall) -> ToolCall:
    """A call as it may be sent back with its refusal: no name and no argument is without end."""
    name = call.name[:_LONGEST_NAME]
    fits = isinstance(call.arguments, dict) and len(repr(call.arguments)) <= _LONGEST_ARGUMENTS
    return replace(call, name=name, arguments=call.arguments if fits else {"too_long": True})
