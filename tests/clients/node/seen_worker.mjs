/** Runs Node clients for ../test_models.py: as ../seen_worker.py, a job a line. */

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

import { EventSourceParserStream } from "eventsource-parser/stream";

const examples = createRequire(new URL("../../../examples/clients/", import.meta.url));
const { default: OpenAI } = await import(pathToFileURL(examples.resolve("openai")).href.replace(/index\.js$/, "index.mjs"));

const post = (url, signal) => fetch(url, { method: "POST", body: "{}", signal });

async function* openai(url, signal) {
  const client = new OpenAI({ baseURL: url, apiKey: "none", maxRetries: 0, logLevel: "off" });
  yield* await client.post("", { body: {}, stream: true, signal });
  signal.throwIfAborted();
}

async function* parser(url, signal) {
  const response = await post(url, signal);
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const event of events) yield event.data;
}

async function* fetchLines(url, signal) {
  const { body } = await post(url, signal);
  const decoder = new TextDecoder();
  let rest = "";
  for await (const value of body) {
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data:")) yield line.slice(5).replace(/\r$/, "").replace(/^ /, "");
    }
  }
}

/** A body in the reads that the job has: a socket joins those that wait for it. */
function inReads(reads) {
  const pieces = reads.map((read) => Buffer.from(read, "base64"));
  return ReadableStream.from(pieces);
}

async function* fetchNaive(url, signal, parses, reads) {
  const body = reads ? inReads(reads) : (await post(url, signal)).body;
  const decoder = new TextDecoder();
  for await (const value of body) {
    for (const line of decoder.decode(value).split("\n")) {
      if (!line.startsWith("data: ")) continue;
      const data = line.slice(6);
      try {
        if (parses && data !== "[DONE]") JSON.parse(data);
      } catch {
        continue;
      }
      yield data;
    }
  }
}

const clients = {
  "openai-node": openai,
  "eventsource-parser": parser,
  fetch: fetchLines,
  "fetch-naive": fetchNaive,
};

async function done({ client, url, parses, timeout_s, reads }) {
  const events = [];
  try {
    const signal = AbortSignal.timeout(timeout_s * 1000);
    for await (const data of clients[client](url, signal, parses, reads)) {
      if (data === "[DONE]") break;
      if (parses && typeof data === "string" && client !== "openai-node") JSON.parse(data);
      events.push(data);
    }
    return { text: JSON.stringify(events), error: "" };
  } catch (error) {
    const cause = error.cause?.code ?? error.cause?.name;
    return {
      text: JSON.stringify(events),
      error: cause ? `${error.name}: ${cause}` : error.name,
    };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await done(JSON.parse(line))));
}
