"""The window. Qt lives here and in ``app`` only; what is shown comes from view-models, never from data or providers."""
