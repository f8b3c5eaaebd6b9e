/**
 * EventSource in Chromium for ../test_models.py: as ../seen_worker.py, a job a line.
 *
 *     node seen_browser.mjs CHROMIUM
 */

import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const browser = await chromium.launch({
  executablePath: process.argv[2],
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
});
const page = await browser.newPage();
let origin;
for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  if (new URL(job.url).origin !== origin) {
    ({ origin } = new URL(job.url));
    await page.goto(`${origin}/v1/models`); // any page of the server, so that none asks another
  }
  console.log(JSON.stringify(await page.evaluate(seen, job)));
}
await browser.close();

/** Runs in the page. It listens for every name that the stream has. */
function seen({ url, names, parses }) {
  return new Promise((resolve) => {
    const events = [];
    const source = new EventSource(url);
    const done = (error) => {
      source.close();
      resolve({ text: JSON.stringify(events), error });
    };
    const take = ({ data }) => {
      if (source.readyState === EventSource.CLOSED) return;
      if (data === "[DONE]") return done("");
      try {
        if (parses) JSON.parse(data);
      } catch (error) {
        return done(error.name);
      }
      events.push(data);
    };
    for (const name of names) {
      // An event of the stream may have the name that failures have.
      if (name !== "error") source.addEventListener(name, take);
    }
    source.onerror = (event) => {
      if (event instanceof MessageEvent) return take(event);
      done(source.readyState === EventSource.CLOSED ? "error" : "asks again");
    };
  });
}
