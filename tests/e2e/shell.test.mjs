// What surrounds the drawing: its past, its story, its project file, and the toolbar on a phone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { alerted, download, id, portraits, search, server, useServerAndBrowser } from './harness.mjs';
import { accessible, link, node, openBuilder, openDocument, pipeline } from './studio.mjs';

useServerAndBrowser();
const PHONE = { width: 390, height: 844 };
// Longer than the page waits before it keeps what has changed.
const kept = (page) => page.waitForTimeout(900);

// Results are written down one after the other; waits until none has come for a while.
async function written(page) {
  const sizes = () =>
    page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle('results', { create: true });
      const found = [];
      for await (const [name, handle] of folder.entries()) found.push(`${name} ${(await handle.getFile()).size}`);
      return found.sort().join();
    });
  for (let before = null, now = await sizes(), still = 0; still < 4; before = now, now = await sizes()) {
    still = now === before ? still + 1 : 0;
    await page.waitForTimeout(500);
  }
}
const labels = async (page) => (await id(page, 'history').locator('.menu-item').allTextContents()).map((t) => t.trim());

// What is kept of the builder; `text`: in place of it.
const flow = (page, text) =>
  page.evaluate(
    (text) =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open('trellis');
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
          const transaction = request.result.transaction('last', text ? 'readwrite' : 'readonly');
          const store = transaction.objectStore('last');
          const done = text ? store.put(text, 'flow') : store.get('flow');
          transaction.oncomplete = () => {
            request.result.close();
            resolve(done.result);
          };
        };
      }),
    text,
  );

test('the past outlasts a reload, and a damaged one is dropped without the pipeline', { timeout: 240_000 }, async () => {
  const { page, context, faults } = await openBuilder();
  const add = (kind) => page.locator(`[data-testid=palette] [data-kind="${kind}"]`).click();
  await add('source.paste');
  await node(page, 'paste-1').waitFor();
  await add('table.split');
  await node(page, 'split-1').waitFor();
  await id(page, 'pipeline-title').fill('Shops of the north');
  await id(page, 'undo').click();
  const before = await openDocument(page);
  const told = await labels(page);
  assert.ok(told.length >= 4, told.join());
  await kept(page);
  await page.reload();
  await node(page, 'split-1').waitFor();
  assert.deepEqual(await openDocument(page), before);
  assert.deepEqual(await labels(page), told);
  await id(page, 'redo').click();
  assert.equal(await id(page, 'pipeline-title').inputValue(), 'Shops of the north');
  await id(page, 'undo').click();
  await id(page, 'undo').click();
  await node(page, 'split-1').waitFor({ state: 'detached' });
  await id(page, 'redo').click();
  await node(page, 'split-1').waitFor();
  await kept(page);

  const changes = [
    (f) => ({ ...f, history: f.history.slice(0, 90) }),
    (f) => ({ ...f, history: f.history.replace('remove_node', 'rename_node') }),
    (f) => ({ ...f, history: '{}', story: 7 }),
  ];
  for (const change of changes) {
    await add('table.sort');
    await node(page, 'sort-1').waitFor();
    await id(page, 'pipeline-title').fill('Sorted');
    await kept(page);
    const before = JSON.parse(await flow(page));
    assert.equal(JSON.parse(before.document).pipeline.title, 'Sorted');
    assert.match(before.history, /remove_node/);
    await flow(page, JSON.stringify(change(before)));
    await page.reload();
    await node(page, 'sort-1').waitFor();
    assert.deepEqual(await labels(page), ['As it was opened'], `${change}`);
    assert.ok(await id(page, 'undo').isDisabled());
    await node(page, 'sort-1').click();
    await page.keyboard.press('Delete');
    await node(page, 'sort-1').waitFor({ state: 'detached' });
  }
  assert.deepEqual(faults, []);
  await context.close();
});

test('a story is told to its end, left, resumed, and outlasts a reload', { timeout: 240_000 }, async () => {
  const { page, context, faults } = await openBuilder();
  await id(page, 'begin-template').click();
  await id(page, 'template-machine').click();
  const story = id(page, 'story');
  await story.getByText('1 of 3.').waitFor();
  await id(page, 'story-run').focus();
  await page.keyboard.press('Enter');
  await id(page, 'story-next').getByText('The chart is in the preview').waitFor({ timeout: 60_000 });
  await id(page, 'chart').first().waitFor();
  await id(page, 'story-next-step').focus();
  await page.keyboard.press('Enter');
  await story.getByText('2 of 3.').waitFor();
  await id(page, 'story-leave').click();
  await story.waitFor({ state: 'detached' });
  await kept(page);
  await page.reload();
  await node(page, 'search').waitFor();
  assert.equal(await story.count(), 0);
  await id(page, 'story-resume').click();
  await story.getByText('2 of 3.').waitFor();
  await id(page, 'story-run').click();
  await id(page, 'story-next').getByText('The best model is in the preview').waitFor({ timeout: 120_000 });
  await id(page, 'story-next-step').click();
  await id(page, 'story-run').click();
  const verdict = id(page, 'story-verdict');
  await verdict.getByText(/^\d+ of \d+ failures found; \d+ false alarms? among \d+ others\.$/).waitFor({ timeout: 60_000 });
  await page.locator('[data-testid=preview] h2').getByText('Evaluate').waitFor();
  // The sentence counts what the table of the preview counts.
  const cells = (await page.locator('[data-testid=preview] .scores tbody td.num').allTextContents()).slice(-4).map((t) => Number(t.replace(/\D/g, '')));
  const [, found, of, alarms, others] = (await verdict.innerText()).match(/(\d+) of (\d+) failures found; (\d+) false alarms? among (\d+)/).map(Number);
  assert.deepEqual([others - alarms, alarms, of - found, found], cells);
  await kept(page);
  await written(page);
  await page.reload();
  await story.getByText('3 of 3.').waitFor();
  await id(page, 'story-show').click();
  await verdict.getByText('failures found').waitFor({ timeout: 30_000 });
  await accessible(page, 'a story');
  await portraits(page, 'shell-story');

  // The sheet and the story are both in sight on a phone.
  await page.setViewportSize(PHONE);
  await id(page, 'story-show').click();
  await id(page, 'scores').waitFor();
  assert.ok(await verdict.isVisible());
  assert.deepEqual(faults, []);
  await context.close();
});

test('a pinned result is kept over a reload, though what comes before has changed', { timeout: 90_000 }, async () => {
  const drawn = pipeline({ data: ['source.paste', { text: 'town,size\nBern,4\nUri,7\n' }], head: ['table.head', { rows: 2 }], sort: ['table.sort', { keys: [{ column: 'size' }] }] }, [
    ['data.table', 'head.table'],
    ['head.table', 'sort.table'],
  ]);
  const { page, context, faults } = await openBuilder({ path: `/#p=${link(drawn)}` });
  await id(page, 'run-link').click();
  await page.locator('[data-node=sort][data-state=done]').waitFor({ timeout: 30_000 });
  await node(page, 'head').click();
  await id(page, 'inspector').getByRole('button', { name: 'Pin', exact: true }).click();
  await id(page, 'inspector').locator('#field-head-rows').fill('1');
  const stands = async () => {
    await page.locator('[data-node=data][data-state=done]').waitFor({ timeout: 30_000 });
    await page.locator('[data-node=head][data-state=done]').waitFor({ timeout: 30_000 });
    await node(page, 'head').click();
    await id(page, 'preview-table').getByText('Uri').waitFor({ timeout: 30_000 });
  };
  await stands();
  await kept(page);
  await written(page);
  await page.goto(`${server.url}/?again`);
  await node(page, 'head').waitFor();
  await stands();
  // Without the pin it has no result as it is set now.
  await id(page, 'inspector').getByRole('button', { name: 'Pin', exact: true }).click();
  await page.locator('[data-node=head][data-state=stale]').waitFor({ timeout: 30_000 });
  assert.deepEqual(faults, []);
  await context.close();
});

// An archive of stored entries, as projects are.
function unzip(bytes) {
  const out = [];
  for (let at = 0; bytes.readUInt32LE(at) === 0x04034b50; ) {
    const [size, name] = [bytes.readUInt32LE(at + 18), bytes.readUInt16LE(at + 26)];
    const start = at + 30 + name;
    out.push([bytes.toString('utf8', at + 30, start), bytes.subarray(start, start + size)]);
    at = start + size;
  }
  return out;
}

function zip(entries) {
  const [parts, directory] = [[], []];
  let at = 0;
  for (const [name, data] of entries) {
    const text = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(1 << 11, 2);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(text.length, 22);
    const offset = Buffer.alloc(14);
    offset.writeUInt32LE(at, 10);
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), common, text, data);
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, offset, text);
    at += 30 + text.length + data.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, list, end]);
}

const rows = Array.from({ length: 160 }, (_, i) => `${i % 7},${i % 3},${(i % 7) + (i % 3) > 4 ? 'yes' : 'no'}`);
const table = Buffer.from(`a,b,c\n${rows.join('\n')}\n`);
const trained = pipeline(
  {
    data: ['source.file', { name: 't.csv' }],
    split: ['table.split', {}],
    model: ['learner.logistic', { target: 'c' }],
    judge: ['model.evaluate', {}],
    predict: ['model.predict', {}],
  },
  [
    ['data.table', 'split.table'],
    ['split.train', 'model.table'],
    ['model.model', 'judge.model'],
    ['split.test', 'judge.table'],
    ['model.model', 'predict.model'],
    ['split.test', 'predict.table'],
  ],
  'Trained',
);
const state = (page, name) => node(page, name).getAttribute('data-state');
const score = async (page) => {
  await node(page, 'judge').click();
  await id(page, 'score').first().waitFor({ timeout: 30_000 });
  return id(page, 'score').allTextContents();
};

test('a project brings its models and results back, and nothing is trained', { timeout: 240_000 }, async () => {
  const first = await openBuilder({ path: `/#p=${link(trained)}` });
  await node(first.page, 'data').click();
  await id(first.page, 'source-file-input').setInputFiles({ name: 't.csv', mimeType: 'text/csv', buffer: table });
  await id(first.page, 'run-link').click();
  await id(first.page, 'run-news').getByText('5 done').waitFor({ timeout: 120_000 });
  const scores = await score(first.page);
  await first.page.locator('[popovertarget=file-panel]').click();
  const path = await download(first.page, 'trained.trellis', () => id(first.page, 'save-project').click());
  await first.context.close();
  const entries = unzip(readFileSync(path));
  const results = entries.filter(([name]) => /^results\/[0-9a-f]{64}$/.test(name));
  assert.ok(results.length >= 3, entries.map((e) => e[0]).join());
  assert.ok(entries.some(([name]) => name === 'models/model.trellis'));

  const { page, context, faults } = await openBuilder();
  await id(page, 'open-file').setInputFiles(path);
  await id(page, 'brought').getByText('were not computed here').waitFor({ timeout: 30_000 });
  assert.deepEqual(await score(page), scores);
  await node(page, 'model').click();
  await id(page, 'flow-verdict').waitFor();
  await portraits(page, 'shell-project');
  await kept(page);
  await page.reload();
  await id(page, 'brought').waitFor({ timeout: 30_000 });
  assert.deepEqual(await score(page), scores);
  // Predicting rests on the model, and trains nothing.
  await id(page, 'run-brought').waitFor();
  await id(page, 'run-all').click();
  await id(page, 'run-news').getByText(/up to date|done/).waitFor({ timeout: 60_000 });
  await node(page, 'predict').click();
  await id(page, 'preview-table').waitFor({ timeout: 30_000 });
  await id(page, 'run-brought').click();
  await id(page, 'brought').waitFor({ state: 'detached', timeout: 120_000 });
  assert.deepEqual(await score(page), scores);
  assert.deepEqual(faults, []);
  await context.close();

  // Damaged results are passed over, and hostile ones are no results.
  const spoilt = (change) => zip(entries.flatMap(([name, data]) => (name.startsWith('results/') ? change(name, Buffer.from(data)) : [[name, data]])));
  const flip = (data) => {
    data[data.length >> 1] ^= 1;
    return data;
  };
  const other = await openBuilder();
  const open = (name, buffer) => id(other.page, 'open-file').setInputFiles({ name, mimeType: 'application/zip', buffer });
  await open('spoilt.trellis', spoilt((name, data) => [[name, flip(data)]]));
  await alerted(other.page, `${results.length} of ${results.length} results in the project were damaged`);
  await node(other.page, 'judge').waitFor();
  assert.equal(await id(other.page, 'brought').count(), 0);
  await id(other.page, 'new-pipeline').dispatchEvent('click');
  await open('strange.trellis', spoilt((name) => [[`results/x${name.slice(8, 20)}`, table], [name, Buffer.alloc(0)], [`${name.slice(0, -1)}g`, table]]));
  await alerted(other.page, 'damaged');
  await node(other.page, 'judge').waitFor();
  const good = await openDocument(other.page);
  await open('leads-out.trellis', zip([...entries, ['results/../../x', table]]));
  await alerted(other.page, 'leads elsewhere');
  assert.deepEqual(await openDocument(other.page), good);
  const cut = readFileSync(path);
  await open('cut.trellis', cut.subarray(0, cut.length - 300));
  await alerted(other.page, 'cannot be read');
  assert.deepEqual(await openDocument(other.page), good);
  // The data are whole: everything can be run.
  await id(other.page, 'run-all').click();
  await id(other.page, 'run-news').getByText(/done/).waitFor({ timeout: 120_000 });
  assert.deepEqual(await score(other.page), scores);
  assert.deepEqual(other.faults, []);
  await other.context.close();
});

test('on a phone the toolbar fits, and the end of a run leads to its result', { timeout: 120_000 }, async () => {
  const paste = { data: ['source.paste', { text: 'shop;sold\nnorth;3\nsouth;9\n' }], split: ['table.split', {}] };
  const drawn = pipeline(paste, [['data.table', 'split.table']], 'Which shops of the north sell the most of all');
  const { page, context, faults } = await openBuilder({ touch: true, path: `/#p=${link(drawn)}` });
  await page.setViewportSize(PHONE);
  await node(page, 'split').waitFor();
  const over = () => page.evaluate(() => ['html', '.toolbar', '.studio-main'].map((s) => document.querySelector(s)).filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className));
  const small = () =>
    page.evaluate(() =>
      [...document.querySelectorAll('.toolbar button, .studio-bar button, .sheet-tabs button')]
        .map((e) => [e.textContent, e.getBoundingClientRect()])
        .filter(([, r]) => r.width > 0 && (r.height < 39.5 || r.width < 39.5))
        .map(([text, r]) => `${text} ${r.width}×${r.height}`),
    );
  assert.deepEqual(await over(), []);
  assert.deepEqual(await small(), []);
  const title = await id(page, 'pipeline-title').boundingBox();
  assert.ok(title.width >= 300, `${title.width}`);
  await id(page, 'run-link').tap();
  const news = id(page, 'run-news');
  await news.getByText('Run ended: 2 done').waitFor({ timeout: 30_000 });
  assert.deepEqual([await over(), await small()], [[], []]);
  await id(page, 'see-result').tap();
  await id(page, 'preview-table').waitFor();
  await page.locator('.sheet-tabs').getByRole('button', { name: 'Preview of the result' }).tap();
  await id(page, 'more-tools').tap();
  await id(page, 'share-link').waitFor();
  assert.deepEqual([await over(), await small()], [[], []]);
  await accessible(page, 'a phone');
  await portraits(page, 'shell-phone');
  assert.deepEqual(faults, []);
  await context.close();
});

test('what is shown at once has names that tell it apart', { timeout: 60_000 }, async () => {
  const { page, context } = await openBuilder();
  await id(page, 'begin-template').click();
  await id(page, 'template-churn').click();
  await node(page, 'search').click();
  await page.locator('[data-testid=inspector]').waitFor();
  const names = await page.getByRole('button').evaluateAll((all) =>
    all.filter((e) => e.checkVisibility()).map((e) => (e.getAttribute('aria-label') ?? e.textContent).trim()),
  );
  for (const word of ['File', 'Search', 'Start', 'Help', 'Before', 'Fold']) {
    assert.ok(names.filter((n) => n === word).length <= 1, `${word}: ${names.join(', ')}`);
  }
  await context.close();
});

test('a search opens as a pipeline that has its result', { timeout: 180_000 }, async () => {
  const { page, context, faults } = await openBuilder({ path: '/#pipeline' });
  await id(page, 'to-start').click();
  await id(page, 'file-input').setInputFiles({ name: 't.csv', mimeType: 'text/csv', buffer: table });
  await id(page, 'start-search').waitFor({ timeout: 30_000 });
  await search(page, { models: '4' });
  await id(page, 'predict-form').waitFor({ timeout: 120_000 });
  await id(page, 'open-as-pipeline').click();
  await id(page, 'search-taken').getByText('nothing needs to be run').waitFor({ timeout: 30_000 });
  await id(page, 'flow-verdict').waitFor();
  await portraits(page, 'shell-search');
  await id(page, 'run-all').click();
  await id(page, 'run-news').getByText(/1 done|up to date/).waitFor({ timeout: 60_000 });
  assert.deepEqual(faults, []);
  await context.close();
  assert.ok(server.url);
});
