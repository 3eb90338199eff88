"""The record of the market and of everything the program decided: SQLAlchemy, migrations, writer thread, readers, panel store.

SQLAlchemy is imported only by the modules that need it, so that :mod:`ralphstock_desktop.data.panel_store` can map an
up-to-date panel without it.
"""
