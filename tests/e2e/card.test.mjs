// A graphics card, which a program on the processor stands in for: the same model, and words of where it was computed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { cleanUp, download, drop, id, openPage, portraits, search, startBrowser, startServer } from './harness.mjs';
import { link, node, pipeline } from './studio.mjs';

let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await startBrowser(['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']);
});
after(async () => {
  await browser?.close();
  server?.stop();
  cleanUp();
});

const cell = (i, by) => ((Math.sin(i * by) * 43758.5453) % 1).toFixed(4);
const rows = (count) => Array.from({ length: count }, (_, i) => {
  const [a, b] = [cell(i, 12.9898), cell(i, 78.233)];
  return `${i % 11 ? a : ''},${b},${(i * 7919) % 13},${Number(a) + b * b > 0.1 ? 'yes' : 'no'}`;
});

// A page that computes on `backend`, chosen on an earlier visit.
const openOn = (backend, { where = browser, path = '/' } = {}) =>
  openPage(where, server.url, {
    path,
    prepare: (c) =>
      c.addInitScript((kept) => {
        localStorage.setItem('trellis-tour', 'true');
        localStorage.setItem('trellis-backend', JSON.stringify(kept));
      }, backend),
  });

// The table, opened in such a page.
async function opened(backend, { where = browser, count = 400 } = {}) {
  const { page, context, faults } = await openOn(backend, { where });
  await drop(page, 'table.csv', `a,b,c,y\n${rows(count).join('\n')}\n`);
  await id(page, 'target-select').waitFor();
  return { page, context, faults };
}

// The page after a search.
async function searched(backend) {
  const { page, context, faults } = await opened(backend);
  // Enough for boosted trees to be among them; the stand-in takes a while.
  await search(page, { models: '8' });
  await id(page, 'predict-form').waitFor({ timeout: 240_000 });
  return { page, context, faults };
}

const panel = async (page) => {
  await id(page, 'backend-chip').click();
  return page.locator('#backend-panel').innerText();
};

test('a card gives the same model file, and the chip says that it is used', { timeout: 400_000 }, async (t) => {
  const there = await searched('gpu');
  const words = await panel(there.page);
  if (/offers no graphics card/.test(words)) return t.skip('this browser has no adapter');
  assert.match(await id(there.page, 'backend-chip').innerText(), /^WebGPU/);
  assert.match(words, /One worker uses the graphics card/);
  const remark = id(there.page, 'board-remark').filter({ hasText: /Computed on the graphics card: [1-9]/ });
  await remark.waitFor();
  await portraits(there.page, 'card');
  await there.page.keyboard.press('Escape');
  const first = readFileSync(await download(there.page, 'there.trellis', () => id(there.page, 'download-model').click()));
  assert.deepEqual(there.faults, []);
  await there.context.close();

  const here = await searched('cpu');
  assert.match(await id(here.page, 'backend-chip').innerText(), /^WASM/);
  const second = readFileSync(await download(here.page, 'here.trellis', () => id(here.page, 'download-model').click()));
  assert.ok(first.equals(second), `${first.length} and ${second.length} bytes differ`);
  // The choice is remembered, and another holds from the next search on.
  await id(here.page, 'backend-chip').click();
  assert.equal(await id(here.page, 'backend-choice').inputValue(), 'cpu');
  await id(here.page, 'backend-choice').selectOption('auto');
  assert.equal(await here.page.evaluate(() => localStorage.getItem('trellis-backend')), '"auto"');
  assert.deepEqual(here.faults, []);
  await here.context.close();
});

// Models that are asked about so many rows that a card is worth asking for.
const asking = pipeline(
  {
    data: ['source.generate', { rows: 24_000 }],
    split: ['table.split', { share: 0.95 }],
    model: ['learner.extra_trees', { target: 'class', trees: 10 }],
    evaluate: ['model.evaluate'],
    importance: ['model.importance', { rows: 30_000, repeats: 1 }],
    dependence: ['model.dependence', { column: 'informative_1', rows: 30_000, points: 4 }],
  },
  [
    ['data.table', 'split.table'],
    ['split.train', 'model.table'],
    ['model.model', 'evaluate.model'],
    ['split.test', 'evaluate.table'],
    ['model.model', 'importance.model'],
    ['split.test', 'importance.table'],
    ['model.model', 'dependence.model'],
    ['split.test', 'dependence.table'],
  ],
);

test('a pipeline asks a card about many rows, and says the same', { timeout: 400_000 }, async (t) => {
  const said = {};
  for (const backend of ['gpu', 'cpu']) {
    const { page, context, faults } = await openOn(backend, { path: `/#p=${link(asking)}` });
    await id(page, 'run-link').click();
    said[backend] = [];
    // Titles of axes are there once a chart is drawn whole.
    for (const [name, words] of [['evaluate', 'Rows by what they are'], ['importance', 'Loss of ROC AUC when shuffled'], ['dependence', 'Probability of class 2']]) {
      await page.locator(`[data-node=${name}][data-state=done]`).waitFor({ timeout: 150_000 });
      await node(page, name).click();
      await id(page, 'preview').getByText(words).first().waitFor();
      said[backend].push(await id(page, 'preview').innerText());
    }
    const words = await panel(page);
    if (/offers no graphics card/.test(words)) return t.skip('this browser has no adapter');
    assert.match(words, backend === 'gpu' ? /One worker uses the graphics card/ : /has asked yet|as you chose/);
    assert.deepEqual(faults, []);
    await context.close();
  }
  assert.deepEqual(said.gpu, said.cpu);
});

// Makes a population of few and small networks of what the page sends to a worker, since the stand-in takes hours for all of
// it. The message of a population ends with its settings: the length of a text, and the text.
function fewer() {
  const post = Worker.prototype.postMessage;
  const size = (length) => (length < 128 ? [length] : [(length & 127) | 128, ...size(length >> 7)]);
  const small = (buffer) => {
    const bytes = new Uint8Array(buffer);
    const at = bytes[0] === 2 ? bytes.findIndex((byte, i) => byte === 91 && bytes[i + 1] === 123 && bytes[i + 2] === 34) : -1;
    if (at < 0) return null;
    const settings = JSON.parse(new TextDecoder().decode(bytes.subarray(at)));
    const some = settings.slice(0, 8).map((one) => ({ ...one, hidden: 8, epochs: 6, networks: 1 }));
    window.shrunk = [settings.length, some.length];
    const text = new TextEncoder().encode(JSON.stringify(some));
    const before = bytes.subarray(0, at - size(bytes.length - at).length);
    return new Uint8Array([...before, ...size(text.length), ...text]).buffer;
  };
  Worker.prototype.postMessage = function (message, ...rest) {
    const fewer = Array.isArray(message) && message[0] === 'job' ? small(message[1]) : null;
    return fewer ? post.call(this, ['job', fewer], [fewer]) : post.call(this, message, ...rest);
  };
}

// A search with a population; the page after it, and what the board says of the population. `early`: it is stopped once that is
// known, having been given time for a machine that is slow.
async function populated(backend, seconds, where, early = false) {
  // Enough for some to be held out.
  const { page, context, faults } = await opened(backend, { where, count: 900 });
  await page.evaluate(fewer);
  await page.getByText('More settings').click();
  await id(page, 'populations').check();
  await portraits(page, `population-${backend}`, id(page, 'populations'));
  await search(page, { seconds });
  const remark = id(page, 'board-remark').filter({ hasText: /opulation of/ });
  if (early) {
    await remark.filter({ hasText: /chose|without/ }).waitFor({ timeout: 240_000 });
    await id(page, 'stop-search').click();
  }
  await id(page, 'predict-form').waitFor({ timeout: 240_000 });
  return { page, context, faults, told: await remark.innerText() };
}

test('a population of networks trains beside the search and chooses settings', { timeout: 400_000 }, async (t) => {
  const { page, context, faults, told } = await populated('gpu', '200', browser, true);
  if (/offers no graphics card/.test(told)) return t.skip('this browser has no adapter');
  assert.deepEqual(await page.evaluate(() => window.shrunk), [64, 8]);
  assert.match(told, /^A population of 8 settings of networks trained on the graphics card .* for up to [1-6] epochs .* chose 3 to be tried/);
  await portraits(page, 'population-chosen');
  // It is a wish that goes with neither of these.
  const box = id(page, 'populations');
  await id(page, 'reproducible').check();
  assert.ok(await box.isDisabled());
  await id(page, 'reproducible').uncheck();
  assert.ok(await box.isEnabled());
  await id(page, 'backend-chip').click();
  await id(page, 'backend-choice').selectOption('cpu');
  assert.ok(await box.isDisabled());
  assert.match(await page.locator('#populations-help').innerText(), /processor only/);
  assert.deepEqual(faults, []);
  await context.close();
});

test('without a card the board says why there is no population', { timeout: 300_000 }, async () => {
  const without = await startBrowser(['--disable-gpu', '--disable-features=WebGPU']);
  try {
    const { faults, told } = await populated('auto', '20', without);
    assert.match(told, /^No population of networks, so that the search went on without: .*graphics card/);
    assert.deepEqual(faults, []);
  } finally {
    await without.close();
  }
});
