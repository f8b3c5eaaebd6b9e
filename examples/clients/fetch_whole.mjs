/**
 * fetch and a reader that loses nothing: what a read leaves of a character stays in the decoder, what
 * it leaves of a line waits for the next read.
 *
 *     node fetch_whole.mjs BASE_URL [PROMPT [API]]
 */

import { APIS } from "./apis.mjs";

/** The pieces of the answer, which has to be complete after `timeoutS`. */
export async function* streamText(baseUrl, prompt, api = APIS.openai, timeoutS = 600) {
  const signal = AbortSignal.timeout(timeoutS * 1000);
  const response = await fetch(baseUrl + api.path(prompt), { ...api.request(prompt), signal });
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  for await (const line of linesOf(response.body)) {
    if (!line.startsWith("data:")) continue;
    const data = line.slice(5).replace(/^ /, "");
    if (data === "[DONE]") return;
    yield api.textOf(data);
  }
}

/** The lines of a stream of bytes, each once its LF is there. */
async function* linesOf(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) yield line.replace(/\r$/, "");
  }
}

if (import.meta.main) await (await import("./program.mjs")).main(streamText);
