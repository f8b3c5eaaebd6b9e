/** The Node clients of examples/clients: as ../python_worker.py, a job a line. */

import { createInterface } from "node:readline";

const clients = new URL("../../../examples/clients/", import.meta.url);
const { APIS } = await import(new URL("apis.mjs", clients));

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await done(JSON.parse(line))));
}

async function done(job) {
  const { streamText } = await import(new URL(`${job.client}.mjs`, clients));
  let text = "";
  try {
    for await (const piece of streamText(job.base_url, "Hello", APIS[job.api], job.timeout_s)) {
      text += piece;
    }
    return { text, error: "" };
  } catch (error) {
    const cause = error.cause?.code ?? error.cause?.name;
    return { text, error: cause ? `${error.name}: ${cause}` : error.name };
  }
}
