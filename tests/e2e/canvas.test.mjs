// The canvas of the pipeline builder: by mouse, by touch, by keyboard, and as a tree.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { browser, id, openPage, portraits, server, shot, slowFrames, useServerAndBrowser } from './harness.mjs';

useServerAndBrowser();

const PLACES = {
  'file-1': { x: 0, y: 0 },
  'file-2': { x: 0, y: 160 },
  'unpivot-1': { x: 304, y: 0 },
  'group-1': { x: 304, y: 320 },
  'join-1': { x: 608, y: 80 },
};
const NODES = {
  'file-1': { kind: 'source.file', params: { name: 'churn.csv' } },
  'file-2': { kind: 'source.file', params: { name: 'regions.csv' } },
  'unpivot-1': { kind: 'table.unpivot', params: { values: 'value' } },
  'group-1': { kind: 'table.group' },
  'join-1': { kind: 'table.join' },
};
const WIRES = [
  ['file-1', 'table', 'unpivot-1', 'table'],
  ['unpivot-1', 'table', 'join-1', 'left'],
];

function pipeline({ nodes = NODES, wires = WIRES, layout = { places: PLACES } } = {}) {
  const full = Object.entries(nodes).map(([name, node]) => [name, { version: 1, params: {}, ...node }]);
  return {
    format: 'trellis.pipeline',
    version: 1,
    layout: { places: {}, ...layout },
    pipeline: { title: 'Canvas', nodes: Object.fromEntries(full), wires },
  };
}

const link = (document) => `/#p=1${deflateRawSync(JSON.stringify(document)).toString('base64url')}`;

// No tour: that is tested elsewhere.
const prepare = (context) => context.addInitScript(() => localStorage.setItem('trellis-tour', 'true'));

async function open(document = pipeline(), options = {}) {
  const opened = await openPage(browser, server.url, { path: link(document), prepare, ...options });
  await id(opened.page, 'canvas').waitFor();
  // The kinds have come: ports have their types.
  await opened.page.locator('.port[data-type=table]').first().waitFor();
  await settle(opened.page);
  return opened;
}

// Two frames: what was asked for has been drawn.
const settle = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

// What is drawn: places of nodes, wires, the view.
async function drawn(page) {
  await settle(page);
  return page.evaluate(() => {
    const place = (e) => (e.style.transform.match(/-?[\d.]+/g) ?? []).map(Number);
    const all = (selector) => [...document.querySelectorAll(selector)];
    const [x, y, zoom] = place(document.querySelector('.canvas-layer'));
    return {
      nodes: Object.fromEntries(all('.node').map((e) => [e.dataset.node, place(e)])),
      wires: all('.wire[data-wire]').map((e) => e.dataset.wire).sort(),
      selected: all('.node.selected').map((e) => e.dataset.node).sort(),
      groups: all('.frame').length,
      notes: all('.sticky').length,
      view: { x, y, zoom },
    };
  });
}

async function centre(locator) {
  const box = await locator.boundingBox();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

const node = (page, name) => id(page, `node-${name}`);
const port = (page, name, port, side) => page.locator(`[data-testid="port-${name}-${port}"][data-side=${side}]`);

async function drag(page, from, to, { steps = 6, button = 'left' } = {}) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down({ button });
  await page.mouse.move(to.x, to.y, { steps });
  await settle(page);
  await page.mouse.up({ button });
  await settle(page);
}

// A point of the canvas where nothing is drawn.
async function nowhere(page) {
  const box = await id(page, 'canvas').boundingBox();
  return { x: box.x + box.width - 60, y: box.y + 24 };
}

async function undo(page) {
  await page.keyboard.press('Control+z');
  await settle(page);
}

async function closed({ context, faults }) {
  await context.close();
  assert.deepEqual(faults, []);
}

test('the view is panned and zoomed', { timeout: 60_000 }, async () => {
  const opened = await open();
  const { page } = opened;
  const start = (await drawn(page)).view;
  const at = await nowhere(page);
  await drag(page, at, { x: at.x - 80, y: at.y + 30 }, { button: 'middle' });
  let view = (await drawn(page)).view;
  assert.deepEqual([view.x - start.x, view.y - start.y].map(Math.round), [-80, 30]);
  await node(page, 'file-1').focus();
  await page.keyboard.down(' ');
  const on = await centre(node(page, 'unpivot-1'));
  await drag(page, on, { x: on.x + 40, y: on.y });
  await page.keyboard.up(' ');
  const panned = (await drawn(page)).view;
  assert.equal(Math.round(panned.x - view.x), 40);
  assert.deepEqual((await drawn(page)).nodes['unpivot-1'], [304, 0]);

  // The wheel zooms at the cursor; what is under it stays.
  const before = await centre(node(page, 'unpivot-1'));
  await page.mouse.move(before.x, before.y);
  await page.mouse.wheel(0, -120);
  view = (await drawn(page)).view;
  assert.ok(view.zoom > panned.zoom);
  const after = await centre(node(page, 'unpivot-1'));
  assert.ok(Math.hypot(after.x - before.x, after.y - before.y) < 2);
  await page.keyboard.down('Shift');
  await page.mouse.wheel(0, 120);
  await page.keyboard.up('Shift');
  assert.equal(Math.round((await drawn(page)).view.x - view.x), -120);

  await page.keyboard.press('0');
  assert.equal((await drawn(page)).view.zoom, 1);
  await page.keyboard.press('+');
  assert.equal((await drawn(page)).view.zoom, 1.25);
  await page.keyboard.press('.');
  const fit = (await drawn(page)).view;
  const box = await id(page, 'canvas').boundingBox();
  for (const name of Object.keys(NODES)) {
    const seen = await node(page, name).boundingBox();
    assert.ok(seen.x >= box.x && seen.x + seen.width <= box.x + box.width, name);
  }
  // What is seen whole needs no map.
  assert.equal(await id(page, 'minimap').count(), 0);
  await page.keyboard.press('0');
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  const map = await id(page, 'minimap').boundingBox();
  await drag(page, { x: map.x + 90, y: map.y + 50 }, { x: map.x + 20, y: map.y + 20 });
  assert.notDeepEqual((await drawn(page)).view, fit);
  await closed(opened);
});

test('nodes are selected and dragged', { timeout: 60_000 }, async () => {
  const opened = await open();
  const { page } = opened;
  await node(page, 'file-1').click();
  await node(page, 'join-1').click({ modifiers: ['Shift'] });
  assert.deepEqual((await drawn(page)).selected, ['file-1', 'join-1']);
  await page.keyboard.press('Control+a');
  assert.equal((await drawn(page)).selected.length, 5);
  await page.keyboard.press('Escape');
  assert.equal((await drawn(page)).selected.length, 0);

  // A rectangle over the two files.
  const [a, b] = [await node(page, 'file-1').boundingBox(), await node(page, 'file-2').boundingBox()];
  await drag(page, { x: a.x - 12, y: a.y - 12 }, { x: b.x + 30, y: b.y + 20 });
  assert.deepEqual((await drawn(page)).selected, ['file-1', 'file-2']);

  // Both move together, as one change.
  const zoom = (await drawn(page)).view.zoom;
  let at = await centre(node(page, 'file-1'));
  await drag(page, at, { x: at.x, y: at.y + 80 * zoom });
  let now = await drawn(page);
  assert.equal(now.nodes['file-2'][1] - now.nodes['file-1'][1], 160);
  assert.ok(Math.abs(now.nodes['file-1'][1] - 80) <= 8, String(now.nodes['file-1']));
  await undo(page);
  assert.deepEqual((await drawn(page)).nodes['file-1'], [0, 0]);

  // Almost in line snaps into line.
  at = await centre(node(page, 'group-1'));
  await drag(page, at, { x: at.x + 300 * zoom, y: at.y + 3 * zoom });
  now = await drawn(page);
  assert.deepEqual(now.nodes['group-1'], [608, 320]);
  await page.keyboard.down('Alt');
  at = await centre(node(page, 'file-2'));
  await drag(page, at, { x: at.x + 3, y: at.y + 15 });
  await page.keyboard.up('Alt');
  now = await drawn(page);
  assert.ok(Math.abs(now.nodes['file-2'][0] - 3 / zoom) < 0.5, String(now.nodes['file-2']));
  await undo(page);

  // Escape gives a drag up.
  at = await centre(node(page, 'join-1'));
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await page.mouse.move(at.x + 90, at.y + 50, { steps: 4 });
  await settle(page);
  await page.keyboard.press('Escape');
  await page.mouse.up();
  assert.deepEqual((await drawn(page)).nodes['join-1'], [608, 80]);

  // Let go on a wire, a node is put into it.
  await page.keyboard.press('.');
  await node(page, 'group-1').click();
  at = await centre(node(page, 'group-1'));
  const [f, j] = [await centre(node(page, 'unpivot-1')), await centre(node(page, 'join-1'))];
  await drag(page, at, { x: (f.x + j.x) / 2, y: (f.y + j.y) / 2 - 4 }, { steps: 12 });
  now = await drawn(page);
  assert.ok(now.wires.includes('unpivot-1:table>group-1:table'), String(now.wires));
  assert.ok(now.wires.includes('group-1:table>join-1:left'), String(now.wires));
  await undo(page);
  now = await drawn(page);
  assert.ok(now.wires.includes('unpivot-1:table>join-1:left'), String(now.wires));
  await closed(opened);
});

test('wires are drawn, replaced and removed', { timeout: 60_000 }, async () => {
  const opened = await open();
  const { page } = opened;
  const join = (from, to) => drag(page, from, to, { steps: 8 });
  await join(await centre(port(page, 'file-2', 'table', 'output')), await centre(port(page, 'join-1', 'right', 'input')));
  assert.ok((await drawn(page)).wires.includes('file-2:table>join-1:right'));
  // Backwards, from a free input to an output; from a taken one the wire is lifted and led elsewhere.
  await join(await centre(port(page, 'group-1', 'table', 'input')), await centre(port(page, 'file-1', 'table', 'output')));
  let now = await drawn(page);
  assert.deepEqual(now.wires, ['file-1:table>group-1:table', 'file-1:table>unpivot-1:table', 'file-2:table>join-1:right', 'unpivot-1:table>join-1:left']);
  await undo(page);
  // The new wire takes the place of the old.
  await join(await centre(port(page, 'file-1', 'table', 'output')), await centre(port(page, 'join-1', 'left', 'input')));
  now = await drawn(page);
  assert.deepEqual(now.wires, ['file-1:table>join-1:left', 'file-1:table>unpivot-1:table', 'file-2:table>join-1:right']);
  await undo(page);
  assert.ok((await drawn(page)).wires.includes('unpivot-1:table>join-1:left'));

  // What would lead in a circle is dim and is not drawn.
  const from = await centre(port(page, 'join-1', 'table', 'output'));
  const back = await centre(port(page, 'unpivot-1', 'table', 'input'));
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(back.x, back.y, { steps: 8 });
  await settle(page);
  assert.equal(await page.locator('.port.lit[data-side=input]').count(), 1);
  assert.ok(!(await port(page, 'unpivot-1', 'table', 'input').getAttribute('class')).includes('lit'));
  await page.mouse.up();
  assert.equal((await drawn(page)).wires.length, 3);

  // Let go on nothing, a list offers what fits.
  const at = await nowhere(page);
  await join(await centre(port(page, 'group-1', 'table', 'output')), { x: at.x - 160, y: at.y + 60 });
  await id(page, 'pick-query').fill('unpivot');
  await page.keyboard.press('Enter');
  now = await drawn(page);
  assert.ok(now.wires.includes('group-1:table>unpivot-2:table'), String(now.wires));
  assert.deepEqual(now.selected, ['unpivot-2']);
  await undo(page);
  assert.ok(!(await drawn(page)).nodes['unpivot-2']);

  // A wire is selected by a click on it.
  const [a, b] = [await centre(port(page, 'file-1', 'table', 'output')), await centre(port(page, 'unpivot-1', 'table', 'input'))];
  await page.mouse.click((a.x + b.x) / 2, (a.y + b.y) / 2);
  assert.equal(await page.locator('.wire.selected').count(), 1);
  await page.keyboard.press('Delete');
  assert.ok(!(await drawn(page)).wires.includes('file-1:table>unpivot-1:table'));
  await closed(opened);
});

test('nodes are added, copied, grouped, noted and tidied', { timeout: 90_000 }, async () => {
  const opened = await open();
  const { page, context } = opened;
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await node(page, 'group-1').focus();
  await page.keyboard.press('/');
  await id(page, 'pick-query').fill('unpivot');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  assert.deepEqual((await drawn(page)).selected, ['unpivot-2']);
  const at = await nowhere(page);
  await page.mouse.dblclick(at.x, at.y);
  await id(page, 'pick-query').waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await id(page, 'picker').count(), 0);

  // Copied in one tab, pasted there and in another.
  await node(page, 'file-1').click();
  await node(page, 'unpivot-1').click({ modifiers: ['Shift'] });
  await page.keyboard.press('Control+c');
  await page.keyboard.press('Control+v');
  let now = await drawn(page);
  assert.equal(Object.keys(now.nodes).length, 8);
  assert.ok(now.wires.includes('file-3:table>unpivot-3:table'), String(now.wires));
  await page.keyboard.press('Control+x');
  assert.equal(Object.keys((await drawn(page)).nodes).length, 6);
  const other = await context.newPage();
  await other.goto(`${server.url}${link(pipeline({ nodes: { 'file-1': NODES['file-1'] }, wires: [] }))}`);
  await other.locator('.port[data-type=table]').first().waitFor();
  await node(other, 'file-1').click();
  await other.keyboard.press('Control+v');
  assert.deepEqual((await drawn(other)).wires, ['file-2:table>unpivot-1:table']);
  await other.evaluate(() => navigator.clipboard.writeText('{"trellis_fragment":1,"pipeline":{"nodes":3}}'));
  await other.keyboard.press('Control+v');
  assert.equal(Object.keys((await drawn(other)).nodes).length, 3);
  await other.close();
  await page.bringToFront();

  await node(page, 'file-1').click();
  await page.keyboard.press('Control+d');
  assert.equal(Object.keys((await drawn(page)).nodes).length, 7);
  await undo(page);

  // A frame around two nodes: named, moved by its title.
  await node(page, 'file-1').click();
  await node(page, 'file-2').click({ modifiers: ['Shift'] });
  await page.keyboard.press('Control+g');
  await id(page, 'rename').fill('Files');
  await page.keyboard.press('Enter');
  const frame = page.locator('.frame-head');
  await frame.getByText('Files').waitFor();
  await page.keyboard.press('.');
  await settle(page);
  const head = await centre(frame);
  const before = await drawn(page);
  await drag(page, head, { x: head.x, y: head.y - 80 * before.view.zoom });
  now = await drawn(page);
  assert.equal(now.nodes['file-2'][1] - now.nodes['file-1'][1], 160);
  assert.ok(now.nodes['file-1'][1] < -60, String(now.nodes['file-1']));
  await frame.dblclick();
  await id(page, 'rename').fill('Sources');
  await page.keyboard.press('Enter');
  await frame.getByText('Sources').waitFor();

  // A note by the menu: written, resized.
  await page.mouse.click(at.x - 200, at.y + 40, { button: 'right' });
  await page.getByRole('menuitem', { name: 'Add a note' }).click();
  await id(page, 'note-text').fill('Ask the shop');
  await page.keyboard.press('Escape');
  const note = page.locator('.sticky');
  await note.getByText('Ask the shop').waitFor();
  await page.keyboard.press('.');
  await settle(page);
  const box = await note.boundingBox();
  await drag(page, { x: box.x + box.width - 5, y: box.y + box.height - 5 }, { x: box.x + box.width + 75, y: box.y + box.height + 40 });
  assert.ok((await note.boundingBox()).width > box.width + 40);

  // Tidied in one step.
  await page.keyboard.press('Escape');
  await page.mouse.click(at.x, at.y, { button: 'right' });
  await page.getByRole('menuitem', { name: 'Tidy up' }).click();
  const tidy = await drawn(page);
  assert.ok(tidy.nodes['file-1'][0] < tidy.nodes['unpivot-1'][0] && tidy.nodes['unpivot-1'][0] < tidy.nodes['join-1'][0]);
  await id(page, 'undo').click();
  assert.deepEqual((await drawn(page)).nodes, now.nodes);
  await closed(opened);
});

test('everything goes by keyboard', { timeout: 60_000 }, async () => {
  const opened = await open();
  const { page } = opened;
  const focused = async () => {
    await settle(page);
    return page.evaluate(() => document.activeElement.dataset.node ?? document.activeElement.dataset.wire);
  };
  await node(page, 'file-1').focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(), 'unpivot-1');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowDown');
  assert.equal(await focused(), 'file-2');
  assert.match(await node(page, 'file-1').getAttribute('aria-label'), /churn\.csv, File.*Goes to Unpivot/);
  assert.equal(await node(page, 'file-2').getAttribute('tabindex'), '0');
  assert.equal(await page.locator('.canvas [tabindex="0"]:not(button)').count(), 1);

  // Steps in a row are one change.
  for (let i = 0; i < 3; i++) await page.keyboard.press('Control+ArrowDown');
  assert.deepEqual((await drawn(page)).nodes['file-2'], [0, 184]);
  await undo(page);
  assert.deepEqual((await drawn(page)).nodes['file-2'], [0, 160]);

  await page.keyboard.press('c');
  await id(page, 'pick-query').fill('right join');
  await page.keyboard.press('Enter');
  assert.ok((await drawn(page)).wires.includes('file-2:table>join-1:right'));
  await page.keyboard.press('w');
  assert.equal(await focused(), 'file-2:table>join-1:right');
  await page.keyboard.press('Delete');
  assert.ok(!(await drawn(page)).wires.includes('file-2:table>join-1:right'));

  await node(page, 'group-1').focus();
  await page.keyboard.press('Escape');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowDown');
  const name = await focused();
  await page.keyboard.press('F2');
  await id(page, 'rename').fill('Mine');
  await page.keyboard.press('Enter');
  await node(page, name).getByText('Mine').waitFor();
  await settle(page);
  assert.equal(await focused(), name);
  await page.keyboard.press('b');
  assert.match(await node(page, name).getAttribute('class'), /bypassed/);
  await page.keyboard.press('Shift+F10');
  await page.getByRole('menuitem', { name: 'Settings' }).waitFor();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  assert.equal(await node(page, name).count(), 0);
  await undo(page);
  assert.equal(await node(page, name).count(), 1);
  await page.keyboard.press('Home');
  assert.equal(await focused(), 'file-1');
  await page.keyboard.press('PageDown');
  assert.equal(await focused(), 'file-1:table>unpivot-1:table');
  await page.keyboard.press('End');
  assert.notEqual(await focused(), 'file-1:table>unpivot-1:table');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.closest('.canvas-layer')), null, 'Tab leads out');
  assert.equal(await id(page, 'picker').count(), 0);
  await closed(opened);
});

test('what is typed between two frames is heard, and the keyboard is not taken from where it went', { timeout: 60_000 }, async () => {
  const opened = await open(pipeline(), { prepare: async (context) => {
    await prepare(context);
    await context.addInitScript(slowFrames, 150);
  } });
  const { page } = opened;
  await node(page, 'file-1').focus();
  for (const key of ['ArrowRight', 'F2']) await page.keyboard.press(key);
  await id(page, 'rename').fill('Mine');
  for (const key of ['Enter', 'b', 'Delete']) await page.keyboard.press(key);
  await page.locator('.node').filter({ hasText: 'Mine' }).waitFor({ state: 'detached' });
  await page.keyboard.press('Control+z');
  const mine = page.locator('.node').filter({ hasText: 'Mine' });
  await mine.waitFor();
  assert.match(await mine.getAttribute('class'), /bypassed/);

  // A title is left for a field elsewhere: what is typed then goes there.
  await mine.click();
  await page.keyboard.press('F2');
  await id(page, 'rename').fill('Ours');
  await page.getByPlaceholder(/^Search/).first().click();
  await settle(page);
  await page.keyboard.type('join');
  assert.equal(await page.getByPlaceholder(/^Search/).first().inputValue(), 'join');
  await page.locator('.node').filter({ hasText: 'Ours' }).waitFor();
  await closed(opened);
});

test('the outline offers the same as a tree', { timeout: 60_000 }, async () => {
  const opened = await open();
  const { page } = opened;
  await page.getByRole('button', { name: 'Outline' }).click();
  const row = (name) => id(page, `outline-${name}`);
  await row('file-1').focus();
  await page.keyboard.press('ArrowDown');
  const said = () => page.evaluate(() => document.activeElement.getAttribute('aria-label'));
  await settle(page);
  assert.match(await said(), /Output Table, to .* of Unpivot/);
  await page.keyboard.press('Delete');
  await settle(page);
  assert.equal(await page.getByText(/goes nowhere/).first().isVisible(), true);
  await row('file-1').focus();
  await page.keyboard.press('c');
  await id(page, 'pick-query').fill('unpivot');
  await page.keyboard.press('Enter');
  await page.getByRole('treeitem', { name: /Input Table, from Table of churn/i }).waitFor();
  await row('group-1').focus();
  await page.keyboard.press('F2');
  await id(page, 'rename').fill('By age');
  await page.keyboard.press('Enter');
  await row('group-1').getByText('By age').waitFor();
  await row('group-1').focus();
  await page.keyboard.press('b');
  await page.getByRole('treeitem', { name: /By age.*bypassed/i }).waitFor();
  await row('group-1').focus();
  await page.keyboard.press('Delete');
  assert.equal(await row('group-1').count(), 0);
  await page.keyboard.press('Control+z');
  await row('group-1').waitFor();
  await closed(opened);
});

test('fingers pan, pinch, drag, select and open the menu', { timeout: 60_000 }, async () => {
  const opened = await open(pipeline(), { width: 390, height: 844, touch: true });
  const { page, context } = opened;
  const touch = await context.newCDPSession(page);
  const send = (type, points) =>
    touch.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(({ x, y }, i) => ({ x, y, id: i })) });
  const stroke = async (from, to, hold = 0) => {
    await send('touchStart', [from]);
    if (hold) await page.waitForTimeout(hold);
    for (let i = 1; i <= 5; i++) {
      await send('touchMove', [{ x: from.x + ((to.x - from.x) * i) / 5, y: from.y + ((to.y - from.y) * i) / 5 }]);
      await settle(page);
    }
    await send('touchEnd', []);
    await settle(page);
  };
  const box = await id(page, 'canvas').boundingBox();
  const free = { x: box.x + 40, y: box.y + 24 };
  const start = (await drawn(page)).view;
  await stroke(free, { x: free.x + 60, y: free.y + 20 });
  let view = (await drawn(page)).view;
  assert.deepEqual([view.x - start.x, view.y - start.y].map(Math.round), [60, 20]);
  await stroke(free, { x: free.x - 60, y: free.y - 20 });

  // Two fingers apart zoom in.
  await send('touchStart', [free, { x: free.x + 100, y: free.y }]);
  await send('touchMove', [free, { x: free.x + 130, y: free.y }]);
  await settle(page);
  await send('touchEnd', []);
  view = (await drawn(page)).view;
  assert.ok(Math.abs(view.zoom / start.zoom - 1.3) < 0.02, String(view.zoom));

  // A finger drags a node.
  const at = await centre(node(page, 'file-1'));
  await stroke(at, { x: at.x, y: at.y - 60 });
  assert.ok((await drawn(page)).nodes['file-1'][1] < -40);
  // Held on nothing it selects, held on a node it opens the menu.
  const seen = await node(page, 'file-1').boundingBox();
  await stroke({ x: seen.x - 12, y: seen.y - 12 }, { x: seen.x + 60, y: seen.y + 30 }, 700);
  assert.deepEqual((await drawn(page)).selected, ['file-1']);
  await send('touchStart', [await centre(node(page, 'file-1'))]);
  await page.getByRole('menuitem', { name: 'Rename' }).waitFor();
  await send('touchEnd', []);
  await id(page, 'canvas-menu').waitFor();
  await page.keyboard.press('Escape');
  // A tap on a port offers what fits.
  const tap = await centre(port(page, 'file-1', 'table', 'output'));
  await send('touchStart', [tap]);
  await send('touchEnd', []);
  await id(page, 'picker').waitFor();
  const size = await port(page, 'file-1', 'table', 'output').evaluate((e) => parseFloat(getComputedStyle(e).width));
  assert.ok(size >= 40, `a port is ${size} px wide to a finger`);
  await closed(opened);
});

test('a drag to an edge pans and stops at once', { timeout: 90_000 }, async () => {
  const opened = await open();
  const { page } = opened;
  const box = await id(page, 'canvas').boundingBox();
  const edge = { x: box.x + box.width - 2, y: box.y + box.height / 2 };
  // Pressed at `from` and held at the right edge for a while; let go away from it.
  const held = async (from) => {
    const before = (await drawn(page)).view;
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(edge.x - 200, edge.y, { steps: 4 });
    await page.mouse.move(edge.x, edge.y, { steps: 4 });
    const shift = (x) => new DOMMatrix(getComputedStyle(document.querySelector('.canvas-layer')).transform).e < x - 60;
    await page.waitForFunction(shift, before.x);
    await page.mouse.move(edge.x - 120, edge.y);
    const still = (await drawn(page)).view;
    await page.waitForTimeout(200);
    assert.deepEqual((await drawn(page)).view, still, 'it stands still away from the edge');
    return still;
  };
  // A node is where the pointer is.
  let view = await held(await centre(node(page, 'join-1')));
  await page.mouse.up();
  const at = await centre(node(page, 'join-1'));
  assert.ok(Math.hypot(at.x - edge.x + 120, at.y - edge.y) < 12, JSON.stringify(at));
  await undo(page);
  assert.deepEqual((await drawn(page)).nodes['join-1'], [608, 80]);
  assert.deepEqual((await drawn(page)).view, view);
  // A wire; given up at the edge, it stops there too.
  await page.keyboard.press('.');
  const port1 = await centre(port(page, 'group-1', 'table', 'output'));
  await held(port1);
  await page.mouse.move(edge.x, edge.y);
  await settle(page);
  await page.keyboard.press('Escape');
  await page.mouse.up();
  view = (await drawn(page)).view;
  await page.waitForTimeout(150);
  assert.deepEqual((await drawn(page)).view, view);
  // A box that selects keeps its first corner.
  await page.keyboard.press('.');
  const first = await node(page, 'file-1').boundingBox();
  await held({ x: first.x - 16, y: first.y - 16 });
  await page.mouse.up();
  assert.ok((await drawn(page)).selected.includes('file-1'));
  // A kind that is dragged from the palette.
  await page.keyboard.press('Escape');
  await page.keyboard.press('.');
  const kind = page.locator('[data-testid=palette] [data-kind="table.unpivot"]');
  await kind.scrollIntoViewIfNeeded();
  await held(await centre(kind));
  await page.mouse.up();
  await node(page, 'unpivot-2').waitFor();
  await closed(opened);
});

test('a wire is lifted by its ends', { timeout: 60_000 }, async () => {
  const opened = await open();
  const { page } = opened;
  const wires = async () => (await drawn(page)).wires;
  const [first, second] = ['file-1:table>unpivot-1:table', 'unpivot-1:table>join-1:left'];
  // By the connected input, to another.
  const input = await centre(port(page, 'unpivot-1', 'table', 'input'));
  await drag(page, input, await centre(port(page, 'group-1', 'table', 'input')), { steps: 8 });
  assert.deepEqual(await wires(), ['file-1:table>group-1:table', second]);
  await id(page, 'news-line').getByText(/^Reconnect churn\.csv to/).waitFor();
  await undo(page);
  assert.deepEqual(await wires(), [first, second]);
  // By the wire itself near its output, to another output.
  const output = await centre(port(page, 'file-1', 'table', 'output'));
  await drag(page, { x: output.x + 20, y: output.y }, await centre(port(page, 'file-2', 'table', 'output')), { steps: 8 });
  assert.deepEqual(await wires(), ['file-2:table>unpivot-1:table', second]);
  await undo(page);
  // Back to where it was: nothing has changed.
  const redo = id(page, 'redo');
  await drag(page, { x: input.x - 18, y: input.y }, { x: input.x + 40, y: input.y }, { steps: 8 });
  assert.deepEqual(await wires(), [first, second]);
  assert.equal(await redo.isEnabled(), true, 'what was undone can still be done again');
  // On nothing: disconnected.
  const free = await nowhere(page);
  await drag(page, input, { x: free.x, y: free.y + 40 }, { steps: 8 });
  assert.deepEqual(await wires(), [second]);
  assert.equal(await id(page, 'picker').count(), 0);
  await undo(page);
  assert.deepEqual(await wires(), [first, second]);
  // On what does not fit: it stays. In the middle it is no end.
  const join = await centre(port(page, 'join-1', 'left', 'input'));
  await drag(page, { x: join.x - 18, y: join.y }, await centre(node(page, 'file-1')), { steps: 8 });
  assert.deepEqual(await wires(), [first, second]);
  await page.mouse.click((input.x + output.x) / 2, (input.y + output.y) / 2);
  assert.equal(await page.locator('.wire.selected').count(), 1);
  await closed(opened);
});

test('a finger lifts a wire', { timeout: 60_000 }, async () => {
  const opened = await open(pipeline(), { width: 390, height: 844, touch: true });
  const { page, context } = opened;
  const touch = await context.newCDPSession(page);
  const stroke = async (from, to) => {
    const send = (type, points) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(({ x, y }) => ({ x, y, id: 0 })) });
    await send('touchStart', [from]);
    for (let i = 1; i <= 5; i++) {
      await send('touchMove', [{ x: from.x + ((to.x - from.x) * i) / 5, y: from.y + ((to.y - from.y) * i) / 5 }]);
      await settle(page);
    }
    await send('touchEnd', []);
    await settle(page);
  };
  const at = await centre(port(page, 'unpivot-1', 'table', 'input'));
  const end = { x: at.x - 14, y: at.y };
  await stroke(end, await centre(port(page, 'group-1', 'table', 'input')));
  assert.ok((await drawn(page)).wires.includes('file-1:table>group-1:table'));
  const moved = await centre(port(page, 'group-1', 'table', 'input'));
  await stroke(moved, { x: moved.x - 60, y: moved.y + 90 });
  assert.deepEqual((await drawn(page)).wires, ['unpivot-1:table>join-1:left']);
  await closed(opened);
});

test('what is added goes on from what was seen last, in sight', { timeout: 60_000 }, async () => {
  const opened = await open();
  const { page } = opened;
  const add = (kind) => page.locator(`[data-testid=palette] [data-kind="${kind}"]`).first().click();
  // Nothing was looked at: the last node whose output is free.
  await add('table.unpivot');
  let now = await drawn(page);
  const [from] = now.wires.find((w) => w.endsWith('>unpivot-2:table')).split(':');
  assert.ok(['join-1', 'group-1'].includes(from), from);
  // What was looked at last, though nothing is selected.
  await node(page, 'file-2').click();
  await page.keyboard.press('Escape');
  await add('table.unpivot');
  now = await drawn(page);
  assert.ok(now.wires.includes('file-2:table>unpivot-3:table'), String(now.wires));
  assert.ok(now.nodes['unpivot-3'][0] > now.nodes['file-2'][0] + 208);
  // By keyboard, and one after the other; none is hidden.
  const box = await id(page, 'canvas').boundingBox();
  for (let i = 4; i < 9; i++) {
    await node(page, `unpivot-${i - 1}`).focus();
    await page.keyboard.press('Escape');
    if (i % 2) await add('table.unpivot');
    else {
      await page.keyboard.press('/');
      await id(page, 'pick-query').fill('unpivot');
      await page.keyboard.press('Enter');
    }
    now = await drawn(page);
    assert.ok(now.wires.includes(`unpivot-${i - 1}:table>unpivot-${i}:table`), String(now.wires));
    const seen = await node(page, `unpivot-${i}`).boundingBox();
    assert.ok(seen.x >= box.x && seen.x + seen.width <= box.x + box.width && seen.y >= box.y && seen.y + seen.height <= box.y + box.height, `${i} is outside`);
    const map = (await id(page, 'minimap').count()) && (await id(page, 'minimap').boundingBox());
    assert.ok(!map || seen.x + seen.width <= map.x || seen.y + seen.height <= map.y, `${i} lies under the map`);
  }
  // The map gives way to what is selected beneath it.
  const map = id(page, 'minimap');
  assert.equal(await map.evaluate((e) => e.classList.contains('away')), false);
  const [m, n] = [await centre(map), await centre(node(page, 'unpivot-8'))];
  const at = await nowhere(page);
  await drag(page, at, { x: at.x + m.x - n.x, y: at.y + m.y - n.y }, { button: 'middle' });
  assert.equal(await map.evaluate((e) => e.classList.contains('away')), true);
  await closed(opened);
});

test('tidying keeps groups together', { timeout: 60_000 }, async () => {
  const groups = {
    a: { title: 'Read', nodes: ['file-1', 'unpivot-1'] },
    b: { title: 'Join', nodes: ['file-2', 'join-1'] },
  };
  const wires = [...WIRES, ['file-2', 'table', 'join-1', 'right'], ['unpivot-1', 'table', 'group-1', 'table']];
  const opened = await open(pipeline({ wires, layout: { places: PLACES, groups } }));
  const { page } = opened;
  await page.getByRole('button', { name: 'Tidy' }).click();
  await settle(page);
  const boxes = {};
  for (const name of Object.keys(NODES)) boxes[name] = await node(page, name).boundingBox();
  const frames = {};
  for (const name of ['a', 'b']) frames[name] = await id(page, `group-${name}`).boundingBox();
  const touches = (p, q) => p.x < q.x + q.width && q.x < p.x + p.width && p.y < q.y + q.height && q.y < p.y + p.height;
  assert.equal(touches(frames.a, frames.b), false);
  for (const [name, { nodes }] of Object.entries(groups)) {
    for (const other of Object.keys(NODES)) assert.equal(touches(boxes[other], frames[name]), nodes.includes(other), `${other} and ${name}`);
  }
  await closed(opened);
});

test('states are seen from afar, and what is only missing waits', { timeout: 60_000 }, async () => {
  const opened = await open(pipeline(), { width: 390, height: 844 });
  const { page } = opened;
  const state = (name) => node(page, name).getAttribute('data-state');
  const bad = node(page, 'join-1').locator('.finding.bad');
  await page.waitForFunction(() => document.querySelector('[data-testid=node-join-1]').dataset.state === 'waiting');
  assert.equal(await bad.count(), 0);
  assert.match(await node(page, 'join-1').getAttribute('aria-label'), /Waiting, not connected yet/);
  // From afar the light stays, larger on its node.
  const light = node(page, 'join-1').locator('.light');
  const share = async () => (await light.boundingBox()).width / (await node(page, 'join-1').boundingBox()).width;
  const near = await share();
  await id(page, 'canvas').focus();
  await node(page, 'join-1').focus();
  for (let i = 0; i < 6; i++) await page.keyboard.press('-');
  await settle(page);
  assert.ok((await light.isVisible()) && (await share()) > 1.5 * near);
  assert.equal(await node(page, 'join-1').locator('.node-text').isVisible(), false);
  // Once a run was asked for, what is missing is an error, and the end of the run is said where it is seen.
  await id(page, 'run-all').click();
  await id(page, 'news-line').getByText(/Nothing could be run/).waitFor();
  await bad.waitFor({ state: 'attached' });
  assert.equal(await state('join-1'), 'not-set');
  await shot(page, 'canvas-run-ended-phone');
  assert.equal(await page.getByRole('button', { name: 'Zoom in' }).count(), 1);
  assert.equal(await page.getByRole('button', { name: 'Zoom out' }).count(), 1);
  await closed(opened);
});

test('it looks well', { timeout: 60_000 }, async () => {
  const groups = { g1: { title: 'Read', nodes: ['file-1', 'file-2'] } };
  const notes = { n1: { text: 'Who will leave?', place: { x: 304, y: -144 }, width: 208, height: 88 } };
  const nodes = {
    ...NODES,
    'target-1': { kind: 'target.question', params: { target: 'churn' } },
    'search-1': { kind: 'automl.search' },
    'evaluate-1': { kind: 'model.evaluate' },
    'mystery-1': { kind: 'vendor.mystery' },
  };
  const wires = [
    ...WIRES,
    ['file-2', 'table', 'join-1', 'right'],
    ['join-1', 'table', 'target-1', 'table'],
    ['join-1', 'table', 'search-1', 'table'],
    ['target-1', 'target', 'search-1', 'target'],
    ['search-1', 'model', 'evaluate-1', 'model'],
    ['join-1', 'table', 'evaluate-1', 'table'],
  ];
  const places = {
    ...PLACES,
    'target-1': { x: 912, y: 240 },
    'search-1': { x: 1216, y: 80 },
    'evaluate-1': { x: 1520, y: 80 },
    'mystery-1': { x: 608, y: 320 },
  };
  const opened = await open(pipeline({ nodes, wires, layout: { places, groups, notes } }));
  const { page } = opened;
  await node(page, 'unpivot-1').click();
  await portraits(page, 'canvas');
  await closed(opened);
});
