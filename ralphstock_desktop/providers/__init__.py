"""Sources of market data behind the ports: the trading calendar, the simulated market, and what the network gives."""
