// The browser example in Chromium: it verifies and explains a payload, and refuses a changed one.
// Without Chromium it is skipped, and named; CI has it.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};

/** The example at `/`, the package at `/package/`. */
async function serve() {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    const file = path.startsWith("/package/")
      ? join(PACKAGE, path.slice("/package/".length))
      : join(PACKAGE, "examples", "browser", path === "/" ? "index.html" : path);
    readFile(file).then(
      (bytes) =>
        response.setHeader("content-type", TYPES[extname(file)] ?? "text/plain").end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const skip = existsSync(CHROMIUM) ? false : `no ${CHROMIUM}: apt-get install chromium`;

test("the page verifies and explains a payload in chromium", { skip }, async () => {
  const profile = await mkdtemp(join(tmpdir(), "chromium-"));
  const server = await serve();
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: FLAGS,
    viewport: { width: 1280, height: 860 },
  });
  try {
    const page = await browser.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    await page.goto(`http://127.0.0.1:${server.address().port.toString()}/`);

    const shows = async (verdict, headline) => {
      await page.waitForSelector(`#verdict[data-verdict="${verdict}"]`);
      assert.equal(await page.textContent("#headline"), headline);
    };
    await shows("verified", "Verified: Merge sent this");
    assert.match(await page.textContent("#meaning"), /finished reading these models/);
    assert.match(await page.textContent("#facts"), /LinkedAccount\.sync_completed/);
    assert.match(await page.textContent("#facts"), /Azure DevOps \(ticketing\)/);
    assert.equal(await page.locator("#models tbody tr").count(), 6);
    assert.match(await page.textContent("#reply"), /^Answer Merge with 200/);
    assert.match(await page.textContent("#version"), /merge-sync 0\.1\.0/);
    const pictures = process.env.SCREENSHOTS;
    if (pictures) await page.screenshot({ path: join(pictures, "verified.png") });

    await page.click("#tamper");
    await shows("refused", "Refused: do not look inside");
    assert.match(await page.textContent("#meaning"), /This key does not produce this signature/);
    assert.match(await page.textContent("#reply"), /^Answer Merge with 401/);
    assert.equal(await page.locator("#models").isVisible(), false);
    if (pictures) await page.screenshot({ path: join(pictures, "refused.png") });

    await page.click("#sample");
    await shows("verified", "Verified: Merge sent this");
    await page.fill("#signature", "");
    await shows("refused", "Refused: do not look inside");
    assert.match(await page.textContent("#meaning"), /carried no signature/);
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
    await rm(profile, { recursive: true, force: true });
  }
});
