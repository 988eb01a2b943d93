// The same again: a search as a pipeline, results that outlast the page, links that replay, a pipeline within another page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { browser, download, drop, finished, id, openPage, root, search, server, shot, useServerAndBrowser } from './harness.mjs';
import { link, node, openBuilder, openDocument, pipeline } from './studio.mjs';

useServerAndBrowser();
const state = (page, name, is) => page.locator(`[data-node="${name}"][data-state="${is}"]`).waitFor({ timeout: 60_000 });
const ROWS = Array.from({ length: 120 }, (_, i) => `${i % 7},${i % 3},${(i % 7) + (i % 3) > 4 ? 'yes' : 'no'}`);
const table = (lines = ROWS) => `a,b,c\n${lines.join('\n')}\n`;
// What is kept is written a moment after a change.
const kept = (page) => page.waitForTimeout(800);

test('a search opened as a pipeline gives the same score and the same model', { timeout: 180_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url, {
    prepare: (c) => c.addInitScript(() => localStorage.setItem('trellis-tour', 'true')),
  });
  await drop(page, 'loans.csv', readFileSync(join(root, 'public/samples/fraud.csv')));
  await id(page, 'target-select').waitFor();
  await search(page, { models: '5' });
  await finished(page);
  const score = await id(page, 'best-score').innerText();
  const verdict = await id(page, 'verdict').innerText();
  const first = readFileSync(await download(page, 'first.trellis', () => id(page, 'download-model').click()));

  await id(page, 'open-as-pipeline').click();
  await node(page, 'search-1').waitFor();
  assert.equal((await openDocument(page)).pipeline.nodes['search-1'].params.max_trials, 5);
  // Nothing is run by opening it.
  await state(page, 'search-1', 'ready');
  await id(page, 'run-all').click();
  await state(page, 'search-1', 'done');
  await node(page, 'search-1').click();
  await id(page, 'flow-verdict').waitFor();
  assert.equal(await id(page, 'flow-verdict').innerText(), verdict);
  const best = await id(page, 'flow-board').locator('tbody td').first().innerText();
  assert.ok(best.startsWith(score), `${best} is not ${score}`);
  await shot(page, 'opened-as-pipeline');
  const second = readFileSync(await download(page, 'second.trellis', () => id(page, 'save-output').click()));
  assert.ok(first.equals(second), `${first.length} and ${second.length} bytes differ`);
  assert.deepEqual(faults, []);
  await context.close();
});

// The files in which results are kept; `change` is done to each.
const results = (page, change = 'nothing') =>
  page.evaluate(async (what) => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('results', { create: true });
    const names = [];
    for await (const [name, handle] of folder.entries()) {
      names.push(name);
      if (what === 'remove') await folder.removeEntry(name);
      if (what === 'damage') {
        const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
        bytes[bytes.length >> 1] ^= 255;
        const stream = await handle.createWritable();
        await stream.write(bytes);
        await stream.close();
      }
    }
    return names.sort();
  }, change);

test('results outlast the page, and what is gone or damaged is run again', { timeout: 120_000 }, async () => {
  const drawn = pipeline(
    { data: ['source.paste', { text: table() }], model: ['learner.logistic', { target: 'c' }], judge: ['model.evaluate', {}] },
    [['data.table', 'model.table'], ['model.model', 'judge.model'], ['data.table', 'judge.table']],
  );
  const { page, context, faults } = await openBuilder({ path: `/#p=${link(drawn)}` });
  const scores = async () => {
    await node(page, 'judge').click();
    await id(page, 'score').first().waitFor({ timeout: 30_000 });
    return id(page, 'score').allInnerTexts();
  };
  const run = async () => {
    await id(page, 'run-all').click();
    await state(page, 'judge', 'done');
    await id(page, 'run-all').waitFor();
  };
  // A reload by the address of the builder: what was kept comes back.
  const again = async (is) => {
    await kept(page);
    await page.goto(`${server.url}/#pipeline`);
    await page.reload();
    await state(page, 'judge', is);
    await state(page, 'model', is);
  };
  await state(page, 'judge', 'ready');
  assert.deepEqual(await results(page), []);
  await run();
  const first = await scores();
  await page.waitForFunction(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('results', { create: true });
    let count = 0;
    for await (const _ of folder.keys()) count += 1;
    return count === 3;
  });
  const files = await results(page);

  await again('done');
  assert.deepEqual(await scores(), first);
  // A run has nothing to do.
  await id(page, 'run-all').click();
  await page.getByRole('status').filter({ hasText: 'Run ended: all was up to date' }).waitFor({ state: 'attached' });
  await shot(page, 'results-kept');

  // Other parameters have no result yet; with the old ones it is there again.
  await node(page, 'model').click();
  const field = id(page, 'inspector').locator('.param input[type=text]').first();
  const before = await field.inputValue();
  await field.fill('0.5');
  await field.blur();
  await state(page, 'judge', 'stale');
  await id(page, 'undo').click();
  assert.equal(await field.inputValue(), before);
  await state(page, 'judge', 'done');

  for (const change of ['damage', 'remove']) {
    await results(page, change);
    await again('ready');
    assert.equal(await page.getByRole('alert').count(), 0);
    await run();
    assert.deepEqual(await scores(), first, change);
    await kept(page);
    assert.deepEqual(await results(page), files, change);
    await again('done');
    assert.deepEqual(await scores(), first, change);
  }
  assert.deepEqual(faults, []);
  await context.close();
});

test('a replayed search is equal with the same file, and with another it is said what differs', { timeout: 180_000 }, async () => {
  const drawn = pipeline(
    { data: ['source.file', { name: 'rows.csv' }], fixed: ['source.paste', { text: 'k\n1\n' }], find: ['automl.search', { target: 'c', max_trials: 4, budget_secs: null }] },
    [['data.table', 'find.table']],
  );
  const give = async (page, lines) => {
    await node(page, 'data').click();
    await id(page, 'source-file-input').setInputFiles({ name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from(table(lines)) });
  };
  const first = await openBuilder({ path: `/#p=${link(drawn)}` });
  await give(first.page, ROWS);
  await id(first.page, 'run-link').click();
  await state(first.page, 'find', 'done');
  await node(first.page, 'find').click();
  await id(first.page, 'flow-verdict').waitFor();
  await id(first.page, 'share-link').click();
  await id(first.page, 'share-result').check();
  const shared = (await id(first.page, 'share-url').inputValue()).slice(server.url.length);
  await first.context.close();

  const changed = ROWS.with(60, '6,2,no');
  for (const [lines, equal] of [[ROWS, true], [changed, false]]) {
    const { page, context, faults } = await openBuilder({ path: shared });
    // Without the file it says what it lacks, and claims nothing.
    await id(page, 'run-link').click();
    await page.getByText('"rows.csv" is not here yet, and what needs it was not run.').waitFor();
    assert.equal(await id(page, 'replay-result').count(), 0);
    await give(page, lines);
    await id(page, 'run-link').click();
    const told = id(page, 'replay-result');
    await told.waitFor({ timeout: 60_000 });
    assert.equal(await told.getAttribute('data-equal'), String(equal));
    const rows = await id(page, 'link-bar').locator('tbody tr').allInnerTexts();
    assert.ok(rows.length > 2);
    if (equal) {
      assert.match(await told.innerText(), /^Equal: every figure/);
      for (const row of rows) assert.match(row, /\tequal$/);
    } else {
      assert.match(await told.innerText(), /Not equal: the data of "rows\.csv" here are not those of the link/);
      assert.ok(rows.some((r) => /\tnot equal$/.test(r)));
    }
    await shot(page, `replay-${equal ? 'equal' : 'other'}`);
    assert.deepEqual(faults, []);
    await context.close();
  }
});

// Another site, with a pipeline in a frame.
async function site(address) {
  const host = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(`<!doctype html><title>Elsewhere</title><h1>A page of another site</h1><iframe src="${address}" width="1000" height="600"></iframe>`);
  });
  await new Promise((done) => host.listen(0, '127.0.0.1', done));
  host.unref();
  return { url: `http://127.0.0.1:${host.address().port}`, stop: () => host.close() };
}

test('within another page a pipeline is seen and run, and nothing of the visitor is touched', { timeout: 120_000 }, async () => {
  const own = pipeline({ mine: ['source.paste', { text: 'x\n1\n' }] }, [], 'Mine');
  const shown = pipeline(
    { data: ['source.paste', { text: table() }], model: ['learner.logistic', { target: 'c' }] },
    [['data.table', 'model.table']],
    'Theirs',
  );
  const { page, context, faults } = await openBuilder({ path: `/#p=${link(own)}` });
  await node(page, 'mine').waitFor();
  await kept(page);

  const host = await site(`${server.url}/?embed=1#p=${link(shown)}`);
  const other = await context.newPage();
  await other.goto(host.url);
  const frame = other.frameLocator('iframe');
  const inside = (name) => frame.getByTestId(name);
  await inside('node-model').waitFor({ timeout: 30_000 });
  for (const name of ['palette', 'undo', 'file-input', 'bytes-sent']) assert.equal(await inside(name).count(), 0, name);
  await frame.getByRole('button', { name: 'Run' , exact: true }).click();
  await frame.locator('[data-node=model][data-state=done]').waitFor({ timeout: 60_000 });
  await inside('node-model').click();
  await inside('flow-verdict').waitFor();
  assert.equal(await inside('use-model').count(), 0);
  const box = await inside('node-data').boundingBox();
  await other.mouse.move(box.x + 60, box.y + 20);
  await other.mouse.down();
  await other.mouse.move(box.x + 60, box.y + 120, { steps: 5 });
  await other.mouse.up();
  await shot(other, 'embedded');
  await kept(other);
  await other.close();
  host.stop();

  // The frame alone, without a link: an empty canvas, never the first page with what is kept.
  const bare = await site(`${server.url}/?embed=1`);
  const empty = await context.newPage();
  await empty.goto(bare.url);
  await empty.frameLocator('iframe').getByTestId('embedded').waitFor();
  assert.equal(await empty.frameLocator('iframe').getByTestId('node-mine').count(), 0);
  await empty.close();
  bare.stop();
  // What is not meant for a frame does not come into one.
  const closed = await site(`${server.url}/#pipeline`);
  const refused = await context.newPage();
  const errors = [];
  refused.on('console', (m) => errors.push(m.text()));
  await refused.goto(closed.url);
  await refused.waitForTimeout(500);
  assert.ok(errors.some((e) => /frame-ancestors/.test(e)), errors.join());
  await refused.close();
  closed.stop();

  await page.goto(`${server.url}/#pipeline`);
  await page.reload();
  await node(page, 'mine').waitFor();
  assert.equal(await id(page, 'pipeline-title').inputValue(), 'Mine');
  assert.deepEqual(faults.filter((f) => !f.includes(host.url) && !f.includes(bare.url) && !f.includes(closed.url)), []);
  await context.close();
});
