// What `merge-sync/logic.wasm` is where WebAssembly is imported as a module.

declare module "merge-sync/logic.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
