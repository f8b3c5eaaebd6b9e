"""Record: streams of a real API, stamped as they come in.

`once` sends a request, `repeat` the same one many times, `proxy` relays those of a program,
`transport` and `adapter` record inside one. All feed an `active.ActiveRecording`. Each is imported
by its own name, since each brings another HTTP library along.
"""

__all__: list[str] = []
