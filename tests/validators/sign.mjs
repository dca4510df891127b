// SPDX-License-Identifier: Apache-2.0
// Files signed by the official implementation (c2pa-rs), as a camera or a paint program would: with a thumbnail, and one made
// from another.   node sign.mjs MODULES LEAF.pem LEAF.key PICTURE.jpg FOLDER   writes first.jpg and second.jpg
import { webcrypto, createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

globalThis.crypto ??= webcrypto;
const [modules, leaf, key, picture, folder] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const { default: init, WasmBuilder } = await import(pathToFileURL(require.resolve('@contentauth/c2pa-wasm')));
await init({ module_or_path: readFileSync(require.resolve('@contentauth/c2pa-wasm/c2pa.wasm')) });

// It reads its input through FileReaderSync, which browsers' workers have and node has not.
class Held extends Blob {
  constructor(data) {
    super([data]);
    this.data = data;
  }

  slice(from, to) {
    return new Held(this.data.subarray(from, to));
  }
}
globalThis.FileReaderSync = class {
  readAsArrayBuffer({ data }) {
    return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  }
};

// COSE_Sign1 over the claim, which is what c2pa-rs asks its caller for.
const bytes = (content) => Buffer.concat([
  content.length < 24 ? Buffer.from([0x40 + content.length])
    : Buffer.from([0x59, content.length >> 8, content.length & 255]), content]);
const der = new X509Certificate(readFileSync(leaf)).raw;
const header = Buffer.concat([Buffer.from([0xa2, 1, 0x26, 0x18, 33]), bytes(der)]);
function cose(claim) {
  const message = Buffer.concat([Buffer.from([0x84, 0x6a]), Buffer.from('Signature1'), bytes(header), bytes(Buffer.alloc(0)),
    bytes(Buffer.from(claim))]);
  const signature = sign('sha256', message, { key: createPrivateKey(readFileSync(key)), dsaEncoding: 'ieee-p1363' });
  return new Uint8Array(Buffer.concat([Buffer.from([0xd2, 0x84]), bytes(header), Buffer.from([0xa0, 0xf6, 0x58, 64]), signature]));
}
const signer = { alg: 'es256', reserveSize: cose(Buffer.alloc(300)).length, sign: async (claim) => cose(claim) };

const source = new Held(readFileSync(picture));
async function make(name, input, parent) {
  const builder = WasmBuilder.fromJson(JSON.stringify({
    claim_generator_info: [{ name: 'Some camera', version: '1' }], title: name,
    assertions: [{ label: 'c2pa.actions.v2', data: { actions: parent ? [] : [{
      action: 'c2pa.created', digitalSourceType: 'http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture',
    }] } }],
  }));
  if (parent) builder.setIntent('edit');
  builder.setThumbnailFromBlob('image/jpeg', source);
  const made = await builder.sign(signer, [], 'image/jpeg', input);
  writeFileSync(`${folder}/${name}`, made);
  return new Held(made);
}
await make('second.jpg', await make('first.jpg', source, false), true);
