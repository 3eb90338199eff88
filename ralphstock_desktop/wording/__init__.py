"""Words and number formats, without Qt: what the window paints and what an answer of the assistant is written with."""
