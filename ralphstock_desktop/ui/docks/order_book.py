"""Order book (screen 0101): ten levels a side of the symbol its link group looks at."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.live_panel import LiveSymbolPanel
from ralphstock_desktop.ui.docks.order_book_view import OrderBookView
from ralphstock_desktop.ui.viewmodels.order_book import OrderBookViewModel

__all__ = ["OrderBookPanel"]


class OrderBookPanel(LiveSymbolPanel):
    """Follows the selection; wants books and trades of one symbol while it is shown."""

    def __init__(self, context: DockContext) -> None:
        self.view_model = OrderBookViewModel(context.workstation)
        super().__init__(context, self.view_model, panel_id="book", screen="0101")
        self.view = OrderBookView(self.view_model, context.appearance)
        self.set_content(self.view)
        self.set_state(self.view_model.panel_state)
        self.view.copy_requested.connect(self.copy)
        self.view.menu_requested.connect(self._open_menu)
        self.add_menu_action("live.book.menu.copy", lambda: self.copy("book"))

    def copy(self, what: str) -> str:
        """Put the book (or the price under the cursor) on the clipboard; return it."""
        price = self.view.chosen_price()
        text = self.view_model.as_text(self.appearance) if what == "book" or not price else str(price)
        QGuiApplication.clipboard().setText(text)
        return text

    def context_menu(self) -> QMenu:
        """Menu over the book."""
        menu, tr = QMenu(self), self.appearance.tr
        menu.addAction(tr("live.book.menu.copy")).triggered.connect(lambda _on=False: self.copy("book"))
        price = menu.addAction(tr("live.book.menu.copy_price"))
        price.setEnabled(bool(self.view.chosen_price()))
        price.triggered.connect(lambda _on=False: self.copy("price"))
        return menu

    def _open_menu(self, place: QPoint) -> None:
        menu = self.context_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)
