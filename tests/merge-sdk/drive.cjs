// Merge's official client for Node against the simulator.
//
// The client has a type for every answer and is told to skip its own validation. Here it is told
// not to, and a field that a type does not know is a fault as well.
// Usage: NODE_PATH=... node drive.cjs PATH-OF-MERGE-SIMULATOR

"use strict";

const { spawn } = require("node:child_process");
const path = require("node:path");
const readline = require("node:readline");

const packageRoot = path.dirname(require.resolve("@mergeapi/merge-node-client/package.json"));
const inPackage = (file) => require(path.join(packageRoot, file));

let answers = 0;
const faults = [];

// Fields of `/sync-status` that are younger than this client; the one for Python knows them.
const YOUNGER = ["data_fresh_as_of", "historical_data_since", "sync_status_reason"];
const isYounger = ({ path: at, message }) =>
  YOUNGER.includes(at.at(-1)) && message.startsWith("Unexpected key");

// Every answer goes through `parseOrThrow` of its schema.
const utils = inPackage("core/schemas/builders/schema-utils/getSchemaUtils.js");
const original = utils.getSchemaUtils;
utils.getSchemaUtils = (schema) => {
  const made = original(schema);
  const { parseOrThrow } = made;
  made.parseOrThrow = (raw, options) => {
    if (!options?.skipValidation || options.breadcrumbsPrefix?.[0] !== "response") {
      return parseOrThrow(raw, options);
    }
    answers += 1;
    const strict = { ...options, skipValidation: false, unrecognizedObjectKeys: "fail" };
    try {
      return parseOrThrow(raw, strict);
    } catch (error) {
      const found = error.errors?.filter((one) => !isYounger(one)) ?? error.message;
      if (found.length > 0) {
        faults.push(`${current}: ${JSON.stringify(found).slice(0, 400)}`);
      }
      return parseOrThrow(raw, options);
    }
  };
  return made;
};
let current = "";

const { MergeClient, MergeError } = inPackage("index.js");

const CATEGORIES = ["hris", "ats", "ticketing", "crm", "accounting", "filestorage"];
const END_USER = {
  endUserOriginId: "customer-8",
  endUserOrganizationName: "Customer Eight",
  endUserEmailAddress: "eight@example.test",
};

function expect(claim, text) {
  if (!claim) faults.push(text);
}

class Simulator {
  async start(program) {
    const settings = "--accounts 6 --records 400 --ahead-hours 30 --speed 0 --seed 4".split(" ");
    this.process = spawn(program, settings, { stdio: ["ignore", "pipe", "inherit"] });
    const lines = readline.createInterface({ input: this.process.stdout });
    const first = await new Promise((resolve, reject) => {
      lines.once("line", resolve);
      this.process.once("error", reject);
    });
    this.greeting = JSON.parse(first);
  }

  async control(command, body = {}) {
    const answer = await fetch(`${this.greeting.address}/_control/${command}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${command}: ${await answer.text()}`);
    return answer.json();
  }

  client(accountToken) {
    return new MergeClient({
      environment: `${this.greeting.address}/api`,
      apiKey: this.greeting.api_key,
      accountToken,
    });
  }
}

/** Await a call under its name. */
async function read(name, call) {
  current = name;
  try {
    return await call();
  } catch (error) {
    faults.push(`${name}: ${error.statusCode ?? ""} ${String(error.message).slice(0, 300)}`);
    return undefined;
  }
}

/** Every row of a list, by its cursor. */
async function rows(name, list, query = {}) {
  const all = [];
  await read(name, async () => {
    for await (const row of await list({ pageSize: 40, includeDeletedData: true, ...query })) {
      all.push(row);
    }
  });
  return all;
}

async function link(simulator, category) {
  const client = simulator.client()[category];
  const session = await read(`${category}.linkToken`, () =>
    client.linkToken.create({ ...END_USER, categories: [category] }),
  );
  const { public_token: token } = await simulator.control("finish-link", {
    link_token: session.linkToken,
  });
  const exchanged = await read(`${category}.accountToken`, () => client.accountToken.retrieve(token));
  return exchanged.accountToken;
}

/** How many rows each list of an account has, by its path. */
async function holdings(simulator, token) {
  const { accounts } = await simulator.control("state");
  const held = accounts.find((entry) => entry.account.token === token);
  const ledger = await simulator.control("ledger", { account: held.account.id });
  const counts = {};
  for (const model of held.models) {
    if (!model.path || model.sync_status.status === "DISABLED") continue;
    const id = model.sync_status.model_id;
    counts[model.path] = ledger.records.filter((row) => row.model_id === id && !row.purged).length;
  }
  return counts;
}

const dashes = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

async function lists(category, client, paths) {
  const seen = new Set();
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(client));
  for (const name of names.filter((name) => name !== "constructor")) {
    const route = dashes(name);
    if (!(route in paths)) continue;
    seen.add(route);
    const resource = client[name];
    const found = await rows(`${category}.${name}.list`, (query) => resource.list(query));
    expect(
      found.length === paths[route],
      `${category}.${name}.list: ${found.length} rows of ${paths[route]}`,
    );
    const first = found[0];
    expect(
      found.every((row) => row.modifiedAt instanceof Date),
      `${category}.${name}.list: a row without modifiedAt`,
    );
    if (first?.id && resource.retrieve) {
      const one = await read(`${category}.${name}.retrieve`, () => resource.retrieve(first.id, {}));
      expect(one?.id === first.id, `${category}.${name}.retrieve: another record`);
    }
    for (const child of ["screeningQuestionsList", "viewersList", "usersList", "linesList"]) {
      if (!resource[child] || !first) continue;
      const inner = await rows(`${category}.${name}.${child}`, (query) =>
        resource[child](first.id, query),
      );
      expect(inner.length === 1, `${category}.${name}.${child}: ${inner.length} rows`);
    }
  }
  // Two lists of Merge's documentation are in no client.
  const unknown = new Set(["assessments", "assessment-templates"]);
  const missing = Object.keys(paths).filter((route) => !seen.has(route) && !unknown.has(route));
  expect(missing.length === 0, `${category}: lists that were not read: ${missing}`);
}

async function everythingElse(category, client) {
  const all = await rows(`${category}.linkedAccounts`, (query) => client.linkedAccounts.list(query));
  expect(all.length >= 6, `${category}.linkedAccounts: ${all.length} accounts`);
  const ill = await rows(`${category}.linkedAccounts`, (query) =>
    client.linkedAccounts.list({ ...query, status: "RELINK_NEEDED" }),
  );
  expect(ill.length === 0, `${category}.linkedAccounts: status is ignored`);
  const name = `node key of ${category}`;
  await read(`${category}.generateKey`, () => client.generateKey.create({ name }));
  await read(`${category}.regenerateKey`, () => client.regenerateKey.create({ name }));
  await rows(`${category}.auditTrail`, (query) => client.auditTrail.list(query));
  await read(`${category}.scopes`, () => client.scopes.defaultScopesRetrieve());
  await read(`${category}.scopes`, () => client.scopes.linkedAccountScopesRetrieve());
  const details = await read(`${category}.accountDetails`, () => client.accountDetails.retrieve());
  expect(details?.status === "COMPLETE", `${category}.accountDetails: ${details?.status}`);
  await read(`${category}.availableActions`, () => client.availableActions.retrieve());
  await read(`${category}.webhookReceivers`, () =>
    client.webhookReceivers.create({ event: "employee.created", isActive: true }),
  );
  await read(`${category}.webhookReceivers`, () => client.webhookReceivers.list());
  await read(`${category}.passthrough`, () =>
    client.passthrough.create({ method: "GET", path: "/somewhere" }),
  );
  const status = await rows(`${category}.syncStatus`, (query) => client.syncStatus.list(query));
  expect(
    status.some((row) => row.status === "DONE"),
    `${category}.syncStatus: none is done`,
  );
  await read(`${category}.forceResync`, () => client.forceResync.syncStatusResyncCreate());
}

async function issues(simulator) {
  const [ill] = simulator.greeting.accounts;
  await simulator.control("require-relink", { account: ill.id });
  await simulator.control("advance", { seconds: 6 * 3600 });
  const client = simulator.client(ill.token).hris;
  const found = await rows("hris.issues", (query) => client.issues.list(query));
  expect(found.length > 0, "hris.issues: none");
  const one = await read("hris.issues.retrieve", () => client.issues.retrieve(found[0].id));
  expect(Boolean(one?.errorDescription), "hris.issues.retrieve: no description");
  const details = await read("hris.accountDetails", () => client.accountDetails.retrieve());
  expect(details?.status === "RELINK_NEEDED", `hris.accountDetails: ${details?.status}`);
}

async function refused(category, client) {
  try {
    await client.accountDetails.retrieve();
    faults.push(`${category}: a dead token is taken`);
  } catch (error) {
    expect(error instanceof MergeError && error.statusCode === 401, `${category}: ${error}`);
  }
}

async function removal(simulator, category, token) {
  const old = simulator.client(token)[category];
  const exchanged = await read(`${category}.accountToken.regenerate`, () =>
    old.accountToken.regenerateCreate(),
  );
  await refused(category, old);
  const client = simulator.client(exchanged.accountToken)[category];
  await read(`${category}.deleteAccount`, () => client.deleteAccount.delete());
  await refused(category, client);
}

async function main() {
  const simulator = new Simulator();
  await simulator.start(process.argv[2]);
  try {
    const linked = {};
    for (const category of CATEGORIES) linked[category] = await link(simulator, category);
    await simulator.control("advance", { seconds: 12 * 3600 });
    for (const [category, token] of Object.entries(linked)) {
      const client = simulator.client(token)[category];
      await everythingElse(category, client);
      await lists(category, client, await holdings(simulator, token));
    }
    await issues(simulator);
    for (const [category, token] of Object.entries(linked)) {
      await removal(simulator, category, token);
    }
  } finally {
    simulator.process.kill();
  }
  for (const fault of new Set(faults)) console.error(`merge-sdk: node: ${fault}`);
  console.log(`merge-sdk: node: ${answers} answers read, ${faults.length} faults`);
  process.exitCode = faults.length > 0 || answers < 200 ? 1 : 0;
}

main();
