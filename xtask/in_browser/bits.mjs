// The same tables searched by the page in a real browser and on the command line: are the model files the same bytes?
//
//     node xtask/in_browser/bits.mjs MANIFEST ROWS TRIALS
//
// MANIFEST is a JSON list of tables (`name`, `file` beside it, `target`). Of a table with more than ROWS rows, every
// so manieth is taken. One line of JSON a table: what was found, or why it `failed`.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cleanUp, download, id, openPage, run, scratch, startBrowser, startServer } from '../../tests/e2e/harness.mjs';

// Threads of the runs on the command line; the last number twice, since a run may also differ from itself.
const THREADS = [1, 2, 8, 8];
const LONGEST_MS = 600_000;

const [manifest, mostRows, trials] = process.argv.slice(2);

// At most `most` rows of a table, spread over all of it, as a new file.
function thinned(path, most) {
  const [head, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const step = Math.ceil(rows.length / most);
  const kept = rows.filter((_, i) => i % step === 0);
  const place = join(scratch, 'table.csv');
  writeFileSync(place, `${[head, ...kept].join('\n')}\n`);
  return { place, rows: kept.length };
}

async function inPage(browser, url, table, target) {
  const { page, context, faults } = await openPage(browser, url);
  try {
    page.setDefaultTimeout(LONGEST_MS);
    await id(page, 'file-input').setInputFiles(table);
    await id(page, 'target-select').selectOption(target);
    await page.getByText('More settings').click();
    await id(page, 'max-trials-input').fill(trials);
    await id(page, 'budget-input').fill('');
    await id(page, 'start-search').click();
    await id(page, 'predict-form').waitFor();
    const model = readFileSync(await download(page, 'page.trellis', () => id(page, 'download-model').click()));
    if (faults.length > 0) throw new Error(faults.join('\n'));
    return model;
  } finally {
    await context.close();
  }
}

function onCommandLine(table, target, threads) {
  const out = join(scratch, 'native.trellis');
  const settings = ['--target', target, '--max-trials', trials, '--threads', String(threads)];
  run('fit', table, ...settings, '--out', out, '--quiet');
  return readFileSync(out);
}

async function compared(browser, url, { name, file, target }) {
  const { place, rows } = thinned(join(dirname(manifest), file), Number(mostRows));
  const page = await inPage(browser, url, place, target);
  const native = THREADS.map((threads) => [threads, hash(onCommandLine(place, target, threads))]);
  const differing = native.filter(([, found]) => found !== hash(page)).map(([threads]) => threads);
  return { name, rows, bytes: page.length, hash: hash(page), native, differing };
}

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

const server = await startServer();
const browser = await startBrowser();
try {
  for (const table of JSON.parse(readFileSync(manifest, 'utf8'))) {
    // One that cannot be searched must not keep the others from it.
    const found = await compared(browser, server.url, table).catch((cause) => ({
      name: table.name,
      failed: String(cause?.stack ?? cause),
    }));
    console.log(JSON.stringify(found));
  }
} finally {
  await browser.close();
  server.stop();
  cleanUp();
}
