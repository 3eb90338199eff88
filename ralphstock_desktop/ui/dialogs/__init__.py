"""Dialogs and pages that open beside the panels. None of them blocks: they are opened, never executed."""
