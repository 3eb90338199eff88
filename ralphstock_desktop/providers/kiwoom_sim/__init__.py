"""A local server that speaks the Kiwoom REST and WebSocket interface over a repository and replays one trading day.

It is written from the protocol alone and shares no encoding with the client, so that one can test the other.
"""
