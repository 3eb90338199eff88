"""Everything beside VCP, as one service: gate, closing bet, day trading, what-if, time machine."""
