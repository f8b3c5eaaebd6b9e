"""The same without pytest: `python -m unittest` in this folder."""

import unittest
from pathlib import Path

import openai

from streamlab.testing import replaying

CASSETTES = Path(__file__).parent / "cassettes" / "test_chat_backend"


class Greeting(unittest.TestCase):
    def test_text(self):
        cassette = CASSETTES / "greeting.jsonl"
        with replaying(cassette, match="path") as server, openai.OpenAI() as client:
            chunks = client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}], stream=True
            )
            text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
            self.assertEqual("Hello, grüß Gott, 你好!", text)
            self.assertEqual(1, len(server.requests))


if __name__ == "__main__":
    unittest.main()
