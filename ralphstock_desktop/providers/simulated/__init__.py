"""The demo market: made-up companies, prices, flows and news, the same for the same seed. Never mixed with real data."""
