"""Where a remembered rectangle goes on the screens that are there now. Plain integers, no Qt, testable as a matrix.

1. The screen of the same name is used; if it is gone, the one nearest to where it was.
2. The remembered fractions are turned into pixels of that screen's available area.
3. The result is made at least ``minimum`` large and at most as large as the screen, and moved until it is fully visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ralphstock_desktop.ui.layout.model import WindowPlace

__all__ = ["Box", "ScreenBox", "choose_screen", "place_box", "remember"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in device-independent pixels of the virtual desktop."""

    x: int
    y: int
    width: int
    height: int

    @property
    def centre(self) -> tuple[float, float]:
        """Middle point."""
        return (self.x + self.width / 2, self.y + self.height / 2)

    def contains(self, other: Box) -> bool:
        """Whether ``other`` lies wholly inside."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.width <= self.x + self.width
            and other.y + other.height <= self.y + self.height
        )


@dataclass(frozen=True, slots=True)
class ScreenBox:
    """A screen that is there now: its name and available area."""

    name: str
    area: Box


def choose_screen(place: WindowPlace, screens: Sequence[ScreenBox]) -> ScreenBox:
    """Return the screen for a remembered place: same name first, then nearest centre.

    Several screens of one name (identical monitors) are told apart by where they were.

    Raises
    ------
    ValueError
        If there is no screen at all.
    """
    if not screens:
        raise ValueError("there is no screen to place a window on")
    x, y, width, height = place.screen_box
    old = (x + width / 2, y + height / 2)

    def distance(screen: ScreenBox) -> float:
        cx, cy = screen.area.centre
        return (cx - old[0]) ** 2 + (cy - old[1]) ** 2

    named = [screen for screen in screens if screen.name == place.screen and place.screen]
    return min(named or screens, key=distance)


def place_box(place: WindowPlace, screens: Sequence[ScreenBox], minimum: tuple[int, int] = (240, 160)) -> Box:
    """Return the rectangle of a remembered place on the screens that are there now, fully visible."""
    area = choose_screen(place, screens).area
    width = min(area.width, max(minimum[0], round(place.width * area.width)))
    height = min(area.height, max(minimum[1], round(place.height * area.height)))
    x = min(max(area.x, area.x + round(place.x * area.width)), area.x + area.width - width)
    y = min(max(area.y, area.y + round(place.y * area.height)), area.y + area.height - height)
    return Box(x, y, width, height)


def remember(box: Box, screens: Sequence[ScreenBox], *, maximized: bool = False) -> WindowPlace:
    """Return the place of a rectangle relative to the screen that holds most of it."""
    if not screens:
        raise ValueError("there is no screen to place a window on")

    def overlap(screen: ScreenBox) -> float:
        area = screen.area
        wide = min(box.x + box.width, area.x + area.width) - max(box.x, area.x)
        high = min(box.y + box.height, area.y + area.height) - max(box.y, area.y)
        if wide > 0 and high > 0:
            return float(wide * high)
        cx, cy = area.centre
        return -((cx - box.centre[0]) ** 2) - (cy - box.centre[1]) ** 2

    screen = max(screens, key=overlap)
    area = screen.area
    return WindowPlace(
        screen=screen.name,
        screen_box=(area.x, area.y, area.width, area.height),
        x=(box.x - area.x) / area.width,
        y=(box.y - area.y) / area.height,
        width=box.width / area.width,
        height=box.height / area.height,
        maximized=maximized,
    )
