"""The running market: latest values, gaps, minute bars, provisional scores, source fallback."""
