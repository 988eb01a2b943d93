// The builder within everyone's reach: by fingers, by keys alone, and by what axe-core finds on a phone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { id, shot, useServerAndBrowser } from './harness.mjs';
import { accessible, link, node, openBuilder, openDocument, pipeline } from './studio.mjs';

useServerAndBrowser();
const PHONE = { width: 390, height: 844 };
const ROWS = Array.from({ length: 90 }, (_, i) => `${i % 7},${i % 3},${(i % 7) + (i % 3) > 4 ? 'yes' : 'no'}`);
const TABLE = `a,b,c\n${ROWS.join('\n')}\n`;
const DRAWN = pipeline(
  { data: ['source.paste', { text: TABLE }], model: ['learner.logistic', { target: 'c' }], judge: ['model.evaluate', {}], bars: ['chart.bar', { category: 'c' }] },
  [['data.table', 'model.table'], ['model.model', 'judge.model'], ['data.table', 'judge.table'], ['data.table', 'bars.table']],
);
const settle = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const centre = async (locator) => {
  const box = await locator.boundingBox();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
};

// What fingers do, as the browser hears it from a screen: a stroke takes each finger from its place to the next.
async function fingers(page, context) {
  const session = await context.newCDPSession(page);
  const send = (type, points) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(({ x, y }, n) => ({ x, y, id: n })) });
  const between = (a, b, share) => ({ x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share });
  const stroke = async (from, to, { hold = 0, lift = true } = {}) => {
    await send('touchStart', from);
    if (hold) await page.waitForTimeout(hold);
    for (let n = 1; n <= 6; n += 1) {
      await send('touchMove', from.map((point, i) => between(point, to[i], n / 6)));
      await settle(page);
    }
    if (lift) await send('touchEnd', []);
    await settle(page);
  };
  return { send, stroke };
}

const view = (page) =>
  page.evaluate(() => {
    const [x, y, zoom] = document.querySelector('.canvas-layer').style.transform.match(/-?[\d.]+/g).map(Number);
    return { x, y, zoom };
  });

test('two fingers pan and pinch, one draws wires and drags nodes', { timeout: 120_000 }, async () => {
  const drawn = pipeline({ data: ['source.paste', { text: TABLE }], sort: ['table.sort', {}], split: ['table.split', {}] });
  drawn.layout = { places: { data: { x: 0, y: 0 }, sort: { x: 0, y: 200 }, split: { x: 0, y: 400 } } };
  const { page, context, faults } = await openBuilder({ path: `/#p=${link(drawn)}`, touch: true, ...PHONE });
  await page.locator('[data-testid="port-data-table"]').waitFor();
  await page.waitForTimeout(200);
  const { send, stroke } = await fingers(page, context);
  const box = await id(page, 'canvas').boundingBox();
  const left = { x: box.x + 30, y: box.y + 30 };
  const right = { x: box.x + 150, y: box.y + 30 };
  const shift = ({ x, y }, dx, dy) => ({ x: x + dx, y: y + dy });
  const start = await view(page);

  // Side by side they pan and do not zoom.
  await stroke([left, right], [shift(left, 40, 60), shift(right, 40, 60)]);
  let now = await view(page);
  assert.deepEqual([now.x - start.x, now.y - start.y].map(Math.round), [40, 60]);
  assert.equal(now.zoom, start.zoom);
  await stroke([left, right], [shift(left, -40, -60), shift(right, -40, -60)]);
  // Towards one another they zoom out, around their middle; apart again they zoom in as far.
  await stroke([left, right], [shift(left, 30, 0), shift(right, -30, 0)]);
  now = await view(page);
  assert.ok(Math.abs(now.zoom / start.zoom - 0.5) < 0.02, String(now.zoom / start.zoom));
  await stroke([shift(left, 30, 0), shift(right, -30, 0)], [left, right]);
  now = await view(page);
  assert.ok(Math.abs(now.zoom / start.zoom - 1) < 0.02 && Math.abs(now.x - start.x) < 2, JSON.stringify([start, now]));

  // On nodes two fingers do the same: no node is moved, and no page is zoomed by the browser.
  const before = await openDocument(page);
  const [a, b] = [await centre(node(page, 'data')), await centre(node(page, 'sort'))];
  await stroke([a, b], [shift(a, 0, 30), shift(b, 0, -30)]);
  assert.deepEqual(await openDocument(page), before);
  assert.equal(await page.evaluate(() => visualViewport.scale), 1);
  assert.ok((await view(page)).zoom < start.zoom);
  await id(page, 'canvas').focus();
  await page.keyboard.press('.');
  await settle(page);

  // A finger that drags a node and is joined by another gives the drag up.
  const at = await centre(node(page, 'sort'));
  await stroke([at], [shift(at, 0, 50)], { lift: false });
  await send('touchStart', [shift(at, 0, 50), right]);
  await send('touchEnd', []);
  await settle(page);
  assert.deepEqual((await openDocument(page)).layout, before.layout);

  // A wire from port to port, and one let go on nothing, which offers what fits.
  const port = (name, of, side) => page.locator(`[data-testid="port-${name}-${of}"][data-side=${side}]`);
  const from = await centre(port('data', 'table', 'output'));
  await stroke([from], [await centre(port('sort', 'table', 'input'))]);
  assert.deepEqual((await openDocument(page)).pipeline.wires, [['data', 'table', 'sort', 'table']]);
  await stroke([await centre(port('sort', 'table', 'output'))], [{ x: box.x + box.width - 30, y: box.y + 20 }]);
  await id(page, 'picker').waitFor();
  await shot(page, 'touch-picker');
  await id(page, 'pick').filter({ hasText: 'Split' }).first().tap();
  const wires = (await openDocument(page)).pipeline.wires;
  assert.equal(wires.length, 2);
  assert.deepEqual(wires.find((w) => w[0] === 'sort').slice(0, 3), ['sort', 'table', 'split-1']);

  // Held on nothing and let go, the menu of the canvas opens.
  await stroke([left], [left], { hold: 700 });
  await id(page, 'canvas-menu').waitFor();
  await shot(page, 'touch-menu');
  assert.deepEqual(faults, []);
  await context.close();
});

test('nothing grave is found in the builder on a phone, in light and dark', { timeout: 180_000 }, async () => {
  for (const dark of [false, true]) {
    const name = dark ? 'dark' : 'light';
    const { page, context, faults } = await openBuilder({ path: `/#p=${link(DRAWN)}`, dark, touch: true, ...PHONE });
    const look = async (what, passedOver = []) => {
      await page.waitForTimeout(200);
      await shot(page, `reach-${what}-${name}`);
      await accessible(page, `${what}, ${name}`, passedOver);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(over <= 0, `${what}: ${over} px too wide`);
    };
    const tab = (word) => page.locator('.sheet-tabs').getByRole('button').filter({ hasText: word });
    await id(page, 'run-link').tap();
    await page.locator('[data-node=judge][data-state=done]').waitFor({ timeout: 60_000 });
    await look('ran');
    for (const [of, what] of [['judge', 'score'], ['bars', 'chart'], ['model', 'flow-verdict'], ['data', 'preview-table']]) {
      await node(page, of).focus();
      await page.keyboard.press('.');
      await settle(page);
      await node(page, of).tap();
      await tab('Preview').tap();
      await id(page, what).first().waitFor();
      await look(`preview-${of}`);
      await tab('Preview').tap();
    }
    await tab('Settings').tap();
    await look('settings');
    await tab('Settings').tap();
    await tab('Add').tap();
    await look('palette');
    await tab('Add').tap();
    // On a phone the less usual tools are behind a button, which a choice may close again.
    const more = async () => {
      const toggle = id(page, 'more-tools');
      if ((await toggle.getAttribute('aria-expanded')) === 'false') await toggle.tap();
    };
    for (const panel of ['share-panel', 'history-panel', 'file-panel']) {
      await more();
      await page.locator(`[popovertarget=${panel}]`).tap();
      await page.locator(`#${panel}`).waitFor();
      await look(panel);
      await page.keyboard.press('Escape');
    }
    await node(page, 'data').focus();
    await page.keyboard.press('/');
    await id(page, 'picker').waitFor();
    await look('quick-add');
    await page.keyboard.press('Escape');
    await node(page, 'data').focus();
    await page.keyboard.press('Shift+F10');
    await id(page, 'canvas-menu').waitFor();
    await look('menu');
    await page.keyboard.press('Escape');
    await more();
    await id(page, 'outline-toggle').tap();
    await id(page, 'outline').waitFor();
    // The name of a row leaves out the words of the buttons in it, which have names of their own.
    await look('outline', ['label-content-name-mismatch']);
    await more();
    await id(page, 'outline-toggle').tap();
    await more();
    await id(page, 'templates').tap();
    await look('templates');
    await page.keyboard.press('Escape');
    await page.evaluate(() => (location.hash = 'p=1AAAA'));
    await id(page, 'link-refused').waitFor();
    await look('refused');
    assert.deepEqual(faults, []);
    await context.close();
  }
});

test('a model is trained and judged from an empty page by keys alone', { timeout: 120_000 }, async () => {
  const { page, context, faults } = await openBuilder({ path: '/#pipeline', prepare: (c) => c.addInitScript(() => {
    // Were a pointer used, this would tell.
    for (const kind of ['pointerdown', 'mousedown']) addEventListener(kind, () => (window.pointed = true), true);
  }) });
  const focused = () => page.evaluate(() => {
    const e = document.activeElement;
    return [e.dataset.testid, e.dataset.node, e.getAttribute('aria-label'), e.id, e.innerText].filter(Boolean).join(' | ');
  });
  // Goes on with Tab until the element is `wanted`.
  const tabTo = async (wanted, key = 'Tab', most = 150) => {
    for (let n = 0; n < most; n += 1) {
      if (await page.evaluate((selector) => document.activeElement.matches(selector), wanted)) return n;
      await page.keyboard.press(key);
    }
    throw new Error(`${wanted} is not reached by ${key}; the keyboard is at ${await focused()}`);
  };
  const pick = async (words) => {
    await id(page, 'picker').waitFor();
    await page.keyboard.type(words);
    await page.keyboard.press('Enter');
    await id(page, 'picker').waitFor({ state: 'detached' });
    await settle(page);
  };
  const at = () => page.evaluate(() => document.activeElement.dataset.node);

  await tabTo('.begin-ways button:last-child');
  await page.keyboard.press('Enter');
  await pick('sample');
  assert.equal(await at(), 'sample-1');
  // Read, so that its columns are known.
  await page.keyboard.press('Control+Enter');
  await page.locator('[data-node="sample-1"][data-state=done]').waitFor({ timeout: 30_000 });
  // Each next node is added beside the one that has the keyboard, and connected to it.
  await page.keyboard.press('/');
  await pick('split');
  assert.equal(await at(), 'split-1');
  await page.keyboard.press('/');
  await pick('logistic');
  assert.equal(await at(), 'logistic-1');
  await page.keyboard.press('/');
  await pick('evaluate');
  assert.equal(await at(), 'evaluate-1');
  // The test rows went to it as well.
  const { wires } = (await openDocument(page)).pipeline;
  const drawn = wires.map(([a, p, b, q]) => `${a}.${p}>${b}.${q}`).sort();
  assert.deepEqual(drawn, ['logistic-1.model>evaluate-1.model', 'sample-1.table>split-1.table', 'split-1.test>evaluate-1.table', 'split-1.train>logistic-1.table']);

  // The target: Enter leads to the form of the node, Tab to the field.
  await page.keyboard.press('ArrowLeft');
  await settle(page);
  assert.equal(await at(), 'logistic-1');
  await page.keyboard.press('Enter');
  await tabTo('[data-param=target] select');
  await page.keyboard.type('churn');
  await page.keyboard.press('Enter');
  assert.equal((await openDocument(page)).pipeline.nodes['logistic-1'].params.target, 'churn');
  await shot(page, 'keys-target');

  // Back to the canvas, and run to the evaluation.
  await tabTo('.canvas [data-node]', 'Shift+Tab');
  await page.keyboard.press('End');
  await settle(page);
  assert.equal(await at(), 'evaluate-1');
  await page.keyboard.press('Control+Enter');
  await page.locator('[data-node="evaluate-1"][data-state=done]').waitFor({ timeout: 60_000 });
  await id(page, 'score').first().waitFor();
  assert.equal(await at(), 'evaluate-1');
  await shot(page, 'keys-scores');
  // The score is read in the preview, and said when the run ended.
  await page.getByRole('status').filter({ hasText: /Run ended: \d+ done/ }).waitFor({ state: 'attached' });
  assert.equal(await page.evaluate(() => window.pointed), undefined);
  assert.deepEqual(faults, []);
  await context.close();
});
