"""The domain: tags, sources, windows and the compiler. No I/O, no clock, no engine, no web."""
