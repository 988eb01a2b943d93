// Links: they hold the whole pipeline, open without doing anything, and lose nothing when they are damaged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { id, portraits, server, useServerAndBrowser } from './harness.mjs';
import { link, node, openBuilder, openDocument, pipeline, unlink } from './studio.mjs';

useServerAndBrowser();
const SHOP = 'shop;sold\nnorth;3\nnorth;5\nsouth;9\n';
const shops = pipeline({ data: ['source.paste', { text: SHOP }], split: ['table.split', {}] }, [['data.table', 'split.table']], 'Shops');
const url = async (page) => id(page, 'share-url').inputValue();
const leave = (page, hash) => page.evaluate((h) => (location.hash = h), hash);

test('a link opens the same pipeline elsewhere, and nothing is run or fetched', { timeout: 60_000 }, async () => {
  const first = await openBuilder({ path: `/#p=${link(shops)}` });
  await node(first.page, 'split').waitFor();
  await id(first.page, 'share-link').click();
  const shared = await url(first.page);
  await first.page.getByText(/\d+ characters\./).waitFor();
  const document = await openDocument(first.page);
  await first.context.close();

  const asked = [];
  const { page, context, faults } = await openBuilder({
    path: shared.slice(server.url.length),
    prepare: (c) => c.on('request', (r) => asked.push(r.url())),
  });
  await node(page, 'split').waitFor();
  assert.deepEqual(await openDocument(page), document);
  await id(page, 'link-bar').getByText('Nothing has been run or fetched.').waitFor();
  assert.equal(asked.filter((u) => u.includes('/samples/')).length, 0);
  await id(page, 'run-link').click();
  await node(page, 'data').click();
  await id(page, 'preview-table').getByText('south').waitFor({ timeout: 30_000 });
  assert.deepEqual(faults, []);
  await context.close();
});

test('a link says what it would do, and an address waits for a click', { timeout: 60_000 }, async () => {
  const outside = pipeline({
    a: ['source.url', { url: 'https://example.com/t.csv' }],
    b: ['source.sample', { sample: 'churn' }],
    c: ['automl.search', { target: 'x', budget_secs: 60 }],
  });
  const { page, context, faults } = await openBuilder({ path: `/#p=${link(outside)}` });
  const bar = id(page, 'link-bar');
  await bar.getByText(/fetch a table from example\.com.*open the sample "churn".*search for the best model for 60 s/).waitFor();
  await node(page, 'a').click();
  await id(page, 'fetch-address').getByText('Fetch the table from example.com').waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test('damaged, newer and hostile links are told of, and what was open stays', { timeout: 90_000 }, async () => {
  const { page, context, faults } = await openBuilder({ path: `/#p=${link(shops)}` });
  await node(page, 'split').waitFor();
  const good = link(shops);
  const bomb = link({ ...shops, pipeline: { ...shops.pipeline, title: 'x'.repeat(3 << 20) } });
  const bad = [
    [good.slice(0, good.length / 2), 'Links are cut short by some programs'],
    [`9${good.slice(1)}`, 'newer Trellis'],
    ['1AAAA', 'cannot be read'],
    ['', 'no link to a pipeline'],
    [bomb, 'more than a pipeline may'],
    [link({ ...shops, version: 2 }), 'newer Trellis'],
    [link(pipeline({ '../x"><img src=x onerror=alert(1)>': ['a'] })), 'cannot be the id'],
  ];
  for (const [text, said] of bad) {
    await leave(page, `p=${text}`);
    await id(page, 'link-refused').getByText(said).first().waitFor();
    await id(page, 'leave-refused').click();
    await node(page, 'split').waitFor();
    assert.equal((await openDocument(page)).pipeline.title, 'Shops');
  }
  // And where the page is opened by one: what the last visit left does not cover what is said.
  await page.waitForTimeout(900);
  await page.goto(`${server.url}/?again#p=1AAAA`);
  await id(page, 'link-refused').getByText('cannot be read').first().waitFor();
  await id(page, 'link-refused').getByText('Back to my pipeline').waitFor();
  await portraits(page, 'links-refused');
  await id(page, 'leave-refused').click();
  await node(page, 'split').waitFor();
  await leave(page, `p=${link(pipeline({ only: ['source.paste', {}] }))}`);
  await node(page, 'only').waitFor();
  await id(page, 'go-back').click();
  await node(page, 'split').waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test('a result is replayed with the same data, and told apart with other data', { timeout: 120_000 }, async () => {
  const rows = Array.from({ length: 120 }, (_, i) => `${i % 7},${i % 3},${(i % 7) + (i % 3) > 4 ? 'yes' : 'no'}`);
  const table = (lines) => `a,b,c\n${lines.join('\n')}\n`;
  const model = pipeline({ data: ['source.file', { name: 't.csv' }], model: ['learner.logistic', { target: 'c' }] }, [['data.table', 'model.table']]);
  const give = async (page, lines) => {
    await node(page, 'data').click();
    await id(page, 'source-file-input').setInputFiles({ name: 't.csv', mimeType: 'text/csv', buffer: Buffer.from(table(lines)) });
  };
  const first = await openBuilder({ path: `/#p=${link(model)}` });
  await give(first.page, rows);
  await id(first.page, 'run-link').click();
  await node(first.page, 'model').click();
  await first.page.locator('[data-testid=preview] [data-port=scores]').click();
  await id(first.page, 'score').first().waitFor({ timeout: 60_000 });
  await id(first.page, 'share-link').click();
  await id(first.page, 'share-result').check();
  const shared = await url(first.page);
  assert.match(shared, /&r=/);
  assert.ok(unlink(new URL(shared).hash.match(/p=([^&]*)/)[1]).pipeline.nodes.model);
  await first.context.close();

  for (const [lines, equal] of [[rows, 'true'], [rows.slice(5), 'false']]) {
    const { page, context } = await openBuilder({ path: shared.slice(server.url.length) });
    await give(page, lines);
    await id(page, 'run-link').click();
    await id(page, 'replay-result').waitFor({ timeout: 60_000 });
    assert.equal(await id(page, 'replay-result').getAttribute('data-equal'), equal);
    await context.close();
  }
  const broken = await openBuilder({ path: `${shared.slice(server.url.length).slice(0, -7)}` });
  await id(broken.page, 'link-bar').getByText('The link holds a result that cannot be read').waitFor();
  await node(broken.page, 'model').waitFor();
  await broken.context.close();
});

test('an embedded pipeline is canvas and preview, with a way to the whole', { timeout: 60_000 }, async () => {
  const { page, context, faults } = await openBuilder({ path: `/?embed=1#p=${link(shops)}`, embed: true });
  await node(page, 'split').waitFor();
  assert.equal(await id(page, 'palette').count(), 0);
  assert.equal(await id(page, 'undo').count(), 0);
  const whole = await id(page, 'open-in-trellis').getAttribute('href');
  assert.doesNotMatch(whole, /embed/);
  assert.equal(unlink(new URL(whole).hash.slice(3)).pipeline.title, 'Shops');
  assert.deepEqual(faults, []);
  await context.close();
});
