"""Chart frames beside finplot: first image, pan frame and last-bar update at several numbers of bars, same data, same run.

    QT_QPA_PLATFORM=offscreen python tests/perf/bench_chart.py [--bars 500,10000,1000000] [--finplot-python PATH] [--json FILE]

Measured on raster painting, 1,200 x 700, no vertical synchronisation, in milliseconds (medians):

first   arrays in hand (averages included) to the first finished image of all bars
pan     one whole frame after moving a 300-bar window by one bar, and a window of all bars by 1 %
last    changing the newest bar until the frame is on the backing store, in both windows

Ours draws price axis, time axis, labels, five moving averages, volume and flow panes; finplot draws candles and axes only.
finplot runs in a process of its own with the interpreter given by ``--finplot-python`` or ``RALPHSTOCK_FINPLOT_PYTHON``
(finplot 1.9 with PySide6 and pyqtgraph), because it must not be installed beside the workstation.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parent.parent.parent
WIDTH, HEIGHT, WINDOW = 1200, 700, 300
COLUMNS = ("first", "pan_window", "pan_all", "last_window", "last_all")


def bars(count: int):  # type: ignore[no-untyped-def]  # runs in an environment without this project's types too
    """Open, high, low, close, volume of a seeded random walk in won."""
    import numpy as np

    random = np.random.default_rng(20261124)
    close = np.rint(50_000 * np.exp(np.cumsum(random.normal(0, 0.9 / max(count, 400) ** 0.5, count))))
    open_ = np.concatenate(([close[0]], close[:-1]))
    spread = np.abs(random.normal(0, 0.006, (2, count)))
    high, low = np.maximum(open_, close) * (1 + spread[0]), np.minimum(open_, close) * (1 - spread[1])
    return open_, high, low, close, random.lognormal(13, 0.7, count)


def _frames(work: Callable[[int], None], runs: int, budget_s: float = 12.0) -> float:
    times: list[float] = []
    begin = time.perf_counter()
    for number in range(runs):
        start = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - start)
        if time.perf_counter() - begin > budget_s and number:
            break
    return statistics.median(times[2:] if len(times) > 5 else times) * 1e3


# -- ours -----------------------------------------------------------------------------------------------------------------


def ours(count: int) -> dict[str, float]:
    """Times of this project's chart."""
    sys.path.insert(0, str(ROOT))
    import numpy as np
    from PySide6.QtWidgets import QApplication

    from engine.features.series import moving_average
    from engine.model.chart import ChartSeries, Timeframe
    from ralphstock_desktop.ui.appearance import Appearance
    from ralphstock_desktop.ui.charts.chart_data import LastBar
    from ralphstock_desktop.ui.charts.chart_widget import ChartWidget
    from ralphstock_desktop.ui.charts.scene import ChartOptions
    from ralphstock_desktop.ui.charts.viewport import View

    app = QApplication.instance() or QApplication([])
    open_, high, low, close, volume = bars(count)
    random = np.random.default_rng(1)
    flows = [random.normal(0, 1e10, count) for _ in range(3)]
    series = ChartSeries(
        ticker="000000",
        name="benchmark",
        name_en="benchmark",
        market=1,
        timeframe=Timeframe.DAY,
        adjusted=True,
        simulated=True,
        # A million days need 2,738 years; only with day bars is the flow pane part of the picture.
        time=(np.datetime64("1000-01-01", "D") + np.arange(count)).astype("datetime64[s]"),
        open=open_,
        high=high,
        low=low,
        close=close,
        volume_shares=volume,
        value_krw=volume * close,
        value_estimated=np.zeros(count, dtype=np.bool_),
        base=np.concatenate(([close[0]], close[:-1])),
        foreign_krw=flows[0],
        institution_krw=flows[1],
        pension_krw=flows[2],
        averages={length: moving_average(close, length) for length in (5, 20, 50, 150, 200)},
    )
    look = Appearance()
    firsts = []
    chart = ChartWidget(look)
    for _ in range(3):
        chart.close()
        start = time.perf_counter()
        chart = ChartWidget(look, options=ChartOptions(averages=(5, 20, 50, 150, 200)))
        chart.resize(WIDTH, HEIGHT)
        chart.set_series(series)
        chart.set_view(View(float(count), 0.0))
        chart.show()
        chart.grab()
        firsts.append(time.perf_counter() - start)
    app.processEvents()

    def window(span: float, right: float) -> None:
        chart.set_view(View(span, right))
        chart.repaint()

    def last(number: int) -> None:
        price = float(close[-1]) * (1 + 1e-4 * (number % 29 - 14))
        tip, foot = max(float(high[-1]), price), min(float(low[-1]), price)
        chart.update_last(LastBar(float(open_[-1]), tip, foot, price, float(volume[-1]), float(volume[-1]) * price))
        app.processEvents()

    near = float(min(WINDOW, count))
    result = {"first": statistics.median(firsts) * 1e3}
    result["pan_window"] = _frames(lambda number: window(near, -float(number % 40)), 60)
    window(near, 2.0)
    result["last_window"] = _frames(last, 60)
    result["pan_all"] = _frames(lambda number: window(float(count), -count * 0.01 * (number % 7)), 30)
    window(float(count), count * 0.01)
    result["last_all"] = _frames(last, 60)
    chart.close()
    return result


# -- finplot --------------------------------------------------------------------------------------------------------------


def finplot(count: int) -> dict[str, float]:
    """Times of finplot through its public interface."""
    os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
    import warnings

    warnings.simplefilter("ignore")
    import finplot as chart
    import pandas as pd
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication([])
    open_, high, low, close, _ = bars(count)
    index = pd.date_range("2000-01-01", periods=count, freq="min")
    frame = pd.DataFrame({"open": open_, "close": close, "high": high, "low": low}, index=index)
    chart.display_timezone = None
    firsts = []
    for run in range(3):
        start = time.perf_counter()
        axis = chart.create_plot("x", init_zoom_periods=count, maximize=False)
        item = chart.candlestick_ochl(frame, ax=axis)
        chart.show(qt_exec=False)
        window_ = chart.windows[-1] if getattr(chart, "windows", None) else axis.vb.win
        window_.resize(WIDTH, HEIGHT)
        app.processEvents()
        window_.grab()
        firsts.append(time.perf_counter() - start)
        if run < 2:
            chart.close()
            app.processEvents()

    def paint() -> None:
        (window_.viewport() if hasattr(window_, "viewport") else window_).repaint()
        app.processEvents()

    def window(left: float, right: float) -> None:
        axis.vb.update_y_zoom(left, right)
        paint()

    def last(number: int) -> None:
        price = float(close[-1]) * (1 + 1e-4 * (number % 29 - 14))
        frame.iloc[-1] = (open_[-1], price, max(high[-1], price), min(low[-1], price))
        item.update_data(frame)
        paint()

    near = min(WINDOW, count)
    spare = min(40, count // 10)
    result = {"first": statistics.median(firsts) * 1e3}
    result["pan_window"] = _frames(lambda n: window(count - near - n % max(spare, 1), count - n % max(spare, 1)), 30)
    window(count - near, count)
    result["last_window"] = _frames(last, 20)
    result["pan_all"] = _frames(lambda n: window(count * 0.01 * (n % 7), count), 12)
    window(0, count)
    result["last_all"] = _frames(last, 12)
    return result


# -- both -----------------------------------------------------------------------------------------------------------------


def _in_process(python: str, what: str, count: int) -> dict[str, float] | str:
    """Run one measurement in a fresh process; its times, or why there are none."""
    command = [python, str(Path(__file__).resolve()), "--measure", what, "--bars", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or ["no answer"])[-1]
    times: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return times


def main() -> None:
    """Measure, print a table with ratios, write JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", default="500,10000,1000000")
    parser.add_argument("--finplot-python", default=os.environ.get("RALPHSTOCK_FINPLOT_PYTHON", ""))
    parser.add_argument("--json", default="")
    parser.add_argument("--measure", choices=("ours", "finplot"), default="")
    chosen = parser.parse_args()
    sizes = [int(size) for size in chosen.bars.split(",")]
    if chosen.measure:
        print(json.dumps((ours if chosen.measure == "ours" else finplot)(sizes[0])), flush=True)
        os._exit(0)  # a chart library's exit handlers are not what is measured
    results: dict[str, dict[str, float]] = {}
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.8 * (os.cpu_count() or 1):
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors: others are working, figures are too high")
    print(f"{'bars':>10} {'chart':<10}" + "".join(f"{name:>13}" for name in COLUMNS))
    for size in sizes:
        mine = _in_process(sys.executable, "ours", size)
        other: dict[str, float] | str = "no interpreter given (--finplot-python)"
        if chosen.finplot_python:
            other = _in_process(chosen.finplot_python, "finplot", size)
        for name, times in (("ours", mine), ("finplot", other)):
            if isinstance(times, str):
                print(f"{size:>10,} {name:<10} not measured: {times}")
                continue
            results[f"{name}/{size}"] = times
            print(f"{size:>10,} {name:<10}" + "".join(f"{times[column]:>13.2f}" for column in COLUMNS))
        if not isinstance(mine, str) and not isinstance(other, str):
            ratios = (other[column] / mine[column] for column in COLUMNS)
            print(f"{'':>10} {'ratio':<10}" + "".join(f"{ratio:>12.1f}x" for ratio in ratios))
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
