// The pipeline builder around its canvas: templates, palette, inspector, preview, files, autosave.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { alerted, download, id, portraits, server, useServerAndBrowser } from './harness.mjs';
import { accessible, link, node, openBuilder, openDocument, pipeline, size } from './studio.mjs';

useServerAndBrowser();
const SHOP = 'shop;sold\nnorth;3\nnorth;5\nsouth;9\n';
const paste = (more = {}, wires = []) => pipeline({ data: ['source.paste', { text: SHOP }], ...more }, wires);

test('a template is run to its chart and its verdict', { timeout: 180_000 }, async () => {
  const { page, context, faults } = await openBuilder();
  await accessible(page, 'an empty canvas');
  await portraits(page, 'studio-empty');
  await id(page, 'begin-template').click();
  await accessible(page, 'templates');
  await id(page, 'template-churn').click();
  await node(page, 'search').waitFor();
  await id(page, 'story').getByText('1 of 3.').waitFor();
  assert.equal(await id(page, 'pipeline-title').inputValue(), 'Which customers will leave?');

  await id(page, 'run-all').click();
  await node(page, 'chart').click();
  await id(page, 'chart').locator('svg rect').first().waitFor({ timeout: 60_000 });
  await page.locator('.chart-area').first().focus();
  await page.keyboard.press('ArrowRight');
  assert.match(await id(page, 'chart-reading').innerText(), /no: 4,?293/);
  const svg = readFileSync(await download(page, 'chart.svg', () => page.getByRole('button', { name: /^Save as SVG/ }).click()), 'utf8');
  assert.match(svg, /^<svg .*<rect.*<\/svg>$/s);
  assert.doesNotMatch(svg, /var\(/);
  assert.match(readFileSync(await download(page, 'chart.csv', () => page.getByRole('button', { name: /^Save as CSV/ }).click()), 'utf8'), /4293/);
  await download(page, 'chart.png', () => page.getByRole('button', { name: /^Save as PNG/ }).click());

  await id(page, 'run-all').waitFor({ timeout: 120_000 });
  await node(page, 'search').click();
  await id(page, 'flow-verdict').waitFor({ timeout: 60_000 });
  await node(page, 'evaluate').click();
  await id(page, 'score').first().waitFor();
  await accessible(page, 'a run');
  await portraits(page, 'studio-run');
  await node(page, 'search').click();
  await id(page, 'use-model').click();
  await id(page, 'predict-form').waitFor();
  await page.goBack();
  await node(page, 'search').waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test('a node comes from the palette, is set, and changes are taken back', { timeout: 60_000 }, async () => {
  const { page, context, faults } = await openBuilder({ path: `/#p=${link(paste())}` });
  await id(page, 'link-bar').waitFor();
  await page.getByLabel('Search kinds of nodes').fill('divide train');
  await page.keyboard.press('Enter');
  await node(page, 'split-1').waitFor();
  const share = id(page, 'inspector').locator('[data-param=share] input[type=text]');
  await share.fill('0,4');
  await share.blur();
  assert.equal((await openDocument(page)).pipeline.nodes['split-1'].params.share, 0.4);
  await share.fill('7');
  await share.blur();
  await id(page, 'inspector').getByText('Write a number from 0 to 1.').waitFor();
  assert.equal((await openDocument(page)).pipeline.nodes['split-1'].params.share, 0.4);
  await id(page, 'undo').click();
  assert.equal((await openDocument(page)).pipeline.nodes['split-1'].params?.share, undefined);
  await id(page, 'redo').click();
  assert.equal((await openDocument(page)).pipeline.nodes['split-1'].params.share, 0.4);
  await page.getByRole('button', { name: 'Reset Share of test rows to its default' }).click();
  assert.equal((await openDocument(page)).pipeline.nodes['split-1'].params?.share, undefined);
  await page.getByRole('button', { name: 'History' }).click();
  await id(page, 'history').getByText('As it was opened').click();
  await node(page, 'split-1').waitFor({ state: 'detached' });
  assert.deepEqual(faults, []);
  await context.close();
});

test('fields follow the columns that come in, and findings stand beside them', { timeout: 60_000 }, async () => {
  const document = paste({ sums: ['table.group', {}], bars: ['chart.bar', { category: 'shpo' }] }, [
    ['data.table', 'sums.table'],
    ['data.table', 'bars.table'],
  ]);
  const { page, context } = await openBuilder({ path: `/#p=${link(document)}` });
  await node(page, 'bars').click();
  const inspector = id(page, 'inspector');
  await inspector.locator('[data-param=category]').getByText('Did you mean "shop"?').waitFor();
  await inspector.locator('[data-param=category] select').selectOption('shop');
  await inspector.locator('[data-param=category] .field-error').waitFor({ state: 'detached' });
  await id(page, 'run-to-here').click();
  await id(page, 'chart').locator('svg rect').first().waitFor({ timeout: 30_000 });
  await node(page, 'data').click();
  await id(page, 'preview-table').getByText('north').first().waitFor();
  assert.match(await size(page), /3 rows × 2 columns/);
  await context.close();
});

test('a file that is dropped becomes a node, and a reload brings it back', { timeout: 90_000 }, async () => {
  const { page, context, faults } = await openBuilder();
  await id(page, 'begin-file').setInputFiles({ name: 'shop.csv', mimeType: 'text/csv', buffer: Buffer.from(SHOP) });
  await node(page, 'file-1').waitFor();
  await id(page, 'run-all').click();
  await node(page, 'file-1').click();
  await id(page, 'preview-table').getByText('south').waitFor({ timeout: 30_000 });
  await page.waitForTimeout(800);
  await page.reload();
  await id(page, 'returned').waitFor();
  await node(page, 'file-1').click();
  await id(page, 'run-to-here').click();
  await id(page, 'preview-table').getByText('south').waitFor({ timeout: 30_000 });
  await id(page, 'discard').click();
  await node(page, 'file-1').waitFor({ state: 'detached' });
  await page.waitForTimeout(800);
  await page.reload();
  await id(page, 'begin').waitFor();
  assert.equal(await id(page, 'returned').count(), 0);
  assert.deepEqual(faults, []);
  await context.close();
});

test('pipelines and projects are saved and opened', { timeout: 90_000 }, async () => {
  const first = await openBuilder();
  await id(first.page, 'begin-file').setInputFiles({ name: 'shop.csv', mimeType: 'text/csv', buffer: Buffer.from(SHOP) });
  await node(first.page, 'file-1').waitFor();
  await id(first.page, 'pipeline-title').fill('Shops');
  const before = await openDocument(first.page);
  await first.page.locator('[popovertarget=file-panel]').click();
  const pretty = await download(first.page, 'shops.trellis.json', () => id(first.page, 'save-pipeline').click());
  assert.match(readFileSync(pretty, 'utf8'), /^\{\n {2}"format": "trellis.pipeline"/);
  await first.page.locator('[popovertarget=file-panel]').click();
  const project = await download(first.page, 'shops.trellis', () => id(first.page, 'save-project').click());
  assert.equal(readFileSync(project).subarray(0, 4).toString('latin1'), 'PK\x03\x04');
  await first.context.close();

  const { page, context, faults } = await openBuilder();
  await id(page, 'open-file').setInputFiles(pretty);
  await node(page, 'file-1').waitFor();
  assert.deepEqual(await openDocument(page), before);
  await id(page, 'new-pipeline').dispatchEvent('click');
  await node(page, 'file-1').waitFor({ state: 'detached' });
  await id(page, 'open-file').setInputFiles(project);
  await node(page, 'file-1').click();
  await id(page, 'run-to-here').click();
  await id(page, 'preview-table').getByText('south').waitFor({ timeout: 30_000 });

  const bytes = readFileSync(project);
  bytes[60] ^= 0xff;
  await id(page, 'open-file').setInputFiles({ name: 'broken.trellis', mimeType: 'application/zip', buffer: bytes });
  await alerted(page, /damaged|cannot be read/);
  await node(page, 'file-1').waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test('an expression is completed by the columns, and what is wrong with it is said', { timeout: 60_000 }, async () => {
  const document = paste({ keep: ['table.filter', {}] }, [['data.table', 'keep.table']]);
  const second = await openBuilder({ path: `/#p=${link(document)}` });
  await node(second.page, 'keep').click();
  const box = id(second.page, 'expression').first();
  await box.click();
  await box.pressSequentially('so');
  await id(second.page, 'completions').getByRole('option', { name: /^sold/ }).waitFor();
  await second.page.keyboard.press('Enter');
  assert.match(await box.inputValue(), /sold/);
  await box.pressSequentially(' > > 3');
  await id(second.page, 'inspector').locator('.field-error').filter({ hasText: /\w/ }).first().waitFor();
  await second.context.close();
});

test('a habit from spreadsheets is explained, and mended by one click', { timeout: 60_000 }, async () => {
  const document = paste({ keep: ['table.filter', { where: '=sold > 3,5' }] }, [['data.table', 'keep.table']]);
  const { page, context, faults } = await openBuilder({ path: `/#p=${link(document)}` });
  await node(page, 'keep').click();
  await id(page, 'expression-error').getByText('An expression has no = before it.').waitFor();
  assert.equal(await id(page, 'instead').innerText(), 'sold > 3.5');
  await accessible(page, 'a habit');
  await id(page, 'use-instead').click();
  await id(page, 'instead').waitFor({ state: 'detached' });
  assert.equal((await openDocument(page)).pipeline.nodes.keep.params.where, 'sold > 3.5');
  await id(page, 'undo').click();
  await id(page, 'instead').waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test('functions are searched, read and put in by keys', { timeout: 60_000 }, async () => {
  const document = paste({ keep: ['table.filter', { where: 'sold > 3 and ' }] }, [['data.table', 'keep.table']]);
  const { page, context } = await openBuilder({ path: `/#p=${link(document)}` });
  await node(page, 'keep').click();
  await id(page, 'list-functions').press('Enter');
  const functions = id(page, 'functions');
  await functions.getByText('Between values').waitFor();
  await accessible(page, 'the functions');
  await page.keyboard.type('starts');
  await functions.getByRole('option', { name: /starts_with\(text, part\).*true/s }).waitFor();
  await page.keyboard.press('Enter');
  await functions.waitFor({ state: 'detached' });
  assert.equal(await id(page, 'expression').inputValue(), 'sold > 3 and starts_with(');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'expression');
  // The first Escape closes what is suggested.
  await page.keyboard.press('Escape');
  await id(page, 'list-functions').click();
  await functions.waitFor();
  await page.keyboard.press('Escape');
  await functions.waitFor({ state: 'detached' });
  await context.close();
});

test('words of the field are explained by pointer, keys and touch', { timeout: 60_000 }, async () => {
  const { page, context } = await openBuilder({ path: `/#p=${link(paste())}` });
  await node(page, 'data').click();
  const word = id(page, 'inspector').getByRole('button', { name: 'What is Bypass?' });
  await word.hover();
  await page.getByRole('tooltip').getByText('what comes in goes on untouched').waitFor();
  await page.mouse.move(700, 300);
  await page.getByRole('tooltip').waitFor({ state: 'detached' });
  await word.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('tooltip').waitFor();
  assert.equal(await word.getAttribute('aria-expanded'), 'true');
  await accessible(page, 'an explanation');
  await page.keyboard.press('Escape');
  await page.getByRole('tooltip').waitFor({ state: 'detached' });
  await context.close();
});

test('a chart has the room of its pane, and a full view', { timeout: 60_000 }, async () => {
  const document = paste({ bars: ['chart.bar', { category: 'shop' }] }, [['data.table', 'bars.table']]);
  const { page, context } = await openBuilder({ path: `/#p=${link(document)}` });
  await node(page, 'bars').click();
  await id(page, 'run-to-here').click();
  const drawn = id(page, 'chart').locator('.chart-area').first().locator('svg');
  await drawn.waitFor({ timeout: 30_000 });
  const [pane, box] = [await id(page, 'preview').boundingBox(), await drawn.boundingBox()];
  assert.ok(box.width > 0.8 * pane.width && box.y + box.height <= pane.y + pane.height, JSON.stringify([pane, box]));
  await id(page, 'chart-full').click();
  const large = page.locator('.chart-large svg').first();
  await large.waitFor();
  const full = await large.boundingBox();
  assert.ok(full.height > 1.5 * box.height, JSON.stringify([full, box]));
  await page.keyboard.press('Escape');
  await large.waitFor({ state: 'hidden' });
  await context.close();
});

test('everything is reached by keys, and the tour is shown once', { timeout: 60_000 }, async () => {
  const { page, context } = await openBuilder({ prepare: (c) => c.addInitScript(() => localStorage.removeItem('trellis-tour')) });
  await id(page, 'tour').waitFor();
  await accessible(page, 'the tour');
  for (let stop = 0; stop < 5; stop += 1) await id(page, 'tour-next').click();
  await id(page, 'tour').waitFor({ state: 'detached' });
  await id(page, 'help').click();
  await page.getByTestId('tour-skip').press('Enter');
  await id(page, 'tour').waitFor({ state: 'detached' });
  const kind = page.locator('[data-testid=palette] [data-kind="source.paste"]');
  await kind.focus();
  await page.keyboard.press('Enter');
  await node(page, 'paste-1').waitFor();
  await page.keyboard.press('Control+z');
  await node(page, 'paste-1').waitFor({ state: 'detached' });
  await context.close();
  assert.ok(server.url);
});
