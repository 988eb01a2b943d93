// Where tables come from: addresses, files, samples, texts and generators; and pipelines that are dropped.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { OPEN, elsewhere } from './elsewhere.mjs';
import { alerted, browser, download, id, openPage, run, scratch, server, shot, useServerAndBrowser } from './harness.mjs';
import { link, node, openBuilder, openDocument, pipeline, size } from './studio.mjs';

useServerAndBrowser();
const SHOP = 'shop;sold\nnorth;3\nnorth;5\nsouth;9\n';
const CSV = { ...OPEN, 'content-type': 'text/csv' };
let far;
let letGo;
before(async () => {
  far = await elsewhere({
    '/shop.csv': (_, response) => response.writeHead(200, CSV).end(SHOP),
    '/closed.csv': (_, response) => response.writeHead(200).end(SHOP),
    '/slow.csv': (_, response) => {
      response.writeHead(200, CSV).write('shop;sold\n');
      letGo = () => response.end('west;1\n');
    },
    '/cut.csv': (_, response) => {
      response.writeHead(200, { ...CSV, 'content-length': 1000 }).write(SHOP);
      setTimeout(() => response.destroy(), 100);
    },
    '/page': (_, response) => response.writeHead(200, { ...OPEN, 'content-type': 'text/html' }).end(`<!doctype html>\n<html><title>Shops</title>${'<p>a, b</p>\n'.repeat(9)}</html>`),
  });
});
after(() => far?.stop());

// A pipeline that reads an address of the other server.
const reading = (path) => pipeline({ a: ['source.url', { url: far.url + path }], group: ['table.sort', {}] }, [['a.table', 'group.table']]);
const openReading = (path) => openBuilder({ path: `/#p=${link(reading(path))}`, trusting: true });
// What was asked of the other server since the last call.
const asked = () => far.asked.splice(0);

test('an address is asked once, after a click that names its host, and told nothing', { timeout: 90_000 }, async () => {
  const { page, context, faults } = await openReading('/shop.csv');
  await context.addCookies([{ name: 'secret', value: '1', url: far.url }]);
  await id(page, 'link-bar').getByText(`fetch a table from ${far.host}, once you allow it`).waitFor();
  await page.waitForTimeout(500);
  assert.deepEqual(asked(), []);
  // Running the pipeline is no leave to ask.
  await id(page, 'run-link').click();
  await alerted(page, `has not been fetched from ${far.host}`);
  await shot(page, 'address-not-fetched');
  assert.deepEqual(asked(), []);
  await id(page, 'fetch-address').getByText(`Fetch the table from ${far.host}`).click();
  await page.locator('[data-node=a][data-state=ready]').waitFor();
  await id(page, 'run-all').click();
  await id(page, 'preview-table').getByText('south').waitFor({ timeout: 30_000 });
  assert.match(await size(page), /3 rows × 2 columns/);
  const [one, ...more] = asked();
  assert.deepEqual([one.method, one.path, more.length], ['GET', '/shop.csv', 0]);
  for (const header of ['cookie', 'referer', 'authorization']) assert.equal(one.headers[header], undefined, header);
  assert.match(await id(page, 'bytes-sent').innerText(), /^0 bytes/);
  // The watch sees the one request, and no other.
  assert.deepEqual(faults, [`request: GET ${far.url}/shop.csv`]);

  // A reload brings the table back, and asks nobody.
  await page.waitForTimeout(800);
  await page.reload();
  await page.locator('[data-node=a][data-state=done]').waitFor({ timeout: 30_000 });
  assert.deepEqual(asked(), []);
  await context.close();
});

test('an address that gives no table says why and what to do', { timeout: 90_000 }, async () => {
  const away = await elsewhere({});
  away.stop();
  const bad = [
    ['/closed.csv', /cannot be reached, or does not let this page read.*Download the table and drop it here/],
    ['/gone.csv', /server answered 404.*Look at the address/],
    ['/cut.csv', /broke off.*Fetch it again/],
    ['/page', /a web page.*address of the table itself/i],
  ];
  for (const [path, said] of bad) {
    const { page, context } = await openReading(path);
    await node(page, 'a').click();
    await id(page, 'fetch-address').click();
    await alerted(page, said);
    await shot(page, `address-${path.slice(1)}`);
    // It can be tried again.
    await id(page, 'fetch-address').waitFor();
    assert.equal(await node(page, 'a').getAttribute('data-state'), 'waiting', path);
    await context.close();
  }
  asked();
  const { page, context } = await openBuilder({
    path: `/#p=${link(pipeline({ a: ['source.url', { url: `${away.url}/t.csv` }], b: ['source.url', { url: 'http://example.com/t.csv' }] }))}`,
    trusting: true,
  });
  await node(page, 'a').click();
  await id(page, 'fetch-address').click();
  await alerted(page, /cannot be reached/);
  await node(page, 'b').click();
  await id(page, 'inspector').getByText('Addresses begin with https://.').waitFor();
  assert.equal(await id(page, 'fetch-address').count(), 0);
  await context.close();
});

test('a table that is slow to come says so, and is given up or waited for', { timeout: 60_000 }, async () => {
  const { page, context } = await openReading('/slow.csv');
  await node(page, 'a').click();
  await id(page, 'fetch-address').click();
  await id(page, 'inspector').getByText('Fetching').waitFor();
  await shot(page, 'address-slow');
  await id(page, 'stop-fetching').click();
  await id(page, 'fetch-address').click();
  await id(page, 'inspector').getByText('Fetching').waitFor();
  await page.waitForTimeout(300);
  letGo();
  await page.locator('[data-node=a][data-state=ready]').waitFor();
  assert.equal(asked().length, 2);
  await id(page, 'run-to-here').click();
  await id(page, 'preview-table').getByText('west').waitFor({ timeout: 30_000 });
  assert.match(await size(page), /1 row × 2 columns/);
  await context.close();
});

// The figures that a link to the shown result would claim, in full.
async function figures(page) {
  await id(page, 'share-link').click();
  await id(page, 'share-result').check();
  const claim = new URL(await id(page, 'share-url').inputValue()).hash.match(/&r=(.*)$/)[1];
  await page.keyboard.press('Escape');
  return JSON.parse(Buffer.from(claim, 'base64url')).f;
}

test('every source gives the same scores here and on the command line', { timeout: 180_000 }, async () => {
  const rows = Array.from({ length: 90 }, (_, i) => `${i % 7},${(i * 5) % 11},${(i % 7) * ((i * 5) % 11) > 12 ? 'yes' : 'no'}`);
  const table = `a,b,c\n${rows.join('\n')}\n`;
  const path = join(scratch, 'rows.csv');
  writeFileSync(path, table);
  const sources = {
    file: ['source.file', { name: 'rows.csv' }, 'c'],
    sample: ['source.sample', { sample: 'fraud' }, 'outcome'],
    paste: ['source.paste', { text: table }, 'c'],
    generate: ['source.generate', { generator: 'classes', rows: 200, seed: 5, missing: 0.1 }, 'class'],
  };
  const found = {};
  for (const [name, [kind, params, target]] of Object.entries(sources)) {
    const drawn = pipeline(
      { data: [kind, params], split: ['table.split', {}], model: ['learner.logistic', { target }], judge: ['model.evaluate', {}] },
      [['data.table', 'split.table'], ['split.train', 'model.table'], ['model.model', 'judge.model'], ['split.test', 'judge.table']],
      `From a ${name}`,
    );
    const { page, context, faults } = await openBuilder({ path: `/#p=${link(drawn)}` });
    await node(page, 'data').click();
    if (name === 'file') await id(page, 'source-file-input').setInputFiles(path);
    await id(page, 'run-link').click();
    await page.locator('[data-node=judge][data-state=done]').waitFor({ timeout: 60_000 });
    await node(page, 'judge').click();
    await id(page, 'score').first().waitFor();
    const here = await figures(page);
    await page.locator('[popovertarget=file-panel]').click();
    const file = await download(page, `from-${name}.trellis.json`, () => id(page, 'save-pipeline').click());
    // The file's table lies beside the pipeline, under the name that it had in the page.
    const [[where, [scores]]] = JSON.parse(run('run', file, '--json', '--quiet')).scores;
    assert.equal(where, 'judge');
    const there = scores.metrics.filter((m) => m.score !== null).map((m) => [m.title, m.score]);
    assert.ok(here.length > 2);
    assert.deepEqual(here, there, name);
    found[name] = here;
    assert.deepEqual(faults, []);
    await context.close();
  }
  // The same table is the same, wherever it came from.
  assert.deepEqual(found.file, found.paste);
});

test('a pipeline that is dropped is opened, on either page, and what was open can be gone back to', { timeout: 90_000 }, async () => {
  const drawn = pipeline({ data: ['source.paste', { text: SHOP }], sort: ['table.sort', {}] }, [['data.table', 'sort.table']], 'Dropped');
  const drop = async (page, on, name, content) => {
    const data = await page.evaluateHandle(([n, c]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([c], n));
      return transfer;
    }, [name, content]);
    await page.dispatchEvent(on, 'drop', { dataTransfer: data });
  };
  const { page, context, faults } = await openPage(browser, server.url);
  await id(page, 'file-input').waitFor({ state: 'attached' });
  await drop(page, 'main', 'shops.trellis.json', JSON.stringify(drawn));
  await node(page, 'sort').waitFor();
  assert.equal((await openDocument(page)).pipeline.title, 'Dropped');
  const other = { ...drawn, pipeline: { ...drawn.pipeline, title: 'Another' } };
  await drop(page, '[data-testid=canvas]', 'other.trellis.json', JSON.stringify(other));
  await page.waitForFunction(() => document.querySelector('[data-testid=pipeline-title]').value === 'Another');
  await page.locator('[popovertarget=file-panel]').click();
  await page.getByRole('button', { name: 'Back to the pipeline before' }).click();
  assert.equal((await openDocument(page)).pipeline.title, 'Dropped');
  // A table becomes a node beside the others; what is no pipeline at all changes nothing.
  await drop(page, '[data-testid=canvas]', 'more.csv', SHOP);
  await node(page, 'file-1').waitFor();
  const before = await openDocument(page);
  for (const [name, content, said] of [
    ['half.trellis.json', JSON.stringify(drawn).slice(0, 90), /no pipeline.*Open a file that was saved as a pipeline/],
    ['newer.trellis.json', JSON.stringify({ ...drawn, version: 99 }), /newer Trellis/],
  ]) {
    await drop(page, '[data-testid=canvas]', name, content);
    await alerted(page, said);
    assert.deepEqual(await openDocument(page), before);
  }
  assert.deepEqual(faults, []);
  await context.close();
});
