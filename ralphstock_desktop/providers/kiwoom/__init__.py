"""Client of the Kiwoom REST and WebSocket interface: tokens, paced requests, typed records, the real-time stream."""
