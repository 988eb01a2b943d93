// The main job, as a person does it: drop a table, search, read the board, predict a row, take the model away.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  browser,
  download,
  finished,
  id,
  openPage,
  root,
  run,
  scratch,
  search,
  server,
  shot,
  useServerAndBrowser,
} from './harness.mjs';
import { node, openDocument } from './studio.mjs';

const churn = join(root, 'public/samples/churn.csv');
useServerAndBrowser();

test('a dropped table becomes a model that predicts the same on the command line', { timeout: 120_000 }, async () => {
  const opened = Date.now();
  const { page, context, faults } = await openPage(browser, server.url);
  await id(page, 'file-input').waitFor({ state: 'attached' });
  console.log(`usable after ${Date.now() - opened} ms`);
  await shot(page, 'start');
  assert.match(await id(page, 'bytes-sent').innerText(), /^0 bytes/);
  assert.match(await id(page, 'backend-chip').innerText(), /WASM/);

  await id(page, 'file-input').setInputFiles(churn);
  await page.getByRole('table', { name: 'Preview of the table' }).waitFor();
  assert.equal(await id(page, 'target-select').inputValue(), 'churn');
  await page.getByText('5,000 rows × 20 columns').waitFor();
  await shot(page, 'data', true);

  await id(page, 'budget-input').fill('10');
  const started = Date.now();
  await id(page, 'start-search').click();
  await id(page, 'leaderboard-row').first().waitFor();
  console.log(`first row after ${Date.now() - started} ms`);
  assert.equal(await id(page, 'leaderboard').getAttribute('aria-busy'), 'true');
  await page.waitForTimeout(3_000);
  await shot(page, 'search', true);
  const during = Number(await id(page, 'search-progress').getAttribute('aria-valuenow'));
  assert.ok(during > 10 && during < 100, `progress ${during}`);

  await finished(page);
  const took = (Date.now() - started) / 1000;
  console.log(`verdict after ${took} s`);
  // Ten per cent and a second are allowed; the rest is for a machine that is busy.
  assert.ok(took < 16, `a budget of 10 s took ${took} s`);
  assert.equal(await id(page, 'leaderboard').getAttribute('aria-busy'), 'false');
  assert.ok((await id(page, 'leaderboard-row').count()) >= 5);
  assert.match(await page.getByTestId('verdict').innerText(), /Guessing .* this model/);
  const best = Number(await id(page, 'best-score').innerText());
  assert.ok(best > 0.85 && best <= 1, `best score ${best}`);

  await id(page, 'predict-form').getByRole('button', { name: 'Predict this row' }).click();
  const result = id(page, 'predict-result');
  await result.locator('.answer').waitFor();
  const shown = JSON.parse(await result.getAttribute('data-probabilities'));
  assert.match(await id(page, 'predict-interval').innerText(), /90/);
  assert.match(await id(page, 'trust').innerText(), /percentage points off/);
  await page.evaluate(() => window.scrollTo(0, 0));
  await shot(page, 'result', true);

  const model = await download(page, 'churn.trellis', () => id(page, 'download-model').click());
  const report = await download(page, 'report.html', () => id(page, 'download-report').click());
  assert.match(readFileSync(report, 'utf8'), /Predicting churn/);

  // The form's row on the command line.
  const fields = await page.locator('[data-testid=predict-form] [name]').evaluateAll((all) => all.map((f) => [f.name, f.value]));
  const row = join(scratch, 'row.csv');
  writeFileSync(row, `${fields.map(([n]) => n).join(',')}\n${fields.map(([, v]) => v).join(',')}\n`);
  const [head, values] = run('predict', model, row, '--out', '-').trim().split('\n');
  assert.deepEqual(head.split(','), shown.map(([name]) => name));
  assert.deepEqual(values.split(',').map(Number), shown.map(([, p]) => p));

  // Another table, predicted here and there.
  const table = await download(page, 'page.csv', () => id(page, 'download-predictions').setInputFiles(churn));
  assert.equal(readFileSync(table, 'utf8'), run('predict', model, churn, '--out', '-', '--quiet'));
  await id(page, 'with-intervals').check();
  const sets = await download(page, 'sets.csv', () => id(page, 'download-predictions').setInputFiles(churn));
  assert.equal(readFileSync(sets, 'utf8'), run('predict', model, churn, '--interval', '0.9', '--out', '-', '--quiet'));
  assert.match(run('leaderboard', model), /Guessing/);

  // A reload brings everything back, the model included.
  await page.reload();
  await finished(page);
  await page.getByText('5,000 rows × 20 columns').waitFor();
  await id(page, 'predict-form').getByRole('button', { name: 'Predict this row' }).click();
  await result.locator('.answer').waitFor();
  assert.deepEqual(JSON.parse(await result.getAttribute('data-probabilities')), shown);
  assert.deepEqual(faults, []);
  await context.close();
});

test('the page and the command line write the same bytes', { timeout: 180_000 }, async () => {
  for (const [name, target] of [['fraud', 'outcome'], ['price', 'sale_price']]) {
    const { page, context, faults } = await openPage(browser, server.url);
    await id(page, `sample-${name}`).click();
    await id(page, 'target-select').waitFor();
    assert.equal(await id(page, 'target-select').inputValue(), target);
    await page.getByText('More settings').click();
    await id(page, 'max-trials-input').fill('9');
    await id(page, 'budget-input').fill('');
    await id(page, 'start-search').click();
    await finished(page);
    const inTab = readFileSync(await download(page, `${name}.trellis`, () => id(page, 'download-model').click()));
    for (const threads of ['1', '2']) {
      const out = join(scratch, `${name}-${threads}.trellis`);
      const data = join(root, `public/samples/${name}.csv`);
      run('fit', data, '--target', target, '--max-trials', '9', '--seed', '0', '--threads', threads, '--out', out, '--quiet');
      assert.ok(readFileSync(out).equals(inTab), `${name}: ${threads} threads and the tab differ`);
    }
    assert.deepEqual(faults, []);
    await context.close();
  }
});

test('pause stops the clock, finishing early keeps the best', { timeout: 60_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url, { dark: true });
  await id(page, 'sample-demand').click();
  await id(page, 'budget-input').fill('60');
  await shot(page, 'data-dark', true);
  await id(page, 'start-search').click();
  await id(page, 'leaderboard-row').nth(3).waitFor();
  await id(page, 'pause-search').click();
  await page.getByRole('heading', { name: 'Paused' }).waitFor();
  const before = await id(page, 'search-progress').getAttribute('aria-valuenow');
  await page.waitForTimeout(1_500);
  assert.equal(await id(page, 'search-progress').getAttribute('aria-valuenow'), before);
  await id(page, 'pause-search').click();
  await page.getByRole('heading', { name: 'Searching' }).waitFor();
  await id(page, 'stop-search').click();
  await finished(page);
  await shot(page, 'result-dark', true);
  assert.deepEqual(faults, []);
  await context.close();
});

test('what cannot be used says why and loses nothing', { timeout: 60_000 }, async () => {
  const { page, context } = await openPage(browser, server.url);
  await id(page, 'file-input').setInputFiles({ name: 'empty.csv', mimeType: 'text/csv', buffer: Buffer.from('') });
  await page.getByRole('alert').filter({ hasText: 'Error' }).waitFor();
  await shot(page, 'error');
  const rows = 'a,b\n' + '1,x\n2,x\n3,x\n'.repeat(20);
  await id(page, 'file-input').setInputFiles({ name: 'one.csv', mimeType: 'text/csv', buffer: Buffer.from(rows) });
  await id(page, 'target-select').waitFor();
  await id(page, 'target-select').selectOption('b');
  await page.getByRole('alert').filter({ hasText: 'only one value' }).waitFor();
  assert.match(await page.locator('#data-title').innerText(), /one\.csv/);
  await context.close();
});

test('it fits a phone, in light and dark, and works by keyboard', { timeout: 90_000 }, async () => {
  for (const dark of [false, true]) {
    const { page, context, faults } = await openPage(browser, server.url, { width: 390, height: 844, dark });
    const name = dark ? 'phone-dark' : 'phone';
    await shot(page, `${name}-start`, true);
    await page.getByTestId('sample-fraud').focus();
    await page.keyboard.press('Enter');
    await id(page, 'target-select').waitFor();
    await id(page, 'budget-input').fill('3');
    await shot(page, `${name}-data`, true);
    await id(page, 'start-search').focus();
    await page.keyboard.press('Enter');
    await finished(page);
    await shot(page, `${name}-result`, true);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `the page is ${wide} px too wide`);
    assert.deepEqual(faults, []);
    await context.close();
  }
});

test('a large table scrolls, with few rows on the page', { timeout: 60_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url);
  const lines = ['id,value,word'];
  for (let i = 0; i < 300_000; i += 1) lines.push(`${i},${(i * 7919) % 1000},w${i % 7}`);
  const path = join(scratch, 'large.csv');
  writeFileSync(path, lines.join('\n'));
  await id(page, 'file-input').setInputFiles(path);
  await page.getByText('300,000 rows × 3 columns').waitFor();
  const grid = page.getByRole('table', { name: 'Preview of the table' });
  await grid.evaluate((g) => g.scrollTo(0, 200_000 * 32));
  await page.getByText('200000', { exact: true }).waitFor();
  assert.ok((await grid.locator('.tr').count()) < 60);
  assert.deepEqual(faults, []);
  await context.close();
});

test('a search opens as a pipeline that asks for the same and says no more', { timeout: 60_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url);
  await id(page, 'file-input').setInputFiles(churn);
  await page.getByText('5,000 rows × 20 columns').waitFor();
  await search(page, { models: '1' });
  await id(page, 'open-as-pipeline').click({ timeout: 40_000 });
  await node(page, 'search-1').waitFor();
  await id(page, 'share-link').click();
  await page.getByText(/\d+ characters\./).waitFor();
  const { nodes } = (await openDocument(page)).pipeline;
  assert.deepEqual(Object.keys(nodes), ['file-1', 'search-1']);
  // What is as usual is left out.
  assert.equal(nodes['search-1'].kind, 'automl.search');
  assert.deepEqual(nodes['search-1'].params, { max_trials: 1, target: 'churn', task: 'binary' });
  assert.deepEqual(faults, []);
  await context.close();
});
