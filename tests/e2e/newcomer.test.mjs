// What somebody meets who builds a first pipeline: tables that show themselves, what is missing, what is wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alerted, id, portraits, useServerAndBrowser } from './harness.mjs';
import { accessible, link, node, openBuilder, openDocument, pipeline, size } from './studio.mjs';

useServerAndBrowser();
const SHOP = 'shop;sold\nnorth;3\nnorth;5\nsouth;9\n';
const csv = (name, text) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(text) });
const kind = (page, id) => page.locator(`[data-testid=palette] [data-kind="${id}"]`);
const paste = (more, wires) => pipeline({ data: ['source.paste', { text: SHOP }], ...more }, wires);

test('a table shows itself as soon as it is there, and its columns can be chosen', { timeout: 90_000 }, async () => {
  const { page, context, faults } = await openBuilder();
  assert.ok(await id(page, 'run-all').isDisabled());
  assert.match(await id(page, 'run-all').getAttribute('title'), /add a node/);
  await id(page, 'begin-file').setInputFiles(csv('shop.csv', SHOP));
  await id(page, 'preview-table').getByText('south').waitFor({ timeout: 30_000 });
  assert.match(await size(page), /3 rows × 2 columns/);
  assert.equal(await node(page, 'file-1').getAttribute('data-state'), 'ready');
  await node(page, 'file-1').getByText('3 rows × 2 columns').waitFor();
  assert.ok(await id(page, 'run-all').isEnabled());
  await kind(page, 'automl.search').click();
  await id(page, 'inspector').locator('[data-param=target] option').filter({ hasText: 'sold' }).first().waitFor({ state: 'attached' });

  await kind(page, 'source.paste').click();
  await id(page, 'inspector').locator('[data-param=text] textarea').fill('town,size\nBern,4\nUri,7\n');
  await id(page, 'preview-table').getByText('Bern').waitFor();
  await id(page, 'inspector').locator('[data-param=text] textarea').fill('town,size\nGenf,4\n');
  await id(page, 'preview-table').getByText('Genf').waitFor();

  await kind(page, 'source.sample').click();
  await id(page, 'preview-table').getByText('Genf').waitFor({ state: 'detached' });
  await id(page, 'preview-table').waitFor({ timeout: 30_000 });
  assert.equal(await page.locator('[data-state=done]').count(), 0);
  assert.deepEqual(faults, []);
  await context.close();
});

test('a link fetches no sample by itself', { timeout: 60_000 }, async () => {
  const drawn = pipeline({ data: ['source.sample', { sample: 'churn' }] });
  const { page, context } = await openBuilder({ path: `/#p=${link(drawn)}` });
  const fetched = [];
  page.on('request', (request) => fetched.push(request.url()));
  await node(page, 'data').click();
  await id(page, 'preview').getByText('is not here yet').waitFor();
  await page.waitForTimeout(600);
  assert.deepEqual(fetched.filter((url) => url.includes('/samples/')), []);
  await context.close();
});

test('a table that was refused is not tried again by a reload', { timeout: 60_000 }, async () => {
  const { page, context } = await openBuilder();
  await id(page, 'begin-file').setInputFiles(csv('empty.csv', 'a,b\n'));
  await alerted(page, /row/);
  await page.waitForTimeout(900);
  await page.reload();
  await node(page, 'file-1').waitFor();
  await page.waitForTimeout(900);
  assert.equal(await page.getByRole('alert').count(), 0);
  await context.close();
});

test('a judge of a model is connected to the test rows, and stands free', { timeout: 60_000 }, async () => {
  const drawn = paste({ split: ['table.split'], model: ['learner.ridge', { target: 'sold' }] }, [
    ['data.table', 'split.table'],
    ['split.train', 'model.table'],
  ]);
  const { page, context } = await openBuilder({ path: `/#p=${link(drawn)}` });
  await node(page, 'model').click();
  await kind(page, 'model.evaluate').click();
  await node(page, 'evaluate-1').waitFor();
  const { wires } = (await openDocument(page)).pipeline;
  const into = (name) => wires.filter((w) => w[2] === name).map((w) => `${w[0]}.${w[1]} ${w[3]}`).sort();
  assert.deepEqual(into('evaluate-1'), ['model.model model', 'split.test table']);
  const overlaps = await page.evaluate(() => {
    const boxes = [...document.querySelectorAll('.canvas .node-card, .canvas .port-name')].map((e) => [e.textContent, e.getBoundingClientRect(), e]);
    const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    const isNew = (e) => e.closest('[data-node=evaluate-1]') !== null;
    return boxes.filter((b) => isNew(b[2])).flatMap(([a, x]) => boxes.filter(([, y, e]) => !isNew(e) && y.width > 0 && meet(x, y)).map(([b]) => `${a} | ${b}`));
  });
  assert.deepEqual(overlaps, []);
  await portraits(page, 'newcomer-judges');
  await context.close();
});

test('a run of everything says what was not run, and why', { timeout: 60_000 }, async () => {
  const drawn = paste({ sort: ['table.sort', { keys: [{ column: 'sold' }] }], join: ['table.join'] }, [
    ['data.table', 'sort.table'],
    ['data.table', 'join.left'],
  ]);
  const { page, context } = await openBuilder({ path: `/#p=${link(drawn)}` });
  await id(page, 'run-link').click();
  const left = id(page, 'passed-over');
  await left.getByText('Join was not run.').waitFor({ timeout: 30_000 });
  assert.match(await left.innerText(), /Nothing is connected to "Right table"/);
  await accessible(page, 'what was not run');
  await portraits(page, 'newcomer-passed-over');
  await left.getByRole('button', { name: 'Show it: Join' }).click();
  await id(page, 'inspector').getByText('Nothing is connected to "Right').first().waitFor();
  await node(page, 'join').click();
  await page.keyboard.press('Delete');
  await node(page, 'join').waitFor({ state: 'detached' });
  await left.waitFor({ state: 'detached' });
  await context.close();
});

test('an address that waits offers to be fetched', { timeout: 60_000 }, async () => {
  const drawn = pipeline({ far: ['source.url', { url: 'https://shops.example/a.csv' }] });
  const { page, context, faults } = await openBuilder({ path: `/#p=${link(drawn)}` });
  await node(page, 'far').click();
  assert.equal(await id(page, 'fetch-here').innerText(), 'Fetch it from shops.example');
  assert.doesNotMatch(await id(page, 'preview').innerText(), /Run the pipeline/);
  assert.deepEqual(faults, []);
  await context.close();
});

test('a wrong wire is red and says why, and what a union puts together has an order', { timeout: 60_000 }, async () => {
  const more = { other: ['source.paste', { text: 'shop;sold\nwest;1\n' }], both: ['table.union'], compare: ['model.compare'] };
  const drawn = paste(more, [
    ['data.table', 'both.tables'],
    ['other.table', 'both.tables'],
    ['data.table', 'compare.scores'],
  ]);
  const { page, context } = await openBuilder({ path: `/#p=${link(drawn)}` });
  const wrong = page.locator('.wire.faulty');
  await wrong.waitFor({ state: 'attached' });
  assert.equal(await page.locator('.wire').count() - (await wrong.count()), 2);
  const bad = await page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = 'var(--bad)';
    return [getComputedStyle(probe).color, getComputedStyle(document.querySelector('.wire.faulty .wire-line')).stroke];
  });
  assert.equal(bad[0], bad[1]);
  assert.match(await wrong.getAttribute('aria-label'), /table/i);
  await id(page, 'run-link').click();
  await node(page, 'both').click();
  await id(page, 'preview-table').getByText('west').waitFor({ timeout: 30_000 });
  const first = () => id(page, 'preview-table').locator('[role=cell]').first().innerText();
  const before = await first();
  const order = id(page, 'order');
  assert.deepEqual(await order.locator('li .small').allInnerTexts(), ['Pasted table (data)', 'Pasted table (other)']);
  await portraits(page, 'newcomer-order');
  await order.getByRole('button', { name: /^Move .* down$/ }).first().click();
  assert.equal((await openDocument(page)).pipeline.nodes.both.params.order.length, 2);
  await id(page, 'run-to-here').click();
  await page.waitForFunction((before) => {
    const cell = document.querySelector('[data-testid=preview-table] [role=cell]');
    return cell && cell.textContent !== before;
  }, before);
  await context.close();
});

test('menus close after a choice', { timeout: 60_000 }, async () => {
  const { page, context } = await openBuilder({ touch: true, path: `/#p=${link(paste({}, []))}` });
  await page.locator('[popovertarget=file-panel]').click();
  await id(page, 'save-pipeline').click();
  await id(page, 'save-pipeline').waitFor({ state: 'hidden' });
  await page.setViewportSize({ width: 390, height: 844 });
  await id(page, 'more-tools').tap();
  await id(page, 'outline-toggle').tap();
  await id(page, 'outline-toggle').waitFor({ state: 'hidden' });
  await id(page, 'more-tools').tap();
  await page.locator('[popovertarget=file-panel]').tap();
  await portraits(page, 'newcomer-file');
  await context.close();
});
