"""Opening a model: what it costs and what it refuses."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.model.errors import ProviderError, RalphStockError
from ralphstock_desktop.providers import gemini
from ralphstock_desktop.providers.gemini import PROVIDERS, open_model, open_model_soon

from .asking import KEY
from .server import MODEL

ROOT = Path(__file__).resolve().parents[3]


def test_importing_the_package_loads_no_library() -> None:
    code = (
        "import sys; import ralphstock_desktop.providers.gemini, ralphstock_desktop.providers.gemini.news_model;"
        "print(sorted(n for n in sys.modules if n.split('.')[0] in ('httpx', 'httpx2', 'pydantic', 'requests', 'grpc')"
        " or n.startswith('google.')))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert answer.stdout.strip() == "[]"


async def test_the_library_is_imported_off_the_loops_thread(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where: list[threading.Thread] = []
    real = gemini.open_model

    def noted(*args: str | None) -> object:
        where.append(threading.current_thread())
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(gemini, "open_model", noted)
    model = await open_model_soon(provider, MODEL, KEY)
    assert where[0] is not threading.current_thread()
    assert (model.provider, model.model) == (provider, MODEL)
    await model.close()


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_library_that_is_not_installed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("google.genai", "google.ai.generativelanguage_v1beta"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ProviderError) as caught:
        open_model(name, MODEL, KEY)
    assert (caught.value.key, caught.value.retryable) == ("error.model.missing", False)
    assert caught.value.fields["library"] == name
    assert caught.value.__context__ is None


def test_an_unknown_provider() -> None:
    with pytest.raises(RalphStockError) as caught:
        open_model("other", MODEL, KEY)
    assert caught.value.key == "error.model.provider"


@pytest.mark.parametrize("name", ["", "gemini flash", "../x", "models/../../x", "gemini?key=1", "gemini/../x", "a" * 200, "젬"])
def test_a_name_that_cannot_be_a_models(name: str) -> None:
    with pytest.raises(ProviderError) as caught:
        open_model("google-genai", name, KEY)
    assert (caught.value.key, caught.value.retryable) == ("error.model.unknown", False)


async def test_a_model_may_be_closed_twice_and_unused(provider: str) -> None:
    model = await open_model_soon(provider, f"models/{MODEL}", KEY)
    await model.close()
    await model.close()
    assert len(asyncio.all_tasks()) == 1
