"""RalphStock Desktop: a trading workstation for the Korean stock market."""

__version__ = "0.1.0"
