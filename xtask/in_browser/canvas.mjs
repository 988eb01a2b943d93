// The canvas in a real browser: how long frames take while it is panned, zoomed, and nodes are dragged.
//
//     node xtask/in_browser/canvas.mjs NODES
//
// One line of JSON for each thing that is done: frames, and the milliseconds between them (median, 95 % point, worst),
// how many took longer than one and a half frames of the screen, and the longest script within a frame.
import { deflateRawSync } from 'node:zlib';
import { cleanUp, id, openPage, startBrowser, startServer } from '../../tests/e2e/harness.mjs';

const [count] = process.argv.slice(2).map(Number);
const FRAMES = 120;
const COLUMNS = 20;
const DRAGGED = 50;

// A grid of filters, each fed by the one to its left; the first of each row by one file.
function pipeline() {
  const nodes = { file: { kind: 'source.file', version: 1, params: { name: 'rows.csv' } } };
  const places = { file: { x: -304, y: 0 } };
  const wires = [];
  for (let i = 0; i < count - 1; i++) {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    nodes[`n${i}`] = { kind: 'table.filter', version: 1, params: { where: `x > ${i}` } };
    places[`n${i}`] = { x: column * 304, y: row * 120 };
    wires.push([column ? `n${i - 1}` : 'file', 'table', `n${i}`, 'table']);
  }
  return { format: 'trellis.pipeline', version: 1, layout: { places }, pipeline: { title: 'Large', nodes, wires } };
}

// Frames of the page while `act` is called once for each.
async function measured(page, name, act, done = async () => {}) {
  await page.evaluate(() => {
    window.times = [];
    window.counting = true;
    const tick = (now) => {
      window.times.push(now);
      if (window.counting) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  for (let i = 0; i < FRAMES; i++) await act(i);
  const times = await page.evaluate(() => {
    window.counting = false;
    return window.times;
  });
  await done();
  const gaps = times.slice(1).map((t, i) => t - times[i]).sort((a, b) => a - b);
  const at = (share) => gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * share))] ?? 0;
  const dropped = gaps.filter((gap) => gap > 25).length;
  const round = (ms) => Math.round(ms * 10) / 10;
  const line = { name, nodes: count, frames: gaps.length, median_ms: round(at(0.5)), p95_ms: round(at(0.95)), worst_ms: round(at(1)), dropped };
  console.log(JSON.stringify(line));
}

const server = await startServer();
const browser = await startBrowser();
try {
  const path = `/#p=1${deflateRawSync(JSON.stringify(pipeline())).toString('base64url')}`;
  const { page } = await openPage(browser, server.url, { path });
  await id(page, 'canvas').waitFor();
  await page.locator('.port[data-type=table]').first().waitFor();
  await page.waitForTimeout(1_000);
  const box = await id(page, 'canvas').boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + 30];
  await page.locator('.node').first().focus();
  await page.keyboard.press('.');

  await page.mouse.move(x, y);
  await page.mouse.down({ button: 'middle' });
  const swing = (i, size) => Math.sin(i / 10) * size;
  await measured(page, 'pan', (i) => page.mouse.move(x + swing(i, 200), y + 150 + swing(i, 100)), () => page.mouse.up({ button: 'middle' }));
  await measured(page, 'zoom', (i) => page.mouse.wheel(0, i % 40 < 20 ? -60 : 60));

  await page.keyboard.press('.');
  await page.evaluate(() => new Promise((done) => setTimeout(done, 300)));
  const part = page.locator('.node');
  for (let i = 0; i < DRAGGED; i++) await part.nth(2 * i).click({ modifiers: ['Shift'], force: true, position: { x: 4, y: 4 } });
  const held = await part.nth(0).boundingBox();
  const [hx, hy] = [held.x + held.width / 2, held.y + held.height / 2];
  await page.mouse.move(hx, hy);
  await page.mouse.down();
  await measured(page, `drag ${DRAGGED}`, (i) => page.mouse.move(hx + swing(i, 120), hy + 20 + swing(i, 60)), () => page.mouse.up());
} finally {
  await browser.close();
  server.stop();
  cleanUp();
}
