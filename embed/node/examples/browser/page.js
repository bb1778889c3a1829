// Verifies what was pasted, on every keystroke, and says in words what it means.

import { load, MergeSyncError } from "merge-sync";

import { SAMPLE } from "./sample.js";
import { explain } from "./words.js";

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
const input = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));

/** @param {import("./words.js").Explanation} explanation */
function show({ verdict, headline, meaning, facts, models, reply }) {
  element("verdict").dataset["verdict"] = verdict;
  element("headline").textContent = headline;
  element("meaning").textContent = meaning;
  element("reply").textContent = reply;
  element("facts").replaceChildren(
    ...facts.flatMap(([name, value]) => [cell("dt", name), cell("dd", value)]),
  );
  const table = element("models");
  table.hidden = models.length === 0;
  table.querySelector("tbody")?.replaceChildren(
    ...models.map((model) => {
      const row = document.createElement("tr");
      row.append(...model.map((text) => cell("td", text)));
      return row;
    }),
  );
}

/**
 * @param {string} tag
 * @param {string} text
 */
function cell(tag, text) {
  const cell = document.createElement(tag);
  cell.textContent = text;
  return cell;
}

function fill() {
  input("body").value = SAMPLE.body;
  input("signature").value = SAMPLE.signature;
  input("key").value = SAMPLE.key;
}

/** @param {import("merge-sync").MergeSync} merge */
function verify(merge) {
  const signature = input("signature").value.trim();
  show(
    explain(
      merge.webhook.handle({
        body: new TextEncoder().encode(input("body").value),
        signatures: signature === "" ? [] : [signature],
        keys: [input("key").value],
      }),
    ),
  );
}

try {
  const merge = await load();
  element("version").textContent =
    `Decided by the WebAssembly component merge-sync ${merge.meta.version()}, on this page.`;
  element("delivery").addEventListener("input", () => {
    verify(merge);
  });
  element("sample").addEventListener("click", () => {
    fill();
    verify(merge);
  });
  element("tamper").addEventListener("click", () => {
    const body = input("body").value;
    const at = body.lastIndexOf("a");
    input("body").value = `${body.slice(0, at)}A${body.slice(at + 1)}`;
    verify(merge);
  });
  fill();
  verify(merge);
} catch (error) {
  element("verdict").dataset["verdict"] = "odd";
  element("headline").textContent = "The component cannot be loaded.";
  element("meaning").textContent = error instanceof MergeSyncError ? error.message : String(error);
}
