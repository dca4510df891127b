// SPDX-License-Identifier: Apache-2.0
// Two validators' word on files, as JSON lines: the official one (c2pa-rs, in WebAssembly), asked with and without a trust
// anchor, and c2pa-ts.   node check.mjs MODULES (FILE ROOT.pem)...
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

globalThis.crypto ??= webcrypto; // node 18, which Debian 12 has, does not set it
const modules = process.argv[2];
const require = createRequire(pathToFileURL(`${modules}/`));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const { default: init, WasmReader } = await load('@contentauth/c2pa-wasm');
const ts = (part) => import(pathToFileURL(`${modules}/node_modules/@trustnxt/c2pa-ts/dist/${part}/index.js`));
const [{ JPEG, PNG }, { SuperBox }, { ManifestStore, ValidationResult }] =
  await Promise.all([ts('asset'), ts('jumbf'), ts('manifest')]);
await init({ module_or_path: readFileSync(require.resolve('@contentauth/c2pa-wasm/c2pa.wasm')) });

const codes = (list) => (list ?? []).map((entry) => entry.code).sort();

async function official(type, bytes, anchor) {
  const trust = anchor ? { trust: { trust_anchors: anchor } } : {};
  try {
    const reader = await WasmReader.fromBytes(type, bytes, JSON.stringify({ ...trust, verify: { verify_trust: true } }));
    const said = JSON.parse(reader.json());
    const { success, informational, failure } = said.validation_results.activeManifest;
    return {
      state: said.validation_state, success: codes(success), informational: codes(informational), failure: codes(failure),
    };
  } catch (error) {
    return { state: 'error', text: String(error) };
  }
}

async function second(type, bytes) {
  try {
    const asset = type === 'image/png' ? new PNG(bytes) : new JPEG(bytes);
    const store = asset.getManifestJUMBF();
    const result = store ? await ManifestStore.read(SuperBox.fromBuffer(store)).validate(asset) : null;
    return result ? { valid: result.isValid, failure: codes(result.statusEntries.filter((e) => e.success === false)) } : null;
  } catch (error) {
    return { valid: false, failure: codes(ValidationResult.fromError(error).statusEntries), text: String(error) };
  }
}

for (let i = 3; i + 1 < process.argv.length; i += 2) {
  const file = process.argv[i];
  const bytes = new Uint8Array(readFileSync(file));
  const type = { png: 'image/png', jpg: 'image/jpeg', webp: 'image/webp' }[file.split('.').pop()];
  const anchor = readFileSync(process.argv[i + 1], 'utf8');
  console.log(JSON.stringify({
    file, trusted: await official(type, bytes, anchor), untrusted: await official(type, bytes, null),
    second: type === 'image/webp' ? null : await second(type, bytes),
  }));
}
