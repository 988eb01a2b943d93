// Starts the real server and a real browser, and keeps watch that nothing leaves the page's origin.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
export const trellis = join(target, 'release/trellis');
export const shots = join(root, 'target/screenshots');
export const scratch = mkdtempSync(join(tmpdir(), 'trellis-e2e-'));
mkdirSync(shots, { recursive: true });

function browserPath() {
  const found = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    (path) => path && existsSync(path),
  );
  if (!found) throw new Error('No Chromium was found: install the package chromium, or set CHROMIUM to its path.');
  return found;
}

// The server on a port of its own choice, with a folder of its own; resolves once it says where. `hear` is given what it
// says beside.
export async function startServer({ folder = mkdtempSync(join(scratch, 'data-')), more = [], hear } = {}) {
  const serve = ['serve', '--port', '0', '--data-dir', folder, ...more];
  const child = spawn(trellis, serve, { stdio: ['ignore', 'pipe', hear ? 'pipe' : 'inherit'] });
  child.stderr?.on('data', (chunk) => hear(String(chunk)));
  const url = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const found = text.match(/listening on (http:\S+)/);
      if (found) resolve(found[1]);
    });
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  // Resolves once it has ended: it puts its work down first.
  const stop = () => (child.kill('SIGTERM'), ended);
  return { url, stop };
}

// `more`: arguments of this browser alone.
export async function startBrowser(more = []) {
  const profile = mkdtempSync(join(scratch, 'profile-'));
  return chromium.launch({
    executablePath: browserPath(),
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--disk-cache-dir=${profile}`,
      ...more,
    ],
  });
}

// Frames that come late, as on a busy machine: SLOW_FRAMES=150 shows what is lost between a press and its frame.
const frameDelay = Number(process.env.SLOW_FRAMES ?? 0);
export function slowFrames(delay) {
  const own = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (act) => own(() => setTimeout(() => act(performance.now()), delay));
}

// A page with a log of what must not happen: errors, requests to elsewhere, and, unless `sends`, any but to read.
export async function openPage(
  browser,
  url,
  { width = 1440, height = 900, dark = false, touch = false, trusting = false, sends = false, path = '/', prepare } = {},
) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    acceptDownloads: true,
    hasTouch: touch,
    // Certificates that a test made for itself.
    ignoreHTTPSErrors: trusting,
  });
  if (frameDelay) await context.addInitScript(slowFrames, frameDelay);
  await prepare?.(context);
  const page = await context.newPage();
  const faults = [];
  page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`page: ${error.message}`));
  context.on('request', (request) => {
    const away = !request.url().startsWith(url) && !/^(blob|data):/.test(request.url());
    if (away || (!sends && request.method() !== 'GET')) faults.push(`request: ${request.method()} ${request.url()}`);
  });
  await page.goto(url + path);
  return { page, context, faults };
}

// What the tests of a file share: a server and a browser, from before the first to after the last.
export let server;
export let browser;
export function useServerAndBrowser() {
  before(async () => {
    server = await startServer();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    server?.stop();
    cleanUp();
  });
}

export async function shot(page, name, fullPage = false) {
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage });
}

// A picture of the page as it is, in light and dark, wide and narrow, with the end of `subject` in sight.
export async function portraits(page, name, subject) {
  for (const [width, height, size] of [[1440, 900, 'wide'], [390, 844, 'phone']]) {
    await page.setViewportSize({ width, height });
    await subject?.evaluate((e) => e.scrollIntoView({ block: 'end' }));
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      // Colours change over a moment.
      await page.waitForTimeout(200);
      await shot(page, `${name}-${size}-${colorScheme}`);
    }
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(over <= 0, `${name}: the page is ${over} px too wide at ${width}`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
}

export const id = (page, name) => page.getByTestId(name);
export const finished = (page) => id(page, 'predict-form').waitFor({ timeout: 60_000 });
export const alerted = (page, text) => page.getByRole('alert').filter({ hasText: text }).first().waitFor();
export const drop = (page, name, content) =>
  id(page, 'file-input').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) });

// Starts a search, within limits that are left open where nothing is given.
export async function search(page, { seconds = '', models = '' }) {
  const more = page.locator('details.advanced');
  if ((await more.getAttribute('open')) === null) await page.getByText('More settings').click();
  await id(page, 'budget-input').fill(seconds);
  await id(page, 'max-trials-input').fill(models);
  await id(page, 'start-search').click();
}

// Runs the command line; returns what it printed, or throws with what it said.
export function run(...args) {
  const done = spawnSync(trellis, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (done.status !== 0) throw new Error(`trellis ${args.join(' ')} ended with ${done.status}: ${done.stderr}`);
  return done.stdout;
}

// A download as a path on this machine.
export async function download(page, name, act) {
  const [file] = await Promise.all([page.waitForEvent('download'), act()]);
  const path = join(scratch, name);
  await file.saveAs(path);
  return path;
}

export function cleanUp() {
  rmSync(scratch, { recursive: true, force: true });
}
