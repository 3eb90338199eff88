"""The form of a backtest: strategy, period, capital, rules, walk-forward, search grid and where it runs (screen 0871)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QDate, QSize, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDateEdit,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ralphstock_desktop.services.strategy_contracts import STRATEGIES, StrategyName, Threshold
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import Segmented, colour_label
from ralphstock_desktop.ui.viewmodels.backtest_plan import (
    MAX_SEARCHED,
    STANDARD,
    WON_PER_MANWON,
    PlanDraft,
    RuleChoice,
    change_lines,
    grid_size,
    number_text,
    parse_manwon,
    threshold_name,
)
from ralphstock_desktop.wording import format as fmt

__all__ = ["PlanForm"]

_LABELS = ("strategy", "period", "capital", "rules", "walk", "search", "executor", "name")
_FIRST_MANWON = 10_000
"""Capital a fresh form proposes: 1억 won."""
_SHOWN_CHANGES = 6


class PlanForm(QWidget):
    """Fields above, the run button below. It only says what is wanted; :meth:`draft` is how it stands.

    Signals
    -------
    strategy_changed(str)
        Thresholds and rule sets of another strategy are needed.
    run_wanted
        The user wants the plan run.
    """

    strategy_changed = Signal(str)
    run_wanted = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self._choices: list[RuleChoice] = []
        self._thresholds: tuple[Threshold, ...] = ()
        self._limits: tuple[date, date] | None = None
        self.labels = {name: QLabel() for name in _LABELS}
        self.strategy = Segmented(appearance, [(name, f"performance.strategy.{name}") for name in STRATEGIES])
        self.strategy.set_value(STRATEGIES[0])
        self.first, self.last = QDateEdit(), QDateEdit()
        for edit in (self.first, self.last):
            edit.setCalendarPopup(True)
            edit.setDisplayFormat("yyyy-MM-dd")
        self.limits = QLabel()
        self.capital = QLineEdit(fmt.number(_FIRST_MANWON))
        self.capital_words = QLabel()
        self.rules = QComboBox()
        self.changes = QLabel()
        self.walk = QCheckBox()
        self.search = [(QComboBox(), QLineEdit()) for _ in range(MAX_SEARCHED)]
        self.search_note = QLabel()
        self.executor = Segmented(appearance, [("local", "backtest.executor.local"), ("dask", "backtest.executor.dask")])
        self.executor.set_value("local")
        self.address = QLineEdit()
        self.name = QLineEdit()
        self.run = QPushButton()
        self.run.setDefault(True)
        self._assemble()
        self._connect()
        appearance.changed.connect(self.apply)
        self.apply()

    def _assemble(self) -> None:
        self._grid = QGridLayout()
        grid = self._grid
        days = QHBoxLayout()
        days.setContentsMargins(0, 0, 0, 0)
        days.addWidget(self.first, 1)
        days.addWidget(QLabel("~"))
        days.setSpacing(6)
        money = QHBoxLayout()
        money.setContentsMargins(0, 0, 0, 0)
        money.setSpacing(6)
        money.addWidget(self.capital, 1)
        money.addWidget(self.capital_words)
        days.addWidget(self.last, 1)
        places: tuple[tuple[str, tuple[QWidget | QHBoxLayout, ...]], ...] = (
            ("strategy", (self.strategy,)),
            ("period", (days, self.limits)),
            ("capital", (money,)),
            ("rules", (self.rules, self.changes)),
            ("walk", (self.walk,)),
            ("search", (*self._search_rows(), self.search_note)),
            ("executor", (self.executor, self.address)),
            ("name", (self.name,)),
        )
        row = 0
        for label, parts in places:
            grid.addWidget(self.labels[label], row, 0)
            for part in parts:
                if isinstance(part, QWidget):
                    grid.addWidget(part, row, 1)
                else:
                    grid.addLayout(part, row, 1)
                row += 1
        grid.setColumnStretch(1, 1)
        self._box = QVBoxLayout(self)
        self._box.addLayout(grid)
        self._box.addWidget(self.run)
        self._box.addStretch(1)
        for words in (self.limits, self.changes, self.search_note):
            words.setWordWrap(True)

    def _search_rows(self) -> list[QHBoxLayout]:
        rows = []
        for which, values in self.search:
            line = QHBoxLayout()
            line.setContentsMargins(0, 0, 0, 0)
            which.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            values.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            line.addWidget(which, 5)
            line.addWidget(values, 4)
            rows.append(line)
        return rows

    def _connect(self) -> None:
        self.strategy.chosen.connect(self.strategy_changed)
        self.rules.currentIndexChanged.connect(lambda _at: self._say_changes())
        self.executor.chosen.connect(lambda _value: self._say_executor())
        self.capital.textChanged.connect(lambda _text: self._say_capital())
        self.capital.returnPressed.connect(self.run_wanted)
        self.run.clicked.connect(self.run_wanted)
        self.name.returnPressed.connect(self.run_wanted)
        self.walk.toggled.connect(lambda _on: self._say_search())
        for which, values in self.search:
            which.currentIndexChanged.connect(lambda _at: self._say_search())
            values.textChanged.connect(lambda _text: self._say_search())
            values.returnPressed.connect(self.run_wanted)

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(360), super().sizeHint().height())

    def showEvent(self, event: QShowEvent) -> None:
        """Take fonts and colours again: Qt drops those of children when an unshown widget gets its parent."""
        super().showEvent(event)
        self.apply()

    # -- words ----------------------------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        look, px = self._look, self._look.px
        for name, label in self.labels.items():
            label.setText(look.tr(f"backtest_panel.form.{name}"))
            label.setFont(look.font("caption"))
            colour_label(label, look, "text-muted")
        for label in (self.limits, self.changes, self.search_note, self.capital_words):
            label.setFont(look.font("caption"))
            colour_label(label, look, "text-secondary")
        self.walk.setText(look.tr("backtest_panel.form.walk_help"))
        self.address.setPlaceholderText(look.tr("backtest_panel.form.address_hint"))
        self.name.setPlaceholderText(look.tr("backtest_panel.form.name_hint"))
        for _, values in self.search:
            values.setPlaceholderText(look.tr("backtest_panel.form.values_hint"))
        self.run.setText(look.tr("backtest_panel.run"))
        self._name_fields()
        self._grid.setHorizontalSpacing(px(10))
        self._grid.setVerticalSpacing(px(6))
        self._box.setContentsMargins(px(10), px(8), px(10), px(8))
        self._box.setSpacing(px(10))
        for widget in (self.walk, self.capital, self.first, self.last, self.rules, self.name, self.address, self.run):
            widget.setFont(look.font("body"))
        for which, values in self.search:
            which.setFont(look.font("body"))
            values.setFont(look.font("body"))
        self._fill_search()
        self._say_limits()
        self._say_capital()
        self._say_changes()
        self._say_executor()

    def _name_fields(self) -> None:
        tr = self._look.tr
        names = {
            self.strategy: "strategy",
            self.first: "first",
            self.last: "last",
            self.capital: "capital",
            self.rules: "rules",
            self.walk: "walk",
            self.executor: "executor",
            self.address: "address",
            self.name: "name",
        }
        for widget, key in names.items():
            widget.setAccessibleName(tr(f"backtest_panel.form.{key}"))
        for at, (which, values) in enumerate(self.search):
            which.setAccessibleName(tr("backtest_panel.form.threshold", number=at + 1))
            values.setAccessibleName(tr("backtest_panel.form.values", number=at + 1))

    # -- what it is given -------------------------------------------------------------------------------------------------

    def set_limits(self, limits: tuple[date, date] | None) -> None:
        """Say from when to when there are data; a chosen day outside moves inside, the first time the whole is chosen."""
        fresh = self._limits is None
        self._limits = limits
        if limits is not None:
            low, high = (QDate(day.year, day.month, day.day) for day in limits)
            for edit in (self.first, self.last):
                edit.setDateRange(low, high)
            if fresh:
                self.first.setDate(low)
                self.last.setDate(high)
        self._say_limits()

    def set_rules(self, choices: Sequence[RuleChoice]) -> None:
        """Say which rule sets can be tested; the chosen one stays chosen while it exists."""
        chosen = self.rules.currentData()
        self._choices = list(choices)
        self.rules.blockSignals(True)
        self.rules.clear()
        for choice in choices:
            self.rules.addItem(choice.label, choice.id)
        self.rules.setCurrentIndex(max(0, self.rules.findData(chosen)))
        self.rules.blockSignals(False)
        self._say_changes()

    def set_thresholds(self, thresholds: Sequence[Threshold]) -> None:
        """Say what a search may move."""
        if [one.name for one in thresholds] != [one.name for one in self._thresholds]:
            self._thresholds = tuple(thresholds)
            self._fill_search()
        else:
            self._thresholds = tuple(thresholds)
        self._say_changes()

    def set_running(self, running: bool) -> None:
        """While a test runs, starting another one stops it first; the button says so."""
        self.run.setText(self._look.tr("backtest_panel.run_again" if running else "backtest_panel.run"))

    def focus_field(self, field: str) -> None:
        """Put the cursor where something is wrong."""
        targets: dict[str, QWidget] = {
            "period": self.first,
            "capital": self.capital,
            "search": self.search[0][1],
            "executor": self.address,
        }
        if field in targets:
            targets[field].setFocus()

    # -- how it stands ----------------------------------------------------------------------------------------------------

    @property
    def strategy_name(self) -> StrategyName:
        """The chosen strategy."""
        value = self.strategy.value()
        return next((name for name in STRATEGIES if name == value), STRATEGIES[0])

    def show_strategy(self, strategy: str) -> None:
        """Choose a strategy as if the user had."""
        if strategy in STRATEGIES and strategy != self.strategy.value():
            self.strategy.set_value(strategy)
            self.strategy_changed.emit(strategy)

    def draft(self) -> PlanDraft:
        """The plan as it stands."""
        chosen = next((one for one in self._choices if one.id == self.rules.currentData()), None)
        first, last = (date(edit.date().year(), edit.date().month(), edit.date().day()) for edit in (self.first, self.last))
        return PlanDraft(
            name=self.name.text(),
            strategy=self.strategy_name,
            first=first,
            last=last,
            capital_manwon=parse_manwon(self.capital.text()),
            changes=dict(chosen.changes) if chosen is not None else {},
            walk_forward=self.walk.isChecked(),
            search=self._search(),
            executor="dask" if self.executor.value() == "dask" else "local",
            dask_address=self.address.text(),
        )

    def _search(self) -> tuple[tuple[str, str], ...]:
        return tuple((str(which.currentData() or ""), values.text()) for which, values in self.search)

    # -- words below the fields -------------------------------------------------------------------------------------------

    def _fill_search(self) -> None:
        look = self._look
        for which, _ in self.search:
            chosen = which.currentData()
            which.blockSignals(True)
            which.clear()
            which.addItem(look.tr("backtest_panel.form.no_threshold"), "")
            for one in self._thresholds:
                which.addItem(threshold_name(look, one.name), one.name)
            which.setCurrentIndex(max(0, which.findData(chosen)))
            which.blockSignals(False)
        self._say_search()

    def _say_limits(self) -> None:
        limits = self._limits
        text = ""
        if limits is not None:
            text = self._look.tr("backtest_panel.form.limits", first=limits[0].isoformat(), last=limits[1].isoformat())
        self.limits.setText(text)

    def _say_capital(self) -> None:
        manwon = parse_manwon(self.capital.text())
        money = fmt.MISSING if manwon is None else fmt.money(manwon * WON_PER_MANWON, self._look.language)
        self.capital_words.setText(self._look.tr("backtest_panel.form.capital_words", money=money))

    def set_capital(self, manwon: int) -> None:
        """Put a capital in 만원 into the form."""
        self.capital.setText(fmt.number(manwon))

    def _say_changes(self) -> None:
        chosen = next((one for one in self._choices if one.id == self.rules.currentData()), None)
        lines = change_lines(self._look, chosen.changes, self._thresholds) if chosen is not None else []
        if not lines:
            text = self._look.tr("backtest_panel.form.no_changes") if chosen is None or chosen.id == STANDARD else ""
        else:
            more = len(lines) - _SHOWN_CHANGES
            rest = [self._look.tr("backtest_panel.form.more_changes", count=more)] if more > 0 else []
            text = "\n".join([*lines[:_SHOWN_CHANGES], *rest])
        self.changes.setText(text)
        self.changes.setToolTip("\n".join(lines))

    def _say_search(self) -> None:
        """Ranges of the chosen thresholds, and how many rule sets the search tries."""
        look, search = self._look, self._search()
        known = {one.name: one for one in self._thresholds}
        lines = []
        for which, values in self.search:
            one = known.get(str(which.currentData() or ""))
            values.setEnabled(one is not None)
            if one is not None:
                lines.append(
                    look.tr(
                        "backtest_panel.form.range",
                        name=threshold_name(look, one.name),
                        value=number_text(one.value),
                        low=number_text(one.spec.low),
                        high=number_text(one.spec.high),
                    )
                )
        size = grid_size(search)
        if size:
            lines.append(look.tr("backtest_panel.form.grid", count=size + 1))
        elif size is None:
            lines.append(look.tr("backtest_panel.form.grid_unknown"))
        else:
            lines.append(look.tr("backtest_panel.form.grid_none"))
        self.search_note.setText("\n".join(lines))

    def _say_executor(self) -> None:
        self.address.setVisible(self.executor.value() == "dask")
