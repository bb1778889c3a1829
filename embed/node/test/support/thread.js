// A thread of the test of threads.

import { parentPort } from "node:worker_threads";

import { load } from "merge-sync";

const merge = await load();
let listed = 0;
for (let time = 0; time < 20_000; time += 1) {
  if (merge.window.locate("hris.Employee").tag === "listed") listed += 1;
}
parentPort.postMessage(listed);
