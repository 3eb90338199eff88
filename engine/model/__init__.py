"""Plain types shared by every layer: instruments, instants, the market panel, evidence and scan results."""
