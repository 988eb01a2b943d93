// The page when things are not as usual: no network, no engine, odd files, failed searches, a million rows.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  alerted,
  browser,
  download,
  drop,
  finished,
  id,
  openPage,
  portraits,
  root,
  run,
  scratch,
  search,
  server,
  shot,
  useServerAndBrowser,
} from './harness.mjs';

const churn = join(root, 'public/samples/churn.csv');
const PHONE = { width: 390, height: 844 };
useServerAndBrowser();

test('a million rows scroll to the last one', { timeout: 120_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url);
  const rows = 1_250_000;
  const lines = ['row,value'];
  for (let i = 0; i < rows; i += 1) lines.push(`${i},${(i * 7919) % 1000}`);
  const path = join(scratch, 'million.csv');
  writeFileSync(path, lines.join('\n'));
  await id(page, 'file-input').setInputFiles(path);
  await page.getByText('1,250,000 rows × 2 columns').waitFor({ timeout: 90_000 });
  const grid = page.getByRole('table', { name: 'Preview of the table' });
  const cell = (row) => grid.getByText(String(row), { exact: true }).first();
  const inSight = async (row) => {
    await cell(row).waitFor();
    const [outer, inner] = [await grid.boundingBox(), await cell(row).boundingBox()];
    return inner.y >= outer.y + 112 - 1 && inner.y + inner.height <= outer.y + outer.height + 1;
  };

  await grid.focus();
  await page.keyboard.press('End');
  assert.ok(await inSight(rows - 1), 'the last row is not in sight');
  assert.match(await id(page, 'preview-place').innerText(), /to 1,250,000 of 1,250,000$/);
  assert.ok((await grid.locator('.tr').count()) < 60);
  await grid.scrollIntoViewIfNeeded();
  await portraits(page, 'million-rows');

  // One step up from the end, and from the middle: by rows near the place.
  await page.keyboard.press('ArrowUp');
  await page.waitForTimeout(400);
  assert.ok(await inSight(rows - 3), 'a step up from the end is a jump');
  await grid.evaluate((g) => g.scrollTo(0, g.scrollHeight / 2));
  await page.waitForTimeout(400);
  const first = async () => Number((await id(page, 'preview-place').innerText()).match(/Rows ([\d,]+)/)[1].replaceAll(',', ''));
  const middle = await first();
  assert.ok(Math.abs(middle - rows / 2) < rows / 100, `the middle is row ${middle}`);
  await grid.hover();
  for (let i = 1; i <= 5; i += 1) {
    await page.mouse.wheel(0, 320);
    await page.waitForTimeout(400);
    const moved = (await first()) - middle;
    assert.ok(Math.abs(moved - 10 * i) <= 1, `after ${i} turns of the wheel: ${moved} rows`);
  }
  await grid.focus();
  await page.keyboard.press('Home');
  assert.ok(await inSight(0), 'the first row is not in sight');
  assert.deepEqual(faults, []);
  await context.close();
});

test('a file that is being read can be given up', { timeout: 60_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url);
  await id(page, 'sample-churn').click();
  await page.getByText('5,000 rows × 20 columns').waitFor();
  const [head, ...rows] = readFileSync(churn, 'utf8').trimEnd().split('\n');
  const path = join(scratch, 'long.csv');
  writeFileSync(path, `${head}\n${`${rows.join('\n')}\n`.repeat(100)}`);
  await page.getByText('Open another table').click();
  await id(page, 'file-input').setInputFiles(path);
  await id(page, 'stop-reading').click();
  await id(page, 'file-input').waitFor({ state: 'attached' });
  // The engine is free again, and nothing of the long table comes.
  await id(page, 'sample-fraud').click();
  await page.getByText('1,000 rows × 19 columns').waitFor();
  await page.waitForTimeout(1_000);
  assert.equal(await page.locator('#data-title').innerText(), 'fraud.csv');
  assert.deepEqual(faults, []);
  await context.close();
});

test('the texts that mean "no value" can be changed', { timeout: 60_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url);
  const rows = Array.from({ length: 60 }, (_, i) => `${i % 3 === 0 ? -999 : i},${i % 2 ? 'yes' : 'NA'},${i % 5}`);
  await drop(page, 'gaps.csv', `amount,answer,z\n${rows.join('\n')}\n`);
  const chip = id(page, 'missing-chip');
  await chip.filter({ hasText: 'Missing NA' }).waitFor();
  // By keyboard alone.
  await chip.focus();
  await page.keyboard.press('Enter');
  const field = id(page, 'missing-tokens');
  await field.waitFor();
  assert.match(await field.inputValue(), /NA, N\/A/);
  await portraits(page, 'missing');
  await page.keyboard.press('Escape');
  await field.waitFor({ state: 'hidden' });
  await page.keyboard.press('Enter');
  await field.fill('NA\n-999');
  await page.getByRole('button', { name: 'Read again' }).click();
  await chip.filter({ hasText: '-999, NA' }).waitFor();
  await page.getByText('33.3 % missing').waitFor();
  await chip.click();
  assert.equal(await field.inputValue(), 'NA, -999');
  await page.getByRole('button', { name: 'The usual ones' }).click();
  await page.getByText('33.3 % missing').waitFor({ state: 'detached' });
  // Other chips keep the focus while the file is read again.
  const decimals = page.getByLabel('Decimals');
  await decimals.focus();
  await decimals.selectOption('comma');
  await page.waitForTimeout(500);
  assert.equal(await decimals.evaluate((e) => e === document.activeElement), true);
  assert.deepEqual(faults, []);
  await context.close();
});

test('the kinds of models can be chosen', { timeout: 60_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url);
  await id(page, 'sample-fraud').click();
  await id(page, 'target-select').waitFor();
  await page.getByText('More settings').click();
  await page.getByText(/^Kinds of models/).click();
  await id(page, 'reproducible').check();
  const boxes = page.locator('.learner input');
  const count = await boxes.count();
  assert.ok(count >= 6);
  assert.equal(await id(page, 'learner-ridge').count(), 0, 'ridge regression does not classify');
  await portraits(page, 'learners', page.locator('.learners'));
  for (let i = 0; i < count; i += 1) {
    if (await boxes.nth(i).isEnabled()) await boxes.nth(i).uncheck();
  }
  await id(page, 'start-search').click();
  await alerted(page, 'No kind of model is chosen');
  await id(page, 'learner-naive_bayes').check();
  await id(page, 'max-trials-input').fill('3');
  await id(page, 'start-search').click();
  await finished(page);
  const titles = await id(page, 'leaderboard-row').locator('.link').allInnerTexts();
  assert.deepEqual([...new Set(titles)].filter((t) => !/blend|ensemble/i.test(t)).sort(), ['Guessing', 'Naive Bayes']);
  assert.deepEqual(faults, []);
  await context.close();
});

test('what-if sliders predict as they move', { timeout: 90_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url);
  await id(page, 'sample-churn').click();
  await id(page, 'target-select').waitFor();
  await search(page, { models: '4' });
  await finished(page);
  const form = id(page, 'predict-form');
  const slider = form.locator('input[type=range]').first();
  assert.equal(await form.locator('input[type=range][name]').count(), 0, 'a slider bears a name');
  const field = slider.locator('xpath=..');
  const number = field.locator('input[name]');
  const result = id(page, 'predict-result');
  const exact = () => result.getAttribute('data-probabilities');
  const before = await number.inputValue();
  assert.equal(await result.locator('.answer').count(), 0);
  await slider.focus();
  await page.keyboard.press('End');
  await result.locator('.answer').waitFor();
  assert.notEqual(await number.inputValue(), before);
  const atEnd = await exact();
  // Many moves in a row: the last one counts.
  for (let i = 0; i < 40; i += 1) await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Home');
  await page.waitForTimeout(1_000);
  const atHome = await exact();
  assert.notEqual(atHome, atEnd);
  await form.getByRole('button', { name: 'Predict this row' }).click();
  await page.waitForTimeout(500);
  assert.equal(await exact(), atHome);
  // The number moves the slider, and is predicted on change now.
  await number.fill(before);
  await page.waitForTimeout(500);
  assert.notEqual(await exact(), atHome);
  assert.equal(Number(await slider.inputValue()).toFixed(0), Number(before).toFixed(0));
  const list = form.locator('select').first();
  const options = await list.locator('option').allInnerTexts();
  const old = await exact();
  await list.selectOption({ label: options.at(-2) });
  await page.waitForTimeout(500);
  assert.notEqual(await exact(), old);
  await portraits(page, 'sliders', form.locator('summary'));
  assert.deepEqual(faults, []);
  await context.close();
});

test('without a network all but the samples works', { timeout: 120_000 }, async () => {
  const { page, context } = await openPage(browser, server.url);
  let sent = 0;
  context.on('request', (request) => {
    sent += request.postDataBuffer()?.length ?? 0;
  });
  await id(page, 'file-input').waitFor({ state: 'attached' });
  // The engine has been loaded once it has answered something.
  await drop(page, 'first.csv', 'a,b\n1,x\n2,y\n3,x\n4,y\n');
  await id(page, 'target-select').waitFor();
  await page.getByText('Open another table').click();
  await context.setOffline(true);
  await id(page, 'sample-churn').click();
  await alerted(page, "lies on this page's server");
  await portraits(page, 'offline');
  await id(page, 'file-input').setInputFiles(churn);
  await page.getByText('5,000 rows × 20 columns').waitFor();
  assert.equal(await page.getByRole('alert').filter({ hasText: 'sample' }).count(), 0);
  await id(page, 'budget-input').fill('60');
  await id(page, 'start-search').click();
  await id(page, 'leaderboard-row').nth(2).waitFor({ timeout: 30_000 });
  // Workers are ended and started afresh: from memory.
  await id(page, 'stop-search').click();
  await finished(page);
  assert.match(await id(page, 'verdict').innerText(), /Guessing/);
  await id(page, 'predict-form').getByRole('button', { name: 'Predict this row' }).click();
  await id(page, 'predict-result').locator('.answer').waitFor();
  await download(page, 'offline.trellis', () => id(page, 'download-model').click());
  assert.equal(sent, 0);
  assert.equal(await id(page, 'bytes-sent').innerText(), `${sent} bytes sent`);
  await context.close();
});

test('an engine that cannot start says so', { timeout: 60_000 }, async () => {
  const prepare = (context) => context.route('**/worker_bg.wasm', (route) => route.abort());
  const { page, context } = await openPage(browser, server.url, { prepare });
  await alerted(page, 'The engine could not be started');
  await page.getByRole('button', { name: 'Load the page again' }).waitFor();
  await portraits(page, 'no-engine');
  // A table that is dropped all the same is not read for ever.
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await drop(page, 'a.csv', 'a,b\n1,2\n');
  await alerted(page, 'The engine could not be started');
  await id(page, 'reading').waitFor({ state: 'detached' });
  await context.unroute('**/worker_bg.wasm');
  await page.getByRole('button', { name: 'Load the page again' }).click();
  await id(page, 'sample-fraud').click();
  await page.getByText('1,000 rows × 19 columns').waitFor();
  await context.close();
});

test('an engine that breaks down is started again', { timeout: 60_000 }, async () => {
  const { page, context } = await openPage(browser, server.url);
  await id(page, 'sample-fraud').click();
  await id(page, 'target-select').waitFor();
  const [conductor] = page.workers();
  await conductor.evaluate(() => void setTimeout(() => { throw new Error('out of memory'); }));
  await alerted(page, 'The engine broke down and was started again');
  await portraits(page, 'broken');
  await page.getByRole('button', { name: 'Open fraud.csv again' }).click();
  await page.getByText('1,000 rows × 19 columns').waitFor();
  assert.equal(await page.getByRole('alert').filter({ hasText: 'broke down' }).count(), 0);
  await search(page, { models: '3' });
  await finished(page);
  await context.close();
});

test('files that are no table are refused, and what was open stays', { timeout: 60_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url);
  const png = Buffer.concat([Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), Buffer.alloc(5_000, 7)]);
  for (const [name, content, words] of [
    ['empty.csv', '', 'The file is empty'],
    ['picture.png', png, 'a picture (PNG)'],
    ['sheet.xlsx', Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(900)]), 'Excel workbook'],
    ['table.parquet', Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(900)]), 'is Parquet, which this page does not read'],
  ]) {
    await drop(page, name, content);
    await alerted(page, words);
    await portraits(page, `refused-${name.split('.')[1]}`);
  }
  // Dropped on an open table.
  await id(page, 'sample-fraud').click();
  await page.getByText('1,000 rows × 19 columns').waitFor();
  const data = await page.evaluateHandle((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], 'picture.png'));
    return transfer;
  }, [...png]);
  await page.dispatchEvent('main', 'drop', { dataTransfer: data });
  await alerted(page, 'a picture (PNG)');
  assert.equal(await page.locator('#data-title').innerText(), 'fraud.csv');
  await shot(page, 'refused-drop', true);
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await search(page, { models: '2' });
  await finished(page);
  assert.deepEqual(faults, []);
  await context.close();
});

test('a target or a search that cannot be says why', { timeout: 60_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url, PHONE);
  await drop(page, 'one.csv', `a,b,c\n${'1,x,2\n2,x,1\n3,x,2\n4,x,1\n'.repeat(20)}`);
  await id(page, 'target-select').waitFor();
  const asked = await id(page, 'target-select').inputValue();
  await id(page, 'target-select').selectOption('b');
  await alerted(page, 'only one value');
  assert.equal(await id(page, 'target-select').inputValue(), asked);
  await portraits(page, 'one-class');
  // With nothing to learn from, the verdict says so.
  await page.getByText('More settings').click();
  await page.getByText('Columns to ignore').click();
  for (const box of await page.locator('.checks input').all()) await box.check();
  await id(page, 'budget-input').fill('');
  await id(page, 'max-trials-input').fill('2');
  await id(page, 'start-search').click();
  await finished(page);
  await page.getByText('No column is left to predict from').waitFor();
  await portraits(page, 'no-features');
  await page.getByText('Open another table').click();
  await drop(page, 'few.csv', 'a,b\n1,x\n2,y\n3,x\n4,y\n');
  await id(page, 'target-select').waitFor();
  await id(page, 'start-search').click();
  await alerted(page, 'Only 4 rows have a value');
  await portraits(page, 'too-few-rows');
  assert.equal(await id(page, 'start-search').isEnabled(), true);
  assert.deepEqual(faults, []);
  await context.close();
});

test('why there is no graphics card can be read by keyboard and touch', { timeout: 30_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url, PHONE);
  await id(page, 'backend-chip').focus();
  await page.keyboard.press('Enter');
  await page.getByText('nobody has asked yet').waitFor();
  await portraits(page, 'backend');
  await page.keyboard.press('Escape');
  await page.getByText('nobody has asked yet').waitFor({ state: 'hidden' });
  await id(page, 'bytes-sent').click();
  await page.getByText('counted where requests are made').waitFor();
  await shot(page, 'bytes-sent');
  assert.deepEqual(faults, []);
  await context.close();
});

test('a large table is predicted in parts, as the command line does, and can be given up', { timeout: 120_000 }, async () => {
  const { page, context, faults } = await openPage(browser, server.url);
  await id(page, 'sample-churn').click();
  await id(page, 'target-select').waitFor();
  await search(page, { models: '3' });
  await finished(page);
  const [head, ...rows] = readFileSync(churn, 'utf8').trimEnd().split('\n');
  const tableOf = (name, times) => {
    const path = join(scratch, name);
    writeFileSync(path, `${head}\n${`${rows.join('\n')}\n`.repeat(times)}`);
    return path;
  };
  const input = id(page, 'download-predictions');
  // Long enough to be given up in the middle, however quick the model is.
  await input.setInputFiles(tableOf('endless.csv', 200));
  await page.getByText(/Predicted [\d,]+ of 1,000,000 rows/).waitFor();
  await portraits(page, 'predicting', id(page, 'predicting'));
  await id(page, 'stop-predicting').click();
  await id(page, 'predicting').waitFor({ state: 'detached' });
  const model = await download(page, 'many.trellis', () => id(page, 'download-model').click());
  const path = tableOf('many.csv', 40);
  const table = await download(page, 'many.csv.out', () => input.setInputFiles(path));
  assert.ok(readFileSync(table, 'utf8') === run('predict', model, path, '--out', '-', '--quiet'), 'the files differ');
  assert.equal(await id(page, 'predicting').count(), 0);
  assert.deepEqual(faults, []);
  await context.close();
});
