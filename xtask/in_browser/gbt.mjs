// Boosting in a real browser, in one worker of one page at a time.
//
//     node xtask/in_browser/gbt.mjs PACKAGE PREFIX COLUMNS RUN …
//
// PACKAGE is the folder of the example `bench_gbt` as wasm-bindgen made it, PREFIX what the example wrote its numbers
// to. A RUN is JSON: `repeats`, and either `peer` or the `keys` of the example. One line of JSON a run.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanUp, openPage, startBrowser } from '../../tests/e2e/harness.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const [folder, prefix, columns, ...runs] = process.argv.slice(2);

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

// Where what the page asks for lies.
function place(path) {
  const [, first, name] = path.split('/');
  switch (first) {
    case 'trellis':
      return join(folder, name);
    case 'ydf':
      return join(here, 'node_modules/ydf-training/dist', name);
    case 'numbers':
      return `${prefix}.${name}`;
    default:
      return join(here, first || 'gbt.html');
  }
}

async function startFiles() {
  const server = createServer(async ({ url }, response) => {
    const path = place(new URL(url, 'http://localhost').pathname);
    try {
      const bytes = await readFile(path);
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

const files = await startFiles();
const browser = await startBrowser();
const system = await browser.newBrowserCDPSession();

// Processor seconds so far of the processes that run pages.
async function cpuSecs() {
  const { processInfo } = await system.send('SystemInfo.getProcessInfo');
  return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

async function measured(page, { repeats, ...load }) {
  const ask = (message) => page.evaluate((m) => window.ask(m), message);
  await page.evaluate(() => window.start());
  await ask({ load: { columns: Number(columns), ...load } });
  const secs = [];
  const before = await cpuSecs();
  for (let i = 0; i < repeats; i += 1) secs.push(await ask({ fit: true }));
  const cpu = await cpuSecs();
  const figures = await ask({ figures: repeats });
  return { ...figures, fit_secs: Math.min(...secs), fit_cpu_secs: (cpu - before) / repeats };
}

try {
  const { page, faults } = await openPage(browser, files.url);
  page.setDefaultTimeout(0);
  for (const run of runs) console.log(JSON.stringify(await measured(page, JSON.parse(run))));
  if (faults.length > 0) throw new Error(faults.join('\n'));
} finally {
  await browser.close();
  files.stop();
  cleanUp();
}
