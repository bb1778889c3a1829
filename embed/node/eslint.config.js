// What eslint holds the package to: typescript-eslint's strict rules with types for the sources,
// the recommended ones for tests, examples and scripts.

import js from "@eslint/js";
import tseslint from "typescript-eslint";

const GLOBALS = [
  "AbortController",
  "Buffer",
  "Headers",
  "Request",
  "Response",
  "TextDecoder",
  "TextEncoder",
  "URL",
  "WebAssembly",
  "clearInterval",
  "clearTimeout",
  "console",
  "document",
  "fetch",
  "globalThis",
  "performance",
  "process",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "window",
];

export default tseslint.config(
  { ignores: ["dist/", "docs/", "node_modules/", "src/generated/"] },
  js.configs.recommended,
  {
    files: ["src/**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: { "no-control-regex": "off" },
  },
  {
    files: ["examples/**/*.ts"],
    extends: [tseslint.configs.strict],
  },
  {
    files: ["**/*.js"],
    languageOptions: {
      globals: Object.fromEntries(GLOBALS.map((name) => [name, "readonly"])),
    },
  },
);
