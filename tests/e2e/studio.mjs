// What tests of the pipeline builder share.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { browser, id, openPage, server } from './harness.mjs';

// A page without the tour of the first visit.
export async function openBuilder(options = {}) {
  const prepare = async (context) => {
    await context.addInitScript(() => localStorage.setItem('trellis-tour', 'true'));
    await options.prepare?.(context);
  };
  const opened = await openPage(browser, server.url, { path: '/#pipeline', ...options, prepare });
  // On a phone the palette is a sheet that opens later.
  await id(opened.page, options.embed ? 'embedded' : 'palette').waitFor({ state: 'attached' });
  if (!options.embed) await opened.page.locator('[data-testid=palette] [data-kind="table.split"]').waitFor({ state: 'attached', timeout: 30_000 });
  return opened;
}

// A document as the fragment of a link, and back.
export const link = (document) => `1${deflateRawSync(Buffer.from(JSON.stringify(document))).toString('base64url')}`;
export const unlink = (text) => JSON.parse(inflateRawSync(Buffer.from(text.slice(1), 'base64url')).toString());

// A pipeline of `nodes` (id → kind and parameters) and `wires` (`a.port` → `b.port`).
export function pipeline(nodes, wires = [], title = 'Test') {
  const node = ([name, [kind, params = {}]]) => [name, { kind, version: 1, params }];
  const wire = ([from, to]) => [...from.split('.'), ...to.split('.')];
  const drawn = { title, nodes: Object.fromEntries(Object.entries(nodes).map(node)), wires: wires.map(wire) };
  return { format: 'trellis.pipeline', version: 1, pipeline: drawn };
}

// The document that is open, by its link.
export async function openDocument(page) {
  const url = await id(page, 'share-url').inputValue();
  return unlink(new URL(url).hash.match(/p=([^&]*)/)[1]);
}

export const node = (page, name) => id(page, `node-${name}`);

// The rows and columns that the preview says it has.
export const size = (page) => id(page, 'preview').locator('p.num').innerText();

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Nothing that axe-core calls serious or critical, but for the rules that are passed over.
export async function accessible(page, what, passedOver = []) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const grave = found.violations.filter((v) => ['serious', 'critical'].includes(v.impact) && !passedOver.includes(v.id));
  const told = grave.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.any.map((a) => a.message)}`).join(' | ')}`);
  assert.deepEqual(told, [], what);
}
