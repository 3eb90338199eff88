"""View-models: what panels show, without widgets. Testable without a window."""
