// Run: streamlab replay ../cassettes/test_chat_backend/greeting.jsonl --speed instant -- npm test
import assert from "node:assert";
import test from "node:test";
import { text } from "./chat.mjs";

const replay = new URL("/__streamlab/", process.env.OPENAI_BASE_URL);

async function all() {
  let said = "";
  for await (const piece of text("Greet me in three languages.")) said += piece;
  return said;
}

test("the text", async () => {
  assert.equal(await all(), "Hello, grüß Gott, 你好!");
});

test("a connection dropped in the middle", async () => {
  const fault = JSON.stringify({ fault: "reset:after=3" });
  await fetch(new URL("faults", replay), { method: "POST", body: fault });
  await assert.rejects(all, TypeError);
  await fetch(new URL("faults", replay), { method: "DELETE" });
  assert.equal(await all(), "Hello, grüß Gott, 你好!");
});
