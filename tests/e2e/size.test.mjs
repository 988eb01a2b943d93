// What a first visit loads: everyone waits for the page's program before anything is drawn.
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { after, before, test } from 'node:test';
import { startServer } from './harness.mjs';

// The most bytes of a program: as it is, and as it is sent. A limit is raised only where what is won is worth the wait.
const LIMITS = {
  // It runs and keeps pipelines on the server since it was 2.9 MB.
  page: { raw: 3_050_000, br: 930_000, gzip: 1_140_000 },
  // It computes by WebGPU since it was 5.4 MB.
  worker: { raw: 5_750_000, br: 1_550_000, gzip: 1_980_000 },
};

let server;
before(async () => (server = await startServer()));
after(() => server?.stop());

const fetched = (path, coding) =>
  new Promise((resolve, reject) => {
    get(server.url + path, { headers: { 'accept-encoding': coding } }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () => resolve({ coding: answer.headers['content-encoding'], bytes: Buffer.concat(parts) }));
    }).on('error', reject);
  });

for (const [program, limits] of Object.entries(LIMITS)) {
  test(`the ${program}'s program is small`, { timeout: 60_000 }, async (t) => {
    const index = (await fetched('/', 'identity')).bytes.toString();
    const path = program === 'worker' ? '/worker_bg.wasm' : index.match(/\/page-[0-9a-f]+_bg\.wasm/)?.[0];
    assert.ok(path, 'the first page names no program');
    const raw = await fetched(path, 'identity');
    // Names of functions are for whoever looks for what is large; nobody is to load them.
    const names = WebAssembly.Module.customSections(await WebAssembly.compile(raw.bytes), 'name');
    assert.equal(names.length, 0, 'the program holds the names of its functions');
    const sizes = { raw: raw.bytes.length };
    for (const coding of ['br', 'gzip']) {
      const sent = await fetched(path, coding);
      assert.equal(sent.coding, coding);
      sizes[coding] = sent.bytes.length;
    }
    t.diagnostic(`${program}: ${JSON.stringify(sizes)}`);
    for (const [how, most] of Object.entries(limits)) {
      assert.ok(sizes[how] <= most, `${program}: ${sizes[how]} bytes ${how}, at most ${most}`);
    }
  });
}
