"""Market data for users without a broker's account: pykrx and FinanceDataReader behind our port, and news feeds.

The libraries are an optional extra (``pip install ralphstock-desktop[public-data]``) and are loaded when first asked.
"""
